// SPDX-License-Identifier: MIT
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/app.h"
#include "report/before_after.h"
#include "report/csv.h"
#include "report/json.h"
#include "report/markdown.h"
#include "report/rows.h"
#include "report/text.h"
#include "store/store.h"

namespace mia::cli {
namespace {

struct ReportOptions {
  std::string what;
  std::string format = "text";
  std::string after;
  bool allow_edited = false;
};

Result<record::Report> from_store(const Common& common, const std::string& id) {
  MIA_TRY_ASSIGN(store::Store store, store::Store::open(common.store.empty() ? store::default_path()
                                                                             : std::filesystem::path(common.store)));
  MIA_TRY_ASSIGN(store::Session session, store.session(id));
  if (!session.report) {
    return fail(ErrorKind::not_found, "session {} has no report yet ({}); resume it with run --resume", session.row.id,
                session.row.state);
  }
  MIA_TRY_ASSIGN(session.report->trials, store.trials(session.row.id));
  return std::move(*session.report);
}

// A file that exists, else a session of the store.
Result<record::Report> find_report(const Common& common, const std::string& what, bool allow_edited) {
  std::error_code error;
  if (std::filesystem::exists(what, error) || what.find('/') != std::string::npos || what.ends_with(".json")) {
    return report::read_report(what, allow_edited ? report::Edited::allow : report::Edited::refuse);
  }
  return from_store(common, what);
}

Result<int> show(const Common& common, const ReportOptions& options) {
  MIA_TRY_ASSIGN(const record::Report found, find_report(common, options.what, options.allow_edited));
  const std::string format = common.json ? "json" : options.format;
  if (format == "json") {
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

Result<int> before_after(const Common& common, const ReportOptions& options) {
  MIA_TRY_ASSIGN(const record::Report before, find_report(common, options.what, options.allow_edited));
  MIA_TRY_ASSIGN(const record::Report after, find_report(common, options.after, options.allow_edited));
  const report::BeforeAfter table = report::before_after(before, after);
  if (common.json) {
    print_json(report::to_json(table));
  } else if (options.format == "md") {
    print(report::to_markdown(table));
  } else {
    print(report::to_text(table, terminal_width()));
  }
  return kOk;
}

Result<int> list(const Common& common, std::int64_t limit) {
  MIA_TRY_ASSIGN(store::Store store, store::Store::open(common.store.empty() ? store::default_path()
                                                                             : std::filesystem::path(common.store)));
  store::SessionFilter filter;
  filter.limit = limit;
  MIA_TRY_ASSIGN(const auto sessions, store.sessions(filter));
  Json json = Json::array();
  report::Table table;
  using report::Align;
  table.columns = {
      {"session", Align::left}, {"scenario", Align::left}, {"started", Align::left}, {"state", Align::left}, {"trials"},
      {"version", Align::left}};
  for (const store::SessionRow& row : sessions) {
    json.push_back({{"session", row.id},
                    {"scenario", row.scenario},
                    {"started", row.started},
                    {"finished", row.finished},
                    {"state", row.state},
                    {"trials", row.trials},
                    {"planned", row.planned},
                    {"plan_hash", row.plan_hash}});
    table.rows.push_back({row.id, row.scenario, row.started, row.state, fmt::format("{}/{}", row.trials, row.planned),
                          row.tool_version});
  }
  if (common.json) {
    print_json(json);
  } else {
    print(sessions.empty() ? "no sessions yet\n"
                           : report::table_text(table, static_cast<std::size_t>(terminal_width())));
  }
  return kOk;
}

}  // namespace

void add_report(Cli& cli) {
  CLI::App* const verb =
      cli.app.add_subcommand("report", "print a report again: a file, a session, or two side by side");
  auto options = std::make_shared<ReportOptions>();
  const std::vector<std::string> formats = {"text", "md", "json", "csv", "jsonl"};
  verb->add_option("what", options->what, "report file, session id, a prefix of one, or last");
  verb->add_option("--format", options->format, "text, md, json, csv, jsonl")->check(CLI::IsMember(formats));
  verb->add_flag("--allow-edited", options->allow_edited, "take a report that was changed by hand");
  verb->footer("example: mia-perf report last --format md");
  CLI::App* const both = verb->add_subcommand("before-after", "the table of a change, from two reports");
  both->add_option("before", options->what, "report file or session")->required();
  both->add_option("after", options->after, "report file or session")->required();
  both->add_option("--format", options->format, "text, md")->check(CLI::IsMember(formats));
  both->footer("example: mia-perf report before-after old.json new.json");
  both->callback([&cli, options] { cli.action = [&cli, options] { return before_after(cli.common, *options); }; });
  verb->callback([&cli, options, both] {
    if (!both->parsed()) {
      cli.action = [&cli, options]() -> Result<int> {
        if (options->what.empty()) {
          return fail(ErrorKind::usage, "which report? a file, a session id, or last");
        }
        return show(cli.common, *options);
      };
    }
  });
}

void add_history(Cli& cli) {
  CLI::App* const verb = cli.app.add_subcommand("history", "sessions of the store");
  verb->require_subcommand(1);
  verb->footer("example: mia-perf history list");
  auto limit = std::make_shared<std::int64_t>(20);
  auto options = std::make_shared<ReportOptions>();
  CLI::App* const list_verb = verb->add_subcommand("list", "the latest sessions");
  list_verb->add_option("--limit", *limit, "how many; 0: all")->capture_default_str();
  list_verb->footer("example: mia-perf history list --limit 50");
  list_verb->callback([&cli, limit] { cli.action = [&cli, limit] { return list(cli.common, *limit); }; });
  CLI::App* const show_verb = verb->add_subcommand("show", "the report of one session");
  show_verb->add_option("session", options->what, "id, a prefix of one, or last")->required();
  show_verb->footer("example: mia-perf history show last");
  show_verb->callback([&cli, options] { cli.action = [&cli, options] { return show(cli.common, *options); }; });
}

}  // namespace mia::cli
