// SPDX-License-Identifier: MIT
// Pictures of single tokens: their distribution, their course in one run, their speed over depth.
#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "document/value.h"
#include "record/cell_figures.h"
#include "report/picture_parts.h"

namespace mia::report {
namespace {

using document::Block;
using document::Chart;
using document::Layer;
using record::CellReport;
using Mark = document::Layer::Mark;

constexpr std::size_t kLeastIntervals = 16;
constexpr std::size_t kSteps = 300;  // of one curve
constexpr int kBars = 40;
constexpr double kWide = 3;   // range of latencies from which on the axis is logarithmic
constexpr double kStall = 3;  // medians

struct Latencies {
  std::string label;
  std::vector<double> sorted;  // ms
};

std::vector<Latencies> latencies_of(const Part& part, const PlacedTrials& trials) {
  std::vector<Latencies> found;
  for (const CellReport* const cell : chosen_cells(part)) {
    Latencies own{record::label_of(*cell), intervals_of(trials.of(*cell))};
    if (own.sorted.size() >= kLeastIntervals) {
      std::ranges::sort(own.sorted);
      found.push_back(std::move(own));
    }
  }
  return found;
}

double at_share(const std::vector<double>& sorted, double share) {
  const auto place = static_cast<std::size_t>(share * static_cast<double>(sorted.size()));
  return sorted[std::min(place, sorted.size() - 1)];
}

document::Table percentiles_of(const std::vector<Latencies>& all) {
  constexpr double kShares[] = {0, 0.5, 0.9, 0.95, 0.99, 1};
  document::Table table{{{"", "cell"}, {"", "tokens"}}};
  for (const char* const name : {"least", "p50", "p90", "p95", "p99", "most"}) {
    table.columns.push_back({"", name, "ms"});
  }
  for (const Latencies& own : all) {
    std::vector<document::Value>& row = table.rows.emplace_back();
    row.emplace_back(own.label);
    row.emplace_back(static_cast<std::int64_t>(own.sorted.size()));
    for (const double share : kShares) {
      row.emplace_back(document::number(at_share(own.sorted, share), {2}));
    }
  }
  return table;
}

std::string percentiles_text(const std::vector<Latencies>& all) {
  std::string text;
  for (const Latencies& own : all) {
    text += fmt::format("{}{}: half of the tokens within {:.2f} ms, 95 % within {:.2f} ms, the slowest {:.2f} ms.",
                        text.empty() ? "" : " ", own.label, at_share(own.sorted, 0.5), at_share(own.sorted, 0.95),
                        own.sorted.back());
  }
  return text;
}

document::Axis latency_axis(const std::vector<Latencies>& all) {
  double least = INFINITY;
  double most = 0;
  for (const Latencies& own : all) {
    least = std::min(least, own.sorted.front());
    most = std::max(most, own.sorted.back());
  }
  return {"between two tokens (ms)", 2, least > 0 && most > kWide * least};
}

Chart shares_picture(const std::vector<Latencies>& all) {
  Chart chart{"Inter-token latency: share of tokens within", latency_axis(all), {"% of tokens", 1}};
  for (const Latencies& own : all) {
    Layer layer{Mark::steps, own.label, static_cast<int>(chart.layers.size())};
    const std::size_t count = own.sorted.size();
    const std::size_t steps = std::min(count, kSteps);
    for (std::size_t i = 0; i < steps; ++i) {
      const std::size_t rank = steps == count ? i : i * (count - 1) / (steps - 1);
      layer.points.push_back({own.sorted[rank], 100 * static_cast<double>(rank + 1) / static_cast<double>(count)});
    }
    chart.layers.push_back(std::move(layer));
  }
  chart.words = percentiles_text(all);
  chart.table = percentiles_of(all);
  return chart;
}

Chart histogram_picture(const std::vector<Latencies>& all) {
  Chart chart{"Inter-token latency: how often", latency_axis(all), {"% of tokens", 1}};
  double least = INFINITY;
  double most = 0;
  for (const Latencies& own : all) {
    least = std::min(least, own.sorted.front());
    most = std::max(most, own.sorted.back());
  }
  const bool log = chart.x.log;
  const double from = log ? std::log(least) : least;
  const double step = std::max((log ? std::log(most) : most) - from, 1e-9) / kBars;
  const auto edge = [&](int i) { return log ? std::exp(from + step * i) : from + step * i; };
  for (const Latencies& own : all) {
    std::vector<int> counts(kBars, 0);
    for (const double value : own.sorted) {
      const auto bar = static_cast<int>(((log ? std::log(value) : value) - from) / step);
      ++counts[static_cast<std::size_t>(std::clamp(bar, 0, kBars - 1))];
    }
    Layer layer{Mark::bars, own.label, static_cast<int>(chart.layers.size())};
    for (int i = 0; i < kBars; ++i) {
      const int count = counts[static_cast<std::size_t>(i)];
      if (count > 0) {
        const double share = 100.0 * count / static_cast<double>(own.sorted.size());
        layer.points.push_back(
            {(edge(i) + edge(i + 1)) / 2, share, edge(i), edge(i + 1), {}, fmt::format("{} tokens", count)});
      }
    }
    chart.layers.push_back(std::move(layer));
  }
  chart.words = fmt::format("The same latencies in {} bars of equal {}.", kBars, log ? "ratio" : "width");
  chart.table = percentiles_of(all);
  return chart;
}

struct Wait {
  const CellReport* cell = nullptr;
  const PlacedTrial* trial = nullptr;
  const record::Run* run = nullptr;
  double of_median = 0;  // the longest interval of the run
  double median = 0;     // ms
};

Wait longest_wait(const Part& part, const PlacedTrials& trials) {
  Wait longest;
  for (const CellReport& cell : part.cells) {
    for (const PlacedTrial& placed : trials.of(cell)) {
      for (const record::Run* const run : record::measured(*placed.trial)) {
        std::vector<double> intervals = record::decode_intervals_ms(*run);
        if (intervals.size() < kLeastIntervals) {
          continue;
        }
        std::ranges::sort(intervals);
        const double median = at_share(intervals, 0.5);
        const double of_median = median > 0 ? intervals.back() / median : 0;
        if (of_median > longest.of_median) {
          longest = {&cell, &placed, run, of_median, median};
        }
      }
    }
  }
  return longest;
}

Chart run_picture(const Wait& wait) {
  const std::vector<double> intervals = record::decode_intervals_ms(*wait.run);
  Chart chart{fmt::format("One run, token by token: {}, trial {}", record::label_of(*wait.cell), wait.trial->turn),
              {"since the request (s)", 2},
              {"since the token before (ms)", 2}};
  Layer dots{Mark::dots};
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    const double seconds = static_cast<double>(wait.run->token_ns[i + 1]) / 1e9;
    const bool stall = intervals[i] > kStall * wait.median;
    dots.points.push_back({seconds, intervals[i], {}, {}, {}, fmt::format("token {}", i + 2), stall});
  }
  const auto stalls = std::ranges::count(dots.points, true, &document::Point::marked);
  chart.words = fmt::format(
      "The run with the longest wait for a token, {:.1f} times its median of {:.2f} ms; {} of {} tokens took more than "
      "{:g} medians and are marked.",
      wait.of_median, wait.median, stalls, intervals.size(), kStall);
  document::Table table{{{"", "token"}, {"", "at", "s"}, {"", "took", "ms"}}};
  std::vector<std::size_t> order(intervals.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return intervals[a] > intervals[b]; });
  for (std::size_t i = 0; i < std::min<std::size_t>(order.size(), 10); ++i) {
    table.rows.push_back({static_cast<std::int64_t>(order[i] + 2),
                          document::number(std::get<double>(dots.points[order[i]].x), {3}),
                          document::number(intervals[order[i]], {2})});
  }
  chart.table = std::move(table);
  thin(chart, dots, kMostDots, "tokens");
  chart.layers.push_back(std::move(dots));
  return chart;
}

