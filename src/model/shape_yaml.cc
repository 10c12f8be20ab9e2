// SPDX-License-Identifier: MIT
#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "config/yaml_tree.h"
#include "model/shape.h"

namespace mia::model {
namespace {

// Members of the file by their path; remembers which it was asked for.
class Members {
 public:
  explicit Members(const config::YamlDocument& document) : document_(document) {}

  Status read(const char* path, std::int64_t& value) {
    return scalar(path, [&](const std::string& text) -> Status {
      MIA_TRY_ASSIGN(value, parse_int(text));
      return {};
    });
  }
  Status read(const char* path, double& value) {
    return scalar(path, [&](const std::string& text) -> Status {
      MIA_TRY_ASSIGN(value, parse_double(text));
      return {};
    });
  }
  Status read(const char* path, bool& value) {
    return scalar(path, [&](const std::string& text) -> Status {
      MIA_TRY_ASSIGN(value, parse_bool(text));
      return {};
    });
  }
  Status read(const char* path, std::string& value) {
    return scalar(path, [&](const std::string& text) -> Status {
      value = text;
      return {};
    });
  }

  // A key that is no single value.
  void know(const char* path) { asked_.emplace_back(path); }

  // An error for the first key of the mapping at `parent` that nobody asked for.
  Status finish(const std::string& parent) const {
    const std::string prefix = parent.empty() ? "" : parent + ".";
    const Json& json = parent.empty() ? document_.json() : document_.json().at(parent);
    for (const auto& [key, unused] : json.items()) {
      if (std::ranges::count(asked_, prefix + key) == 0) {
        const auto near = nearest_name(prefix + key, asked_);
        return with_hint(error(prefix + key, fmt::format("unknown key '{}'", one_line(prefix + key, 80))),
                         near ? fmt::format("did you mean '{}'?", *near) : "known: " + join(asked_, ", "));
      }
    }
    return {};
  }

  // At the member's line, or at the first one where the file does not have it.
  [[nodiscard]] Failure error(const std::string& path, std::string_view what) const {
    return fail(ErrorKind::usage, "{}: {}", document_.place(document_.lines.contains(path) ? path : ""), what);
  }

 private:
  template <class Convert>
  Status scalar(const char* path, Convert convert) {
    asked_.emplace_back(path);
    if (!document_.lines.contains(path)) {
      return {};
    }
    const auto text = document_.texts.find(path);
    if (text == document_.texts.end()) {
      return error(path, fmt::format("'{}' must be a single value", path));
    }
    const Status status = convert(text->second);
    return status ? Status{} : error(path, fmt::format("'{}': {}", path, status.error().message));
  }

  const config::YamlDocument& document_;
  std::vector<std::string> asked_;
};

Status read_scaling(const Json& root, Members& members, RopeScaling& scaling) {
  members.know("rope_scaling");
  if (root.contains("rope_scaling") && !root.at("rope_scaling").is_object()) {
    return members.error("rope_scaling", "'rope_scaling' must be a map of type, factor and original_context");
  }
  MIA_TRY(members.read("rope_scaling.type", scaling.type));
  MIA_TRY(members.read("rope_scaling.factor", scaling.factor));
  MIA_TRY(members.read("rope_scaling.original_context", scaling.original_context));
  return root.contains("rope_scaling") ? members.finish("rope_scaling") : Status{};
}

Status read_members(const Json& root, Members& members, Shape& shape) {
  for (const char* const key : {"architecture", "layers", "embedding", "heads", "vocabulary"}) {
    if (!root.contains(key)) {
      return members.error(key, fmt::format("'{}' is missing", key));
    }
  }
  MIA_TRY(members.read("name", shape.name));
  MIA_TRY(members.read("source", shape.source));
  MIA_TRY(members.read("architecture", shape.architecture));
  MIA_TRY(members.read("layers", shape.layers));
  MIA_TRY(members.read("embedding", shape.embedding));
  MIA_TRY(members.read("heads", shape.heads));
  MIA_TRY(members.read("vocabulary", shape.vocabulary));
  shape.context = 4096;
  shape.kv_heads = shape.heads;
  shape.head_dim = shape.heads > 0 ? shape.embedding / shape.heads : 0;
  MIA_TRY(members.read("context", shape.context));
  MIA_TRY(members.read("kv_heads", shape.kv_heads));
  MIA_TRY(members.read("head_dim", shape.head_dim));
  MIA_TRY(members.read("feed_forward", shape.feed_forward));
  MIA_TRY(members.read("experts", shape.experts));
  MIA_TRY(members.read("experts_used", shape.experts_used));
  MIA_TRY(members.read("expert_feed_forward", shape.expert_feed_forward));
  MIA_TRY(members.read("sliding_window", shape.sliding_window));
  MIA_TRY(members.read("rope_base", shape.rope_base));
  MIA_TRY(members.read("rms_epsilon", shape.rms_epsilon));
  MIA_TRY(members.read("tied_output", shape.tied_output));
  MIA_TRY(read_scaling(root, members, shape.rope_scaling));
  return members.finish("");
}

}  // namespace

Result<Shape> shape_from_yaml(const std::filesystem::path& path) {
  MIA_TRY_ASSIGN(const config::YamlDocument document, config::read_yaml(path));
  Members members(document);
  if (!document.json().is_object()) {
    return members.error("", "a shape is a map of keys and sizes");
  }
  Shape shape;
  shape.name = path.stem().string();
  MIA_TRY(read_members(document.json(), members, shape));
  if (const auto fault = find_fault(shape)) {
    return members.error(fault->member, fault->what);
  }
  if (shape.source.empty()) {
    shape.source = path.string();
  }
  return shape;
}

}  // namespace mia::model
