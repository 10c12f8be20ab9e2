// SPDX-License-Identifier: MIT
#include "report/sealed.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <zlib.h>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "report/json.h"
#include "samples.h"

namespace mia {
namespace {

namespace fs = std::filesystem;

std::string gzip(const std::string& text) {
  constexpr int kGzip = 16 + MAX_WBITS;
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzip, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY), Z_OK);
  std::string source = text;
  std::string packed(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(source.data());
  stream.avail_in = static_cast<uInt>(source.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

class Packed : public ::testing::Test {
 protected:
  Packed() { fs::create_directories(folder_); }
  ~Packed() override { fs::remove_all(folder_); }
  fs::path file(const char* name, const std::string& bytes) {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }
  // What reading a report of these bytes says.
  std::string complaint(const char* name, const std::string& bytes) {
    const auto read = report::read_report(file(name, bytes));
    EXPECT_FALSE(read);
    EXPECT_EQ(read.error().kind, ErrorKind::protocol);
    EXPECT_NE(read.error().message.find(name), std::string::npos) << read.error().message;
    return read.error().message;
  }
  fs::path folder_ = fs::temp_directory_path() / fs::path("mia-sealed-" + std::to_string(::getpid()));
  std::string text_ = report::pretty_json(report::to_document(samples::baseline()));
};

TEST_F(Packed, AReportIsReadLikeAPlainOne) {
  const auto plain = report::read_report(file("a.json", text_));
  ASSERT_TRUE(plain) << plain.error().text();
  for (const char* const name : {"b.json.gz", "c.json"}) {
    const auto packed = report::read_report(file(name, gzip(text_)));
    ASSERT_TRUE(packed) << packed.error().text();
    EXPECT_EQ(report::to_document(*packed), report::to_document(*plain));
  }
}

TEST_F(Packed, DamageIsSaidInOneSentence) {
  const std::string packed = gzip(text_);
  EXPECT_NE(complaint("cut.json.gz", packed.substr(0, packed.size() / 2)).find("cut off"), std::string::npos);
  EXPECT_NE(complaint("head.json.gz", packed.substr(0, 5)).find("cut off"), std::string::npos);
  EXPECT_NE(complaint("empty.json.gz", "").find("cut off"), std::string::npos);
  EXPECT_NE(complaint("plain.json.gz", text_).find("damaged"), std::string::npos) << "not gzip at all";
  EXPECT_NE(complaint("more.json.gz", packed + "x").find("followed by"), std::string::npos);
  EXPECT_NE(complaint("poem.json.gz", gzip("roses are red")).find("not valid JSON"), std::string::npos);
  std::string flipped = packed;
  flipped[packed.size() / 2] = static_cast<char>(~flipped[packed.size() / 2]);
  (void)complaint("flipped.json.gz", flipped);
}

TEST_F(Packed, ABombGoesNoFurtherThanTheLimit) {
  constexpr std::size_t kLimit = std::size_t{2} << 20U;
  const std::string bomb = gzip(std::string(std::size_t{64} << 20U, '['));
  const auto unpacked = report::unpack_gzip(bomb, kLimit);
  ASSERT_FALSE(unpacked);
  EXPECT_EQ(unpacked.error().kind, ErrorKind::protocol);
  EXPECT_NE(unpacked.error().message.find("2 MiB"), std::string::npos) << unpacked.error().message;
}

}  // namespace
}  // namespace mia
