// SPDX-License-Identifier: MIT
// Shapes of public models. The numbers are those of each model's published config.json on huggingface.co, named in
// `source`; what GGUF files of these models hold follows from them (tensor_list.cc).
#include <algorithm>

#include "base/text.h"
#include "model/shape.h"

namespace mia::model {
namespace {

Shape gpt_oss(std::string name, std::int64_t layers, std::int64_t experts) {
  Shape s;
  s.source = "huggingface.co/openai/" + name + " config.json";
  s.name = std::move(name);
  s.architecture = "gpt-oss";
  s.layers = layers;
  s.context = 131072;
  s.embedding = 2880;
  s.feed_forward = 2880;
  s.heads = 64;
  s.kv_heads = 8;
  s.head_dim = 64;
  s.vocabulary = 201088;
  s.experts = experts;
  s.experts_used = 4;
  s.expert_feed_forward = 2880;
  s.sliding_window = 128;
  s.rope_base = 150000;
  s.rope_scaling = {"yarn", 32, 4096};
  s.rms_epsilon = 1e-5;
  return s;
}

Shape llama_32_1b() {
  Shape s;
  s.name = "llama-3.2-1b";
  s.source = "huggingface.co/meta-llama/Llama-3.2-1B config.json";
  s.architecture = "llama";
  s.layers = 16;
  s.context = 131072;
  s.embedding = 2048;
  s.feed_forward = 8192;
  s.heads = 32;
  s.kv_heads = 8;
  s.head_dim = 64;
  s.vocabulary = 128256;
  s.rope_base = 500000;
  s.rope_scaling = {"llama3", 32, 8192};
  s.tied_output = true;
  return s;
}

Shape llama_31_8b() {
  Shape s = llama_32_1b();
  s.name = "llama-3.1-8b";
  s.source = "huggingface.co/meta-llama/Llama-3.1-8B config.json";
  s.layers = 32;
  s.embedding = 4096;
  s.feed_forward = 14336;
  s.head_dim = 128;
  s.rope_scaling.factor = 8;
  s.tied_output = false;
  return s;
}

Shape qwen3_06b() {
  Shape s;
  s.name = "qwen3-0.6b";
  s.source = "huggingface.co/Qwen/Qwen3-0.6B config.json";
  s.architecture = "qwen3";
  s.layers = 28;
  s.context = 40960;
  s.embedding = 1024;
  s.feed_forward = 3072;
  s.heads = 16;
  s.kv_heads = 8;
  s.head_dim = 128;
  s.vocabulary = 151936;
  s.rope_base = 1000000;
  s.rms_epsilon = 1e-6;
  s.tied_output = true;
  return s;
}

Shape qwen3_30b_a3b() {
  Shape s = qwen3_06b();
  s.name = "qwen3-30b-a3b";
  s.source = "huggingface.co/Qwen/Qwen3-30B-A3B config.json";
  s.architecture = "qwen3moe";
  s.layers = 48;
  s.embedding = 2048;
  s.feed_forward = 6144;
  s.heads = 32;
  s.kv_heads = 4;
  s.experts = 128;
  s.experts_used = 8;
  s.expert_feed_forward = 768;
  s.tied_output = false;
  return s;
}

Shape gemma_3_1b() {
  Shape s;
  s.name = "gemma-3-1b";
  s.source = "huggingface.co/google/gemma-3-1b-it config.json";
  s.architecture = "gemma3";
  s.layers = 26;
  s.context = 32768;
  s.embedding = 1152;
  s.feed_forward = 6912;
  s.heads = 4;
  s.kv_heads = 1;
  s.head_dim = 256;
  s.vocabulary = 262144;
  s.sliding_window = 512;
  s.rope_base = 1000000;
  s.rms_epsilon = 1e-6;
  s.tied_output = true;
  return s;
}

// Rows of 256 (K-quants fit) and of 128 (the quantizer falls back), under 2 MB even as F32.
Shape tiny() {
  Shape s;
  s.name = "tiny";
  s.source = "ours, for tests";
  s.architecture = "llama";
  s.layers = 2;
  s.context = 2048;
  s.embedding = 256;
  s.feed_forward = 128;
  s.heads = 2;
  s.kv_heads = 1;
  s.head_dim = 64;
  s.vocabulary = 320;
  s.tied_output = true;
  return s;
}

}  // namespace

std::vector<Shape> presets() {
  return {gpt_oss("gpt-oss-20b", 24, 32),
          gpt_oss("gpt-oss-120b", 36, 128),
          llama_32_1b(),
          llama_31_8b(),
          qwen3_06b(),
          qwen3_30b_a3b(),
          gemma_3_1b(),
          tiny()};
}

Result<Shape> preset(std::string_view name) {
  std::vector<std::string> names;
  for (Shape& shape : presets()) {
    if (shape.name == name) {
      return std::move(shape);
    }
    names.push_back(shape.name);
  }
  const std::optional<std::string> near = nearest_name(name, names);
  return with_hint(fail(ErrorKind::usage, "there is no preset '{}'", one_line(name, 100)),
                   near ? fmt::format("did you mean '{}'?", *near) : "presets: " + join(names, ", "));
}

}  // namespace mia::model
