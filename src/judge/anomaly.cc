// SPDX-License-Identifier: MIT
#include "judge/anomaly.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "stats/competitors.h"
#include "stats/paired.h"
#include "stats/summary.h"

namespace mia::judge {
namespace {

constexpr std::size_t kFewestRepeats = 3;

// ln of the badness: more is worse, whatever the metric.
std::vector<double> badness(const AxisPoint& point, record::Better better) {
  std::vector<double> values;
  for (const double value : point.values) {
    if (std::isfinite(value) && value > 0) {
      values.push_back(better == record::Better::higher ? -std::log(value) : std::log(value));
    }
  }
  return values;
}

struct Place {
  std::size_t index = 0;
  double centre = 0;
  double variance = 0;  // of the centre
};

std::optional<Place> place_of(std::size_t index, const AxisPoint& point, const AnomalyOptions& options) {
  const std::vector<double> values = badness(point, options.better);
  if (values.empty()) {
    return std::nullopt;
  }
  const double sd = values.size() < kFewestRepeats ? options.assumed_sd : *stats::standard_deviation(values);
  return Place{index, *stats::median(values), sd * sd / static_cast<double>(values.size())};
}

double least_gap(const AnomalyOptions& options) {
  return -std::log1p(-options.least_gap);
}

}  // namespace

std::string_view name_of(SecondLook look) {
  switch (look) {
    case SecondLook::confirmed:
      return "confirmed";
    case SecondLook::dismissed:
      return "dismissed";
    case SecondLook::needs_repeats:
      break;
  }
  return "needs repeats";
}

std::vector<Suspect> find_suspects(std::span<const AxisPoint> axis, const AnomalyOptions& options) {
  std::vector<Place> places;
  for (std::size_t i = 0; i < axis.size(); ++i) {
    if (const auto place = place_of(i, axis[i], options)) {
      places.push_back(*place);
    }
  }
  std::vector<Suspect> suspects;
  for (std::size_t i = 1; i + 1 < places.size(); ++i) {
    const Place& worse = places[i - 1].centre > places[i + 1].centre ? places[i - 1] : places[i + 1];
    const double gap = places[i].centre - worse.centre;
    const double error = std::sqrt(places[i].variance + worse.variance);
    if (gap >= least_gap(options) && gap > options.sigmas * error) {
      const AxisPoint& point = axis[places[i].index];
      suspects.push_back(
          {places[i].index, point.label, gap,
           fmt::format("{} is {:.0f} % slower than both its neighbours ({} and {})", point.label, stats::percent(gap),
                       axis[places[i - 1].index].label, axis[places[i + 1].index].label)});
    }
  }
  return suspects;
}

SecondLook confirm(const AxisPoint& suspect, std::span<const AxisPoint> neighbours, const AnomalyOptions& options) {
  const std::vector<double> own = badness(suspect, options.better);
  std::vector<double> others;
  double worst = -std::numeric_limits<double>::infinity();
  bool enough = own.size() >= kFewestRepeats && !neighbours.empty();
  for (const AxisPoint& neighbour : neighbours) {
    const std::vector<double> values = badness(neighbour, options.better);
    enough = enough && values.size() >= kFewestRepeats;
    others.insert(others.end(), values.begin(), values.end());
    worst = std::max(worst, stats::median(values).value_or(worst));
  }
  if (!enough) {
    return SecondLook::needs_repeats;
  }
  const bool still_worse = *stats::median(own) - worst >= least_gap(options) / 2;
  const bool apart =
      std::ranges::min(own) > std::ranges::max(others) || stats::rank_claim(others, own) == stats::Claim::slower;
  return still_worse && apart ? SecondLook::confirmed : SecondLook::dismissed;
}

}  // namespace mia::judge
