// SPDX-License-Identifier: MIT
// mia-worker-server: a worker whose work a server does: a program, started anew for each model that is loaded, or one
// that runs already. With --listening it tells which engines listen on this machine, with --recognise what the server
// that runs is, and ends.
#include <cstdio>
#include <string_view>

#include <nlohmann/json.hpp>

#include "worker/runtime.h"
#include "worker/server/api.h"
#include "worker/server/listening.h"
#include "worker/server/provider_server.h"

namespace {

using namespace mia::worker;

int report(const mia::Error& error) {
  std::fputs(("mia-worker-server: " + error.text() + "\n").c_str(), stderr);
  return kExitUsage;
}

int print_recognised(const ServerProgram& program) {
  constexpr double kPatienceS = 5;
  Http http(program.path, program.key, -1, [] {});
  http.limit(kPatienceS);
  const auto told = recognise(http, program.api);
  if (!told) {
    return report({told.error().kind, program.hidden(told.error().message), told.error().hint});
  }
  std::puts(program.hidden(mia::dump_json(*told)).c_str());
  return kExitOk;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view wanted = argc == 2 ? argv[1] : "";
  if (wanted == "--listening") {
    std::puts(mia::dump_json(listening()).c_str());
    return kExitOk;
  }
  prepare_process();
  const auto program = ServerProgram::from_environment();
  if (!program) {
    return report(program.error());
  }
  if (wanted == "--recognise") {
    return print_recognised(*program);
  }
  const auto channel = channel_from_environment();
  if (!channel) {
    return report(channel.error());
  }
  auto provider = program->runs() ? make_attached_provider(*program)
                                  : mia::Result<std::unique_ptr<Provider>>(make_server_provider(*program));
  return provider ? serve(**provider, *channel) : report(provider.error());
}
