// SPDX-License-Identifier: MIT
#include "judge/tuning.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "stats/paired.h"
#include "stats/summary.h"

namespace mia::judge {
namespace {

constexpr std::int64_t kFirstT = 3;      // blocks from which t judges
constexpr std::int64_t kFirstEqual = 4;  // blocks from which "as fast as" is said
constexpr double kEqualErrors = 1.5;
constexpr double kRoofline = 0.95;

}  // namespace

std::string_view name_of(RaceState standing) {
  switch (standing) {
    case RaceState::racing:
      return "racing";
    case RaceState::slower:
      return "slower";
    case RaceState::as_fast:
      return "as fast, costs more";
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
  if (const auto best = leader(); best && blocks_ >= kFirstEqual) {
    drop_as_fast(*best);
  }
}

bool Race::decided() const {
  const auto racing = std::ranges::count(states_, RaceState::racing, &State::standing);
  return racing <= 1 || blocks_ >= options_.max_blocks;
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

std::optional<double> Race::gap(std::size_t candidate) const {
  const auto best = leader();
  return best ? stats::mean(paired(candidate, *best)) : std::nullopt;
}

// Both began with the first block and the leader never left, so places of the shorter list match.
std::vector<double> Race::paired(std::size_t candidate, std::size_t best) const {
  std::vector<double> differences;
  const std::vector<double>& own = states_[candidate].log_times;
  for (std::size_t i = 0; i < own.size() && i < states_[best].log_times.size(); ++i) {
    differences.push_back(own[i] - states_[best].log_times[i]);
  }
  return differences;
}

void Race::drop_slower(std::size_t best) {
  const auto hopeless = [&](const std::vector<double>& behind) {
    if (blocks_ == 1) {
      return behind.front() > std::log1p(options_.first_gap);
    }
    if (blocks_ == 2) {
      return std::ranges::min(behind) > std::log1p(options_.second_gap);
    }
    const auto test = stats::t_test(behind);
    const double limit = blocks_ == kFirstT ? options_.t_three : options_.t_later;
    return test && test->t > limit;
  };
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (i != best && states_[i].standing == RaceState::racing && hopeless(paired(i, best))) {
      states_[i].standing = RaceState::slower;
    }
  }
}

// Of the leader and those as fast as it only the cheapest goes on.
void Race::drop_as_fast(std::size_t best) {
  std::vector<std::size_t> equals = {best};
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (i == best || states_[i].standing != RaceState::racing) {
      continue;
    }
    const auto test = stats::t_test(paired(i, best));
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

Recommendation recommend(std::string settings, const record::Comparison& confirmation) {
  Recommendation recommendation;
  if (confirmation.verdict != record::Verdict::faster) {
    recommendation.sentence =
        fmt::format("no significant gain: keep the present settings ({})", sentence_of(confirmation));
    return recommendation;
  }
  recommendation.change = true;
  recommendation.sentence = fmt::format("use {}: {}", settings, sentence_of(confirmation));
  recommendation.settings = std::move(settings);
  return recommendation;
}

bool at_roofline(std::optional<double> efficiency) {
  return efficiency && *efficiency >= kRoofline;
}

}  // namespace mia::judge
