// SPDX-License-Identifier: MIT
#include "record/machine.h"

#include <algorithm>

#include "record/json_members.h"

namespace mia::record {

bool is_gpu(const Device& device) {
  return device.type == "gpu" || device.type == "igpu";
}

bool can(const RuntimeInfo& runtime, std::string_view capability) {
  return std::ranges::find(runtime.capabilities, capability) != runtime.capabilities.end();
}

bool takes(const RuntimeInfo& runtime, const Field& field) {
  const bool is_ours = field.name == "id" || field.name == "max_output_tokens" ||
                       !(field.key.starts_with("llm.primary.") || field.key == "workload.ignore_eos");
  return is_ours || !runtime.takes || std::ranges::find(*runtime.takes, field.name) != runtime.takes->end();
}

const Field* not_taken(const RuntimeInfo& runtime, const Settings& settings) {
  for (const Field& field : fields()) {
    const Value asked = get(settings, field);
    if (!takes(runtime, field) && is_set(asked) && to_text(asked) != field.standard) {
      return &field;
    }
  }
  return nullptr;
}

RuntimeInfo scripted_runtime() {
  RuntimeInfo runtime;
  runtime.name = runtime.provider = runtime.version = "fake";
  runtime.model_file = runtime.real_time = false;
  return runtime;
}

bool is_decoder(const ModelInfo& model) {
  return model.kind != "encoder" && model.kind != "encoder-decoder";
}

std::vector<std::filesystem::path> files_of(const ModelInfo& model) {
  if (model.parts.empty()) {
    return {model.path};
  }
  return {model.parts.begin(), model.parts.end()};
}

Json to_json(const Machine& machine) {
  return members_to_json(machine);
}
Result<Machine> machine_from_json(const Json& json) {
  return from_members<Machine>(json, "machine");
}

Json to_json(const RuntimeInfo& runtime) {
  return members_to_json(runtime);
}
Result<RuntimeInfo> runtime_from_json(const Json& json) {
  return from_members<RuntimeInfo>(json, "runtime");
}

Json to_json(const ModelInfo& model) {
  return members_to_json(model);
}
Result<ModelInfo> model_from_json(const Json& json) {
  return from_members<ModelInfo>(json, "model");
}

}  // namespace mia::record
