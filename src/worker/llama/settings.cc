// SPDX-License-Identifier: MIT
#include "worker/llama/settings.h"

#include <algorithm>
#include <limits>
#include <optional>

#include <ggml-backend.h>
#include <ggml-cpu.h>

#include "base/text.h"
#include "worker/llama/log_facts.h"

namespace mia::worker {
namespace {

// What newer versions of llama.cpp give as their own limit; no model has as many layers.
constexpr std::int64_t kMaxOverrides = 4096;

template <class To>
void assign(To& to, const std::optional<std::int64_t>& value) {
  if (value) {
    to = static_cast<To>(std::min<std::int64_t>(*value, std::numeric_limits<std::int32_t>::max()));
  }
}
void assign(bool& to, const std::optional<bool>& value) {
  to = value.value_or(to);
}

// Every buffer type that a device offers, by name.
std::map<std::string, ggml_backend_buffer_type_t> buffer_types() {
  std::map<std::string, ggml_backend_buffer_type_t> types;
  const auto add = [&](ggml_backend_buffer_type_t type) {
    if (type != nullptr) {
      types.emplace(ggml_backend_buft_name(type), type);
    }
  };
  for (std::size_t i = 0; i < ggml_backend_dev_count(); ++i) {
    const ggml_backend_dev_t device = ggml_backend_dev_get(i);
    add(ggml_backend_dev_buffer_type(device));
    add(ggml_backend_dev_host_buffer_type(device));
  }
  return types;
}

Failure unknown_buffer_type(const std::string& name, const std::map<std::string, ggml_backend_buffer_type_t>& types) {
  std::vector<std::string> names;
  for (const auto& [known, unused] : types) {
    names.push_back(known);
  }
  return fail(ErrorKind::unsupported, "override_tensor: this runtime has no buffer type '{}', only {}", name,
              join(names, ", "));
}

// "pattern=buffer type", separated by commas; the pattern is a regular expression of llama.cpp's.
Status add_overrides(std::string_view text, ModelSetup& setup, std::vector<ggml_backend_buffer_type_t>& types) {
  const auto known = buffer_types();
  for (const std::string& item : split(text, ',')) {
    const std::size_t at = item.rfind('=');
    if (at == std::string::npos || at == 0) {
      return fail(ErrorKind::unsupported, "override_tensor: '{}' is not of the form pattern=buffer type", item);
    }
    const auto type = known.find(item.substr(at + 1));
    if (type == known.end()) {
      return unknown_buffer_type(item.substr(at + 1), known);
    }
    setup.patterns.push_back(item.substr(0, at));
    types.push_back(type->second);
  }
  return {};
}

Status set_overrides(const record::LlmSettings& settings, ModelSetup& setup) {
  std::vector<ggml_backend_buffer_type_t> types;
  if (settings.override_tensor) {
    MIA_TRY(add_overrides(*settings.override_tensor, setup, types));
  }
  const std::int64_t layers = settings.n_cpu_moe.value_or(0);
  if (layers + static_cast<std::int64_t>(types.size()) > kMaxOverrides) {
    return fail(ErrorKind::unsupported, "n_cpu_moe = {} is more than {} layers", layers, kMaxOverrides);
  }
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    // ffn_up_exps, ffn_gate_exps, ffn_down_exps, ffn_gate_up_exps and the chunked ..._chexps of one layer.
    setup.patterns.push_back(fmt::format(R"(blk\.{}\.ffn_(up|down|gate|gate_up)_(ch|)exps)", layer));
    types.push_back(ggml_backend_dev_buffer_type(ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU)));
  }
  for (std::size_t i = 0; i < types.size(); ++i) {
    setup.overrides.push_back({setup.patterns[i].c_str(), types[i]});
  }
  if (!setup.overrides.empty()) {
    setup.overrides.push_back({nullptr, nullptr});
    setup.params.tensor_buft_overrides = setup.overrides.data();
  }
  return {};
}

// Newer headers have one enumeration, older ones two or three switches (found out by CMake).
Status set_load_mode(const record::OptString& mode, llama_model_params& params) {
  if (!mode) {
    return {};
  }
#if defined(MIA_LLAMA_LOAD_MODE)
  params.load_mode = *mode == "mlock"    ? LLAMA_LOAD_MODE_MMAP_MLOCK
                     : *mode == "none"   ? LLAMA_LOAD_MODE_NONE
                     : *mode == "direct" ? LLAMA_LOAD_MODE_DIRECT_IO
                                         : LLAMA_LOAD_MODE_MMAP;
#else
  params.use_mmap = *mode == "mmap" || *mode == "mlock";
  params.use_mlock = *mode == "mlock";
#if defined(MIA_LLAMA_DIRECT_IO)
  params.use_direct_io = *mode == "direct";
#else
  if (*mode == "direct") {
    return fail(ErrorKind::unsupported, "load_mode = direct: this llama.cpp has no direct I/O");
  }
#endif
#endif
  return {};
}

