// SPDX-License-Identifier: MIT
#include "measure/monotone.h"

#include <algorithm>
#include <array>

#include "record/fields.h"

namespace mia::measure {
namespace {

constexpr std::array<std::string_view, 4> kGrowing = {"llm.primary.n_ctx", "llm.primary.n_batch",
                                                      "llm.primary.n_ubatch", "llm.primary.n_gpu_layers"};

// The one growing field in which they differ, if that is all and `larger` has the larger value.
const record::Field* grows(const record::Settings& smaller, const record::Settings& larger) {
  const record::Field* found = nullptr;
  for (const record::Field& field : record::fields()) {
    const record::Value a = record::get(smaller, field);
    const record::Value b = record::get(larger, field);
    if (a == b) {
      continue;
    }
    const auto* const low = std::get_if<std::int64_t>(&a);
    const auto* const high = std::get_if<std::int64_t>(&b);
    if (found != nullptr || std::ranges::count(kGrowing, field.key) == 0 || low == nullptr || high == nullptr ||
        *high <= *low) {
      return nullptr;
    }
    found = &field;
  }
  return found;
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
    if (const record::Field* const field = grows(smaller.settings, larger.settings)) {
      return fmt::format("{}={} ran out of memory already; --force tries it all the same", field->name,
                         record::to_text(record::get(smaller.settings, *field)));
    }
  }
  return std::nullopt;
}

}  // namespace mia::measure
