// SPDX-License-Identifier: MIT
// Talking with a child: requests, replies and noise.
#include "proc/child.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "proc/tree.h"
#include "shell.h"

namespace mia::proc {
namespace {

namespace fs = std::filesystem;
constexpr double kLongRun = 60;  // seconds; never reached when things are right

TEST(Child, AnswersRequests) {
  const auto child = spawn(shell("while read -r x <&3; do echo \"got $x\" >&4; done; echo bye >&4"));
  for (const char* const text : {"one", "two"}) {
    ASSERT_TRUE(child->send_line(text, kLongRun).has_value());
    const ReadResult reply = child->read_line(kLongRun);
    EXPECT_EQ(reply.status, ReadStatus::line);
    EXPECT_EQ(reply.line, std::string("got ") + text);
  }
}

TEST(Child, SeesAnnouncedDescriptorsAndItsEnvironment) {
  SpawnSpec spec =
      shell("echo \"$MIA_WORKER_IN $MIA_WORKER_OUT $MIA_TEST ${HOME-none} $(pwd)\" >&4; cat; echo end >&4");
  spec.env["MIA_TEST"] = "value with space";
  spec.unset = {"HOME"};
  spec.working_dir = "/usr";
  const auto child = spawn(spec);
  EXPECT_EQ(child->read_line(kLongRun).line, "3 4 value with space none /usr");
  EXPECT_EQ(child->read_line(kLongRun).line, "end");  // cat saw an empty stdin
}

TEST(Child, FindsAProgramInPath) {
  SpawnSpec spec;
  spec.argv = {"true"};
  EXPECT_EQ(spawn(spec)->wait(kLongRun)->exit_code, 0);
}

TEST(Child, MissingProgramIsNamed) {
  SpawnSpec spec;
  spec.argv = {"/nowhere/worker"};
  const auto child = Child::spawn(spec);
  ASSERT_FALSE(child.has_value());
  EXPECT_EQ(child.error().kind, ErrorKind::not_found);
  EXPECT_NE(child.error().message.find("/nowhere/worker"), std::string::npos);
  spec.argv = {"no-such-program-anywhere"};
  EXPECT_EQ(Child::spawn(spec).error().kind, ErrorKind::not_found);
}

TEST(Child, ProgramThatCannotRunIsNamed) {
  const TempDir dir;
  const fs::path plain = dir / "plain";
  std::ofstream(plain) << "text";
  SpawnSpec spec;
  spec.argv = {plain.string()};
  EXPECT_NE(Child::spawn(spec).error().text().find("chmod +x '" + plain.string()), std::string::npos);
  fs::permissions(plain, fs::perms::owner_all);
  EXPECT_NE(Child::spawn(spec).error().message.find("not a program for this machine"), std::string::npos);
  std::ofstream(plain) << "#!/nowhere/interpreter\n";
  EXPECT_NE(Child::spawn(spec).error().message.find("interpreter"), std::string::npos);
  spec.argv = {"/usr"};
  EXPECT_NE(Child::spawn(spec).error().message.find("'/usr' is not a file"), std::string::npos);
  spec.argv = {"/bin/true"};
  spec.working_dir = "/nowhere";
  EXPECT_NE(Child::spawn(spec).error().message.find("working folder '/nowhere'"), std::string::npos);
}

TEST(Child, SilenceTimesOutAndKeepsWhatCame) {
  const auto child = spawn(shell("printf half >&4; read -r x <&3; echo ' whole' >&4; read -r x <&3"));
  EXPECT_EQ(child->read_line(0.1).status, ReadStatus::timed_out);
  ASSERT_TRUE(child->send_line("go", kLongRun).has_value());
  EXPECT_EQ(child->read_line(kLongRun).line, "half whole");
}

TEST(Child, HalfALineAtTheEndIsGiven) {
  const auto child = spawn(shell("echo first >&4; printf half >&4"));
  EXPECT_EQ(child->read_line(kLongRun).line, "first");
  ReadResult last = child->read_line(kLongRun);
  EXPECT_EQ(last.status, ReadStatus::closed);
  EXPECT_EQ(last.line, "half");
  last = child->read_line(kLongRun);
  EXPECT_EQ(last.status, ReadStatus::closed);
  EXPECT_EQ(last.line, "");
}

TEST(Child, RepliesWrittenBeforeDeathAreAllRead) {
  const auto child = spawn(shell("i=0; while [ $i -lt 500 ]; do echo line $i >&4; i=$((i+1)); done; kill -9 $$"));
  EXPECT_EQ(child->wait(kLongRun)->signal, SIGKILL);
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(child->read_line(kLongRun).line, "line " + std::to_string(i));
  }
  EXPECT_EQ(child->read_line(kLongRun).status, ReadStatus::closed);
}

TEST(Child, GarbageBytesAreALineLikeAnyOther) {
  const auto child = spawn(shell("printf '\\000\\377\\001\\n' >&4"));
  EXPECT_EQ(child->read_line(kLongRun).line, std::string("\0\377\1", 3));
}

TEST(Child, LineOfAGigabyteIsRefusedInLittleMemory) {
  SpawnSpec spec = shell("head -c 1000000000 /dev/zero | tr '\\000' x >&4; echo >&4; echo next >&4");
  spec.line_limit = std::size_t{1} << 20U;
  const std::int64_t before = read_peak_rss(::getpid()).value();
  const auto child = spawn(spec);
  EXPECT_EQ(child->read_line(kLongRun).status, ReadStatus::too_long);
  EXPECT_EQ(child->read_line(kLongRun).line, "next");
  EXPECT_LT(read_peak_rss(::getpid()).value() - before, std::int64_t{32} << 20U);
}

TEST(Child, FloodOfOutputNeverBlocksItAndStaysBounded) {
  const auto child = spawn(shell("yes noise | head -c 300000000; yes error | head -c 100000000 >&2; echo done >&4"));
  const std::int64_t before = read_peak_rss(::getpid()).value();
  EXPECT_EQ(child->read_line(kLongRun).line, "done");
  EXPECT_TRUE(child->wait(kLongRun).has_value());
  EXPECT_EQ(child->log_bytes(), 400000000);
  EXPECT_LE(child->log_tail().size(), std::size_t{64} << 10U);
  EXPECT_EQ(child->log_tail().substr(0, 6), "error\n");
  EXPECT_LT(read_peak_rss(::getpid()).value() - before, std::int64_t{16} << 20U);
}

TEST(Child, FloodOfRepliesWaitsInThePipe) {
  SpawnSpec spec = shell("yes reply >&4");
  spec.line_limit = 1000;
  const auto child = spawn(spec);
  EXPECT_EQ(child->read_line(kLongRun).line, "reply");
  EXPECT_FALSE(child->wait(0.2).has_value());
  EXPECT_EQ(child->read_line(kLongRun).line, "reply");
}

TEST(Child, ChildThatNeverReadsIsAnError) {
  const auto child = spawn(shell("sleep 1000"));
  EXPECT_TRUE(child->send_line("fits into the pipe", 0.2).has_value());
  const Status sent = child->send_line(std::string(1000000, 'x'), 0.2);
  ASSERT_FALSE(sent.has_value());
  EXPECT_EQ(sent.error().kind, ErrorKind::worker);
  EXPECT_NE(sent.error().message.find("did not read"), std::string::npos);
  EXPECT_FALSE(child->send_line("more", kLongRun).has_value());
}

TEST(Child, BigRequestToASlowReaderArrivesWhole) {
  const auto child = spawn(shell("sleep 0.2; head -c 3000001 <&3 | wc -c >&4"));
  ASSERT_TRUE(child->send_line(std::string(3000000, 'x'), kLongRun).has_value());
  EXPECT_EQ(child->read_line(kLongRun).line, "3000001");
}

TEST(Child, ClosedRequestPipeDoesNotKillUs) {
  const auto child = spawn(shell("exec 3<&-; echo closed >&4; sleep 1000"));
  EXPECT_EQ(child->read_line(kLongRun).line, "closed");
  const Status sent = child->send_line("request", kLongRun);
  ASSERT_FALSE(sent.has_value());
  EXPECT_EQ(sent.error().kind, ErrorKind::worker);
}

TEST(Child, RequestToADeadChildIsAnError) {
  const auto child = spawn(shell("exit 3"));
  EXPECT_EQ(child->wait(kLongRun)->exit_code, 3);
  EXPECT_EQ(child->send_line("request", kLongRun).error().kind, ErrorKind::worker);
}

std::set<int> open_fds() {
  std::set<int> result;
  for (int fd = 0; fd < 1024; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) {
      result.insert(fd);
    }
  }
  return result;
}

