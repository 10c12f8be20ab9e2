// SPDX-License-Identifier: MIT
#include "app/arm_text.h"

#include <array>

#include "base/text.h"
#include "record/fields.h"

namespace mia::app {
namespace {

constexpr std::array<std::string_view, 3> kKinds{"runtime:", "model:", "set:"};
constexpr std::string_view kHow =
    "write runtime:NAME, model:ID, set:key=value[,key=value], several joined by '+', or base";

bool starts_part(std::string_view text) {
  for (const std::string_view kind : kKinds) {
    if (text.starts_with(kind)) {
      return true;
    }
  }
  return false;
}

// At each '+' that a part follows: a path may hold others.
std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && starts_part(text.substr(i + 1))) {
      parts.emplace_back(text.substr(from, i - from));
      from = i + 1;
    }
  }
  parts.emplace_back(text.substr(from));
  return parts;
}

// "n_threads=1,poll=0". A comma after which no key follows belongs to the value before it.
Status add_settings(std::string_view text, measure::SettingList& list) {
  for (const std::string& item : split(text, ',')) {
    const std::size_t equals = item.find('=');
    const std::string_view key = trim(std::string_view(item).substr(0, std::min(equals, item.size())));
    if (equals == std::string::npos || record::find_field(key) == nullptr) {
      if (list.empty() && equals == std::string::npos) {
        return with_hint(fail(ErrorKind::usage, "'set:{}' has no key=value", one_line(text, 80)), std::string(kHow));
      }
      if (list.empty()) {
        return record::require_field(key).failure();
      }
      list.back().second += "," + item;
      continue;
    }
    list.emplace_back(record::find_field(key)->key, trim(std::string_view(item).substr(equals + 1)));
  }
  return {};
}

Status check(const measure::SettingList& list) {
  for (const auto& [key, value] : list) {
    MIA_TRY_ASSIGN(const record::Field* const field, record::require_field(key));
    MIA_TRY(record::parse_value(*field, value));
  }
  return {};
}

Status put(record::Settings& settings, const measure::SettingList& list) {
  for (const auto& [key, value] : list) {
    MIA_TRY(record::set_text(settings, key, value));
  }
  return {};
}

}  // namespace

Result<measure::SettingList> parse_arm(std::string_view text) {
  measure::SettingList list;
  if (text == "base") {
    return list;
  }
  for (const std::string& part : parts_of(text)) {
    const std::size_t colon = part.find(':');
    const std::string value = colon == std::string::npos ? "" : part.substr(colon + 1);
    if (!starts_part(part) || value.empty()) {
      return with_hint(fail(ErrorKind::usage, "'{}' is no side of a comparison", one_line(part, 120)),
                       std::string(kHow));
    }
    if (part.starts_with("runtime:")) {
      list.emplace_back("run.runtime", value);
    } else if (part.starts_with("model:")) {
      list.emplace_back("llm.primary.id", value);
    } else {
      measure::SettingList settings;
      MIA_TRY(context(add_settings(value, settings), one_line(part, 120)));
      list.insert(list.end(), settings.begin(), settings.end());
    }
  }
  MIA_TRY(context(check(list), one_line(text, 120)));
  return list;
}

Result<measure::SettingList> comparison_workload(std::string_view name) {
  const auto tokens = [&](const char* prompt, const char* output) {
    return measure::SettingList{{"workload.name", std::string(name)},
                                {"workload.input", "tokens"},
                                {"workload.prompt_tokens", prompt},
                                {"workload.max_tokens", output}};
  };
  if (name == "short") {
    return tokens("16", "32");
  }
  if (name == "long") {
    return tokens("16", "512");
  }
  if (name == "prefill") {
    return tokens("512", "1");
  }
  return fail(ErrorKind::usage, "--workload {}: there are short, long and prefill", one_line(name, 80));
}

Result<measure::ArmSpec> make_arm(const Configured& configured, const measure::SettingList& workload,
                                  const std::string& text, SubjectFinder& finder) {
  measure::ArmSpec arm;
  arm.label = one_line(text, 200);
  MIA_TRY_ASSIGN(const measure::SettingList own, parse_arm(text));
  arm.settings = configured.loaded.settings;
  for (const measure::SettingList* const list : {&workload, &configured.fixed, &own}) {
    MIA_TRY(context(put(arm.settings, *list), arm.label));
  }
  MIA_TRY_ASSIGN(arm.subject, context(finder.find(arm.settings), arm.label));
  return arm;
}

}  // namespace mia::app
