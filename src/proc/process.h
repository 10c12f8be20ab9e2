// SPDX-License-Identifier: MIT
// What a worker and a helper command have in common: a started process on a loop, reaped by us for its resource usage.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/result.h"
#include "proc/exit_reason.h"
#include "proc/loop.h"
#include "proc/oom.h"
#include "proc/spawn.h"

namespace mia::proc {

class Process {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Process>> make();
  ~Process();  // kill_now()
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] Status start(const Launch& what);
  [[nodiscard]] Loop& loop() { return *loop_; }
  [[nodiscard]] int pid() const { return pid_; }
  [[nodiscard]] const std::optional<ExitReason>& exit_reason() const { return exit_; }
  // The whole family; afterwards everything is reaped.
  void kill_now();
  [[nodiscard]] bool killed_by_oom() const;
  // Reads the peak while there is something to read: a process that is gone tells only through its rusage.
  void sample_memory();
  [[nodiscard]] std::optional<std::int64_t> peak_rss_bytes() const;
  [[nodiscard]] double cpu_seconds() const;

 private:
  Process() = default;
  void reap();

  std::unique_ptr<Loop> loop_;
  int pid_ = -1;
  std::int64_t start_ticks_ = 0;
  std::optional<ExitReason> exit_;
  bool was_killed_by_us_ = false;
  OomKills oom_before_;
  OomKills oom_after_;
  std::int64_t own_peak_at_start_ = 0;
  std::optional<std::int64_t> sampled_peak_;
  std::int64_t final_peak_ = 0;
  double final_cpu_s_ = 0;
};

}  // namespace mia::proc
