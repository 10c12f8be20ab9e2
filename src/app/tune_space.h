// SPDX-License-Identifier: MIT
// What `tune` tries: values of parameters that can change how long one turn takes on this machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "judge/tune_search.h"
#include "measure/arm.h"
#include "record/machine.h"
#include "record/tuning.h"

namespace mia::app {

// "chat" (256 tokens read, 128 written), "long-prompt" (2048 + 64) and "long-answer" (64 + 512). `n_ctx`: of the KV
// cache; nullopt: the smallest that holds the turn. Error kind usage for another name, and for a context that is
// smaller than the turn or larger than the model's.
[[nodiscard]] Result<record::Use> use_of(std::string_view name, std::optional<std::int64_t> n_ctx,
                                         const record::ModelInfo& model);

// Parameters in the order in which they are raced, each with at least two values that differ in effect as far as can be
// told without the runtime. Types of the KV cache are left out, as they change what is computed.
[[nodiscard]] std::vector<judge::Coordinate> tune_space(const record::Machine& machine, const measure::ArmSpec& present,
                                                        const record::Use& use);

}  // namespace mia::app
