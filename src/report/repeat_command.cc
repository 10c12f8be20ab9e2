// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "base/text.h"
#include "document/escape.h"
#include "record/fields.h"
#include "report/facts.h"

namespace mia::report {
namespace {

using document::shell_quote;

// Values of the axis in the order of the cells; none where the field is no axis. Parts have axes of their own, and they
// stand in their scenarios.
std::vector<std::string> axis_values(const record::Report& report, const record::Field& field) {
  std::vector<std::string> values;
  const auto add = [&](const record::Point& point) {
    const auto at = std::ranges::find(point.settings, &field, &record::Setting::field);
    if (at == point.settings.end()) {
      return;
    }
    std::string text = at->word.empty() ? record::to_text(at->value) : at->word;
    if (std::ranges::find(values, text) == values.end()) {
      values.push_back(std::move(text));
    }
  };
  for (const record::CellReport& cell : report.cells) {
    if (!cell.part.empty()) {
      return {};
    }
    add(cell.point);
    std::ranges::for_each(cell.also, add);
  }
  return values;
}

// What all cells have in common: the parts of a probe have numbers of their own. nullopt where they do not agree.
std::optional<std::int64_t> common_repeats(const record::Report& report) {
  std::optional<std::int64_t> common;
  for (const record::CellReport& cell : report.cells) {
    const auto repeats = cell.requested.run.repeats;
    if (!repeats || (common && *common != *repeats)) {
      return std::nullopt;
    }
    common = repeats;
  }
  return common;
}

std::string as_options(const char* option, const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) {
    text += fmt::format(" {} {}", option, shell_quote(value));
  }
  return text;
}

std::string as_axis(const record::Field& field, const std::vector<std::string>& values) {
  if (field.key == "llm.primary.id") {
    return as_options("-m", values);
  }
  if (field.key == "run.runtime") {
    return as_options("--runtime", values);
  }
  return " --axis " + shell_quote(fmt::format("{}={}", field.key, join(values, ",")));
}

}  // namespace

std::string repeat_command(const record::Report& report) {
  const record::Settings standard = record::default_settings();
  std::string command = fmt::format("mia-perf run {}",
                                    shell_quote(report.scenario_file.empty() ? report.scenario : report.scenario_file));
  for (const record::Field& field : record::fields()) {
    const record::Value value = record::get(report.settings, field);
    if (const std::vector<std::string> values = axis_values(report, field); !values.empty()) {
      command += as_axis(field, values);
      continue;
    }
    if (field.key == "run.repeats") {  // scenarios have defaults of their own
      const auto repeats = common_repeats(report);
      command += repeats ? fmt::format(" --repeats {}", *repeats) : "";
      continue;
    }
    if (value == record::get(standard, field) || field.key.starts_with("perf.")) {
      continue;
    }
    const std::string text = record::to_text(value);
    if (field.key == "llm.primary.id") {
      command += fmt::format(" -m {}", shell_quote(text));
    } else if (field.key == "run.runtime") {
      command += fmt::format(" --runtime {}", shell_quote(text));
    } else {
      command += fmt::format(" --set {}", shell_quote(fmt::format("{}={}", field.key, text)));
    }
  }
  return command + as_options("--only", report.only);
}

}  // namespace mia::report
