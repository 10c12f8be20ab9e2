// SPDX-License-Identifier: MIT
#include "app/watch_gpus.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "judge/cuda_findings.h"
#include "measure/devices.h"
#include "runtime/cuda.h"

namespace mia::app {
namespace {

using Devices = Result<std::vector<record::Device>>;
using BusIds = std::optional<std::vector<std::string>>;

void add(BusIds& all, const Devices& devices) {
  const BusIds ids = devices ? measure::gpu_bus_ids(*devices) : std::nullopt;
  if (!ids) {
    all.reset();
  } else if (all) {
    std::ranges::copy(*ids, std::back_inserter(*all));
  }
}

}  // namespace

std::vector<record::Finding> watch_gpus(const std::vector<GpuUse>& uses, const record::Machine& machine,
                                        host::GpuMonitor& monitor) {
  std::vector<record::Finding> findings;
  std::map<std::string, Devices> now;
  std::set<std::string> told;
  BusIds bus_ids = std::vector<std::string>();
  for (const GpuUse& use : uses) {
    record::RuntimeInfo& runtime = use.subject->runtime;
    if (runtime.devices.empty() || (machine.gpus.empty() && std::ranges::none_of(runtime.devices, record::is_gpu))) {
      continue;
    }
    auto at = now.find(runtime.name);
    if (at == now.end()) {
      at = now.emplace(runtime.name, measure::devices_now(*use.subject)).first;
      add(bus_ids, at->second);
    }
    if (!at->second) {
      continue;  // a worker that does not start is what the trials will say
    }
    runtime.devices = *at->second;
    if (!use.wanted) {
      continue;
    }
    record::RuntimeCuda cuda = runtime::cuda_of(runtime, use.subject->env);
    cuda.sees_gpu = std::ranges::any_of(runtime.devices, record::is_gpu);
    auto hidden = judge::hidden_gpu(machine, cuda);
    if (hidden && told.insert(runtime.name).second) {
      findings.push_back(std::move(*hidden));
    }
  }
  monitor.watch_only(bus_ids);
  return findings;
}

}  // namespace mia::app
