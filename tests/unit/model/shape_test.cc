// SPDX-License-Identifier: MIT
#include "model/shape.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "gguf_builder.h"

namespace mia::model {
namespace {

using test::TempData;

TEST(Shape, PresetsHoldAndNameTheirSources) {
  EXPECT_EQ(presets().size(), 8U);
  for (const Shape& shape : presets()) {
    const Status status = check_shape(shape);
    EXPECT_TRUE(status) << shape.name << ": " << (status ? "" : status.error().message);
    EXPECT_FALSE(shape.source.empty()) << shape.name;
    EXPECT_EQ(preset(shape.name)->layers, shape.layers);
  }
}

TEST(Shape, UnknownPresetsNameTheNearest) {
  EXPECT_EQ(preset("gpt-oss-20").error().hint, "did you mean 'gpt-oss-20b'?");
  EXPECT_NE(preset("bloom").error().hint.find("tiny"), std::string::npos);
}

TEST(Shape, WhatCannotBeIsOneSentence) {
  const auto refused = [](void (*change)(Shape&), const char* name = "tiny") {
    Shape shape = *preset(name);
    change(shape);
    const Status status = check_shape(shape);
    EXPECT_FALSE(status);
    return status ? "" : status.error().message;
  };
  const auto expect_part = [](const std::string& text, std::string_view part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos);
  };
  expect_part(refused([](Shape& s) { s.layers = 1000; }), "layers is 1000");
  expect_part(refused([](Shape& s) { s.layers = 0; }), "layers is 0");
  expect_part(refused([](Shape& s) { s.embedding = -5; }), "embedding is -5");
  expect_part(refused([](Shape& s) { s.vocabulary = std::int64_t{1} << 60; }), "vocabulary");
  expect_part(refused([](Shape& s) { s.vocabulary = 100; }), "vocabulary");
  expect_part(refused([](Shape& s) { s.heads = 3, s.kv_heads = 2; }), "multiple of kv_heads");
  expect_part(refused([](Shape& s) { s.head_dim = 63; }), "odd");
  expect_part(refused([](Shape& s) { s.architecture = "bert"; }), "'bert' is not one of");
  expect_part(refused([](Shape& s) { s.rope_base = 0; }), "rope_base");
  expect_part(refused([](Shape& s) { s.rms_epsilon = -1; }), "rms_epsilon");
  expect_part(refused([](Shape& s) { s.rope_scaling.type = "magic"; }), "'magic'");
  expect_part(refused([](Shape& s) { s.rope_scaling.type = "yarn"; }), "original_context");
  expect_part(refused([](Shape& s) { s.experts = 4; }), "has no experts");
  expect_part(refused([](Shape& s) { s.experts_used = 33; }, "gpt-oss-20b"), "experts");
  expect_part(refused([](Shape& s) { s.tied_output = true; }, "gpt-oss-20b"), "tied_output");
  expect_part(refused([](Shape& s) { s.sliding_window = 0; }, "gpt-oss-20b"), "sliding_window");
}

constexpr std::string_view kYaml = R"(architecture: qwen3
layers: 4
embedding: 512
heads: 8
kv_heads: 2
feed_forward: 1024
vocabulary: 1000
)";

TEST(ShapeYaml, ReadsAndDerives) {
  const TempData temp;
  const Result<Shape> shape = shape_from_yaml(temp.write("mine.yaml", kYaml));
  ASSERT_TRUE(shape) << shape.error().message;
  EXPECT_EQ(shape->name, "mine");
  EXPECT_EQ(shape->architecture, "qwen3");
  EXPECT_EQ(shape->layers, 4);
  EXPECT_EQ(shape->head_dim, 64);
  EXPECT_EQ(shape->kv_heads, 2);
  EXPECT_FALSE(shape->tied_output);
  const Result<Shape> scaled = shape_from_yaml(
      temp.write("s.yaml", std::string(kYaml) + "head_dim: 128\ntied_output: yes\nrope_base: 1e6\n"
                                                "rope_scaling: {type: yarn, factor: 4, original_context: 1024}\n"));
  ASSERT_TRUE(scaled) << scaled.error().message;
  EXPECT_EQ(scaled->head_dim, 128);
  EXPECT_TRUE(scaled->tied_output);
  EXPECT_EQ(scaled->rope_base, 1e6);
  EXPECT_EQ(scaled->rope_scaling.factor, 4);
}

