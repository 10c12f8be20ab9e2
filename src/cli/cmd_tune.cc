// SPDX-License-Identifier: MIT
#include <memory>
#include <optional>
#include <random>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/apply.h"
#include "app/published.h"
#include "app/tune.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/plan_options.h"
#include "cli/progress_line.h"
#include "document/json.h"
#include "document/value.h"
#include "host/topology.h"
#include "report/sealed.h"
#include "report/tuning.h"

namespace mia::cli {
namespace {

struct TuneOptions {
  std::string model;
  std::string runtime;
  std::string use = "chat";
  std::optional<std::int64_t> ctx;
  std::string budget = "15m";
  std::string max_ttft;
  std::optional<double> min_tok_s;
  std::string wait;
  std::string out = "reports";
  std::string explain;
  std::optional<std::uint64_t> seed;
  bool apply = false;
  bool dry_run = false;
  bool no_store = false;
};

Result<app::TuneRequest> request_of(const Common& common, const TuneOptions& options) {
  std::vector<config::Assignment> flags;
  std::vector<std::string> models;
  if (!options.model.empty()) {
    MIA_TRY_ASSIGN(flags.emplace_back(),
                   config::read_value(*record::find_field("llm.primary.id"), options.model, "-m"));
    models.push_back(options.model);
  }
  if (!options.runtime.empty()) {
    MIA_TRY_ASSIGN(flags.emplace_back(),
                   config::read_value(*record::find_field("run.runtime"), options.runtime, "--runtime"));
  }
  MIA_TRY_ASSIGN(const double budget_s, budget_of(options.budget));
  std::optional<double> max_ttft_s;
  if (!options.max_ttft.empty()) {
    MIA_TRY_ASSIGN(max_ttft_s, context(parse_duration(options.max_ttft), "--max-ttft"));
    if (*max_ttft_s <= 0) {
      return fail(ErrorKind::usage, "--max-ttft {}: no first token comes at once", options.max_ttft);
    }
  }
  MIA_TRY_ASSIGN(const app::Configured configured, app::configure(common, std::move(flags), std::move(models)));
  for (const std::string& warning : configured.loaded.warnings) {
    log::warn(warning);
  }
  MIA_TRY_ASSIGN(app::TuneRequest request, app::tune_request(configured, options.use, options.ctx, host::inspect()));
  request.limits = {options.min_tok_s, max_ttft_s};
  request.budget_s = budget_s;
  MIA_TRY_ASSIGN(request.turn.wait_s, wait_of(options.wait));
  request.out = options.out;
  request.store = common.store;
  request.use_store = !options.no_store;
  request.seed = options.seed.value_or(std::random_device()());
  return request;
}

int show_space(const Common& common, const app::TuneRequest& request) {
  document::Table table{{{"parameter", "parameter"}, {"present", "present"}, {"values", "values"}}};
  std::size_t values = 0;
  for (const judge::Coordinate& coordinate : request.space) {
    std::vector<std::string> texts;
    for (const record::Setting& level : coordinate.levels) {
      texts.push_back(record::to_text(level.value));
    }
    values += texts.size();
    table.rows.push_back({std::string(coordinate.field->name),
                          record::to_text(record::get(request.present.settings, *coordinate.field)),
                          join(texts, ", ")});
  }
  const std::string sum = fmt::format(
      "{} values of {} parameters would be raced for one turn of {} ({} tokens read, {} written), at most {}", values,
      request.space.size(), request.use.name, request.use.prompt, request.use.answer, human_seconds(request.budget_s));
  const Json json = {{"use", request.use.name}, {"space", document::to_json(table)}, {"budget_s", request.budget_s}};
  show(common, {"", {{"", {std::move(table)}}}, sum, document::Tone::plain}, json);
  return kOk;
}

int exit_code(const app::TuneEnd& end) {
  switch (end.outcome) {
    case app::TuneOutcome::interrupted:
      return kInterrupted;
    case app::TuneOutcome::nothing_ran:
      return kMeasurementFailed;
    case app::TuneOutcome::limits_missed:
      return kRegression;
    case app::TuneOutcome::unclear:
      return kUnclear;
    case app::TuneOutcome::keep:
    case app::TuneOutcome::change:
      break;
  }
  return end.file_error || end.store_error ? kInternal : kOk;
}

Result<int> explain(const Common& common, const std::string& file) {
  MIA_TRY_ASSIGN(const Json tuning, report::read_document(file, "race", "give the perf_tune.json of a mia-perf tune"));
  MIA_TRY_ASSIGN(const document::Document document, context(report::explain_tuning(tuning), one_line(file, 300)));
  show(common, document, tuning);
  return kOk;
}

Result<int> run(const Common& common, const TuneOptions& options) {
  if (!options.explain.empty()) {
    return explain(common, options.explain);
  }
  MIA_TRY_ASSIGN(app::TuneRequest request, request_of(common, options));
  if (options.dry_run) {
    return show_space(common, request);
  }
  MIA_TRY(context(ensure_writable_dir(options.out), "report folder"));
  ProgressLine progress;
  app::Published line(progress, "tune", common.store);
  MIA_TRY_ASSIGN(const app::TuneEnd end, app::carry_out(std::move(request), line));
  if (common.json) {
    print_json(report::to_document(end.found));
  } else {
    print(document::to_text(report::document_of(end.found), terminal_look()));
    if (!end.file.empty() && !end.file_error) {
      print(one_line("report: " + end.file.string(), 4096) + "\n");
    }
  }
  for (const std::optional<Error>* const error : {&end.file_error, &end.store_error}) {
    if (*error) {
      log::error(**error);
    }
  }
  if (options.apply && end.outcome != app::TuneOutcome::interrupted) {
    MIA_TRY_ASSIGN(const std::string applied, end.found.chosen.empty()
                                                  ? Result<std::string>("nothing to apply: the present settings stay")
                                                  : app::apply_settings(end.found.chosen, end.found.sentence, common));
    log::info(applied);
  }
  return exit_code(end);
}

}  // namespace

void add_tune(Cli& cli) {
  CLI::App* const verb =
      cli.app.add_subcommand("tune", "which settings make one turn of a use shortest here: raced, and the gain proven");
  auto options = std::make_shared<TuneOptions>();
  verb->add_option("-m,--model", options->model, "catalogue id or GGUF file");
  verb->add_option("--runtime", options->runtime, "installed runtime");
  verb->add_option("--for", options->use,
                   "tokens read and written: chat (256 + 128), long-prompt (2048 + 64) or long-answer (64 + 512)")
      ->capture_default_str();
  verb->add_option("--ctx", options->ctx, "tokens of the KV cache; without it the fewest that hold the turn")
      ->check(CLI::Range(std::int64_t{8}, std::int64_t{1} << 24));
  verb->add_option("--budget", options->budget, "wall time at most: the race, and the proof of what it finds")
      ->capture_default_str();
  verb->add_option("--min-tok-s", options->min_tok_s, "decode at least so fast")->check([](const std::string& text) {
    const auto speed = parse_double(text);
    return speed && *speed > 0 ? "" : fmt::format("'{}' is no speed above 0 in tokens per second", printable(text, 80));
  });
  verb->add_option("--max-ttft", options->max_ttft, "the first token after so long at most: 2s");
  add_wait_option(*verb, options->wait);
  verb->add_option("--seed", options->seed, "of order and random tokens; without it a new one")->check(seed_problem);
  verb->add_option("-o,--out", options->out, "folder of the report")->capture_default_str();
  verb->add_option("--explain", options->explain, "measure nothing: print the race of a perf_tune.json block by block");
  verb->add_flag("--apply", options->apply, "write what is proven to configs/overrides.local.yaml");
  verb->add_flag("--dry-run", options->dry_run, "print what would be raced");
  verb->add_flag("--no-store", options->no_store, "keep nothing in the store");
  verb->footer(
      "example: mia-perf tune -m smollm2-135m --for chat --apply\n"
      "exit codes: 0 found or nothing better, 1 nothing meets the limits, 3 not proven, 4 no settings run, 130 "
      "interrupted");
  verb->callback([&cli, options] { cli.action = [&cli, options] { return run(cli.common, *options); }; });
}

}  // namespace mia::cli
