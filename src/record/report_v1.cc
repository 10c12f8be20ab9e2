// SPDX-License-Identifier: MIT
#include "record/report_v1.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"

namespace mia::record {
namespace {

struct Pair {
  const Field* field = nullptr;
  std::string text;
};

// Values may hold blanks: a value ends where the name of a setting and '=' follow.
std::vector<Pair> pairs_of(std::string_view text) {
  std::vector<Pair> pairs;
  for (const std::string& word : split(text, ' ')) {
    const std::size_t equals = word.find('=');
    const Field* const field = equals == std::string::npos ? nullptr : find_field(word.substr(0, equals));
    if (field != nullptr) {
      pairs.push_back({field, word.substr(equals + 1)});
    } else if (!pairs.empty()) {
      pairs.back().text += ' ' + word;
    }
  }
  return pairs;
}

struct Named {
  std::string_view scenario;
  std::string_view stem;
  TableShape table;
};
constexpr auto kScenarios = std::to_array<Named>({
    {"baseline", "perf_cpu_baseline", TableShape::plain},
    {"cpu-tuning", "perf_cpu_tuning", TableShape::tuning},
    {"gpu-smoke", "perf_gpu_smoke", TableShape::gpu},
    {"quant-compare", "compare_models", TableShape::quant},
    {"long-context", "perf_long_context", TableShape::long_context},
    {"latency", "perf_latency", TableShape::latency},
});

const Named* find_named(std::string_view scenario) {
  const auto* const at = std::ranges::find(kScenarios, scenario, &Named::scenario);
  return at == kScenarios.end() ? nullptr : at;
}

}  // namespace

Point point_from_label(std::string_view label, std::string_view scenario, const Settings& requested,
                       bool is_requested) {
  Point point{std::string(scenario), {}, ""};
  const std::string workload = requested.workload.name.value_or("");
  if (label != scenario && !workload.empty() && label.ends_with(' ' + workload)) {
    label.remove_suffix(workload.size() + 1);
    point.workload = workload;
  }
  for (const Pair& pair : pairs_of(label)) {
    if (const auto value = parse_value(*pair.field, pair.text)) {
      point = with_setting(std::move(point), {pair.field, *value});
    } else {
      const Value unknown = is_requested ? get(requested, *pair.field) : Value();
      point = with_setting(std::move(point), {pair.field, unknown, pair.text});
    }
  }
  return point;
}

SettingList recommendation_from_text(std::string_view text) {
  SettingList list;
  for (const Pair& pair : pairs_of(text)) {
    if (const auto value = parse_value(*pair.field, pair.text)) {
      list.push_back({pair.field, *value});
    }
  }
  return list;
}

std::optional<TableShape> table_of_scenario(std::string_view name) {
  const Named* const named = find_named(name);
  return named == nullptr ? TableShape::plain : named->table;
}

std::string stem_of_scenario(std::string_view name) {
  const Named* const named = find_named(name);
  return named == nullptr ? std::string() : std::string(named->stem);
}

}  // namespace mia::record