void add_depth(const Part& part, std::vector<Block>& blocks) {
  Chart chart{"Decode speed over the depth of the context", {"tokens in the context", 0}, {"decode (tok/s)", 1}};
  document::Table table{{{"", "cell"}, {"", "tokens"}, {"", "decode", "tok/s"}}};
  for (const CellReport* const cell : chosen_cells(part)) {
    const record::DecodeCurve curve = record::decode_curve(*part.report, *cell);
    if (curve.tok_s.empty()) {
      continue;
    }
    const std::string label = record::label_of(*cell);
    Layer line{Mark::line, label, static_cast<int>(chart.layers.size())};
    for (std::size_t i = 0; i < curve.tok_s.size(); ++i) {
      line.points.push_back({static_cast<double>(curve.depth[i]), curve.tok_s[i]});
      table.rows.push_back({label, curve.depth[i], document::number(curve.tok_s[i], {1})});
    }
    chart.words += fmt::format("{}{}: {:.1f} tok/s at {} tokens, {:.1f} at {}.", chart.words.empty() ? "" : " ", label,
                               curve.tok_s.front(), curve.depth.front(), curve.tok_s.back(), curve.depth.back());
    chart.layers.push_back(std::move(line));
  }
  if (!chart.layers.empty()) {
    chart.table = std::move(table);
    blocks.emplace_back(std::move(chart));
  }
}

}  // namespace

void add_token_pictures(const Part& part, const PlacedTrials& trials, bool every, std::vector<Block>& blocks) {
  add_depth(part, blocks);
  if (!every && !part.latency) {
    return;
  }
  if (const std::vector<Latencies> all = latencies_of(part, trials); !all.empty()) {
    blocks.emplace_back(shares_picture(all));
    blocks.emplace_back(histogram_picture(all));
  }
  if (const Wait wait = longest_wait(part, trials); wait.run != nullptr) {
    blocks.emplace_back(run_picture(wait));
  }
}

}  // namespace mia::report
