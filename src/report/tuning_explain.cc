// SPDX-License-Identifier: MIT
#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "document/value.h"
#include "report/sealed.h"
#include "report/tuning.h"

namespace mia::report {
namespace {

constexpr std::size_t kMostRaces = 100;
constexpr std::size_t kMostLevels = 100;
constexpr std::size_t kMostBlocks = 1000;

std::string text_of(const Json& value) {
  return one_line(value.is_string() ? value.get<std::string>() : dump_json(value), 40);
}

// A column for each value that was raced against the settings there, a row for each block; last how each stands.
document::Table blocks_of(const Json& race) {
  document::Table table{{{"block", "block", "", "", document::Align::left}}};
  std::vector<std::vector<double>> effects;
  std::vector<document::Value> ends = {"end"};
  std::size_t blocks = 0;
  for (const Json& level : get_member(race, "levels")) {
    if (!level.is_object() || get_bool(level, "incumbent").value_or(false) || effects.size() >= kMostLevels) {
      continue;
    }
    const std::string value = text_of(get_member(level, "value"));
    table.columns.push_back({value, value, "", "", document::Align::right});
    std::vector<double>& own = effects.emplace_back();
    for (const Json& effect : get_member(level, "effects_percent")) {
      if (effect.is_number() && own.size() < kMostBlocks) {
        own.push_back(effect.get<double>());
      }
    }
    blocks = std::max(blocks, own.size());
    const bool won = get_bool(level, "won").value_or(false);
    ends.emplace_back(won ? "taken" : one_line(get_string(level, "standing").value_or("-"), 60));
  }
  for (std::size_t block = 0; block < blocks; ++block) {
    std::vector<document::Value> row = {std::to_string(block + 1)};
    for (const std::vector<double>& own : effects) {
      row.push_back(block < own.size() ? document::Value(document::number(own[block], {1, 1, true})) : std::string());
    }
    table.rows.push_back(std::move(row));
  }
  table.rows.push_back(std::move(ends));
  return table;
}

std::string line_of(const Json& race) {
  std::string against = "the settings there";
  for (const Json& level : get_member(race, "levels")) {
    if (level.is_object() && get_bool(level, "incumbent").value_or(false)) {
      against = text_of(get_member(level, "value"));
    }
  }
  std::string text =
      fmt::format("{}: time of a turn against {} (%)", one_line(get_string(race, "field").value_or("?"), 80), against);
  if (const auto least = get_double(race, "noticeable_percent")) {
    text += fmt::format("; {:.1f} % less is found 4 times in 5", -*least);
  }
  return text + (get_bool(race, "complete").value_or(false) ? "" : "; not raced to its end");
}

}  // namespace

Result<document::Document> explain_tuning(const Json& tuning) {
  if (get_string(tuning, "kind") != "tune" || get_int(tuning, "schema") != 1) {
    return fail(ErrorKind::usage, "it is not a perf_tune.json of schema 1");
  }
  if (!is_intact(tuning)) {
    return fail(ErrorKind::usage, "its content does not match its content_hash: it was edited or damaged");
  }
  document::Document document{"race by race", {}, get_string(tuning, "sentence").value_or(""), document::Tone::plain};
  for (const Json& race : get_member(tuning, "races")) {
    if (race.is_object() && document.sections.size() < kMostRaces) {
      document.sections.push_back({"", {document::Paragraph{line_of(race)}, blocks_of(race)}});
    }
  }
  return document;
}

}  // namespace mia::report
