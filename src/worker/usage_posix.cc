// SPDX-License-Identifier: MIT
#include <sys/resource.h>

#include "worker/usage.h"

namespace mia::worker {

Usage usage_now() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return {usage.ru_minflt, usage.ru_majflt, usage.ru_nvcsw, usage.ru_nivcsw};
}

void add_usage(record::Run& run, const Usage& before, const Usage& after) {
  run.minor_faults = after.minor_faults - before.minor_faults;
  run.major_faults = after.major_faults - before.major_faults;
  run.voluntary_switches = after.voluntary_switches - before.voluntary_switches;
  run.involuntary_switches = after.involuntary_switches - before.involuntary_switches;
}

}  // namespace mia::worker
