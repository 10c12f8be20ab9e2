// SPDX-License-Identifier: MIT
#include "base/files.h"

#include <fstream>

#include "files_fixture.h"

namespace mia {
namespace {

TEST_F(Files, AtomicWriteReplacesAndLeavesNothingElse) {
  ASSERT_TRUE(write_file_atomic(dir_ / "sub/report.json", "one"));
  ASSERT_TRUE(write_file_atomic(dir_ / "sub/report.json", "two"));
  EXPECT_EQ(*read_file(dir_ / "sub/report.json"), "two");
  EXPECT_EQ(std::distance(fs::directory_iterator(dir_ / "sub"), fs::directory_iterator()), 1);
}

TEST_F(Files, FailedWriteKeepsTheOldFileAndNoTemporary) {
  fs::create_directory(dir_ / "taken");
  std::ofstream(dir_ / "taken/inside") << "x";
  const Status written = write_file_atomic(dir_ / "taken", "text");  // a folder cannot be replaced by a file
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().message.find("taken"), std::string::npos);
  EXPECT_TRUE(fs::exists(dir_ / "taken/inside"));
  EXPECT_EQ(entries(), 1U);
}

TEST_F(Files, ReadingIsBounded) {
  std::ofstream(dir_ / "big") << std::string(1000, 'x');
  EXPECT_TRUE(read_file(dir_ / "big", 1000));
  EXPECT_FALSE(read_file(dir_ / "big", 999));
  EXPECT_FALSE(read_file(dir_));
  const auto none = read_file(dir_ / "none");
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message.find("none"), std::string::npos);
}

TEST_F(Files, AMissingFileNamesItsNeighbours) {
  std::ofstream(dir_ / "perf_cpu_baseline.json") << "{}";
  const auto hint = [](const fs::path& path) {
    const auto missing = read_file(path);
    EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
    EXPECT_NE(missing.error().message.find("there is no file '" + path.string() + "'"), std::string::npos);
    return missing.error().hint;
  };
  EXPECT_EQ(hint(dir_ / "perf_cpu_baselin.json"), "did you mean '" + (dir_ / "perf_cpu_baseline.json").string() + "'?");
  EXPECT_NE(hint(dir_ / "x").find("holds perf_cpu_baseline.json"), std::string::npos);
  EXPECT_NE(hint(dir_ / "no/such/x").find("no folder"), std::string::npos);
  fs::create_directory(dir_ / "empty");
  EXPECT_NE(hint(dir_ / "empty/x").find("is empty"), std::string::npos);
}

TEST_F(Files, AFileIsNoFolderForReports) {
  std::ofstream(dir_ / "file") << "x";
  EXPECT_FALSE(ensure_writable_dir(dir_ / "file/reports"));
  EXPECT_TRUE(ensure_writable_dir(dir_ / "new/reports"));
  EXPECT_TRUE(fs::is_empty(dir_ / "new/reports"));
}

TEST_F(Files, HashesAreOfTheContent) {
  std::ofstream(dir_ / "a") << "content";
  EXPECT_EQ(*hash_file(dir_ / "a"), hash_hex("content"));
  EXPECT_NE(hash_hex("content"), hash_hex("Content"));
  EXPECT_EQ(hash_hex("").size(), 16U);
}

}  // namespace
}  // namespace mia
