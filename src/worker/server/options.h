// SPDX-License-Identifier: MIT
// What a server program takes, by its --help, and the settings of a trial as its options.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "record/settings.h"

namespace mia::worker {

class ServerHelp {
 public:
  explicit ServerHelp(std::string_view text);
  [[nodiscard]] bool has(std::string_view option) const { return options_.contains(option); }
  [[nodiscard]] bool takes_value(std::string_view option) const;

 private:
  std::map<std::string, bool, std::less<>> options_;  // name with its dashes: does a value follow?
};

// By the column `flag` of the field table. Kind unsupported names a setting that this server has no option for; one
// that stands at its default needs none.
[[nodiscard]] Result<std::vector<std::string>> options_of(const record::Settings& settings, const ServerHelp& help);

}  // namespace mia::worker
