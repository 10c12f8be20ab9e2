// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

namespace mia::host {

using Stop = std::function<bool()>;  // true: what is asked for is not wanted any more; may be empty

}  // namespace mia::host
