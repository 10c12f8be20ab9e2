// SPDX-License-Identifier: MIT
#include "judge/axis_effect.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "judge/cells.h"
#include "judge/gain.h"
#include "record/fields.h"
#include "stats/distributions.h"

namespace mia::judge {
namespace {

using record::CellReport;

// The other value where the axis has two; nullopt for none or more.
std::optional<std::string> other_value(const PartView& part, const record::Field& field, const std::string& first) {
  std::optional<std::string> other;
  for (const CellReport* const cell : part.cells) {
    const std::string value = record::to_text(record::get(cell->requested, field));
    if (value != first && other && value != *other) {
      return std::nullopt;
    }
    if (value != first) {
      other = value;
    }
  }
  return other;
}

// Two-sided: all pairs are one population of coins.
double sign_test(const AxisEffect& effect) {
  const std::int64_t n = effect.faster + effect.slower;
  return n > 0 ? std::min(1.0, 2 * stats::binomial_cdf(std::min(effect.faster, effect.slower), n, 0.5)) : 1;
}

AxisEffect effect_of(const PartView& part, const record::Field& field, const std::string& from, const std::string& to) {
  AxisEffect effect{.name = std::string(field.name), .from = from, .to = to};
  double deviation = 0;  // a coin thrown n times is n away from half, in units of its variance, once on average
  std::int64_t thrown = 0;
  for (const CellReport* const cell : part.cells) {
    const bool changed = record::to_text(record::get(cell->requested, field)) == to;
    const CellReport* const like = changed ? find_variant(*part.report, *cell, field.key, from) : nullptr;
    const bool differs = like != nullptr && took_effect(*cell, *like, field);
    const SpeedRatio ratio = !differs ? SpeedRatio{} : speed_ratio(*part.report, *cell, *like, Repeats::planned);
    if (!ratio.value) {
      continue;
    }
    const double times = 1 + *ratio.value;
    effect.low = effect.settings == 0 ? times : std::min(effect.low, times);
    effect.high = std::max(effect.high, times);
    effect.pairs += ratio.pairs;
    effect.faster += ratio.faster;
    effect.slower += ratio.slower;
    if (const auto n = static_cast<double>(ratio.faster + ratio.slower); n > 0) {
      deviation += static_cast<double>((ratio.faster - ratio.slower) * (ratio.faster - ratio.slower)) / n;
      ++thrown;
    }
    ++effect.settings;
  }
  const double apart = thrown > 0 ? stats::chi_squared_upper(deviation, static_cast<double>(thrown)) : 1;
  effect.p = std::min(1.0, 2 * std::min(sign_test(effect), apart));
  return effect;
}

}  // namespace

std::string range_of(double low, double high) {
  const std::string from = fmt::format("{:.2f}", low);
  const std::string to = fmt::format("{:.2f}", high);
  return from == to ? from : fmt::format("{} to {}", from, to);
}

std::vector<AxisEffect> axis_effects(const PartView& part) {
  std::vector<AxisEffect> effects;
  for (const record::Field& field : record::fields()) {
    if (!field.key.starts_with("llm.") || field.key.ends_with(".id")) {
      continue;
    }
    const std::string from = record::to_text(record::get(part.first().requested, field));
    if (const auto to = other_value(part, field, from)) {
      const AxisEffect effect = effect_of(part, field, from, *to);
      if (effect.settings > 1) {
        effects.push_back(effect);
      }
    }
  }
  return effects;
}

namespace {

std::string chance_of(double p) {
  return p < 0.001 ? "p < 0.1 %" : fmt::format("p = {:.{}f} %", 100 * p, p < 0.1 ? 1 : 0);
}

}  // namespace

std::string sentence_of(const AxisEffect& effect) {
  constexpr double kChance = 0.05;
  if (effect.p > kChance) {
    return fmt::format("{}={} against {}: no difference that {} pairs could show ({} times, {}). ", effect.name,
                       effect.to, effect.from, effect.pairs, range_of(effect.low, effect.high), chance_of(effect.p));
  }
  return fmt::format(
      "{}={} runs at {} times the speed of {}, by the settings ({} compared, faster in {} of {} "
      "pairs, {}). ",
      effect.name, effect.to, range_of(effect.low, effect.high), effect.from, effect.settings, effect.faster,
      effect.pairs, chance_of(effect.p));
}

}  // namespace mia::judge
