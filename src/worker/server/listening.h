// SPDX-License-Identifier: MIT
// What listens on the ports of the loopback that engines usually take.
#pragma once

#include "base/json.h"

namespace mia::worker {

// One object for each port that takes a connection: url, engine ("unknown" where the answer is none that is known),
// version or null, measured (a sentence). One GET each, 0.3 s at most; answers are bounded as all of Http.
[[nodiscard]] Json listening();

}  // namespace mia::worker
