// SPDX-License-Identifier: MIT
#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/find_report.h"
#include "base/text.h"
#include "cli/cli.h"

namespace mia::cli {
namespace {

struct AcceptOptions {
  std::string what;
  std::string reason;
  bool allow_edited = false;
  bool list = false;
};

// A baseline must hold a figure for each of its cells.
Status require_acceptable(const record::Report& found) {
  if (!found.complete) {
    return with_hint(fail(ErrorKind::usage, "session {} did not finish", one_line(found.session, 100)),
                     "only whole reports are accepted: run --resume goes on");
  }
  for (const record::CellReport& cell : found.cells) {
    const auto speed = cell.metrics.find("tokens_per_s");
    if (speed == cell.metrics.end() || !speed->second.value) {
      return fail(ErrorKind::usage, "{} has no speed to hold others to{}{}", one_line(label_of(cell), 100),
                  cell.failure.empty() ? "" : ": ", one_line(cell.failure, 200));
    }
  }
  return found.cells.empty() ? fail(ErrorKind::usage, "the report has no cells") : Status();
}

Result<int> list_accepted(const Common& common) {
  MIA_TRY_ASSIGN(store::Store store, app::open_store(common));
  MIA_TRY_ASSIGN(const auto rows, store.baselines());
  document::Table table{{{"scenario", "scenario"},
                         {"model_key", "model"},
                         {"machine", "machine"},
                         {"session", "session"},
                         {"accepted", "accepted"},
                         {"reason", "reason"}}};
  for (const store::BaselineRow& row : rows) {
    table.rows.push_back({row.scenario, row.model_key, row.machine, row.session, row.accepted, row.reason});
  }
  show_list(common, table, "no report was accepted yet");
  return kOk;
}

Result<int> accept(const Common& common, const AcceptOptions& options) {
  if (options.list) {
    return list_accepted(common);
  }
  if (options.what.empty()) {
    return fail(ErrorKind::usage, "which report? a file, a session id, or last");
  }
  MIA_TRY_ASSIGN(const record::Report found, app::find_report(common, options.what, options.allow_edited));
  MIA_TRY(require_acceptable(found));
  MIA_TRY_ASSIGN(store::Store store, app::open_store(common));
  const std::string key = store::model_key(found.models);
  MIA_TRY_ASSIGN(const auto before, store.baseline(key, found.machine.fingerprint, found.scenario));
  MIA_TRY(store.accept(found, options.reason));
  if (common.json) {
    print_json({{"accepted", found.session},
                {"scenario", found.scenario},
                {"model_key", key},
                {"machine", found.machine.fingerprint},
                {"reason", options.reason},
                {"replaces", before ? Json(before->session) : Json(nullptr)}});
    return kOk;
  }
  print(fmt::format("{} is now the baseline of {} for {} on machine {}{}\n", one_line(found.session, 100),
                    one_line(found.scenario, 100), found.models.empty() ? "" : one_line(found.models.front().id, 100),
                    found.machine.fingerprint, before ? fmt::format(", instead of {}", before->session) : ""));
  return kOk;
}

}  // namespace

void add_accept(Cli& cli) {
  CLI::App* const verb =
      cli.app.add_subcommand("accept", "make a report the baseline of its model, machine and scenario");
  auto options = std::make_shared<AcceptOptions>();
  verb->add_option("report", options->what, "report file, session id, a prefix of one, or last");
  verb->add_option("--reason", options->reason, "why: kept with the baseline");
  verb->add_flag("--list", options->list, "the baselines in force");
  verb->add_flag("--allow-edited", options->allow_edited, "take a report that was changed by hand");
  verb->footer("example: mia-perf accept last --reason 'new runtime'");
  verb->callback([&cli, options] { cli.action = [&cli, options] { return accept(cli.common, *options); }; });
}

}  // namespace mia::cli
