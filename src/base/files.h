// SPDX-License-Identifier: MIT
// Files: bounded reads, atomic writes, and where things lie.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mia {

// For a path that leads nowhere: kind not_found, one sentence with the nearest name beside it or what is there instead.
// `what`: "file", "report".
[[nodiscard]] Failure no_such_file(const std::filesystem::path& path, std::string_view what = "file");

// Whole file as bytes; more than `limit` bytes is an error, a missing file is no_such_file().
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path,
                                            std::size_t limit = std::size_t{64} << 20U);

// Replaces `path` in one step (temporary file beside it, fsync, rename): a reader sees the old or the new text, never a
// part. The temporary file is gone on failure; error kind output where the disk is full. Creates missing parent
// folders. What is no regular file (/dev/stdout, a FIFO that somebody reads) is written to and stays what it is.
[[nodiscard]] Status write_file_atomic(const std::filesystem::path& path, std::string_view content);

// Proves that write_file_atomic could write there, before the work whose result it is; creates missing parent folders.
// Nothing to prove of "" and of what is no regular file.
[[nodiscard]] Status try_output(const std::filesystem::path& path);

// Creates the folder if needed and proves by a probe file that it takes files.
[[nodiscard]] Status ensure_writable_dir(const std::filesystem::path& dir);

// $HOME, else the home that the user database names; empty where there is none: services run without one.
[[nodiscard]] std::filesystem::path home_dir();
// $XDG_DATA_HOME/mia-perf, else .local/share/mia-perf in home_dir(): runtimes, models, store. Empty where there is none
// of them.
[[nodiscard]] std::filesystem::path data_dir();
// Error kind usage where data_dir() is empty or XDG_DATA_HOME is no absolute path.
[[nodiscard]] Status require_data_dir();

// Programs and libraries are taken only from where other accounts cannot put them. The file (or folder), and the folder
// that it lies in, must belong to this account or root; neither they nor any folder above may be writable by others
// (above, a sticky folder such as /tmp may; a group that is this account's own is no other). `what`: "the worker".
[[nodiscard]] Status require_trusted(const std::filesystem::path& path, std::string_view what);
// Absolute path of the running program, links resolved.
[[nodiscard]] std::filesystem::path executable_path();

// 16 hex digits of XXH3-64: identity of files and plans, not a defence against forgery.
[[nodiscard]] std::string hash_hex(std::string_view bytes);
[[nodiscard]] Result<std::string> hash_file(const std::filesystem::path& path);

}  // namespace mia
