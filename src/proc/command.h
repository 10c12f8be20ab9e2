// SPDX-License-Identifier: MIT
// Helper programs (pip, cmake, tools of a runtime): run to their end, with bounded output.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proc/exit_reason.h"

namespace mia::proc {

struct CommandSpec {
  std::vector<std::string> argv;           // argv[0]: path, searched in PATH if it has no slash
  std::map<std::string, std::string> env;  // set on top of our environment
  std::vector<std::string> unset;
  std::filesystem::path working_dir;  // empty: ours
  double timeout_s = std::numeric_limits<double>::infinity();
  std::size_t output_limit = std::size_t{1} << 20U;    // kept end of each stream, bytes
  bool merge_stderr = true;                            // stderr into `output`; else into `error_output`
  std::function<void(std::string_view line)> on_line;  // each line of `output` as it comes; cut at 16 KiB
  std::function<void()> on_tick;                       // about once a second while it runs
};

struct CommandResult {
  ExitReason exit;
  bool timed_out = false;    // and was killed
  std::string output;        // its end, bounded
  std::string error_output;  // only without merge_stderr
  [[nodiscard]] bool ok() const { return !timed_out && exit.exit_code == 0; }
};

// An error only if it could not be started (kinds not_found, io) or a signal came (kind interrupted). However it ends,
// nothing it started is left running.
[[nodiscard]] Result<CommandResult> run_command(const CommandSpec& spec);

// Whether a program of that name can be started from PATH.
[[nodiscard]] bool is_in_path(const std::string& name);

}  // namespace mia::proc
