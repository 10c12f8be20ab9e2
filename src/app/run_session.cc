// SPDX-License-Identifier: MIT
#include "app/run_session.h"

#include <algorithm>
#include <memory>

#include <nlohmann/json.hpp>

#include "app/follow_up.h"
#include "app/gate_baseline.h"
#include "app/observer.h"
#include "app/scope.h"
#include "app/watch_gpus.h"
#include "base/clock.h"
#include "base/text.h"
#include "host/bandwidth.h"
#include "host/preflight.h"
#include "judge/baseline.h"
#include "judge/conclude.h"
#include "judge/follow_up.h"
#include "judge/preflight.h"
#include "judge/report_checks.h"
#include "measure/quality.h"
#include "measure/report_builder.h"
#include "measure/resolve.h"
#include "measure/session.h"
#include "proc/interrupt.h"
#include "report/write.h"
#include "store/measure_lock.h"
#include "store/store.h"

namespace mia::app {
namespace {
constexpr int kFollowUps = 4;              // suspicion, diagnosis, and their like for what would be recommended
constexpr std::int64_t kReportPause = 20;  // times what writing a report took: no session spends much on it
constexpr std::int64_t kUnnoticedNs = 300'000'000;  // of writing beside a trial

// Stores each trial, writes the report now and then and tells the progress.
class Recorder : public measure::RunObserver {
 public:
  Recorder(const SessionRequest& request, const measure::ReportContext& context, Observer& observer)
      : request_(request), context_(context), observer_(observer) {}

  void keep_in(store::Store* store) { store_ = store; }
  void start_with(const std::vector<record::Trial>& finished) { trials_ = finished; }
  // Times of this invocation tell how it spent them, unless they are scripted or another's trials are among them.
  void count_time_since(std::int64_t began_ns) { began_ns_ = began_ns; }
  void judge_against(std::optional<record::Report> accepted) { accepted_ = std::move(accepted); }
  void judge_with(judge::LimitNoise noise) { noise_ = std::move(noise); }

  void trial_begins(const measure::PlannedCell& cell, const measure::Slot& slot,
                    const measure::Progress& progress) override {
    head_ = fmt::format("[{}/{}] {} repeat {}{}", progress.done + 1, progress.planned, cell.key, slot.repeat + 1,
                        progress.remaining_s ? fmt::format(", {} left", human_seconds(*progress.remaining_s)) : "") +
            (progress.disturbed > 0 ? fmt::format(", {} disturbed", progress.disturbed) : "");
    observer_.doing(head_, true);
  }

  void phase(std::string_view what) {
    phase_ = fmt::format("{}: {}", head_.empty() ? "preparing" : head_, what);
    phase_began_ns_ = steady_ns();
    observer_.doing(phase_);
  }

  void still_waiting() {
    observer_.still(phase_, static_cast<double>(steady_ns() - phase_began_ns_) / kNsPerS);
    if (report_took_ns_ < kUnnoticedNs) {
      show_when_due();
    }
  }

  void trial_ended(const record::Trial& trial, const measure::Progress&) override {
    trials_.push_back(trial);
    store([&] { return store_->add_trial(context_.session, trial); });
    is_shown_ = false;
    show_when_due();
  }

  void note(std::string_view text) override { observer_.say(text); }

  // A store that fails costs the history, never the measurement.
  void fail_store(const Error& error) {
    store_error_ = error;
    observer_.say(fmt::format("store: {}; measuring goes on, results are in the report only", error.text()));
  }

  // An earlier report is worth more than one of a run that was ended before its first trial.
  [[nodiscard]] Result<std::vector<std::filesystem::path>> write(const record::Report& built) const {
    const auto cancelled = [](const record::Trial& trial) {
      return trial.outcome.kind == record::OutcomeKind::cancelled;
    };
    if (!built.complete && std::ranges::all_of(built.trials, cancelled)) {
      return std::vector<std::filesystem::path>{};
    }
    if (request_.stem.empty()) {
      return report::write_report(built, request_.out);
    }
    MIA_TRY(report::write_pair(built, request_.out, request_.stem));
    return std::vector{request_.out / (request_.stem + ".json")};
  }

  void finish(std::string_view state, const record::Report& last) {
    store([&] { return store_->finish_session(context_.session, state, &last); });
  }

