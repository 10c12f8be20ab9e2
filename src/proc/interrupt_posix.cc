// SPDX-License-Identifier: MIT
#include <sys/eventfd.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <ctime>

#include "proc/interrupt.h"
#include "proc/interrupt_internal.h"
#include "proc/tree.h"

namespace mia::proc {
namespace {

// A terminal that goes away (SIGHUP) ends a session as Ctrl-C does, unless nohup(1) says otherwise. SIGALRM says that
// the time is up.
constexpr std::array<int, 4> kSignals = {SIGINT, SIGTERM, SIGHUP, SIGALRM};
// A terminal, a shell and timeout(1) may each pass on the same wish: only a signal that comes later is a second one.
constexpr std::int64_t kSameWishNs = 100'000'000;

std::atomic<std::int64_t> first_signal_ns = 0;  // 0: none yet
std::atomic<bool> was_time = false;             // what came first
std::array<struct sigaction, kSignals.size()> previous;

std::int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

extern "C" void on_signal(int signal) {
  const int saved = errno;
  std::int64_t expected = 0;
  const std::int64_t now = now_ns();
  if (first_signal_ns.compare_exchange_strong(expected, now)) {
    was_time = signal == SIGALRM;
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(interrupt_fd(), &one, sizeof one);
  } else if (signal != SIGALRM && now - expected > kSameWishNs) {
    kill_all_children_in_handler();
    ::signal(signal, SIG_DFL);
    ::raise(signal);  // blocked until this handler returns
  }
  errno = saved;
}

}  // namespace

// The guard's constructor makes the first call, so that the handler never creates it.
int interrupt_fd() {
  static const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return fd;
}

InterruptGuard::InterruptGuard() {
  std::uint64_t old = 0;
  [[maybe_unused]] const ssize_t drained = ::read(interrupt_fd(), &old, sizeof old);
  first_signal_ns = 0;
  was_time = false;
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  for (const int signal : kSignals) {
    ::sigaddset(&action.sa_mask, signal);
  }
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], nullptr, &previous[i]);
    if (kSignals[i] != SIGHUP || previous[i].sa_handler != SIG_IGN) {
      ::sigaction(kSignals[i], &action, nullptr);
    }
  }
}

InterruptGuard::~InterruptGuard() {
  const itimerval never{};
  ::setitimer(ITIMER_REAL, &never, nullptr);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], &previous[i], nullptr);
  }
}

void InterruptGuard::end_in(double seconds) {
  static constexpr double kMillion = 1e6;
  static constexpr std::int64_t kLongest = 100'000'000;  // seconds
  const auto us = static_cast<std::int64_t>(std::clamp(seconds, 0.0, double{kLongest}) * kMillion);
  itimerval once{};
  once.it_value.tv_sec = us / 1'000'000;
  once.it_value.tv_usec = std::max<std::int64_t>(us % 1'000'000, 1);  // 0 of both would stop the timer
  ::setitimer(ITIMER_REAL, &once, nullptr);
}

bool interrupted() {
  return first_signal_ns != 0;
}

bool out_of_time() {
  return interrupted() && was_time;
}

}  // namespace mia::proc
