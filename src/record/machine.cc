// SPDX-License-Identifier: MIT
#include "record/machine.h"

#include <algorithm>

#include "record/json_members.h"

namespace mia::record {

// Not in an unnamed namespace: the readers find `each` by argument-dependent lookup.

template <class T, class F>
static void each_machine(T& x, F f) {
  f("hostname", x.hostname);
  f("os", x.os);
  f("kernel", x.kernel);
  f("cpu_model", x.cpu_model);
  f("logical_cpus", x.logical_cpus);
  f("physical_cores", x.physical_cores);
  f("performance_cores", x.performance_cores);
  f("numa_nodes", x.numa_nodes);
  f("allowed_cpus", x.allowed_cpus);
  f("allowed_cores", x.allowed_cores);
  f("allowed_performance_cores", x.allowed_performance_cores);
  f("memory_bytes", x.memory_bytes);
  f("memory_limit_bytes", x.memory_limit_bytes);
  f("governor", x.governor);
  f("virtualization", x.virtualization);
  f("fingerprint", x.fingerprint);
}

template <class T, class F>
static void each_runtime(T& x, F f) {
  f("name", x.name);
  f("provider", x.provider);
  f("prefix", x.prefix);
  f("worker", x.worker);
  f("version", x.version);
  f("commit", x.commit);
  f("package", x.package);
  f("build_flags", x.build_flags);
  f("backends", x.backends);
  f("library_hashes", x.library_hashes);
  f("capabilities", x.capabilities);
  f("model_file", x.model_file);
  f("real_time", x.real_time);
  f("load_phase", x.load_phase);
  f("installed", x.installed);
}

template <class T, class F>
static void each_model(T& x, F f) {
  f("id", x.id);
  f("path", x.path);
  f("parts", x.parts);
  f("file_bytes", x.file_bytes);
  f("architecture", x.architecture);
  f("kind", x.kind);
  f("display_name", x.display_name);
  f("quantization", x.quantization);
  f("tokenizer", x.tokenizer);
  f("vocabulary", x.vocabulary);
  f("tokenizer_hash", x.tokenizer_hash);
  f("layers", x.layers);
  f("context", x.context);
  f("embedding", x.embedding);
  f("heads", x.heads);
  f("kv_heads", x.kv_heads);
  f("experts", x.experts);
  f("experts_used", x.experts_used);
  f("parameters", x.parameters);
  f("tensor_bytes", x.tensor_bytes);
  f("bytes_per_token", x.bytes_per_token);
  f("kv_bytes_per_position", x.kv_bytes_per_position);
  f("sliding_window", x.sliding_window);
  f("window_layers", x.window_layers);
  f("kv_window_bytes_per_position", x.kv_window_bytes_per_position);
  f("kv_multiply_adds_per_position", x.kv_multiply_adds_per_position);
  f("kv_window_multiply_adds_per_position", x.kv_window_multiply_adds_per_position);
  f("multiply_adds", x.multiply_adds);
  f("synthetic", x.synthetic);
  f("header_hash", x.header_hash);
}

template <class T, class F>
static void each_device(T& x, F f) {
  f("name", x.name);
  f("description", x.description);
  f("type", x.type);
  f("memory_total_bytes", x.memory_total_bytes);
  f("memory_free_bytes", x.memory_free_bytes);
  f("bus_id", x.bus_id);
}

template <class T, class F>
static void each_group(T& x, F f) {
  f("name", x.name);
  f("tensors", x.tensors);
  f("bytes", x.bytes);
  f("bytes_per_token", x.bytes_per_token);
  f("multiply_adds", x.multiply_adds);
}

template <class T, class F>
static void each_type(T& x, F f) {
  f("type", x.type);
  f("tensors", x.tensors);
  f("bytes", x.bytes);
}

template <class T, class F>
static void each_cache(T& x, F f) {
  f("level", x.level);
  f("bytes", x.bytes);
  f("count", x.count);
}

template <class T, class F>
static void each_gpu(T& x, F f) {
  f("name", x.name);
  f("memory_bytes", x.memory_bytes);
  f("driver", x.driver);
  f("driver_cuda", x.driver_cuda);
  f("ecc", x.ecc);
}

// NOLINTBEGIN(bugprone-macro-parentheses): a type cannot stand in parentheses
#define MIA_EACH(type, function)         \
  template <class F>                     \
  static void each(type& x, F f) {       \
    function(x, f);                      \
  }                                      \
  template <class F>                     \
  static void each(const type& x, F f) { \
    function(x, f);                      \
  }
// NOLINTEND(bugprone-macro-parentheses)
MIA_EACH(Machine, each_machine)
MIA_EACH(RuntimeInfo, each_runtime)
MIA_EACH(ModelInfo, each_model)
MIA_EACH(Device, each_device)
MIA_EACH(TensorGroup, each_group)
MIA_EACH(TensorTypeCount, each_type)
MIA_EACH(CacheLevel, each_cache)
MIA_EACH(GpuInfo, each_gpu)
#undef MIA_EACH

namespace {

template <class T>
Json list_to_json(const std::vector<T>& items) {
  Json json = Json::array();
  for (const T& item : items) {
    json.push_back(members_to_json(item));
  }
  return json;
}

template <class T>
Status list_from_json(const Json& object, std::string_view key, std::vector<T>& items) {
  const Json& list = get_member(object, key);
  for (const Json& item : list.is_array() ? list : Json::array()) {
    T& made = items.emplace_back();
    if (!item.is_object()) {
      return fail(ErrorKind::protocol, "'{}' holds something that is not an object", key);
    }
    if (const auto wrong = members_from_json(item, made)) {
      return fail(ErrorKind::protocol, "{}: '{}' has a wrong type", key, *wrong);
    }
  }
  return {};
}

template <class T>
Result<T> object_from_json(const Json& json, std::string_view what) {
  T object;
  if (!json.is_object()) {
    return fail(ErrorKind::protocol, "{} is not an object", what);
  }
  if (const auto wrong = members_from_json(json, object)) {
    return fail(ErrorKind::protocol, "{}: '{}' has a wrong type", what, *wrong);
  }
  return object;
}

}  // namespace

bool is_gpu(const Device& device) {
  return device.type == "gpu" || device.type == "igpu";
}

bool can(const RuntimeInfo& runtime, std::string_view capability) {
  return std::ranges::find(runtime.capabilities, capability) != runtime.capabilities.end();
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
  Json json = members_to_json(machine);
  json["caches"] = list_to_json(machine.caches);
  json["gpus"] = list_to_json(machine.gpus);
  return json;
}

Result<Machine> machine_from_json(const Json& json) {
  MIA_TRY_ASSIGN(Machine machine, object_from_json<Machine>(json, "machine"));
  MIA_TRY(list_from_json(json, "caches", machine.caches));
  MIA_TRY(list_from_json(json, "gpus", machine.gpus));
  return machine;
}

Json to_json(const RuntimeInfo& runtime) {
  Json json = members_to_json(runtime);
  json["devices"] = list_to_json(runtime.devices);
  return json;
}

Result<RuntimeInfo> runtime_from_json(const Json& json) {
  MIA_TRY_ASSIGN(RuntimeInfo runtime, object_from_json<RuntimeInfo>(json, "runtime"));
  MIA_TRY(list_from_json(json, "devices", runtime.devices));
  return runtime;
}

Json to_json(const ModelInfo& model) {
  Json json = members_to_json(model);
  json["types"] = list_to_json(model.types);
  json["groups"] = list_to_json(model.groups);
  return json;
}

Result<ModelInfo> model_from_json(const Json& json) {
  MIA_TRY_ASSIGN(ModelInfo model, object_from_json<ModelInfo>(json, "model"));
  MIA_TRY(list_from_json(json, "types", model.types));
  MIA_TRY(list_from_json(json, "groups", model.groups));
  return model;
}

}  // namespace mia::record
