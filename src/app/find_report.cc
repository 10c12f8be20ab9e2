// SPDX-License-Identifier: MIT
#include "app/find_report.h"

#include <filesystem>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "report/json.h"

namespace mia::app {
namespace {

Result<record::Report> from_store(const Scope& scope, const std::string& id, Trials trials) {
  MIA_TRY_ASSIGN(store::Store store, open_store(scope));
  MIA_TRY_ASSIGN(store::Session session, store.session(id));
  if (!session.report) {
    return fail(ErrorKind::usage, "session {} has no report yet ({}); resume it with run --resume", session.row.id,
                session.row.state);
  }
  MIA_TRY_ASSIGN(session.report->trials,
                 trials == Trials::whole ? store.trials(session.row.id) : store.trial_conditions(session.row.id));
  return std::move(*session.report);
}

}  // namespace

Result<store::Store> open_store(const Scope& scope) {
  return store::Store::open(scope.store.empty() ? store::default_path() : std::filesystem::path(scope.store));
}

Result<record::Report> find_report(const Scope& scope, const std::string& what, bool allow_edited, Trials trials) {
  std::error_code error;
  if (std::filesystem::exists(what, error) || what.find('/') != std::string::npos || what.ends_with(".json")) {
    return report::read_report(what, allow_edited ? report::Edited::allow : report::Edited::refuse);
  }
  auto found = from_store(scope, what, trials);
  if (!found && found.error().kind == ErrorKind::not_found && what != "last") {
    return with_hint(fail(ErrorKind::not_found, "there is neither a report file nor a session '{}'", what),
                     fmt::format("{}; mia-perf history lists sessions", no_such_file(what).error.hint));
  }
  return found;
}

}  // namespace mia::app
