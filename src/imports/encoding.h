// SPDX-License-Identifier: MIT
// Bytes of a result file as UTF-8 text.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace mia::imports {

// Byte order marks are gone, UTF-16 is converted (with a mark, or where every second byte is 0), every line ends in \n.
// Error kind usage: what is no text is named (archive, model, web page, picture), with what to do.
[[nodiscard]] Result<std::string> to_utf8(std::string_view bytes);

}  // namespace mia::imports
