// SPDX-License-Identifier: MIT
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/find_report.h"
#include "app/gate_judge.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/plan_options.h"
#include "cli/progress_line.h"
#include "host/topology.h"
#include "report/document.h"
#include "report/github.h"
#include "report/json.h"
#include "report/junit.h"
#include "report/write.h"

namespace mia::cli {
namespace {

// The report that was measured for the gate says how it was app::judged, in its files and in the store.
Status keep_judged(const Common& common, const app::GateRequest& request, const record::Report& report) {
  MIA_TRY(report::write_report(report, request.out));
  MIA_TRY_ASSIGN(store::Store store, app::open_store(common));
  return store.finish_session(report.session, "complete", &report);
}

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

Status show(const Common& common, const app::GateRequest& request, const record::Report& report) {
  if (common.json) {
    print(report::pretty_json(report::to_document(report)));
  } else {
    print(document::to_text(report::gate_document(report), terminal_look()));
  }
  if (!request.junit.empty()) {
    MIA_TRY(write_file_atomic(request.junit, report::to_junit(report)));
  }
  if (!request.markdown.empty()) {
    MIA_TRY(write_file_atomic(request.markdown, report::github_summary(report)));
  }
  if (request.github) {
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

Result<int> gate(const Common& common, const app::GateRequest& request) {
  ProgressLine line;
  const bool runs = !request.plan.scenario.empty();
  if (runs == !request.what.empty()) {
    return fail(ErrorKind::usage,
                "say which report to judge (a file, a session id, or last), or measure one with --run");
  }
  record::Report report;
  if (runs) {
    const record::Machine machine = host::inspect();
    MIA_TRY_ASSIGN(measure::Plan plan, app::plan_of(request.plan, common, machine));
    MIA_TRY_ASSIGN(app::SessionEnd end, app::measure_for_gate(common, request, std::move(plan), machine, "", line));
    report = std::move(end.report);
  } else {
    MIA_TRY_ASSIGN(report, app::find_report(common, request.what, request.allow_edited));
  }
  MIA_TRY(app::judge_for_gate(common, request, report, line));
  if (runs) {
    MIA_TRY(keep_judged(common, request, report));
  }
  const int code = exit_code(report, request.on_unclear == "pass");
  if (const Status shown = show(common, request, report); !shown) {
    log::error(shown.error());  // a file that cannot be written hides no regression
    return code == kOk ? exit_code_of(shown.error()) : code;
  }
  return code;
}

}  // namespace

void add_gate(Cli& cli) {
  CLI::App* const verb =
      cli.app.add_subcommand("gate", "judge a report by the limits and the accepted report; 1 for a regression");
  auto request = std::make_shared<app::GateRequest>();
  const std::vector<std::string> unclear = {"fail", "pass"};
  verb->add_option("report", request->what, "report file, session id, a prefix of one, or last");
  verb->add_option("--run", request->plan.scenario, "measure this scenario and judge it");
  add_plan_options(*verb, request->plan);
  verb->add_option("--against", request->against, "judge by this report instead of the accepted one");
  verb->add_option("--margin", request->margin,
                   "a slowdown to be ruled out, 5%; without it the drops that the limits allow");
  verb->add_flag("--no-baseline", request->no_baseline, "judge by the fixed limits alone");
  verb->add_flag("--no-confirm", request->no_confirm, "do not measure failed lines again");
  verb->add_option("--on-unclear", request->on_unclear,
                   "exit code when something could not be app::judged: fail (3), pass")
      ->check(CLI::IsMember(unclear))
      ->capture_default_str();
  verb->add_option("--junit", request->junit, "write the lines as JUnit XML");
  verb->add_option("--markdown", request->markdown, "write a summary as Markdown");
  verb->add_flag("--github", request->github, "workflow annotations, and the summary to $GITHUB_STEP_SUMMARY");
  verb->add_option("-o,--out", request->out, "folder of the reports that are measured")->capture_default_str();
  verb->add_flag("--allow-edited", request->allow_edited, "take a report that was changed by hand");
  verb->footer("example: mia-perf gate --run smoke --junit gate.xml");
  verb->callback([&cli, request] { cli.action = [&cli, request] { return gate(cli.common, *request); }; });
}

}  // namespace mia::cli
