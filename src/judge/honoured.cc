// SPDX-License-Identifier: MIT
#include "judge/honoured.h"

#include <algorithm>
#include <string_view>

#include <fmt/core.h>

#include "base/text.h"

namespace mia::judge {
namespace {

using record::Field;
using record::is_set;
using record::Value;

// Asked and not default, and what was asked is not what the runtime reports.
bool is_wish(const Field& field, const Value& asked, const Value& got) {
  const auto standard = record::parse_value(field, field.standard);
  return is_set(asked) && asked != got && !(standard && asked == *standard);
}

// Is the effective value of the field said by the runtime, and fixed by what was asked alone?
bool is_comparable(std::string_view name, const Ran& ran) {
  const bool proven_elsewhere = name == "n_gpu_layers" || name == "flash_attn";
  const bool follows_context = name.ends_with("batch");  // no larger than the context, which follows the workload
  return !proven_elsewhere && (!follows_context || ran.requested.llm.n_ctx);
}

}  // namespace

std::string lack_of(const record::RuntimeInfo& runtime, record::Needs needs) {
  if (needs == record::Needs::gpu && !runtime.devices.empty() &&
      !std::ranges::any_of(runtime.devices, record::is_gpu)) {
    return fmt::format("runtime {} sees no GPU", runtime.name);
  }
  if (needs == record::Needs::own_threads && contains(runtime.build_flags, "OPENMP = 1")) {
    return fmt::format("runtime {} computes with OpenMP's threads", runtime.name);
  }
  return {};
}

std::vector<record::Finding> dishonoured_settings(const Ran& ran) {
  std::vector<record::Finding> found;
  for (const Field& field : record::fields()) {
    if (!field.key.starts_with("llm.primary.")) {
      continue;
    }
    const std::string_view name = field.key.substr(field.key.rfind('.') + 1);
    const Value asked = record::get(ran.requested, field);
    const Value got = record::get(ran.effective, field);
    const std::string lack = ran.runtime == nullptr ? "" : lack_of(*ran.runtime, field.needs);
    const bool without_effect = !lack.empty() && is_wish(field, asked, got);
    if (!without_effect &&
        !(lack.empty() && is_comparable(name, ran) && is_set(asked) && is_set(got) && asked != got)) {
      continue;
    }
    found.push_back({without_effect ? "setting_without_effect" : "setting_changed",
                     record::Severity::warning,
                     without_effect ? fmt::format("{}={} has no effect: {}", name, record::to_text(asked), lack)
                                    : fmt::format("{}: asked for {}={}, the runtime took {}", ran.label, name,
                                                  record::to_text(asked), record::to_text(got)),
                     {{"cell", ran.key},
                      {"key", std::string(field.key)},
                      {"requested", record::to_text(asked)},
                      {"effective", is_set(got) ? record::to_text(got) : "unknown"}}});
  }
  return found;
}

}  // namespace mia::judge
