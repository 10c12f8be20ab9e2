// SPDX-License-Identifier: MIT
// Points and settings as a test writes them: "n_threads=8 long".
#pragma once

#include <string>

#include "record/report_v1.h"

namespace mia::record {

// The last word is the workload where it is no setting; what varies nothing is the scenario's name.
inline Point point_of(const std::string& label) {
  const std::size_t blank = label.rfind(' ');
  Settings asked;
  if (blank != std::string::npos && label.find('=', blank) == std::string::npos) {
    asked.workload.name = label.substr(blank + 1);
  }
  return point_from_label(label, asked.workload.name ? label.substr(0, blank) : label, asked, false);
}

inline SettingList settings_of(const std::string& text) {
  return recommendation_from_text(text);
}

}  // namespace mia::record
