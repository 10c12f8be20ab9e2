// SPDX-License-Identifier: MIT
#include "report/tuning.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "document/json.h"
#include "document/value.h"
#include "record/json_writer.h"
#include "report/sealed.h"

namespace mia::report {
namespace {

using record::TunedLevel;
using record::TuneRace;
using record::Tuning;

constexpr std::int64_t kFewest = 3;  // blocks of an interval

document::Table table_of(const Tuning& tuning) {
  // What limits speak of is shown where there are some: a column without a heading is in JSON only.
  const bool limits = tuning.limits.max_ttft_s || tuning.limits.min_tok_s;
  document::Table table{{{"parameter", "parameter"},
                         {"value", "value"},
                         {"effect_percent", "time of a turn", "%"},
                         {"turn_s", "turn", "s"},
                         {"ttft_s", limits ? "first token" : "", "s"},
                         {"decode_tok_s", limits ? "decode" : "", "tok/s"},
                         {"blocks", "blocks"},
                         {"standing", "standing"},
                         {"why", ""}}};
  for (const TuneRace& race : tuning.races) {
    for (const TunedLevel& level : race.levels) {
      document::Number effect = document::number(record::percent_of(level.effect), {1, 1, true});
      effect.summary.low = record::percent_of(level.low);
      effect.summary.high = record::percent_of(level.high);
      effect.interval = true;
      const auto figure = [&](auto of, int digits) {
        return document::number(level.turn ? of(*level.turn) : std::optional<double>(), {digits});
      };
      const bool raced_against = level.incumbent && level.standing != "failed";
      const std::string standing =
          level.won ? (level.incumbent ? "stays" : "taken") : (raced_against ? "was there" : level.standing);
      table.rows.push_back({std::string(race.field->name), record::to_text(level.setting.value), effect,
                            figure([](const auto& turn) { return std::optional(turn.turn_s); }, 2),
                            figure([](const auto& turn) { return std::optional(turn.ttft_s); }, 2),
                            figure([](const auto& turn) { return turn.decode_tok_s; }, 1), level.blocks, standing,
                            level.why});
    }
  }
  return table;
}

// Largest effect of a value whose interval leaves out 0; nullptr where no value showed one.
const TunedLevel* clearest(const TuneRace& race) {
  const TunedLevel* found = nullptr;
  for (const TunedLevel& level : race.levels) {
    const bool clear = level.blocks >= kFewest && level.low && level.high && (*level.low > 0 || *level.high < 0);
    if (clear && (found == nullptr || std::abs(*level.effect) > std::abs(*found->effect))) {
      found = &level;
    }
  }
  return found;
}

// What was clear at once has no interval worth its name.
const TunedLevel* left_at_once(const TuneRace& race) {
  const TunedLevel* found = nullptr;
  for (const TunedLevel& level : race.levels) {
    if (level.standing == "slower" && level.effect && level.blocks < kFewest &&
        (found == nullptr || *level.effect > *found->effect)) {
      found = &level;
    }
  }
  return found;
}

document::List mattered(const Tuning& tuning) {
  document::List list;
  std::vector<std::string> alike;
  const auto percent = [](std::optional<double> ln) { return record::percent_of(ln).value_or(0); };
  for (const TuneRace& race : tuning.races) {
    const std::string name(race.field->name);
    if (const TunedLevel* const level = clearest(race)) {
      list.items.push_back(
          {fmt::format("{}: {} instead of {} changes a turn's time by {:+.1f} % ({:+.1f} to {:+.1f} %)", name,
                       record::to_text(level->setting.value),
                       record::to_text(std::ranges::find(race.levels, true, &TunedLevel::incumbent)->setting.value),
                       percent(level->effect), percent(level->low), percent(level->high))});
    } else if (const TunedLevel* const once = left_at_once(race)) {
      list.items.push_back({fmt::format("{}: {} was about {:+.0f} % in its two blocks", name,
                                        record::to_text(once->setting.value), percent(once->effect))});
    } else if (race.complete && race.blocks > 0) {
      alike.push_back(name);
    }
  }
  for (const TuneRace& race : tuning.races) {
    for (const TunedLevel& level : race.levels) {
      if (!level.why.empty()) {
        list.items.push_back(
            {fmt::format("{}={} fell out: {}", race.field->name, record::to_text(level.setting.value), level.why)});
      }
    }
  }
  if (!alike.empty()) {
    list.items.push_back({fmt::format("no difference seen: {}", join(alike, ", "))});
  }
  return list;
}

std::string sure_text(const record::Comparison& comparison) {
  const auto shown = record::deciding(comparison);
  const std::string interval =
      shown.low && shown.high
          ? fmt::format(", {:+.1f} to {:+.1f} %", *record::percent_of(shown.low), *record::percent_of(shown.high))
          : "";
  return fmt::format("{} against {}: {}{}, after {} and {}, alpha {:g} %", comparison.b.label, comparison.a.label,
                     name_of(comparison.verdict), interval, human_count(comparison.epochs, "epoch"),
                     human_count(comparison.pairs, "pair"), 100 * comparison.alpha);
}

Json nullable(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json percents(const std::vector<double>& effects) {
  Json list = Json::array();
  for (const double effect : effects) {
    list.push_back(nullable(record::percent_of(effect)));
  }
  return list;
}

Json keys(const std::vector<const record::Field*>& fields) {
  Json list = Json::array();
  for (const record::Field* const field : fields) {
    list.push_back(field->key);
  }
  return list;
}

Json to_json(const std::optional<record::TurnFigures>& turn) {
  return turn ? Json{{"turn_s", turn->turn_s}, {"ttft_s", turn->ttft_s}, {"decode_tok_s", nullable(turn->decode_tok_s)}}
              : Json(nullptr);
}

Json to_json(const std::optional<record::Comparison>& comparison) {
  if (!comparison) {
    return nullptr;
  }
  Json json = record::to_json(*comparison);
  for (const char* const member : {"epoch_table", "environment"}) {
    json.erase(member);
  }
  return json;
}

}  // namespace

document::Document document_of(const Tuning& tuning) {
  document::List who{{{fmt::format("model: {} ({})", tuning.model.id, tuning.model.quantization)},
                      {fmt::format("runtime: {} {}", tuning.runtime.name, tuning.runtime.version)},
                      {fmt::format("use: {}: {} tokens are read and {} written, n_ctx {}", tuning.use.name,
                                   tuning.use.prompt, tuning.use.answer, tuning.use.n_ctx)}}};
  document::List sure;
  for (const auto* const comparison : {&tuning.against_present, &tuning.against_defaults}) {
    if (*comparison) {
      sure.items.push_back({sure_text(**comparison)});
    }
  }
  sure.items.push_back(
      {fmt::format("{} turns raced, {} in all; values leave the race early, so their intervals (95 % "
                   "each) show where to look, and only the comparison measured anew proves a gain",
                   tuning.turns, human_seconds(tuning.wall_s))});
  for (const std::string& note : tuning.notes) {
    sure.items.push_back({note});
  }
  document::Section commands{"Commands", {}};
  for (const std::string& command : tuning.commands) {
    commands.blocks.emplace_back(document::Code{command});
  }
  return {fmt::format("tune: {} for {}", tuning.model.id, tuning.use.name),
          {{"", {std::move(who)}},
           {"The race", {table_of(tuning)}},
           {"What mattered", {document::Heading{"what mattered"}, mattered(tuning)}},
           {"How sure", {document::Heading{"how sure"}, std::move(sure)}},
           std::move(commands)},
          tuning.sentence,
          tuning.chosen.empty() ? document::Tone::plain : document::Tone::good};
}

Json to_document(const Tuning& tuning) {
  Json races = Json::array();
  for (const TuneRace& race : tuning.races) {
    Json levels = Json::array();
    for (const TunedLevel& level : race.levels) {
      levels.push_back({{"value", record::to_json(level.setting.value)},
                        {"incumbent", level.incumbent},
                        {"won", level.won},
                        {"standing", level.standing},
                        {"why", level.why},
                        {"blocks", level.blocks},
                        {"effects_percent", percents(level.effects)},
                        {"effect_percent", nullable(record::percent_of(level.effect))},
                        {"low_percent", nullable(record::percent_of(level.low))},
                        {"high_percent", nullable(record::percent_of(level.high))},
                        {"turn", to_json(level.turn)}});
    }
    const auto noticeable = race.noticeable ? std::optional(-*race.noticeable) : std::nullopt;
    races.push_back({{"field", race.field->key},
                     {"blocks", race.blocks},
                     {"complete", race.complete},
                     {"noticeable_percent", nullable(record::percent_of(noticeable))},
                     {"levels", std::move(levels)}});
  }
  Json json = {{"kind", "tune"},
               {"schema", 1},
               {"session", tuning.session},
               {"started", tuning.started},
               {"finished", tuning.finished},
               {"complete", tuning.complete},
               {"tool_version", tuning.tool_version},
               {"environment", record::members_to_json(tuning.machine)},
               {"runtime", record::members_to_json(tuning.runtime)},
               {"model", record::members_to_json(tuning.model)},
               {"use",
                {{"name", tuning.use.name},
                 {"prompt_tokens", tuning.use.prompt},
                 {"answer_tokens", tuning.use.answer},
                 {"n_ctx", tuning.use.n_ctx}}},
               {"limits",
                {{"min_tok_s", nullable(tuning.limits.min_tok_s)}, {"max_ttft_s", nullable(tuning.limits.max_ttft_s)}}},
               {"meets_limits", tuning.meets_limits},
               {"present", record::to_json(tuning.present)},
               {"present_turn", to_json(tuning.present_turn)},
               {"chosen", record::to_json(tuning.chosen)},
               {"tried", record::to_json(tuning.tried)},
               {"chosen_turn", to_json(tuning.chosen_turn)},
               {"against_present", to_json(tuning.against_present)},
               {"against_defaults", to_json(tuning.against_defaults)},
               {"races", std::move(races)},
               {"not_raced", keys(tuning.not_raced)},
               {"turns", tuning.turns},
               {"wall_s", tuning.wall_s},
               {"commands", tuning.commands},
               {"notes", tuning.notes},
               {"sentence", tuning.sentence}};
  seal(json);
  return json;
}

}  // namespace mia::report
