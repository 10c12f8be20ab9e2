// SPDX-License-Identifier: MIT
// How evenly a model's routers spread tokens over the experts, seen on a real run of a runtime's worker.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "app/setup.h"
#include "base/json.h"
#include "base/result.h"
#include "document/document.h"

namespace mia::app {

struct LayerExperts {
  std::int64_t layer = 0;
  std::vector<std::int64_t> counts;  // by expert: how often it was chosen
  // Of the expert chosen least and most, as a multiple of the even share.
  double least = 0;
  double most = 0;
  double effective = 0;  // exp of the entropy of the choices: as many experts, used evenly, would be as varied
};

struct ExpertHistogram {
  std::int64_t tokens = 0;
  std::int64_t experts = 0;
  std::vector<LayerExperts> layers;
};

// Sends random tokens through the model. Error for a model without experts.
[[nodiscard]] Result<ExpertHistogram> measure_experts(const Configured& configured, const std::filesystem::path& model);

[[nodiscard]] Json to_json(const ExpertHistogram& histogram);
[[nodiscard]] document::Section section_of(const ExpertHistogram& histogram);

}  // namespace mia::app
