// SPDX-License-Identifier: MIT
#include "app/apply.h"

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

Result<std::map<std::string, std::string>> pairs_of(const std::string& recommendation) {
  std::map<std::string, std::string> values;
  for (const std::string& word : recommendation.empty() ? std::vector<std::string>() : split(recommendation, ' ')) {
    const std::size_t equals = word.find('=');
    MIA_TRY_ASSIGN(const record::Field* const field, record::require_field(word.substr(0, equals)));
    values[std::string(field->key)] = word.substr(equals + 1);
  }
  return values;
}

}  // namespace

Result<std::string> apply_recommendation(const record::Report& report, const Scope& scope) {
  if (report.recommendation.empty()) {
    return std::string("nothing to apply: no configuration is better beyond the noise");
  }
  MIA_TRY_ASSIGN(const auto values, pairs_of(report.recommendation));
  const auto file = config_dir(scope) / "overrides.local.yaml";
  MIA_TRY(config::apply_overrides(file, values, report.sentence));
  return fmt::format("wrote {} to {}", report.recommendation, file.string());
}

Result<std::string> decide_model(const record::Report& report, const Scope& scope) {
  const std::string key = "llm.primary.id";
  MIA_TRY_ASSIGN(const auto values, pairs_of(report.recommendation));
  const auto id = values.find(key);
  if (id == values.end()) {
    return std::string("nothing to decide: no model is clearly better");
  }
  const auto file = config_dir(scope) / "base.yaml";
  MIA_TRY(config::apply_overrides(file, {{key, id->second}}, report.sentence));
  return fmt::format("wrote {}={} to {}", key, id->second, file.string());
}

}  // namespace mia::app
