// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "gguf_builder.h"
#include "model/describe.h"

namespace mia::model {
namespace {
namespace fs = std::filesystem;

using test::TempData;
using test::tiny_llama;

// The same size and time of change, another content: only a cache gives the old answer.
void swap_content_silently(const fs::path& file, const std::string& content) {
  const auto changed = fs::last_write_time(file);
  std::ofstream(file, std::ios::binary) << content;
  fs::last_write_time(file, changed);
}

class Manifest : public ::testing::Test {
 protected:
  // Two models of equal size.
  std::string tiny_ = tiny_llama().file();
  std::string other_ = [this] {
    std::string bytes = tiny_;
    bytes.replace(bytes.find("Tiny"), 4, "Tony");
    return bytes;
  }();
  TempData temp_;
  fs::path file_ = temp_.write("m.gguf", tiny_);

  std::string name() const {
    const Result<record::ModelInfo> info = inspect(file_);
    return info ? info->display_name : info.error().message;
  }
};

TEST_F(Manifest, AnswersFromTheCacheUntilCleared) {
  EXPECT_FALSE(is_manifest_cached(file_));
  EXPECT_EQ(name(), "Tiny");
  EXPECT_TRUE(is_manifest_cached(file_));
  swap_content_silently(file_, other_);
  EXPECT_EQ(name(), "Tiny");
  const Result<std::int64_t> cleared = clear_manifest_cache();
  ASSERT_TRUE(cleared) << cleared.error().message;
  EXPECT_EQ(*cleared, 1);
  EXPECT_FALSE(is_manifest_cached(file_));
  EXPECT_EQ(name(), "Tony");
}

TEST_F(Manifest, AChangedFileIsReadAgain) {
  EXPECT_EQ(name(), "Tiny");
  const auto changed = fs::last_write_time(file_);
  temp_.write("m.gguf", other_);
  fs::last_write_time(file_, changed + std::chrono::seconds(5));
  EXPECT_FALSE(is_manifest_cached(file_));
  EXPECT_EQ(name(), "Tony");
}

TEST_F(Manifest, EqualAnswersWithAndWithoutCache) {
  const Result<record::ModelInfo> fresh = inspect(file_);
  const Result<record::ModelInfo> cached = inspect(file_);
  ASSERT_TRUE(fresh && cached);
  EXPECT_EQ(fresh->id, "m");
  EXPECT_EQ(cached->id, "m");
  EXPECT_EQ(cached->path, file_.string());
  EXPECT_EQ(fresh->header_hash, cached->header_hash);
  EXPECT_EQ(fresh->bytes_per_token, cached->bytes_per_token);
  EXPECT_EQ(fresh->groups.size(), cached->groups.size());
  EXPECT_EQ(fresh->layers, cached->layers);
}

TEST_F(Manifest, ADamagedEntryIsNotBelieved) {
  EXPECT_EQ(name(), "Tiny");
  swap_content_silently(file_, other_);
  for (const auto& entry : fs::directory_iterator(temp_.path() / "mia-perf/manifests")) {
    std::ofstream(entry.path()) << "{\"version\": 1";
  }
  EXPECT_EQ(name(), "Tony");
}

TEST_F(Manifest, ClearingNothingIsNoError) {
  const Result<std::int64_t> cleared = clear_manifest_cache();
  ASSERT_TRUE(cleared);
  EXPECT_EQ(*cleared, 0);
}

TEST_F(Manifest, AFileThatIsNotThereIsAnErrorAndNotRemembered) {
  EXPECT_EQ(inspect(temp_.path() / "no.gguf").error().kind, ErrorKind::not_found);
  EXPECT_FALSE(is_manifest_cached(temp_.path() / "no.gguf"));
}

}  // namespace
}  // namespace mia::model
