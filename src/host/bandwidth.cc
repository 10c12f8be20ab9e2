// SPDX-License-Identifier: MIT
// Time is taken inside the reading threads: a pass lasts from the first thread's start to the last one's end. Taken by
// a thread that only waits, it lies by hundreds of percent whenever that thread is scheduled late.
#include "host/bandwidth.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <cstring>
#include <future>
#include <set>
#include <span>
#include <system_error>
#include <thread>

#include "base/clock.h"
#include "host/bandwidth_kernel.h"
#include "host/caches.h"
#include "host/forked.h"
#include "host/memory.h"
#include "host/pages.h"

namespace mia::host {
namespace {

constexpr double kNsPerSecond = 1e9;
constexpr int kLeastPasses = 3;
constexpr int kMostThreads = 1024;
constexpr double kCanarySeconds = 0.025;

struct Pass {
  std::int64_t ns = 0;
  std::string_view kernel;
};

using Slices = std::vector<std::span<std::byte>>;

// Threads that walk over their slices again and again, all starting each pass together.
class Passes {
 public:
  // `fresh`: memory that nobody has touched yet, so each thread places its own share.
  Passes(const Slices& slices, std::span<const ReadKernel> kernels, double seconds, bool fresh)
      : slices_(slices),
        kernels_(kernels),
        fresh_(fresh),
        begins_(slices.size()),
        ends_(slices.size()),
        limit_ns_(static_cast<std::int64_t>(seconds * kNsPerSecond)),
        barrier_(static_cast<std::ptrdiff_t>(slices.size()), Finish{this}) {}

  // Empty when the threads cannot be had.
  std::vector<Pass> run() {
    std::promise<bool> start;
    const std::shared_future<bool> started = start.get_future().share();
    std::vector<std::jthread> threads;
    bool complete = true;
    try {
      for (std::size_t i = 0; i < slices_.size(); ++i) {
        threads.emplace_back([this, i, started] { read_slice(i, started); });
      }
    } catch (const std::system_error&) {
      complete = false;
    }
    start.set_value(complete);
    threads.clear();
    return done_;
  }

 private:
  struct Finish {
    Passes* passes;
    void operator()() const noexcept { passes->finish_pass(); }
  };

  void read_slice(std::size_t i, const std::shared_future<bool>& started) {
    if (!started.get()) {
      return;
    }
    const std::span<std::byte> slice = slices_[i];
    if (fresh_) {
      std::memset(slice.data(), static_cast<int>(i & 0x7fU) + 1, slice.size());
    }
    while (!stop_) {
      barrier_.arrive_and_wait();
      const ReadKernel& kernel = kernels_[pass_ % kernels_.size()];
      begins_[i] = steady_ns();
      sink_ ^= kernel.read(slice.data(), slice.size());
      ends_[i] = steady_ns();
      barrier_.arrive_and_wait();
    }
  }

  // Runs alone while all threads wait: every second time a pass lies behind.
  void finish_pass() noexcept {
    reading_ = !reading_;
    if (reading_) {
      return;
    }
    const std::int64_t end = std::ranges::max(ends_);
    if (pass_ == 0) {
      first_ns_ = end;  // fills the TLB and wakes the clock: does not count
    } else {
      done_.push_back({end - std::ranges::min(begins_), kernels_[pass_ % kernels_.size()].name});
    }
    ++pass_;
    stop_ = done_.size() >= kLeastPasses && end - first_ns_ >= limit_ns_;
  }

