// SPDX-License-Identifier: MIT
#include "model/synth.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "allocation_meter.h"
#include "base/files.h"
#include "gguf_builder.h"
#include "model/describe.h"
#include "model/synth_plan.h"
#include "model/types.h"
#include "reference_dequantize.h"

namespace mia::model {
namespace {
namespace fs = std::filesystem;

using test::TempData;

class Synth : public ::testing::Test {
 protected:
  TempData temp_;
  fs::path out_ = temp_.path() / "out/model.gguf";

  SynthSpec spec(const std::string& name, const std::string& quant) const {
    SynthSpec spec;
    spec.shape = *preset(name);
    spec.quant = quant;
    spec.out = out_;
    return spec;
  }
  std::string written(const SynthSpec& spec) const {
    const Result<SynthResult> result = synthesize(spec);
    EXPECT_TRUE(result) << (result ? "" : result.error().text());
    return read_file(spec.out).value_or("");
  }
  std::size_t files_left() const {
    std::error_code code;
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(out_.parent_path(), code), {}));
  }
};

// A MoE with gpt-oss's parts, small enough to write.
Shape small_gpt_oss() {
  Shape shape = *preset("gpt-oss-20b");
  shape.layers = 3;
  shape.embedding = 96;
  shape.heads = 4;
  shape.kv_heads = 2;
  shape.head_dim = 32;
  shape.vocabulary = 400;
  shape.experts = 6;
  shape.experts_used = 2;
  shape.expert_feed_forward = 64;
  return shape;
}

// Sizes that llama.cpp's own llama-quantize (0.5.0-dev, --dry-run) gives for F32 files of these shapes, MiB of tensors.
struct KnownSize {
  const char* preset;
  const char* quant;
  double mib;
};
constexpr KnownSize kKnownSizes[] = {
    {"gpt-oss-20b", "Q8_0", 21218.21},    {"gpt-oss-20b", "Q4_0", 11525.81},     {"gpt-oss-20b", "Q5_K_M", 16098.07},
    {"gpt-oss-20b", "Q4_K_M", 15060.55},  {"gpt-oss-20b", "Q6_K", 21152.82},     {"gpt-oss-20b", "MXFP4", 11536.18},
    {"gpt-oss-120b", "MXFP4", 60438.47},  {"llama-3.2-1b", "Q8_0", 1252.41},     {"llama-3.2-1b", "Q4_0", 727.75},
    {"llama-3.2-1b", "Q5_K_M", 861.81},   {"llama-3.2-1b", "Q4_K_M", 762.81},    {"llama-3.2-1b", "Q6_K", 967.00},
    {"llama-3.1-8b", "Q8_0", 8137.64},    {"llama-3.1-8b", "Q4_0", 4437.80},     {"llama-3.1-8b", "Q5_K_M", 5459.93},
    {"llama-3.1-8b", "Q4_K_M", 4685.30},  {"llama-3.1-8b", "Q6_K", 6282.97},     {"qwen3-0.6b", "Q8_0", 604.15},
    {"qwen3-0.6b", "Q5_K_M", 418.15},     {"qwen3-0.6b", "Q4_K_M", 372.65},      {"qwen3-0.6b", "Q6_K", 466.50},
    {"qwen3-30b-a3b", "Q8_0", 30973.40},  {"qwen3-30b-a3b", "Q4_0", 16497.15},   {"qwen3-30b-a3b", "Q5_K_M", 20713.44},
    {"qwen3-30b-a3b", "MXFP4", 16285.40}, {"qwen3-30b-a3b", "Q4_K_M", 17691.34}, {"gemma-3-1b", "Q8_0", 1013.54},
    {"gemma-3-1b", "Q4_0", 680.82},       {"gemma-3-1b", "Q5_K_M", 805.68},      {"gemma-3-1b", "Q4_K_M", 762.49},
    {"gemma-3-1b", "Q6_K", 958.64},       {"gemma-3-1b", "MXFP4", 1013.54},
};

TEST_F(Synth, SizesAreThoseOfThePublicQuantizer) {
  for (const KnownSize& known : kKnownSizes) {
    const Result<std::int64_t> bytes = synth_bytes(spec(known.preset, known.quant));
    ASSERT_TRUE(bytes) << bytes.error().text();
    const double mib = static_cast<double>(*bytes) / (1 << 20);
    EXPECT_GT(mib, known.mib - 0.01) << known.preset << " " << known.quant;
    EXPECT_LT(mib, known.mib + 12) << known.preset << " " << known.quant;  // the header: up to 262144 tokens
  }
}

