// SPDX-License-Identifier: MIT
// The coins make each epoch's value symmetric around 0 when A = B, whatever the drift. Up to 9 epochs sign flips are
// too coarse for the small p that early looks may spend, so t judges. Heavy tails make t conservative, but epochs that
// lie nearly all at the same distance from 0 do not: five equal signs happen in 1 of 16 comparisons, and t takes them
// for proof where the values themselves hardly differ (docs/trust.md has the rates). The order of the processes is
// mirrored for this reason, and what it makes of the epochs is taken out from 11 on. From 10 on the flips themselves
// are counted, if the look's p holds several of the rarest pattern (2 of 2^n): at 11 epochs it would hold one, which
// asks for 11 equal signs and loses a quarter of the power, so there t goes on.
#include "judge/statistic_test.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include "stats/distributions.h"
#include "stats/paired.h"
#include "stats/proportions.h"
#include "stats/random.h"
#include "stats/sequential.h"
#include "stats/summary.h"

namespace mia::judge {
namespace {

using record::is_difference;
using record::StatisticResult;
using record::Verdict;

constexpr double kEqualAlpha = 0.05;
constexpr std::size_t kFlipsFrom = 10;
// With fewer epochs the degree of freedom that the order costs is worth more than what it explains.
constexpr std::size_t kOrderFrom = 11;
constexpr double kNeededPower = 0.9;
constexpr double kResolution = 8;
constexpr std::size_t kFutileFromLook = 2;
constexpr double kRarestRandomFlip = 1.0 / 10'001;

// Is the randomization test of n values fine enough for this p?
bool flips_reach(std::size_t n, double p) {
  const double rarest = n <= stats::kExactFlips ? std::ldexp(2.0, -static_cast<int>(n)) : kRarestRandomFlip;
  return n >= kFlipsFrom && kResolution * rarest <= p;
}

}  // namespace

StatisticTest::StatisticTest(StatisticRule rule) : rule_(std::move(rule)), planned_(boundaries(rule_.looks)) {
  state_.name = rule_.name;
  state_.figure = rule_.figure;
  state_.level = 1 - rule_.alpha;
}

StatisticTest::Boundaries StatisticTest::boundaries(const std::vector<std::int64_t>& looks) const {
  // Simulations and replays ask for few of them, again and again, and each takes some ms.
  thread_local std::map<std::tuple<std::vector<std::int64_t>, std::int64_t, double, double>, Boundaries> known;
  const auto [at, fresh] = known.try_emplace({looks, rule_.looks.back(), rule_.alpha, rule_.safety});
  if (!fresh) {
    return at->second;
  }
  std::vector<double> shares;
  for (const std::int64_t look : looks) {
    shares.push_back(static_cast<double>(look) / static_cast<double>(rule_.looks.back()));
  }
  Boundaries found{stats::nominal_p(shares, rule_.alpha, stats::Spending::power_1_5, stats::Sides::two),
                   stats::nominal_p(shares, kEqualAlpha, stats::Spending::pocock, stats::Sides::one)};
  for (double& p : found.differs) {
    p *= rule_.safety;
  }
  return at->second = found;
}

void StatisticTest::plan(std::vector<std::int64_t> looks) {
  rule_.looks = std::move(looks);
  planned_ = boundaries(rule_.looks);
}

void StatisticTest::look(const std::vector<std::int64_t>& looks, bool last) {
  if (is_difference(state_.verdict)) {
    return;
  }
  state_.verdict = Verdict::unclear;
  const bool complete = !looks.empty() && static_cast<std::int64_t>(values_.size()) == looks.back();
  const bool as_planned =
      looks.size() <= rule_.looks.size() && std::ranges::equal(looks, std::span(rule_.looks).first(looks.size()));
  const Boundaries at = as_planned ? planned_ : boundaries(looks);
  const std::size_t k = looks.size() - 1;
  if (!complete || !describe_values(at.differs[k], true)) {
    state_.decided = last;
    return;
  }
  if (!was_same_ && differs()) {
    state_.verdict = *state_.effect > 0 ? Verdict::slower : Verdict::faster;
    state_.small = *state_.low > -rule_.margin && *state_.high < rule_.margin;
    state_.decided = true;
  } else if (rule_.equivalence && equals(at.equals[k])) {
    state_.verdict = Verdict::same;
    state_.decided = was_same_ = true;
    show_equality(at.equals[k]);
  } else {
    state_.decided = last || (rule_.equivalence && looks.size() >= kFutileFromLook && out_of_reach());
  }
}

void StatisticTest::run_on() {
  if (state_.decided) {
    return;
  }
  const auto next = std::ranges::lower_bound(rule_.looks, static_cast<std::int64_t>(values_.size()));
  const auto k = static_cast<std::size_t>(std::min(next, rule_.looks.end() - 1) - rule_.looks.begin());
  if (describe_values(planned_.differs[k], false)) {
    state_.p_limit.reset();
  }
}

// Figures of the values so far; false where there are too few.
bool StatisticTest::describe_values(double p_limit, bool flips) {
  const auto plain = stats::t_test(values_);
  if (!plain) {
    return false;
  }
  const std::size_t n = values_.size();
  const auto rest = n >= kOrderFrom ? stats::without_order(values_, a_started_) : std::nullopt;
  const std::vector<double>& values = rest ? rest->values : values_;
  test_ = rest ? rest->test : *plain;
  state_.epochs = static_cast<std::int64_t>(n);
  state_.effect = test_.estimate;
  state_.sd = stats::standard_deviation(values);
  state_.level = 1 - rule_.alpha;
  state_.deviating.reset();
  state_.deviating_at_most.reset();
  state_.p_limit = p_limit;
  state_.test = flips && flips_reach(n, p_limit) ? "sign-flip" : "t";
  state_.p = test_.p;
  stats::Interval interval = stats::t_interval(test_, 1 - p_limit);
  if (state_.test == "sign-flip") {
    stats::Random random(stats::mix(rule_.seed ^ n));
    state_.p = stats::sign_flip_p(values, random);
    interval = stats::sign_flip_interval(values, p_limit).value_or(interval);
  }
  state_.low = interval.low;
  state_.high = interval.high;
  return true;
}

// The interval of the test that said "same": one-sided 5 % on either side, over all looks together.
void StatisticTest::show_equality(double p_equal) {
  const double half = stats::t_quantile(1 - p_equal, test_.df) * test_.standard_error;
  state_.low = *state_.effect - half;
  state_.high = *state_.effect + half;
  state_.level = 1 - 2 * kEqualAlpha;
  const auto differs = [&](double value) { return std::abs(value) > rule_.margin; };
  state_.deviating = std::ranges::count_if(values_, differs);
  state_.deviating_at_most =
      stats::proportion_interval(*state_.deviating, std::ssize(values_), 1 - 2 * kEqualAlpha)->high;
}

StatisticResult StatisticTest::with_prospects() const {
  StatisticResult result = state_;
  if (!result.sd || result.epochs < 2) {
    return result;
  }
  const double p = result.p_limit.value_or(planned_.differs.back());
  result.mde = stats::smallest_detectable(*result.sd, result.epochs, p, rule_.power);
  if (result.verdict == Verdict::unclear) {
    result.needed_epochs = std::max(result.epochs + 1, needed_epochs(*result.sd));
  }
  return result;
}

std::int64_t StatisticTest::needed_epochs(double sd) const {
  return std::max(kFewestEpochs, stats::values_needed(sd, rule_.margin, planned_.differs.back(), kNeededPower));
}

bool StatisticTest::differs() const {
  return *state_.p <= *state_.p_limit && std::abs(*state_.effect) >= rule_.floor;
}

bool StatisticTest::equals(double p_equal) const {
  const double half = stats::t_quantile(1 - p_equal, test_.df) * test_.standard_error;
  return std::abs(*state_.effect) + half < rule_.margin;
}

// Futility: were the spread and the mean to stay, the last look would show neither equality nor a difference. What the
// order makes of the spread will be taken out by then.
bool StatisticTest::out_of_reach() const {
  const auto most = static_cast<double>(rule_.looks.back());
  const auto rest = stats::without_order(values_, a_started_);
  const double sd = rest ? std::min(*stats::standard_deviation(rest->values), *state_.sd) : *state_.sd;
  const double error = sd / std::sqrt(most);
  const double equal_half = stats::t_quantile(1 - planned_.equals.back(), most - 1) * error;
  const double differ_half = stats::t_quantile(1 - planned_.differs.back() / 2, most - 1) * error;
  return equal_half > rule_.margin && (was_same_ || std::abs(*state_.effect) < differ_half);
}

}  // namespace mia::judge