  const Slices& slices_;
  std::span<const ReadKernel> kernels_;
  bool fresh_;
  std::vector<std::int64_t> begins_;
  std::vector<std::int64_t> ends_;
  std::int64_t limit_ns_;
  std::vector<Pass> done_;
  std::size_t pass_ = 0;
  std::int64_t first_ns_ = 0;
  bool reading_ = false;
  bool stop_ = false;
  std::atomic<std::uint64_t> sink_ = 0;  // makes the reading matter
  std::barrier<Finish> barrier_;
};

// Equal shares of whole blocks.
Slices slices_of(const Pages& pages, int threads) {
  const auto count = static_cast<std::size_t>(threads);
  const std::size_t share = pages.size() / count / kReadBlock * kReadBlock;
  Slices slices;
  for (std::size_t i = 0; i < count && share > 0; ++i) {
    slices.emplace_back(pages.data() + i * share, share);
  }
  return slices;
}

std::int64_t bytes_of(const Slices& slices) {
  std::int64_t bytes = 0;
  for (const auto& slice : slices) {
    bytes += static_cast<std::int64_t>(slice.size());
  }
  return bytes;
}

// Bytes per nanosecond are 1e9 bytes per second.
double gb_s(std::int64_t bytes, std::int64_t ns) {
  return static_cast<double>(bytes) / static_cast<double>(std::max<std::int64_t>(ns, 1));
}

// A summary of passes that can go through a socket.
struct Reading {
  double best_gb_s = 0;
  double median_gb_s = 0;
  int passes = 0;
  std::int64_t bytes = 0;
  std::array<char, 16> kernel{};
};

Reading reading_of(std::vector<Pass> passes, std::int64_t bytes) {
  Reading reading{.passes = static_cast<int>(passes.size()), .bytes = bytes};
  if (passes.empty()) {
    return reading;
  }
  std::ranges::sort(passes, {}, &Pass::ns);
  reading.best_gb_s = gb_s(bytes, passes.front().ns);
  reading.median_gb_s = gb_s(bytes, passes[passes.size() / 2].ns);
  passes.front().kernel.copy(reading.kernel.data(), reading.kernel.size() - 1);
  return reading;
}

Bandwidth bandwidth_of(const Reading& reading, int threads) {
  return {.gb_s = reading.best_gb_s,
          .median_gb_s = reading.median_gb_s,
          .threads = threads,
          .passes = reading.passes,
          .bytes = reading.bytes,
          .kernel = reading.kernel.data()};
}

// Which width reads fastest differs from CPU to CPU by some percent, so the wide kernels take turns.
std::span<const ReadKernel> wide_kernels() {
  const std::span<const ReadKernel> all = read_kernels();
  return all.size() > 1 ? all.first(all.size() - 1) : all;
}

}  // namespace

std::int64_t memory_buffer_bytes() {
  constexpr std::int64_t kTimesCache = 4;
  constexpr std::int64_t kLeast = std::int64_t{64} << 20U;
  constexpr std::int64_t kMost = std::int64_t{1} << 30U;
  return std::clamp(kTimesCache * last_cache_bytes(), kLeast, kMost);
}

Bandwidth read_bandwidth(int threads, std::int64_t bytes_per_thread, double seconds, const Stop& stop) {
  const int count = std::clamp(threads, 1, kMostThreads);
  // Half of what is free at most: measuring must not push anything out of memory.
  const std::int64_t wanted = std::max<std::int64_t>(bytes_per_thread, 0) * count;
  const std::int64_t most = available_memory_bytes().value_or(wanted * 2) / 2;
  const auto child = Forked::start([&](int socket) {
    const Pages pages(std::min(wanted, most));
    const Slices slices = slices_of(pages, count);
    static_cast<void>(send_value(
        socket, reading_of(slices.empty() ? std::vector<Pass>() : Passes(slices, wide_kernels(), seconds, true).run(),
                           bytes_of(slices))));
  });
  const auto reading = child ? receive_value<Reading>(child->socket(), stop) : std::nullopt;
  return bandwidth_of(reading.value_or(Reading{}), count);
}

// The child that holds the memory; it answers a number of threads by a reading.
struct Canary::State {
  int max_threads;
  Stop stop;
  std::int64_t bytes = 0;
  std::optional<Forked> child;
};

Canary::Canary(int max_threads, std::int64_t bytes, Stop stop) {
  const std::int64_t usual = memory_buffer_bytes();
  const std::int64_t wanted = bytes > 0 ? bytes : std::min(usual, available_memory_bytes().value_or(2 * usual) / 2);
  const int most = std::clamp(max_threads, 1, kMostThreads);
  auto child = Forked::start([wanted, most](int socket) {
    const Pages pages(wanted);
    if (const Slices slices = slices_of(pages, most); !slices.empty()) {
      static_cast<void>(Passes(slices, wide_kernels(), 0, true).run());
    }
    bool heard = send_value(socket, static_cast<std::int64_t>(pages.size()));
    while (const auto threads = heard ? receive_value<int>(socket) : std::nullopt) {
      const Slices slices = slices_of(pages, *threads);
      // One kernel only: taking turns would add their difference to the reading's spread.
      heard = send_value(
          socket, reading_of(slices.empty() ? std::vector<Pass>()
                                            : Passes(slices, wide_kernels().first(1), kCanarySeconds, false).run(),
                             bytes_of(slices)));
    }
  });
  const std::int64_t held = child ? receive_value<std::int64_t>(child->socket(), stop).value_or(0) : 0;
  state_ = std::make_unique<State>(State{most, std::move(stop), held, std::move(child)});
}

Canary::~Canary() = default;

std::int64_t Canary::bytes() const {
  return state_->bytes;
}

std::optional<double> Canary::measure_gb_s(int threads) {
  if (!state_->child || !send_value(state_->child->socket(), std::clamp(threads, 1, state_->max_threads))) {
    return std::nullopt;
  }
  const auto reading = receive_value<Reading>(state_->child->socket(), state_->stop);
  if (!reading) {
    state_->child.reset();  // an answer that comes late belongs to nothing
  }
  return reading && reading->passes > 0 ? std::optional(reading->median_gb_s) : std::nullopt;
}

Roofline measure_roofline(const RooflineSpec& spec) {
  const int most = std::clamp(spec.max_threads, 1, kMostThreads);
  std::set<int> counts{most};
  if (spec.also > 0) {
    counts.insert(std::min(spec.also, most));
  }
  for (int threads = 1; threads < most; threads *= 2) {
    counts.insert(threads);
  }
  Roofline roofline;
  for (const int threads : counts) {
    const Bandwidth bandwidth = read_bandwidth(threads, memory_buffer_bytes() / threads, spec.seconds_each, spec.stop);
    if (spec.stop && spec.stop()) {
      break;
    }
    roofline.saturated_gb_s = std::max(roofline.saturated_gb_s, bandwidth.gb_s);
    roofline.by_threads.push_back(bandwidth);
  }
  if (!roofline.by_threads.empty()) {
    roofline.per_thread_gb_s = roofline.by_threads.front().gb_s;
  }
  return roofline;
}

std::optional<double> decode_limit_tok_s(std::int64_t bytes_per_token, std::int64_t kv_bytes_at_depth, double gb_s) {
  if (bytes_per_token <= 0 || kv_bytes_at_depth < 0 || !(gb_s > 0)) {
    return std::nullopt;
  }
  return gb_s * kNsPerSecond / (static_cast<double>(bytes_per_token) + static_cast<double>(kv_bytes_at_depth));
}

}  // namespace mia::host
