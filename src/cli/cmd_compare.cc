// SPDX-License-Identifier: MIT
#include <memory>
#include <optional>
#include <random>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/arm_text.h"
#include "app/compare_plan.h"
#include "app/compare_session.h"
#include "app/page.h"
#include "app/published.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/plan_options.h"
#include "cli/progress_line.h"
#include "host/topology.h"
#include "report/comparison.h"
#include "report/json.h"

namespace mia::cli {
namespace {

struct CompareOptions {
  std::string a;
  std::string b;
  std::string workload = "decode";
  std::string margin = "3%";
  std::string alpha = "1%";
  std::int64_t max_epochs = 20;
  std::string budget = "10m";
  std::string wait;
  std::string plan;
  std::string out = "reports";
  std::optional<std::uint64_t> seed;
  bool all_epochs = false;
  bool alternate = false;
  bool no_store = false;
  bool html = false;
};

Result<app::CompareRequest> request_of(const Common& common, const CompareOptions& options) {
  app::CompareRequest request;
  MIA_TRY_ASSIGN(request.options.margin, context(parse_fraction(options.margin), "--margin"));
  MIA_TRY_ASSIGN(request.options.alpha, context(parse_fraction(options.alpha), "--alpha"));
  MIA_TRY_ASSIGN(request.budget_s, budget_of(options.budget));
  MIA_TRY_ASSIGN(request.turn.wait_s, wait_of(options.wait));
  request.options.max_epochs = options.max_epochs;
  // Another order each time; compare.json keeps it as coin_seed.
  request.options.seed = options.seed.value_or(std::random_device()());
  MIA_TRY_ASSIGN(const app::Configured configured, configured_for(common));
  MIA_TRY_ASSIGN(const auto workload, app::comparison_workload(options.workload));
  app::SubjectFinder finder(configured.catalogue);
  MIA_TRY_ASSIGN(request.a, context(app::make_arm(configured, workload, options.a, finder), "A"));
  MIA_TRY_ASSIGN(request.b, context(app::make_arm(configured, workload, options.b, finder), "B"));
  MIA_TRY(context(ensure_writable_dir(options.out), "report folder"));
  request.out = options.out;
  request.store = common.store;
  request.use_store = !options.no_store;
  request.machine = host::inspect();
  request.all_epochs = options.all_epochs;
  request.alternate = options.alternate;
  return request;
}

void show(const app::CompareEnd& end, bool json) {
  if (json) {
    Json document = report::to_document(end.comparison);
    document.erase("epoch_table");
    document["file"] = end.file.empty() || end.file_error ? Json(nullptr) : Json(end.file.string());
    print_json(document);
    return;
  }
  print(document::to_text(report::document_of(end.comparison), terminal_look()));
  if (!end.file.empty() && !end.file_error) {
    print(one_line("report: " + end.file.string(), 4096) + "\n");
  }
}

// 5 where report or history could not be written and nothing worse came of it; 0 faster or same, 1 slower, 3 unclear, 4
// an arm failed, 130 interrupted.
int exit_code(const app::CompareEnd& end) {
  if (end.interrupted) {
    return kInterrupted;
  }
  if (!end.comparison.outcome.ok()) {
    return kMeasurementFailed;
  }
  switch (end.comparison.verdict) {
    case record::Verdict::slower:
      return kRegression;
    case record::Verdict::unclear:
      return kUnclear;
    case record::Verdict::faster:
    case record::Verdict::same:
      break;
  }
  return end.file_error || end.store_error ? kInternal : kOk;
}

// 3 where nothing is known of this machine yet.
Result<int> plan(const Common& common, const CompareOptions& options) {
  judge::PairedOptions wanted;
  MIA_TRY_ASSIGN(wanted.margin, context(parse_fraction(options.plan), "--plan"));
  MIA_TRY_ASSIGN(wanted.alpha, context(parse_fraction(options.alpha), "--alpha"));
  wanted.max_epochs = options.max_epochs;
  MIA_TRY_ASSIGN(const auto planned, app::plan_comparisons(common.store, host::inspect().fingerprint, wanted));
  const std::string sentence = app::sentence_of(planned, wanted.margin);
  if (common.json) {
    Json rows = Json::array();
    for (const app::PlannedComparison& one : planned) {
      rows.push_back({{"comparison", one.id},
                      {"a", one.a},
                      {"b", one.b},
                      {"epochs", one.forecast.epochs},
                      {"seconds", one.forecast.seconds}});
    }
    print_json({{"margin", wanted.margin}, {"sentence", sentence}, {"by", rows}});
  } else {
    print(sentence + "\n");
  }
  return planned.empty() ? kUnclear : kOk;
}

Result<int> run(const Common& common, const CompareOptions& options) {
  if (!options.plan.empty()) {
    return plan(common, options);
  }
  if (options.b.empty()) {
    return fail(ErrorKind::usage, "compare needs A and B: runtime:NAME, model:ID, set:key=value or base");
  }
  MIA_TRY_ASSIGN(app::CompareRequest request, request_of(common, options));
  ProgressLine progress;
  app::Published line(progress, "compare", common.store);
  MIA_TRY_ASSIGN(app::CompareEnd end, app::carry_out(std::move(request), line));
  show(end, common.json);
  if (options.html && !end.file.empty()) {
    const auto page = app::write_page(app::to_html(end.comparison), end.file);
    if (page) {
      log::info(one_line(fmt::format("page: {}", page->string()), 4096));
    } else {
      end.file_error = end.file_error ? end.file_error : std::optional(page.error());
    }
  }
  if (end.file_error) {
    log::error(*end.file_error);
  }
  if (end.store_error) {
    log::error(fmt::format("store: {}", end.store_error->text()));
  }
  if (!end.comparison.outcome.ok()) {
    const record::ComparedArm& arm = end.comparison.outcome_of_b ? end.comparison.b : end.comparison.a;
    log::error(fmt::format("{}: {}", arm.label, record::describe(end.comparison.outcome)));
  }
  return exit_code(end);
}

}  // namespace

void add_compare(Cli& cli) {
  CLI::App* const verb = cli.app.add_subcommand(
      "compare", "is B slower than A? two runtimes, models or settings against each other, with an error rate");
  auto options = std::make_shared<CompareOptions>();
  verb->add_option("A", options->a, "runtime:NAME, model:ID, set:key=value[,key=value], joined by '+', or base");
  verb->add_option("B", options->b, "the same; the verdict is of B against A");
  verb->add_option("--workload", options->workload,
                   "random tokens: decode (16 + 32), long-decode (16 + 512) or prefill (512 + 1)")
      ->capture_default_str();
  verb->add_option("--margin", options->margin, "\"same\" means within plus or minus this")->capture_default_str();
  verb->add_option("--alpha", options->alpha, "chance of a false difference")->capture_default_str();
  verb->add_option("--max-epochs", options->max_epochs, "most restarts of both processes")->capture_default_str();
  verb->add_option("--budget", options->budget, "wall time at most; what would pass it is ended")
      ->capture_default_str();
  verb->add_option("--plan", options->plan,
                   "measure nothing: tell how long a verdict on such a change takes, by this machine's comparisons");
  add_wait_option(*verb, options->wait);
  verb->add_option("--seed", options->seed, "of the coins: who goes first, which tokens; without it a new one")
      ->check(seed_problem);
  verb->add_option("-o,--out", options->out, "folder of the report")->capture_default_str();
  verb->add_flag("--html", options->html, "also write the report as one HTML page with pictures");
  verb->add_flag("--all-epochs", options->all_epochs, "record up to the last epoch though the verdict stands");
  verb->add_flag("--alternate", options->alternate, "one process at a time, as where memory holds only one");
  verb->add_flag("--no-store", options->no_store, "keep nothing in the store");
  verb->footer(
      "example: mia-perf compare runtime:old runtime:new\n"
      "exit codes: 0 faster or same, 1 slower, 3 unclear, 4 an arm failed, 130 interrupted");
  verb->callback([&cli, options] { cli.action = [&cli, options] { return run(cli.common, *options); }; });
}

}  // namespace mia::cli
