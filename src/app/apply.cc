// SPDX-License-Identifier: MIT
#include "app/apply.h"

#include <algorithm>
#include <map>

#include "base/files.h"
#include "base/text.h"
#include "config/config.h"
#include "config/edit.h"
#include "record/fields.h"

namespace mia::app {
namespace {

std::filesystem::path config_dir(const Scope& scope) {
  return scope.config_dir.empty() ? config::find_config_dir() : std::filesystem::path(scope.config_dir);
}

Result<std::string> write_settings(const std::filesystem::path& file, const record::SettingList& settings,
                                   const std::string& sentence) {
  std::map<std::string, std::string> values;
  for (const record::Setting& setting : settings) {
    values[std::string(setting.field->key)] = record::to_text(setting.value);
  }
  MIA_TRY(config::apply_overrides(file, values, sentence));
  return fmt::format("wrote {} to {}", describe(settings), file.string());
}

}  // namespace

Result<std::string> apply_recommendation(const record::Report& report, const Scope& scope) {
  if (report.recommendation.empty()) {
    return std::string("nothing to apply: no configuration is better beyond the noise");
  }
  return apply_settings(report.recommendation, report.sentence, scope);
}

Result<std::string> apply_settings(const record::SettingList& settings, const std::string& sentence,
                                   const Scope& scope) {
  return write_settings(config_dir(scope) / "overrides.local.yaml", settings, sentence);
}

Result<std::string> decide_model(const record::Report& report, const Scope& scope) {
  const auto id =
      std::ranges::find(report.recommendation, record::find_field("llm.primary.id"), &record::Setting::field);
  if (id == report.recommendation.end()) {
    return std::string("nothing to decide: no model is clearly better");
  }
  return write_settings(config_dir(scope) / "base.yaml", {*id}, report.sentence);
}

}  // namespace mia::app
