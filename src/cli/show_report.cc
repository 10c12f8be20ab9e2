// SPDX-License-Identifier: MIT
#include "cli/show_report.h"

#include <nlohmann/json.hpp>

#include "app/find_report.h"
#include "app/page.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "document/markdown.h"
#include "report/comparison.h"
#include "report/csv.h"
#include "report/document.h"
#include "report/json.h"

namespace mia::cli {
namespace {

Result<std::string> text_of(const record::Comparison& found, const std::string& format, report::Extent) {
  if (format == "json") {
    return report::pretty_json(report::to_document(found));
  }
  if (format == "md") {
    return document::to_markdown(report::document_of(found));
  }
  if (format == "html") {
    return app::to_html(found);
  }
  if (format == "text") {
    return document::to_text(report::document_of(found), terminal_look());
  }
  return fail(ErrorKind::usage, "--format {}: a comparison is shown as text, md, html or json", format);
}

Result<std::string> text_of(const record::Report& found, const std::string& format, report::Extent extent) {
  if (format == "json") {
    return report::pretty_json(report::to_document(found));
  }
  if (format == "md") {
    return report::to_markdown(found);
  }
  if (format == "html") {
    return app::to_html(found);
  }
  if (format == "csv") {
    return report::to_csv(found);
  }
  return format == "jsonl" ? report::to_jsonl(found)
                           : document::to_text(report::document_of(found, extent), terminal_look());
}

}  // namespace

Result<int> show_report(const Common& common, const ShownReport& shown) {
  const std::string& format = common.json ? "json" : shown.format;
  const bool sentences = format == "text" || format == "md";
  MIA_TRY_ASSIGN(const report::Found found, app::find_result(common, shown.what, shown.allow_edited,
                                                             sentences ? app::Trials::conditions : app::Trials::whole));
  MIA_TRY_ASSIGN(const std::string text,
                 std::visit([&](const auto& result) { return text_of(result, format, extent_of(common)); }, found));
  if (shown.out.empty()) {
    print(text);
    return kOk;
  }
  MIA_TRY(write_file_atomic(shown.out, text));
  log::info(fmt::format("report: {}", one_line(shown.out, 4096)));
  return kOk;
}

report::Extent extent_of(const Common& common) {
  return common.verbose ? report::Extent::everything : report::Extent::usual;
}

}  // namespace mia::cli
