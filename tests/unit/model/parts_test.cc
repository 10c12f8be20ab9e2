// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <filesystem>

#include "gguf_builder.h"
#include "model/catalogue.h"
#include "model/describe.h"
#include "model/parts.h"
#include "model/shape.h"

namespace mia::model {
namespace {
namespace fs = std::filesystem;

using test::GgufBuilder;
using test::TempData;

class Parts : public ::testing::Test {
 protected:
  void write(std::size_t i, const GgufBuilder& part) const { write_bytes(i, part.file()); }
  void write_bytes(std::size_t i, const std::string& bytes) const { temp_.write(name(i), bytes); }
  void write_all() const {
    for (std::size_t i = 0; i < 3; ++i) {
      write(i, parts_.at(i));
    }
  }
  [[nodiscard]] static std::string name(std::size_t i) { return fmt::format("big-0000{}-of-00003.gguf", i + 1); }
  [[nodiscard]] fs::path path(std::size_t i) const { return temp_.path() / name(i); }
  // The refusal when part `asked` is named.
  [[nodiscard]] std::string refused(std::size_t asked = 0) const {
    const auto info = inspect(path(asked));
    return info ? "accepted" : info.error().text();
  }

  std::array<GgufBuilder, 3> parts_ = test::tiny_parts();
  TempData temp_;
};

TEST_F(Parts, AnyPartNamesTheWholeModel) {
  write_all();
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    bytes += static_cast<std::int64_t>(fs::file_size(path(i)));
  }
  for (const std::size_t asked : {2U, 0U, 1U, 2U}) {  // the second time from the cache of headers
    const auto info = inspect(path(asked));
    ASSERT_TRUE(info) << info.error().text();
    EXPECT_EQ(info->id, "big");
    EXPECT_EQ(info->path, path(0)) << "llama.cpp loads from the first part only";
    EXPECT_EQ(info->parts, (std::vector<std::string>{path(0), path(1), path(2)}));
    EXPECT_EQ(record::files_of(*info).size(), 3U);
    EXPECT_EQ(info->file_bytes, bytes);
    EXPECT_EQ(info->parameters, 80 + 8 + 64 + 32);
    EXPECT_EQ(info->tensor_bytes, 4 * info->parameters);
    EXPECT_EQ(info->bytes_per_token, 4 * (8 + 8 + 64 + 32 + 80)) << "a row of the embedding, and all of it as output";
  }
}

TEST_F(Parts, HaveAHashOfAll) {
  write_all();
  const std::string before = inspect(path(0))->header_hash;
  (void)clear_manifest_cache();
  parts_[2] = GgufBuilder();
  test::place_part(parts_[2], 2, 3, 4).tensor("blk.1.attn_v.weight", {8, 4}, 0, 128);
  write_all();
  EXPECT_NE(inspect(path(0))->header_hash, before);
}

TEST_F(Parts, AChangeOfAnyPartIsSeen) {
  write_all();
  ASSERT_TRUE(inspect(path(0)));
  fs::remove(path(1));
  EXPECT_NE(refused().find("part 2 of 3 of a split model is missing: there is no file"), std::string::npos)
      << refused();
  EXPECT_NE(refused().find(name(1)), std::string::npos) << refused();
  EXPECT_EQ(inspect(path(0)).error().kind, ErrorKind::not_found);
}

TEST_F(Parts, TheMissingPartMayBeTheNamedOneOrTheFirst) {
  write(1, parts_[1]);
  write(2, parts_[2]);
  for (const std::size_t asked : {0U, 1U}) {
    EXPECT_NE(refused(asked).find("part 1 of 3 of a split model is missing"), std::string::npos) << refused(asked);
  }
  const auto found = resolve(path(0).string(), {});
  EXPECT_TRUE(found) << "so that reading it says which part is missing";
  EXPECT_EQ(resolve((temp_.path() / "none-00001-of-00002.gguf").string(), {}).error().kind, ErrorKind::not_found);
}

TEST_F(Parts, ForeignPartsAreNamed) {
  const auto with = [&](std::uint16_t no, std::uint16_t count, std::int32_t tensors) {
    GgufBuilder part;
    test::place_part(part, no, count, tensors).tensor("blk.0.attn_q.weight", {8, 8}, 0, 256);
    write(1, part);
    return refused();
  };
  write_all();
  for (const auto& [text, words] : std::vector<std::pair<std::string, std::string>>{
           {with(1, 4, 4), "it says that it is part 2 of 4, not part 2 of 3"},
           {with(2, 3, 4), "it says that it is part 3 of 3, not part 2 of 3"},
           {with(1, 3, 9), "it is of a model of 9 tensors, not 4"}}) {
    EXPECT_NE(text.find(words), std::string::npos) << text;
    EXPECT_NE(text.find(name(1) + "' does not belong to the split model"), std::string::npos) << text;
  }
}

TEST_F(Parts, PartsOfAnotherModelAreNamed) {
  const auto with = [&](GgufBuilder part, const char* tensor) {
    test::place_part(part, 1, 3, 4).tensor(tensor, {8, 8}, 0, 256);
    write(1, part);
    return refused();
  };
  write_all();
  GgufBuilder other;
  other.text("general.architecture", "qwen2");
  for (const auto& [text, words] : std::vector<std::pair<std::string, std::string>>{
           {with(other, "blk.0.attn_q.weight"), "its general.architecture is 'qwen2', not 'llama'"},
           {with(GgufBuilder(), "token_embd.weight"), "tensor 'token_embd.weight' is in another part already"},
           {with(GgufBuilder(), "blk.30.attn_q.weight"), "it holds layer 31 of a model of 2"}}) {
    EXPECT_NE(text.find(words), std::string::npos) << text;
  }
  GgufBuilder plain;
  plain.tensor("blk.0.attn_q.weight", {8, 8}, 0, 256);
  write(1, plain);
  EXPECT_NE(refused().find("it says that it is no part of a model"), std::string::npos) << refused();
  write_bytes(1, "version https://git-lfs.github.com/spec/v1\nsize 4431390720\n");
  EXPECT_NE(refused().find(name(1) + "' is a Git LFS pointer to 4.13 GiB"), std::string::npos) << refused();
}

TEST_F(Parts, TensorsThatAreMissingAreCounted) {
  write_all();
  GgufBuilder part;
  test::place_part(part, 2, 3, 4);
  write(2, part);
  EXPECT_NE(refused().find("hold 3 tensors, not the 4"), std::string::npos) << refused();
}

TEST_F(Parts, ANameThatDoesNotSayThePartIsRefused) {
  write_all();
  for (const char* const wrong : {"renamed.gguf", "other-00002-of-00003.gguf", "big-00001-of-00002.gguf"}) {
    const fs::path file = temp_.write(wrong, parts_[0].file());
    const auto info = inspect(file);
    ASSERT_FALSE(info) << wrong;
    EXPECT_NE(info.error().text().find("part 1 of 3 of a split model, and its name does not"), std::string::npos)
        << info.error().text();
    EXPECT_NE(info.error().hint.find("-00001-of-00003.gguf"), std::string::npos) << info.error().hint;
  }
}

TEST_F(Parts, AWholeModelMayHaveAnyName) {
  temp_.write("whole-00001-of-00003.gguf", test::tiny_llama().file());
  const auto info = inspect(temp_.path() / "whole-00001-of-00003.gguf");
  ASSERT_TRUE(info) << info.error().text();
  EXPECT_TRUE(info->parts.empty());
  GgufBuilder lone = test::tiny_llama();
  lone.u16("split.no", 0).u16("split.count", 1);
  EXPECT_TRUE(inspect(temp_.write("lone.gguf", lone.file()))->parts.empty());
}

TEST_F(Parts, AreListedAndFoundAsOneModel) {
  const fs::path models = models_dir();
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    temp_.write(fs::relative(models, temp_.path()) / name(i), parts_.at(i).file());
    bytes += static_cast<std::int64_t>(parts_.at(i).file().size());
  }
  const auto present = list_present({});
  ASSERT_EQ(present.size(), 1U);
  EXPECT_EQ(present.front().id, "big");
  EXPECT_EQ(present.front().path, models / name(0));
  EXPECT_EQ(present.front().bytes, bytes);
  EXPECT_EQ(*resolve("big", {}), models / name(0));
  EXPECT_EQ(shape_like(models / name(1))->like, models / name(0)) << "its metadata is in the first part";
}

TEST(FilesByName, AreThoseOfTheSuffix) {
  EXPECT_EQ(files_by_name("d/m-00002-of-00002.gguf"),
            (std::vector<fs::path>{"d/m-00001-of-00002.gguf", "d/m-00002-of-00002.gguf"}));
  for (const char* const name :
       {"m.gguf", "m-00003-of-00002.gguf", "m-00000-of-00002.gguf", "m-1-of-2.gguf", "m-00001-of-00001.gguf",
        "-00001-of-00002.gguf", "m-00001-of-99999.gguf", "m-0000a-of-00002.gguf", "m-00001-of-00002.bin"}) {
    EXPECT_EQ(files_by_name(name), std::vector<fs::path>{name});
  }
  EXPECT_EQ(model_name("d/m-00002-of-00002.gguf"), "m");
  EXPECT_EQ(model_name("d/m.Q4_0.gguf"), "m.Q4_0");
}

}  // namespace
}  // namespace mia::model
