// SPDX-License-Identifier: MIT
#include "app/compare_session.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

#include "app/find_report.h"
#include "app/observer.h"
#include "app/scope.h"
#include "app/watch_gpus.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/text.h"
#include "client/worker.h"
#include "host/memory.h"
#include "host/page_cache.h"
#include "judge/coins.h"
#include "judge/comparison.h"
#include "judge/honoured.h"
#include "proc/interrupt.h"
#include "report/json.h"
#include "store/measure_lock.h"

namespace mia::app {
namespace {
constexpr double kIdleCpus = 0.05;  // an arm that waits should use nothing; this much is worth saying

measure::PairChance chance_of(const judge::CoinPlan& coins) {
  return {[coins](std::int64_t epoch, std::int64_t pair) { return coins.a_first(epoch, pair); },
          [coins](std::int64_t epoch) { return coins.a_starts(epoch); },
          [coins](std::int64_t epoch, bool arm_b) { return coins.padding_bytes(epoch, arm_b); },
          [coins](std::int64_t epoch, std::int64_t pair) { return coins.trace_seed(epoch, pair); }};
}

bool scripted(const measure::ArmSpec& arm) {
  return !arm.subject.runtime.real_time;
}

// Why memory holds only one of the two; "" when it holds both or nothing is known.
std::string too_large_together(const measure::ArmSpec& a, const measure::ArmSpec& b) {
  const auto available = host::available_memory_bytes();
  const std::int64_t needed = measure::resident_bytes(a, b);
  if (!available || scripted(a) || scripted(b) || needed <= *available) {
    return {};
  }
  return fmt::format("both models need {} and {} is free", human_bytes(needed), human_bytes(*available));
}

// "a" and "b" of the sentence must differ, also when a thing is compared with itself.
void tell_apart(measure::ArmSpec& a, measure::ArmSpec& b) {
  if (a.label == b.label) {
    a.label += " (A)";
    b.label += " (B)";
  }
}

record::ComparedArm compared(const measure::ArmSpec& arm) {
  record::ComparedArm found;
  found.label = arm.label;
  found.requested = arm.settings;
  found.runtime = arm.subject.runtime;
  found.model = arm.subject.model;
  return found;
}

class CompareRunner {
 public:
  CompareRunner(CompareRequest request, judge::PairedTest test, Observer& observer)
      : request_(std::move(request)), test_(std::move(test)), began_ns_(steady_ns()), observer_(observer) {
    tell_apart(request_.a, request_.b);
    spec_.chance = chance_of(judge::CoinPlan(request_.options.seed));
    take_arms();
    found_.session = new_session_id();
    found_.started = utc_now();
    found_.tool_version = tool_version();
    found_.machine = request_.machine;
    file_ = request_.out / (request_.stem + ".json");
  }

  Result<CompareEnd> run() {
    observer_.begins({found_.session, fmt::format("{} against {}", found_.b.label, found_.a.label)});
    MIA_TRY(prepare());
    measure::PairRunner runner(spec_, bench_, [this](std::int64_t pair) { show(pair); });
    while (!over()) {
      MIA_TRY(run_epoch(runner));
      write();
    }
    if (!decision_.stop) {
      decision_ = test_.finish(ended_by_);
    }
    found_.finished = utc_now();
    found_.complete = !interrupted_;
    write();
    observer_.done();
    return finish();
  }

 private:
  void take_arms() {
    spec_.a = request_.a;
    spec_.b = request_.b;
    found_.a = compared(request_.a);
    found_.b = compared(request_.b);
  }

