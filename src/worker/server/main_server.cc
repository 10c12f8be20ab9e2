// SPDX-License-Identifier: MIT
// mia-worker-server: a worker whose work a server program does, started anew for each model that is loaded. With
// --listening it tells which engines listen on this machine, and ends.
#include <cstdio>
#include <string_view>

#include "worker/runtime.h"
#include "worker/server/listening.h"
#include "worker/server/provider_server.h"

namespace {

int report(const mia::Error& error) {
  std::fputs(("mia-worker-server: " + error.text() + "\n").c_str(), stderr);
  return mia::worker::kExitUsage;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace mia::worker;
  if (argc == 2 && std::string_view(argv[1]) == "--listening") {
    std::puts(mia::dump_json(listening()).c_str());
    return 0;
  }
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
