// SPDX-License-Identifier: MIT
#include "runtime/step.h"

#include <fstream>

#include "base/clock.h"
#include "base/text.h"

namespace mia::runtime {
namespace {

constexpr std::size_t kLongestShown = 100;
constexpr std::size_t kTailLines = 25;

// The end of a log: the last lines, one a row.
std::string last_lines(std::string_view text) {
  text = trim(text);
  std::size_t at = text.size();
  for (std::size_t line = 0; line < kTailLines && at != std::string_view::npos && at > 0; ++line) {
    at = text.rfind('\n', at - 1);
  }
  return printable(at == std::string_view::npos || at == 0 ? text : text.substr(at + 1));
}

// "[12/345] Building CXX object a/b/CMakeFiles/x.dir/c.cpp.o" -> "[12/345] c.cpp".
std::string build_step(std::string_view line) {
  std::string_view object = line.substr(line.rfind('/') + 1);
  if (object.ends_with(".o")) {
    object.remove_suffix(2);
  }
  return fmt::format("{} {}", line.substr(0, line.find(']') + 1), object);
}

}  // namespace

std::string meaningful(std::string_view line) {
  line = trim(line);
  if (line.starts_with("*** ")) {  // scikit-build-core's headings
    return one_line(line.substr(4), kLongestShown);
  }
  if (line.starts_with('[') && line.find(']') != std::string_view::npos) {
    return one_line(line.find(".dir/") != std::string_view::npos ? build_step(line) : line, kLongestShown);
  }
  for (const char* const word : {"Running command ", "Collecting ", "Downloading ", "Building ", "Preparing ",
                                 "Installing ", "Processing ", "Successfully ", "-- Build", "ERROR", "error:"}) {
    if (line.starts_with(word)) {
      return one_line(line, kLongestShown);
    }
  }
  return {};
}

Status run_step(const std::string& what, proc::CommandSpec command, const std::filesystem::path& log,
                const Progress& progress) {
  static constexpr int kTicks = 3;  // seconds between two news
  const std::int64_t begin = steady_ns();
  std::ofstream file(log, std::ios::app | std::ios::binary);
  file << "$ " << join(command.argv, " ") << '\n' << std::flush;
  std::string last;
  command.on_line = [&](std::string_view line) {
    file << line << '\n' << std::flush;  // a person may look at it while it builds
    if (std::string told = meaningful(line); !told.empty()) {
      last = std::move(told);
    }
  };
  int ticks = 0;
  command.on_tick = [&] {
    if (progress && ++ticks % kTicks == 0) {
      const std::string elapsed = human_seconds(static_cast<double>((steady_ns() - begin) / 1'000'000'000));
      progress(last.empty() ? fmt::format("{} ({})", what, elapsed) : fmt::format("{} ({}): {}", what, elapsed, last));
    }
  };
  if (progress) {
    progress(what);
  }
  MIA_TRY_ASSIGN(const proc::CommandResult result, proc::run_command(command));
  if (!result.ok()) {
    return with_detail(fail(ErrorKind::worker, "{}: '{}' {}; whole log: {}", what, command.argv.front(),
                            result.timed_out ? "took too long" : proc::describe(result.exit), log.string()),
                       last_lines(result.output));
  }
  return {};
}

}  // namespace mia::runtime
