// SPDX-License-Identifier: MIT
// Where a verb finds its configuration and its store: what was typed before it decides what is done, never how it is
// shown.
#pragma once

#include <string>
#include <vector>

namespace mia::app {

struct Scope {
  std::string config_dir;        // "" = the one that is found
  std::vector<std::string> set;  // "key=value"
  std::string profile;           // of thresholds, "" = the model's own
  std::string store;             // path; "" = the default one
};

[[nodiscard]] std::string tool_version();

}  // namespace mia::app
