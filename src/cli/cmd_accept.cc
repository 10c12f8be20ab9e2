// SPDX-License-Identifier: MIT
#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/find_report.h"
#include "base/text.h"
#include "cli/cli.h"
#include "document/value.h"
#include "record/metrics.h"

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
    if (record::is_slowed(cell.requested)) {
      return with_hint(
          fail(ErrorKind::usage, "{} was slowed down on purpose (workload.inject_*)", one_line(label_of(cell), 100)),
          "measure it without that");
    }
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

document::Table old_and_new(const record::Report& before, const record::Report& found) {
  const record::Metric& speed = *record::find_metric("tokens_per_s");
  const document::NumberStyle style = document::style_of(speed).number;
  document::Table table{{{"", "cell"}, {"", "before", "tok/s"}, {"", "now", "tok/s"}, {"", "change", "%"}}};
  for (const record::CellReport& cell : found.cells) {
    const auto then = std::ranges::find(before.cells, cell.key, &record::CellReport::key);
    const auto at = then == before.cells.end() ? cell.metrics.end() : then->metrics.find("tokens_per_s");
    const std::optional<double> old =
        then == before.cells.end() || at == then->metrics.end() ? std::nullopt : at->second.value;
    const std::optional<double> now = cell.metrics.at("tokens_per_s").value;
    table.rows.push_back(
        {label_of(cell), document::number(old, style), document::number(now, style),
         document::number(old && now && *old > 0 ? std::optional(100 * (*now / *old - 1)) : std::nullopt,
                          {1, 1, true})});
  }
  return table;
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
  document::Document document;
  document.answer = fmt::format("{} is now the baseline of {} for {} on machine {}{}", found.session, found.scenario,
                                found.models.empty() ? "" : found.models.front().id, found.machine.fingerprint,
                                before ? fmt::format(", instead of {}", before->session) : "");
  if (before) {
    document.sections.push_back({"", {old_and_new(*before, found)}});
  }
  show(common, document, nullptr);
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
