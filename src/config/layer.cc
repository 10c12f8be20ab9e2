// SPDX-License-Identifier: MIT
#include "config/layer.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "record/fields.h"

namespace mia::config {
namespace {

std::string text_of(const Json& value) {
  if (value.is_string()) {
    return value.get<std::string>();
  }
  return value.is_null() ? std::string("auto") : dump_json(value);
}

class LayerReader {
 public:
  explicit LayerReader(const YamlDocument& document) : document_(document) {}

  Layer read() {
    const Json& json = document_.json();
    if (json.is_null()) {
      return std::move(layer_);  // an empty file
    }
    if (!json.is_object()) {
      problem("", "a configuration is a mapping of sections");
      return std::move(layer_);
    }
    for (const auto& [key, value] : json.items()) {
      if (key == "models") {
        read_models(value);
      } else if (key == "profiles") {
        read_profiles(value);
      } else {
        read_values(value, key, "", layer_.values);
      }
    }
    return std::move(layer_);
  }

 private:
  // Leaves below `path`; `outer` is what stands before it in the file but not in the key (a profile's name).
  void read_values(const Json& value, const std::string& path, const std::string& outer,
                   std::vector<LayerValue>& into) {
    const std::string where = outer.empty() ? path : outer + "." + path;
    if (value.is_object()) {
      for (const auto& [key, below] : value.items()) {
        read_values(below, path + "." + key, outer, into);
      }
      return;
    }
    if (value.is_null() && record::find_field(path) == nullptr && path.find('.') == std::string::npos) {
      return;  // a section without keys
    }
    const auto field = record::require_field(path);
    if (!field) {
      problem(where, field.error().text());
      return;
    }
    if (value.is_array()) {
      problem(where, fmt::format("{} takes one value, not a list", path));
      return;
    }
    const std::string text = text_of(value);
    if (const auto parsed = record::parse_value(**field, text); !parsed) {
      problem(where, parsed.error().text());
      return;
    }
    into.push_back({std::string((*field)->key), text, document_.place(where)});
  }

  void read_profiles(const Json& profiles) {
    if (!profiles.is_object()) {
      problem("profiles", "profiles is a mapping of names to settings");
      return;
    }
    for (const auto& [name, settings] : profiles.items()) {
      auto& values = layer_.profiles[name];
      if (!settings.is_object()) {
        problem("profiles." + name, "a profile is a mapping of settings");
        continue;
      }
      for (const auto& [key, value] : settings.items()) {
        read_values(value, key, "profiles." + name, values);
      }
    }
  }

  void read_models(const Json& models) {
    if (!models.is_array()) {
      problem("models", "models is a list of entries with an id");
      return;
    }
    for (std::size_t i = 0; i < models.size(); ++i) {
      read_model(models[i], fmt::format("models.{}", i));
    }
  }

  void read_model(const Json& json, const std::string& path) {
    ModelEntry entry;
    const std::map<std::string, std::string*> members = {
        {"id", &entry.id},     {"source", &entry.source},           {"member", &entry.member},
        {"file", &entry.file}, {"description", &entry.description}, {"profile", &entry.profile}};
    if (!json.is_object()) {
      problem(path, "a model is a mapping with id, source, file, ...");
      return;
    }
    for (const auto& [key, value] : json.items()) {
      const auto at = members.find(key);
      if (at == members.end()) {
        std::vector<std::string> names;
        for (const auto& [name, member] : members) {
          names.push_back(name);
        }
        const auto near = nearest_name(key, names);
        problem(path + "." + key, fmt::format("a model has no '{}'{}", printable(key, 80),
                                              near ? fmt::format("; did you mean '{}'?", *near) : ""));
      } else if (!value.is_string()) {
        problem(path + "." + key, fmt::format("{} must be a text", key));
      } else {
        *at->second = value.get<std::string>();
      }
    }
    if (entry.id.empty()) {
      problem(path, "a model needs an id");
      return;
    }
    layer_.models.push_back(std::move(entry));
  }

  void problem(const std::string& path, const std::string& text) {
    layer_.problems.push_back(fmt::format("{}: {}", document_.place(path), text));
  }

  const YamlDocument& document_;
  Layer layer_;
};

}  // namespace

Layer read_layer(const YamlDocument& document) {
  return LayerReader(document).read();
}

}  // namespace mia::config
