// SPDX-License-Identifier: MIT
// mia-worker-server: a worker whose work a server program does, started anew for each model that is loaded.
#include <cstdio>

#include "worker/runtime.h"
#include "worker/server/provider_server.h"

namespace {

int report(const mia::Error& error) {
  std::fputs(("mia-worker-server: " + error.text() + "\n").c_str(), stderr);
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
  const auto program = ServerProgram::from_environment();
  if (!program) {
    return report(program.error());
  }
  const auto provider = make_server_provider(*program);
  return serve(*provider, *channel);
}
