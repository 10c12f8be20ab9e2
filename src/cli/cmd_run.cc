// SPDX-License-Identifier: MIT
#include <algorithm>
#include <optional>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/apply.h"
#include "app/page.h"
#include "app/plan_request.h"
#include "app/published.h"
#include "app/run_session.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/plan_options.h"
#include "cli/progress_line.h"
#include "cli/show_report.h"
#include "document/escape.h"
#include "document/value.h"
#include "host/bandwidth.h"
#include "host/topology.h"
#include "report/document.h"
#include "report/json.h"

namespace mia::cli {
namespace {

struct RunOptions {
  app::PlanRequest plan;
  std::string out = "reports";
  std::string budget;
  std::string wait;
  bool dry_run = false;
  bool resume = false;
  bool force = false;
  bool no_store = false;
  bool apply = false;
  bool decide = false;
  bool html = false;
};

int show_plan(const Common& common, const measure::Plan& plan, const record::Machine& machine) {
  const auto threads = static_cast<int>(machine.allowed_cpus.value_or(1));
  const double gb_s = host::measure_roofline({.max_threads = threads, .seconds_each = 0.1, .stop = {}}).saturated_gb_s;
  double total = 0;
  Json json = measure::to_json(plan);
  document::Table table{{{"", "cell"}, {"", "repeats"}, {"", "time per trial", "about"}, {"", "memory"}}};
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    const measure::PlannedCell& cell = plan.cells[i];
    const measure::Estimate estimate = measure::estimate(cell, gb_s);
    const std::int64_t repeats = std::ranges::count(plan.order, i, &measure::Slot::cell);
    total += estimate.seconds * static_cast<double>(repeats);
    table.rows.push_back(
        {cell.key, repeats, document::seconds(estimate.seconds), document::bytes(estimate.memory_bytes)});
    json["cells"][i]["expected_s"] = estimate.seconds;
    json["cells"][i]["expected_memory_bytes"] = estimate.memory_bytes;
  }
  json["expected_s"] = total;
  const std::string sum =
      fmt::format("{} trials, about {}; plan {}", plan.order.size(), human_seconds(total), plan.hash);
  show(common, {"", {{"", {std::move(table)}}}, sum, document::Tone::plain}, json);
  return kOk;
}

int exit_code(const app::SessionEnd& end) {
  if (end.interrupted) {
    return kInterrupted;
  }
  if (end.store_error || end.file_error) {
    return kInternal;
  }
  if (app::has_failed_cell(end.report)) {
    return kMeasurementFailed;
  }
  return app::has_unmeasured_cell(end.report) ? kUnclear : kOk;
}

void show_end(const app::SessionEnd& end, const Common& common) {
  if (common.json) {
    print_json(report::to_document(end.report));
    return;
  }
  print(document::to_text(report::document_of(end.report, extent_of(common)), terminal_look()));
  for (const auto& file : end.files) {
    auto twin = file;
    twin.replace_extension(".md");
    print(one_line(fmt::format("report: {} and {}", file.string(), twin.string()), 4096) + "\n");
  }
}

// The page beside the report's files. It is no reason to lose what was measured: false where it could not be written.
bool write_html(const app::SessionEnd& end) {
  if (end.files.empty()) {
    return true;
  }
  const auto page = app::write_page(app::to_html(end.report), end.files.front());
  if (!page) {
    log::error(page.error());
    return false;
  }
  log::info(one_line(fmt::format("page: {}", page->string()), 4096));
  return true;
}

// Rounds are dropped whole, so that each cell loses as many; a sequential plan has none.
Result<std::optional<double>> budget_for(const RunOptions& options, const measure::Plan& plan) {
  if (options.budget.empty()) {
    return std::optional<double>();
  }
  if (plan.scenario.order == "sequential") {
    return fail(ErrorKind::usage,
                "--budget drops whole rounds of repeats, and order: sequential has none; lower --repeats instead");
  }
  MIA_TRY_ASSIGN(const double seconds, budget_of(options.budget));
  return std::optional(seconds);
}

Result<int> run(const Common& common, const RunOptions& options) {
  const record::Machine machine = host::inspect();
  ProgressLine progress;
  app::Published line(progress, "run", common.store);
  app::SessionRequest request;
  MIA_TRY_ASSIGN(request.plan, app::plan_of(options.plan, {common, line}, machine));
  if (options.dry_run) {
    return show_plan(common, request.plan, machine);
  }
  MIA_TRY_ASSIGN(request.budget_s, budget_for(options, request.plan));
  MIA_TRY_ASSIGN(request.turn.wait_s, wait_of(options.wait));
  MIA_TRY(context(ensure_writable_dir(options.out), "report folder"));
  request.machine = machine;
  request.out = options.out;
  request.store = common.store;
  request.use_store = !options.no_store;
  request.resume = options.resume;
  request.force = options.force;
  request.confirm = options.apply || options.decide;
  MIA_TRY_ASSIGN(const app::SessionEnd end, app::carry_out(std::move(request), line));
  show_end(end, common);
  const bool page_written = !options.html || write_html(end);
  if (end.file_error) {
    log::error(
        with_hint(Failure{*end.file_error},
                  options.no_store || end.store_error
                      ? "nothing else holds this result"
                      : fmt::format("mia-perf report {}{} shows it again", end.report.session,
                                    common.store.empty() ? "" : " --store " + document::shell_quote(common.store)))
            .error);
  }
  if (end.interrupted && !options.no_store) {
    log::warn("interrupted: the same command with --resume measures what is missing");
  }
  if (options.apply && !end.interrupted) {
    MIA_TRY_ASSIGN(const std::string applied, app::apply_recommendation(end.report, common));
    log::info(applied);
  }
  if (options.decide && !end.interrupted) {
    MIA_TRY_ASSIGN(const std::string decided, app::decide_model(end.report, common));
    log::info(decided);
  }
  if (end.store_error) {
    log::error(fmt::format("store: {}", end.store_error->text()));
  }
  const int code = exit_code(end);
  return code == kOk && !page_written ? kInternal : code;
}

}  // namespace

