// SPDX-License-Identifier: MIT
// Memory read bandwidth as this machine gives it now: the ceiling of decoding, which reads all active weights for every
// token. Read only, because decoding writes next to nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/stop.h"

namespace mia::host {

struct Bandwidth {
  double gb_s = 0;         // best pass, 1e9 bytes per second, all threads together
  double median_gb_s = 0;  // median pass
  int threads = 0;
  int passes = 0;
  std::int64_t bytes = 0;  // read in one pass by all threads
  std::string kernel;      // "avx512", "avx2", "plain"
};

// Each thread reads its own memory (touched first by itself, so local to its NUMA node), passes start together, for
// `seconds` and at least three passes. `bytes_per_thread` x threads must be well above the last cache, see
// memory_buffer_bytes. gb_s is 0 when the memory cannot be had or `stop` ended it. Runs in a forked process: nothing of
// it stays here.
[[nodiscard]] Bandwidth read_bandwidth(int threads, std::int64_t bytes_per_thread, double seconds,
                                       const Stop& stop = {});

// Bytes that no cache of this machine holds: four times the last level, 64 MiB at least and 1 GiB at most.
[[nodiscard]] std::int64_t memory_buffer_bytes();

// A quick reading before and after each trial: does the machine still give what it gave? A forked process holds its
// memory from construction on, so that measuring does not allocate. Not for use from several threads.
class Canary {
 public:
  // `bytes` 0: memory_buffer_bytes(). Once `stop` has ended a reading there are no more.
  explicit Canary(int max_threads, std::int64_t bytes = 0, Stop stop = {});
  Canary(const Canary&) = delete;
  Canary& operator=(const Canary&) = delete;
  ~Canary();

  // Reads for about 25 ms with so many threads (1 to max_threads); nullopt when there is no memory for it.
  [[nodiscard]] std::optional<double> measure_gb_s(int threads);
  [[nodiscard]] std::int64_t bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct FileRead {
  std::int64_t bytes = 0;
  double b_s = 0;  // bytes per second
};

// Reads the files one behind the other from byte `from` on in large blocks, in whatever state the page cache is, for at
// most `max_seconds` and at most `max_bytes`. Several readers take the blocks in turn. Leaves what it read in the
// cache.
[[nodiscard]] Result<FileRead> read_file_rate(const std::vector<std::filesystem::path>& files, double max_seconds,
                                              std::int64_t max_bytes = std::numeric_limits<std::int64_t>::max(),
                                              int readers = 1, std::int64_t from = 0);

// Bytes per second of a model's files that no part of is in the page cache, and of one that is; nullopt where it could
// not be brought into that state. Each is the better of one reader and several: a disk of spinning plates likes one, a
// network disk or an NVMe many, and what loads a model may be either.
struct FileRates {
  std::optional<double> cold_b_s;
  std::optional<double> cached_b_s;
};
// `stop` is asked about every second; nothing is known where it ended the reading.
[[nodiscard]] FileRates file_rates(const std::vector<std::filesystem::path>& files, const Stop& stop = {},
                                   double max_seconds = 3);

struct Roofline {
  std::vector<Bandwidth> by_threads;  // 1, 2, 4 ... and max_threads
  double saturated_gb_s = 0;          // best of all
  double per_thread_gb_s = 0;         // one thread alone
};

struct RooflineSpec {
  int max_threads = 1;
  double seconds_each = 0.3;
  int also = 0;    // a number of threads that is measured beside those, 0 for none
  Stop stop = {};  // asked all the time; what it ended is left out
};
[[nodiscard]] Roofline measure_roofline(const RooflineSpec& spec);

// Tokens per second that `gb_s` allows at most: the weights read for one token plus the KV cache at the present depth.
// nullopt unless bytes and bandwidth are positive.
[[nodiscard]] std::optional<double> decode_limit_tok_s(std::int64_t bytes_per_token, std::int64_t kv_bytes_at_depth,
                                                       double gb_s);

}  // namespace mia::host
