// SPDX-License-Identifier: MIT
#include "app/tune.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "app/compare_session.h"
#include "app/tune_space.h"
#include "app/tune_workers.h"
#include "app/watch_gpus.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/text.h"
#include "document/markdown.h"
#include "host/bandwidth.h"
#include "measure/roofline.h"
#include "proc/interrupt.h"
#include "record/fields.h"
#include "report/json.h"
#include "report/tuning.h"
#include "report/tuning_commands.h"

namespace mia::app {
namespace {

using record::Comparison;
using record::Verdict;

measure::ArmSpec with(measure::ArmSpec arm, const record::Settings& settings, std::string label) {
  arm.settings = settings;
  arm.label = std::move(label);
  return arm;
}

// "12.3 % less time (9.8 to 14.6 % less)" of a turn.
std::string change_text(const Comparison& comparison) {
  const record::StatisticResult shown = record::deciding(comparison);
  const auto percent = [](std::optional<double> ln) { return record::percent_of(ln).value_or(0); };
  const double change = percent(shown.effect);
  std::string text = fmt::format("{:.1f} % {} time", std::abs(change), change < 0 ? "less" : "more");
  if (shown.low && shown.high) {
    text += fmt::format(" ({:+.1f} to {:+.1f} %)", percent(shown.low), percent(shown.high));
  }
  return text;
}

std::string missing_text(const record::TurnFigures& turn, const record::TurnLimits& limits) {
  std::vector<std::string> missing;
  if (limits.min_tok_s && turn.decode_tok_s.value_or(0) < *limits.min_tok_s) {
    missing.push_back(
        fmt::format("it decodes {:.1f} tok/s of the {:g} asked for", turn.decode_tok_s.value_or(0), *limits.min_tok_s));
  }
  if (limits.max_ttft_s && turn.ttft_s > *limits.max_ttft_s) {
    missing.push_back(
        fmt::format("its first token comes after {:.2f} s instead of {:g} s", turn.ttft_s, *limits.max_ttft_s));
  }
  return join(missing, " and ");
}

class TuneRunner {
 public:
  TuneRunner(TuneRequest request, Observer& observer)
      : request_(std::move(request)), observer_(observer), began_ns_(steady_ns()) {
    record::Tuning& found = end_.found;
    found.session = new_session_id();
    found.started = utc_now();
    found.tool_version = tool_version();
    found.machine = request_.machine;
    found.runtime = request_.present.subject.runtime;
    found.model = request_.present.subject.model;
    found.use = request_.use;
    found.limits = request_.limits;
    found.present = request_.present.settings;
    file_ = request_.out / "perf_tune.json";
  }

  Result<TuneEnd> run() {
    observer_.begins({end_.found.session, request_.use.name});
    MIA_TRY(race());
    conclude();
    write();
    if (!interrupted_ && certifies()) {
      MIA_TRY(certify(end_.found.against_present, request_.present, "tried against present"));
      conclude();
      write();
      MIA_TRY(certify_against_defaults());
      conclude();
    }
    end_.found.finished = utc_now();
    end_.found.complete = end_.found.complete && !interrupted_;
    write();
    observer_.done();
    return std::move(end_);
  }

 private:
  [[nodiscard]] double elapsed_s() const { return static_cast<double>(steady_ns() - began_ns_) / kNsPerS; }

  Status race() {
    proc::InterruptGuard guard;
    measure::Bench bench;
    bench.machine = request_.machine;
    std::optional<store::MeasureLock> lock;
    host::GpuMonitor gpu = host::GpuMonitor::open();
    judge::SearchInput input{request_.space, request_.present.settings, request_.limits, request_.seed, 0};
    if (request_.present.subject.runtime.real_time) {
      MIA_TRY_ASSIGN(lock, lock_this_machine(request_.turn, observer_));
      GpuUse use{&request_.present.subject, true};
      for (const record::Finding& finding : watch_gpus({use}, request_.machine, gpu)) {
        observer_.say(finding.text);
      }
      bench.gpu = &gpu;
      input.least_s = least_s();
    }
    began_ns_ = steady_ns();
    guard.end_in(longest_s(request_.budget_s));
    TuneWorkers workers(request_.present, request_.use, bench, observer_, request_.seed);
    workers.begin_within(request_.budget_s);
    MIA_TRY_ASSIGN(judge::SearchResult result, judge::search(input, workers));
    workers.end();
    costs_ = workers.costs();
    interrupted_ = proc::interrupted() && !proc::out_of_time();
    const bool ran = std::ranges::any_of(result.races, [](const record::TuneRace& one) { return one.blocks > 0; });
    if (!ran && !interrupted_ && !request_.space.empty()) {
      return with_hint(fail(ErrorKind::usage, "a budget of {} does not hold one pair of turns: starting took {} of it",
                            human_seconds(request_.budget_s), human_seconds(elapsed_s())),
                       "give a longer --budget");
    }
    if (!result.complete && !interrupted_) {
      end_.found.notes.push_back(fmt::format("the budget of {} ended the race after {} turns: give a longer --budget",
                                             human_seconds(request_.budget_s), result.turns));
    }
    take(std::move(result), workers.one_at_a_time());
    return {};
  }

