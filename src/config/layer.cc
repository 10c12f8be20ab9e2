// SPDX-License-Identifier: MIT
#include "config/layer.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "record/fields.h"

namespace mia::config {
namespace {

bool is_section(std::string_view path) {
  return std::ranges::any_of(record::fields(), [&](const record::Field& field) {
    return field.key.size() > path.size() && field.key.starts_with(path) && field.key[path.size()] == '.';
  });
}

// Files say the whole key: a short one could stand twice for the same setting, and one of them would win in silence.
Result<const record::Field*> field_of(const std::string& path) {
  MIA_TRY_ASSIGN(const record::Field* const field, record::require_field(path));
  if (field->key != path) {
    return with_hint(fail(ErrorKind::usage, "unknown key '{}'", one_line(path, 120)),
                     fmt::format("did you mean '{}'?", field->key));
  }
  return field;
}

class LayerReader {
 public:
  explicit LayerReader(const YamlDocument& document) : document_(document) {}

  Layer read() {
    const Json& json = document_.json();
    if (json.is_object()) {
      read_sections(json);
    } else if (!json.is_null()) {  // an empty file says nothing
      problem("", "a configuration is a mapping of sections");
    }
    for (auto& [line, text] : problems_) {
      layer_.problems.push_back(std::move(text));
    }
    return std::move(layer_);
  }

 private:
  void read_sections(const Json& json) {
    for (const auto& [key, value] : json.items()) {
      if (key == "models") {
        read_models(value);
      } else if (key == "profiles") {
        read_profiles(value);
      } else {
        read_values(value, key, "", layer_.values);
      }
    }
  }

  // Leaves below `path`; `outer` is what stands before it in the file but not in the key (a profile's name).
  void read_values(const Json& value, const std::string& path, const std::string& outer,
                   std::vector<Assignment>& into) {
    const std::string where = outer.empty() ? path : outer + "." + path;
    const record::Field* const known = record::find_field(path);
    const bool is_leaf = known != nullptr && known->key == path;
    if (value.is_object() && !is_leaf) {
      for (const auto& [key, below] : value.items()) {
        read_values(below, path + "." + key, outer, into);
      }
    } else if (!is_leaf && is_section(path)) {
      if (!value.is_null()) {  // a section without keys says nothing
        problem(where, fmt::format("{} is a section: its keys stand below it", path));
      }
    } else {
      read_leaf(value, path, where, into);
    }
  }