TEST_F(Synth, TheSeedsModelsHaveTheirPublishedSizes) {
  const auto gib = [&](const char* quant) {
    return static_cast<double>(*synth_bytes(spec("gpt-oss-20b", quant))) / (1 << 30);
  };
  EXPECT_NEAR(gib("MXFP4"), 11.27, 11.27 * 0.02);
  EXPECT_NEAR(gib("Q4_K_M"), 14.71, 14.71 * 0.02);
}

TEST_F(Synth, TinyIsTinyAndSaysWhatItIsInEveryQuantization) {
  for (const std::string_view quant : synth_quants()) {
    SCOPED_TRACE(quant);
    const SynthSpec tiny = spec("tiny", std::string(quant));
    const Result<SynthResult> result = synthesize(tiny);
    ASSERT_TRUE(result) << result.error().text();
    EXPECT_LE(result->bytes, 2'000'000);
    EXPECT_EQ(fs::file_size(out_), static_cast<std::uintmax_t>(result->bytes));
    EXPECT_EQ(*synth_bytes(tiny), result->bytes);
    const Result<record::ModelInfo> info = inspect(out_);
    ASSERT_TRUE(info) << info.error().text();
    EXPECT_TRUE(info->synthetic);
    EXPECT_EQ(info->quantization, quant);
    EXPECT_EQ(info->architecture, "llama");
    EXPECT_EQ(info->layers, 2);
    EXPECT_EQ(info->vocabulary, 320);
    EXPECT_EQ(info->tokenizer, "gpt2");
    EXPECT_EQ(info->parameters, tiny.shape.embedding * (320 + 2 * (384 + 384 + 2) + 1));
  }
}

TEST_F(Synth, EqualSpecsGiveEqualBytes) {
  SynthSpec tiny = spec("tiny", "Q4_K_M");
  const std::string one = written(tiny);
  tiny.out = temp_.path() / "other.gguf";
  EXPECT_EQ(one, written(tiny));
  tiny.seed = 2;
  const std::string other = written(tiny);
  EXPECT_EQ(one.size(), other.size());
  EXPECT_NE(one, other);
}

// The bytes of a tensor follow from seed and name: known answers keep files equal over releases of this program. A
// wanted change of these bytes raises kSynthVersion.
TEST_F(Synth, KnownBytes) {
  EXPECT_EQ(kSynthVersion, 1);
  std::map<std::string, std::string> hashes;
  for (const char* const quant : {"F32", "Q8_0", "Q4_K_M", "MXFP4"}) {
    hashes[quant] = hash_hex(written(spec("tiny", quant)));
  }
  SynthSpec moe = spec("tiny", "MXFP4");
  moe.shape = small_gpt_oss();
  hashes["moe"] = hash_hex(written(moe));
  const std::map<std::string, std::string> known{{"F32", "bebcd68febde9861"},
                                                 {"Q8_0", "32243f10108fa539"},
                                                 {"Q4_K_M", "702eb74a6e000b5c"},
                                                 {"MXFP4", "7643411a4d46acc5"},
                                                 {"moe", "9d34983838d04ba8"}};
  EXPECT_EQ(hashes, known);
}

std::string data_of(const std::string& bytes, const GgufFile& file, std::string_view tensor) {
  const GgufTensor* const found = file.find_tensor(tensor);
  return found == nullptr ? ""
                          : bytes.substr(static_cast<std::size_t>(file.data_offset + found->offset),
                                         static_cast<std::size_t>(found->bytes));
}

TEST_F(Synth, FewerLayersKeepTheTensorsOfTheOthers) {
  SynthSpec tiny = spec("tiny", "Q8_0");
  const std::string two = written(tiny);
  tiny.layers = 1;
  const std::string one = written(tiny);
  const GgufFile two_file = *parse_gguf(test::bytes_of(two), "two");
  const GgufFile one_file = *parse_gguf(test::bytes_of(one), "one");
  EXPECT_EQ(one_file.get_int("llama.block_count"), 1);
  EXPECT_EQ(one_file.find_tensor("blk.1.attn_q.weight"), nullptr);
  const std::string first = data_of(one, one_file, "blk.0.attn_q.weight");
  EXPECT_FALSE(first.empty());
  EXPECT_EQ(first, data_of(two, two_file, "blk.0.attn_q.weight"));
  EXPECT_NE(first, data_of(two, two_file, "blk.1.attn_q.weight"));
  EXPECT_NE(first, data_of(two, two_file, "blk.0.attn_output.weight"));
}

