// SPDX-License-Identifier: MIT
#include <algorithm>
#include <functional>
#include <iterator>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/find_report.h"
#include "app/trends.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/show_report.h"
#include "document/json.h"

namespace mia::cli {
namespace {

using Places = std::vector<document::Value>;
// Of the columns of list_table().
constexpr std::size_t kSession = 1;
constexpr std::size_t kStarted = 4;
constexpr std::size_t kShownState = 7;
constexpr std::size_t kForgotten = 14;

document::Table list_table() {
  return {{{"kind", ""},
           {"session", "session"},
           {"", "what"},
           {"scenario", ""},
           {"started", "started"},
           {"finished", ""},
           {"state", ""},
           {"", "state"},
           {"trials", ""},
           {"planned", ""},
           {"", "trials", "", "", document::Align::right},
           {"", "version"},
           {"plan_hash", ""},
           {"source", "file"},
           {"forgotten", ""},
           {"a", ""},
           {"b", ""},
           {"verdict", ""},
           {"sentence", ""},
           {"epochs", ""},
           {"pairs", ""}}};
}

Places places_of(const store::SessionRow& row) {
  // A killed session cannot say so itself; disturbed trials were measured again beyond the plan.
  return {"session",
          row.id,
          row.scenario,
          row.scenario,
          row.started,
          row.finished,
          row.state,
          row.state == "running" ? "unfinished" : row.state,
          row.trials,
          row.planned,
          fmt::format("{}/{}", row.trials, std::max(row.trials, row.planned)),
          row.tool_version,
          row.plan_hash};
}

Places places_of(const store::ComparisonRow& row) {
  const document::Value none;
  return {"comparison",
          row.id,
          fmt::format("compare {} {}", row.a, row.b),
          none,
          row.started,
          row.finished,
          row.state,
          row.state == "complete" ? row.verdict : row.state,
          none,
          none,
          fmt::format("{} pairs", row.pairs),
          row.tool_version,
          none,
          none,
          none,
          row.a,
          row.b,
          row.verdict,
          row.sentence,
          row.epochs,
          row.pairs};
}

Places places_of(const store::ImportedFile& file) {
  return {"imported",
          file.id,
          file.tool,
          file.tool,
          file.started.empty() ? file.imported : file.started,
          {},
          "imported",
          "imported",
          file.rows,
          file.rows,
          std::to_string(file.rows),
          {},
          {},
          file.source};
}

// Sessions, comparisons and imported files, the latest first.
Result<int> list(const Common& common, std::int64_t limit) {
  MIA_TRY_ASSIGN(store::Store store, app::open_store(common));
  store::SessionFilter filter;
  filter.limit = limit;
  MIA_TRY_ASSIGN(const auto sessions, store.sessions(filter));
  MIA_TRY_ASSIGN(const auto comparisons, store.comparisons(limit));
  MIA_TRY_ASSIGN(const auto files, store.imports());
  MIA_TRY_ASSIGN(const auto forgotten, store.forgotten());
  document::Table table = list_table();
  const auto add = [&](const auto& rows) {
    std::ranges::transform(rows, std::back_inserter(table.rows), [](const auto& row) { return places_of(row); });
  };
  add(comparisons);  // before the session of the same second
  add(sessions);
  add(files);
  std::ranges::stable_sort(table.rows, std::ranges::greater(),
                           [](const Places& row) { return std::get<std::string>(row[kStarted]); });
  if (limit > 0 && std::ssize(table.rows) > limit) {
    table.rows.resize(static_cast<std::size_t>(limit));
  }
  for (Places& row : table.rows) {
    row.resize(table.columns.size());
    const auto at = std::ranges::find(forgotten, std::get<std::string>(row[kSession]), &store::Forgotten::id);
    if (at != forgotten.end()) {
      row[kShownState] = "forgotten";
      row[kForgotten] = at->reason;
    }
  }
  if (common.json || table.rows.empty()) {
    show_list(common, table, "no sessions yet");
    return kOk;
  }
  document::Document document = document::document_of(std::move(table));
  app::add_forgotten(document, forgotten);
  show(common, document, nullptr);
  return kOk;
}

struct ForgetOptions {
  std::string id;
  std::string reason;
  bool undo = false;
};

Result<int> forget(const Common& common, const ForgetOptions& options) {
  MIA_TRY_ASSIGN(store::Store store, app::open_store(common));
  document::Document document;
  if (!options.id.empty()) {
    std::string id = options.id;
    if (id == "last") {
      MIA_TRY_ASSIGN(const store::Session last, store.session(id));
      id = last.row.id;
    }
    MIA_TRY_ASSIGN(id, store.countable(id));
    if (options.undo == !trim(options.reason).empty()) {
      return fail(ErrorKind::usage, "{}: why? --reason TEXT says it, or --undo lets the session count again",
                  one_line(id, 100));
    }
    MIA_TRY(store.forget(id, trim(options.reason)));
    document.answer =
        fmt::format("{} {}", id, options.undo ? "counts again" : "counts no longer in trends and in the noise of gate");
    MIA_TRY_ASSIGN(const auto baselines, store.baselines());
    const auto at = std::ranges::find(baselines, id, &store::BaselineRow::session);
    if (!options.undo && at != baselines.end()) {
      document.answer += fmt::format(
          "; its report is still the baseline of {}: mia-perf accept makes another one the baseline", at->scenario);
    }
  }
  MIA_TRY_ASSIGN(const auto forgotten, store.forgotten());
  app::add_forgotten(document, forgotten);
  if (document.answer.empty() && forgotten.empty()) {
    document.answer = "nothing is forgotten";
  }
  show(common, document, document::to_json(app::table_of(forgotten)));
  return kOk;
}

Result<int> trend(const Common& common, const app::TrendRequest& request) {
  MIA_TRY_ASSIGN(store::Store store, app::open_store(common));
  MIA_TRY_ASSIGN(const app::Trends trends, app::find_trends(store, request));
  show(common, app::document_of(trends), app::to_json(trends));
  return kOk;
}

void add_history_trend(Cli& cli, CLI::App& history) {
  auto options = std::make_shared<app::TrendRequest>();
  CLI::App* const verb = history.add_subcommand("trend", "a metric over time, and where its level changed");
  verb->add_option("metric", options->metric, "a metric of docs/results-format.md")->capture_default_str();
  verb->add_option("--model", options->filter.model, "id or header hash");
  verb->add_option("--machine", options->filter.machine, "fingerprint; of imported results their CPU and GPU");
  verb->add_option("--configuration", options->filter.configuration, "key, as --json shows it");
  verb->add_option("--scenario", options->filter.scenario, "sessions of this scenario only");
  verb->add_option("--since", options->filter.since, "from this day on: 2026-11-24");
  verb->footer("example: mia-perf history trend decode_tok_s --since 2026-11-01");
  verb->callback([&cli, options] { cli.action = [&cli, options] { return trend(cli.common, *options); }; });
}

void add_history_forget(Cli& cli, CLI::App& history) {
  auto options = std::make_shared<ForgetOptions>();
  CLI::App* const verb =
      history.add_subcommand("forget", "take a bad session out of trends and of the gate's noise; alone: the list");
  verb->add_option("session", options->id, "session, imported file, or FILE:ROW of one; a beginning is enough");
  verb->add_option("--reason", options->reason, "why; it is shown wherever the session is left out");
  verb->add_flag("--undo", options->undo, "let it count again");
  verb->footer("example: mia-perf history forget 20261130-101500 --reason \"a backup ran\"");
  verb->callback([&cli, options] { cli.action = [&cli, options] { return forget(cli.common, *options); }; });
}

}  // namespace

void add_history(Cli& cli) {
  CLI::App* const verb = cli.app.add_subcommand("history", "sessions and comparisons of the store");
  verb->require_subcommand(0, 1);
  verb->footer("example: mia-perf history\nwithout a verb: list");
  auto limit = std::make_shared<std::int64_t>(20);
  auto session = std::make_shared<std::string>();
  CLI::App* const list_verb = verb->add_subcommand("list", "the latest sessions and comparisons");
  list_verb->add_option("--limit", *limit, "how many; 0: all")->capture_default_str();
  list_verb->footer("example: mia-perf history list --limit 50");
  list_verb->callback([&cli, limit] { cli.action = [&cli, limit] { return list(cli.common, *limit); }; });
  CLI::App* const show_verb = verb->add_subcommand("show", "the report of one session or comparison");
  show_verb->add_option("session", *session, "id, a prefix of one, or last")->required();
  show_verb->footer("example: mia-perf history show last");
  show_verb->callback(
      [&cli, session] { cli.action = [&cli, session] { return show_report(cli.common, {.what = *session}); }; });
  add_history_trend(cli, *verb);
  add_history_forget(cli, *verb);
  verb->callback([&cli, verb, limit] {
    if (verb->get_subcommands().empty()) {
      cli.action = [&cli, limit] { return list(cli.common, *limit); };
    }
  });
}

}  // namespace mia::cli