  [[nodiscard]] record::Report report(bool complete) const {
    measure::ReportContext now = context_;
    if (began_ns_) {
      now.wall_s = static_cast<double>(steady_ns() - *began_ns_) / kNsPerS;
    }
    record::Report built = measure::build_report(request_.plan, trials_, now, complete);
    built.quality = quality_;
    built.findings.insert(built.findings.end(), findings_.begin(), findings_.end());
    judge::conclude(built, request_.plan.scenario.has_check("recommendation") || request_.confirm);
    if (request_.plan.scenario.has_check("thresholds")) {
      judge::judge_thresholds(built, accepted_ ? &*accepted_ : nullptr, noise_);
    }
    return built;
  }

  void add_findings(const std::vector<record::Finding>& findings) {
    findings_.insert(findings_.end(), findings.begin(), findings.end());
  }
  void add_quality(std::vector<record::Quality> quality) { quality_ = std::move(quality); }
  [[nodiscard]] const std::optional<Error>& store_error() const { return store_error_; }

 private:
  // The store is the journal; a report is only shown meanwhile. Built whole each time, it grows with the session.
  void show_when_due() {
    const std::int64_t began = steady_ns();
    if (is_shown_ || began < next_report_ns_) {
      return;
    }
    const record::Report built = report(false);
    store([&] {
      return store_->keep_report(context_.session, built, static_cast<std::int64_t>(request_.plan.order.size()));
    });
    if (const auto written = write(built); !written) {
      note(written.error().text());
    }
    is_shown_ = true;
    report_took_ns_ = steady_ns() - began;
    next_report_ns_ = steady_ns() + std::max<std::int64_t>(kNsPerS, kReportPause * report_took_ns_);
  }

  template <class Write>
  void store(Write write) {
    if (store_ != nullptr && !store_error_) {
      if (const Status done = write(); !done) {
        fail_store(done.error());
      }
    }
  }

  const SessionRequest& request_;
  const measure::ReportContext& context_;
  Observer& observer_;
  store::Store* store_ = nullptr;
  std::vector<record::Trial> trials_;
  std::vector<record::Finding> findings_;
  std::vector<record::Quality> quality_;
  std::optional<record::Report> accepted_;
  judge::LimitNoise noise_;
  std::optional<std::int64_t> began_ns_;
  std::optional<Error> store_error_;
  std::string head_;
  std::string phase_;
  std::int64_t phase_began_ns_ = 0;
  bool is_shown_ = true;
  std::int64_t report_took_ns_ = 0;
  std::int64_t next_report_ns_ = 0;
};

bool is_fake(const measure::Plan& plan) {
  return std::ranges::none_of(plan.cells, [](const auto& cell) { return cell.subject.runtime.real_time; });
}

// What the memory and the disk allow at best, for the columns beside the speeds.
void measure_limits(const measure::Plan& plan, measure::ReportContext& context) {
  const auto threads = static_cast<int>(context.machine.allowed_cpus.value_or(1));
  context.memory_gb_s = host::measure_roofline({.max_threads = threads, .stop = proc::interrupted}).saturated_gb_s;
  for (const measure::PlannedCell& cell : plan.cells) {
    const std::string& runtime = cell.subject.runtime.name;
    if (cell.settings.llm.n_gpu_layers.value_or(1) > 0 && !context.device.contains(runtime) && !proc::interrupted()) {
      if (const auto device = measure::measure_device_bandwidth(cell.subject)) {
        context.device[runtime] = *device;
      }
    }
  }
  for (const measure::PlannedCell& cell : plan.cells) {
    const std::string& path = cell.subject.model.path;
    const bool proves_cache = cell.settings.run.cache.value_or("cold") != "as-is";
    if (!proves_cache || context.cached_read_b_s.contains(path) || proc::interrupted()) {
      continue;
    }
    const host::FileRates rates = host::file_rates(record::files_of(cell.subject.model), proc::interrupted);
    if (rates.cold_b_s) {
      context.cold_read_b_s[path] = *rates.cold_b_s;
    }
    if (rates.cached_b_s) {
      context.cached_read_b_s[path] = *rates.cached_b_s;
    }
  }
}

store::Session session_of(const SessionRequest& request, const measure::ReportContext& context) {
  store::Session session;
  session.row.id = context.session;
  session.row.scenario = request.plan.scenario.name;
  session.row.started = context.started;
  session.row.state = "running";
  session.row.plan_hash = request.plan.hash;
  session.row.machine = request.machine.fingerprint;
  session.row.tool_version = tool_version();
  session.row.title = request.plan.scenario.title;
  session.row.planned = static_cast<std::int64_t>(request.plan.order.size());
  session.plan_json = dump_json(measure::to_json(request.plan));
  session.machine = request.machine;
  session.settings = request.plan.base;
  const record::Report subjects = measure::build_report(request.plan, {}, context, false);
  session.runtimes = subjects.runtimes;
  session.models = subjects.models;
  return session;
}

// Opens the store and begins the session there, or takes up the one that was not finished.
Result<std::vector<record::Trial>> begin(store::Store& store, const SessionRequest& request,
                                         measure::ReportContext& context, Observer& observer) {
  if (request.resume) {
    MIA_TRY_ASSIGN(const auto earlier, store.resumable(request.plan.hash));
    if (earlier) {
      context.session = earlier->id;
      context.started = earlier->started;
      MIA_TRY(store.resume_session(earlier->id));
      return store.trials(earlier->id);
    }
    observer.say("nothing to resume: no unfinished session has this plan; starting anew");
  }
  MIA_TRY(store.begin_session(session_of(request, context)));
  return std::vector<record::Trial>{};
}

// One session: preparation, measuring, report, in this order.
class SessionRunner {
 public:
  SessionRunner(SessionRequest request, Observer& observer)
      : request_(std::move(request)),
        fake_(is_fake(request_.plan)),
        observer_(observer),
        recorder_(request_, context_, observer) {
    context_.session = new_session_id();
    context_.started = utc_now();
    context_.tool_version = tool_version();
    context_.machine = request_.machine;
  }

