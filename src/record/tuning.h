// SPDX-License-Identifier: MIT
// What `tune` raced and found (docs/results-format.md, "perf_tune.json"). Effects are ln(time of one turn / the
// incumbent's): positive is slower.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "record/comparison.h"
#include "record/fields.h"

namespace mia::record {

// One turn of a use: the prompt is read with an empty cache, then the answer is written.
struct TurnFigures {
  double turn_s = 0;  // request to the answer's last token
  double ttft_s = 0;
  std::optional<double> decode_tok_s;
};

struct TurnLimits {
  std::optional<double> min_tok_s;  // decoding
  std::optional<double> max_ttft_s;
};

struct TunedLevel {
  Setting setting;
  bool incumbent = false;  // what the others were raced against
  bool won = false;
  std::string standing;  // "undecided", "slower", "no gain", "as fast", "failed", "the same as
                         // n_threads=2"
  std::string why;       // it failed
  std::int64_t blocks = 0;
  std::vector<double> effects;   // of each block that it and the incumbent ran
  std::optional<double> effect;  // their mean
  std::optional<double> low;     // 95 % of t, of this one alone
  std::optional<double> high;
  std::optional<TurnFigures> turn;  // medians
};

struct TuneRace {
  const Field* field = nullptr;  // never nullptr
  std::vector<TunedLevel> levels;
  std::int64_t blocks = 0;
  bool complete = false;             // raced to its end
  std::optional<double> noticeable;  // smallest gain that it finds in four of five cases, as ln
};

struct Use {
  std::string name;         // chat | long-prompt | long-answer
  std::int64_t prompt = 0;  // tokens
  std::int64_t answer = 0;
  std::int64_t n_ctx = 0;
};

struct Tuning {
  std::string session;
  std::string started;
  std::string finished;
  bool complete = false;  // false: a person or the budget ended it early
  std::string tool_version;
  Machine machine;
  RuntimeInfo runtime;
  ModelInfo model;
  Use use;
  TurnLimits limits;
  Settings present;
  SettingList chosen;  // what differs from the present settings; empty: keep them
  SettingList tried;   // the same of the race's winner, proven or not
  std::vector<TuneRace> races;
  std::vector<const Field*> not_raced;
  std::int64_t turns = 0;
  double wall_s = 0;
  std::optional<TurnFigures> present_turn;
  std::optional<TurnFigures> chosen_turn;
  std::optional<Comparison> against_present;  // without its table of epochs
  std::optional<Comparison> against_defaults;
  bool meets_limits = true;
  std::vector<std::string> notes;
  std::vector<std::string> commands;
  std::string sentence;
};

}  // namespace mia::record