  Status prepare() {
    choose_design();
    if (request_.use_store) {
      if (const auto opened = open_store(request_.store); !opened) {
        observer_.say(
            fmt::format("store: {}; measuring goes on, the result is in the report only", opened.error().text()));
      }
    }
    bench_.machine = request_.machine;
    bench_.on_wait = [this] { observer_.still(doing_, static_cast<double>(steady_ns() - doing_since_ns_) / kNsPerS); };
    const bool real = !scripted(request_.a) || !scripted(request_.b);
    if (real) {
      MIA_TRY_ASSIGN(lock_, lock_this_machine(request_.turn, observer_));
    }
    began_ns_ = steady_ns();
    if (request_.budget_s) {
      guard_.end_in(longest_s(*request_.budget_s));
    }
    if (!real) {
      return {};
    }
    std::vector<GpuUse> uses;
    for (measure::ArmSpec* const arm : {&request_.a, &request_.b}) {
      uses.push_back({&arm->subject, arm->settings.llm.n_gpu_layers.value_or(1) != 0});
    }
    for (const record::Finding& finding : watch_gpus(uses, request_.machine, gpu_)) {
      notes_.push_back(finding.text);
      observer_.say(finding.text);
    }
    take_arms();
    bench_.gpu = &gpu_;
    return {};
  }

  // A file in the page cache keeps its place in memory, and the place alone is worth some percent: two copies of one
  // file differ. So two files are read anew for each epoch, in the order in which the processes start; one file is
  // shared by both and is read once.
  Status place_files() {
    std::vector<const record::ModelInfo*> models;
    for (const measure::ArmSpec* const arm : {&request_.a, &request_.b}) {
      const record::RuntimeInfo& runtime = arm->subject.runtime;
      const record::ModelInfo& model = arm->subject.model;
      const bool known = std::ranges::any_of(models, [&](const auto* other) { return other->path == model.path; });
      if (runtime.model_file && runtime.load_phase && !known) {
        models.push_back(&model);
      }
    }
    const bool same = models.size() < 2;
    if (same && next_epoch_ > 0) {
      return {};
    }
    if (!spec_.chance.a_starts(next_epoch_)) {
      std::ranges::reverse(models);
    }
    for (const char* const state : {"cold", "warm"}) {
      for (const record::ModelInfo* const model : models) {
        doing_ = fmt::format("reading {}", model->path);
        observer_.doing(doing_, next_epoch_ == 0);
        if (state == std::string_view("warm") || !same) {
          MIA_TRY(host::prepare_cache(record::files_of(*model), state, proc::interrupted));
        }
      }
    }
    return {};
  }

  void choose_design() {
    const std::string why = too_large_together(request_.a, request_.b);
    if (request_.alternate || !why.empty()) {
      alternate(why.empty() ? "as asked" : why);
    }
  }

  void alternate(const std::string& why) {
    spec_.design = measure::PairDesign::alternating;
    notes_.push_back(
        fmt::format("the processes took turns epoch by epoch, one at a time ({}): less sensitive on a "
                    "machine that drifts",
                    why));
    observer_.say(notes_.back());
  }

  [[nodiscard]] bool over() {
    const bool decided = decision_.stop && !request_.all_epochs;
    const bool last = next_epoch_ >= test_.most_epochs() + (request_.all_epochs ? 0 : test_voided());
    if (decided || last || stopped_ || !found_.outcome.ok()) {
      return true;
    }
    planned_pairs_ = test_.pairs_for_next_epoch(costs_, request_.all_epochs ? std::nullopt : left_s());
    if (left_s().value_or(costs_.epoch_s(planned_pairs_)) < costs_.epoch_s(planned_pairs_)) {
      end_by_budget();
    }
    return stopped_;
  }

  [[nodiscard]] double elapsed_s() const { return static_cast<double>(steady_ns() - began_ns_) / kNsPerS; }
  [[nodiscard]] std::optional<double> left_s() const {
    return request_.budget_s ? std::optional(std::max(0.0, *request_.budget_s - elapsed_s())) : std::nullopt;
  }

  // Seconds of the next epoch at most: five must fit into the budget.
  [[nodiscard]] std::optional<double> most_s() const {
    const auto missing = std::max<std::int64_t>(1, judge::kFewestEpochs - test_.epochs());
    return request_.all_epochs || !left_s() ? std::nullopt : std::optional(*left_s() / static_cast<double>(missing));
  }

  void end_by_budget() {
    stopped_ = true;
    ended_by_ = fmt::format("the budget of {} ended it", human_seconds(*request_.budget_s));
  }

