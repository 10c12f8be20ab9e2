// SPDX-License-Identifier: MIT
// The JSON Schema of scenario files, from the table of fields. It refuses nothing that parse_scenario takes; what it
// cannot know (ranges written as text, files, names of parts) only the parser refuses.
#include <functional>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "measure/scenario.h"
#include "record/fields.h"

namespace mia::measure {
namespace {

using record::Field;
using record::FieldType;

Json words(std::initializer_list<const char*> list) {
  return {{"enum", list}};
}

Json text_pattern(const char* pattern) {
  return {{"type", "string"}, {"pattern", pattern}};
}

// One value of a field, as YAML gives it: quoted numbers stay text.
Json value_schema(const Field& field) {
  Json options = Json::array({{{"type", "null"}}, {{"const", "auto"}}});
  switch (field.type) {
    case FieldType::integer:
    case FieldType::number: {
      const bool whole = field.type == FieldType::integer;
      Json number = {{"type", whole ? "integer" : "number"}};
      if (field.least != 0 || field.most != 0) {
        number["minimum"] = field.least;
        number["maximum"] = field.most;
      }
      options.push_back(number);
      options.push_back(text_pattern(whole ? "^[+-]?[0-9]+$" : "^[+-]?[0-9.]+([eE][+-]?[0-9]+)?$"));
      break;
    }
    case FieldType::boolean:
      options.push_back({{"type", "boolean"}});
      options.push_back(words({"true", "false", "yes", "no", "on", "off", "1", "0"}));
      options.push_back({{"enum", {0, 1}}});
      break;
    case FieldType::text:
      if (field.choices.empty()) {
        options.push_back({{"type", {"string", "number", "boolean"}}});
      } else {
        options.push_back({{"enum", split(field.choices, '|')}});
      }
      break;
  }
  if (field.key.find("n_threads") != std::string_view::npos) {
    options.push_back(words({"allowed", "physical", "p-cores", "half"}));
  }
  if (field.name == "n_gpu_layers") {
    options.push_back(text_pattern("^[0-9.]+%$"));
  }
  return {{"description", field.doc}, {"anyOf", options}};
}

Json range_schema() {
  return {{"type", "object"},
          {"properties",
           {{"from", {{"type", "integer"}}},
            {"to", {{"type", "integer"}}},
            {"step", {{"type", "integer"}, {"minimum", 1}}},
            {"factor", {{"type", "integer"}, {"minimum", 2}}}}},
          {"required", {"from", "to"}},
          {"not", {{"required", {"step", "factor"}}}},
          {"additionalProperties", false}};
}

// Every spelling by which a key of the table can be named, and what stands behind it.
Json properties(std::string_view prefix, const std::function<Json(const Field&)>& schema_of) {
  Json json = Json::object();
  for (const Field& field : record::fields()) {
    const std::string section(field.key.substr(0, field.key.rfind('.')));
    std::vector<std::string> names = {std::string(field.key)};
    if (field.key.starts_with("llm.primary.")) {
      names.push_back("llm." + std::string(field.name));
    }
    if (prefix.empty() ? record::find_field(field.name) == &field : section == prefix) {
      names.emplace_back(field.name);
    }
    for (const std::string& name : names) {
      json[name] = schema_of(field);
    }
  }
  return json;
}

Json reference(const Field& field) {
  return {{"$ref", "#/$defs/" + std::string(field.key)}};
}

Json settings_schema(std::string_view prefix) {
  return {{"type", "object"}, {"properties", properties(prefix, reference)}, {"additionalProperties", false}};
}

Json axes_schema() {
  const auto axis = [](const Field& field) {
    const Json list = {{"type", "array"}, {"items", reference(field)}, {"minItems", 1}, {"maxItems", kMaxAxisValues}};
    return Json{{"anyOf", {reference(field), list, {{"$ref", "#/$defs/range"}}}}};
  };
  return {{"type", "object"}, {"properties", properties("", axis)}, {"additionalProperties", false}};
}

Json names_schema(std::span<const std::string_view> names) {
  return {{"type", "array"}, {"items", {{"enum", std::vector<std::string>(names.begin(), names.end())}}}};
}

// What fits into a line stands in one.
void print(const Json& json, std::size_t indent, std::string& out) {
  constexpr std::size_t kWidth = 150;
  const std::string line = dump_json(json);
  if (!json.is_structured() || indent + line.size() <= kWidth) {
    out += line;
    return;
  }
  out += json.is_object() ? "{" : "[";
  for (auto at = json.begin(); at != json.end(); ++at) {
    out += at == json.begin() ? "\n" : ",\n";
    out.append(indent + 1, ' ');
    out += json.is_object() ? dump_json(at.key()) + ": " : "";
    print(*at, indent + 1, out);
  }
  out += '\n' + std::string(indent, ' ') + (json.is_object() ? '}' : ']');
}

Json scenario_schema() {
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"$id", "https://mia-perf.invalid/schemas/scenario-v1.schema.json"},
                 {"title", "mia-perf scenario, version 1"},
                 {"description", "Made by `mia-perf config list --scenario-schema`; docs/scenarios.md explains it."},
                 {"type", "object"},
                 {"additionalProperties", false}};
  schema["properties"] = {
      {"name", {{"type", "string"}}},
      {"title", {{"type", "string"}}},
      {"report", {{"type", "string"}, {"pattern", "^[A-Za-z0-9_-]*$"}, {"maxLength", 100}}},
      {"table", {{"enum", record::table_shape_names()}}},
      {"order", words({"interleaved", "sequential"})},
      {"needs", words({"gpu", "models"})},
      {"checks", names_schema(check_names())},
      {"parts", {{"type", "array"}, {"items", {{"type", "string"}}}}},
      {"settings", settings_schema("")},
      {"axes", axes_schema()},
      {"workloads", {{"type", "object"}, {"additionalProperties", settings_schema("workload")}}},
  };
  schema["$defs"]["range"] = range_schema();
  for (const Field& field : record::fields()) {
    schema["$defs"][std::string(field.key)] = value_schema(field);
  }
  return schema;
}

}  // namespace

std::string scenario_schema_text() {
  std::string text;
  print(scenario_schema(), 0, text);
  return text + '\n';
}

}  // namespace mia::measure
