// SPDX-License-Identifier: MIT
// The test statistic behaves like Brownian motion B over the share t of information: at a look it is N(0, t), and
// between looks it gains independent N(0, dt). `Walk` holds the density of B over the values at which no earlier look
// has stopped, on a grid; each look finds the bound that the right tail of the next density leaves with just the alpha
// to be spent, cuts there and goes on.
#include "stats/sequential.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "stats/distributions.h"

namespace mia::stats {
namespace {

constexpr std::size_t kGrid = 257;  // odd, for Simpson; boundaries are good to 5 digits
constexpr double kFar = 9;          // standard deviations that stand for infinity

double density(double z) {
  return std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
}

class Walk {
 public:
  explicit Walk(Sides sides) : sides_(sides) {}

  // Moves on to information `t`, spends `alpha` there and returns the nominal p of the bound.
  double look(double t, double alpha) {
    const double sd = std::sqrt(t - t_);
    const double bound = find_bound(sd, std::sqrt(t), alpha);
    advance(sd, sides_ == Sides::two ? -bound : -kFar * std::sqrt(t), bound);
    t_ = t;
    const double tail = normal_cdf(-bound / std::sqrt(t));
    return sides_ == Sides::two ? 2 * tail : tail;
  }

 private:
  // P(not stopped before, above `bound` now).
  [[nodiscard]] double crossing(double bound, double sd) const {
    if (at_.empty()) {
      return normal_cdf(-bound / sd);
    }
    double sum = 0;
    for (std::size_t i = 0; i < at_.size(); ++i) {
      sum += mass_[i] * normal_cdf((at_[i] - bound) / sd);
    }
    return sum;
  }

  [[nodiscard]] double find_bound(double sd, double scale, double alpha) const {
    const double wanted = sides_ == Sides::two ? alpha / 2 : alpha;
    double low = 0;
    double high = kFar * scale;
    for (int i = 0; i < 60; ++i) {
      const double middle = (low + high) / 2;
      (crossing(middle, sd) > wanted ? low : high) = middle;
    }
    return high;
  }

  void advance(double sd, double from, double to) {
    std::vector<double> at(kGrid);
    std::vector<double> mass(kGrid);
    const double step = (to - from) / static_cast<double>(kGrid - 1);
    for (std::size_t i = 0; i < kGrid; ++i) {
      at[i] = from + step * static_cast<double>(i);
      const double simpson = i == 0 || i == kGrid - 1 ? 1.0 / 3 : (i % 2 == 1 ? 4.0 / 3 : 2.0 / 3);
      mass[i] = simpson * step * density_at(at[i], sd);
    }
    at_ = std::move(at);
    mass_ = std::move(mass);
  }

  [[nodiscard]] double density_at(double x, double sd) const {
    if (at_.empty()) {
      return density(x / sd) / sd;
    }
    double sum = 0;
    for (std::size_t i = 0; i < at_.size(); ++i) {
      sum += mass_[i] * density((x - at_[i]) / sd);
    }
    return sum / sd;
  }

  Sides sides_;
  double t_ = 0;
  std::vector<double> at_;    // grid of values not stopped so far; empty before the first look
  std::vector<double> mass_;  // probability around each
};

}  // namespace

double spent_alpha(Spending spending, double alpha, double t) {
  return spending == Spending::power_1_5 ? alpha * std::pow(t, 1.5) : alpha * std::log(1 + (std::numbers::e - 1) * t);
}

std::vector<double> nominal_p(std::span<const double> information, double alpha, Spending spending, Sides sides) {
  Walk walk(sides);
  std::vector<double> nominal;
  double before = 0;
  for (const double t : information) {
    const double until = spent_alpha(spending, alpha, t);
    nominal.push_back(walk.look(t, until - before));
    before = until;
  }
  return nominal;
}

std::vector<std::int64_t> look_epochs(std::int64_t max_epochs) {
  constexpr std::array kShares = {0.25, 0.4, 0.55, 0.75, 1.0};
  constexpr std::int64_t kFirst = 5;  // fewer epochs would lean on normality alone
  std::vector<std::int64_t> looks;
  for (const double share : kShares) {
    const auto n = static_cast<std::int64_t>(std::llround(share * static_cast<double>(max_epochs)));
    const std::int64_t look = std::min(std::max(n, kFirst), max_epochs);
    if (looks.empty() || look > looks.back()) {
      looks.push_back(look);
    }
  }
  return looks;
}

}  // namespace mia::stats
