// SPDX-License-Identifier: MIT
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "proc/process.h"
#include "proc/tree.h"

namespace mia::proc {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// Of a worker that works through a process of its own, such as a server, both.
std::optional<std::int64_t> family_peak_rss(int pid) {
  std::optional<std::int64_t> sum;
  for (const int member : family_of(pid)) {
    if (const auto peak = read_peak_rss(member)) {
      sum = sum.value_or(0) + *peak;
    }
  }
  return sum;
}

}  // namespace

Result<std::unique_ptr<Process>> Process::make() {
  std::unique_ptr<Process> process(new Process());
  Process* const self = process.get();
  MIA_TRY_ASSIGN(process->loop_, Loop::make([self] { self->reap(); }));
  return process;
}

Process::~Process() {
  kill_now();
}

Status Process::start(const Launch& what) {
  oom_before_ = count_oom_kills();
  own_peak_at_start_ = read_peak_rss(::getpid()).value_or(0);
  MIA_TRY_ASSIGN(pid_, launch(what));
  if (const auto stat = read_stat(pid_)) {  // it cannot vanish: only we reap it
    start_ticks_ = stat->start_ticks;
  }
  return {};
}

void Process::reap() {
  if (pid_ <= 0 || exit_) {
    return;
  }
  int status = 0;
  rusage usage{};
  if (::wait4(pid_, &status, WNOHANG, &usage) != pid_) {
    return;
  }
  remove_live_child(pid_);
  exit_ =
      WIFSIGNALED(status) ? ExitReason{std::nullopt, WTERMSIG(status)} : ExitReason{WEXITSTATUS(status), std::nullopt};
  final_peak_ = std::int64_t{usage.ru_maxrss} * 1024;
  final_cpu_s_ = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  oom_after_ = count_oom_kills();
}

void Process::kill_now() {
  static constexpr double kPatienceS = 5;
  if (pid_ <= 0) {
    return;
  }
  reap();  // a death that came before is not ours
  if (!exit_) {
    was_killed_by_us_ = true;
    sample_memory();
  }
  kill_tree(pid_, start_ticks_, exit_.has_value());
  static_cast<void>(loop_->run([this] { return exit_.has_value(); }, kPatienceS, false));
}

bool Process::killed_by_oom() const {
  return exit_ && exit_->signal == SIGKILL && !was_killed_by_us_ && rose(oom_before_, oom_after_);
}

void Process::sample_memory() {
  if (!exit_) {
    if (const auto peak = family_peak_rss(pid_)) {
      sampled_peak_ = std::max(sampled_peak_.value_or(0), *peak);
    }
  }
}

// The kernel's ru_maxrss starts with the memory of the process that spawned, because the child shares it until exec; so
// it tells about the child only where it is above what we had then.
std::optional<std::int64_t> Process::peak_rss_bytes() const {
  if (!exit_) {
    const auto now = family_peak_rss(pid_);
    return now ? now : sampled_peak_;
  }
  if (final_peak_ > own_peak_at_start_) {
    return std::max(final_peak_, sampled_peak_.value_or(0));
  }
  return sampled_peak_;
}

double Process::cpu_seconds() const {
  if (exit_) {
    return final_cpu_s_;
  }
  std::int64_t ticks = 0;
  for (const int member : family_of(pid_)) {
    if (const auto stat = read_stat(member)) {
      ticks += stat->cpu_ticks;
    }
  }
  return static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace mia::proc
