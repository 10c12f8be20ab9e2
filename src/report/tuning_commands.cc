// SPDX-License-Identifier: MIT
#include "report/tuning_commands.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "document/escape.h"
#include "record/fields.h"

namespace mia::report {
namespace {

// Settings that llama_cpp.Llama takes under the same name.
constexpr auto kArguments =
    std::to_array<std::string_view>({"n_ctx", "n_threads", "n_threads_batch", "n_batch", "n_ubatch", "n_gpu_layers",
                                     "main_gpu", "flash_attn", "offload_kqv", "op_offload"});

// " --threads 2"; "" where the setting needs none.
std::string flag_of(const record::Field& field, const std::string& text) {
  if (field.name == "load_mode") {
    return text == "none" ? " --no-mmap" : text == "mlock" ? " --mlock" : "";
  }
  if (field.flag.starts_with("--no-")) {
    return text == "false" ? fmt::format(" {}", field.flag) : "";
  }
  const std::string value = field.type == record::FieldType::boolean ? (text == "true" ? "1" : "0") : text;
  return fmt::format(" {} {}", field.flag, document::shell_quote(value));
}

// ", n_threads=2"; "" where llama_cpp.Llama has none.
std::string argument_of(const record::Field& field, const std::string& text) {
  if (field.name == "load_mode") {
    return text == "none" ? ", use_mmap=False" : text == "mlock" ? ", use_mlock=True" : "";
  }
  if (std::ranges::find(kArguments, field.name) == kArguments.end()) {
    return "";
  }
  const bool on = text == "on" || text == "true";
  const bool off = text == "off" || text == "false";
  return fmt::format(", {}={}", field.name, on ? "True" : off ? "False" : text);
}

}  // namespace

std::vector<std::string> launch_commands(const record::Settings& settings, const record::ModelInfo& model) {
  std::string flags = " --model " + document::shell_quote(model.path);
  std::string arguments = "model_path=" + dump_json(Json(model.path));  // a text of JSON is one of Python
  std::vector<std::string> unknown;
  const record::Settings standard = record::default_settings();
  for (const record::Field& field : record::fields()) {
    const record::Value value = record::get(settings, field);
    if (!field.flag.empty() && record::is_set(value) && value != record::get(standard, field)) {
      const std::string text = record::to_text(value);
      flags += flag_of(field, text);
      const std::string argument = argument_of(field, text);
      arguments += argument;
      if (argument.empty() && field.name != "load_mode") {
        unknown.emplace_back(field.name);
      }
    }
  }
  return {"llama-server" + flags, "llama-cli" + flags,
          "llama_cpp.Llama(" + arguments + ")" +
              (unknown.empty() ? "" : fmt::format("  # which has no {}", join(unknown, ", ")))};
}

}  // namespace mia::report
