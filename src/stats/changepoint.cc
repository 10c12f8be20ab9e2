// SPDX-License-Identifier: MIT
// Optimal partitioning (Jackson et al. 2005): the cheapest segmentation of a prefix ends in some segment whose start is
// the end of a cheapest shorter prefix, which makes an exact search quadratic. The cost of a segment is its residual
// sum of squares in units of the noise. Two measures make that safe on histories of timings:
//  - values further than 2.5 sd from their running median are pulled in, so that one bad night is no level;
//  - neighbours of one machine correlate, which makes drift look like steps: the noise is corrected for it and the
//    penalty grows by (1 + r) / (1 - r), r being the lag-1 correlation of what the segments leave.
#include "stats/changepoint.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "stats/paired.h"
#include "stats/summary.h"

namespace mia::stats {
namespace {

constexpr std::size_t kHalfWindow = 3;
constexpr double kClip = 2.5;
constexpr double kMostCorrelation = 0.95;
// The correlation of a short series is known badly: it pays the price of this many points.
constexpr std::size_t kShortSeries = 200;

// From successive differences, which steps hardly touch. Assumes independence: correlate later.
double difference_sd(std::span<const double> values, double floor) {
  std::vector<double> differences;
  for (std::size_t i = 1; i < values.size(); ++i) {
    differences.push_back(values[i] - values[i - 1]);
  }
  return std::max(floor, mad(differences).value_or(0) * kMadToSd / std::sqrt(2.0));
}

// What is left of the differences after winsorising: spikes that were pulled in still add to the noise.
double remaining_sd(std::span<const double> values) {
  double squares = 0;
  for (std::size_t i = 1; i < values.size(); ++i) {
    squares += (values[i] - values[i - 1]) * (values[i] - values[i - 1]);
  }
  return std::sqrt(squares / static_cast<double>(values.size() - 1) / 2);
}

std::vector<double> winsorized(std::span<const double> values, double sd) {
  std::vector<double> result;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t from = i > kHalfWindow ? i - kHalfWindow : 0;
    const std::size_t count = std::min(i + kHalfWindow + 1, values.size()) - from;
    const double centre = *median(values.subspan(from, count));
    result.push_back(std::clamp(values[i], centre - kClip * sd, centre + kClip * sd));
  }
  return result;
}

class Partition {
 public:
  explicit Partition(std::span<const double> values) : sums_(values.size() + 1), squares_(values.size() + 1) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      sums_[i + 1] = sums_[i] + values[i];
      squares_[i + 1] = squares_[i] + values[i] * values[i];
    }
  }

  // Starts of the segments after the first.
  [[nodiscard]] std::vector<std::size_t> starts(double price, std::size_t least) const {
    const std::size_t n = sums_.size() - 1;
    std::vector<double> best(n + 1, std::numeric_limits<double>::infinity());
    std::vector<std::size_t> last(n + 1, 0);
    best[0] = -price;
    for (std::size_t end = least; end <= n; ++end) {
      for (std::size_t start = 0; start + least <= end; ++start) {
        const double total = best[start] + cost(start, end) + price;
        if (total < best[end]) {
          best[end] = total;
          last[end] = start;
        }
      }
    }
    std::vector<std::size_t> found;
    for (std::size_t end = last[n]; end > 0; end = last[end]) {
      found.push_back(end);
    }
    std::ranges::reverse(found);
    return found;
  }

  [[nodiscard]] double level(std::size_t start, std::size_t end) const {
    return (sums_[end] - sums_[start]) / static_cast<double>(end - start);
  }

 private:
  [[nodiscard]] double cost(std::size_t start, std::size_t end) const {
    const double sum = sums_[end] - sums_[start];
    return squares_[end] - squares_[start] - sum * sum / static_cast<double>(end - start);
  }

  std::vector<double> sums_;
  std::vector<double> squares_;
};

