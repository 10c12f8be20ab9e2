// SPDX-License-Identifier: MIT
#include <yaml-cpp/yaml.h>

#include <set>

#include "base/files.h"
#include "base/text.h"
#include "model/shape.h"

namespace mia::model {
namespace {

constexpr std::size_t kShapeFileLimit = std::size_t{64} << 10U;

// Reads members of one YAML map and remembers which keys it was asked for.
class Map {
 public:
  Map(const YAML::Node& node, std::string file, std::string prefix)
      : node_(node), file_(std::move(file)), prefix_(std::move(prefix)) {}

  Status read(std::string_view key, std::int64_t& value) {
    return scalar(key, [&](const std::string& text) -> Status {
      MIA_TRY_ASSIGN(value, parse_int(text));
      return {};
    });
  }
  Status read(std::string_view key, double& value) {
    return scalar(key, [&](const std::string& text) -> Status {
      MIA_TRY_ASSIGN(value, parse_double(text));
      return {};
    });
  }
  Status read(std::string_view key, bool& value) {
    return scalar(key, [&](const std::string& text) -> Status {
      MIA_TRY_ASSIGN(value, parse_bool(text));
      return {};
    });
  }
  Status read(std::string_view key, std::string& value) {
    return scalar(key, [&](const std::string& text) -> Status {
      value = text;
      return {};
    });
  }

  Status require(std::string_view key) const {
    return node_[std::string(key)] ? Status{} : error(node_, fmt::format("'{}{}' is missing", prefix_, key));
  }

  YAML::Node child(std::string_view key) {
    asked_.insert(std::string(key));
    return node_[std::string(key)];
  }

  // An error for the first key that nobody asked for.
  Status finish() const {
    for (const auto& pair : node_) {
      const std::string key = pair.first.IsScalar() ? pair.first.Scalar() : "";
      if (asked_.find(key) != asked_.end()) {
        continue;
      }
      const std::vector<std::string> known(asked_.begin(), asked_.end());
      const std::optional<std::string> near = nearest_name(key, known);
      return with_hint(error(pair.first, fmt::format("unknown key '{}{}'", prefix_, printable(key, 50))),
                       near ? fmt::format("did you mean '{}'?", *near) : "known: " + join(known, ", "));
    }
    return {};
  }

  [[nodiscard]] Failure error(const YAML::Node& at, std::string_view what) const {
    return fail(ErrorKind::usage, "{}:{}: {}", file_, at.Mark().line + 1, what);
  }

 private:
  template <class Convert>
  Status scalar(std::string_view key, Convert convert) {
    const YAML::Node node = child(key);
    if (!node) {
      return {};
    }
    if (!node.IsScalar()) {
      return error(node, fmt::format("'{}{}' must be a single value", prefix_, key));
    }
    const Status status = convert(node.Scalar());
    return status ? Status{} : error(node, fmt::format("'{}{}': {}", prefix_, key, status.error().message));
  }

  YAML::Node node_;
  std::string file_;
  std::string prefix_;
  std::set<std::string> asked_;
};

Status read_scaling(Map& map, const std::string& file, RopeScaling& scaling) {
  const YAML::Node node = map.child("rope_scaling");
  if (!node) {
    return {};
  }
  if (!node.IsMap()) {
    return map.error(node, "'rope_scaling' must be a map of type, factor and original_context");
  }
  Map inner(node, file, "rope_scaling.");
  MIA_TRY(inner.read("type", scaling.type));
  MIA_TRY(inner.read("factor", scaling.factor));
  MIA_TRY(inner.read("original_context", scaling.original_context));
  return inner.finish();
}

Status read_members(Map& map, const std::string& file, Shape& shape) {
  for (const char* const key : {"architecture", "layers", "embedding", "heads", "vocabulary"}) {
    MIA_TRY(map.require(key));
  }
  MIA_TRY(map.read("name", shape.name));
  MIA_TRY(map.read("source", shape.source));
  MIA_TRY(map.read("architecture", shape.architecture));
  MIA_TRY(map.read("layers", shape.layers));
  MIA_TRY(map.read("embedding", shape.embedding));
  MIA_TRY(map.read("heads", shape.heads));
  MIA_TRY(map.read("vocabulary", shape.vocabulary));
  shape.context = 4096;
  shape.kv_heads = shape.heads;
  shape.head_dim = shape.heads > 0 ? shape.embedding / shape.heads : 0;
  MIA_TRY(map.read("context", shape.context));
  MIA_TRY(map.read("kv_heads", shape.kv_heads));
  MIA_TRY(map.read("head_dim", shape.head_dim));
  MIA_TRY(map.read("feed_forward", shape.feed_forward));
  MIA_TRY(map.read("experts", shape.experts));
  MIA_TRY(map.read("experts_used", shape.experts_used));
  MIA_TRY(map.read("expert_feed_forward", shape.expert_feed_forward));
  MIA_TRY(map.read("sliding_window", shape.sliding_window));
  MIA_TRY(map.read("rope_base", shape.rope_base));
  MIA_TRY(map.read("rms_epsilon", shape.rms_epsilon));
  MIA_TRY(map.read("tied_output", shape.tied_output));
  MIA_TRY(read_scaling(map, file, shape.rope_scaling));
  return map.finish();
}

}  // namespace

Result<Shape> shape_from_yaml(const std::filesystem::path& path) {
  MIA_TRY_ASSIGN(const std::string text, read_file(path, kShapeFileLimit));
  const std::string file = path.string();
  Shape shape;
  shape.name = path.stem().string();
  try {
    const YAML::Node root = YAML::Load(text);
    if (!root.IsMap()) {
      return fail(ErrorKind::usage, "{}: a shape is a map of keys and sizes", file);
    }
    Map map(root, file, "");
    MIA_TRY(read_members(map, file, shape));
  } catch (const YAML::Exception& error) {
    return fail(ErrorKind::usage, "{}:{}: {}", file, error.mark.line + 1, error.msg);
  }
  MIA_TRY(context(check_shape(shape), file));
  if (shape.source.empty()) {
    shape.source = file;
  }
  return shape;
}

}  // namespace mia::model
