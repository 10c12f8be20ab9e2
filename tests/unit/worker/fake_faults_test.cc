// SPDX-License-Identifier: MIT
// Each fault on demand really happens, seen from the other end of the pipes.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include <gtest/gtest.h>

#include "worker_process.h"

namespace mia::worker {
namespace {

std::string fault(const std::string& members) {
  return R"({"faults": [{)" + members + "}]}";
}

TEST(FakeFaults, NoneMeansAnOrderlyEnd) {
  WorkerProcess worker("{}");
  worker.prepare();
  const auto bye = worker.ask(proto::Shutdown{});
  ASSERT_TRUE(bye);
  EXPECT_TRUE(std::holds_alternative<proto::Bye>(bye->reply));
  EXPECT_EQ(worker.wait(), 0);
}

TEST(FakeFaults, TheEndOfInputIsAnOrderlyEndToo) {
  WorkerProcess worker("{}");
  worker.prepare();
  worker.close_input();
  EXPECT_EQ(worker.wait(), 0);
}

TEST(FakeFaults, DiesOfEachSignalInEachPhase) {
  for (const int signal : {SIGSEGV, SIGABRT, SIGFPE, SIGILL, SIGBUS, SIGKILL, SIGTERM}) {
    WorkerProcess worker(fault(R"("phase": "generate", "kind": "signal", "signal": )" + std::to_string(signal)));
    worker.prepare();
    EXPECT_FALSE(worker.ask(tokens_request(2)));
    const int status = worker.wait();
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), signal);
  }
}

TEST(FakeFaults, ExitsWithItsCodeBeforeTheGreeting) {
  for (const char* const phase : {"spawn", "greeting"}) {
    WorkerProcess worker(fault(R"("kind": "exit", "code": 7, "phase": ")" + std::string(phase) + "\""));
    EXPECT_FALSE(worker.read());
    const int status = worker.wait();
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 7);
  }
}

TEST(FakeFaults, StrikeOnlyTheRequestThatTheyName) {
  WorkerProcess worker(fault(R"("phase": "generate", "kind": "refuse", "text": "not today", "nth": 2)"));
  worker.prepare();
  const auto first = worker.ask(tokens_request(2));
  ASSERT_TRUE(first);
  EXPECT_TRUE(std::holds_alternative<proto::Generated>(first->reply));
  const auto second = worker.ask(tokens_request(2));
  ASSERT_TRUE(second && std::holds_alternative<proto::Failed>(second->reply));
  const record::Outcome outcome = std::get<proto::Failed>(second->reply).outcome;
  EXPECT_EQ(outcome.kind, record::OutcomeKind::refused);
  EXPECT_EQ(outcome.reason, "not today");
  EXPECT_EQ(outcome.phase, record::Phase::generate);
  const auto third = worker.ask(tokens_request(2));
  ASSERT_TRUE(third);
  EXPECT_TRUE(std::holds_alternative<proto::Generated>(third->reply));
}

TEST(FakeFaults, AbortsWithTextOnStderr) {
  WorkerProcess worker(fault(R"("phase": "load", "kind": "abort", "text": "GGML_ASSERT(ok) failed")"));
  ASSERT_TRUE(worker.read());
  EXPECT_FALSE(worker.ask(proto::Load{"m", {}}));
  EXPECT_EQ(WTERMSIG(worker.wait()), SIGABRT);
  EXPECT_NE(worker.error_text().find("GGML_ASSERT(ok) failed"), std::string::npos);
}

TEST(FakeFaults, GarbageComesBeforeTheRealReply) {
  WorkerProcess worker(fault(R"("phase": "load", "kind": "garbage", "bytes": 1000)"));
  ASSERT_TRUE(worker.read());
  EXPECT_FALSE(worker.ask(proto::Load{"m", {}}));
  EXPECT_EQ(worker.broken.size(), 1000U);
  EXPECT_TRUE(worker.read()) << "the worker itself is well";
}

TEST(FakeFaults, HalfALineIsLeftAtTheEnd) {
  WorkerProcess worker(fault(R"("phase": "load", "kind": "half_line")"));
  ASSERT_TRUE(worker.read());
  EXPECT_FALSE(worker.ask(proto::Load{"m", {}}));
  EXPECT_EQ(worker.half_line, R"({"id":1,"type":"model_lo)");
  EXPECT_EQ(worker.wait(), 0);
}

TEST(FakeFaults, AHugeLineOverflowsTheReader) {
  WorkerProcess worker(fault(R"("phase": "load", "kind": "huge_line", "bytes": 1073741824)"));
  ASSERT_TRUE(worker.read());
  EXPECT_FALSE(worker.ask(proto::Load{"m", {}}));
  EXPECT_TRUE(worker.overflowed);
}

TEST(FakeFaults, NoiseOnStderrDoesNotDisturbTheProtocol) {
  WorkerProcess worker(fault(R"("phase": "load", "kind": "noise", "stdout_bytes": 100000, "stderr_bytes": 200000)"));
  worker.prepare();
  EXPECT_NE(worker.error_text().find("noise"), std::string::npos);
}

TEST(FakeFaults, AGrandchildHoldsThePipesOpen) {
  WorkerProcess worker(R"({"faults": [{"phase": "load", "kind": "grandchild", "seconds": 0.4},
                                      {"phase": "shutdown", "kind": "exit", "code": 0}]})");
  worker.prepare();
  worker.send_raw(proto::encode(99, proto::Request(proto::Shutdown{})) + "\n");
  EXPECT_EQ(worker.wait(), 0) << "the child itself is gone";
  EXPECT_FALSE(worker.read()) << "the pipe ends only with the grandchild";
}

