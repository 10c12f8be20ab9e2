// SPDX-License-Identifier: MIT
#include "record/fields.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace mia::record {
namespace {

#define MIA_SLOT(member) +[](Settings& s) -> Slot { return &s.member; }

constexpr FieldType kInt = FieldType::integer;
constexpr FieldType kNum = FieldType::number;
constexpr FieldType kBool = FieldType::boolean;
constexpr FieldType kText = FieldType::text;
constexpr std::string_view kCacheTypes = "f32|f16|bf16|q8_0|q4_0|q4_1|q5_0|q5_1|iq4_nl";
constexpr double kMillion = 1e6;
constexpr double kBig = 16.0 * 1024 * 1024;

// clang-format off
constexpr auto kFields = std::to_array<Field>({
  {"llm.primary.id", "id", kText, "", "model: a catalogue id or the path of a GGUF file", "smollm2-135m", 0, 0, "", MIA_SLOT(llm.id)},
  {"llm.primary.n_threads", "n_threads", kInt, "threads", "threads that decode; auto is the runtime's own choice", "auto", 1, 1024, "", MIA_SLOT(llm.n_threads), Needs::nothing, "--threads"},
  {"llm.primary.n_threads_batch", "n_threads_batch", kInt, "threads", "threads that read the prompt; auto is n_threads", "auto", 1, 1024, "", MIA_SLOT(llm.n_threads_batch), Needs::nothing, "--threads-batch"},
  {"llm.primary.n_ctx", "n_ctx", kInt, "tokens", "size of the KV cache; auto is the smallest that holds the workload", "auto", 8, kBig, "", MIA_SLOT(llm.n_ctx), Needs::nothing, "--ctx-size"},
  {"llm.primary.n_batch", "n_batch", kInt, "tokens", "logical batch of the prefill; auto is the runtime's own choice", "auto", 1, kMillion, "", MIA_SLOT(llm.n_batch), Needs::nothing, "--batch-size"},
  {"llm.primary.n_ubatch", "n_ubatch", kInt, "tokens", "physical batch of the prefill; auto is the runtime's own choice", "auto", 1, kMillion, "", MIA_SLOT(llm.n_ubatch), Needs::nothing, "--ubatch-size"},
  {"llm.primary.n_gpu_layers", "n_gpu_layers", kInt, "layers", "layers on the GPU; auto is all that the runtime puts there", "auto", 0, 100000, "", MIA_SLOT(llm.n_gpu_layers), Needs::gpu, "--n-gpu-layers"},
  {"llm.primary.n_cpu_moe", "n_cpu_moe", kInt, "layers", "first layers whose expert tensors stay on the CPU", "0", 0, 100000, "", MIA_SLOT(llm.n_cpu_moe), Needs::nothing, "--n-cpu-moe"},
  {"llm.primary.flash_attn", "flash_attn", kText, "", "flash attention; auto lets the runtime decide", "auto", 0, 0, "on|off", MIA_SLOT(llm.flash_attn), Needs::nothing, "--flash-attn"},
  {"llm.primary.cache_type_k", "cache_type_k", kText, "", "type of the K half of the KV cache", "f16", 0, 0, kCacheTypes, MIA_SLOT(llm.cache_type_k), Needs::nothing, "--cache-type-k"},
  {"llm.primary.cache_type_v", "cache_type_v", kText, "", "type of the V half of the KV cache", "f16", 0, 0, kCacheTypes, MIA_SLOT(llm.cache_type_v), Needs::nothing, "--cache-type-v"},
  {"llm.primary.load_mode", "load_mode", kText, "", "how the file comes into memory", "mmap", 0, 0, "mmap|mlock|none|direct", MIA_SLOT(llm.load_mode), Needs::nothing, "--load-mode"},
  {"llm.primary.override_tensor", "override_tensor", kText, "", "tensors kept elsewhere: pattern=buffer type, separated by commas", "auto", 0, 0, "", MIA_SLOT(llm.override_tensor), Needs::nothing, "--override-tensor"},
  {"llm.primary.split_mode", "split_mode", kText, "", "how layers are spread over several GPUs", "auto", 0, 0, "none|layer|row", MIA_SLOT(llm.split_mode), Needs::gpu, "--split-mode"},
  {"llm.primary.main_gpu", "main_gpu", kInt, "", "first GPU to use", "0", 0, 64, "", MIA_SLOT(llm.main_gpu), Needs::gpu, "--main-gpu"},
  {"llm.primary.offload_kqv", "offload_kqv", kBool, "", "KV cache on the GPU with the layers", "true", 0, 0, "", MIA_SLOT(llm.offload_kqv), Needs::gpu, "--no-kv-offload"},
  {"llm.primary.op_offload", "op_offload", kBool, "", "large operations of CPU layers may run on the GPU", "true", 0, 0, "", MIA_SLOT(llm.op_offload), Needs::gpu, "--no-op-offload"},
  {"llm.primary.poll", "poll", kInt, "", "how eagerly idle threads spin, 0 (sleep) to 100", "50", 0, 100, "", MIA_SLOT(llm.poll), Needs::own_threads, "--poll"},
  {"llm.primary.cpu_mask", "cpu_mask", kText, "", "CPUs that the threads may use, as llama.cpp's --cpu-mask: hexadecimal, CPU 0 is the last bit; auto is all that are allowed", "auto", 0, 0, "", MIA_SLOT(llm.cpu_mask), Needs::nothing, "--cpu-mask"},
  {"llm.primary.cpu_strict", "cpu_strict", kBool, "", "keep each thread on a CPU of its own, one of cpu_mask; auto is the runtime's own choice", "auto", 0, 0, "", MIA_SLOT(llm.cpu_strict), Needs::nothing, "--cpu-strict"},
  {"llm.primary.max_output_tokens", "max_output_tokens", kInt, "tokens", "the assistant's own limit; reported as cfg_max_output_tokens, a workload never produces more", "1024", 1, kMillion, "", MIA_SLOT(llm.max_output_tokens)},
  {"llm.primary.cuda_launch_blocking", "cuda_launch_blocking", kBool, "", "CUDA_LAUNCH_BLOCKING=1 in the worker, for diagnosis", "false", 0, 0, "", MIA_SLOT(llm.cuda_launch_blocking), Needs::gpu},

  {"workload.name", "name", kText, "", "the workload's name in reports", "short", 0, 0, "", MIA_SLOT(workload.name)},
  {"workload.input", "input", kText, "", "text: a prompt, sampled and detokenized; tokens: random tokens and fixed counts, as llama-bench does", "text", 0, 0, "text|tokens", MIA_SLOT(workload.input)},
  {"workload.max_tokens", "max_tokens", kInt, "tokens", "tokens to produce", "64", 1, kMillion, "", MIA_SLOT(workload.max_tokens)},
  {"workload.prompt_tokens", "prompt_tokens", kInt, "tokens", "tokens mode: length of the random prompt", "64", 1, kMillion, "", MIA_SLOT(workload.prompt_tokens)},
  {"workload.prompt", "prompt", kText, "", "text mode: the prompt; auto is the built-in one", "auto", 0, 0, "", MIA_SLOT(workload.prompt)},
  {"workload.prompt_file", "prompt_file", kText, "", "text mode: a file that holds the prompt", "auto", 0, 0, "", MIA_SLOT(workload.prompt_file)},
  {"workload.ignore_eos", "ignore_eos", kBool, "", "text mode: go on after the end-of-text token", "false", 0, 0, "", MIA_SLOT(workload.ignore_eos)},
  {"workload.stream", "stream", kBool, "", "text mode: make the text of each token at once, as a chat does, inside the timed loop", "false", 0, 0, "", MIA_SLOT(workload.stream)},
  {"workload.sample", "sample", kBool, "", "text mode: choose each token; false feeds the tokens that an earlier run chose, to tell what choosing costs", "true", 0, 0, "", MIA_SLOT(workload.sample)},
  {"workload.wait", "wait", kBool, "", "wait for the device after each token; false queues the next decode at once, and only the last token's time is exact", "true", 0, 0, "", MIA_SLOT(workload.wait)},
  {"workload.temperature", "temperature", kNum, "", "0 samples greedily, above it by the seed", "0", 0, 10, "", MIA_SLOT(workload.temperature)},
  {"workload.seed", "seed", kInt, "", "seed of random tokens and of sampling", "42", 0, 4294967295.0, "", MIA_SLOT(workload.seed)},
  {"workload.inject_slow", "inject_slow", kNum, "fraction", "for tests of the method: prefill and each token take this much longer, busily; auto is none", "auto", 0, 10, "", MIA_SLOT(workload.inject_slow)},
  {"workload.inject_read_mb", "inject_read_mb", kNum, "MB", "for tests of the method: further memory that is read for each token; auto is none", "auto", 0, 100000, "", MIA_SLOT(workload.inject_read_mb)},
  {"workload.inject_stall", "inject_stall", kNum, "fraction", "for tests of the method: share of the tokens that stall for 50 ms; auto is none", "auto", 0, 1, "", MIA_SLOT(workload.inject_stall)},

  {"run.runtime", "runtime", kText, "", "name of the installed runtime; auto is the only one or the one named default", "auto", 0, 0, "", MIA_SLOT(run.runtime)},
  {"run.cache", "cache", kText, "", "page cache before the load: cold (evicted, proven), warm (resident, proven) or as-is", "cold", 0, 0, "cold|warm|as-is", MIA_SLOT(run.cache)},
  {"run.repeats", "repeats", kInt, "trials", "trials of each cell", "5", 1, 10000, "", MIA_SLOT(run.repeats)},
  {"run.runs", "runs", kInt, "runs", "measured runs in each trial", "1", 1, 10000, "", MIA_SLOT(run.runs)},
  {"run.warmup_max", "warmup_max", kInt, "runs", "most warm-up runs in each trial; 0 measures the first run", "10", 0, 1000, "", MIA_SLOT(run.warmup_max)},
  {"run.warmup_tokens", "warmup_tokens", kInt, "tokens", "most tokens of a warm-up run; auto is the whole workload", "auto", 1, kMillion, "", MIA_SLOT(run.warmup_tokens)},
  {"run.timeout_s", "timeout_s", kNum, "s", "limit of each phase; auto comes from what similar trials took", "auto", 0.01, 1e6, "", MIA_SLOT(run.timeout_s)},
  {"run.latency_dist", "latency_dist", kBool, "", "histogram and percentiles of the token times in every scenario", "false", 0, 0, "", MIA_SLOT(run.latency_dist)},
  {"run.canary", "canary", kBool, "", "measure memory bandwidth before and after each trial", "true", 0, 0, "", MIA_SLOT(run.canary)},
  {"run.graph", "graph", kBool, "", "prove by one untimed decode of each cell which operations ran where; auto does it where there is a GPU", "auto", 0, 0, "", MIA_SLOT(run.graph)},
  {"run.seed", "seed", kInt, "", "seed of the plan's order", "1", 0, 4294967295.0, "", MIA_SLOT(run.seed)},
  {"run.quality_file", "quality_file", kText, "", "text that models are scored on; auto is the built-in one", "auto", 0, 0, "", MIA_SLOT(run.quality_file)},
  {"run.quality_chunks", "quality_chunks", kInt, "windows", "windows of 512 tokens of that text, at most", "4", 1, 100000, "", MIA_SLOT(run.quality_chunks)},

  {"perf.thresholds.load_ms_max", "load_ms_max", kNum, "ms", "a cold load must take less", "auto", 0, 1e9, "", MIA_SLOT(thresholds.load_ms_max)},
  {"perf.thresholds.short_tps_min", "short_tps_min", kNum, "tok/s", "tokens per second of the short workload, at least", "auto", 0, 1e9, "", MIA_SLOT(thresholds.short_tps_min)},
  {"perf.thresholds.long_tps_min", "long_tps_min", kNum, "tok/s", "tokens per second of the long workload, at least", "auto", 0, 1e9, "", MIA_SLOT(thresholds.long_tps_min)},
  {"perf.thresholds.short_tps_drop", "short_tps_drop", kNum, "fraction", "largest drop of the short speed against the accepted report", "0.12", 0, 1, "", MIA_SLOT(thresholds.short_tps_drop)},
  {"perf.thresholds.long_tps_drop", "long_tps_drop", kNum, "fraction", "largest drop of the long speed against the accepted report", "0.15", 0, 1, "", MIA_SLOT(thresholds.long_tps_drop)},
  {"perf.thresholds.p95_ratio_max", "p95_ratio_max", kNum, "ratio", "p95 of the long workload over p95 of the short one, at most", "1.30", 0, 1000, "", MIA_SLOT(thresholds.p95_ratio_max)},
  {"perf.thresholds.p95_short_drift", "p95_short_drift", kNum, "fraction", "largest rise of the short p95 from run to run", "0.10", 0, 100, "", MIA_SLOT(thresholds.p95_short_drift)},
  {"perf.thresholds.p95_ratio_rise", "p95_ratio_rise", kNum, "fraction", "largest rise of the p95 ratio against the accepted report; above it regression_flag is set", "0.20", 0, 100, "", MIA_SLOT(thresholds.p95_ratio_rise)},
  {"perf.thresholds.perplexity_rise", "perplexity_rise", kNum, "fraction", "largest rise of the perplexity against the first model with which --decide takes another", "0.02", 0, 100, "", MIA_SLOT(thresholds.perplexity_rise)},
});
// clang-format on

std::string_view section_of(const Field& field) {
  return field.key.substr(0, field.key.size() - field.name.size() - 1);
}

bool has_choice(const Field& field, std::string_view text) {
  return std::ranges::count(split(field.choices, '|'), text) > 0;
}

// As llama.cpp's --cpu-mask: "ff" or "0xff".
bool is_mask(std::string_view text) {
  text.remove_prefix(text.starts_with("0x") || text.starts_with("0X") ? 2 : 0);
  return !text.empty() && text.size() <= 128 &&
         text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

bool has_range(const Field& field) {
  return field.least != 0 || field.most != 0;
}

bool in_range(const Field& field, double value) {
  return !has_range(field) || (value >= field.least && value <= field.most);
}

// "an integer from 1 to 1024 or auto"
std::string allowed(const Field& field) {
  std::string text = "text";
  if (field.type == FieldType::boolean) {
    text = "true or false";
  } else if (field.type != FieldType::text) {
    text = field.type == FieldType::integer ? "an integer" : "a number";
    text += has_range(field) ? fmt::format(" from {:.10g} to {:.10g}", field.least, field.most) : "";
  } else if (field.name == "cpu_mask") {
    text = "a hexadecimal mask of CPUs";
  } else if (!field.choices.empty()) {
    text = "one of " + join(split(field.choices, '|'), ", ");
  }
  return field.standard == "auto" && !has_choice(field, "auto") ? text + " or auto" : text;
}

Failure wrong_value(const Field& field, std::string_view text) {
  return fail(ErrorKind::usage, "{} must be {}, not '{}'", field.key, allowed(field), one_line(text, 80));
}

// Rows whose "auto" has no meaning keep their default when asked for auto.
Result<Value> parse_typed(const Field& field, std::string_view text) {
  switch (field.type) {
    case FieldType::integer: {
      const auto value = parse_int(text);
      return value && in_range(field, static_cast<double>(*value)) ? Result<Value>(Value(*value))
                                                                   : wrong_value(field, text);
    }
    case FieldType::number: {
      const auto value = parse_double(text);
      return value && in_range(field, *value) ? Result<Value>(Value(*value)) : wrong_value(field, text);
    }
    case FieldType::boolean: {
      const auto value = parse_bool(text);
      return value ? Result<Value>(Value(*value)) : wrong_value(field, text);
    }
    case FieldType::text:
      break;
  }
  if ((!field.choices.empty() && !has_choice(field, text)) || (field.name == "cpu_mask" && !is_mask(text))) {
    return wrong_value(field, text);
  }
  return Value(std::string(text));
}

Value from_slot(const Slot& slot) {
  return std::visit([](const auto* member) { return member->has_value() ? Value(**member) : Value(); }, slot);
}

template <class T>
void assign(std::optional<T>* member, const Value& value) {
  if (const T* const typed = std::get_if<T>(&value)) {
    *member = *typed;
  } else {
    member->reset();
  }
}

Result<Value> value_from_json(const Field& field, const Json& json) {
  // to_json() writes "auto" for a member without a value, whatever the row's default is.
  if (json.is_null() || json == "auto") {
    return Value();
  }
  if (field.type == FieldType::text && json.is_string()) {
    return parse_typed(field, json.get_ref<const std::string&>());
  }
  if (field.type == FieldType::boolean && json.is_boolean()) {
    return Value(json.get<bool>());
  }
  const bool fits =
      field.type == FieldType::integer ? json.is_number_integer() : field.type == FieldType::number && json.is_number();
  if (!fits || !in_range(field, json.get<double>())) {
    return wrong_value(field, dump_json(json));
  }
  return field.type == FieldType::integer ? Value(json.get<std::int64_t>()) : Value(json.get<double>());
}

}  // namespace

std::string to_text(const Value& value) {
  struct Visitor {
    std::string operator()(std::monostate) const { return "auto"; }
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(std::int64_t i) const { return fmt::format("{}", i); }
    std::string operator()(double d) const { return fmt::format("{}", d); }
    std::string operator()(const std::string& s) const { return s; }
  };
  return std::visit(Visitor{}, value);
}

Json to_json(const Value& value) {
  return std::visit(
      [](const auto& typed) -> Json {
        if constexpr (std::is_same_v<std::decay_t<decltype(typed)>, std::monostate>) {
          return "auto";
        } else {
          return typed;
        }
      },
      value);
}

std::span<const Field> fields() {
  return kFields;
}

const Field* find_field(std::string_view key) {
  const Field* found = nullptr;
  for (const Field& field : kFields) {
    if (field.key == key ||
        (field.key.starts_with("llm.primary.") && key.starts_with("llm.") && field.key.substr(12) == key.substr(4))) {
      return &field;
    }
    if (field.name == key) {
      // A bare name is good where one row has it, or one of the llm rows (the names people know).
      found = found == nullptr ? &field : found->key.starts_with("llm.primary.") ? found : nullptr;
      if (found == nullptr) {
        return nullptr;
      }
    }
  }
  return found;
}

Result<const Field*> require_field(std::string_view key) {
  if (const Field* const field = find_field(key)) {
    return field;
  }
  std::vector<std::string> names;
  for (const Field& field : kFields) {
    names.emplace_back(field.key);
    names.emplace_back(field.name);
  }
  const auto nearest = nearest_name(key, names);
  return with_hint(fail(ErrorKind::usage, "unknown key '{}'", one_line(key, 120)),
                   nearest ? fmt::format("did you mean '{}'?", *nearest) : "`mia-perf config list` shows all keys");
}

Result<Value> parse_value(const Field& field, std::string_view text) {
  if (trim(text) == "auto" && !has_choice(field, "auto")) {
    if (field.standard != "auto") {
      return parse_typed(field, field.standard);
    }
    return Value();
  }
  return parse_typed(field, text);
}

Value get(const Settings& settings, const Field& field) {
  // The table's slots are written for mutable settings; nothing is changed here.
  return from_slot(
      field.slot(const_cast<Settings&>(settings)));  // NOLINT(cppcoreguidelines-pro-type-const-cast): see above
}

void set(Settings& settings, const Field& field, const Value& value) {
  std::visit([&](auto* member) { assign(member, value); }, field.slot(settings));
}

Status set_text(Settings& settings, std::string_view key, std::string_view text) {
  MIA_TRY_ASSIGN(const Field* const field, require_field(key));
  MIA_TRY_ASSIGN(const Value value, parse_value(*field, text));
  set(settings, *field, value);
  return {};
}

Settings default_settings() {
  Settings settings;
  for (const Field& field : kFields) {
    if (const auto value = parse_value(field, field.standard)) {
      set(settings, field, *value);
    }
  }
  return settings;
}

Json to_json(const Settings& settings, bool skip_unset) {
  Json json = Json::object();
  for (const Field& field : kFields) {
    const Value value = get(settings, field);
    if (!skip_unset || is_set(value)) {
      json[std::string(section_of(field))][std::string(field.name)] = to_json(value);
    }
  }
  return json;
}

Result<Settings> settings_from_json(const Json& json) {
  Settings settings;
  for (const Field& field : kFields) {
    const Json& section = get_member(json, section_of(field));
    if (!section.is_null() && !section.is_object()) {
      return fail(ErrorKind::protocol, "{} is a section, but no object", section_of(field));
    }
    if (section.contains(field.name)) {
      MIA_TRY_ASSIGN(const Value value, value_from_json(field, section.at(std::string(field.name))));
      set(settings, field, value);
    }
  }
  return settings;
}

std::string describe(std::span<const Setting> settings) {
  std::string text;
  for (const Setting& setting : settings) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", setting.field->name,
                        setting.word.empty() ? to_text(setting.value) : setting.word);
  }
  return text;
}

Json to_json(std::span<const Setting> settings) {
  Json list = Json::array();
  for (const Setting& setting : settings) {
    Json json = {{"field", setting.field->key}, {"value", to_json(setting.value)}};
    if (!setting.word.empty()) {
      json["word"] = setting.word;
    }
    list.push_back(std::move(json));
  }
  return list;
}

Result<SettingList> setting_list_from_json(const Json& json) {
  SettingList list;
  if (!json.is_array()) {
    return fail(ErrorKind::protocol, "settings must be a list of field and value");
  }
  for (const Json& item : json) {
    MIA_TRY_ASSIGN(const Field* const field, require_field(get_string(item, "field").value_or("")));
    MIA_TRY_ASSIGN(const Value value, context(value_from_json(*field, item.value("value", Json())), field->key));
    list.push_back({field, value, get_string(item, "word").value_or("")});
  }
  return list;
}

SettingList difference(const Settings& base, const Settings& settings) {
  SettingList list;
  for (const Field& field : kFields) {
    const Value value = get(settings, field);
    if (value != get(base, field)) {
      list.push_back({&field, value});
    }
  }
  return list;
}

}  // namespace mia::record
