// SPDX-License-Identifier: MIT
// What the runtimes of a plan find on this machine now. A runtime's record says what was there when it was added;
// CUDA_VISIBLE_DEVICES, another GPU or a container change that.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "measure/plan.h"
#include "record/machine.h"

namespace mia::measure {

// Starts the subject's worker for a moment; an error where it does not greet.
[[nodiscard]] Result<std::vector<record::Device>> devices_now(const Subject& subject);

// PCI bus ids of the GPUs among them; nullopt where one of them has none.
[[nodiscard]] std::optional<std::vector<std::string>> gpu_bus_ids(const std::vector<record::Device>& devices);

}  // namespace mia::measure
