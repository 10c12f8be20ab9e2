// SPDX-License-Identifier: MIT
#include "cli/show_report.h"

#include <nlohmann/json.hpp>

#include "app/find_report.h"
#include "document/markdown.h"
#include "report/comparison.h"
#include "report/csv.h"
#include "report/document.h"
#include "report/json.h"

namespace mia::cli {
namespace {

Result<int> show_comparison(const record::Comparison& found, const std::string& format) {
  if (format == "json") {
    print(report::pretty_json(report::to_document(found)));
  } else if (format == "md") {
    print(document::to_markdown(report::document_of(found)));
  } else if (format == "text") {
    print(document::to_text(report::document_of(found), terminal_look()));
  } else {
    return fail(ErrorKind::usage, "--format {}: a comparison is shown as text, md or json", format);
  }
  return kOk;
}

}  // namespace

Result<int> show_report(const Common& common, const std::string& what, const std::string& format, bool allow_edited) {
  const bool sentences = !common.json && (format == "text" || format == "md");
  MIA_TRY_ASSIGN(
      const report::Found result,
      app::find_result(common, what, allow_edited, sentences ? app::Trials::conditions : app::Trials::whole));
  if (const auto* const comparison = std::get_if<record::Comparison>(&result)) {
    return show_comparison(*comparison, common.json ? "json" : format);
  }
  const auto& found = std::get<record::Report>(result);
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
