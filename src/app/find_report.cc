// SPDX-License-Identifier: MIT
#include "app/find_report.h"

#include <algorithm>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/text.h"

namespace mia::app {
namespace {

Result<record::Report> from_store(store::Store& store, const std::string& id, Trials trials) {
  MIA_TRY_ASSIGN(store::Session session, store.session(id));
  if (!session.report) {
    return fail(ErrorKind::usage, "session {} has no report yet ({}); resume it with run --resume", session.row.id,
                session.row.state);
  }
  MIA_TRY_ASSIGN(session.report->trials,
                 trials == Trials::whole ? store.trials(session.row.id) : store.trial_conditions(session.row.id));
  return std::move(*session.report);
}

bool names_a_file(const std::string& what) {
  std::error_code error;
  return std::filesystem::exists(what, error) || what.find('/') != std::string::npos || what.ends_with(".json") ||
         what.ends_with(".json.gz");
}

// The comparison was begun after the last session, or in its second: history lists it first, too.
Result<bool> is_later(store::Store& store) {
  store::SessionFilter filter;
  filter.limit = 1;
  MIA_TRY_ASSIGN(const auto sessions, store.sessions(filter));
  MIA_TRY_ASSIGN(const auto comparisons, store.comparisons(1));
  return !comparisons.empty() && (sessions.empty() || comparisons.front().started >= sessions.front().started);
}

Result<std::optional<record::Comparison>> stored_comparison(store::Store& store, const std::string& what) {
  if (what == "last") {
    MIA_TRY_ASSIGN(const bool later, is_later(store));
    if (!later) {
      return std::optional<record::Comparison>();
    }
  }
  auto found = store.comparison(what);
  if (!found && found.error().kind == ErrorKind::not_found) {
    return std::optional<record::Comparison>();
  }
  MIA_TRY_ASSIGN(record::Comparison comparison, std::move(found));
  if (const auto session = store.session(what);
      what != "last" && (session || session.error().kind == ErrorKind::usage)) {
    return with_hint(fail(ErrorKind::usage, "'{}' is the beginning of comparison {} and of a session",
                          one_line(what, 100), comparison.session),
                     "give more of the id");
  }
  return std::optional(std::move(comparison));
}

// History lists imported files among the sessions, and they have no report.
Failure not_here(store::Store& store, const std::string& what) {
  MIA_TRY_ASSIGN(const auto files, store.imports());
  const auto at = std::ranges::find(files, what, &store::ImportedFile::id);
  if (at != files.end()) {
    return with_hint(
        fail(ErrorKind::usage, "{} is a file of {} that was imported, not a report", what, one_line(at->tool, 80)),
        "mia-perf import and the file's name show its rows, mia-perf history trend its levels");
  }
  return with_hint(fail(ErrorKind::not_found, "there is neither a report file nor a session '{}'", what),
                   fmt::format("{}; mia-perf history lists sessions", no_such_file(what).error.hint));
}

}  // namespace

Result<store::Store> open_store(const std::string& path) {
  return store::Store::open(path.empty() ? store::default_path() : std::filesystem::path(path), proc::interrupted);
}

Result<store::Store> open_store(const Scope& scope) {
  return open_store(scope.store);
}

Result<record::Report> find_report(const Scope& scope, const std::string& what, bool allow_edited, Trials trials) {
  if (names_a_file(what)) {
    return report::read_report(what, allow_edited ? report::Edited::allow : report::Edited::refuse);
  }
  MIA_TRY_ASSIGN(store::Store store, open_store(scope));
  auto found = from_store(store, what, trials);
  if (!found && found.error().kind == ErrorKind::not_found && what != "last") {
    return not_here(store, what);
  }
  return found;
}

Result<report::Found> find_result(const Scope& scope, const std::string& what, bool allow_edited, Trials trials) {
  if (names_a_file(what)) {
    return report::read_result(what, allow_edited ? report::Edited::allow : report::Edited::refuse);
  }
  MIA_TRY_ASSIGN(store::Store store, open_store(scope));
  auto found = find_stored(store, what, trials);
  if (!found && found.error().kind == ErrorKind::not_found && what != "last") {
    return not_here(store, what);
  }
  return found;
}

Result<report::Found> find_stored(store::Store& store, const std::string& what, Trials trials) {
  MIA_TRY_ASSIGN(auto comparison, stored_comparison(store, what));
  if (comparison) {
    return report::Found(std::move(*comparison));
  }
  MIA_TRY_ASSIGN(record::Report found, from_store(store, what, trials));
  return report::Found(std::move(found));
}

}  // namespace mia::app
