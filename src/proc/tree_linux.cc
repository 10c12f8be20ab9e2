// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/compile.h>
#include <fmt/format.h>

#include "base/clock.h"
#include "proc/fd.h"
#include "proc/tree.h"

namespace mia::proc {
namespace {

// Fixed and lock-free, because a signal handler reads it. 0 is a free place.
constexpr std::size_t kMostChildren = 256;
std::array<std::atomic<int>, kMostChildren> live_children;
// Children that were ours before the first spawn (a shell that started jobs and then became us by exec).
std::atomic<bool> has_foreign_children = false;

std::mutex& search_mutex() {
  static std::mutex mutex;
  return mutex;
}

bool is_live_child(int pid) {
  return std::any_of(live_children.begin(), live_children.end(), [pid](const auto& place) { return place == pid; });
}

// Whole small file of /proc into `buffer`; only system calls.
std::string_view read_small(const char* path, std::array<char, 4096>& buffer) {
  const Fd file(::open(path, O_RDONLY | O_CLOEXEC));
  std::size_t size = 0;
  while (file.valid() && size < buffer.size()) {
    const ssize_t count = ::read(file.get(), buffer.data() + size, buffer.size() - size);
    if (count <= 0) {
      break;
    }
    size += static_cast<std::size_t>(count);
  }
  return {buffer.data(), size};
}

std::vector<ProcessStat> all_processes() {
  std::vector<ProcessStat> result;
  DIR* const folder = ::opendir("/proc");
  if (folder == nullptr) {
    return result;
  }
  while (const dirent* const entry = ::readdir(folder)) {
    const std::string_view name(entry->d_name);
    int pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error == std::errc() && end == name.data() + name.size()) {
      if (const auto stat = read_stat(pid)) {
        result.push_back(*stat);
      }
    }
  }
  ::closedir(folder);
  return result;
}

struct Target {
  int pid = 0;
  bool is_ours = false;  // we are its parent and must reap it
};

struct Family {
  int child = 0;
  std::int64_t start_ticks = 0;
  bool is_reaped = false;
};

// The child, its descendants, and orphans of its age; a child that is a zombie already is left out.
std::vector<Target> find_targets(const Family& family) {
  const int self = ::getpid();
  const std::vector<ProcessStat> processes = all_processes();
  std::vector<Target> targets;
  std::vector<int> parents;
  for (const ProcessStat& process : processes) {
    const bool is_child = process.pid == family.child && !family.is_reaped;
    const bool is_orphan =
        process.parent == self && process.start_ticks >= family.start_ticks && !is_live_child(process.pid);
    if (is_child || is_orphan) {
      parents.push_back(process.pid);
      if (!is_child || process.state != 'Z') {
        targets.push_back({process.pid, is_orphan});
      }
    }
  }
  for (std::size_t i = 0; i < parents.size(); ++i) {
    for (const ProcessStat& process : processes) {
      if (process.parent == parents[i]) {
        parents.push_back(process.pid);
        targets.push_back({process.pid, false});
      }
    }
  }
  return targets;
}

// Calls `visit` for each child of the process's main thread, which the kernel lists in one file (no calls without that
// file). Only system calls.
template <class Visit>
void each_child(int parent, Visit visit) {
  std::array<char, 64> path{};
  fmt::format_to_n(path.data(), path.size() - 1, FMT_COMPILE("/proc/{}/task/{}/children"), parent, parent);
  std::array<char, 4096> buffer;
  const std::string_view text = read_small(path.data(), buffer);
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  while (at < end) {
    int pid = 0;
    const auto [next, error] = std::from_chars(at, end, pid);
    if (error == std::errc()) {
      visit(pid);
    }
    at = std::max(next, at + 1);
  }
}

// Orphans come to the main thread.
bool kill_orphans_in_handler() {
  bool found = false;
  each_child(::getpid(), [&](int pid) {
    found = true;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, WNOHANG);
  });
  return found;
}

}  // namespace

void prepare_for_children() {
  static std::once_flag once;
  std::call_once(once, [] {
    const int self = ::getpid();
    const std::vector<ProcessStat> processes = all_processes();
    has_foreign_children =
        std::any_of(processes.begin(), processes.end(), [self](const auto& process) { return process.parent == self; });
    ::prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL);
    struct sigaction pipe_action {};
    if (::sigaction(SIGPIPE, nullptr, &pipe_action) == 0 && pipe_action.sa_handler == SIG_DFL) {
      ::signal(SIGPIPE, SIG_IGN);
    }
  });
}

