// SPDX-License-Identifier: MIT
// How fast the store takes trials and answers questions about many of them. Writes to the folder of temporary files,
// which must be on a real disk: add_trial ends with an fsync at least every 0.1 s.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include "record/fields.h"
#include "store/store.h"

namespace mia::store {
namespace {

constexpr std::int64_t kStored = 100'000;

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fputs((result.error().text() + "\n").c_str(), stderr);
    std::abort();
  }
  return std::move(*result);
}

void must(const Status& status) {
  if (!status) {
    std::fputs((status.error().text() + "\n").c_str(), stderr);
    std::abort();
  }
}

class TempStore {
 public:
  TempStore() : store(must(Store::open(make_dir() / "store.sqlite"))) {
    Session session;
    session.row.id = "s1";
    session.row.scenario = "cpu-tuning";
    session.row.started = "2026-01-01T00:00:00Z";
    session.row.state = "running";
    session.row.machine = "machine";
    session.models.push_back({});
    session.models.back().id = "model";
    session.models.back().header_hash = "hash";
    session.runtimes.push_back({});
    must(store.begin_session(session));
  }
  TempStore(const TempStore&) = delete;
  TempStore& operator=(const TempStore&) = delete;
  ~TempStore() {
    std::error_code ignored;
    std::filesystem::remove_all(dir_, ignored);
  }

 private:
  std::filesystem::path make_dir() {
    std::string name = (std::filesystem::temp_directory_path() / "mia-bench-XXXXXX").string();
    dir_ = ::mkdtemp(name.data());
    return dir_;
  }
  std::filesystem::path dir_;

 public:
  Store store;
};

record::Trial trial(std::int64_t position, std::int64_t tokens) {
  record::Trial result;
  result.id = fmt::format("s1/{}", position);
  result.cell = fmt::format("cell-{}", position % 10);
  result.position = position;
  result.started = fmt::format("2026-01-{:02}T{:02}:{:02}:{:02}Z", 1 + position / 86400 % 28, position / 3600 % 24,
                               position / 60 % 60, position % 60);
  result.requested = record::default_settings();
  result.requested.llm.id = "model";
  result.requested.llm.n_threads = 1 + position % 10;
  result.effective = result.requested;
  result.phases.load_ms = 100 + static_cast<double>(position % 17);
  record::Run run;
  run.input = "text";
  run.prompt_tokens = 11;
  run.tokens_out = tokens;
  run.prefill_ns = 90'000'000;
  for (std::int64_t n = 0; n < tokens; ++n) {
    run.token_ns.push_back(100'000'000 + n * 8'000'003 + (n * n * 7919) % 500'000);
  }
  result.runs.push_back(run);
  return result;
}

void add_trial(benchmark::State& state) {
  TempStore at;
  std::int64_t position = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const record::Trial next = trial(position++, state.range(0));
    state.ResumeTiming();
    must(at.store.add_trial("s1", next));
  }
  state.SetItemsProcessed(position);
}
BENCHMARK(add_trial)->Arg(16)->Arg(64)->Arg(1024)->Unit(benchmark::kMicrosecond)->UseRealTime();

void add_trials_by_100(benchmark::State& state) {
  TempStore at;
  std::int64_t position = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<record::Trial> batch;
    for (int i = 0; i < 100; ++i) {
      batch.push_back(trial(position++, state.range(0)));
    }
    state.ResumeTiming();
    must(at.store.add_trials("s1", batch));
  }
  state.SetItemsProcessed(position);
}
BENCHMARK(add_trials_by_100)->Arg(64)->Unit(benchmark::kMillisecond)->UseRealTime();

// Filled once for all that reads.
Store& filled() {
  static TempStore at;
  static const bool done = [] {
    std::vector<record::Trial> batch;
    for (std::int64_t position = 0; position < kStored; ++position) {
      batch.push_back(trial(position, 16));
      if (batch.size() == 1000) {
        must(at.store.add_trials("s1", batch));
        batch.clear();
      }
    }
    record::Report report;
    report.scenario = "cpu-tuning";
    report.machine.fingerprint = "machine";
    report.models.push_back({});
    report.models.back().header_hash = "hash";
    for (std::int64_t i = 0; i < 50; ++i) {
      report.trials.push_back(trial(i, 64));
    }
    must(at.store.accept(report, "bench"));
    return true;
  }();
  (void)done;
  return at.store;
}

void series_of_100k(benchmark::State& state) {
  Store& store = filled();
  for (auto _ : state) {
    benchmark::DoNotOptimize(must(store.series("tokens_per_s")));
  }
}
BENCHMARK(series_of_100k)->Unit(benchmark::kMillisecond)->UseRealTime();

void series_of_one_configuration_of_100k(benchmark::State& state) {
  Store& store = filled();
  SeriesFilter filter;
  filter.configuration = configuration_key(trial(3, 16).requested);
  for (auto _ : state) {
    benchmark::DoNotOptimize(must(store.series("tokens_per_s", filter)));
  }
}
BENCHMARK(series_of_one_configuration_of_100k)->Unit(benchmark::kMillisecond)->UseRealTime();

void trial_conditions_of_100k(benchmark::State& state) {
  Store& store = filled();
  for (auto _ : state) {
    benchmark::DoNotOptimize(must(store.trial_conditions("s1")));
  }
}
BENCHMARK(trial_conditions_of_100k)->Unit(benchmark::kMillisecond)->UseRealTime();

void baseline_beside_100k(benchmark::State& state) {
  Store& store = filled();
  for (auto _ : state) {
    benchmark::DoNotOptimize(must(store.baseline("hash", "machine", "cpu-tuning")));
  }
}
BENCHMARK(baseline_beside_100k)->Unit(benchmark::kMillisecond)->UseRealTime();

void list_of_sessions_beside_100k(benchmark::State& state) {
  Store& store = filled();
  for (auto _ : state) {
    benchmark::DoNotOptimize(must(store.sessions()));
  }
}
BENCHMARK(list_of_sessions_beside_100k)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace mia::store
