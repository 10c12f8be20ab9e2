// SPDX-License-Identifier: MIT
// The schema as a list of migrations. Internal to the store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include <soci/session.h>

#include "base/result.h"

namespace mia::store {

// Statements that lead from the schema before to this one. A released migration is never edited; a change of the
// schema is a new one at the end, with a fixture of the old schema in tests/unit/store.
using Migration = std::span<const std::string_view>;

// Element i leads from version i to i + 1.
[[nodiscard]] std::span<const Migration> migrations();
// "mia1": tells our files from other SQLite databases.
inline constexpr std::int64_t kApplicationId = 0x6d696131;

// Refuses a database of another program and a newer version. Throws soci_error.
[[nodiscard]] Status check_identity(soci::session& sql, const std::filesystem::path& path, std::size_t known);

// Brings the database to version `steps.size()`, each step a transaction of its own that also sets user_version; two
// processes may try at once. Throws soci_error.
void migrate(soci::session& sql, std::span<const Migration> steps);

}  // namespace mia::store
