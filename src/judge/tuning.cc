// SPDX-License-Identifier: MIT
#include "judge/tuning.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "stats/distributions.h"
#include "stats/paired.h"
#include "stats/summary.h"

namespace mia::judge {
namespace {

constexpr std::int64_t kFirstT = 3;      // blocks from which t judges
constexpr std::int64_t kFirstEqual = 4;  // blocks from which "as fast as" is said
constexpr double kEqualErrors = 1.5;
constexpr double kNoticed = 0.8;
constexpr double kRoofline = 0.95;

}  // namespace

std::string_view name_of(RaceState standing) {
  switch (standing) {
    case RaceState::racing:
      return "undecided";
    case RaceState::slower:
      return "slower";
    case RaceState::no_gain:
      return "no gain";
    case RaceState::as_fast:
      return "as fast";
    case RaceState::failed:
      break;
  }
  return "failed";
}

Race::Race(std::vector<Candidate> candidates, std::size_t incumbent, RaceOptions options)
    : candidates_(std::move(candidates)), incumbent_(incumbent), options_(options), states_(candidates_.size()) {}

std::vector<std::size_t> Race::next_block(stats::Random& random) const {
  std::vector<std::size_t> block;
  for (std::size_t i = 0; i < states_.size() && !decided(); ++i) {
    if (states_[i].standing == RaceState::racing) {
      block.push_back(i);
    }
  }
  random.shuffle(std::span(block));
  return block;
}

void Race::add_block(std::span<const std::optional<double>> times) {
  ++blocks_;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (states_[i].standing != RaceState::racing) {
      continue;
    }
    const auto time = i < times.size() ? times[i] : std::nullopt;
    if (time && std::isfinite(*time) && *time > 0) {
      states_[i].log_times.push_back(std::log(*time));
    } else {
      states_[i].standing = RaceState::failed;
    }
  }
  if (const auto best = leader()) {
    drop_slower(*best);
  }
  if (blocks_ < kFirstEqual) {
    return;
  }
  if (const auto best = leader()) {
    drop_as_fast(*best);
  }
  drop_hopeless();
}

bool Race::decided() const {
  const auto racing = std::ranges::count(states_, RaceState::racing, &State::standing);
  const bool beaten = states_[incumbent_].standing != RaceState::racing;
  return racing <= 1 || blocks_ >= (beaten ? options_.enough_blocks : options_.max_blocks);
}

std::optional<std::size_t> Race::winner() const {
  return states_[incumbent_].standing == RaceState::racing ? incumbent_ : leader();
}

std::optional<std::size_t> Race::leader() const {
  if (blocks_ == 0) {
    return incumbent_;
  }
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const bool racing = states_[i].standing == RaceState::racing;
    // All that race have run in every block, so means compare.
    if (racing && (!best || *stats::mean(states_[i].log_times) < *stats::mean(states_[*best].log_times))) {
      best = i;
    }
  }
  return best;
}

// All began with the first block, so places of the shorter list match.
std::vector<double> Race::differences(std::size_t candidate, std::size_t other) const {
  std::vector<double> found;
  const std::vector<double>& own = states_[candidate].log_times;
  for (std::size_t i = 0; i < own.size() && i < states_[other].log_times.size(); ++i) {
    found.push_back(own[i] - states_[other].log_times[i]);
  }
  return found;
}

void Race::drop_slower(std::size_t best) {
  const auto hopeless = [&](const std::vector<double>& behind) {
    if (blocks_ < kFirstT) {
      return blocks_ > 1 && std::ranges::min(behind) > std::log1p(options_.second_gap);
    }
    const auto test = stats::t_test(behind);
    const double limit = blocks_ == kFirstT ? options_.t_three : options_.t_later;
    return test && test->t > limit;
  };
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (i == best || states_[i].standing != RaceState::racing) {
      continue;
    }
    if (i == incumbent_ ? shows_gain(best) : hopeless(differences(i, best))) {
      states_[i].standing = RaceState::slower;
    }
  }
}

// One-sided p that one value must reach at one look; every block from the third on is a look.
double Race::share_of_a_look() const {
  const auto looks = static_cast<double>(options_.max_blocks - kFirstT + 1);
  const auto others = static_cast<double>(std::max<std::size_t>(states_.size(), 2) - 1);
  return options_.chance / (looks * others);
}

double Race::critical_t(std::int64_t blocks) const {
  return stats::t_quantile(1 - share_of_a_look(), static_cast<double>(blocks - 1));
}

bool Race::shows_gain(std::size_t candidate) const {
  const auto test = stats::t_test(differences(incumbent_, candidate));
  return blocks_ >= kFirstT && test && test->estimate >= std::log1p(options_.least_gain) &&
         test->t >= critical_t(blocks_);
}

void Race::drop_hopeless() {
  if (states_[incumbent_].standing != RaceState::racing) {
    return;
  }
  const double shrink = std::sqrt(static_cast<double>(blocks_) / static_cast<double>(options_.max_blocks));
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const auto test = stats::t_test(differences(incumbent_, i));
    if (i == incumbent_ || states_[i].standing != RaceState::racing || !test) {
      continue;
    }
    const double needed = critical_t(options_.max_blocks) * test->standard_error * shrink;
    if (test->estimate + kEqualErrors * test->standard_error < std::max(needed, std::log1p(options_.least_gain))) {
      states_[i].standing = RaceState::no_gain;
    }
  }
}

std::optional<double> Race::noticeable() const {
  double squares = 0;
  double freedom = 0;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const std::vector<double> behind = differences(i, incumbent_);
    if (const auto sd = stats::standard_deviation(behind); sd && i != incumbent_) {
      squares += *sd * *sd * static_cast<double>(behind.size() - 1);
      freedom += static_cast<double>(behind.size() - 1);
    }
  }
  if (freedom < 2) {
    return std::nullopt;
  }
  const std::int64_t blocks = options_.max_blocks;
  const double seen = stats::smallest_detectable(std::sqrt(squares / freedom), blocks, 2 * share_of_a_look(), kNoticed);
  return std::max(seen, std::log1p(options_.least_gain));
}

// Of the leader and those as fast as it only the cheapest goes on.
void Race::drop_as_fast(std::size_t best) {
  std::vector<std::size_t> equals = {best};
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (i == best || states_[i].standing != RaceState::racing) {
      continue;
    }
    const auto test = stats::t_test(differences(i, best));
    if (test && test->estimate + kEqualErrors * test->standard_error < std::log1p(options_.equal_zone)) {
      equals.push_back(i);
    }
  }
  const auto cost = [&](std::size_t i) { return candidates_[i].cost; };
  const std::size_t cheapest = *std::ranges::min_element(equals, {}, cost);
  for (const std::size_t i : equals) {
    if (i != cheapest) {
      states_[i].standing = RaceState::as_fast;
    }
  }
}

bool at_roofline(double least_s, double turn_s) {
  return least_s > 0 && turn_s > 0 && least_s >= kRoofline * turn_s;
}

}  // namespace mia::judge