  // By a person, or by the budget in the middle of an epoch: what is whole counts.
  void stop() {
    if (proc::out_of_time()) {
      end_by_budget();
    } else {
      stopped_ = interrupted_ = true;
      ended_by_ = "it was interrupted";
    }
  }

  // A voided epoch is run again, as often as epochs were asked for at most.
  [[nodiscard]] std::int64_t test_voided() const {
    return std::min(next_epoch_ - test_.epochs(), request_.options.max_epochs);
  }

  Status run_epoch(measure::PairRunner& runner) {
    const std::int64_t began = steady_ns();
    if (Status placed = place_files(); !placed) {
      if (placed.error().kind == ErrorKind::interrupted) {
        stop();
        return {};
      }
      return placed;
    }
    MIA_TRY_ASSIGN(measure::EpochEnd end, runner.run_epoch(next_epoch_, planned_pairs_, most_s()));
    if (end.outcome.kind == record::OutcomeKind::out_of_memory && next_epoch_ == 0 && end.epoch.pairs.empty() &&
        spec_.design == measure::PairDesign::resident) {
      alternate("the second did not fit beside the first");
      return {};
    }
    ++next_epoch_;
    if (end.outcome.kind == record::OutcomeKind::cancelled || proc::interrupted()) {
      stop();
    } else if (!end.outcome.ok()) {
      found_.outcome = end.outcome;
      found_.outcome_of_b = end.of_b;
      ended_by_ = fmt::format("{} could not run", end.of_b ? found_.b.label : found_.a.label);
      found_.log_tail = printable(end.log_tail, client::kLogKept);
    }
    found_.a.effective = runner.effective_a();
    found_.b.effective = runner.effective_b();
    if (end.outcome.ok()) {
      learn(end.epoch, static_cast<double>(steady_ns() - began) / kNsPerS);
    }
    if (!end.epoch.pairs.empty()) {
      found_.epoch_table.push_back(std::move(end.epoch));
    }
    return {};
  }

  void learn(const record::PairEpoch& epoch, double seconds) {
    starts_s_ += seconds - epoch.pairs_s;
    pairs_s_ += epoch.pairs_s;
    pairs_ += std::ssize(epoch.pairs);
    costs_ = {starts_s_ / static_cast<double>(++epochs_),
              pairs_s_ / static_cast<double>(std::max<std::int64_t>(1, pairs_))};
    most_idle_ = std::max(most_idle_, epoch.idle_cpus.value_or(0));
    if (!decision_.stop) {
      test_.add_epoch(judge::figures_of(epoch));
      decision_ = test_.look();
    }
    observer_.doing(fmt::format("epoch {}: {}", next_epoch_, standing()), true);
  }

  [[nodiscard]] std::string standing() const {
    constexpr std::int64_t kTelling = 3;  // two epochs give an interval that says nothing
    const std::string interval = test_.epochs() < kTelling || decision_.statistics.empty()
                                     ? std::string()
                                     : judge::interval_text(decision_.statistics.front());
    return fmt::format("B's time against A's {}, {} so far{}", interval.empty() ? "not known yet" : interval,
                       human_seconds(elapsed_s()),
                       decision_.stop ? ": " + std::string(name_of(decision_.verdict)) : prospects());
  }

  // Whether what is left of the budget can suffice.
  [[nodiscard]] std::string prospects() const {
    const auto forecast = test_.forecast(costs_);
    if (!forecast || forecast->epochs <= test_.epochs()) {
      return {};
    }
    const double epoch_s = forecast->seconds / static_cast<double>(forecast->epochs);
    const double missing_s = static_cast<double>(forecast->epochs - test_.epochs()) * epoch_s;
    const bool held = !left_s() || missing_s <= *left_s();
    return fmt::format("; {:g} % would take about {} epochs ({} in all){}", 100 * request_.options.margin,
                       forecast->epochs, human_seconds(elapsed_s() + missing_s),
                       held ? "" : ", more than the budget holds");
  }