std::optional<int> add_live_child(const std::function<std::optional<int>()>& start) {
  const std::lock_guard lock(search_mutex());
  const auto place = std::find(live_children.begin(), live_children.end(), 0);
  if (place == live_children.end()) {
    return std::nullopt;
  }
  const std::optional<int> pid = start();
  place->store(pid.value_or(0));
  return pid;
}

void remove_live_child(int pid) {
  for (auto& place : live_children) {
    int expected = pid;
    place.compare_exchange_strong(expected, 0);
  }
}

std::optional<ProcessStat> read_stat(int pid) {
  std::array<char, 4096> buffer;
  const std::string_view text = read_small(fmt::format("/proc/{}/stat", pid).c_str(), buffer);
  // The name in brackets may hold anything, brackets and spaces too: fields count from the last bracket.
  const std::size_t bracket = text.rfind(')');
  if (bracket == std::string_view::npos || bracket + 2 >= text.size()) {
    return std::nullopt;
  }
  static constexpr std::size_t kParent = 1;
  static constexpr std::size_t kUser = 11;
  static constexpr std::size_t kSystem = 12;
  static constexpr std::size_t kWaitedUser = 13;
  static constexpr std::size_t kWaitedSystem = 14;
  static constexpr std::size_t kStart = 19;
  std::array<std::int64_t, kStart + 1> fields{};
  const char* at = text.data() + bracket + 4;
  const char* const end = text.data() + text.size();
  for (std::size_t i = kParent; i <= kStart; ++i) {
    const auto [next, error] = std::from_chars(at, end, fields[i]);
    if (error != std::errc()) {
      return std::nullopt;
    }
    at = next + 1;
  }
  return ProcessStat{pid, static_cast<int>(fields[kParent]), text[bracket + 2], fields[kStart],
                     fields[kUser] + fields[kSystem] + fields[kWaitedUser] + fields[kWaitedSystem]};
}

std::vector<int> family_of(int pid) {
  static constexpr std::size_t kMost = 1024;
  std::vector<int> family = {pid};
  for (std::size_t i = 0; i < family.size() && family.size() < kMost; ++i) {
    each_child(family[i], [&](int child) { family.push_back(child); });
  }
  return family;
}

std::optional<std::int64_t> read_peak_rss(int pid) {
  static constexpr std::string_view kKey = "\nVmHWM:";
  std::array<char, 4096> buffer;
  const std::string_view text = read_small(fmt::format("/proc/{}/status", pid).c_str(), buffer);
  std::size_t at = text.find(kKey);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  at = text.find_first_of("0123456789", at);
  std::int64_t kibibytes = 0;
  if (at == std::string_view::npos ||
      std::from_chars(text.data() + at, text.data() + text.size(), kibibytes).ec != std::errc()) {
    return std::nullopt;
  }
  return kibibytes * 1024;
}

void kill_tree(int child, std::int64_t start_ticks, bool is_reaped) {
  static constexpr std::int64_t kPatienceNs = 5'000'000'000;
  static constexpr auto kPause = std::chrono::milliseconds(2);
  const std::int64_t end = steady_ns() + kPatienceNs;
  while (true) {
    std::vector<Target> targets;
    {
      const std::lock_guard lock(search_mutex());
      if (!is_reaped) {
        ::kill(-child, SIGKILL);
      }
      targets = find_targets({child, start_ticks, is_reaped});
      for (const Target& target : targets) {
        ::kill(target.pid, SIGKILL);
      }
    }
    for (const Target& target : targets) {
      if (target.is_ours) {
        ::waitpid(target.pid, nullptr, WNOHANG);
      }
    }
    if (targets.empty() || steady_ns() > end) {
      return;
    }
    std::this_thread::sleep_for(kPause);
  }
}

void kill_all_children_in_handler() {
  static constexpr int kAttempts = 1000;
  static constexpr timespec kPause{0, 1'000'000};
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    bool found = false;
    for (auto& place : live_children) {
      const int pid = place;
      if (pid > 0) {
        ::kill(-pid, SIGKILL);
        ::kill(pid, SIGKILL);
        if (::waitpid(pid, nullptr, WNOHANG) == 0) {
          found = true;
        } else {
          place = 0;
        }
      }
    }
    found = (!has_foreign_children && kill_orphans_in_handler()) || found;
    if (!found) {
      return;
    }
    ::nanosleep(&kPause, nullptr);
  }
}

}  // namespace mia::proc
