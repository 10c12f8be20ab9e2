// SPDX-License-Identifier: MIT
// Reports by the names that people give them: a file, or a session of the store.
#pragma once

#include <string>

#include "app/scope.h"
#include "base/result.h"
#include "record/report.h"
#include "report/json.h"
#include "store/store.h"

namespace mia::app {

// `path` "": the default one.
[[nodiscard]] Result<store::Store> open_store(const std::string& path);
[[nodiscard]] Result<store::Store> open_store(const Scope& scope);

// Of the trials: all that is known, or for text and Markdown what their sentences say of them.
enum class Trials { whole, conditions };

// A file where `what` looks like one, else a session's id, a prefix of one, or "last". `allow_edited`: also a file that
// was changed by hand.
[[nodiscard]] Result<record::Report> find_report(const Scope& scope, const std::string& what, bool allow_edited,
                                                 Trials trials = Trials::whole);
// The same among reports and comparisons; "last" is the later of both, of one second the comparison.
[[nodiscard]] Result<report::Found> find_result(const Scope& scope, const std::string& what, bool allow_edited,
                                                Trials trials);

// Only of the store.
[[nodiscard]] Result<report::Found> find_stored(store::Store& store, const std::string& what,
                                                Trials trials = Trials::whole);

}  // namespace mia::app
