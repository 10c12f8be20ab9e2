// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "gguf_builder.h"
#include "model/catalogue.h"
#include "model/describe.h"

namespace mia::model {
namespace {
namespace fs = std::filesystem;

using test::GgufBuilder;
using test::TempData;
using namespace std::string_literals;

class NotAModel : public ::testing::Test {
 protected:
  [[nodiscard]] std::string said_of(const std::string& content) const {
    const auto info = inspect(temp_.write("x.gguf", content));
    return info ? "a model" : info.error().text();
  }
  void expect(const std::string& content, std::string_view what, std::string_view todo) const {
    const std::string text = said_of(content);
    EXPECT_NE(text.find(what), std::string::npos) << text;
    EXPECT_NE(text.find(todo), std::string::npos) << text;
    EXPECT_NE(text.find("x.gguf'"), std::string::npos) << text;
  }
  TempData temp_;
};

TEST_F(NotAModel, FilesOfOtherKindsAreNamed) {
  const std::string rest(600, '\x01');
  expect("version https://git-lfs.github.com/spec/v1\noid sha256:01\nsize 4431390720\n",
         "a Git LFS pointer to 4.13 GiB", "git lfs pull");
  expect("../../.git/annex/objects/xx", "a text that begins", "get the file itself");
  expect("/annex/objects/SHA256E-s1--aa.gguf\n", "a git-annex pointer", "git annex get");
  expect("<!DOCTYPE html>\n<html><title>Sign in</title></html>", "a web page", "get the file itself");
  expect("\xef\xbb\xbf\n  <HTML><body>", "a web page", "get the file itself");
  expect("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "an XML text", "get the file itself");
  expect("{\"error\":\"Repository not found\"}", "a JSON text", "get the file itself");
  expect("Entry not found", "a text that begins 'Entry not found'", "get the file itself");
  expect("", "an empty file", "get the file itself");
  expect(std::string(4096, '\0'), "begins with zeros", "get the file itself");
  expect("\x20\0\0\0\0\0\0\0{\"__metadata__\":{}}          "s + rest, "a safetensors file", "convert_hf_to_gguf.py");
  expect("PK\x03\x04"s + rest, "a ZIP archive", "convert_hf_to_gguf.py");
  expect("\x80\x02\x8a\x0a"s + rest, "a Python pickle", "convert_hf_to_gguf.py");
  expect("\x08\x07\x12\x07pytorch"s + rest, "an ONNX model", "convert_hf_to_gguf.py");
  expect("\x1f\x8b\x08"s + rest, "a gzip archive", "unpack it");
  expect(
      "\x7f"
      "ELF"s +
          rest,
      "a program", "name a GGUF file");
}

TEST_F(NotAModel, OlderFormatsAreNamed) {
  const std::string rest(64, '\x01');
  for (const auto& [magic, what] : std::vector<std::pair<std::string, std::string>>{
           {"lmgg", "a GGML file"}, {"fmgg", "a GGMF file"}, {"tjgg", "a GGJT file"}, {"ggjt", "a GGJT file"}}) {
    expect(magic + rest, what, "get a GGUF file of this model");
  }
  expect("algg" + rest, "a LoRA adapter of the format before GGUF", "name the model that it adapts");
  expect("nsgg" + rest, "a saved llama.cpp session", "name the model");
  expect("GGUF\1\0\0\0"s + rest, "GGUF version 1 is not supported", "get a newer file");
  expect("GGUF\0\0\0\3"s + rest, "big endian", "gguf_convert_endian.py");
  EXPECT_NE(said_of("\x02\x05" + rest).find("does not begin with 'GGUF'"), std::string::npos);
}

TEST_F(NotAModel, GgufFilesOfOtherKindsAreNamed) {
  const auto typed = [](std::string_view type) {
    return GgufBuilder().text("general.architecture", "llama").text("general.type", type).tensor("x", {8}, 0, 32);
  };
  expect(typed("adapter").file(), "an adapter (LoRA)", "name the model that it adapts");
  expect(typed("mmproj").file(), "a projector", "name the language model beside it");
  expect(typed("imatrix").file(), "an importance matrix", "name the model");
  expect(typed("dataset").file(), "a GGUF file of the type 'dataset'", "name a language model");
  expect(typed("model").text("adapter.type", "lora").file(), "an adapter (LoRA)", "name the model that it adapts");
  expect(test::tiny_metadata().texts("tokenizer.ggml.tokens", {"a", "b"}).file(), "a vocabulary without weights",
         "get the whole model");
  expect(test::tiny_metadata().file(), "a GGUF file without tensors", "get the whole model");
}

TEST_F(NotAModel, OlderGgufFilesWithoutATypeAreNamedByWhatTheyHold) {
  GgufBuilder lora;
  lora.text("general.architecture", "llama").tensor("blk.0.attn_q.weight.lora_a", {8, 4}, 0, 128);
  expect(lora.file(), "an adapter (LoRA)", "name the model that it adapts");
  expect(GgufBuilder().text("general.architecture", "clip").tensor("v.x", {8}, 0, 32).file(), "a projector",
         "beside it");
  expect(GgufBuilder().text("general.architecture", "controlvector").tensor("direction.1", {8}, 0, 32).file(),
         "a control vector", "name the model that it steers");
  expect(GgufBuilder().text("general.architecture", "flux").tensor("x", {8}, 0, 32).file(),
         "a model that makes images (flux)", "computes no images");
  expect(GgufBuilder().u32("imatrix.chunk_count", 3).tensor("blk.0.attn_q.weight.in_sum2", {8}, 0, 32).file(),
         "an importance matrix", "name the model");
  expect(GgufBuilder().text("general.name", "x").tensor("x", {8}, 0, 32).file(), "no general.architecture",
         "name a language model");
}

TEST_F(NotAModel, WhatIsNoFileIsNamed) {
  const auto refused = [](const fs::path& path) { return resolve(path.string(), {}).error().text(); };
  const fs::path folder = temp_.path() / "folder";
  fs::create_directories(folder);
  EXPECT_NE(refused(folder).find("is a folder, not a language model; name a GGUF file"), std::string::npos);
  temp_.write("folder/model.safetensors", "x");
  EXPECT_NE(refused(folder).find("convert_hf_to_gguf.py"), std::string::npos) << refused(folder);
  temp_.write("folder/b.gguf", "x");
  temp_.write("folder/a.gguf", "x");
  EXPECT_NE(refused(folder).find("name a file in it: a.gguf, b.gguf"), std::string::npos) << refused(folder);
  const fs::path fifo = temp_.path() / "fifo.gguf";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_NE(refused(fifo).find("is a FIFO"), std::string::npos) << refused(fifo);
  EXPECT_NE(inspect(fifo).error().text().find("is a FIFO"), std::string::npos);
}

TEST_F(NotAModel, ALinkToNowhereIsSaidToBeOne) {
  const fs::path link = temp_.path() / "link.gguf";
  fs::create_symlink("gone.gguf", link);
  const std::string text = resolve(link.string(), {}).error().text();
  EXPECT_NE(text.find("link.gguf' is a link to 'gone.gguf', where there is nothing"), std::string::npos) << text;
  EXPECT_EQ(text.find("did you mean"), std::string::npos) << text;
}

}  // namespace
}  // namespace mia::model
