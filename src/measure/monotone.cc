// SPDX-License-Identifier: MIT
#include "measure/monotone.h"

#include <algorithm>
#include <array>

#include "record/fields.h"

namespace mia::measure {
namespace {

constexpr std::array<std::string_view, 6> kGrowing = {"llm.primary.n_ctx",    "llm.primary.n_batch",
                                                      "llm.primary.n_ubatch", "llm.primary.n_gpu_layers",
                                                      "workload.max_tokens",  "workload.prompt_tokens"};

// "n_ctx=8192 n_batch=512" of the smaller one, where only growing fields differ and all of them are larger; "" else.
std::string grows(const record::Settings& smaller, const record::Settings& larger) {
  std::string fields;
  for (const record::Field& field : record::fields()) {
    const record::Value a = record::get(smaller, field);
    const record::Value b = record::get(larger, field);
    if (a == b || field.key == "workload.name" || field.key.starts_with("run.")) {
      continue;
    }
    const auto* const low = std::get_if<std::int64_t>(&a);
    const auto* const high = std::get_if<std::int64_t>(&b);
    if (std::ranges::count(kGrowing, field.key) == 0 || low == nullptr || high == nullptr || *high <= *low) {
      return {};
    }
    fields += fmt::format("{}{}={}", fields.empty() ? "" : " ", field.name, *low);
  }
  return fields;
}

}  // namespace

std::optional<std::string> larger_than_failed(const Plan& plan, std::size_t cell,
                                              const std::set<std::size_t>& out_of_memory) {
  for (const std::size_t failed : out_of_memory) {
    const PlannedCell& smaller = plan.cells[failed];
    const PlannedCell& larger = plan.cells[cell];
    if (smaller.subject.model.header_hash != larger.subject.model.header_hash ||
        smaller.subject.runtime.name != larger.subject.runtime.name) {
      continue;
    }
    if (const std::string fields = grows(smaller.settings, larger.settings); !fields.empty()) {
      return fmt::format("{} ran out of memory already; --force tries it all the same", fields);
    }
  }
  return std::nullopt;
}

}  // namespace mia::measure
