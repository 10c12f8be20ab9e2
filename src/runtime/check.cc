// SPDX-License-Identifier: MIT
#include "runtime/check.h"

#include <algorithm>
#include <cstdlib>

#include "base/clock.h"
#include "base/text.h"
#include "client/worker.h"
#include "runtime/registry.h"
#include "runtime/server.h"

namespace mia::runtime {
namespace {

constexpr std::int64_t kTokens = 4;
constexpr std::int64_t kPromptTokens = 8;
constexpr std::int64_t kContext = 64;

using Lines = std::vector<CheckLine>;

void add(Lines& lines, std::string what, const Status& status, std::string text) {
  lines.push_back({std::move(what), status.has_value(), status ? std::move(text) : status.error().text()});
}

Status require(bool holds, const std::string& otherwise) {
  return holds ? Status{} : fail(ErrorKind::unsupported, "{}", otherwise);
}

// What says so when the GPU of the record is not seen any more, and trials would run on the CPU; "" when it is.
std::string lost_gpu(const record::RuntimeInfo& runtime, const record::RuntimeInfo& now) {
  const auto was = std::ranges::find_if(runtime.devices, record::is_gpu);
  if (was == runtime.devices.end() || std::ranges::any_of(now.devices, record::is_gpu)) {
    return {};
  }
  const char* const visible = std::getenv("CUDA_VISIBLE_DEVICES");
  return fmt::format("it saw {} when it was added and sees no GPU now: trials would run on the CPU; {}", was->name,
                     visible == nullptr ? std::string("is the driver still there? mia-perf doctor looks")
                                        : fmt::format("CUDA_VISIBLE_DEVICES is '{}'", one_line(visible, 80)));
}

void check_identity(Lines& lines, const record::RuntimeInfo& runtime, const record::RuntimeInfo& now) {
  const std::string found = fmt::format("llama.cpp {} ({})", now.version, now.commit.empty() ? "-" : now.commit);
  const bool is_same = now.version == runtime.version && now.commit == runtime.commit;
  add(lines, "version",
      require(is_same,
              fmt::format(
                  "{} was recorded, but the worker says {}; add the runtime again so that its worker is compiled anew",
                  runtime.version, found)),
      found);
  std::vector<std::string> devices;
  for (const record::Device& device : now.devices) {
    devices.push_back(device.description.empty() ? device.name
                                                 : fmt::format("{} ({})", device.name, trim(device.description)));
  }
  const std::string seen = join(devices, ", ");
  std::string missing = devices.empty() ? "the worker sees none, not even the CPU" : lost_gpu(runtime, now);
  add(lines, "devices", require(missing.empty(), missing), seen);
}

Result<double> tiny_decode_ms(client::Worker& worker, const std::filesystem::path& model) {
  record::Settings settings;
  settings.workload.input = "tokens";
  settings.llm.n_threads = 1;
  MIA_TRY(worker.need(worker.load({model.string(), settings}, client::kAnswerLimitS)));
  MIA_TRY(worker.need(worker.make_context({settings, kContext}, client::kAnswerLimitS)));
  proto::Generate generate;
  generate.settings = settings;
  generate.max_tokens = kTokens;
  generate.prompt_tokens = kPromptTokens;
  MIA_TRY_ASSIGN(const proto::Generated done, worker.need(worker.generate(generate, client::kAnswerLimitS)));
  const std::vector<std::int64_t>& stamps = done.run.token_ns;
  if (stamps.size() != static_cast<std::size_t>(kTokens)) {
    return fail(ErrorKind::worker, "{} tokens came out instead of {}", stamps.size(), kTokens);
  }
  return static_cast<double>(stamps.back()) / kNsPerMs;
}

}  // namespace

Result<Lines> check(std::string_view name, const std::filesystem::path& model) {
  MIA_TRY_ASSIGN(const record::RuntimeInfo runtime, find(name));
  Lines lines;
  if (!runtime.own_process) {
    add(lines, "server", still_answers(runtime), runtime.program);
    return lines;
  }
  add(lines, "libraries", verify_unchanged(runtime),
      runtime.prefix.empty() ? "none" : library_dir(runtime.prefix).string());
  const std::int64_t begin = steady_ns();
  client::Worker worker;
  const auto greeting = worker.open({runtime, worker_environment(runtime)}, client::kAnswerLimitS);
  add(lines, "worker", greeting ? Status{} : greeting.failure(),
      fmt::format("greets after {:.0f} ms, protocol {}", static_cast<double>(steady_ns() - begin) / kNsPerMs,
                  proto::kVersion));
  if (!greeting) {
    return lines;
  }
  check_identity(lines, runtime, greeting->runtime);
  if (!model.empty()) {
    const auto milliseconds = tiny_decode_ms(worker, model);
    add(lines, "decode", milliseconds ? Status{} : milliseconds.failure(),
        milliseconds ? fmt::format("{} tokens in {:.0f} ms with 1 thread", kTokens, *milliseconds) : "");
  }
  return lines;
}

}  // namespace mia::runtime
