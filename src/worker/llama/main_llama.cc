// SPDX-License-Identifier: MIT
// mia-worker-llama: compiled once per runtime, against that runtime's headers and libraries.
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "worker/llama/provider_llama.h"
#include "worker/runtime.h"

namespace {

int report(const std::string& text) {
  std::fputs(("mia-worker-llama: " + text + "\n").c_str(), stderr);
  return mia::worker::kExitUsage;
}

}  // namespace

int main() {
  using namespace mia::worker;
  prepare_process();
  // A failed assertion in ggml shall kill this process at once, not call a debugger first.
  ::setenv("GGML_NO_BACKTRACE", "1", 1);
  try {
    const auto channel = channel_from_environment();
    if (!channel) {
      return report(channel.error().text());
    }
    LogBook logs;
    if (const mia::Status status = LlamaProvider::prepare(logs); !status) {
      return report(status.error().text());
    }
    LlamaProvider provider(logs);
    return serve(provider, *channel);
  } catch (const std::exception& error) {
    return report(error.what());
  }
}
