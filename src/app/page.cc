// SPDX-License-Identifier: MIT
#include "app/page.h"

#include <algorithm>

#include "base/files.h"
#include "judge/paired_test.h"
#include "report/comparison.h"
#include "report/document.h"

namespace mia::app {
namespace {

// The deciding statistic after each epoch that counts, judged again as it was then.
std::vector<record::StatisticResult> looks_of(const record::Comparison& comparison) {
  judge::PairedOptions options;
  options.alpha = comparison.alpha;
  options.margin = comparison.margin;
  options.floor = std::min(options.floor, options.margin);
  options.max_epochs = std::max(options.max_epochs, comparison.epochs);
  auto test = judge::PairedTest::make(options);
  std::vector<record::StatisticResult> looks;
  if (!test) {
    return looks;
  }
  const std::string name = record::deciding(comparison).name;
  for (const record::PairEpoch& epoch : comparison.epoch_table) {
    const std::int64_t before = test->epochs();
    test->add_epoch(judge::figures_of(epoch));
    const judge::Decision decision = test->look();
    const auto at = std::ranges::find(decision.statistics, name, &record::StatisticResult::name);
    if (at != decision.statistics.end() && test->epochs() > before) {
      looks.push_back(*at);
    }
  }
  return looks;
}

}  // namespace

std::string to_html(const record::Report& report, const document::Frame& frame) {
  return document::to_html(report::page_of(report), frame);
}

std::string to_html(const record::Comparison& comparison, const document::Frame& frame) {
  return document::to_html(report::page_of(comparison, looks_of(comparison)), frame);
}

Result<std::filesystem::path> write_page(const std::string& html, std::filesystem::path json) {
  json.replace_extension(".html");
  MIA_TRY(write_file_atomic(json, html));
  return json;
}

}  // namespace mia::app
