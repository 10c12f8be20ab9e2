// SPDX-License-Identifier: MIT
// The processes below us. Being a subreaper, we become the parent of whatever a child leaves behind; so everything that
// a child started stays reachable through parent ids in /proc, whatever session or group it moved to.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace mia::proc {

// Once a process: subreaper, SIGPIPE ignored (unless somebody handles it).
void prepare_for_children();

// Runs `start` and enters the pid it returns in the list of live children; nullopt if it gave none or the list is full.
// No search for orphans runs meanwhile, so a child is never taken for one.
[[nodiscard]] std::optional<int> add_live_child(const std::function<std::optional<int>()>& start);
void remove_live_child(int pid);  // after it was reaped

struct ProcessStat {
  int pid = 0;
  int parent = 0;
  char state = '?';
  std::int64_t start_ticks = 0;  // since boot
  std::int64_t cpu_ticks = 0;    // user + system, with the children that it waited for
};

[[nodiscard]] std::optional<ProcessStat> read_stat(int pid);
[[nodiscard]] std::optional<std::int64_t> read_peak_rss(int pid);  // VmHWM, bytes
// The process and everything below it, by the kernel's lists of children; the process alone where there are none.
[[nodiscard]] std::vector<int> family_of(int pid);

// Kills every descendant of `child`, and `child` itself unless it `is_reaped`; reaps those that became ours. Orphans
// are told from foreign children by their age: nothing below the child started before it (`start_ticks`). Leaves the
// child itself as a zombie for its owner. Gives up after some seconds if something cannot be killed.
void kill_tree(int child, std::int64_t start_ticks, bool is_reaped);

// For a signal handler: only async-signal-safe calls. Kills and reaps all live children and what they leave behind.
void kill_all_children_in_handler();

}  // namespace mia::proc