  void read_leaf(const Json& value, const std::string& path, const std::string& where, std::vector<Assignment>& into) {
    const auto field = field_of(path);
    if (!field) {
      problem(where, field.error().text());
      return;
    }
    if (!seen_.insert(where).second) {  // once in one word with dots, once nested
      problem(where, fmt::format("'{}' stands here a second time; remove one", path));
      return;
    }
    if (value.is_structured()) {
      problem(where, fmt::format("{} takes one value, not a {}", path, value.is_array() ? "list" : "mapping"));
      return;
    }
    const auto written = document_.texts.find(where);
    const std::string text = written == document_.texts.end() ? "auto" : written->second;  // nothing there, or ~
    auto one = read_value(**field, text, document_.place(where));
    if (one) {
      into.push_back(std::move(*one));
    } else {
      problem_at(where, one.error().text());
    }
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
      for (Assignment& value : values) {
        value.origin = fmt::format("profile {} ({})", one_line(name, 80), value.origin);
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
    if (!json.is_object()) {
      problem(path, "a model is a mapping with id, source, file, ...");
      return;
    }
    ModelRow row{{}, document_.place(json.contains("profile") ? path + ".profile" : path)};
    for (const auto& [key, value] : json.items()) {
      read_member(row.entry, key, value, path + "." + key);
    }
    check_source(row.entry, path);
    if (row.entry.id.empty()) {
      problem(path, "a model needs an id");
    } else if (!ids_.insert(row.entry.id).second) {
      problem(path + ".id", fmt::format("a second model '{}'; remove one", one_line(row.entry.id, 80)));
    } else {
      layer_.models.push_back(std::move(row));
    }
  }

  void check_source(const ModelEntry& entry, const std::string& path) {
    if (!entry.source.empty() && !entry.source.starts_with("pypi:") && !entry.source.starts_with("synth:") &&
        entry.source != "folder") {
      problem(path + ".source", fmt::format("source must be pypi:PACKAGE==VERSION, synth:PRESET:QUANT or folder, not "
                                            "'{}'; without one the file is put there by hand",
                                            one_line(entry.source, 80)));
    }
    const std::filesystem::path file(entry.file);
    if (file.is_relative() && std::ranges::count(file, "..") > 0) {
      problem(path + ".file", fmt::format("file '{}' leads out of the folder of models; write a name or a whole path",
                                          one_line(entry.file, 80)));
    }
  }

  void read_member(ModelEntry& entry, const std::string& key, const Json& value, const std::string& path) {
    const auto at = model_members().find(key);
    if (at == model_members().end()) {
      std::vector<std::string> names;
      for (const auto& [name, member] : model_members()) {
        names.push_back(name);
      }
      const auto near = nearest_name(key, names);
      problem(path, fmt::format("a model has no '{}'{}", one_line(key, 80),
                                near ? fmt::format("; did you mean '{}'?", *near) : ""));
    } else if (value.is_structured()) {
      problem(path, fmt::format("{} must be a text", key));
    } else if (const auto text = document_.texts.find(path); text != document_.texts.end()) {
      entry.*at->second = text->second;
    }
  }

  void problem(const std::string& path, const std::string& text) {
    problem_at(path, fmt::format("{}: {}", document_.place(path), text));
  }

  void problem_at(const std::string& path, std::string text) {
    const auto at = document_.lines.find(path);
    problems_.emplace(at == document_.lines.end() ? 0 : at->second, std::move(text));
  }

  const YamlDocument& document_;
  Layer layer_;
  std::multimap<int, std::string> problems_;  // by line
  std::set<std::string> ids_;
  std::set<std::string> seen_;
};

// Adds a checked value, or the problem with it.
void add(Layer& layer, Result<Assignment> one) {
  if (one) {
    layer.values.push_back(std::move(*one));
  } else {
    layer.problems.push_back(one.error().text());
  }
}

Result<Assignment> of_variable(const std::string& key, std::string_view name, std::string_view text) {
  const std::string origin = fmt::format("environment {}", name);
  MIA_TRY_ASSIGN(const record::Field* const field, context(field_of(key), origin));
  return read_value(*field, text, origin);
}

constexpr std::string_view kPrefix = "MIA__";

// MIA__LLM__PRIMARY__N_THREADS -> llm.primary.n_threads
std::string key_of_variable(std::string_view variable) {
  std::string key = lower(variable.substr(kPrefix.size()));
  for (std::size_t at = key.find("__"); at != std::string::npos; at = key.find("__", at)) {
    key.replace(at, 2, ".");
  }
  return key;
}

// Letters and digits alone: what remains of a variable's name whatever stands between its words.
std::string bare(std::string_view name) {
  std::string letters = lower(name);
  std::erase_if(letters, [](char c) { return c == '_' || c == '.'; });
  return letters;
}

// The variable that was meant by one that nobody reads: MIA_LLM_PRIMARY_N_THREADS, mia__llm__primary__n_threads.
const record::Field* near_miss(std::string_view name) {
  const auto fields = record::fields();
  const auto meant =
      std::ranges::find_if(fields, [&](const record::Field& field) { return bare(name) == "mia" + bare(field.key); });
  return meant == fields.end() ? nullptr : &*meant;
}

}  // namespace

const std::map<std::string, std::string ModelEntry::*>& model_members() {
  static const std::map<std::string, std::string ModelEntry::*> kMembers = {
      {"id", &ModelEntry::id},     {"source", &ModelEntry::source},           {"member", &ModelEntry::member},
      {"file", &ModelEntry::file}, {"description", &ModelEntry::description}, {"profile", &ModelEntry::profile}};
  return kMembers;
}

Layer read_layer(const YamlDocument& document) {
  return LayerReader(document).read();
}

Layer read_environment(const char* const* variables) {
  Layer switches;
  Layer layer;
  for (const char* const* at = variables; at != nullptr && *at != nullptr; ++at) {
    const std::string_view variable(*at);
    const std::size_t equals = variable.find('=');
    if (equals == std::string_view::npos || equals + 1 == variable.size()) {
      continue;
    }
    const std::string name(variable.substr(0, equals));
    const std::string text(variable.substr(equals + 1));
    if (name == "MIA_PERF_LATENCY_DIST" || name == "MIA_PERF_STREAM_LATENCY") {
      // Two names of one switch: what turns it on comes last, so that the other one's 0 does not undo it.
      const bool on = parse_bool(text).value_or(true);
      Layer one;
      add(one, of_variable("run.latency_dist", name, text));
      switches.problems.insert(switches.problems.end(), one.problems.begin(), one.problems.end());
      switches.values.insert(on ? switches.values.end() : switches.values.begin(), one.values.begin(),
                             one.values.end());
    } else if (name.starts_with(kPrefix)) {
      add(layer, of_variable(key_of_variable(name), name, text));
    } else if (const record::Field* const meant = near_miss(name)) {
      layer.warnings.push_back(
          fmt::format("environment {} is not read: begin with MIA__ and write two underscores for each dot of {}",
                      one_line(name, 80), meant->key));
    }
  }
  // A key's own variable says more than a switch.
  layer.values.insert(layer.values.begin(), switches.values.begin(), switches.values.end());
  layer.problems.insert(layer.problems.end(), switches.problems.begin(), switches.problems.end());
  return layer;
}

Layer read_set(const std::vector<std::string>& set) {
  Layer layer;
  for (const std::string& text : set) {
    add(layer, read_assignment(text, "--set"));
  }
  return layer;
}

}  // namespace mia::config
