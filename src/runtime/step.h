// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "proc/command.h"
#include "runtime/install.h"

namespace mia::runtime {

// What a line of build output tells a person: "[12/345] ggml-cpu.c"; "" for noise.
[[nodiscard]] std::string meaningful(std::string_view line);

// Runs a command as one step of an installation: what it does, for how long and its last meaningful line go to
// `progress` every few seconds, its whole output is added to the file `log`. A failure (kind worker) ends with the
// log's tail and its place.
[[nodiscard]] Status run_step(const std::string& what, proc::CommandSpec command, const std::filesystem::path& log,
                              const Progress& progress);

}  // namespace mia::runtime
