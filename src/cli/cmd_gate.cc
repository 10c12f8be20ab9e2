// SPDX-License-Identifier: MIT
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/gate.h"
#include "app/page.h"
#include "app/published.h"
#include "app/run_session.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/plan_options.h"
#include "cli/progress_line.h"
#include "report/document.h"
#include "report/github.h"
#include "report/json.h"
#include "report/junit.h"

namespace mia::cli {
namespace {

struct GateOptions {
  app::GateRequest request;
  std::string budget;
  std::string wait;
  std::string on_unclear = "fail";
  std::string junit;
  std::string markdown;
  std::string html;
  bool github = false;
};

Status append_summary(const record::Report& report) {
  const char* const path = std::getenv("GITHUB_STEP_SUMMARY");
  if (path == nullptr || *path == '\0') {
    log::warn("GITHUB_STEP_SUMMARY is not set: no step summary was written");
    return {};
  }
  std::ofstream file(path, std::ios::app | std::ios::binary);
  file << report::github_summary(report) << '\n';
  file.close();
  return file ? Status() : fail(ErrorKind::io, "cannot append to GITHUB_STEP_SUMMARY '{}'", one_line(path, 300));
}

// Outputs that are asked for are tried before anything is measured.
Status try_outputs(const GateOptions& options) {
  MIA_TRY(context(try_output(options.junit), "--junit"));
  MIA_TRY(context(try_output(options.markdown), "--markdown"));
  return context(try_output(options.html), "--html");
}

// For the build that called: files and annotations.
Status tell_build(const Common& common, const GateOptions& options, const record::Report& report) {
  if (!options.junit.empty()) {
    MIA_TRY(write_file_atomic(options.junit, report::to_junit(report)));
  }
  if (!options.markdown.empty()) {
    MIA_TRY(write_file_atomic(options.markdown, report::github_summary(report)));
  }
  if (!options.html.empty()) {
    MIA_TRY(write_file_atomic(options.html, app::to_html(report)));
  }
  if (options.github) {
    // Beside a JSON document commands would spoil it; the runner reads both streams.
    if (common.json) {
      std::fputs(report::to_github(report).c_str(), stderr);
    } else {
      print(report::to_github(report));
    }
    return append_summary(report);
  }
  return {};
}

int exit_code(const record::Report& report, bool unclear_passes) {
  if (report.judgement->verdict == "fail") {
    return kRegression;
  }
  if (app::has_failed_cell(report)) {
    return kMeasurementFailed;
  }
  return report.judgement->verdict == "unclear" && !unclear_passes ? kUnclear : kOk;
}

// A build looks at its files also where the gate could not judge: one check without a verdict that says why.
record::Report not_judged(const GateOptions& options, const Error& error) {
  record::Report report;
  report.scenario = options.request.plan.scenario.empty() ? options.request.what : options.request.plan.scenario;
  report.title = "gate";
  report.started = utc_now();
  report.checks = {{"gate", "error", {}, {}, {}, error.text()}};
  record::Judgement& judgement = report.judgement.emplace();
  judgement.verdict = "unclear";
  judgement.sentence = "Nothing was judged: " + error.text();
  return report;
}

Result<record::Report> judge(const Common& common, const GateOptions& options) {
  app::GateRequest request = options.request;
  MIA_TRY_ASSIGN(request.wait_s, wait_of(options.wait));
  if (!options.budget.empty()) {
    MIA_TRY_ASSIGN(request.budget_s, budget_of(options.budget));
  }
  ProgressLine progress;
  app::Published line(progress, "gate", common.store);
  Result<record::Report> report = app::gate({common, line}, request);
  line.done();
  return report;
}

Result<int> gate(const Common& common, const GateOptions& options) {
  MIA_TRY(try_outputs(options));
  const Result<record::Report> report = judge(common, options);
  if (!report) {
    if (const Status told = tell_build(common, options, not_judged(options, report.error())); !told) {
      log::error(told.error());
    }
    return Failure{report.error()};
  }
  if (common.json) {
    print(report::pretty_json(report::to_document(*report)));
  } else {
    print(document::to_text(report::gate_document(*report), terminal_look()));
  }
  const int code = exit_code(*report, options.on_unclear == "pass");
  if (const Status told = tell_build(common, options, *report); !told) {
    log::error(told.error());  // a file that cannot be written hides no regression
    return code == kOk ? exit_code_of(told.error()) : code;
  }
  return code;
}

}  // namespace

void add_gate(Cli& cli) {
  CLI::App* const verb =
      cli.app.add_subcommand("gate", "judge a report by the limits and the accepted report; 1 for a regression");
  auto options = std::make_shared<GateOptions>();
  app::GateRequest& request = options->request;
  const std::vector<std::string> unclear = {"fail", "pass"};
  verb->add_option("report", request.what, "report file, session id, a prefix of one, or last");
  verb->add_option("--run", request.plan.scenario, "measure this scenario and judge it");
  add_plan_options(*verb, request.plan);
  verb->add_option("--against", request.against, "judge by this report instead of the accepted one");
  verb->add_option("--margin", request.margin,
                   "a slowdown to be ruled out, 5%; without it the drops that the limits allow");
  verb->add_flag("--no-baseline", request.no_baseline, "judge by the fixed limits alone");
  verb->add_flag("--no-confirm", request.no_confirm, "do not measure failed lines again");
  verb->add_option("--budget", options->budget, "wall time of all that is measured at most: 20m");
  add_wait_option(*verb, options->wait);
  verb->add_option("--on-unclear", options->on_unclear, "exit code when something could not be judged: fail (3), pass")
      ->check(CLI::IsMember(unclear))
      ->capture_default_str();
  verb->add_option("--junit", options->junit, "write the lines as JUnit XML");
  verb->add_option("--markdown", options->markdown, "write a summary as Markdown");
  verb->add_option("--html", options->html, "write the report as one HTML page with pictures");
  verb->add_flag("--github", options->github, "workflow annotations, and the summary to $GITHUB_STEP_SUMMARY");
  verb->add_option("-o,--out", request.out, "folder of the reports that are measured")->capture_default_str();
  verb->add_flag("--allow-edited", request.allow_edited, "take a report that was changed by hand");
  verb->footer("example: mia-perf gate --run smoke --junit gate.xml");
  verb->callback([&cli, options] { cli.action = [&cli, options] { return gate(cli.common, *options); }; });
}

}  // namespace mia::cli
