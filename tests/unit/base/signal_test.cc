// SPDX-License-Identifier: MIT
#include "base/signal.h"

#include <gtest/gtest.h>

namespace mia {
namespace {

TEST(SignalName, IsLinuxOwnEverywhere) {
  EXPECT_EQ(signal_name(6), "SIGABRT");
  EXPECT_EQ(signal_name(9), "SIGKILL");
  EXPECT_EQ(signal_name(11), "SIGSEGV");
  EXPECT_EQ(signal_name(31), "SIGSYS");
  EXPECT_EQ(signal_name(0), "signal 0");
  EXPECT_EQ(signal_name(42), "signal 42");
  EXPECT_EQ(signal_name(-1073741819), "signal -1073741819");
}

TEST(ExitName, NamesWhatWindowsEndsAProcessBy) {
  EXPECT_EQ(exit_name(3), "exit code 3");
  EXPECT_EQ(exit_name(255), "exit code 255");
  EXPECT_EQ(exit_name(static_cast<int>(0xC0000005)), "0xC0000005, access violation");
  EXPECT_EQ(exit_name(static_cast<int>(0xC0000042)), "0xC0000042");
}

}  // namespace
}  // namespace mia