  void show(std::int64_t pair) {
    const std::string place = pair < 0 ? "starting both" : fmt::format("pair {}/{}", pair + 1, planned_pairs_);
    doing_ = fmt::format("epoch {} of at most {}, {}", next_epoch_ + 1, test_.most_epochs(), place);
    doing_since_ns_ = steady_ns();
    observer_.doing(fmt::format("{}; {}", doing_, standing()));
  }

  // What is known by now, and the file of it. One that cannot be written costs the file, not the comparison; one
  // without pairs replaces no earlier one.
  void write() {
    test_.describe(found_);
    found_.design = measure::name_of(spec_.design);
    record::summarize_arms(found_);
    add_notes();
    if (!found_.epoch_table.empty()) {
      const Status written = write_file_atomic(file_, report::pretty_json(report::to_document(found_)));
      file_error_ = written ? std::nullopt : std::optional(written.error());
    }
  }

  void add_notes() {
    found_.notes.insert(found_.notes.end(), notes_.begin(), notes_.end());
    if (most_idle_ > kIdleCpus) {
      found_.notes.push_back(fmt::format("the waiting side used up to {:.2f} CPUs", most_idle_));
    }
    for (const record::ComparedArm* const arm : {&found_.a, &found_.b}) {
      const judge::Ran ran{arm->label, arm->label, arm->requested, arm->effective, &arm->runtime};
      for (record::Finding& finding : judge::dishonoured_settings(ran)) {
        if (std::ranges::find(found_.notes, finding.text) == found_.notes.end()) {
          found_.notes.push_back(std::move(finding.text));
        }
      }
      const auto threads = arm->effective.llm.n_threads;
      const auto cores = request_.machine.allowed_cpus;
      if (threads && cores && *threads > *cores && arm->runtime.real_time) {
        found_.notes.push_back(fmt::format("{} computes with {} threads on {} CPUs: try --set n_threads={}", arm->label,
                                           *threads, *cores, *cores));
      }
    }
  }

  // A store that fails costs the history, never the verdict.
  Status keep() {
    if (!request_.use_store || found_.epoch_table.empty()) {
      return {};
    }
    MIA_TRY_ASSIGN(store::Store store, open_store(request_.store));
    return store.add_comparison(found_);
  }

  CompareEnd finish() {
    CompareEnd end;
    if (const Status kept = keep(); !kept) {
      end.store_error = kept.error();
    }
    end.interrupted = interrupted_;
    end.file = found_.epoch_table.empty() ? std::filesystem::path() : file_;
    end.file_error = file_error_;
    end.comparison = std::move(found_);
    return end;
  }

  proc::InterruptGuard guard_;
  CompareRequest request_;
  judge::PairedTest test_;
  std::int64_t began_ns_;
  measure::PairSpec spec_;
  measure::Bench bench_;
  record::Comparison found_;
  std::filesystem::path file_;
  std::optional<Error> file_error_;
  Observer& observer_;
  std::optional<store::MeasureLock> lock_;
  host::GpuMonitor gpu_ = host::GpuMonitor::open();
  std::string doing_;
  std::int64_t doing_since_ns_ = 0;
  std::vector<std::string> notes_;
  std::string ended_by_;  // where no epoch will follow though the judge would like one
  judge::Decision decision_;
  std::int64_t next_epoch_ = 0;
  std::int64_t planned_pairs_ = 0;
  judge::EpochCosts costs_;  // means so far, of these
  double starts_s_ = 0;
  double pairs_s_ = 0;
  std::int64_t epochs_ = 0;
  std::int64_t pairs_ = 0;
  double most_idle_ = 0;
  bool stopped_ = false;
  bool interrupted_ = false;  // by a person
};

}  // namespace

Result<CompareEnd> carry_out(CompareRequest request, Observer& observer) {
  MIA_TRY_ASSIGN(judge::PairedTest test, judge::PairedTest::make(request.options));
  return CompareRunner(std::move(request), std::move(test), observer).run();
}

}  // namespace mia::app
