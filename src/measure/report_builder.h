// SPDX-License-Identifier: MIT
// From a plan and its trials to a report without judgement: medians, intervals, histograms, limits of the machine.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>

#include "measure/plan.h"
#include "measure/roofline.h"
#include "record/report.h"

namespace mia::measure {

struct ReportContext {
  std::string session;
  std::string started;
  std::string tool_version;
  std::optional<double> wall_s;  // of this invocation so far; nullopt: the trials are not all its own
  record::Machine machine;
  std::optional<double> memory_gb_s;              // read bandwidth, saturated; nullopt: no roofline
  std::map<std::string, DeviceBandwidth> device;  // by runtime name; none: no GPU, or it could not be measured
  std::map<std::string, double> cold_read_b_s;    // by model path: reading the file from the disk
  std::map<std::string, double> cached_read_b_s;  // from the page cache
};

// Valid after any number of trials; `complete` says that no more will come.
[[nodiscard]] record::Report build_report(const Plan& plan, std::span<const record::Trial> trials,
                                          const ReportContext& context, bool complete);

}  // namespace mia::measure