  // The answer at the memory's bandwidth; 0 where weights may lie on a GPU.
  [[nodiscard]] double least_s() const {
    const auto& devices = request_.present.subject.runtime.devices;
    if (std::ranges::any_of(devices, record::is_gpu)) {
      return 0;
    }
    observer_.doing("measuring what memory allows");
    const int threads = static_cast<int>(request_.machine.allowed_cpus.value_or(1));
    const double gb_s =
        host::measure_roofline({.max_threads = threads, .seconds_each = 0.2, .stop = {}}).saturated_gb_s;
    const record::ModelInfo& model = request_.present.subject.model;
    const auto limit = host::decode_limit_tok_s(model.bytes_per_token, 0, gb_s);
    return limit ? static_cast<double>(request_.use.answer - 1) / *limit : 0;
  }

  void take(judge::SearchResult result, bool one_at_a_time) {
    record::Tuning& found = end_.found;
    winner_ = result.chosen;
    found.tried = record::difference(found.present, winner_);
    found.races = std::move(result.races);
    found.turns = result.turns;
    found.present_turn = result.start_turn;
    found.chosen_turn = result.chosen_turn;
    found.complete = result.complete;
    for (const judge::Coordinate& coordinate : request_.space) {
      const auto ended = [&](const record::TuneRace& race) { return race.field == coordinate.field && race.complete; };
      if (std::ranges::none_of(found.races, ended)) {
        found.not_raced.push_back(coordinate.field);
      }
      if (!coordinate.with.empty()) {
        found.notes.push_back(fmt::format("other values of {} were raced with {}", coordinate.field->name,
                                          record::describe(coordinate.with)));
      }
    }
    if (meets(found.present_turn) && !meets(found.chosen_turn)) {  // faster, but not what was asked for
      winner_ = found.present;
      found.tried.clear();
      found.chosen_turn = found.present_turn;
    }
    if (result.at_roofline) {
      found.notes.emplace_back("the race ended early: the memory's bandwidth leaves less than 5 % of the turn to win");
    }
    if (one_at_a_time) {
      found.notes.emplace_back("memory did not hold the candidates together: each was started for every turn");
    }
  }

  [[nodiscard]] bool present_runs() const { return end_.found.present_turn.has_value(); }
  [[nodiscard]] bool certifies() const { return !end_.found.tried.empty() && present_runs(); }
  [[nodiscard]] bool meets(const std::optional<record::TurnFigures>& turn) const {
    return turn && judge::shortfall(*turn, request_.limits) <= 0;
  }

  Status certify(std::optional<Comparison>& into, const measure::ArmSpec& reference, const std::string& what) {
    const double left_s = request_.budget_s - elapsed_s();
    const ProofPlan plan = plan_proof(costs_, left_s);
    if (plan.seconds > left_s) {
      end_.found.notes.push_back(
          fmt::format("{} were left to measure {} anew, {}, and that takes about {}: give a --budget of {} or more",
                      human_seconds(std::max(0.0, left_s)), record::describe(end_.found.tried), what,
                      human_seconds(plan.seconds), human_seconds(std::ceil(request_.budget_s + plan.seconds))));
      return {};
    }
    observer_.say(
        fmt::format("after {}: {}; it is measured anew, {}", human_seconds(elapsed_s()), end_.found.sentence, what));
    CompareRequest request;
    request.a = reference;
    request.b = with(request_.present, winner_, record::describe(end_.found.tried));
    request.options.turn_pairs = plan.pairs;
    cut_ = cut_ || !plan.whole;
    if (!plan.whole) {
      request.a.settings.workload.max_tokens = raced_answer(request_.use);
      request.b.settings.workload.max_tokens = raced_answer(request_.use);
    }
    request.options.alpha = request_.alpha;
    request.options.seed = stats::mix(request_.seed + comparisons_++);
    request.machine = request_.machine;
    request.out = request_.out;
    request.stem = "perf_tune_pairs";
    request.store = request_.store;
    request.use_store = request_.use_store;
    request.budget_s = left_s;
    request.turn = request_.turn;
    MIA_TRY_ASSIGN(CompareEnd end, app::carry_out(std::move(request), observer_));
    interrupted_ = interrupted_ || end.interrupted;
    end_.store_error = end.store_error;
    end.comparison.epoch_table.clear();
    into = std::move(end.comparison);
    return {};
  }

