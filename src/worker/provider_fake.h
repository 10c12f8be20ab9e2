// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "worker/fake_script.h"
#include "worker/provider.h"

namespace mia::worker {

// Follows the script, with virtual times computed and never slept; with "provider": "null" it does nothing on the real
// clock instead, through the same token loop as a real provider, which shows the tool's own share of a token's time.
[[nodiscard]] std::unique_ptr<Provider> make_fake_provider(const Script& script);

}  // namespace mia::worker
