// SPDX-License-Identifier: MIT
// A metric over time, and where its level changed: our sessions and imported results.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "document/document.h"
#include "judge/trend.h"
#include "record/metrics.h"
#include "store/store.h"

namespace mia::app {

struct TrendRequest {
  std::string metric = "tokens_per_s";
  store::SeriesFilter filter;
};

struct FoundTrend {
  store::Series series;
  judge::Trend trend;
};

struct Trends {
  const record::Metric* metric = nullptr;  // never nullptr
  std::vector<FoundTrend> found;
  std::vector<store::Forgotten> forgotten;  // not in them
  std::vector<std::string> accepted;        // sessions that are baselines now
};

// Usage error for a metric that nothing has, and for a filter that is none.
[[nodiscard]] Result<Trends> find_trends(store::Store& store, const TrendRequest& request);

// For a terminal.
[[nodiscard]] document::Document document_of(const Trends& trends);
// With pictures, and links to the sessions.
[[nodiscard]] document::Document page_of(const Trends& trends);
[[nodiscard]] Json to_json(const Trends& trends);

[[nodiscard]] document::Table table_of(const std::vector<store::Forgotten>& forgotten);
// A section of them, where there are any.
void add_forgotten(document::Document& document, const std::vector<store::Forgotten>& forgotten);

}  // namespace mia::app
