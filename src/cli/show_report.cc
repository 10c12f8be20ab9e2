// SPDX-License-Identifier: MIT
#include "cli/show_report.h"

#include <nlohmann/json.hpp>

#include "app/find_report.h"
#include "report/csv.h"
#include "report/json.h"
#include "report/markdown.h"
#include "report/rows.h"
#include "report/text.h"

namespace mia::cli {

Result<int> show_report(const Common& common, const std::string& what, const std::string& format, bool allow_edited) {
  MIA_TRY_ASSIGN(const record::Report found, app::find_report(common, what, allow_edited));
  if (common.json || format == "json") {
    print(report::pretty_json(report::to_document(found)));
  } else if (format == "md") {
    print(report::to_markdown(found));
  } else if (format == "csv") {
    print(report::to_csv(found));
  } else if (format == "jsonl") {
    print(report::to_jsonl(found));
  } else {
    print(report::to_text(found, {terminal_width(), want_color(), report::wants_latency(found)}));
  }
  return kOk;
}

}  // namespace mia::cli