  Result<SessionEnd> run() {
    if (request_.plan.scenario.has_check("quality")) {
      MIA_TRY(measure::quality_text(request_.plan.base));  // a missing text must not wait for the end
    }
    tell_name();
    if (!fake_) {
      MIA_TRY_ASSIGN(lock_, lock_this_machine(request_.turn, observer_));
    }
    begin_budget();
    if (!fake_) {
      look_at_machine();
    }
    prepare_bench();
    open_store();
    tell_name();
    options_.id = context_.session;
    if (!fake_ && options_.finished.empty()) {
      recorder_.count_time_since(began_ns_);
    }
    options_.budget_s = budget_left_s();
    MIA_TRY_ASSIGN(auto result, measure::run_session(request_.plan, bench_, options_, recorder_));
    MIA_TRY(follow_up(result));
    MIA_TRY(score_models(result));
    observer_.done();
    return finish(result);
  }

 private:
  void tell_name() { observer_.begins({context_.session, request_.plan.scenario.name}); }

  // The time that the machine was waited for is not the session's.
  void begin_budget() {
    began_ns_ = steady_ns();
    if (request_.budget_s) {
      guard_.end_in(longest_s(*request_.budget_s));
    }
  }

  void look_at_machine() {
    observer_.doing("looking at the machine", true);
    recorder_.add_findings(look_at_gpus());
    recorder_.add_findings(
        judge::preflight_findings(request_.machine, host::observe(&request_.plan.cells.front().subject.model, gpu_)));
    observer_.doing("measuring what memory and disk allow", true);
    measure_limits(request_.plan, context_);
  }

  std::vector<record::Finding> look_at_gpus() {
    std::vector<GpuUse> uses;
    for (measure::PlannedCell& cell : request_.plan.cells) {
      uses.push_back({&cell.subject, cell.settings.llm.n_gpu_layers.value_or(1) != 0});
    }
    return watch_gpus(uses, request_.machine, gpu_);
  }

  void prepare_bench() {
    bench_.machine = request_.machine;
    bench_.on_phase = [this](std::string_view what) { recorder_.phase(what); };
    bench_.on_wait = [this] { recorder_.still_waiting(); };
    bench_.gpu = &gpu_;
    if (!fake_) {
      canary_ = std::make_unique<host::Canary>(static_cast<int>(request_.machine.allowed_cpus.value_or(1)), 0,
                                               proc::interrupted);
      bench_.canary = canary_.get();
    }
    if (const std::size_t merged = measure::merge_equal_cells(request_.plan, bench_); merged > 0) {
      observer_.say(
          fmt::format("{} cells become the same settings as others: measured once, shown under each name", merged));
    }
    options_.force = request_.force;
  }

  void open_store() {
    if (!request_.use_store) {
      return;
    }
    auto opened = store::Store::open(
        request_.store.empty() ? store::default_path() : std::filesystem::path(request_.store), proc::interrupted);
    if (!opened) {
      recorder_.fail_store(opened.error());
      return;
    }
    store_.emplace(std::move(*opened));
    auto finished = begin(*store_, request_, context_, observer_);
    if (!finished) {
      recorder_.fail_store(finished.error());
      return;
    }
    options_.finished = std::move(*finished);
    recorder_.start_with(options_.finished);
    recorder_.keep_in(&*store_);
    const record::Report subjects = measure::build_report(request_.plan, {}, context_, false);
    auto accepted =
        store_->baseline(store::model_key(subjects.models), request_.machine.fingerprint, request_.plan.scenario.name);
    if (accepted && *accepted && judge::comparable(judge::differences(**accepted, subjects))) {
      recorder_.judge_against(std::move(*accepted));
    }
    if (auto noise = noise_from_history(*store_, subjects)) {
      recorder_.judge_with(std::move(*noise));
    }
  }

