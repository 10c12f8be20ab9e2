// SPDX-License-Identifier: MIT
#include "proc/command.h"

#include <unistd.h>

#include <algorithm>

#include "base/clock.h"
#include "proc/process.h"
#include "proc/tail.h"

namespace mia::proc {
namespace {

constexpr std::size_t kLongestLine = std::size_t{16} << 10U;
constexpr double kTickS = 1.0;

// Calls on_line for each line of a stream; a longer one comes in pieces.
class LineCaller {
 public:
  explicit LineCaller(const std::function<void(std::string_view)>& on_line) : on_line_(on_line) {}
  void append(std::string_view data) {
    while (on_line_ && !data.empty()) {
      const std::size_t newline = data.find('\n');
      const std::size_t take = std::min({newline, data.size(), kLongestLine - line_.size()});
      line_.append(data.substr(0, take));
      data.remove_prefix(take);
      const bool is_whole = !data.empty() && data.front() == '\n';
      if (is_whole || line_.size() == kLongestLine) {
        data.remove_prefix(is_whole ? 1 : 0);
        on_line_(std::exchange(line_, {}));
      }
    }
  }
  void finish() {
    if (on_line_ && !line_.empty()) {
      on_line_(std::exchange(line_, {}));
    }
  }

 private:
  const std::function<void(std::string_view)>& on_line_;
  std::string line_;
};

// Until the process is gone: its streams may be held open by what it left behind, which is killed then.
Woke watch(Process& process, const CommandSpec& spec) {
  const std::int64_t begin = steady_ns();
  while (true) {
    const double left = spec.timeout_s - static_cast<double>(steady_ns() - begin) / kNsPerS;
    const Woke woke =
        process.loop().run([&] { return process.exit_reason().has_value(); }, std::min(left, kTickS), true);
    if (woke != Woke::timed_out || left <= kTickS) {
      return woke;
    }
    if (spec.on_tick) {
      spec.on_tick();
    }
  }
}

}  // namespace

Result<CommandResult> run_command(const CommandSpec& spec) {
  Tail output(spec.output_limit);
  Tail errors(spec.output_limit);
  LineCaller lines(spec.on_line);
  MIA_TRY_ASSIGN(const auto process, Process::make());
  MIA_TRY_ASSIGN(Pipe out, make_pipe());
  MIA_TRY_ASSIGN(Pipe error, make_pipe());
  const int error_end = spec.merge_stderr ? out.write.get() : error.write.get();
  MIA_TRY(process->start({spec.argv,
                          spec.env,
                          spec.unset,
                          spec.working_dir,
                          {{out.write.get(), STDOUT_FILENO}, {error_end, STDERR_FILENO}}}));
  MIA_TRY(process->loop().add_reader(std::move(out.read), [&](std::string_view data) {
    output.append(data);
    lines.append(data);
  }));
  MIA_TRY(process->loop().add_reader(std::move(error.read), [&](std::string_view data) { errors.append(data); }));
  const Woke woke = watch(*process, spec);
  process->kill_now();
  process->loop().drain([] { return false; });
  lines.finish();
  if (woke == Woke::interrupted) {
    return fail(ErrorKind::interrupted, "interrupted while '{}' was running", spec.argv.front());
  }
  if (!process->exit_reason()) {
    return fail(ErrorKind::internal, "'{}' (pid {}) cannot be killed", spec.argv.front(), process->pid());
  }
  return CommandResult{*process->exit_reason(), woke == Woke::timed_out, output.text(), errors.text()};
}

}  // namespace mia::proc