TEST_F(Synth, MoeWithItsBiasesSinksAndTypes) {
  SynthSpec moe = spec("tiny", "MXFP4");
  moe.shape = small_gpt_oss();
  const std::string bytes = written(moe);
  const GgufFile file = *parse_gguf(test::bytes_of(bytes), "moe");
  const std::map<std::string, std::uint32_t> types{{"token_embd.weight", kQ8_0},
                                                   {"output.weight", kQ8_0},
                                                   {"blk.1.attn_q.weight", kQ8_0},
                                                   {"blk.1.attn_q.bias", kF32},
                                                   {"blk.1.attn_sinks.weight", kF32},
                                                   {"blk.1.ffn_gate_inp.weight", kF32},
                                                   {"blk.1.ffn_down_exps.weight", kMXFP4},
                                                   {"blk.1.ffn_down_exps.bias", kF32},
                                                   {"blk.2.post_attention_norm.weight", kF32}};
  for (const auto& [name, type] : types) {
    const GgufTensor* const tensor = file.find_tensor(name);
    ASSERT_NE(tensor, nullptr) << name;
    EXPECT_EQ(tensor->type, type) << name;
  }
  EXPECT_EQ(file.find_tensor("blk.1.ffn_down_exps.weight")->shape, (std::vector<std::int64_t>{64, 96, 6}));
  EXPECT_EQ(file.get_int("gpt-oss.expert_used_count"), 2);
  EXPECT_EQ(file.get_int("gpt-oss.attention.sliding_window"), 128);
  EXPECT_EQ(file.get_string("gpt-oss.rope.scaling.type"), "yarn");
  EXPECT_EQ(file.get_bool("general.synthetic"), true);
  EXPECT_EQ(file.get_int("general.synthetic.seed"), 1);
  EXPECT_EQ(file.get_int("general.file_type"), 38);
}

