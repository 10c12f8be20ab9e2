// SPDX-License-Identifier: MIT
#include "runtime/step.h"

#include "world.h"

namespace mia::runtime {
namespace {

TEST(Meaningful, BuildLinesBecomeShort) {
  EXPECT_EQ(meaningful("  [12/345] Building CXX object vendor/llama.cpp/ggml/src/CMakeFiles/ggml-cpu.dir/ops.cpp.o  "),
            "[12/345] ops.cpp");
  EXPECT_EQ(meaningful("[ 10%] Building CXX object CMakeFiles/w.dir/work/base/text.cc.o"), "[ 10%] text.cc");
  EXPECT_EQ(meaningful("[100%] Built target mia-worker-llama"), "[100%] Built target mia-worker-llama");
  EXPECT_EQ(meaningful("*** Configuring CMake..."), "Configuring CMake...");
  EXPECT_EQ(meaningful("  Running command pip subprocess to install build dependencies"),
            "Running command pip subprocess to install build dependencies");
  EXPECT_EQ(meaningful("Collecting llama-cpp-python==0.3.36"), "Collecting llama-cpp-python==0.3.36");
}

TEST(Meaningful, NoiseIsNothing) {
  for (const char* const line :
       {"", "   ", "warning: unused variable", "/usr/bin/c++ -O3 -c x.cpp", "Using pip 23.0"}) {
    EXPECT_EQ(meaningful(line), "") << line;
  }
}

class Step : public World {
 protected:
  static proc::CommandSpec shell(const std::string& script) {
    proc::CommandSpec spec;
    spec.argv = {"/bin/sh", "-c", script};
    return spec;
  }
};

TEST_F(Step, LogHoldsEverythingThatWasSaid) {
  const fs::path log = root_ / "log";
  ASSERT_TRUE(run_step("one", shell("echo a; echo b >&2"), log, {}).has_value());
  ASSERT_TRUE(run_step("two", shell("echo c"), log, {}).has_value());
  const std::string text = text_of(log);
  EXPECT_NE(text.find("echo a; echo b >&2\na\nb\n"), std::string::npos);
  EXPECT_NE(text.find("echo c\nc\n"), std::string::npos);
}

TEST_F(Step, FailureShowsTheTailAndTheLog) {
  const fs::path log = root_ / "log";
  const Status status =
      run_step("compiling", shell("i=0; while [ $i -lt 90 ]; do echo line $i; i=$((i+1)); done; exit 4"), log, {});
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().kind, ErrorKind::worker);
  EXPECT_EQ(status.error().message.find('\n'), std::string::npos) << "one sentence; the log is its detail";
  const std::string text = status.error().message + status.error().detail;
  EXPECT_NE(text.find("compiling: '/bin/sh' exited with code 4"), std::string::npos);
  EXPECT_NE(text.find(log.string()), std::string::npos);
  EXPECT_NE(text.find("line 89"), std::string::npos);
  EXPECT_EQ(text.find("line 60"), std::string::npos);
}

// The command itself waits until its first line stands in the log.
TEST_F(Step, TheLogGrowsWhileItRuns) {
  const fs::path log = root_ / "log";
  proc::CommandSpec command =
      shell("echo said$((1+1))now; until grep -q said2now " + log.string() + "; do sleep 0.05; done");
  command.timeout_s = 20;
  EXPECT_TRUE(run_step("building", command, log, {}).has_value());
}

TEST_F(Step, NewsComeWhileItRuns) {
  std::vector<std::string> news;
  ASSERT_TRUE(run_step("building", shell("echo '[3/9] Building C object x.dir/y.c.o'; sleep 3.5"), root_ / "log",
                       [&](std::string_view text) { news.emplace_back(text); })
                  .has_value());
  ASSERT_GE(news.size(), 2U);
  EXPECT_EQ(news[0], "building");
  EXPECT_NE(news[1].find("[3/9] y.c"), std::string::npos);
}

}  // namespace
}  // namespace mia::runtime
