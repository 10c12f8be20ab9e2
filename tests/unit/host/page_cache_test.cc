// SPDX-License-Identifier: MIT
#include "host/page_cache.h"

#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>

#include "host/fd.h"
#include "temp_tree.h"

#include <fcntl.h>

namespace mia::host {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kPages = 1000;

class PageCache : public ::testing::Test {
 protected:
  void SetUp() override {
    struct statfs info {};
    ASSERT_EQ(::statfs(tree_.root().c_str(), &info), 0);
    if (info.f_type == TMPFS_MAGIC || info.f_type == RAMFS_MAGIC) {
      GTEST_SKIP() << "the tests run in memory, which is never evicted";
    }
    ASSERT_TRUE(can_evict(tree_.root()));
    model_ = tree_.put("model.gguf", std::string(kPages * kPage - 7, 'x'));
  }
  [[nodiscard]] double fraction() const { return resident_fraction({model_}).value_or(-1); }

  TempTree tree_;
  std::filesystem::path model_;
};

TEST_F(PageCache, ColdLeavesNothingAndWarmFillsIt) {
  auto proof = prepare_cache({model_}, "cold");
  ASSERT_TRUE(proof);
  EXPECT_EQ(proof->requested, "cold");
  EXPECT_EQ(proof->state, "cold");
  EXPECT_EQ(proof->resident_fraction, 0.0);
  EXPECT_EQ(fraction(), 0.0);
  proof = prepare_cache({model_}, "warm");
  ASSERT_TRUE(proof);
  EXPECT_EQ(proof->state, "warm");
  EXPECT_EQ(proof->resident_fraction, 1.0);
}

TEST_F(PageCache, WhatIsResidentIsNotReadAgain) {
  const auto at_once = [] { return true; };
  ASSERT_TRUE(prepare_cache({model_}, "cold"));
  EXPECT_EQ(prepare_cache({model_}, "warm", at_once).error().kind, ErrorKind::interrupted);
  ASSERT_TRUE(prepare_cache({model_}, "warm"));
  const auto proof = prepare_cache({model_}, "warm", at_once);
  ASSERT_TRUE(proof) << "it was read although all of it was there";
  EXPECT_EQ(proof->state, "warm");
}

TEST_F(PageCache, LookingDoesNotLoad) {
  ASSERT_TRUE(prepare_cache({model_}, "cold"));
  EXPECT_EQ(fraction(), 0.0);
  EXPECT_EQ(fraction(), 0.0);
  const auto proof = prepare_cache({model_}, "as-is");
  ASSERT_TRUE(proof);
  EXPECT_EQ(proof->state, "cold");
}

TEST_F(PageCache, AHalfLoadedFileIsUnknownWithItsFraction) {
  ASSERT_TRUE(prepare_cache({model_}, "cold"));
  {
    const Fd file(::open(model_.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(::posix_fadvise(file.get(), 0, 0, POSIX_FADV_RANDOM), 0);
    std::string half(kPages / 2 * kPage, '\0');
    ASSERT_EQ(::pread(file.get(), half.data(), half.size(), 0), static_cast<ssize_t>(half.size()));
  }
  const auto proof = prepare_cache({model_}, "as-is");
  ASSERT_TRUE(proof);
  EXPECT_EQ(proof->state, "unknown");
  EXPECT_NEAR(proof->resident_fraction.value_or(-1), 0.5, 0.1);
  EXPECT_EQ(prepare_cache({model_}, "warm")->resident_fraction, 1.0) << "the other half is still to be read";
}

TEST_F(PageCache, PagesThatSomebodyHasMappedStay) {
  const Fd file(::open(model_.c_str(), O_RDONLY | O_CLOEXEC));
  void* const view = ::mmap(nullptr, 10 * kPage, PROT_READ, MAP_SHARED | MAP_POPULATE, file.get(), 0);
  ASSERT_NE(view, MAP_FAILED);
  const auto proof = prepare_cache({model_}, "cold");
  ::munmap(view, 10 * kPage);
  ASSERT_TRUE(proof);
  EXPECT_EQ(proof->state, "unknown");
  EXPECT_GE(proof->resident_fraction.value_or(0), 10.0 / kPages);
}

TEST_F(PageCache, OneResidentPageOfAThousandIsNotCold) {
  ASSERT_TRUE(prepare_cache({model_}, "cold"));
  const Fd file(::open(model_.c_str(), O_RDONLY | O_CLOEXEC));
  void* const view = ::mmap(nullptr, kPages * kPage, PROT_READ, MAP_SHARED, file.get(), 0);
  ASSERT_NE(view, MAP_FAILED);
  // without readahead, so that a single small page comes in
  ASSERT_EQ(::madvise(view, kPages * kPage, MADV_RANDOM), 0);
  EXPECT_EQ(*static_cast<const volatile char*>(view), 'x');
  const auto proof = prepare_cache({model_}, "cold");
  ::munmap(view, kPages * kPage);
  ASSERT_TRUE(proof);
  EXPECT_EQ(proof->resident_fraction, 1.0 / kPages);
  EXPECT_EQ(proof->state, "unknown");
}

TEST_F(PageCache, EveryPartOfALargeFileIsCounted) {
  constexpr off_t kLarge = off_t{600} << 20U;  // of holes: takes no room on the disk
  const auto large = tree_.put("large.gguf", "");
  ASSERT_EQ(::truncate(large.c_str(), kLarge), 0);
  const Fd file(::open(large.c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(::posix_fadvise(file.get(), 0, 0, POSIX_FADV_RANDOM), 0);
  for (const off_t offset : {off_t{0}, off_t{300} << 20U, kLarge - 1}) {
    char byte = 'x';
    ASSERT_EQ(::pread(file.get(), &byte, 1, offset), 1);
  }
  EXPECT_DOUBLE_EQ(resident_fraction({large}).value_or(-1), 3.0 / (kLarge / static_cast<double>(kPage)));
}

TEST_F(PageCache, FreshlyWrittenPagesAreEvictedToo) {
  const auto dirty = tree_.root() / "dirty.gguf";
  const Fd file(::open(dirty.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  const std::string content(kPages * kPage, 'd');
  ASSERT_EQ(::write(file.get(), content.data(), content.size()), static_cast<ssize_t>(content.size()));
  const auto proof = prepare_cache({dirty}, "cold");
  ASSERT_TRUE(proof);
  EXPECT_EQ(proof->state, "cold");
}

TEST_F(PageCache, AnotherUsersFileIsNotCalledResident) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root to become somebody else";
  }
  ASSERT_TRUE(prepare_cache({model_}, "cold"));
  ASSERT_EQ(::chmod(tree_.root().c_str(), 0755), 0);
  const Fd held(::open(model_.c_str(), O_RDONLY | O_CLOEXEC));
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    // The folders above may be closed to others; the open file is not.
    const auto path = "/proc/self/fd/" + std::to_string(held.get());
    const bool became = ::setuid(kNobody) == 0;
    const auto fraction = resident_fraction({path});
    const bool opened = fraction.has_value() || fraction.error().kind == ErrorKind::unsupported;
    ::_exit(!became || !opened ? 2 : fraction.has_value() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 2) {
    GTEST_SKIP() << "another user cannot open the file here";
  }
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(PageCacheErrors, SayWhatIsWrong) {
  EXPECT_EQ(resident_fraction({"no-such.gguf"}).error().kind, ErrorKind::not_found);
  EXPECT_EQ(prepare_cache({"no-such.gguf"}, "cold").error().kind, ErrorKind::not_found);
  EXPECT_FALSE(resident_fraction({std::filesystem::current_path()}));
  const TempTree tree;
  const auto file = tree.put("a", "text");
  EXPECT_EQ(prepare_cache({file}, "lukewarm").error().kind, ErrorKind::usage);
}

TEST(PageCacheErrors, AnEmptyFileIsNeitherColdNorWarm) {
  const TempTree tree;
  const auto proof = prepare_cache({tree.put("empty", "")}, "cold");
  ASSERT_TRUE(proof);
  EXPECT_EQ(proof->state, "unknown");
}

TEST(CanEvict, IsFalseInMemoryAndLeavesNoProbeBehind) {
  std::error_code code;
  if (!std::filesystem::is_directory("/dev/shm", code)) {
    GTEST_SKIP() << "no tmpfs here";
  }
  const TempTree tree("/dev/shm");
  EXPECT_FALSE(can_evict(tree.root()));
  EXPECT_TRUE(std::filesystem::is_empty(tree.root(), code));
}

// A model in two files is cold when no page of either is resident, and warm when all of both are.
TEST_F(PageCache, AllFilesOfAModelCount) {
  const std::filesystem::path second = tree_.put("second.gguf", std::string(kPages * kPage, 'y'));
  ASSERT_TRUE(prepare_cache({second}, "warm"));
  auto proof = prepare_cache({model_}, "cold");
  ASSERT_TRUE(proof);
  EXPECT_EQ(proof->state, "cold");
  EXPECT_NEAR(resident_fraction({model_, second}).value_or(-1), 0.5, 0.01);
  proof = prepare_cache({model_, second}, "as-is");
  ASSERT_TRUE(proof);
  EXPECT_EQ(proof->state, "unknown");
  proof = prepare_cache({model_, second}, "cold");
  ASSERT_TRUE(proof);
  EXPECT_EQ(proof->state, "cold");
  EXPECT_EQ(resident_fraction({second}).value_or(-1), 0.0);
  proof = prepare_cache({model_, second}, "warm");
  ASSERT_TRUE(proof);
  EXPECT_EQ(proof->state, "warm");
  EXPECT_EQ(proof->resident_fraction, 1.0);
  EXPECT_EQ(prepare_cache({model_, "no-such.gguf"}, "cold").error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace mia::host
