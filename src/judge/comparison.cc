// SPDX-License-Identifier: MIT
#include "judge/comparison.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "stats/paired.h"

namespace mia::judge {
namespace {

Json number(std::optional<double> value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

Json effect_json(std::optional<double> ln) {
  return {{"ln", number(ln)}, {"percent", ln ? number(stats::percent(*ln)) : Json(nullptr)}};
}

Json interval_json(std::optional<double> low, std::optional<double> high, double level) {
  if (!low || !high) {
    return nullptr;
  }
  return {{"low_ln", number(low)},
          {"high_ln", number(high)},
          {"low_percent", number(stats::percent(*low))},
          {"high_percent", number(stats::percent(*high))},
          {"level", level}};
}

Json count_or_null(std::optional<std::int64_t> value) {
  return value ? Json(*value) : Json(nullptr);
}

Json statistic_json(const StatisticResult& result) {
  return {{"name", result.name},
          {"figure", result.figure},
          {"verdict", name_of(result.verdict)},
          {"decided", result.decided},
          {"small", result.small},
          {"epochs", result.epochs},
          {"effect", effect_json(result.effect)},
          {"interval", interval_json(result.low, result.high, result.level)},
          {"p", number(result.p)},
          {"p_limit", number(result.p_limit)},
          {"test", result.test},
          {"sd", number(result.sd)},
          {"mde", effect_json(result.mde)},
          {"needed_epochs", count_or_null(result.needed_epochs)}};
}

std::string range(std::optional<double> low, std::optional<double> high) {
  if (!low || !high) {
    return "";
  }
  return fmt::format("{:+.1f} to {:+.1f} %", stats::percent(*low), stats::percent(*high));
}

// Found, but every value in the interval is less than the margin.
bool is_small(const Comparison& comparison) {
  return std::ranges::any_of(comparison.statistics, [&](const StatisticResult& result) {
    return result.small && result.name == comparison.statistic && result.verdict == comparison.verdict;
  });
}

std::string bracketed(const std::string& text) {
  return text.empty() ? "" : " (" + text + ")";
}

}  // namespace

Json to_json(const Comparison& comparison) {
  Json statistics = Json::array();
  for (const StatisticResult& result : comparison.statistics) {
    statistics.push_back(statistic_json(result));
  }
  return {{"verdict", name_of(comparison.verdict)},
          {"a", comparison.a},
          {"b", comparison.b},
          {"statistic", comparison.statistic},
          {"effect", effect_json(comparison.effect)},
          {"interval", interval_json(comparison.low, comparison.high, comparison.level)},
          {"epochs", comparison.epochs},
          {"pairs", comparison.pairs},
          {"voided",
           {{"pairs", comparison.voided}, {"epochs", comparison.voided_epochs}, {"reasons", comparison.void_reasons}}},
          {"set_aside", comparison.set_aside},
          {"mde", effect_json(comparison.mde)},
          {"needed_epochs", count_or_null(comparison.needed_epochs)},
          {"alpha", comparison.alpha},
          {"margin", comparison.margin},
          {"design", comparison.design},
          {"stopped", comparison.stopped},
          {"coin_seed", comparison.coin_seed},
          {"statistics", std::move(statistics)},
          {"notes", comparison.notes},
          {"sentence", comparison.sentence}};
}

std::string sentence_of(const Comparison& comparison) {
  const std::string interval = bracketed(range(comparison.low, comparison.high));
  const std::string after = fmt::format("after {} epochs", comparison.epochs);
  switch (comparison.verdict) {
    case Verdict::faster:
    case Verdict::slower: {
      const double change = comparison.effect ? std::abs(stats::percent(*comparison.effect)) : 0;
      const std::string where = comparison.statistic == "experience" ? " in the whole run as a user sees it" : "";
      const std::string small =
          is_small(comparison) ? fmt::format(", less than the margin of {:g} %", 100 * comparison.margin) : "";
      return fmt::format("{} is {} than {}{}: {:.1f} % {} time per token{}{}, {}", comparison.b,
                         name_of(comparison.verdict), comparison.a, where, change,
                         comparison.verdict == Verdict::faster ? "less" : "more", interval, small, after);
    }
    case Verdict::same:
      return fmt::format("{} is as fast as {} within ±{:g} %{}, {}", comparison.b, comparison.a,
                         100 * comparison.margin, interval, after);
    case Verdict::unclear:
      break;
  }
  const std::string why = comparison.stopped.empty() ? "" : ": " + comparison.stopped;
  const std::string needed = comparison.needed_epochs ? fmt::format("; about {} epochs would show {:g} %",
                                                                    *comparison.needed_epochs, 100 * comparison.margin)
                                                      : "";
  return fmt::format("unclear whether {} is slower or faster than {}{}, {}{}{}", comparison.b, comparison.a, interval,
                     after, why, needed);
}

std::string interval_text(const StatisticResult& result) {
  return range(result.low, result.high);
}

}  // namespace mia::judge
