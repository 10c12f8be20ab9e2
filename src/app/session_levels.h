// SPDX-License-Identifier: MIT
// A history by sessions: trials of one session share its moment, so a session counts as one point.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/types.h"

namespace mia::app {

struct SessionLevel {
  std::string session;
  std::string started;  // of its first trial
  std::string runtime;  // "name version commit"
  double value = 0;     // median
  std::int64_t trials = 0;
};

// In the order in which the sessions began.
[[nodiscard]] std::vector<SessionLevel> session_levels(const std::vector<store::SeriesPoint>& points);

}  // namespace mia::app
