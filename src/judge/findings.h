// SPDX-License-Identifier: MIT
// Named facts that stand in a report whatever its scenario: failures, noise, drift, settings that make no sense.
// Internal to the room.
#pragma once

#include <map>
#include <string>

#include "record/report.h"

namespace mia::judge {

void add_finding(record::Report& report, std::string id, record::Severity severity, std::string text,
                 std::map<std::string, std::string> evidence);

// Of all cells and trials.
void find_facts(record::Report& report);

// Do both models of the report cut text into the same tokens? Unknown counts as yes.
[[nodiscard]] bool same_tokenizer(const record::Report& report, std::string_view a, std::string_view b);

// n_threads=auto gave this cell more threads than there are cores.
[[nodiscard]] bool oversubscribed(const record::Report& report, const record::CellReport& cell);
[[nodiscard]] std::int64_t cores_of(const record::Report& report);

}  // namespace mia::judge
