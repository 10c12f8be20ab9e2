// SPDX-License-Identifier: MIT
#include "measure/usual_bandwidth.h"

#include <algorithm>
#include <cmath>

#include "stats/summary.h"

namespace mia::measure {

void UsualBandwidth::learn(int threads, const record::Conditions& conditions) {
  for (const std::optional<double>& gb_s : {conditions.canary_before_gb_s, conditions.canary_after_gb_s}) {
    if (gb_s.value_or(0) > 0) {
      ln_gb_s_[threads].push_back(std::log(*gb_s));
    }
  }
}

std::optional<record::UsualBandwidth> UsualBandwidth::at(int threads) const {
  constexpr std::size_t kEnough = 8;
  constexpr double kDeviations = 3;
  constexpr double kLeastLoss = 0.1;  // less than that slows a trial by less than trials of one cell differ anyhow
  const auto found = ln_gb_s_.find(threads);
  if (found == ln_gb_s_.end() || found->second.size() < kEnough) {
    return std::nullopt;
  }
  const double usual = *stats::median(found->second);
  const double noise = stats::kMadToSd * *stats::mad(found->second);
  const double least = usual - std::max(kDeviations * noise, -std::log1p(-kLeastLoss));
  return record::UsualBandwidth{std::exp(usual), std::exp(least)};
}

}  // namespace mia::measure
