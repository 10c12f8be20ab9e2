// SPDX-License-Identifier: MIT
// The sides of a comparison as they are typed: "runtime:old", "model:smollm2-135m", "set:n_threads=1,poll=0", several
// of them joined by '+', or "base" for what is configured.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/setup.h"
#include "base/result.h"
#include "measure/arm.h"

namespace mia::app {

// The settings that a side asks for, in the order typed. Errors of kind usage name the part that is wrong.
[[nodiscard]] Result<std::vector<config::Assignment>> parse_arm(std::string_view text);

// "decode" (32 tokens after a prompt of 16), "long-decode" (512 after 16) and "prefill" (1 after 512) as settings:
// random tokens, so that both sides compute the same. Named apart from the texts and answers of scenarios. Error kind
// usage.
[[nodiscard]] Result<std::vector<config::Assignment>> comparison_workload(std::string_view name);

// All layers, the workload, --set, and the side's own settings on top, with its runtime and model found.
[[nodiscard]] Result<measure::ArmSpec> make_arm(const Configured& configured,
                                                const std::vector<config::Assignment>& workload,
                                                const std::string& text, SubjectFinder& finder);

}  // namespace mia::app
