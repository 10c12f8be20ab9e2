// SPDX-License-Identifier: MIT
#include "judge/unpaired.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "stats/distributions.h"
#include "stats/paired.h"
#include "stats/summary.h"

namespace mia::judge {
namespace {

using record::Verdict;

constexpr std::int64_t kFewestSessions = 5;
constexpr double kAssumedFreedom = 10;  // an assumed noise is no better known than one of some ten sessions
constexpr double kLeastNoise = 0.005;

std::vector<double> logs(std::span<const double> values) {
  std::vector<double> result;
  for (const double value : values) {
    if (std::isfinite(value) && value > 0) {
      result.push_back(std::log(value));
    }
  }
  return result;
}

struct Level {
  double centre = 0;
  double variance = 0;  // of the centre, from the spread within the session
};

// Successive differences share their sessions, so n of them are worth about two thirds of as many free deviations.
double freedom_of(const SessionNoise& noise) {
  return noise.sessions > 0 ? 2 * static_cast<double>(noise.sessions - 1) / 3 : kAssumedFreedom;
}

// What a session's level may be off by, squared. Levels seen in history differ by the spread inside their sessions,
// too: then the larger of both counts, not the sum.
double level_variance(double inside, const SessionNoise& noise) {
  const double between = noise.sd * noise.sd;
  return noise.sessions > 0 ? std::max(between, inside) : between + inside;
}

// Median of the logs. One value says nothing of the spread inside a session: the noise between sessions stands in.
Level level_of(const std::vector<double>& values, double session_sd) {
  const double sd = stats::standard_deviation(values).value_or(session_sd);
  return {*stats::median(values), sd * sd / static_cast<double>(values.size())};
}

std::string sentence(const UnpairedResult& result, double margin) {
  if (!result.effect) {
    return "nothing to compare: a sample is empty";
  }
  // What proves "same" are two one-sided tests at 95 %: their interval lies within the margin, the wider one of a
  // difference need not.
  const bool is_same = result.verdict == Verdict::same;
  const double low = is_same ? 2 * *result.effect - *result.at_most : *result.low;
  const double high = is_same ? *result.at_most : *result.high;
  return fmt::format(
      "{}: {:+.1f} % in time ({:+.1f} to {:+.1f} %{}); {}",
      is_same ? fmt::format("same within ±{:.3g} %", 100 * margin) : std::string(name_of(result.verdict)),
      stats::percent(*result.effect), stats::percent(low), stats::percent(high), is_same ? ", each end at 95 %" : "",
      samples_text(result));
}

Json number_or_null(std::optional<double> value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

Json percent(std::optional<double> value) {
  return value ? number_or_null(stats::percent(*value)) : Json(nullptr);
}

}  // namespace

SessionNoise session_noise(std::span<const double> levels) {
  const std::vector<double> series = logs(levels);
  SessionNoise noise;
  if (static_cast<std::int64_t>(series.size()) < kFewestSessions) {
    return noise;
  }
  std::vector<double> steps;
  for (std::size_t i = 1; i < series.size(); ++i) {
    steps.push_back(std::abs(series[i] - series[i - 1]));
  }
  double squares = 0;
  for (const double step : steps) {
    squares += step * step;
  }
  // The median is blind to the few sessions that are slow as a whole; the mean square sees them.
  const double plain = std::sqrt(squares / static_cast<double>(steps.size()));
  noise.sd = std::max(kLeastNoise, std::max(*stats::median(steps) * stats::kMadToSd, plain) / std::sqrt(2.0));
  noise.sessions = static_cast<std::int64_t>(series.size());
  return noise;
}

std::string samples_text(const UnpairedResult& result) {
  const std::string noise =
      result.noise.sessions > 0
          ? fmt::format("{:.1f} % between sessions, seen in {}", 100 * result.noise.sd, result.noise.sessions)
          : fmt::format("{:.0f} % between sessions, assumed", 100 * result.noise.sd);
  return fmt::format("unpaired samples of {} and {}, noise {}", result.n_a, result.n_b, noise);
}

UnpairedResult compare_unpaired(std::span<const double> a, std::span<const double> b, const UnpairedOptions& options) {
  UnpairedResult result;
  const std::vector<double> logs_a = logs(a);
  const std::vector<double> logs_b = logs(b);
  result.n_a = static_cast<std::int64_t>(logs_a.size());
  result.n_b = static_cast<std::int64_t>(logs_b.size());
  result.noise = options.noise;
  result.level = 1 - options.alpha;
  if (!logs_a.empty() && !logs_b.empty()) {
    const double sd = options.noise.sd;
    const Level level_a = level_of(logs_a, sd);
    const Level level_b = level_of(logs_b, sd);
    const double sign = options.better == record::Better::higher ? -1 : 1;
    const double effect = sign * (level_b.centre - level_a.centre) + 0.0;  // no -0 where nothing differs
    const double error =
        std::sqrt(level_variance(level_a.variance, options.noise) + level_variance(level_b.variance, options.noise));
    const double freedom = freedom_of(options.noise);
    const auto half = [&](double p) { return stats::t_quantile(p, freedom) * error; };
    result.effect = effect;
    result.low = effect - half(1 - options.alpha / 2);
    result.high = effect + half(1 - options.alpha / 2);
    result.at_most = effect + half(0.95);
    const bool differs = (*result.low > 0 || *result.high < 0) && std::abs(effect) >= std::log1p(options.floor);
    if (differs) {
      result.verdict = effect > 0 ? Verdict::slower : Verdict::faster;
    } else if (std::abs(effect) + half(0.95) < std::log1p(options.margin)) {
      result.verdict = Verdict::same;
    }
  }
  result.text = sentence(result, options.margin);
  return result;
}

Json to_json(const UnpairedResult& result) {
  return {{"verdict", name_of(result.verdict)},
          {"effect", {{"ln", number_or_null(result.effect)}, {"percent", percent(result.effect)}}},
          {"interval",
           {{"low_ln", number_or_null(result.low)},
            {"high_ln", number_or_null(result.high)},
            {"low_percent", percent(result.low)},
            {"high_percent", percent(result.high)},
            {"level", result.level}}},
          {"at_most", {{"ln", number_or_null(result.at_most)}, {"percent", percent(result.at_most)}, {"level", 0.95}}},
          {"n_a", result.n_a},
          {"n_b", result.n_b},
          {"paired", false},
          {"session_sd", result.noise.sd},
          {"session_sd_assumed", result.noise.sessions == 0},
          {"sessions", result.noise.sessions},
          {"sentence", result.text}};
}

}  // namespace mia::judge
