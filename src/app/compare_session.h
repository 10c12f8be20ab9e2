// SPDX-License-Identifier: MIT
// A comparison from two arms to a verdict, a report file and the history: measure::PairRunner and judge::PairedTest
// around one machine.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/observer.h"
#include "app/setup.h"
#include "base/result.h"
#include "judge/paired_test.h"
#include "measure/pairs.h"
#include "record/comparison.h"
#include "record/machine.h"

namespace mia::app {

struct CompareRequest {
  measure::ArmSpec a;
  measure::ArmSpec b;
  judge::PairedOptions options;
  record::Machine machine;
  std::filesystem::path out;  // folder of the report; must be writable
  std::string stem = "compare";
  std::string store;  // path; "" = the default one
  bool use_store = true;
  std::optional<double> budget_s;  // no epoch begins that would end after it; see longest_s()
  Turn turn{.verb = "compare"};
  bool all_epochs = false;  // go on to the last epoch though the verdict stands: for recording
  bool alternate = false;   // one process at a time even where memory holds both
};

struct CompareEnd {
  record::Comparison comparison;
  bool interrupted = false;
  std::filesystem::path file;  // empty where there was nothing to write
  std::optional<Error> file_error;
  std::optional<Error> store_error;  // the comparison is in the file all the same
};

[[nodiscard]] Result<CompareEnd> carry_out(CompareRequest request, Observer& observer);

}  // namespace mia::app
