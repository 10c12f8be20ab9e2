// SPDX-License-Identifier: MIT
#include "cli/plan_options.h"

#include <CLI/CLI.hpp>

namespace mia::cli {

void add_plan_options(CLI::App& verb, app::PlanRequest& request) {
  verb.add_option("-m,--model", request.models, "catalogue id or GGUF file; several make an axis");
  verb.add_option("--runtime", request.runtimes, "installed runtime; several make an axis");
  verb.add_option("--axis", request.axes, "vary a parameter: key=value,value");
  verb.add_option("--only", request.only, "only cells whose name contains this");
  verb.add_option("--repeats", request.repeats, "trials of each cell");
}

}  // namespace mia::cli
