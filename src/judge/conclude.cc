// SPDX-License-Identifier: MIT
#include "judge/conclude.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <optional>

#include <fmt/core.h>

#include "base/text.h"
#include "judge/axis_effect.h"
#include "judge/caveats.h"
#include "judge/cells.h"
#include "judge/findings.h"
#include "judge/gain.h"
#include "judge/gpu_findings.h"
#include "judge/mode_anomaly.h"
#include "record/cell_figures.h"
#include "record/fields.h"
#include "record/standing.h"
#include "stats/summary.h"

namespace mia::judge {
namespace {

using record::CellReport;
using record::Report;
using record::Severity;

// The cell that left n_threads to the runtime and asked for the winner's settings otherwise.
const CellReport* auto_twin(const Report& report, const CellReport& winner) {
  return winner.requested.llm.n_threads ? find_variant(report, winner, "llm.primary.n_threads", "auto") : nullptr;
}

// What one scenario of a report says.
struct Conclusion {
  std::string sentence;
  record::SettingList recommendation;
  double speed = 0;  // of the recommended cell in its fresh repeats, tok/s
  std::vector<record::Finding> findings;
};

// Real: the same in every pair of repeats.
void find_auto_penalty(const Report& report, const CellReport& winner, Conclusion& conclusion) {
  const CellReport* const twin = auto_twin(report, winner);
  if (twin == nullptr) {
    return;
  }
  const SpeedRatio ratio = speed_ratio(report, winner, *twin, Repeats::all);
  if (ratio.pairs < 3 || ratio.least.value_or(0) < kLeastGain) {
    return;
  }
  conclusion.findings.push_back(
      {"auto_threads_penalty",
       Severity::problem,
       fmt::format("n_threads=auto{} makes {} {:.2f} times slower than n_threads={} does, in each of {} pairs",
                   twin->effective.llm.n_threads ? fmt::format(" ({})", *twin->effective.llm.n_threads) : "",
                   label_of(*twin), 1 + *ratio.value, *winner.requested.llm.n_threads, ratio.pairs),
       {{"factor", fmt::format("{:.3f}", 1 + *ratio.value)},
        {"factor_least", fmt::format("{:.3f}", 1 + *ratio.least)},
        {"pairs", std::to_string(ratio.pairs)}}});
}

// Not where the runtime made the same of what the configuration says and of what the winner asked for.
bool made_difference(const Report& report, const CellReport& reference, const CellReport& winner,
                     const record::Field& field) {
  const record::Value now = record::get(report.settings, field);
  const bool in_force = now == record::get(winner.requested, field) || now == record::get(reference.requested, field);
  if (in_force && !took_effect(winner, reference, field)) {
    return false;
  }
  return std::ranges::none_of(report.cells, [&](const CellReport& cell) {
    return &cell != &winner && cell.part == winner.part && cell.requested.workload == winner.requested.workload &&
           record::get(cell.requested, field) == now && now != record::get(winner.requested, field) &&
           !differs_in_effect(cell, winner);
  });
}

// The settings in which the winner was asked for something else than the reference, or than the configuration says.
record::SettingList gained_settings(const Report& report, const CellReport& reference, const CellReport& winner) {
  // What the files in force say otherwise is written as well: half of a winner was never measured.
  record::Settings from = reference.requested;
  for (const record::Field& field : record::fields()) {
    const record::Value now = record::get(report.settings, field);
    if (field.key.starts_with("llm.") && now != record::get(winner.requested, field)) {
      record::set(from, field, now);
    }
  }
  from.workload = winner.requested.workload;
  from.run = winner.requested.run;
  from.run.runtime = reference.requested.run.runtime;
  record::SettingList gained = record::difference(from, winner.requested);
  std::erase_if(gained, [&](const record::Setting& setting) {
    return setting.field->key.starts_with("llm.") && !made_difference(report, reference, winner, *setting.field);
  });
  return gained;
}

std::string speed_sentence(const Report& report, const CellReport& cell) {
  const auto decode = value_of(cell, "decode_tok_s");
  const auto load = value_of(cell, "load_ms");
  if (!decode) {
    return fmt::format("{} gave no speed: {}.", label_of(cell),
                       cell.failure.empty() ? "not measured yet" : cell.failure);
  }
  const std::string loads = load ? fmt::format("loads in {:.0f} ms ({}) and ", *load, cell.cache_state) : "";
  std::string text = fmt::format("{} {}writes {:.1f} tokens per second", cell.model, loads, *decode);
  if (const auto prefill = value_of(cell, "prefill_tok_s")) {
    text += fmt::format(", reads {:.0f}", *prefill);
  }
  if (cell.efficiency && *cell.efficiency <= 1) {
    text += fmt::format("; that is {:.0f} % of what this memory allows", 100 * *cell.efficiency);
  }
  if (oversubscribed(report, cell)) {
    text += fmt::format(
        ". \"auto\" gave {0} threads, more than the {1} core{2} here: --set n_threads={1} is likely much "
        "faster (mia-perf run cpu-tuning proves it)",
        *cell.effective.llm.n_threads, cores_of(report), cores_of(report) == 1 ? "" : "s");
  }
  return text + ".";
}

// Why the row with the highest speed is not the one that is recommended; "" where it is.
std::string top_row_text(const PartView& part, const Gain& gain) {
  const CellReport* top = &gain.winner();
  for (const CellReport* const cell : part.cells) {
    const bool alike = cell->requested.workload.name == top->requested.workload.name;
    if (alike && value_of(*cell, "tokens_per_s").value_or(0) > value_of(*top, "tokens_per_s").value_or(0)) {
      top = cell;
    }
  }
  if (top == &gain.winner()) {
    return {};
  }
  const char* why = "led by less in the repeats that the two had in common";
  if (!differs_in_effect(*top, gain.winner())) {
    why = "is the same in effect";
  } else if (std::ranges::find(gain.refuted, top) != gain.refuted.end()) {
    why = "was not borne out by fresh pairs";
  }
  return fmt::format(" {}, the top row, {}.", label_of(*top), why);
}

std::string gain_sentence(const PartView& part, const Gain& gain) {
  const CellReport& first = part.first();
  if (gain.state == GainState::none && gain.compared == 0) {
    return fmt::format("No other setting could be compared with {}.", label_of(first));
  }
  if (gain.state == GainState::none && gain.enough < gain.possible) {
    return fmt::format(
        "Not enough was measured to say whether anything beats {}: {} of {} other settings have {} pairs with it; "
        "--repeats {} without a budget or an interrupt is enough.",
        label_of(first), gain.enough, gain.possible, kLeastPairs, kLeastPairs);
  }
  if (gain.state == GainState::none) {
    return fmt::format("Nothing beats {} beyond the noise: keep it.", label_of(first));
  }
  const std::string winner = label_of(gain.winner());
  const std::string reference = label_of(gain.reference());
  const double planned = 1 + gain.planned.value.value_or(0);
  if (gain.state == GainState::confirmed) {
    return fmt::format("Use {}: {:.2f} times the speed of {} ({:.2f} to {:.2f}, {} fresh pairs).", winner,
                       1 + *gain.fresh.value, reference, 1 + *gain.fresh.low, 1 + *gain.fresh.high, gain.fresh.pairs) +
           top_row_text(part, gain);
  }
  if (gain.state == GainState::refuted && !gain.fresh.low) {
    return fmt::format("{} looked {:.2f} times as fast as {}, but too few fresh pairs are good to say so ({} of {}).",
                       winner, planned, reference, gain.fresh.pairs, kFreshRepeats);
  }
  if (gain.state == GainState::refuted) {
    return fmt::format("{} looked {:.2f} times as fast as {}, but {} fresh pairs do not bear it out: keep {}.", winner,
                       planned, reference, gain.fresh.pairs, reference);
  }
  return fmt::format(
      "{} looks {:.2f} times as fast as {} (n={}); the best of several is lucky, so only fresh repeats of both can say "
      "so "
      "(--apply measures them).",
      winner, planned, reference, gain.planned.pairs);
}

// By decode alone: tokens_per_s holds the prompt, whose share a long answer makes smaller. Over depth where the tokens
// of the long answer tell it, else against the short answer.
std::string depth_sentence(const Report& report, const CellReport& shorter, const CellReport& longer) {
  const auto at = longer.metrics.find("decode_tok_s");
  if (at == longer.metrics.end() || !at->second.value || at->second.n < 2) {
    return {};
  }
  const auto change_of = [](double to, double from) {
    const std::string percent = fmt::format("{:.0f}", std::abs(100 * (to / from - 1)));
    return percent == "0" ? "as fast" : fmt::format("{} % {}", percent, to < from ? "slower" : "faster");
  };
  const record::DecodeCurve curve = record::decode_curve(report, longer);
  const auto like = value_of(shorter, "decode_tok_s");
  std::string text;
  if (!curve.tok_s.empty()) {
    const std::string change = change_of(curve.tok_s.back(), curve.tok_s.front());
    text = fmt::format("Decode is {} at a depth of {} tokens {} at {}: {:.1f} against {:.1f} tok/s", change,
                       curve.depth.back(), change == "as fast" ? "as" : "than", curve.depth.front(), curve.tok_s.back(),
                       curve.tok_s.front());
  } else if (like && *like > 0) {
    text = fmt::format("Decode is {} over a long answer: {:.1f} against {:.1f} tok/s",
                       change_of(*at->second.value, *like), *at->second.value, *like);
  } else {
    return {};
  }
  const auto p_a = value_of(shorter, "p95_decode_ms");
  const auto p_b = value_of(longer, "p95_decode_ms");
  if (p_a && p_b && *p_a > 0) {
    text += fmt::format(", the p95 between tokens {:.2f} against {:.2f} ms", *p_b, *p_a);
  }
  return fmt::format("{} (n={}).", text, at->second.n);
}

// Of the first mode that has both; "" where none has.
std::string depth_sentence(const PartView& part) {
  for (const CellReport* const cell : part.cells) {
    const CellReport* const longer =
        cell->requested.workload.name == "short" ? in_workload(*part.report, *cell, "long") : nullptr;
    if (longer != nullptr) {
      return depth_sentence(*part.report, *cell, *longer);
    }
  }
  return {};
}

const record::Quality* quality_of(const Report& report, const CellReport& cell) {
  const auto at = std::ranges::find_if(report.quality, [&](const record::Quality& quality) {
    return quality.model == cell.model && quality.runtime == cell.runtime;
  });
  return at == report.quality.end() ? nullptr : &*at;
}

// Why a faster model is not taken all the same; "" when its quality is known to be good enough.
std::string quality_objection(const Report& report, const CellReport& reference, const CellReport& winner) {
  const record::Quality* const first = quality_of(report, reference);
  const record::Quality* const other = quality_of(report, winner);
  if (first == nullptr || other == nullptr || !first->perplexity || !other->perplexity) {
    return "its quality was not measured";
  }
  if (!other->mean_kl_divergence) {
    return other->divergence_null_reason.empty() ? "its quality cannot be compared" : other->divergence_null_reason;
  }
  const double rise = *other->perplexity / *first->perplexity - 1;
  const double most = report.settings.thresholds.perplexity_rise.value_or(0);
  return rise <= most ? std::string()
                      : fmt::format(
                            "its perplexity is {:.1f} % higher, more than the {:.1f} % of "
                            "perf.thresholds.perplexity_rise",
                            100 * rise, 100 * most);
}

std::string model_sentence(const Report& report, const CellReport& reference, const CellReport& other) {
  const SpeedRatio ratio = speed_ratio(report, other, reference, Repeats::all);
  if (!ratio.value) {
    return {};
  }
  std::string text =
      fmt::format("{} runs at {:.2f} times the speed of {}", other.model, 1 + *ratio.value, reference.model);
  if (ratio.low) {
    text += fmt::format(" ({:.2f} to {:.2f})", 1 + *ratio.low, 1 + *ratio.high);
  }
  const record::Quality* const first = quality_of(report, reference);
  const record::Quality* const quality = quality_of(report, other);
  if (!same_tokenizer(report, reference.model, other.model)) {
    text += " in tokens, which are of different length";
    if (first != nullptr && quality != nullptr && first->bits_per_byte && quality->bits_per_byte) {
      text += fmt::format(", {:.3f} bits per byte against {:.3f}", *quality->bits_per_byte, *first->bits_per_byte);
    }
  } else if (first != nullptr && quality != nullptr && first->perplexity && quality->perplexity) {
    text += fmt::format(", perplexity {:.2f} against {:.2f}", *quality->perplexity, *first->perplexity);
  }
  return text + ". ";
}

// What another model makes of the first one's settings: a sentence for one pair of cells, the range for several.
std::string models_sentence(const PartView& part, const std::string& model) {
  const Report& report = *part.report;
  const CellReport& reference = part.first();
  std::string one;
  std::vector<double> ratios;
  for (const CellReport* const cell : part.cells) {
    const bool counts = cell->model == model && cell->requested.workload.name == reference.requested.workload.name;
    const CellReport* const like =
        counts ? find_variant(report, *cell, "llm.primary.id", reference.requested.llm.id.value_or("")) : nullptr;
    const SpeedRatio ratio = like == nullptr ? SpeedRatio{} : speed_ratio(report, *cell, *like, Repeats::all);
    if (ratio.value) {
      ratios.push_back(1 + *ratio.value);
      one = model_sentence(report, *like, *cell);
    }
  }
  if (ratios.size() < 2) {
    return one;
  }
  const auto [low, high] = std::ranges::minmax(ratios);
  return fmt::format("{} runs at {} times the speed of {}, by the settings ({} compared). ", model, range_of(low, high),
                     reference.model, ratios.size());
}

std::string effects_sentence(const PartView& part) {
  std::string text;
  for (const AxisEffect& effect : axis_effects(part)) {
    text += sentence_of(effect);
  }
  return text;
}

// Ids of the part's models, in the report's order.
std::vector<std::string> models_of(const PartView& part) {
  std::vector<std::string> ids;
  for (const record::ModelInfo& model : part.report->models) {
    if (std::ranges::any_of(part.cells, [&](const CellReport* cell) { return cell->model == model.id; })) {
      ids.push_back(model.id);
    }
  }
  return ids;
}

void recommend_winner(const PartView& part, const Gain& gain, Conclusion& conclusion) {
  conclusion.recommendation = gained_settings(*part.report, gain.reference(), gain.winner());
  conclusion.speed = stats::median(values_of(*part.report, gain.winner(), "tokens_per_s", Repeats::fresh)).value_or(0);
}

void recommend_settings(const PartView& part, const Gain& gain, const std::string& verdict, Conclusion& conclusion) {
  if (gain.state == GainState::confirmed) {
    recommend_winner(part, gain, conclusion);
  }
  if (!gain.matches.empty()) {
    find_auto_penalty(*part.report, gain.winner(), conclusion);
  }
  conclusion.sentence = effects_sentence(part) + verdict;
}

void recommend_model(const PartView& part, const std::vector<std::string>& models, const Gain& gain,
                     const std::string& verdict, Conclusion& conclusion) {
  const CellReport& reference = part.first();
  std::string& text = conclusion.sentence;
  for (const std::string& model : models) {
    if (model != reference.model) {
      text += models_sentence(part, model);
    }
  }
  text += effects_sentence(part);
  const bool other = gain.state == GainState::confirmed && gain.winner().model != reference.model;
  const std::string objection = other ? quality_objection(*part.report, reference, gain.winner()) : "";
  if (!objection.empty()) {
    text += fmt::format("{} is faster ({} fresh pairs), but not recommended: {}.", gain.winner().model,
                        gain.fresh.pairs, objection);
    return;
  }
  if (gain.state == GainState::confirmed) {
    recommend_winner(part, gain, conclusion);
  }
  text += verdict;
}

bool varies_settings(const PartView& part) {
  const CellReport& first = part.first();
  return std::ranges::any_of(part.cells, [&](const CellReport* cell) {
    return cell->requested.workload.name == first.requested.workload.name && cell->key != first.key;
  });
}

using TimeParts = std::vector<const record::TimePart*>;

std::string shares_text(TimeParts parts) {
  std::ranges::stable_sort(parts, std::greater<>(), [](const record::TimePart* part) { return *part->share; });
  std::vector<std::string> shares;
  for (const record::TimePart* const part : parts) {
    shares.push_back(fmt::format("{} {:.0f} %", part->name, 100 * *part->share));
  }
  return join(shares, ", ");
}

// Where a token's time goes, the largest part first; a part whose interval reaches to nothing has no share. "" where
// nothing was taken apart.
std::string token_sentence(const Report& report) {
  TimeParts told;  // apart from nothing; without intervals those above it
  TimeParts untold;
  const record::TimePart* whole = nullptr;
  for (const record::TimePart& part : report.time_parts) {
    if (part.mode != report.time_parts.front().mode || !part.ms || !part.share) {
      continue;
    }
    if (part.name == "whole") {
      whole = &part;
    } else {
      (part.low.value_or(*part.ms) > 0 ? told : untold).push_back(&part);
    }
  }
  if (whole == nullptr) {
    return {};
  }
  std::string text = fmt::format("A token of {} takes {:.2f} ms", report.cells.front().model, *whole->ms);
  text += told.empty() ? "" : ": " + shares_text(told);
  if (!untold.empty()) {
    std::vector<std::string> names(untold.size());
    std::ranges::transform(untold, names.begin(), &record::TimePart::name);
    text += fmt::format("; {} cannot be told from nothing", join(names, ", "));
  }
  return text + (whole->low ? "." : fmt::format(" (n={}: too few repeats for intervals).", whole->n));
}

// `asked`: which cell is best is a question of this scenario or of the user; what looks better is said all the same.
Conclusion conclude_part(const PartView& part, bool asked) {
  Conclusion conclusion;
  std::string& sentence = conclusion.sentence;
  if (record::nothing_measured(part.cells)) {
    sentence = failure_sentence(part.cells);
    return conclusion;
  }
  const std::vector<std::string> models = models_of(part);
  if (may_recommend(part) && varies_settings(part)) {
    const Gain gain = find_gain(part);
    const std::string verdict = gain.state == GainState::none && !asked ? "" : gain_sentence(part, gain);
    if (models.size() > 1) {
      recommend_model(part, models, gain, verdict, conclusion);
    } else {
      recommend_settings(part, gain, verdict, conclusion);
    }
    sentence.erase(sentence.find_last_not_of(' ') + 1);
  }
  if (const std::string depth = models.size() < 2 ? depth_sentence(part) : ""; !depth.empty()) {
    sentence += (sentence.empty() ? "" : " ") + depth;
  }
  if (sentence.empty()) {
    sentence = token_sentence(*part.report);
  }
  if (sentence.empty()) {
    sentence = speed_sentence(*part.report, part.first());
  }
  return conclusion;
}

// Of the parts that recommend something the fastest one's settings: no part has tried another's with its own.
void conclude_parts(Report& report, bool asked) {
  std::string first;
  std::string best;
  std::string others;
  double most = 0;
  for (const PartView& part : parts_of(report)) {
    Conclusion conclusion = conclude_part(part, asked || !part.name.empty());
    std::ranges::move(conclusion.findings, std::back_inserter(report.findings));
    const auto at = std::ranges::find(report.parts, part.name, &record::PartReport::name);
    if (at != report.parts.end()) {
      at->sentence = conclusion.sentence;
      at->recommendation = conclusion.recommendation;
    }
    first = first.empty() ? conclusion.sentence : first;
    if (conclusion.speed > most) {
      most = conclusion.speed;
      best = conclusion.sentence;
      report.recommendation = conclusion.recommendation;
    }
  }
  for (const record::PartReport& part : report.parts) {
    if (!part.recommendation.empty() && part.recommendation != report.recommendation) {
      others += fmt::format(" {} recommends {} for its own cells, which ran slower.", part.name,
                            describe(part.recommendation));
    }
  }
  report.sentence = first + (best.empty() || best == first ? "" : " " + best) + others;
}

}  // namespace

void conclude(Report& report, bool asked) {
  if (report.cells.empty()) {
    return;
  }
  find_facts(report);
  std::ranges::move(gpu_findings(report), std::back_inserter(report.findings));
  for (const ModeAnomaly& anomaly : find_anomalies(report)) {
    report.findings.push_back(diagnose(report, anomaly));
  }
  conclude_parts(report, asked);
  if (const std::string caveats = caveats_of(report); !caveats.empty()) {
    report.sentence += (report.sentence.empty() ? "" : " ") + caveats;
  }
}

}  // namespace mia::judge
