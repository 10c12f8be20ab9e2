// SPDX-License-Identifier: MIT
#include "measure/devices.h"

#include <utility>

#include "base/text.h"
#include "client/worker.h"

namespace mia::measure {

Result<std::vector<record::Device>> devices_now(const Subject& subject) {
  constexpr double kLimitS = 60;
  constexpr std::size_t kMostDevices = 256;
  constexpr std::size_t kMostText = 200;
  client::Worker worker;
  MIA_TRY_ASSIGN(proto::Greeting greeting, worker.open({subject.runtime, subject.env}, kLimitS));
  std::vector<record::Device> devices = std::move(greeting.runtime.devices);
  if (devices.size() > kMostDevices) {
    return fail(ErrorKind::protocol, "runtime {} names {} devices, more than {}", subject.runtime.name, devices.size(),
                kMostDevices);
  }
  for (record::Device& device : devices) {
    for (std::string* const text : {&device.name, &device.description, &device.type, &device.bus_id}) {
      *text = one_line(*text, kMostText);
    }
  }
  return devices;
}

std::optional<std::vector<std::string>> gpu_bus_ids(const std::vector<record::Device>& devices) {
  std::vector<std::string> ids;
  for (const record::Device& device : devices) {
    if (!record::is_gpu(device)) {
      continue;
    }
    if (device.bus_id.empty()) {
      return std::nullopt;
    }
    ids.push_back(device.bus_id);
  }
  return ids;
}

}  // namespace mia::measure
