// SPDX-License-Identifier: MIT
#include "judge/comparison.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"

namespace mia::judge {
namespace {

using record::Comparison;
using record::StatisticResult;
using record::Verdict;

// Found, but every value in the interval is less than the margin.
bool is_small(const Comparison& comparison) {
  return std::ranges::any_of(comparison.statistics, [&](const StatisticResult& result) {
    return result.small && result.name == comparison.statistic && result.verdict == comparison.verdict;
  });
}

// " (+2.0 to +4.0 % at 99.2 %)": of the test that gave the verdict, with its level.
std::string bracketed(const StatisticResult& result) {
  const std::string text = interval_text(result);
  const std::string level = result.level ? fmt::format(" at {:.3g} %", 100 * *result.level) : "";
  return text.empty() ? "" : fmt::format(" ({}{})", text, level);
}

// "Same" is said of the typical restart; single ones may differ all the same.
std::string restarts_text(const StatisticResult& result) {
  return result.deviating && result.deviating_at_most
             ? fmt::format("; {} of {} restarts differed by more, up to {:.0f} % could", *result.deviating,
                           result.epochs, 100 * *result.deviating_at_most)
             : "";
}

// How many epochs would be enough, and the wall time of so many like those that were run.
std::string needed_text(const Comparison& comparison, const StatisticResult& result) {
  if (!result.needed_epochs) {
    return "";
  }
  const double epoch_s = costs_of(comparison).epoch_s(comparison.pairs / std::max<std::int64_t>(1, comparison.epochs));
  const std::string time =
      epoch_s > 0 ? fmt::format(" ({})", human_seconds(epoch_s * static_cast<double>(*result.needed_epochs))) : "";
  return fmt::format("; about {} epochs{} would show {:g} % in 9 of 10", *result.needed_epochs, time,
                     100 * comparison.margin);
}

}  // namespace

EpochCosts costs_of(const Comparison& comparison) {
  double starts_s = 0;
  double pairs_s = 0;
  double pairs = 0;
  for (const record::PairEpoch& epoch : comparison.epoch_table) {
    starts_s += epoch.preparation_s;
    pairs_s += epoch.pairs_s;
    pairs += static_cast<double>(epoch.pairs.size());
  }
  const auto epochs = static_cast<double>(comparison.epoch_table.size());
  return {epochs > 0 ? starts_s / epochs : 0, pairs > 0 ? pairs_s / pairs : 0};
}

std::string sentence_of(const Comparison& comparison) {
  if (!comparison.outcome.ok() && comparison.verdict == Verdict::unclear) {
    const record::ComparedArm& failed = comparison.outcome_of_b ? comparison.b : comparison.a;
    return fmt::format("{} could not run: {}; {} is known of it beside {}", failed.label,
                       record::describe(comparison.outcome), comparison.epochs == 0 ? "nothing" : "too little",
                       comparison.outcome_of_b ? comparison.a.label : comparison.b.label);
  }
  const StatisticResult shown = record::deciding(comparison);
  const std::string interval = bracketed(shown);
  const std::string after = "after " + human_count(comparison.epochs, "epoch");
  switch (comparison.verdict) {
    case Verdict::faster:
    case Verdict::slower: {
      const double change = std::abs(record::percent_of(shown.effect).value_or(0));
      const std::string where = comparison.statistic == "experience" ? " in the whole run as a user sees it" : "";
      const std::string small =
          is_small(comparison) ? fmt::format(", less than the margin of {:g} %", 100 * comparison.margin) : "";
      return fmt::format("{} is {} than {}{}: {:.1f} % {} time per token{}{}, {}", comparison.b.label,
                         name_of(comparison.verdict), comparison.a.label, where, change,
                         comparison.verdict == Verdict::faster ? "less" : "more", interval, small, after);
    }
    case Verdict::same:
      return fmt::format("{} is as fast as {} within ±{:g} %{}, {}{}", comparison.b.label, comparison.a.label,
                         100 * comparison.margin, interval, after, restarts_text(shown));
    case Verdict::unclear:
      break;
  }
  const std::string why = comparison.stopped.empty() ? "" : ": " + comparison.stopped;
  const std::string needed = needed_text(comparison, shown);
  return fmt::format("unclear whether {} is slower or faster than {}{}, {}{}{}", comparison.b.label, comparison.a.label,
                     interval, after, why, needed);
}

std::string interval_text(const StatisticResult& result) {
  if (!result.low || !result.high) {
    return "";
  }
  return fmt::format("{:+.1f} to {:+.1f} %", *record::percent_of(result.low), *record::percent_of(result.high));
}

}  // namespace mia::judge
