// SPDX-License-Identifier: MIT
// Documents on disk, a report's and a comparison's: JSON under a hash of its content, plain or compressed by gzip.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace mia::report {

// Adds `content_hash`, the hash of everything else.
void seal(Json& document);
// True when content_hash is there and matches.
[[nodiscard]] bool is_intact(const Json& document);

// At most 512 MiB, before and after unpacking; `what` ("report") names it in errors, `hint` says what to do where it is
// not whole.
[[nodiscard]] Result<Json> read_document(const std::filesystem::path& path, std::string_view what,
                                         const std::string& hint);

// The text of a whole gzip file. Errors: `protocol` where it is no gzip, cut off or damaged, or unpacks to more than
// `limit` bytes, of which no more than that are ever held.
[[nodiscard]] Result<std::string> unpack_gzip(std::string_view bytes, std::size_t limit);

}  // namespace mia::report
