// SPDX-License-Identifier: MIT
// Settings as other programs take them.
#pragma once

#include <string>
#include <vector>

#include "record/machine.h"
#include "record/settings.h"

namespace mia::report {

// Of llama-server, llama-cli and llama-cpp-python, in this order: the file, the context and what is set otherwise than
// those programs do by themselves. Texts are quoted for a shell, or as Python does.
[[nodiscard]] std::vector<std::string> launch_commands(const record::Settings& settings,
                                                       const record::ModelInfo& model);

}  // namespace mia::report
