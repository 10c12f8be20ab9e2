// SPDX-License-Identifier: MIT
#include "cli/watch_gpus.h"

#include <algorithm>
#include <map>
#include <string>

#include "measure/devices.h"
#include "runtime/cuda.h"

namespace mia::cli {

std::vector<record::Finding> watch_gpus(const std::vector<measure::Subject*>& subjects, const record::Machine& machine,
                                        host::GpuMonitor& monitor) {
  std::vector<record::Finding> findings;
  std::map<std::string, Result<std::vector<record::Device>>> now;
  std::vector<std::string> bus_ids;
  for (measure::Subject* const subject : subjects) {
    record::RuntimeInfo& runtime = subject->runtime;
    if (runtime.provider == "fake" ||
        (machine.gpus.empty() && std::ranges::none_of(runtime.devices, measure::is_gpu))) {
      continue;
    }
    auto at = now.find(runtime.name);
    if (at == now.end()) {
      at = now.emplace(runtime.name, measure::devices_now(*subject)).first;
      if (at->second) {
        std::ranges::copy(measure::gpu_bus_ids(*at->second), std::back_inserter(bus_ids));
        const bool sees_gpu = std::ranges::any_of(*at->second, measure::is_gpu);
        if (auto hidden = runtime::hidden_gpu(machine, runtime, sees_gpu)) {
          findings.push_back(std::move(*hidden));
        }
      }
    }
    if (at->second) {  // a worker that does not start is what the trials will say
      runtime.devices = *at->second;
    }
  }
  monitor.watch_only(bus_ids);
  return findings;
}

}  // namespace mia::cli
