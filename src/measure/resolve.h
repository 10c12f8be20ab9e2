// SPDX-License-Identifier: MIT
// Cells that ask for different things may get the same: n_threads=auto and n_threads=4. They are measured once and
// shown under each name.
#pragma once

#include "measure/plan.h"
#include "measure/trial.h"

namespace mia::measure {

// Asks a worker what each cell's settings become (a context is created, nothing is computed) and merges cells that
// become equal. Where a worker cannot tell, cells stay apart. Gives the number of cells that were merged away.
std::size_t merge_equal_cells(Plan& plan, Bench& bench);

// A setting as it will be: what the runtime reported, else what was asked for.
[[nodiscard]] record::Settings known_settings(const record::Settings& requested, const record::Settings& effective);

}  // namespace mia::measure
