// SPDX-License-Identifier: MIT
// mia-worker-fake: a real process that speaks the protocol and does what its script says.
#include <cstdio>

#include "worker/fake_faults.h"
#include "worker/provider_fake.h"
#include "worker/runtime.h"

namespace {

int report(const mia::Error& error) {
  std::fputs(("mia-worker-fake: " + error.text() + "\n").c_str(), stderr);
  return mia::worker::kExitUsage;
}

}  // namespace

int main() {
  using namespace mia::worker;
  prepare_process();
  const auto channel = channel_from_environment();
  if (!channel) {
    return report(channel.error());
  }
  const auto script = Script::from_environment();
  if (!script) {
    return report(script.error());
  }
  Faults faults(*script, channel->out);
  (void)faults.at(mia::record::Phase::spawn, 0, nullptr);
  const auto provider = make_fake_provider(*script);
  return serve(*provider, *channel,
               [&](auto phase, auto id, const auto* request) { return faults.at(phase, id, request); });
}
