// SPDX-License-Identifier: MIT
// The shape of a model: what its GGUF file's metadata and tensor list follow from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mia::model {

struct RopeScaling {
  std::string type;  // "" none | linear | yarn | llama3
  double factor = 1;
  std::int64_t original_context = 0;
};

// Sizes in elements unless named otherwise. 0 means "has none".
struct Shape {
  std::string name;          // preset's name
  std::string architecture;  // llama | qwen3 | qwen3moe | gpt-oss | gemma3
  std::int64_t layers = 0;
  std::int64_t context = 0;       // tokens
  std::int64_t embedding = 0;     // width of the residual stream
  std::int64_t feed_forward = 0;  // dense layers
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;  // of keys and values
  std::int64_t vocabulary = 0;
  std::int64_t experts = 0;
  std::int64_t experts_used = 0;
  std::int64_t expert_feed_forward = 0;
  std::int64_t sliding_window = 0;  // tokens
  double rope_base = 10000;
  RopeScaling rope_scaling;
  double rms_epsilon = 1e-5;
  bool tied_output = false;    // no output.weight: the embedding table serves
  std::string source;          // where the numbers come from
  std::filesystem::path like;  // shape_like(): the file whose tensor list and metadata are taken as they are
};

[[nodiscard]] std::vector<Shape> presets();
[[nodiscard]] Result<Shape> preset(std::string_view name);  // usage error with the nearest name
// Keys are the members' names (rope_scaling is a map of type, factor, original_context); `architecture`, `layers`,
// `embedding`, `heads`, `vocabulary` are required, the rest follows from them. Everything is checked (find_fault);
// errors name file, line and key.
[[nodiscard]] Result<Shape> shape_from_yaml(const std::filesystem::path& path);
[[nodiscard]] Result<Shape> shape_like(const std::filesystem::path& path);

// What is wrong with sizes that are negative, out of range or do not fit together: the member to change, and a
// sentence.
struct ShapeFault {
  std::string member;  // as in a file: "rope_scaling.type"
  std::string what;
};
[[nodiscard]] std::optional<ShapeFault> find_fault(const Shape& shape);
// The same as a usage error.
[[nodiscard]] Status check_shape(const Shape& shape);

}  // namespace mia::model
