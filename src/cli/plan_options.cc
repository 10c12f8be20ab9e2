// SPDX-License-Identifier: MIT
#include "cli/plan_options.h"

#include <charconv>
#include <cstdint>
#include <limits>
#include <system_error>

#include <CLI/CLI.hpp>

#include "base/text.h"

namespace mia::cli {

void add_plan_options(CLI::App& verb, app::PlanRequest& request) {
  verb.add_option("-m,--model", request.models,
                  "catalogue id, GGUF file or a name of mia-perf find; several make an axis");
  verb.add_option("--runtime", request.runtimes, "installed runtime; several make an axis");
  verb.add_option("--axis", request.axes, "vary a parameter: key=value,value");
  verb.add_option("--only", request.only, "only cells whose name contains this; several mean or");
  verb.add_option("--repeats", request.repeats, "trials of each cell");
}

std::string seed_problem(const std::string& text) {
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  return error == std::errc() && end == text.data() + text.size()
             ? ""
             : fmt::format("'{}' is no seed: a whole number from 0 to 18446744073709551615", printable(text, 40));
}

Result<double> budget_of(const std::string& budget) {
  MIA_TRY_ASSIGN(const double seconds, context(parse_duration(budget), "--budget"));
  if (seconds <= 0) {
    return fail(ErrorKind::usage, "--budget {}: nothing can be measured in no time", one_line(budget, 40));
  }
  return seconds;
}

void add_wait_option(CLI::App& verb, std::string& wait) {
  verb.add_flag("--wait{forever}", wait, "wait while another mia-perf measures here; --wait=20m: no longer than that");
}

Result<double> wait_of(const std::string& wait) {
  if (wait == "forever") {
    return std::numeric_limits<double>::infinity();
  }
  return wait.empty() ? Result<double>(0) : context(parse_duration(wait), "--wait");
}

}  // namespace mia::cli
