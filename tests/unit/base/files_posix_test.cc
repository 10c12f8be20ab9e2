// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>

#include "base/files.h"
#include "files_fixture.h"

namespace mia {
namespace {

TEST_F(Files, WhatIsNoRegularFileIsWrittenToAndStaysWhatItIs) {
  const fs::path fifo = dir_ / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_FALSE(write_file_atomic(fifo, "nobody reads"));
  const int reader = ::open(fifo.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  EXPECT_TRUE(write_file_atomic(fifo, "one"));
  std::array<char, 8> read{};
  EXPECT_EQ(::read(reader, read.data(), read.size()), 3);
  EXPECT_STREQ(read.data(), "one");
  ::close(reader);
  EXPECT_TRUE(fs::is_fifo(fifo));
  EXPECT_EQ(entries(), 1U);
}

TEST_F(Files, ReadingADeviceIsBounded) {
  EXPECT_FALSE(read_file("/dev/zero", 1 << 16U));
}

// --- where programs may lie and where data lies ---------------------------------------------------------------------

class Trust : public Files {
 protected:
  void SetUp() override {
    Files::SetUp();
    folder_ = dir_ / "runtime";
    worker_ = folder_ / "worker";
    fs::create_directories(folder_);
    std::ofstream(worker_) << "#!/bin/true\n";
    mode(folder_, 0755);
    mode(worker_, 0755);
  }
  static void mode(const fs::path& path, unsigned bits) { fs::permissions(path, fs::perms(bits)); }
  [[nodiscard]] std::string refused() const {
    const Status trusted = require_trusted(worker_, "the worker");
    return trusted ? "" : trusted.error().text();
  }
  fs::path folder_;
  fs::path worker_;
};

TEST_F(Trust, WhatOnlyThisAccountMayChangeIsTrusted) {
  EXPECT_EQ(refused(), "");
}

TEST_F(Trust, WhatOthersMayChangeIsNamed) {
  mode(worker_, 0777);
  EXPECT_NE(refused().find("every account may write there"), std::string::npos) << refused();
  mode(worker_, 0755);
  for (const unsigned bits : {0777U, 01777U}) {  // a sticky folder still takes new libraries
    mode(folder_, bits);
    EXPECT_NE(refused().find(folder_.string() + "': every account may write there"), std::string::npos) << refused();
    EXPECT_NE(refused().find("chmod go-w"), std::string::npos) << refused();
  }
  mode(folder_, 0755);
  mode(dir_, 0777);
  EXPECT_NE(refused().find(dir_.string()), std::string::npos) << refused();
  mode(dir_, 01777);
  EXPECT_EQ(refused(), "") << "below a sticky folder nobody replaces another's";
}

TEST_F(Trust, ALinkIsAsGoodAsItsFolderAndItsTarget) {
  const fs::path open = dir_ / "open";
  fs::create_directories(open);
  fs::create_symlink(worker_, open / "worker");
  mode(open, 0777);
  EXPECT_FALSE(require_trusted(open / "worker", "the worker"));
  mode(open, 0755);
  EXPECT_TRUE(require_trusted(open / "worker", "the worker"));
  mode(folder_, 0777);
  EXPECT_FALSE(require_trusted(open / "worker", "the worker"));
}

TEST_F(Trust, AnotherAccountsFileIsNotTrusted) {
  if (::chown(worker_.c_str(), 12345, 12345) != 0) {
    GTEST_SKIP() << "only root gives files away";
  }
  EXPECT_NE(refused().find("belongs to account 12345"), std::string::npos) << refused();
}

class DataDir : public ::testing::Test {
 protected:
  void TearDown() override {
    for (const auto& [name, value] : before_) {
      value.empty() ? ::unsetenv(name) : ::setenv(name, value.c_str(), 1);
    }
  }
  static std::string now(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? "" : value;
  }
  std::array<std::pair<const char*, std::string>, 2> before_{
      {{"XDG_DATA_HOME", now("XDG_DATA_HOME")}, {"HOME", now("HOME")}}};
};

TEST_F(DataDir, WithoutHomeItIsInTheAccountsHome) {
  ::unsetenv("XDG_DATA_HOME");
  const passwd* const account = ::getpwuid(::geteuid());
  ASSERT_NE(account, nullptr);
  ::unsetenv("HOME");
  EXPECT_EQ(data_dir(), fs::path(account->pw_dir) / ".local/share/mia-perf");
  ::setenv("HOME", "", 1);
  EXPECT_EQ(data_dir(), fs::path(account->pw_dir) / ".local/share/mia-perf");
  ::setenv("HOME", "relative", 1);
  EXPECT_EQ(data_dir(), fs::path(account->pw_dir) / ".local/share/mia-perf");
  EXPECT_TRUE(require_data_dir());
}

TEST_F(DataDir, ARelativeOneIsAnError) {
  ::setenv("XDG_DATA_HOME", "data", 1);
  const Status status = require_data_dir();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::usage);
  EXPECT_NE(status.error().text().find("XDG_DATA_HOME is 'data'"), std::string::npos);
}

}  // namespace
}  // namespace mia
