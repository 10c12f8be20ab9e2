// SPDX-License-Identifier: MIT
// Broken files: whatever the bytes say, the reader gives a value or a sentence, in bounded time and memory. Run under
// the sanitizers (preset `asan`) this also shows that nothing is read out of bounds.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>

#include "allocation_meter.h"
#include "gguf_builder.h"
#include "model/describe.h"
#include "model/gguf.h"

namespace mia::model {
namespace {

using test::bytes_of;
using test::GgufBuilder;
using test::tiny_llama;

constexpr std::size_t kMemoryLimit = std::size_t{256} << 20U;

// Parses and describes; an error must say something and name the file.
bool accepted(const std::string& bytes) {
  const Result<GgufFile> file = parse_gguf(bytes_of(bytes), "x.gguf");
  if (!file) {
    EXPECT_NE(file.error().message.find("x.gguf"), std::string::npos) << file.error().message;
    EXPECT_LT(file.error().message.size(), 1000U);
    return false;
  }
  const Result<record::ModelInfo> info = describe(*file, "x", "x.gguf");
  if (info) {
    EXPECT_GE(info->bytes_per_token, 0);
    EXPECT_GE(info->kv_bytes_per_position, 0);
    EXPECT_GE(bytes_per_token_at(*info, 1'000'000'000), info->bytes_per_token);
  }
  return true;
}

TEST(GgufRobust, EveryTruncationIsRefused) {
  const std::string whole = tiny_llama().file();
  ASSERT_TRUE(accepted(whole));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    ASSERT_FALSE(accepted(whole.substr(0, length))) << length;
  }
}

class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed) {}

  std::string mutate(std::string bytes, std::size_t header) {
    const std::size_t steps = 1 + below(3);
    for (std::size_t i = 0; i < steps && bytes.size() > 16; ++i) {
      step(bytes, std::min(header, bytes.size() - 8));
    }
    return bytes;
  }

 private:
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }

  void step(std::string& bytes, std::size_t header) {
    const std::size_t at = below(header);
    switch (below(5)) {
      case 0:  // one bit
        bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ (1U << below(8)));
        break;
      case 1: {  // a length, count, size or offset of an unlikely value
        constexpr std::array<std::uint64_t, 8> kValues{0,
                                                       1,
                                                       0x7fffffff,
                                                       0xffffffff,
                                                       std::uint64_t{1} << 32U,
                                                       std::uint64_t{1} << 62U,
                                                       0x7fffffffffffffff,
                                                       ~std::uint64_t{0}};
        const std::uint64_t value = kValues[below(kValues.size())];
        std::memcpy(bytes.data() + at, &value, below(2) == 0 ? 4 : 8);
        break;
      }
      case 2:  // a piece of the file over another
        bytes.replace(at, below(64), bytes.substr(below(header), below(64)));
        break;
      case 3:
        bytes.insert(at, bytes.substr(below(header), below(64)));
        break;
      default:
        bytes.erase(at, below(64));
    }
  }

  std::mt19937_64 random_;
};

TEST(GgufRobust, TenThousandMutations) {
  const GgufBuilder builder = tiny_llama();
  const std::string whole = builder.file();
  const std::size_t header = builder.header().size();
  constexpr std::uint64_t kMutations = 10'000;
  std::size_t valid = 0;
  test::reset_peak();
  for (std::uint64_t seed = 0; seed < kMutations; ++seed) {
    SCOPED_TRACE(seed);
    valid += accepted(Mutator(seed).mutate(whole, header)) ? 1U : 0U;
  }
  EXPECT_LT(test::peak_bytes(), kMemoryLimit);
  // Both must be met, or the mutations are too rough or too tame to prove anything.
  EXPECT_GT(valid, 100U);
  EXPECT_LT(valid, kMutations / 2);
}

// Small elements in the file that need more in memory: the sum is bounded, not only each array.
TEST(GgufRobust, ManyArraysDoNotMultiplyInMemory) {
  GgufBuilder b;
  std::string array;
  GgufBuilder::put(array, std::uint32_t{0});
  GgufBuilder::put(array, std::uint64_t{1024});
  array.append(1024, '\1');
  for (int i = 0; i < 20'000; ++i) {
    b.raw("key" + std::to_string(i), 9, array);
  }
  const std::string bytes = b.file();
  test::reset_peak();
  const Result<GgufFile> file = parse_gguf(bytes_of(bytes), "x.gguf");
  EXPECT_FALSE(file);
  EXPECT_LT(test::peak_bytes(), kMemoryLimit);
  EXPECT_GT(test::peak_bytes(), std::size_t{8} << 20U);  // the meter counts
}

TEST(GgufRobust, LongTextsAreCutInMemoryAndHashedWhole) {
  std::string text(8'000'000, 't');
  const Result<GgufFile> one = parse_gguf(bytes_of(GgufBuilder().text("t", text).file()), "x.gguf");
  text.back() = 'u';
  const Result<GgufFile> two = parse_gguf(bytes_of(GgufBuilder().text("t", text).file()), "x.gguf");
  ASSERT_TRUE(one && two);
  EXPECT_EQ(one->get_string("t")->size(), static_cast<std::size_t>(kMaxStringKept));
  EXPECT_EQ(one->get_string("t"), two->get_string("t"));
  EXPECT_NE(one->header_hash, two->header_hash);
}

TEST(GgufRobust, AHeaderThatNeverEndsIsRefused) {
  GgufBuilder b;
  std::string array;
  GgufBuilder::put(array, std::uint32_t{0});
  GgufBuilder::put(array, std::uint64_t{1} << 30U);
  b.raw("weights", 9, array);
  const Result<GgufFile> file = parse_gguf(bytes_of(b.header()), "x.gguf", std::int64_t{1} << 31);
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message.find("header may have"), std::string::npos) << file.error().message;
}

// A file that shrinks while it is read ends the reading with a sentence.
TEST(GgufRobust, AFileThatEndsEarly) {
  const GgufBuilder b = tiny_llama();
  const std::string part = b.header().substr(0, 300);
  const Result<GgufFile> file = parse_gguf(bytes_of(part), "x.gguf", static_cast<std::int64_t>(b.file().size()));
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message.find("ended while"), std::string::npos) << file.error().message;
}

}  // namespace
}  // namespace mia::model
