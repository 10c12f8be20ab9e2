// SPDX-License-Identifier: MIT
// What the sensors cost around each trial, and what the read kernels reach.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/files.h"
#include "host/bandwidth.h"
#include "host/bandwidth_kernel.h"
#include "host/conditions.h"
#include "host/page_cache.h"
#include "host/topology.h"

namespace {

void snapshot_all(benchmark::State& state) {
  for (auto unused : state) {
    static_cast<void>(unused);
    benchmark::DoNotOptimize(mia::host::snapshot());
  }
}
BENCHMARK(snapshot_all)->Unit(benchmark::kMicrosecond);

void inspect_machine(benchmark::State& state) {
  for (auto unused : state) {
    static_cast<void>(unused);
    benchmark::DoNotOptimize(mia::host::inspect());
  }
}
BENCHMARK(inspect_machine)->Unit(benchmark::kMillisecond);

void resident_of_own_program(benchmark::State& state) {
  const auto program = mia::executable_path();
  for (auto unused : state) {
    static_cast<void>(unused);
    benchmark::DoNotOptimize(mia::host::resident_fraction({program}));
  }
}
BENCHMARK(resident_of_own_program)->Unit(benchmark::kMicrosecond);

void canary(benchmark::State& state) {
  mia::host::Canary bird(static_cast<int>(state.range(0)));
  for (auto unused : state) {
    static_cast<void>(unused);
    state.counters["GB/s"] = bird.measure_gb_s(static_cast<int>(state.range(0))).value_or(0);
  }
}
BENCHMARK(canary)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

struct Free {
  void operator()(void* data) const { std::free(data); }
};
using Buffer = std::unique_ptr<void, Free>;

Buffer touched(std::size_t bytes) {
  Buffer data(std::aligned_alloc(4096, bytes));
  std::memset(data.get(), 1, bytes);
  return data;
}

// One thread over memory that no cache holds; kernel 0 is the widest that this CPU runs.
void read_kernel(benchmark::State& state) {
  const auto kernels = mia::host::read_kernels();
  if (static_cast<std::size_t>(state.range(0)) >= kernels.size()) {
    state.SkipWithError("this CPU has fewer kernels");
    return;
  }
  const auto& kernel = kernels[static_cast<std::size_t>(state.range(0))];
  const auto bytes = static_cast<std::size_t>(mia::host::memory_buffer_bytes());
  const Buffer data = touched(bytes);
  for (auto unused : state) {
    static_cast<void>(unused);
    benchmark::DoNotOptimize(kernel.read(static_cast<const std::byte*>(data.get()), bytes));
  }
  state.SetLabel(std::string(kernel.name));
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
}
BENCHMARK(read_kernel)->DenseRange(0, 2)->Unit(benchmark::kMillisecond);

// As mbw's method MEMCPY: each copied byte counts once, though it is read and written.
void copy_memory(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(mia::host::memory_buffer_bytes());
  const Buffer from = touched(bytes);
  const Buffer to = touched(bytes);
  for (auto unused : state) {
    static_cast<void>(unused);
    std::memcpy(to.get(), from.get(), bytes);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
}
BENCHMARK(copy_memory)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
