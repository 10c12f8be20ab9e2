// SPDX-License-Identifier: MIT
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "config/config.h"
#include "record/fields.h"

namespace mia::config {
namespace {

std::string type_of(const record::Field& field) {
  if (!field.choices.empty()) {
    return join(split(field.choices, '|'), ", ");
  }
  switch (field.type) {
    case record::FieldType::integer:
      return "integer";
    case record::FieldType::number:
      return "number";
    case record::FieldType::boolean:
      return "true, false";
    case record::FieldType::text:
      return "text";
  }
  return {};
}

std::string range_of(const record::Field& field) {
  return field.least == field.most ? std::string() : fmt::format("{:.10g} to {:.10g}", field.least, field.most);
}

Json schema_of(const record::Field& field) {
  Json value;
  if (!field.choices.empty()) {
    value["enum"] = split(field.choices, '|');
    value["enum"].push_back("auto");
    return value;
  }
  switch (field.type) {
    case record::FieldType::integer:
      value["type"] = "integer";
      break;
    case record::FieldType::number:
      value["type"] = "number";
      break;
    case record::FieldType::boolean:
      value["type"] = "boolean";
      break;
    case record::FieldType::text:
      return {{"type", "string"}, {"description", field.doc}};
  }
  if (field.least != field.most) {
    value["minimum"] = field.least;
    value["maximum"] = field.most;
  }
  return {{"anyOf", Json::array({value, Json{{"const", "auto"}}})}, {"description", field.doc}};
}

}  // namespace

std::string registry_markdown() {
  std::string text =
      "# Configuration registry\n\nMade by `mia-perf config list --markdown` from the one field table; a test "
      "compares. "
      "Every key can stand in\n`configs/base.yaml` and `configs/overrides.local.yaml`, in the environment "
      "(`MIA__LLM__PRIMARY__N_THREADS=2`), in `--set`, and\nas an axis of a scenario. `auto` leaves the choice to the "
      "runtime.\n\n| key | values | range | unit | default | meaning |\n|---|---|---|---|---|---|\n";
  for (const record::Field& field : record::fields()) {
    text += fmt::format("| `{}` | {} | {} | {} | `{}` | {} |\n", field.key, type_of(field), range_of(field), field.unit,
                        field.standard, field.doc);
  }
  text +=
      "\n| switch | meaning |\n|---|---|\n"
      "| `MIA_LLAMA_FAKE=1` | measure the scripted worker instead of a runtime |\n"
      "| `MIA_PERF_LATENCY_DIST=1`, `MIA_PERF_STREAM_LATENCY=1` | `run.latency_dist: true` |\n";
  return text;
}

Json settings_schema() {
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"title", "mia-perf configuration"},
                 {"type", "object"},
                 {"properties", Json::object()}};
  for (const record::Field& field : record::fields()) {
    Json* at = &schema;
    for (const std::string& part : split(field.key, '.')) {
      (*at)["type"] = "object";
      (*at)["additionalProperties"] = false;
      at = &(*at)["properties"][part];
    }
    *at = schema_of(field);
  }
  schema["properties"]["models"] = {{"type", "array"}};
  schema["properties"]["profiles"] = {{"type", "object"}};
  return schema;
}

}  // namespace mia::config
