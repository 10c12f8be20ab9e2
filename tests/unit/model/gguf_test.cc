// SPDX-License-Identifier: MIT
#include "model/gguf.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <limits>

#include "gguf_builder.h"

namespace mia::model {
namespace {

using test::bytes_of;
using test::GgufBuilder;
using test::tiny_llama;

Result<GgufFile> parse(const std::string& file) {
  return parse_gguf(bytes_of(file), "x.gguf");
}

// The error of a file that must not be accepted.
Error refused(const std::string& file) {
  const Result<GgufFile> result = parse(file);
  EXPECT_FALSE(result.has_value());
  return result ? Error{} : result.error();
}

void expect_refused(const GgufBuilder& builder, std::string_view part) {
  const Error error = refused(builder.file());
  EXPECT_NE(error.message.find(part), std::string::npos) << error.message;
  EXPECT_NE(error.message.find("x.gguf"), std::string::npos) << error.message;
  EXPECT_NE(error.message.find("byte "), std::string::npos) << error.message;
}

TEST(Gguf, ReadsMetadataOfEveryType) {
  GgufBuilder b;
  b.scalar("u8", 0, std::uint8_t{200}).scalar("i8", 1, std::int8_t{-3}).scalar("u16", 2, std::uint16_t{65535});
  b.scalar("i16", 3, std::int16_t{-300}).u32("u32", 4'000'000'000U).scalar("i32", 5, std::int32_t{-5});
  b.f32("f32", 0.5F).boolean("bool", true).text("text", "grüß").scalar("u64", 10, std::uint64_t{1} << 40U);
  b.scalar("i64", 11, std::int64_t{-7}).scalar("f64", 12, 2.25).i32_array("ints", {5, 6, 7});
  b.texts("texts", {"one", "two"}).scalar("big", 10, std::numeric_limits<std::uint64_t>::max());
  const Result<GgufFile> file = parse(b.file());
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->get_int("u8"), 200);
  EXPECT_EQ(file->get_int("i8"), -3);
  EXPECT_EQ(file->get_int("u16"), 65535);
  EXPECT_EQ(file->get_int("i16"), -300);
  EXPECT_EQ(file->get_int("u32"), 4'000'000'000);
  EXPECT_EQ(file->get_int("i32"), -5);
  EXPECT_EQ(file->get_int("u64"), std::int64_t{1} << 40);
  EXPECT_EQ(file->get_int("i64"), -7);
  EXPECT_EQ(file->get_int("big"), std::nullopt);
  EXPECT_EQ(file->get_double("f32"), 0.5);
  EXPECT_EQ(file->get_double("f64"), 2.25);
  EXPECT_EQ(file->get_double("i8"), -3.0);
  EXPECT_EQ(file->get_bool("bool"), true);
  EXPECT_EQ(file->get_string("text"), "grüß");
  ASSERT_NE(file->get_array("ints"), nullptr);
  EXPECT_EQ(file->get_array("ints")->numbers, (std::vector<double>{5, 6, 7}));
  EXPECT_EQ(file->get_array("texts")->count, 2);
  EXPECT_EQ(file->get_array("texts")->texts, (std::vector<std::string>{"one", "two"}));
}

TEST(Gguf, LookupsOfAnotherTypeGiveNothing) {
  const Result<GgufFile> file = parse(GgufBuilder().text("t", "7").boolean("b", true).u32("n", 1).file());
  ASSERT_TRUE(file);
  EXPECT_EQ(file->get_int("t"), std::nullopt);
  EXPECT_EQ(file->get_int("b"), std::nullopt);
  EXPECT_EQ(file->get_double("b"), std::nullopt);
  EXPECT_EQ(file->get_bool("n"), std::nullopt);
  EXPECT_EQ(file->get_string("n"), std::nullopt);
  EXPECT_EQ(file->get_array("n"), nullptr);
  EXPECT_EQ(file->find("absent"), nullptr);
}

TEST(Gguf, ReadsTensorsAndTheirPlaces) {
  for (const std::uint32_t version : {2U, 3U}) {
    GgufBuilder b = tiny_llama();
    b.version = version;
    const std::string bytes = b.file();
    const Result<GgufFile> file = parse(bytes);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->version, version);
    ASSERT_EQ(file->tensors.size(), 18U);
    const GgufTensor* const up = file->find_tensor("blk.1.ffn_up.weight");
    ASSERT_NE(up, nullptr);
    EXPECT_EQ(up->shape, (std::vector<std::int64_t>{8, 16}));
    EXPECT_EQ(up->elements(), 128);
    EXPECT_EQ(up->bytes, 512);
    EXPECT_EQ(file->tensors.back().offset + file->tensors.back().bytes + file->data_offset,
              static_cast<std::int64_t>(bytes.size()));
    EXPECT_EQ(file->data_offset % 32, 0);
  }
}

TEST(Gguf, EntriesKnowWhereTheyLie) {
  const std::string bytes = tiny_llama().file();
  const Result<GgufFile> file = parse(bytes);
  ASSERT_TRUE(file);
  const GgufEntry* const name = file->find("general.name");
  ASSERT_NE(name, nullptr);
  std::string expected;
  GgufBuilder::put_text(expected, "general.name");
  GgufBuilder::put(expected, std::uint32_t{8});
  GgufBuilder::put_text(expected, "Tiny");
  EXPECT_EQ(bytes.substr(static_cast<std::size_t>(name->offset), static_cast<std::size_t>(name->bytes)), expected);
}

TEST(Gguf, LongArraysKeepTheirBeginningAndAHashOfAll) {
  std::vector<std::int32_t> values(5000, 1);
  const Result<GgufFile> one = parse(GgufBuilder().i32_array("a", values).file());
  values.back() = 2;
  const Result<GgufFile> two = parse(GgufBuilder().i32_array("a", values).file());
  ASSERT_TRUE(one);
  ASSERT_TRUE(two);
  EXPECT_EQ(one->get_array("a")->count, 5000);
  EXPECT_EQ(one->get_array("a")->numbers.size(), static_cast<std::size_t>(kMaxElementsKept));
  EXPECT_NE(one->get_array("a")->hash, two->get_array("a")->hash);
  EXPECT_NE(one->header_hash, two->header_hash);
  std::vector<std::string> texts(100, "x");
  const Result<GgufFile> three = parse(GgufBuilder().texts("t", texts).file());
  ASSERT_TRUE(three);
  EXPECT_EQ(three->get_array("t")->count, 100);
  EXPECT_LT(three->get_array("t")->texts.size(), 100U);
}

TEST(Gguf, HeaderHashTellsSizesApart) {
  const std::string header = tiny_llama().file();
  const Result<GgufFile> one = parse_gguf(bytes_of(header), "a");
  const Result<GgufFile> same = parse_gguf(bytes_of(header), "b");
  const Result<GgufFile> longer = parse_gguf(bytes_of(header), "a", static_cast<std::int64_t>(header.size()) + 32);
  ASSERT_TRUE(one && same && longer);
  EXPECT_EQ(one->header_hash, same->header_hash);
  EXPECT_NE(one->header_hash, longer->header_hash);
}

TEST(Gguf, TensorDataNeedNotBeReadable) {
  const GgufBuilder b = tiny_llama();
  const std::string whole = b.file();
  EXPECT_TRUE(parse_gguf(bytes_of(b.header()), "h", static_cast<std::int64_t>(whole.size())));
}

TEST(Gguf, WhatIsNoGguf) {
  EXPECT_NE(refused("").message.find("an empty file"), std::string::npos);
  EXPECT_NE(refused(std::string(64, '\x01')).message.find("'GGUF'"), std::string::npos);
  GgufBuilder b = tiny_llama();
  b.version = 1;
  EXPECT_EQ(refused(b.file()).kind, ErrorKind::unsupported);
  b.version = 4;
  EXPECT_EQ(refused(b.file()).kind, ErrorKind::unsupported);
  b.version = 0x03000000;
  EXPECT_NE(refused(b.file()).message.find("big endian"), std::string::npos);
}

TEST(Gguf, CountsBeyondTheFileAreRefused) {
  for (const std::uint64_t count : {std::uint64_t{1000}, std::uint64_t{1} << 40U, ~std::uint64_t{0}}) {
    GgufBuilder tensors = tiny_llama();
    tensors.set_counts(count, 12);
    expect_refused(tensors, count == 1000 ? "" : "number of tensors");
    GgufBuilder entries = tiny_llama();
    entries.set_counts(18, count);
    expect_refused(entries, count == 1000 ? "" : "number of metadata entries");
    std::string array;
    GgufBuilder::put(array, std::uint32_t{0});
    GgufBuilder::put(array, count);
    expect_refused(GgufBuilder().raw("a", 9, array), "length of an array");
    std::string text;
    GgufBuilder::put(text, count);
    expect_refused(GgufBuilder().raw("t", 8, text), "length of text of 't'");
  }
}

TEST(Gguf, AMillionTensorsAreRefusedThoughTheyWouldFit) {
  GgufBuilder b;
  b.set_counts(1'000'000, 0);
  const Result<GgufFile> result = parse_gguf(bytes_of(b.header()), "x.gguf", std::int64_t{1} << 30);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("1000000"), std::string::npos) << result.error().message;
}

TEST(Gguf, BrokenMetadata) {
  expect_refused(GgufBuilder().u32("k", 1).u32("k", 1), "'k' appears twice");
  expect_refused(GgufBuilder().u32("", 1), "empty");
  expect_refused(GgufBuilder().u32(std::string(2000, 'k'), 1), "too long");
  expect_refused(GgufBuilder().u32("k", 1).raw("z", 13, "1234"), "unknown type 13");
  std::string nested;
  GgufBuilder::put(nested, std::uint32_t{9});
  GgufBuilder::put(nested, std::uint64_t{0});
  expect_refused(GgufBuilder().raw("n", 9, nested), "array of arrays");
}

TEST(Gguf, Alignment) {
  GgufBuilder b;
  b.alignment = 128;
  b.u32("general.alignment", 128).tensor("a", {1}, 0, 4).tensor("b", {1}, 0, 4);
  const Result<GgufFile> file = parse(b.file());
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->data_offset % 128, 0);
  EXPECT_EQ(file->tensors[1].offset, 128);
  for (const std::uint32_t wrong : {0U, 3U, 48U}) {
    expect_refused(GgufBuilder().u32("general.alignment", wrong), "general.alignment");
  }
  expect_refused(GgufBuilder().text("general.alignment", "32"), "general.alignment");
}

