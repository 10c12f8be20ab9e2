// SPDX-License-Identifier: MIT
// Settings that the machine or the runtime did not honour, from what was asked against what is in force.
#pragma once

#include <string>
#include <vector>

#include "record/fields.h"
#include "record/report.h"

namespace mia::judge {

// What one cell of a report or one arm of a comparison was asked to do and did.
struct Ran {
  std::string label;
  std::string key;  // evidence "cell"
  const record::Settings& requested;
  const record::Settings& effective;
  const record::RuntimeInfo* runtime = nullptr;  // nullptr: unknown
};

// What the runtime lacks that the setting needs: "runtime cpu sees no GPU"; "" nothing.
[[nodiscard]] std::string lack_of(const record::RuntimeInfo& runtime, record::Needs needs);

// `setting_without_effect` where the runtime lacks what the setting needs, `setting_changed` where it took another
// value; evidence cell, key, requested, effective. What a GPU or the log must prove (layers of a runtime that has one,
// flash attention) is not judged here.
[[nodiscard]] std::vector<record::Finding> dishonoured_settings(const Ran& ran);

}  // namespace mia::judge
