// SPDX-License-Identifier: MIT
// Private to the room.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "model/cursor.h"

namespace mia::model {

// A regular file for reading by offset. Error kind not_found, io, or unsupported for what is no file, with the path.
[[nodiscard]] Result<std::unique_ptr<ByteSource>> open_source(const std::filesystem::path& path);

}  // namespace mia::model
