// SPDX-License-Identifier: MIT
// How often do the rules themselves err? Comparisons of made-up epochs, judged by the very test of the program: epochs
// that are normal, heavy-tailed, of two or three modes, that depend on each other, drift, or follow the order in which
// the processes start; and comparisons of a budget, whose epochs have as many pairs as the program's rule gives them.
// Prints JSON, the rates of docs/trust.md: judge_simulation [DRAWS] [SEED] [PART OF A CELL'S NAME].
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "judge/coins.h"
#include "judge/paired_test.h"
#include "record/comparison.h"
#include "stats/distributions.h"
#include "stats/random.h"

namespace mia::judge {
namespace {

using record::Verdict;

// ln(time of B / time of A) of one epoch where nothing differs.
using Next = std::function<double(std::int64_t epoch, bool a_started)>;
// What a comparison may cost, and how the pairs of an epoch scatter.
struct Effort {
  double budget_s = 0;
  EpochCosts costs;
  double pair_sd = 0;
  double stalls = 0;  // share of pairs of which one run takes half as long again
};
struct Cell {
  std::string name;
  std::function<Next(stats::Random&)> start;    // of a fresh comparison
  std::optional<Effort> effort = std::nullopt;  // none: one pair an epoch without noise, no budget
};

double normal(stats::Random& random) {
  return stats::normal_quantile(std::max(random.uniform(), 1e-12));
}

Cell independent(std::string name, std::function<double(stats::Random&)> draw) {
  return {std::move(name), [draw](stats::Random& random) -> Next {
            return [&random, draw](std::int64_t, bool) { return draw(random); };
          }};
}

Cell gaussian(double sd) {
  return independent(fmt::format("normal, sd {:g} %", 100 * sd),
                     [sd](stats::Random& random) { return sd * normal(random); });
}

// A process is slow for its whole life: each side in `share` of its restarts, by `size`.
Cell modes(std::string name, double share, double size, double sd) {
  return independent(std::move(name), [=](stats::Random& random) {
    const double place = random.uniform();
    const double mode = place < share ? size : place < 2 * share ? -size : 0;
    return mode + sd * normal(random);
  });
}

Cell student(double freedom, double scale) {
  return independent(fmt::format("t({:g}), scale {:g} %", freedom, 100 * scale), [=](stats::Random& random) {
    double squares = 0;
    for (int i = 0; i < static_cast<int>(freedom); ++i) {
      const double value = normal(random);
      squares += value * value;
    }
    return scale * normal(random) / std::sqrt(squares / freedom);
  });
}

Cell neighbours(double correlation, double sd) {
  return {fmt::format("AR {:g}, sd {:g} %", correlation, 100 * sd), [=](stats::Random& random) -> Next {
            return [&random, correlation, sd, last = sd * normal(random)](std::int64_t, bool) mutable {
              last = correlation * last + std::sqrt(1 - correlation * correlation) * sd * normal(random);
              return last;
            };
          }};
}

Cell trend(double each, double sd) {
  return {fmt::format("trend of one side, {:g} % an epoch", 100 * each), [=](stats::Random& random) -> Next {
            const double sign = random.coin() ? 1 : -1;
            return [&random, each, sd, sign](std::int64_t epoch, bool) {
              return sign * each * static_cast<double>(epoch) + sd * normal(random);
            };
          }};
}

Cell order(double size, double sd) {
  return {fmt::format("who starts first is {:g} % faster, sd {:g} %", 100 * size, 100 * sd),
          [=](stats::Random& random) -> Next {
            return [&random, size, sd](std::int64_t, bool a_started) {
              return (a_started ? size : -size) + sd * normal(random);
            };
          }};
}

// 10 % of B's restarts are slow by a third: B is slower in the mean (3.4 %), its typical restart is not.
Cell one_sided() {
  return independent("a tenth of B's restarts is a third slower",
                     [](stats::Random& random) { return (random.uniform() < 0.1 ? 0.33 : 0) + 0.01 * normal(random); });
}

// A two-core machine starts both sides in 2 s and runs a pair in 0.5 s, one of 16 cores in 2.5 and 1.3 s.
constexpr EpochCosts kTwoCores{2, 0.5};
constexpr EpochCosts kSixteenCores{2.5, 1.3};

Cell with(Cell cell, const Effort& effort, std::string_view stalls = "") {
  cell.name = fmt::format("{:g} s, pairs of {:g} s sd {:g} %{}, epochs: {}", effort.budget_s, effort.costs.pair_s,
                          100 * effort.pair_sd, stalls, cell.name);
  cell.effort = effort;
  return cell;
}

std::vector<Cell> cells_of_a_budget() {
  std::vector<Cell> cells;
  for (const double budget_s : {60.0, 300.0}) {
    cells.push_back(with(gaussian(0.01), {budget_s, kTwoCores, 0.04}));
    cells.push_back(with(gaussian(0.03), {budget_s, kTwoCores, 0.04}));
    cells.push_back(with(gaussian(0.03), {budget_s, kTwoCores, 0.08}));
    cells.push_back(with(gaussian(0.015), {budget_s, kTwoCores, 0.04, 0.2}, " and stalls"));
    cells.push_back(with(gaussian(0.03), {budget_s, kSixteenCores, 0.04}));
    cells.push_back(with(gaussian(0.15), {budget_s, kSixteenCores, 0.04}));
    cells.push_back(with(student(3, 0.05), {budget_s, kSixteenCores, 0.04}));
    cells.push_back(with(modes("60/20/20 at 0/+33/-33 %", 0.2, 0.33, 0.01), {budget_s, kSixteenCores, 0.04}));
  }
  return cells;
}

std::vector<Cell> cells() {
  std::vector<Cell> all = {gaussian(0.01),
                           gaussian(0.03),
                           gaussian(0.10),
                           modes("60/20/20 at 0/+33/-33 %", 0.2, 0.33, 0.01),
                           modes("90/5/5 at 0/+33/-33 %", 0.05, 0.33, 0.01),
                           student(3, 0.05),
                           modes("always +5 or -5 %, sd 1 %", 0.5, 0.05, 0.01),
                           modes("always +33 or -33 %, sd 1 %", 0.5, 0.33, 0.01),
                           neighbours(0.5, 0.03),
                           trend(0.003, 0.01),
                           order(0.05, 0.01),
                           one_sided()};
  std::ranges::move(cells_of_a_budget(), std::back_inserter(all));
  return all;
}

// The whole run differs as the speed does, and by a noise of its own.
EpochFigures epoch_of(double value, bool a_started, std::int64_t pairs, const Effort& effort, stats::Random& random) {
  constexpr double kWholeNoise = 0.02;
  constexpr double kStall = 0.5;
  EpochFigures epoch;
  epoch.a_started = a_started;
  const double of_whole = kWholeNoise * normal(random);
  for (std::int64_t i = 0; i < pairs; ++i) {
    const double scatter = effort.pair_sd > 0 ? effort.pair_sd * normal(random) : 0;
    const bool stalls = effort.stalls > 0 && random.uniform() < effort.stalls;
    const double ln = value + scatter + (stalls ? (random.coin() ? kStall : -kStall) : 0);
    epoch.pairs.push_back({{1, 1, {}}, {std::exp(ln), std::exp(ln + of_whole), {}}, "", false});
  }
  return epoch;
}

struct Outcome {
  record::Comparison found;
  double seconds = 0;
};

Outcome compare(const PairedTest& fresh, const Cell& cell, double slowdown, std::uint64_t seed) {
  stats::Random random(seed);
  const CoinPlan coins(stats::mix(seed));
  PairedTest test = fresh;
  Next next = cell.start(random);
  const Effort effort = cell.effort.value_or(Effort{});
  EpochCosts known;  // after the first epoch
  Outcome outcome;
  for (std::int64_t epoch = 0; !test.look().stop; ++epoch) {
    const double left_s = effort.budget_s - outcome.seconds;
    const std::int64_t pairs = cell.effort ? test.pairs_for_next_epoch(known, left_s) : 1;
    if (cell.effort && left_s < known.epoch_s(pairs)) {
      static_cast<void>(test.finish("the budget ended it"));
      break;
    }
    const bool a_started = coins.a_starts(epoch);
    test.add_epoch(epoch_of(next(epoch, a_started) + std::log1p(slowdown), a_started, pairs, effort, random));
    outcome.seconds += effort.costs.epoch_s(pairs);
    known = effort.costs;
  }
  test.describe(outcome.found);
  return outcome;
}

// Of the mean of the epochs' values, 95 % by t, in percent.
double half_width(const record::StatisticResult& result) {
  const auto n = static_cast<double>(result.epochs);
  return n < 2 ? 0 : 100 * stats::t_quantile(0.975, n - 1) * result.sd.value_or(0) / std::sqrt(n);
}

Json row(const PairedTest& fresh, const Cell& cell, double slowdown, std::int64_t draws, std::uint64_t seed) {
  std::map<Verdict, std::int64_t> counts;
  std::int64_t epochs = 0;
  std::int64_t denied = 0;
  std::int64_t in_speed = 0;
  double seconds = 0;
  double half = 0;
  for (std::int64_t draw = 0; draw < draws; ++draw) {
    const Outcome outcome = compare(fresh, cell, slowdown, stats::mix(seed + static_cast<std::uint64_t>(draw)));
    const record::Comparison& found = outcome.found;
    seconds += outcome.seconds;
    half += half_width(found.statistics.front());
    ++counts[found.verdict];
    epochs += found.epochs;
    in_speed += record::is_difference(found.statistics.front().verdict) ? 1 : 0;
    const double margin = std::log1p(found.margin);
    const record::StatisticResult shown = record::deciding(found);
    denied += found.verdict == Verdict::same && (*shown.low <= -margin || *shown.high >= margin) ? 1 : 0;
  }
  const auto share = [&](std::int64_t hits) { return static_cast<double>(hits) / static_cast<double>(draws); };
  Json json = {{"epochs", cell.name},
               {"slowdown", slowdown},
               {"draws", draws},
               {"mean_epochs", share(epochs)},
               {"different_in_speed", share(in_speed)},
               {"same_with_an_interval_beyond_the_margin", share(denied)}};
  if (cell.effort) {
    json["mean_seconds"] = seconds / static_cast<double>(draws);
    json["mean_half_width_percent"] = half / static_cast<double>(draws);
  }
  for (const auto& [verdict, name] : record::kVerdicts) {
    json[std::string(name)] = share(counts[verdict]);
  }
  return json;
}

int simulate(std::int64_t draws, std::uint64_t seed, std::string_view only) {
  const auto fresh = PairedTest::make({});
  if (!fresh || draws < 1) {
    std::fputs("judge_simulation [DRAWS] [SEED] [CELL]: DRAWS is 1 or more\n", stderr);
    return 2;
  }
  Json rows = Json::array();
  for (const Cell& cell : cells()) {
    if (cell.name.find(only) == std::string::npos) {
      continue;
    }
    for (const double slowdown : {0.0, 0.03, 0.10}) {
      rows.push_back(row(*fresh, cell, slowdown, draws, seed));
    }
  }
  std::puts(dump_json(rows, 1).c_str());
  return 0;
}

}  // namespace
}  // namespace mia::judge

int main(int argc, char** argv) {
  const auto number = [&](int at, std::int64_t otherwise) {
    return argc > at ? mia::parse_int(argv[at]).value_or(0) : otherwise;
  };
  return mia::judge::simulate(number(1, 2000), static_cast<std::uint64_t>(number(2, 1)), argc > 3 ? argv[3] : "");
}
