// SPDX-License-Identifier: MIT
#include "cli/find_report.h"

#include <filesystem>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "report/csv.h"
#include "report/json.h"
#include "report/markdown.h"
#include "report/rows.h"
#include "report/text.h"

namespace mia::cli {
namespace {

Result<record::Report> from_store(const Common& common, const std::string& id) {
  MIA_TRY_ASSIGN(store::Store store, open_store(common));
  MIA_TRY_ASSIGN(store::Session session, store.session(id));
  if (!session.report) {
    return fail(ErrorKind::usage, "session {} has no report yet ({}); resume it with run --resume", session.row.id,
                session.row.state);
  }
  MIA_TRY_ASSIGN(session.report->trials, store.trials(session.row.id));
  return std::move(*session.report);
}

}  // namespace

Result<store::Store> open_store(const Common& common) {
  return store::Store::open(common.store.empty() ? store::default_path() : std::filesystem::path(common.store));
}

Result<record::Report> find_report(const Common& common, const std::string& what, bool allow_edited) {
  std::error_code error;
  if (std::filesystem::exists(what, error) || what.find('/') != std::string::npos || what.ends_with(".json")) {
    return report::read_report(what, allow_edited ? report::Edited::allow : report::Edited::refuse);
  }
  auto found = from_store(common, what);
  if (!found && found.error().kind == ErrorKind::not_found && what != "last") {
    return with_hint(fail(ErrorKind::not_found, "there is neither a report file nor a session '{}'", what),
                     fmt::format("{}; mia-perf history lists sessions", no_such_file(what).error.hint));
  }
  return found;
}

Result<int> show_report(const Common& common, const std::string& what, const std::string& format, bool allow_edited) {
  MIA_TRY_ASSIGN(const record::Report found, find_report(common, what, allow_edited));
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