TEST(Child, DescriptorsOfOursStayOurs) {
  const std::set<int> before = open_fds();
  {
    const auto child = spawn(shell("sleep 1000"));
    for (const int fd : open_fds()) {
      EXPECT_TRUE(before.count(fd) == 1 || (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0) << fd;
    }
  }
  static_cast<void>(spawn(shell("true"))->wait(kLongRun));  // what lives as long as the program is there by now
  const std::set<int> settled = open_fds();
  for (int i = 0; i < 20; ++i) {
    static_cast<void>(spawn(shell("true"))->wait(kLongRun));
  }
  EXPECT_EQ(open_fds(), settled);
}

TEST(Child, KnowsItsMemoryAndTime) {
  const auto child = spawn(
      shell("exec perl -e '$x = \"a\" x 100_000_000; open(O, \">&=4\"); open(I, \"<&=3\"); $| = 1; select(O); $| = 1; "
            "print O \"ready\\n\"; <I>; $y = \"b\" x 50_000_000; for $i (0 .. 2_000_000) { $z += $i }'"));
  EXPECT_EQ(child->read_line(kLongRun).line, "ready");
  ASSERT_TRUE(child->peak_rss_bytes().has_value());
  const std::int64_t alive = *child->peak_rss_bytes();
  EXPECT_GT(alive, 100'000'000);
  EXPECT_LT(alive, 400'000'000);
  ASSERT_TRUE(child->send_line("go", kLongRun).has_value());
  EXPECT_EQ(child->wait(kLongRun)->exit_code, 0);
  EXPECT_GT(*child->peak_rss_bytes(), alive + 40'000'000);  // what it took after we last looked
  EXPECT_GT(child->cpu_seconds(), 0.0);
}

}  // namespace
}  // namespace mia::proc
