// SPDX-License-Identifier: MIT
#include "measure/devices.h"

#include "measure/worker.h"

namespace mia::measure {

Result<std::vector<record::Device>> devices_now(const Subject& subject) {
  constexpr double kLimitS = 60;
  Worker worker;
  MIA_TRY_ASSIGN(const auto greeting, worker.start({subject.runtime, subject.env}, kLimitS));
  if (!greeting.ok()) {
    return fail(ErrorKind::worker, "{}", record::describe(greeting.outcome));
  }
  return greeting.value->runtime.devices;
}

bool is_gpu(const record::Device& device) {
  return device.type == "gpu" || device.type == "igpu";
}

std::vector<std::string> gpu_bus_ids(const std::vector<record::Device>& devices) {
  std::vector<std::string> ids;
  for (const record::Device& device : devices) {
    if (is_gpu(device) && !device.bus_id.empty()) {
      ids.push_back(device.bus_id);
    }
  }
  return ids;
}

}  // namespace mia::measure
