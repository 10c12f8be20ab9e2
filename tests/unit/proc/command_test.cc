// SPDX-License-Identifier: MIT
#include "proc/command.h"

#include "shell.h"

namespace mia::proc {
namespace {

CommandSpec command(const std::string& script) {
  CommandSpec spec;
  spec.argv = {"/bin/sh", "-c", script};
  spec.timeout_s = 60;
  return spec;
}

TEST(Command, GivesOutputAndExitCode) {
  const auto result = run_command(command("echo out; echo err >&2; exit 3"));
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->output, "out\nerr\n");
  EXPECT_EQ(result->exit.exit_code, 3);
  EXPECT_FALSE(result->ok());
  EXPECT_TRUE(run_command(command("true"))->ok());
}

TEST(Command, KeepsTheStreamsApart) {
  CommandSpec spec = command("echo out; echo err >&2");
  spec.merge_stderr = false;
  const auto result = run_command(spec);
  EXPECT_EQ(result->output, "out\n");
  EXPECT_EQ(result->error_output, "err\n");
}

TEST(Command, CallsForEachLine) {
  CommandSpec spec = command("printf 'a\\n\\nb\\nlast'; head -c 20000 /dev/zero | tr '\\000' x");
  std::vector<std::string> lines;
  spec.on_line = [&](std::string_view line) { lines.emplace_back(line); };
  ASSERT_TRUE(run_command(spec).has_value());
  const std::string all = "last" + std::string(20000, 'x');
  EXPECT_EQ(lines, (std::vector<std::string>{"a", "", "b", all.substr(0, 16384), all.substr(16384)}));
}

TEST(Command, KeepsTheEndOfMuchOutput) {
  CommandSpec spec = command("yes line | head -c 50000000; echo; echo end");
  spec.output_limit = 1000;
  const auto result = run_command(spec);
  EXPECT_LE(result->output.size(), 1000U);
  EXPECT_EQ(result->output.substr(result->output.size() - 5), "\nend\n");
}

TEST(Command, TimeoutKillsIt) {
  const TempDir dir;
  CommandSpec spec = command("setsid sh -c 'echo $$ end > \"$F\"; sleep 1000' & sleep 1000");
  spec.env["F"] = (dir / "pid").string();
  spec.timeout_s = 0.5;
  const auto result = run_command(spec);
  ASSERT_TRUE(result.has_value());
  EXPECT_TRUE(result->timed_out);
  EXPECT_FALSE(result->ok());
  EXPECT_EQ(result->exit.signal, SIGKILL);
  EXPECT_FALSE(exists(read_pid(dir / "pid")));
}

TEST(Command, LeavesNothingRunning) {
  const TempDir dir;
  CommandSpec spec = command("sh -c 'echo $$ end > \"$F\"; sleep 1000' & while ! [ -s \"$F\" ]; do sleep 0.01; done");
  spec.env["F"] = (dir / "pid").string();
  EXPECT_TRUE(run_command(spec)->ok());
  EXPECT_FALSE(exists(read_pid(dir / "pid")));
}

TEST(Command, TicksWhileItRuns) {
  CommandSpec spec = command("sleep 1.5");
  int ticks = 0;
  spec.on_tick = [&] { ++ticks; };
  EXPECT_TRUE(run_command(spec)->ok());
  EXPECT_GE(ticks, 1);
}

TEST(Command, MissingProgramIsAnError) {
  CommandSpec spec;
  spec.argv = {"no-such-program-anywhere"};
  EXPECT_EQ(run_command(spec).error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace mia::proc
