// SPDX-License-Identifier: MIT
#include "record/table_shape.h"

#include <algorithm>
#include <array>

namespace mia::record {
namespace {

constexpr auto kNames = std::to_array<std::string_view>({"plain", "tuning", "gpu", "long-context", "latency", "quant"});

}  // namespace

std::string_view name_of(TableShape shape) {
  return kNames[static_cast<std::size_t>(shape)];
}

std::optional<TableShape> find_table_shape(std::string_view name) {
  const auto* const at = std::ranges::find(kNames, name);
  return at == kNames.end() ? std::nullopt : std::optional(static_cast<TableShape>(at - kNames.begin()));
}

std::span<const std::string_view> table_shape_names() {
  return kNames;
}

}  // namespace mia::record