TEST(Gguf, BrokenTensors) {
  expect_refused(GgufBuilder().tensor("t", {4}, 0, 16).tensor("t", {4}, 0, 16), "'t' appears twice");
  expect_refused(GgufBuilder().tensor("t", {1, 1, 1, 1, 1}, 0, 4), "5 dimensions");
  expect_refused(GgufBuilder().tensor("t", {0}, 0, 4), "not positive");
  expect_refused(GgufBuilder().tensor("t", {~std::uint64_t{0}}, 0, 4), "not positive");
  expect_refused(GgufBuilder().tensor("t", {1U << 31U, 1U << 31U, 4}, 0, 4), "overflow");
  expect_refused(GgufBuilder().tensor("t", {std::uint64_t{1} << 62U}, 0, 4), "multiple of");
  expect_refused(GgufBuilder().tensor("t", {1, std::uint64_t{1} << 62U}, 0, 4), "overflows");
  expect_refused(GgufBuilder().tensor("t", {4}, 4, 16), "unknown type 4");
  expect_refused(GgufBuilder().tensor("t", {33}, 2, 64), "multiple of the 32");
  expect_refused(GgufBuilder().tensor_at("t", {4}, 0, 8), "multiple of the alignment");
  expect_refused(GgufBuilder().tensor_at("t", {4}, 0, ~std::uint64_t{31}), "multiple of the alignment");
  expect_refused(GgufBuilder().tensor("t", {64}, 0, 64), "incomplete");
  expect_refused(GgufBuilder().tensor_at("t", {4}, 0, std::uint64_t{1} << 62U), "incomplete");
  expect_refused(GgufBuilder().tensor("t", {64}, 0, 256).tensor_at("u", {4}, 0, 32), "overlaps");
}

TEST(Gguf, ScalarTensorsHaveOneElement) {
  const Result<GgufFile> file = parse(GgufBuilder().tensor("t", {}, 0, 4).file());
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->tensors[0].elements(), 1);
  EXPECT_EQ(file->tensors[0].bytes, 4);
}

TEST(Gguf, FilesOnDisk) {
  const test::TempData temp;
  EXPECT_EQ(read_gguf(temp.path() / "absent.gguf").error().kind, ErrorKind::not_found);
  EXPECT_EQ(read_gguf(temp.path()).error().kind, ErrorKind::unsupported);
  const std::filesystem::path fifo = temp.path() / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(read_gguf(fifo).error().kind, ErrorKind::unsupported);
  const std::string bytes = tiny_llama().file();
  const Result<GgufFile> file = read_gguf(temp.write("tiny.gguf", bytes));
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->header_hash, parse(bytes)->header_hash);
  EXPECT_EQ(file->file_bytes, static_cast<std::int64_t>(bytes.size()));
}

}  // namespace
}  // namespace mia::model
