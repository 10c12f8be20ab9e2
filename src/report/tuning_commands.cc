// SPDX-License-Identifier: MIT
#include "report/tuning_commands.h"

#include <array>
#include <string_view>

#include <fmt/format.h>

#include "record/fields.h"

namespace mia::report {
namespace {

// A setting in a command line of llama.cpp and as an argument of llama_cpp.Llama; "" where there is none. Where `only`
// is not empty, the flag stands for that value alone and takes none.
struct Flag {
  std::string_view name;
  std::string_view flag;
  std::string_view argument;
  std::string_view only = "";
  std::string_view argument_value = "";
};

constexpr auto kFlags = std::to_array<Flag>({
    {"n_ctx", "-c", "n_ctx"},
    {"n_threads", "-t", "n_threads"},
    {"n_threads_batch", "-tb", "n_threads_batch"},
    {"n_batch", "-b", "n_batch"},
    {"n_ubatch", "-ub", "n_ubatch"},
    {"n_gpu_layers", "-ngl", "n_gpu_layers"},
    {"n_cpu_moe", "--n-cpu-moe", ""},
    {"flash_attn", "-fa", ""},
    {"flash_attn", "", "flash_attn", "on", "True"},
    {"cache_type_k", "-ctk", ""},
    {"cache_type_v", "-ctv", ""},
    {"load_mode", "--no-mmap", "use_mmap", "none", "False"},
    {"load_mode", "--mlock", "use_mlock", "mlock", "True"},
    {"override_tensor", "-ot", ""},
    {"split_mode", "-sm", ""},
    {"main_gpu", "-mg", "main_gpu"},
    {"offload_kqv", "-nkvo", "offload_kqv", "false", "False"},
    {"op_offload", "--no-op-offload", "op_offload", "false", "False"},
    {"poll", "--poll", ""},
    {"cpu_mask", "-C", ""},
});

std::string for_shell(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return quoted + "'";
}

std::string for_python(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    quoted += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  }
  return quoted + "'";
}

}  // namespace

std::vector<std::string> launch_commands(const record::Settings& settings, const record::ModelInfo& model) {
  std::string flags = " -m " + for_shell(model.path);
  std::string arguments = "model_path=" + for_python(model.path);
  const record::Settings standard = record::default_settings();
  for (const Flag& flag : kFlags) {
    const record::Field& field = *record::find_field("llm.primary." + std::string(flag.name));
    const record::Value value = record::get(settings, field);
    const std::string text = record::to_text(value);
    const bool unset = value == record::get(standard, field) || text == "auto";
    if (unset || (!flag.only.empty() && text != flag.only)) {
      continue;
    }
    const bool plain = std::holds_alternative<std::int64_t>(value);
    if (!flag.flag.empty()) {
      const bool takes_value = flag.only.empty();
      const bool word = text == "on" || text == "off";
      flags += fmt::format(" {}{}", flag.flag, takes_value ? " " + (plain || word ? text : for_shell(text)) : "");
    }
    if (!flag.argument.empty()) {
      arguments += fmt::format(", {}={}", flag.argument, flag.only.empty() ? text : std::string(flag.argument_value));
    }
  }
  return {"llama-server" + flags, "llama-cli" + flags, "llama_cpp.Llama(" + arguments + ")"};
}

}  // namespace mia::report