  // The runtime's own choice of everything that is tuned, where that is neither present nor found.
  Status certify_against_defaults() {
    record::Settings defaults = request_.present.settings;
    for (const judge::Coordinate& coordinate : request_.space) {
      record::set(defaults, *coordinate.field, record::get(record::default_settings(), *coordinate.field));
    }
    if (interrupted_ || defaults == request_.present.settings || defaults == winner_) {
      return {};
    }
    return certify(end_.found.against_defaults, with(request_.present, defaults, "defaults"),
                   "tried against the runtime's defaults");
  }

  void conclude() {
    record::Tuning& found = end_.found;
    found.wall_s = elapsed_s();
    found.meets_limits = meets(found.chosen_turn);
    const auto [outcome, sentence] = judged();
    end_.outcome = interrupted_ ? TuneOutcome::interrupted : outcome;
    found.sentence = (interrupted_ ? "interrupted; so far: " : "") + sentence;
    found.chosen = outcome == TuneOutcome::change ? found.tried : record::SettingList{};
    if (found.chosen_turn && !found.meets_limits) {
      found.sentence = fmt::format("{}nothing tried meets the limits; {} comes nearest: {}",
                                   interrupted_ ? "interrupted; so far: " : "",
                                   found.tried.empty() ? "what you have" : record::describe(found.tried),
                                   missing_text(*found.chosen_turn, request_.limits));
      end_.outcome = interrupted_ ? TuneOutcome::interrupted : TuneOutcome::limits_missed;
    }
    record::Settings best = outcome == TuneOutcome::change ? winner_ : found.present;
    if (!request_.ctx_asked) {
      best.llm.n_ctx.reset();
    }
    found.commands = report::launch_commands(best, found.model);
  }

  [[nodiscard]] std::pair<TuneOutcome, std::string> judged() const {
    const record::Tuning& found = end_.found;
    const std::string turn =
        fmt::format("one turn of {}{}", found.use.name,
                    cut_ ? fmt::format(", measured with answers of {} tokens,", raced_answer(found.use)) : "");
    if (!found.chosen_turn && !request_.space.empty()) {
      return {interrupted_ ? TuneOutcome::interrupted : TuneOutcome::nothing_ran,
              interrupted_ ? "nothing is known yet" : "no settings could run: " + first_failure()};
    }
    const std::string tried = record::describe(found.tried);
    if (!present_runs() && !found.tried.empty()) {
      return {TuneOutcome::change, fmt::format("use {}: the present settings cannot run ({})", tried, first_failure())};
    }
    if (found.tried.empty()) {
      const bool all = found.not_raced.empty();
      return {all ? TuneOutcome::keep : TuneOutcome::unclear,
              fmt::format("keep your settings{}: nothing {} them for {}{}", all ? "" : " for now",
                          all ? "beat" : "has beaten", turn, raced_text())};
    }
    const bool only_one = found.meets_limits && !meets(found.present_turn);
    const std::string seconds =
        fmt::format(", about {:.2f} s instead of {:.2f} s", found.chosen_turn->turn_s, found.present_turn->turn_s);
    if (!found.against_present) {
      return {only_one ? TuneOutcome::change : TuneOutcome::unclear,
              fmt::format("{} {}: in the race {} took less time with it{}, which is not proven",
                          only_one ? "use" : "perhaps", tried, turn, seconds)};
    }
    const Comparison& proof = *found.against_present;
    if (proof.verdict == Verdict::faster || only_one) {
      return {TuneOutcome::change,
              fmt::format("use {}: {}{} takes {}{}", tried, only_one ? "only it meets the limits; " : "", turn,
                          change_text(proof), proof.verdict == Verdict::faster ? seconds : "")};
    }
    if (proof.verdict == Verdict::same) {
      return {TuneOutcome::keep,
              fmt::format("keep your settings: nothing beats them for {}; {} was best in the race, and "
                          "measured anew it is the same within ±{:g} %",
                          turn, tried, 100 * proof.margin)};
    }
    if (proof.verdict == Verdict::slower) {
      return {TuneOutcome::keep,
              fmt::format("keep your settings: {} was best in the race, but measured anew {} takes {}", tried, turn,
                          change_text(proof))};
    }
    return {
        TuneOutcome::unclear,
        fmt::format("keep your settings for now: {} was best in the race, but measured anew that is not proven ({})",
                    tried, proof.stopped.empty() ? "it goes on" : proof.stopped)};
  }

