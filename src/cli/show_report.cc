// SPDX-License-Identifier: MIT
#include "cli/show_report.h"

#include <nlohmann/json.hpp>

#include "app/find_report.h"
#include "report/csv.h"
#include "report/document.h"
#include "report/json.h"

namespace mia::cli {

Result<int> show_report(const Common& common, const std::string& what, const std::string& format, bool allow_edited) {
  const bool sentences = !common.json && (format == "text" || format == "md");
  MIA_TRY_ASSIGN(
      const record::Report found,
      app::find_report(common, what, allow_edited, sentences ? app::Trials::conditions : app::Trials::whole));
  if (common.json || format == "json") {
    print(report::pretty_json(report::to_document(found)));
  } else if (format == "md") {
    print(report::to_markdown(found));
  } else if (format == "csv") {
    print(report::to_csv(found));
  } else if (format == "jsonl") {
    print(report::to_jsonl(found));
  } else {
    print(document::to_text(report::document_of(found), terminal_look()));
  }
  return kOk;
}

}  // namespace mia::cli