std::vector<double> weights_of(const std::string& bytes, const GgufFile& file, std::string_view name) {
  const std::string data = data_of(bytes, file, name);
  const std::uint32_t type = file.find_tensor(name)->type;
  const auto block = static_cast<std::size_t>(find_type(type)->block_bytes);
  std::vector<double> all;
  for (std::size_t at = 0; at < data.size(); at += block) {
    const std::vector<double> some = test::dequantize(type, test::bytes_of(data).subspan(at, block));
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

TEST_F(Synth, NormsAreOneAndMatricesKeepTheSizeOfWhatGoesThrough) {
  const std::string bytes = written(spec("tiny", "F16"));
  const GgufFile file = *parse_gguf(test::bytes_of(bytes), "f");
  for (const double weight : weights_of(bytes, file, "blk.1.ffn_norm.weight")) {
    ASSERT_EQ(weight, 1.0);
  }
  double squares = 0;
  const std::vector<double> gate = weights_of(bytes, file, "blk.1.ffn_gate.weight");
  ASSERT_EQ(gate.size(), 256U * 128U);
  for (const double weight : gate) {
    squares += weight * weight;
  }
  const double rms = std::sqrt(squares / static_cast<double>(gate.size()));
  EXPECT_GT(rms, 0.5 / 16);
  EXPECT_LT(rms, 2.0 / 16);
}

// Known answer of the published formula, computed by the Python of llama.cpp's converter, for base 500000, head
// dimension 64, factor 32, original context 8192: the fast half of the rotations is untouched, the slow ones are 32
// times slower.
TEST_F(Synth, Llama3RotationFactors) {
  SynthSpec llama = spec("llama-3.2-1b", "Q4_0");
  llama.layers = 1;
  llama.shape.embedding = 64;
  llama.shape.feed_forward = 64;
  llama.shape.heads = 2;
  llama.shape.kv_heads = 1;
  llama.shape.vocabulary = 300;
  const std::string bytes = written(llama);
  const GgufFile file = *parse_gguf(test::bytes_of(bytes), "f");
  const std::vector<double> factors = weights_of(bytes, file, "rope_freqs.weight");
  ASSERT_EQ(factors.size(), 32U);
  EXPECT_EQ(factors.front(), 1);
  EXPECT_EQ(factors[14], 1);
  EXPECT_NEAR(factors[15], 1.6513, 0.0001);
  EXPECT_NEAR(factors[16], 3.2923, 0.0001);
  EXPECT_NEAR(factors[17], 9.6667, 0.0001);
  EXPECT_EQ(factors[18], 32);
  EXPECT_EQ(factors.back(), 32);
}

TEST_F(Synth, LikeCopiesTensorsTypesAndTokenizer) {
  const std::string source = written(spec("tiny", "Q4_K_M"));
  const fs::path model = temp_.write("source.gguf", source);
  SynthSpec like;
  like.shape = *shape_like(model);
  like.seed = 5;
  like.out = out_;
  const std::string copy = written(like);
  const GgufFile one = *parse_gguf(test::bytes_of(source), "a");
  const GgufFile two = *parse_gguf(test::bytes_of(copy), "b");
  ASSERT_EQ(one.tensors.size(), two.tensors.size());
  for (std::size_t i = 0; i < one.tensors.size(); ++i) {
    EXPECT_EQ(one.tensors[i].name, two.tensors[i].name);
    EXPECT_EQ(one.tensors[i].shape, two.tensors[i].shape);
    EXPECT_EQ(one.tensors[i].type, two.tensors[i].type);
  }
  EXPECT_EQ(describe(one, "a", "a")->tokenizer_hash, describe(two, "b", "b")->tokenizer_hash);
  EXPECT_EQ(two.get_int("general.synthetic.seed"), 5);
  EXPECT_EQ(two.get_int("general.file_type"), 15);
  EXPECT_NE(data_of(source, one, "blk.0.attn_q.weight"), data_of(copy, two, "blk.0.attn_q.weight"));
  like.quant = "Q8_0";
  like.layers = 1;
  const std::string other = written(like);
  const GgufFile three = *parse_gguf(test::bytes_of(other), "c");
  EXPECT_EQ(describe(three, "c", "c")->quantization, "Q8_0");
  EXPECT_EQ(three.get_int("llama.block_count"), 1);
  EXPECT_EQ(three.find_tensor("blk.1.attn_q.weight"), nullptr);
  EXPECT_EQ(three.find_tensor("blk.0.attn_q.weight")->type, kQ8_0);
}

// Which layers get more bits follows from the layers that are written, not from those of the source.
TEST_F(Synth, LikeWithFewerLayersMixesAsAModelOfThatMany) {
  SynthSpec eight = spec("tiny", "F16");
  eight.layers = 8;
  SynthSpec like;
  like.shape = *shape_like(temp_.write("source.gguf", written(eight)));
  like.quant = "Q4_K_M";
  like.layers = 2;
  like.out = out_;
  const std::string bytes = written(like);
  const GgufFile file = *parse_gguf(test::bytes_of(bytes), "f");
  EXPECT_EQ(file.find_tensor("blk.0.attn_v.weight")->type, kQ4_K);
  EXPECT_EQ(file.find_tensor("blk.1.attn_v.weight")->type, kQ6_K);
}

TEST_F(Synth, LikeAlignsByItselfAndKeepsNoPartsOfASplitFile) {
  test::GgufBuilder b = test::tiny_llama();
  b.alignment = 16;
  b.u32("general.alignment", 16).u32("split.count", 1).boolean("general.synthetic", false);
  SynthSpec like;
  like.out = out_;
  like.shape = *shape_like(temp_.write("aligned.gguf", b.file()));
  const std::string bytes = written(like);
  const GgufFile file = *parse_gguf(test::bytes_of(bytes), "f");
  EXPECT_EQ(file.get_int("general.alignment"), std::nullopt);
  EXPECT_EQ(file.get_int("split.count"), std::nullopt);
  EXPECT_EQ(file.get_bool("general.synthetic"), true);
  EXPECT_EQ(file.data_offset % kSynthAlignment, 0);
  std::int64_t end = 0;
  for (const GgufTensor& tensor : file.tensors) {
    EXPECT_EQ(tensor.offset, end) << tensor.name;
    end = (tensor.offset + tensor.bytes + kSynthAlignment - 1) / kSynthAlignment * kSynthAlignment;
  }
  EXPECT_EQ(static_cast<std::int64_t>(bytes.size()), file.data_offset + end);
}

TEST_F(Synth, LikeRefusesWhatItCannotDo) {
  test::GgufBuilder b = test::tiny_llama();
  b.i32_array("llama.feed_forward_length", {16, 16});
  SynthSpec like;
  like.out = out_;
  like.shape = *shape_like(temp_.write("layers.gguf", b.file()));
  like.layers = 1;
  EXPECT_NE(synthesize(like).error().message.find("a value for each layer"), std::string::npos);
  like.layers = 3;
  EXPECT_NE(synthesize(like).error().message.find("layers is 3"), std::string::npos);
  like.layers.reset();
  EXPECT_TRUE(synthesize(like));
  test::GgufBuilder odd = test::tiny_llama();
  odd.tensor("blk.0.odd.weight", {256, 1}, 16, 66);
  like.shape = *shape_like(temp_.write("odd.gguf", odd.file()));
  EXPECT_NE(synthesize(like).error().message.find("IQ2_XXS"), std::string::npos);
}

TEST_F(Synth, AnInterruptLeavesNothing) {
  int asked = 0;
  const Result<SynthResult> result =
      synthesize(spec("tiny", "F32"), {}, [&] { return ++asked == 2; });  // after the header, in the data
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::interrupted);
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(files_left(), 0U);
}

TEST_F(Synth, AnExistingFileStaysWhenWritingFails) {
  const fs::path kept = temp_.write("out/model.gguf", "kept");
  EXPECT_FALSE(synthesize(spec("tiny", "F32"), {}, [] { return true; }));
  EXPECT_EQ(read_file(kept).value_or(""), "kept");
  EXPECT_EQ(files_left(), 1U);
  EXPECT_TRUE(synthesize(spec("tiny", "F32")));
  EXPECT_EQ(files_left(), 1U);
  EXPECT_GT(fs::file_size(kept), 4U);
}

TEST_F(Synth, ProgressEndsAtAll) {
  std::int64_t last = 0;
  std::int64_t all = 0;
  const Result<SynthResult> result = synthesize(spec("tiny", "F32"), [&](std::int64_t done, std::int64_t total) {
    EXPECT_GT(done, last);
    last = done;
    all = total;
  });
  ASSERT_TRUE(result);
  EXPECT_EQ(last, result->bytes);
  EXPECT_EQ(all, result->bytes);
}

TEST_F(Synth, MoreThanTheDiskIsRefusedBeforeWriting) {
  SynthSpec huge = spec("llama-3.1-8b", "F32");
  huge.shape.layers = 512;
  huge.shape.embedding = 1 << 17;
  huge.shape.feed_forward = 1 << 20;
  huge.shape.heads = 1024;
  const Result<SynthResult> result = synthesize(huge);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::io);
  EXPECT_NE(result.error().message.find("free, the file needs"), std::string::npos) << result.error().message;
  EXPECT_EQ(files_left(), 0U);
}