TEST(ShapeYaml, ErrorsNameFileAndLine) {
  const TempData temp;
  const auto error = [&](const std::string& text) {
    const Result<Shape> shape = shape_from_yaml(temp.write("x.yaml", text));
    EXPECT_FALSE(shape);
    return shape ? "" : shape.error().text();
  };
  const auto expect_part = [](const std::string& text, std::string_view part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
    EXPECT_NE(text.find("x.yaml"), std::string::npos) << text;
  };
  const std::string yaml(kYaml);
  expect_part(error(yaml + "layer: 4\n"), "x.yaml:8: unknown key 'layer'; did you mean 'layers'?");
  expect_part(error("architecture: llama\n"), "'layers' is missing");
  expect_part(error(yaml + "context: many\n"), "x.yaml:8: 'context'");
  expect_part(error(yaml + "context: [1]\n"), "single value");
  expect_part(error(yaml + "context: 99999999999999999999\n"), "x.yaml:8");
  expect_part(error(yaml + "context: -1\n"), "x.yaml:8: context is -1");
  expect_part(error(yaml + "context:\n"), "x.yaml:8: 'context' must be a single value");
  expect_part(error(yaml + "head_dim: 63\n"), "x.yaml:8: the shape does not fit");
  expect_part(error(yaml + "experts: 4\n"), "x.yaml:1: the shape does not fit: architecture 'qwen3' has no experts");
  expect_part(error(yaml + "rope_scaling: {factor: 4, type: magic}\n"), "x.yaml:8: rope_scaling.type 'magic'");
  expect_part(error(yaml + "rope_scaling: 4\n"), "must be a map");
  expect_part(error(yaml + "rope_scaling: {kind: yarn}\n"), "rope_scaling.kind");
  expect_part(error("- 1\n- 2\n"), "map of keys");
  expect_part(error(""), "map of keys");
  expect_part(error("a: [1, 2\nb: 3"), "x.yaml:");
  EXPECT_EQ(shape_from_yaml(temp.path() / "no.yaml").error().kind, ErrorKind::not_found);
}

// Small files that would be large trees, or that hide what counts.
TEST(ShapeYaml, HostileFilesAreOneSentenceWithTheirLine) {
  const TempData temp;
  const auto expect_refused = [&](const std::string& text, std::string_view part) {
    const Result<Shape> shape = shape_from_yaml(temp.write("x.yaml", text));
    ASSERT_FALSE(shape) << part;
    const std::string& message = shape.error().message;
    EXPECT_NE(message.find("x.yaml"), std::string::npos) << message;
    EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_LT(message.size(), 600U);
  };
  const std::string yaml(kYaml);
  expect_refused(yaml + "layers: 5\n", "x.yaml:8: 'layers' stands here a second time");
  expect_refused(yaml + "rope_scaling: {factor: 1, factor: 2}\n", "x.yaml:8: 'factor' stands here a second time");
  expect_refused(std::string(50'000, '['), "x.yaml:1: ");
  std::string deep;
  for (int i = 0; i < 400; ++i) {
    deep += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  }
  expect_refused(yaml + deep, "nested deeper");
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char name = 'b'; name < 'k'; ++name) {
    const std::string before = fmt::format("*{}", static_cast<char>(name - 1));
    bomb += fmt::format("{0}: &{0} [{1}, {1}, {1}, {1}, {1}, {1}, {1}, {1}, {1}]\n", name, before);
  }
  expect_refused(bomb + yaml, "x.yaml:2: aliases");
  expect_refused(yaml + std::string(1'000'000, 'k') + ": 1\n", "x.yaml:8");
  expect_refused(yaml + "context: " + std::string(1'000'000, '9') + "\n", "x.yaml:8: 'context'");
  expect_refused(std::string(2'000'000, ' '), "larger than");
  expect_refused(yaml + "---\n" + yaml, "more than one document");
  expect_refused(yaml + "context: !!int 5\n", "x.yaml:8: tags");
  expect_refused(yaml + "\x01: 5\n", "x.yaml:8");
  expect_refused(yaml + "embedding2: 9223372036854775808\n", "x.yaml:8: unknown key 'embedding2'");
}

TEST(ShapeLike, TakesItsNumbersFromTheFile) {
  const TempData temp;
  const std::filesystem::path file = temp.write("t.gguf", test::tiny_llama().file());
  const Result<Shape> shape = shape_like(file);
  ASSERT_TRUE(shape) << shape.error().message;
  EXPECT_EQ(shape->layers, 2);
  EXPECT_EQ(shape->vocabulary, 10);
  EXPECT_TRUE(shape->tied_output);
  EXPECT_EQ(shape->like, file);
  EXPECT_FALSE(shape_like(temp.path() / "no.gguf"));
}

}  // namespace
}  // namespace mia::model