  // What was raced, and what the race could have seen.
  [[nodiscard]] std::string raced_text() const {
    std::int64_t values = 0;
    std::vector<std::string> raced;
    double least = 0;
    for (const record::TuneRace& race : end_.found.races) {
      const auto ran = std::ranges::count_if(
          race.levels, [](const record::TunedLevel& level) { return !level.incumbent && level.blocks > 0; });
      values += ran;
      if (ran > 0) {
        raced.emplace_back(race.field->name);
      }
      least = std::max(least, race.complete ? race.noticeable.value_or(0) : 0);
    }
    std::string text;
    if (values > 0) {
      text += fmt::format("; raced: {} ({} other {})", join(raced, ", "), values, values == 1 ? "value" : "values");
    }
    if (least > 0) {
      text += fmt::format(", and one that takes {:.0f} % less time would have been seen (4 times in 5)",
                          100 * -std::expm1(-least));
    }
    std::vector<std::string> missing;
    for (const record::Field* const field : end_.found.not_raced) {
      missing.emplace_back(field->name);
    }
    return text + (missing.empty() ? "" : "; not raced to the end: " + join(missing, ", "));
  }

  [[nodiscard]] std::string first_failure() const {
    for (const record::TuneRace& race : end_.found.races) {
      for (const record::TunedLevel& level : race.levels) {
        if (level.incumbent && !level.why.empty()) {
          return level.why;
        }
      }
    }
    return "no reason was given";
  }

  // A file that cannot be written costs the file, not the result.
  void write() {
    if (end_.found.races.empty()) {
      return;
    }
    Status written = write_file_atomic(file_, report::pretty_json(report::to_document(end_.found)));
    std::filesystem::path twin = file_;
    if (written) {
      written =
          write_file_atomic(twin.replace_extension(".md"), document::to_markdown(report::document_of(end_.found)));
    }
    end_.file = file_;
    end_.file_error = written ? std::nullopt : std::optional(written.error());
  }

  TuneRequest request_;
  Observer& observer_;
  std::int64_t began_ns_;
  TuneEnd end_;
  record::Settings winner_;
  std::filesystem::path file_;
  std::uint64_t comparisons_ = 1;
  TurnCosts costs_;
  bool interrupted_ = false;
  bool cut_ = false;  // a proof had no time for whole answers
};

}  // namespace

Result<TuneRequest> tune_request(const Configured& configured, std::string_view use, std::optional<std::int64_t> n_ctx,
                                 const record::Machine& machine) {
  TuneRequest request;
  request.present.label = "present settings";
  request.present.settings = configured.loaded.settings;
  SubjectFinder finder(configured.catalogue);
  MIA_TRY_ASSIGN(request.present.subject, finder.find(request.present.settings));
  const std::optional<std::int64_t> asked = n_ctx ? n_ctx : request.present.settings.llm.n_ctx;
  MIA_TRY_ASSIGN(request.use, use_of(use, asked, request.present.subject.model));
  record::Settings& settings = request.present.settings;
  request.ctx_asked = asked.has_value();
  settings.llm.n_ctx = request.use.n_ctx;
  settings.workload.name = request.use.name;
  settings.workload.input = "tokens";
  settings.workload.prompt_tokens = request.use.prompt;
  settings.workload.max_tokens = request.use.answer;
  request.machine = machine;
  request.space = tune_space(machine, request.present, request.use);
  return request;
}

Result<TuneEnd> carry_out(TuneRequest request, Observer& observer) {
  return TuneRunner(std::move(request), observer).run();
}

}  // namespace mia::app
