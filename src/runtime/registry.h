// SPDX-License-Identifier: MIT
// The installed runtimes: one folder each, runtimes_dir()/<name>/runtime.json beside its worker.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "record/machine.h"

namespace mia::runtime {

[[nodiscard]] std::filesystem::path runtimes_dir();  // data_dir()/runtimes

// [A-Za-z0-9._-]+, at most 64, not starting with a dot or dash, and not "fake"; error kind usage.
[[nodiscard]] Status check_name(std::string_view name);

// Every runtime that can be read, by name. A broken one adds a sentence to `warnings` and is left out.
[[nodiscard]] Result<std::vector<record::RuntimeInfo>> list(std::vector<std::string>* warnings = nullptr);

// The named one; for "" the one named "default", else the only one. Errors say what is there and how to install. The
// scripted worker is used instead if `name` is "fake" or MIA_LLAMA_FAKE is set to a true value.
[[nodiscard]] Result<record::RuntimeInfo> find(std::string_view name);

// The scripted worker: MIA_PERF_FAKE_WORKER, else mia-worker-fake beside the program or in its libexec folder.
[[nodiscard]] Result<record::RuntimeInfo> fake_runtime();

// What its worker needs to start: LD_LIBRARY_PATH with the runtime's libraries first.
[[nodiscard]] std::map<std::string, std::string> worker_environment(const record::RuntimeInfo& runtime);

// Folder of libllama.so inside a prefix, a build folder or a library folder itself; empty if there is none.
[[nodiscard]] std::filesystem::path library_dir(const std::filesystem::path& prefix);

// "file hash" of libllama and each libggml* in the folder, sorted; links are left out.
[[nodiscard]] Result<std::vector<std::string>> hash_libraries(const std::filesystem::path& library_dir);

// The same of all that a runtime's work depends on: a server's program stands among them by its path.
[[nodiscard]] Result<std::vector<std::string>> hash_parts(const record::RuntimeInfo& runtime);

// The worker or library of a runtime that is not in its place any more; "" when all are there. Their content is not
// looked at, so this is quick.
[[nodiscard]] std::string missing_part(const record::RuntimeInfo& runtime);
// The command that brings a runtime in order again.
[[nodiscard]] std::string cure_of(const record::RuntimeInfo& runtime);

// Error kind not_found or unsupported if the worker or a library is gone, moved or not the one that was added.
[[nodiscard]] Status verify_unchanged(const record::RuntimeInfo& runtime);

// Deletes the runtime's folder (a prefix that was only added stays).
[[nodiscard]] Status remove(std::string_view name);

}  // namespace mia::runtime
