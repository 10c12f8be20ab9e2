// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>

#include "measure/plan.h"

namespace mia::measure {

// Why a cell need not be tried: a cell that ran out of memory differs from it only along an axis on which memory grows
// (n_ctx, n_batch, n_ubatch, n_gpu_layers), and this one lies further out. nullopt: try it.
[[nodiscard]] std::optional<std::string> larger_than_failed(const Plan& plan, std::size_t cell,
                                                            const std::set<std::size_t>& out_of_memory);

}  // namespace mia::measure