TEST(FakeFaults, GreetsWithAnotherVersion) {
  WorkerProcess worker(fault(R"("phase": "greeting", "kind": "wrong_version", "version": 99)"));
  const auto greeting = worker.read();
  ASSERT_TRUE(greeting);
  EXPECT_EQ(std::get<proto::Greeting>(greeting->reply).protocol, 99);
}

TEST(FakeFaults, RunsOutOfMemoryInThreeWays) {
  for (const char* const kind : {"out_of_memory", "allocate"}) {
    WorkerProcess worker(fault(R"("phase": "load", "limit_mb": 3, "kind": ")" + std::string(kind) + "\""));
    ASSERT_TRUE(worker.read());
    const auto reply = worker.ask(proto::Load{"m", {}});
    ASSERT_TRUE(reply && std::holds_alternative<proto::Failed>(reply->reply));
    EXPECT_EQ(std::get<proto::Failed>(reply->reply).outcome.kind, record::OutcomeKind::out_of_memory);
  }
  WorkerProcess killed(fault(R"("phase": "load", "kind": "kill")"));
  ASSERT_TRUE(killed.read());
  EXPECT_FALSE(killed.ask(proto::Load{"m", {}}));
  EXPECT_EQ(WTERMSIG(killed.wait()), SIGKILL);
}

TEST(FakeFaults, AnswersWrongly) {
  WorkerProcess wrong_id(fault(R"("phase": "load", "kind": "wrong_id")"));
  ASSERT_TRUE(wrong_id.read());
  const auto reply = wrong_id.ask(proto::Load{"m", {}});
  ASSERT_TRUE(reply);
  EXPECT_NE(reply->id, wrong_id.id);
  WorkerProcess wrong_type(fault(R"("phase": "load", "kind": "wrong_type")"));
  ASSERT_TRUE(wrong_type.read());
  const auto other = wrong_type.ask(proto::Load{"m", {}});
  ASSERT_TRUE(other);
  EXPECT_TRUE(std::holds_alternative<proto::Unloaded>(other->reply));
  for (const char* const kind : {"unknown_type", "missing_member"}) {
    WorkerProcess worker(fault(R"("phase": "load", "kind": ")" + std::string(kind) + "\""));
    ASSERT_TRUE(worker.read());
    EXPECT_FALSE(worker.ask(proto::Load{"m", {}}));
    EXPECT_NE(worker.broken, "") << kind;
  }
}

TEST(FakeFaults, HangsUntilKilledEvenIfAskedToEnd) {
  WorkerProcess worker(fault(R"("phase": "load", "kind": "hang", "ignore_term": true)"));
  ASSERT_TRUE(worker.read());
  worker.send_raw(proto::encode(1, proto::Request(proto::Load{"m", {}})) + "\n");
  while (worker.error_text().find("hanging") == std::string::npos) {
    ::usleep(1000);
  }
  ::kill(worker.pid, SIGTERM);
  ::usleep(50'000);
  EXPECT_EQ(::waitpid(worker.pid, nullptr, WNOHANG), 0);
  ::kill(worker.pid, SIGKILL);
  EXPECT_EQ(WTERMSIG(worker.wait()), SIGKILL);
}

TEST(FakeFaults, ClosesThePipeAndLives) {
  WorkerProcess worker(fault(R"("phase": "load", "kind": "close")"));
  ASSERT_TRUE(worker.read());
  EXPECT_FALSE(worker.ask(proto::Load{"m", {}}));
  EXPECT_EQ(::waitpid(worker.pid, nullptr, WNOHANG), 0);
}

TEST(Worker, AnswersABrokenLineOnceAndLeaves) {
  for (const std::string& line : {std::string("not json\n"), std::string(R"({"type":"launch","id":1})") + "\n"}) {
    WorkerProcess worker("{}");
    ASSERT_TRUE(worker.read());
    worker.send_raw(line);
    const auto reply = worker.read();
    ASSERT_TRUE(reply && std::holds_alternative<proto::Failed>(reply->reply));
    EXPECT_EQ(reply->id, 0);
    EXPECT_EQ(std::get<proto::Failed>(reply->reply).outcome.kind, record::OutcomeKind::invalid);
    const int status = worker.wait();
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 3);
  }
}

TEST(Worker, AnswersALineWithoutEndAndLeaves) {
  WorkerProcess worker("{}");
  ASSERT_TRUE(worker.read());
  worker.flood(2 * proto::kMaxLine);
  const auto reply = worker.read();
  ASSERT_TRUE(reply && std::holds_alternative<proto::Failed>(reply->reply));
  EXPECT_EQ(std::get<proto::Failed>(reply->reply).outcome.kind, record::OutcomeKind::invalid);
  EXPECT_EQ(WEXITSTATUS(worker.wait()), 3);
}

TEST(Worker, SaysWhenItsScriptOrItsPipesAreWrong) {
  WorkerProcess script(R"({"load_msec": 1})");
  EXPECT_FALSE(script.read());
  EXPECT_EQ(WEXITSTATUS(script.wait()), 2);
  EXPECT_NE(script.error_text().find("load_msec"), std::string::npos);
  WorkerProcess pipes("{}", {{"MIA_WORKER_OUT", "777"}});
  EXPECT_FALSE(pipes.read());
  EXPECT_EQ(WEXITSTATUS(pipes.wait()), 2);
  EXPECT_NE(pipes.error_text().find("777"), std::string::npos);
}

}  // namespace
}  // namespace mia::worker