TEST_F(Synth, WhatCannotBeWrittenIsOneSentence) {
  EXPECT_EQ(synthesize(spec("tiny", "Q9_Z")).error().kind, ErrorKind::usage);
  EXPECT_NE(synthesize(spec("tiny", "Q4_K")).error().hint.find("Q4_K_M"), std::string::npos);
  EXPECT_EQ(synthesize(spec("tiny", "")).error().kind, ErrorKind::usage);
  SynthSpec deep = spec("tiny", "F32");
  deep.layers = 1000;
  EXPECT_NE(synthesize(deep).error().message.find("layers is 1000"), std::string::npos);
  SynthSpec folder = spec("tiny", "F32");
  folder.out = temp_.path();
  EXPECT_NE(synthesize(folder).error().message.find("is a folder"), std::string::npos);
  SynthSpec under_file = spec("tiny", "F32");
  under_file.out = temp_.write("file", "x") / "model.gguf";
  EXPECT_EQ(synthesize(under_file).error().kind, ErrorKind::io);
}

// 60 MB of data and a vocabulary of 200,000 go through a few MB of buffers.
TEST_F(Synth, MemoryIsBounded) {
  SynthSpec wide = spec("tiny", "F32");
  wide.shape.vocabulary = 200'000;
  wide.shape.embedding = 64;
  test::reset_peak();
  ASSERT_TRUE(synthesize(wide));
  EXPECT_LT(test::peak_bytes(), std::size_t{128} << 20U);
  EXPECT_GT(test::peak_bytes(), std::size_t{8} << 20U);
}

}  // namespace
}  // namespace mia::model
