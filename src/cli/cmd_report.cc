// SPDX-License-Identifier: MIT
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/show_report.h"
#include "document/markdown.h"
#include "report/before_after.h"

namespace mia::cli {
namespace {

struct ReportOptions : ShownReport {
  std::string after;
};

Result<int> before_after(const Common& common, const ReportOptions& options) {
  MIA_TRY_ASSIGN(const record::Report before, app::find_report(common, options.what, options.allow_edited));
  MIA_TRY_ASSIGN(const record::Report after, app::find_report(common, options.after, options.allow_edited));
  const report::BeforeAfter table = report::before_after(before, after);
  if (common.json || options.format == "json") {
    print_json(report::to_json(table));
  } else if (options.format == "md") {
    print(document::to_markdown(report::document_of(table)));
  } else {
    print(document::to_text(report::document_of(table), terminal_look()));
  }
  return kOk;
}

}  // namespace

void add_report(Cli& cli) {
  CLI::App* const verb =
      cli.app.add_subcommand("report", "print a report or a comparison again: a file, a session, or two side by side");
  auto options = std::make_shared<ReportOptions>();
  const std::vector<std::string> formats = {"text", "md", "html", "json", "csv", "jsonl"};
  verb->add_option("what", options->what, "report file, id of a session or comparison, a prefix of one, or last");
  verb->add_option("--format", options->format, "text, md, html (one file with pictures), json, csv, jsonl")
      ->check(CLI::IsMember(formats));
  verb->add_option("-o,--out", options->out, "write this file instead of printing");
  verb->add_flag("--allow-edited", options->allow_edited, "take a report that was changed by hand");
  verb->footer("example: mia-perf report last --format html -o report.html");
  CLI::App* const both = verb->add_subcommand("before-after", "the table of a change, from two reports");
  both->add_option("before", options->what, "report file or session")->required();
  both->add_option("after", options->after, "report file or session")->required();
  const std::vector<std::string> of_two = {"text", "md", "json"};
  both->add_option("--format", options->format, "text, md, json")->check(CLI::IsMember(of_two));
  both->footer("example: mia-perf report before-after old.json new.json");
  both->callback([&cli, options] { cli.action = [&cli, options] { return before_after(cli.common, *options); }; });
  verb->callback([&cli, options, both] {
    if (!both->parsed()) {
      cli.action = [&cli, options]() -> Result<int> {
        if (options->what.empty()) {
          return fail(ErrorKind::usage, "which report? a file, a session id, or last");
        }
        return show_report(cli.common, *options);
      };
    }
  });
}

}  // namespace mia::cli
