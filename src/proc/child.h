// SPDX-License-Identifier: MIT
// One worker process and everything it starts. All functions are for one thread; several children may live at once.
// Spawning makes this process a subreaper (what a worker leaves behind becomes our child and is killed, never an
// orphan) and ignores SIGPIPE.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proc/exit_reason.h"

namespace mia::proc {

struct SpawnSpec {
  std::vector<std::string> argv;                   // argv[0]: the program's path; searched in PATH if it has no slash
  std::map<std::string, std::string> env;          // set on top of our environment
  std::vector<std::string> unset;                  // removed from it
  std::filesystem::path working_dir;               // empty: ours
  std::size_t line_limit = std::size_t{8} << 20U;  // longest line accepted from the child, bytes
  std::size_t log_limit = std::size_t{64} << 10U;  // kept end of stdout + stderr, bytes
};

// line: a whole line. timed_out: nothing whole yet, what came stays for the next call. closed: the child closed its
// side or is gone. too_long: more than line_limit bytes; that line is dropped up to its newline. interrupted: see
// interrupt.h.
enum class ReadStatus { line, timed_out, closed, too_long, interrupted };

struct ReadResult {
  ReadStatus status = ReadStatus::closed;
  std::string line;  // without its newline; for `closed` the unfinished line, if any
};

class Child {
 public:
  // The child reads requests from fd 3 and writes replies to fd 4 (MIA_WORKER_IN=3, MIA_WORKER_OUT=4), gets /dev/null
  // as stdin, a session of its own (a terminal's Ctrl-C does not reach it) and default signal handling. An error (kind
  // not_found, io) names the program's path.
  [[nodiscard]] static Result<std::unique_ptr<Child>> spawn(const SpawnSpec& spec);
  ~Child();  // kill_now()
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Adds the newline. Error kind `worker`: the child does not read in time, or closed its side or is gone; kind
  // `interrupted`: a signal came meanwhile. After an error no further line can be sent.
  [[nodiscard]] Status send_line(std::string_view line, double timeout_s);

  // Never holds more than line_limit bytes, and takes the child's output along while it waits.
  [[nodiscard]] ReadResult read_line(double timeout_s);

  // nullopt: still alive after the time. Does not wait for pipes that a grandchild holds, nor heed interrupts.
  [[nodiscard]] std::optional<ExitReason> wait(double timeout_s);

  // SIGKILL to the process group and to every descendant, also those in sessions of their own, then reaps them all.
  // Processes that other children left orphaned are taken along: they cannot be told apart.
  void kill_now();

  // True if the end was a SIGKILL that kill_now() did not send, and the kernel's count of out-of-memory kills (of our
  // cgroup, else of the machine) rose since the spawn.
  [[nodiscard]] bool killed_by_oom() const;

  // The end of what it wrote to stdout and stderr, in order of arrival; raw bytes, starts at a line where possible.
  [[nodiscard]] std::string log_tail() const;
  [[nodiscard]] std::int64_t log_bytes() const;  // how much it wrote in all
  [[nodiscard]] int pid() const;

  // VmHWM of it and all below it while it lives, at least what was seen then after its end; nullopt if unread.
  [[nodiscard]] std::optional<std::int64_t> peak_rss_bytes() const;
  // User + system time of it and all below it: so far, or after its end of it and what it waited for.
  [[nodiscard]] double cpu_seconds() const;

 private:
  struct Impl;
  explicit Child(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace mia::proc