void add_run(Cli& cli) {
  CLI::App* const verb = cli.app.add_subcommand("run",
                                                "measure a scenario: baseline, cpu-tuning, long-context, latency, "
                                                "quant-compare, gpu-smoke, decompose, smoke, probe, or a YAML file");
  auto options = std::make_shared<RunOptions>();
  options->plan.scenario = "baseline";
  verb->add_option("scenario", options->plan.scenario, "built-in name or file")->capture_default_str();
  add_plan_options(*verb, options->plan);
  verb->add_option("--budget", options->budget,
                   "wall time at most, 20m: rounds of repeats that would pass it are dropped");
  add_wait_option(*verb, options->wait);
  verb->add_option("-o,--out", options->out, "folder of the reports")->capture_default_str();
  verb->add_flag("--html", options->html, "also write the report as one HTML page with pictures");
  verb->add_flag("--dry-run", options->dry_run, "print the plan with expected time and memory");
  CLI::Option* const resume =
      verb->add_flag("--resume", options->resume, "go on with the unfinished session of the same plan");
  verb->add_flag("--force", options->force, "also cells beyond one that ran out of memory");
  verb->add_flag("--no-store", options->no_store, "keep nothing in the store")->excludes(resume);
  verb->add_flag("--apply", options->apply, "write the recommendation to configs/overrides.local.yaml");
  verb->add_flag("--decide", options->decide, "write the better model to configs/base.yaml");
  verb->footer("example: mia-perf run baseline --set n_threads=2 --repeats 5");
  verb->callback([&cli, options] { cli.action = [&cli, options] { return run(cli.common, *options); }; });
}

}  // namespace mia::cli