void set_split_mode(const record::OptString& mode, llama_model_params& params) {
  if (mode) {
    params.split_mode = *mode == "none"  ? LLAMA_SPLIT_MODE_NONE
                        : *mode == "row" ? LLAMA_SPLIT_MODE_ROW
                                         : LLAMA_SPLIT_MODE_LAYER;
  }
}

Status set_cache_type(const record::OptString& name, std::string_view key, ggml_type& type) {
  if (!name) {
    return {};
  }
  for (int i = 0; i < GGML_TYPE_COUNT; ++i) {
    const auto candidate = static_cast<ggml_type>(i);
    const char* const known = ggml_type_name(candidate);
    if (known != nullptr && *name == known) {
      type = candidate;
      return {};
    }
  }
  return fail(ErrorKind::unsupported, "{}: this llama.cpp has no type '{}'", key, *name);
}

void set_flash_attention(const record::OptString& wish, llama_context_params& params) {
#if defined(MIA_LLAMA_FLASH_ATTN_TYPE)
  if (wish) {
    params.flash_attn_type = *wish == "on" ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
  }
#else
  params.flash_attn = wish == "on";
#endif
}

Status check_threads(const record::OptInt& threads, std::string_view key) {
  if (threads.value_or(1) > GGML_MAX_N_THREADS) {
    return fail(ErrorKind::unsupported, "{} = {} is more than this llama.cpp allows ({})", key, *threads,
                GGML_MAX_N_THREADS);
  }
  return {};
}

}  // namespace

bool sees_gpu() {
  for (std::size_t i = 0; i < ggml_backend_dev_count(); ++i) {
    const auto type = ggml_backend_dev_type(ggml_backend_dev_get(i));
    if (type != GGML_BACKEND_DEVICE_TYPE_CPU && type != GGML_BACKEND_DEVICE_TYPE_ACCEL) {
      return true;
    }
  }
  return false;
}

Result<std::unique_ptr<ModelSetup>> model_setup(const record::LlmSettings& settings) {
  auto setup = std::make_unique<ModelSetup>();
  setup->params = llama_model_default_params();
  assign(setup->params.n_gpu_layers, settings.n_gpu_layers);
  assign(setup->params.main_gpu, settings.main_gpu);
  MIA_TRY(set_load_mode(settings.load_mode, setup->params));
  set_split_mode(settings.split_mode, setup->params);
  MIA_TRY(set_overrides(settings, *setup));
  return setup;
}

Result<llama_context_params> context_setup(const record::LlmSettings& settings, std::int64_t n_ctx) {
  MIA_TRY(check_threads(settings.n_threads, "n_threads"));
  MIA_TRY(check_threads(settings.n_threads_batch, "n_threads_batch"));
  llama_context_params params = llama_context_default_params();
  assign(params.n_ctx, n_ctx);
  assign(params.n_batch, settings.n_batch);
  assign(params.n_ubatch, settings.n_ubatch);
  assign(params.n_threads, settings.n_threads);
  params.n_threads_batch = params.n_threads;
  assign(params.n_threads_batch, settings.n_threads_batch);
  assign(params.offload_kqv, settings.offload_kqv);
#if defined(MIA_LLAMA_OP_OFFLOAD)
  assign(params.op_offload, settings.op_offload);
#endif
  set_flash_attention(settings.flash_attn, params);
  MIA_TRY(set_cache_type(settings.cache_type_k, "cache_type_k", params.type_k));
  MIA_TRY(set_cache_type(settings.cache_type_v, "cache_type_v", params.type_v));
  return params;
}

record::Settings effective_settings(llama_context* context, const record::LlmSettings& asked,
                                    const std::map<std::string, std::string>& facts,
                                    const std::vector<record::BufferSize>& buffers) {
  record::Settings settings;
  record::LlmSettings& llm = settings.llm;
  llm.n_ctx = llama_n_ctx(context);
  llm.n_batch = llama_n_batch(context);
  llm.n_ubatch = llama_n_ubatch(context);
  llm.n_threads = llama_n_threads(context);
  llm.n_threads_batch = llama_n_threads_batch(context);
  add_told(llm, asked, facts, buffers);
  if (!sees_gpu()) {  // whatever the log says
    llm.n_gpu_layers = 0;
  }
  if (asked.n_cpu_moe) {
    llm.n_cpu_moe = std::min(*asked.n_cpu_moe, number_in(facts, "cpu_moe_layers").value_or(0));
  }
  llm.override_tensor = asked.override_tensor;  // the load was refused where it moved nothing
  return settings;
}

std::optional<std::string> without_effect(const record::LlmSettings& asked,
                                          const std::map<std::string, std::string>& facts) {
  if (asked.override_tensor && !facts.contains("overridden_tensors")) {
    return fmt::format("override_tensor = {} names no tensor of this model", printable(*asked.override_tensor, 200));
  }
  return std::nullopt;
}

}  // namespace mia::worker