std::vector<std::size_t> with_ends(const std::vector<std::size_t>& starts, std::size_t n) {
  std::vector<std::size_t> ends = {0};
  ends.insert(ends.end(), starts.begin(), starts.end());
  ends.push_back(n);
  return ends;
}

// Lag-1 correlation of the residuals, each segment's estimated level making it too small by about (1 + 3 r) / n.
double residual_correlation(std::span<const double> values, const Partition& partition,
                            const std::vector<std::size_t>& starts) {
  const std::vector<std::size_t> ends = with_ends(starts, values.size());
  std::vector<double> residuals;
  for (std::size_t segment = 0; segment + 1 < ends.size(); ++segment) {
    const double level = partition.level(ends[segment], ends[segment + 1]);
    for (std::size_t i = ends[segment]; i < ends[segment + 1]; ++i) {
      residuals.push_back(values[i] - level);
    }
  }
  const double r = lag1_autocorrelation(residuals).value_or(0);
  const double share = static_cast<double>(ends.size() - 1) / static_cast<double>(values.size());
  return std::clamp(r + (1 + 3 * r) * share, 0.0, kMostCorrelation);
}

std::vector<std::size_t> segment_starts(std::span<const double> values, const Partition& partition, double sd,
                                        const ChangePointOptions& options) {
  constexpr int kMostRounds = 6;
  const double unit = options.penalty * std::log(static_cast<double>(std::max(values.size(), kShortSeries)));
  double correlation = 0;
  std::vector<std::size_t> starts = partition.starts(unit * sd * sd, options.least_segment);
  for (int round = 0; round < kMostRounds && !options.anchored; ++round) {
    // Correlation that segments swallowed shows only when they are gone, so it may grow but not shrink.
    const double now = std::max(correlation, residual_correlation(values, partition, starts));
    if (now - correlation < 0.01) {
      break;
    }
    correlation = now;
    const double variance = sd * sd / (1 - correlation);
    starts = partition.starts(unit * variance * (1 + correlation) / (1 - correlation), options.least_segment);
  }
  return starts;
}

}  // namespace

std::vector<ChangePoint> change_points(std::span<const double> log_values, const ChangePointOptions& options) {
  const std::size_t skipped = log_values.size() > kMaxSeries ? log_values.size() - kMaxSeries : 0;
  const std::span<const double> recent = log_values.subspan(skipped);
  if (recent.size() < 2 * options.least_segment || recent.size() < 3) {
    return {};
  }
  const double sd = difference_sd(recent, options.least_sd);
  const std::vector<double> values = winsorized(recent, sd);
  const Partition partition(values);
  const double noise = std::max(sd, remaining_sd(values));
  const std::vector<std::size_t> ends = with_ends(segment_starts(values, partition, noise, options), values.size());
  std::vector<ChangePoint> points;
  for (std::size_t i = 1; i + 1 < ends.size(); ++i) {
    // Of the values as measured: winsorising pulls the ends of a level towards its neighbour.
    const double before = *median(recent.subspan(ends[i - 1], ends[i] - ends[i - 1]));
    const double after = *median(recent.subspan(ends[i], ends[i + 1] - ends[i]));
    if (std::abs(after - before) >= options.least_change) {
      points.push_back({skipped + ends[i], before, after, after - before});
    }
  }
  return points;
}

std::optional<std::size_t> shift_alarm(std::span<const double> log_values, double level, double sd) {
  constexpr double kThreshold = 6.75;  // mean run length 1,000 without a shift
  constexpr std::size_t kWindow = 200;
  std::vector<double> sums = {0};
  for (std::size_t i = 0; i < log_values.size(); ++i) {
    sums.push_back(sums.back() + (log_values[i] - level) / sd);
    for (std::size_t start = i + 1 > kWindow ? i + 1 - kWindow : 0; start <= i; ++start) {
      const double sum = sums[i + 1] - sums[start];
      if (sum * sum / (2 * static_cast<double>(i + 1 - start)) > kThreshold) {
        return i;
      }
    }
  }
  return std::nullopt;
}

}  // namespace mia::stats
