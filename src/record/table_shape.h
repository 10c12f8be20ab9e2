// SPDX-License-Identifier: MIT
// The seed's table that a scenario's cells are shown in: `table:` of its YAML, docs/results-format.md.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace mia::record {

enum class TableShape { plain, tuning, gpu, long_context, latency, quant };

[[nodiscard]] std::string_view name_of(TableShape shape);  // "long-context"
[[nodiscard]] std::optional<TableShape> find_table_shape(std::string_view name);
[[nodiscard]] std::span<const std::string_view> table_shape_names();

}  // namespace mia::record
