// SPDX-License-Identifier: MIT
#include "app/scope.h"

namespace mia::app {

std::string tool_version() {
  return MIA_VERSION;
}

}  // namespace mia::app