  [[nodiscard]] judge::FollowUp what_to_repeat() const {
    const measure::Scenario& scenario = request_.plan.scenario;
    const record::Report report = recorder_.report(false);
    judge::FollowUp follow;
    if (scenario.has_check("anomalies")) {
      follow = judge::follow_anomalies(report);
    }
    if (follow.wanted.empty() && (scenario.has_check("recommendation") || request_.confirm)) {
      follow = judge::follow_gain(report);
    }
    return follow;
  }

  // What the plan's trials only suggest is measured again before it is said.
  Status follow_up(measure::SessionResult& result) {
    for (int i = 0; i < kFollowUps && result.complete; ++i) {
      const judge::FollowUp follow = what_to_repeat();
      if (follow.wanted.empty()) {
        break;
      }
      if (budget_left_s().value_or(1) <= 0) {
        leave_out(fmt::format("the budget is used up; not measured again: {}", follow.why));
        break;
      }
      recorder_.note(follow.why);
      MIA_TRY(extend_plan(request_.plan, follow));
      options_.finished = std::move(result.trials);
      options_.budget_s = budget_left_s();
      MIA_TRY_ASSIGN(result, measure::run_session(request_.plan, bench_, options_, recorder_));
    }
    if (!result.dropped.empty()) {
      recorder_.add_findings({{"budget", record::Severity::warning, result.dropped, {}}});
    }
    return {};
  }

  Status score_models(measure::SessionResult& result) {
    if (result.interrupted || !request_.plan.scenario.has_check("quality")) {
      return {};
    }
    if (budget_left_s().value_or(1) <= 0) {
      leave_out("the budget is used up: the quality of the models was not scored");
      return {};
    }
    MIA_TRY_ASSIGN(const auto text, measure::quality_text(request_.plan.base));
    recorder_.add_quality(measure::measure_quality(request_.plan, text, bench_));
    result.interrupted = proc::interrupted() && !proc::out_of_time();
    if (proc::out_of_time()) {
      leave_out("the budget is used up: the quality of the models was not scored to the end");
    }
    return {};
  }

  void leave_out(const std::string& what) {
    recorder_.note(what);
    recorder_.add_findings({{"budget", record::Severity::warning, what, {}}});
  }

  // A budget is the user's time, the look at the machine included; the first round is begun all the same.
  [[nodiscard]] std::optional<double> budget_left_s() const {
    const double elapsed = static_cast<double>(steady_ns() - began_ns_) / kNsPerS;
    return request_.budget_s ? std::optional(*request_.budget_s - elapsed) : std::nullopt;
  }

  Result<SessionEnd> finish(const measure::SessionResult& result) {
    SessionEnd end;
    end.interrupted = result.interrupted;
    end.report = recorder_.report(!result.interrupted);
    recorder_.finish(result.interrupted ? "interrupted" : "complete", end.report);
    if (auto files = recorder_.write(end.report)) {
      end.files = std::move(*files);
    } else {
      end.file_error = files.error();
    }
    end.store_error = recorder_.store_error();
    return end;
  }

  proc::InterruptGuard guard_;
  SessionRequest request_;
  bool fake_;
  std::int64_t began_ns_ = steady_ns();
  Observer& observer_;
  measure::ReportContext context_;
  Recorder recorder_;
  std::optional<store::MeasureLock> lock_;
  host::GpuMonitor gpu_ = host::GpuMonitor::open();
  std::unique_ptr<host::Canary> canary_;
  measure::Bench bench_;
  measure::SessionOptions options_;
  std::optional<store::Store> store_;
};

bool is_unmeasured(const record::CellReport& cell) {
  return std::ranges::all_of(cell.outcomes, [](const auto& outcome) { return outcome.first == "cancelled"; });
}

}  // namespace

Result<SessionEnd> carry_out(SessionRequest request, Observer& observer) {
  return SessionRunner(std::move(request), observer).run();
}

bool has_failed_cell(const record::Report& report) {
  return std::ranges::any_of(report.cells, [](const record::CellReport& cell) {
    return !cell.outcomes.contains("ok") && !is_unmeasured(cell);
  });
}

bool has_unmeasured_cell(const record::Report& report) {
  return std::ranges::any_of(report.cells, is_unmeasured);
}

}  // namespace mia::app
