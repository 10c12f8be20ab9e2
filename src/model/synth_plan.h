// SPDX-License-Identifier: MIT
// Private to the room: everything about a synthetic file but its random bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/synth.h"
#include "model/tensor_list.h"

namespace mia::model {

struct SynthTensor {
  PlannedTensor tensor;
  std::int64_t offset = 0;  // from the end of the header
  std::int64_t bytes = 0;
};

struct SynthPlan {
  std::string header;  // padded to kSynthAlignment
  std::vector<SynthTensor> tensors;
  std::int64_t bytes = 0;  // of the whole file
};

inline constexpr std::int64_t kSynthAlignment = 32;

// Error kind usage for what cannot be: shape, quant, layers, a size that overflows.
[[nodiscard]] Result<SynthPlan> plan_synth(const SynthSpec& spec);

}  // namespace mia::model
