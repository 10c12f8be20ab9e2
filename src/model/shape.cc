// SPDX-License-Identifier: MIT
#include "model/shape.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "model/describe.h"
#include "model/parts.h"

namespace mia::model {
namespace {

// Largest sizes: those that llama.cpp takes (layers 512, experts 1024), and beyond any model for the rest.
struct Range {
  const char* name;
  std::int64_t value;
  std::int64_t least;
  std::int64_t most;
};

std::vector<Range> ranges(const Shape& s) {
  return {{"layers", s.layers, 1, 512},
          {"context", s.context, 1, std::int64_t{1} << 30},
          {"embedding", s.embedding, 1, 1 << 17},
          {"feed_forward", s.feed_forward, 0, 1 << 20},
          {"heads", s.heads, 1, 1024},
          {"kv_heads", s.kv_heads, 1, 1024},
          {"head_dim", s.head_dim, 2, 4096},
          {"vocabulary", s.vocabulary, 260, 1'000'000},
          {"experts", s.experts, 0, 1024},
          {"experts_used", s.experts_used, 0, 1024},
          {"expert_feed_forward", s.expert_feed_forward, 0, 1 << 20},
          {"sliding_window", s.sliding_window, 0, std::int64_t{1} << 30},
          {"rope_scaling.original_context", s.rope_scaling.original_context, 0, std::int64_t{1} << 30}};
}

bool is_moe(const Shape& shape) {
  return shape.architecture == "gpt-oss" || shape.architecture == "qwen3moe";
}

using Fault = std::optional<ShapeFault>;

template <class... Args>
Fault fault(const char* member, fmt::format_string<Args...> text, Args&&... args) {
  return ShapeFault{member, fmt::format(text, std::forward<Args>(args)...)};
}

Fault fault_of_fit(const Shape& s) {
  if (s.heads % s.kv_heads != 0) {
    return fault("kv_heads", "the shape does not fit: heads {} is no multiple of kv_heads {}", s.heads, s.kv_heads);
  }
  if (s.head_dim % 2 != 0) {
    return fault("head_dim", "the shape does not fit: head_dim {} is odd, but positions are encoded in pairs",
                 s.head_dim);
  }
  if (is_moe(s) && (s.experts < 1 || s.experts_used < 1 || s.experts_used > s.experts || s.expert_feed_forward < 1)) {
    return fault("architecture",
                 "the shape does not fit: architecture '{}' needs experts, 1 to experts of them used, and "
                 "expert_feed_forward",
                 s.architecture);
  }
  if (!is_moe(s) && (s.experts != 0 || s.feed_forward < 1)) {
    return fault("architecture", "the shape does not fit: architecture '{}' has no experts and needs feed_forward",
                 s.architecture);
  }
  if (s.tied_output && s.architecture == "gpt-oss") {
    return fault("tied_output",
                 "the shape does not fit: architecture 'gpt-oss' has an output matrix of its own, tied_output must be "
                 "false");
  }
  if ((s.architecture == "gpt-oss") != (s.sliding_window > 0) && s.architecture != "gemma3") {
    return fault("sliding_window", "the shape does not fit: sliding_window {} does not go with architecture '{}'",
                 s.sliding_window, s.architecture);
  }
  return std::nullopt;
}

Fault fault_of_numbers(const Shape& s) {
  if (!std::isfinite(s.rope_base) || s.rope_base < 1 || s.rope_base > 1e12) {
    return fault("rope_base", "rope_base must be between 1 and 1e12");
  }
  if (!(s.rms_epsilon > 0 && s.rms_epsilon < 1)) {
    return fault("rms_epsilon", "rms_epsilon must be between 0 and 1");
  }
  constexpr std::array<std::string_view, 4> kScalings{"", "linear", "yarn", "llama3"};
  const RopeScaling& scaling = s.rope_scaling;
  if (std::find(kScalings.begin(), kScalings.end(), scaling.type) == kScalings.end()) {
    return fault("rope_scaling.type", "rope_scaling.type '{}' is not linear, yarn or llama3",
                 one_line(scaling.type, 50));
  }
  if (!scaling.type.empty() && (!(scaling.factor >= 1 && scaling.factor <= 1e6) || scaling.original_context < 1)) {
    return fault("rope_scaling", "rope_scaling needs a factor from 1 to 1e6 and original_context");
  }
  return std::nullopt;
}

}  // namespace

std::optional<ShapeFault> find_fault(const Shape& shape) {
  if (!shape.like.empty()) {
    return std::nullopt;
  }
  const std::vector<std::string> known{"llama", "qwen3", "qwen3moe", "gpt-oss", "gemma3"};
  if (std::find(known.begin(), known.end(), shape.architecture) == known.end()) {
    return fault("architecture", "architecture '{}' is not one of {}", one_line(shape.architecture, 50),
                 join(known, ", "));
  }
  for (const Range& range : ranges(shape)) {
    if (range.value < range.least || range.value > range.most) {
      return fault(range.name, "{} is {}, but must be from {} to {}", range.name, range.value, range.least, range.most);
    }
  }
  const Fault numbers = fault_of_numbers(shape);
  return numbers ? numbers : fault_of_fit(shape);
}

Status check_shape(const Shape& shape) {
  const auto found = find_fault(shape);
  return found ? Status(fail(ErrorKind::usage, "{}", found->what)) : Status{};
}

Result<Shape> shape_like(const std::filesystem::path& path) {
  MIA_TRY_ASSIGN(const ModelFiles model, read_model(path));
  MIA_TRY_ASSIGN(const record::ModelInfo info, describe(model.whole, model_name(path), model.files.front()));
  Shape shape;
  shape.name = info.id;
  shape.architecture = info.architecture;
  shape.layers = info.layers.value_or(0);
  shape.context = info.context.value_or(0);
  shape.embedding = info.embedding.value_or(0);
  shape.heads = info.heads.value_or(0);
  shape.kv_heads = info.kv_heads.value_or(shape.heads);
  shape.vocabulary = info.vocabulary.value_or(0);
  shape.experts = info.experts.value_or(0);
  shape.experts_used = info.experts_used.value_or(0);
  shape.sliding_window = info.sliding_window.value_or(0);
  shape.tied_output = model.whole.find_tensor("output.weight") == nullptr;
  shape.source = path.string();
  shape.like = model.files.front();
  return shape;
}

}  // namespace mia::model
