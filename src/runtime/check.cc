// SPDX-License-Identifier: MIT
#include "runtime/check.h"

#include "base/clock.h"
#include "base/text.h"
#include "runtime/registry.h"
#include "runtime/worker.h"

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

void check_identity(Lines& lines, const record::RuntimeInfo& runtime, const proto::Greeting& greeting) {
  const std::string again = "; add the runtime again so that its worker is compiled anew";
  add(lines, "protocol",
      require(greeting.protocol == proto::kVersion, fmt::format("the worker speaks version {}, this program {}{}",
                                                                greeting.protocol, proto::kVersion, again)),
      fmt::format("version {}", proto::kVersion));
  const record::RuntimeInfo& now = greeting.runtime;
  const std::string found = fmt::format("llama.cpp {} ({})", now.version, now.commit.empty() ? "-" : now.commit);
  const bool is_same = runtime.provider == "fake" || (now.version == runtime.version && now.commit == runtime.commit);
  add(lines, "version",
      require(is_same, fmt::format("{} was recorded, but the worker says {}{}", runtime.version, found, again)), found);
  std::vector<std::string> devices;
  for (const record::Device& device : now.devices) {
    devices.push_back(device.description.empty() ? device.name
                                                 : fmt::format("{} ({})", device.name, trim(device.description)));
  }
  add(lines, "devices", require(!devices.empty(), "the worker sees none, not even the CPU"), join(devices, ", "));
}

Result<double> tiny_decode_ms(WorkerTalk& talk, const std::filesystem::path& model) {
  record::Settings settings;
  settings.workload.input = "tokens";
  settings.llm.n_threads = 1;
  MIA_TRY(talk.ask<proto::ModelLoaded>(proto::Load{model.string(), settings}));
  MIA_TRY(talk.ask<proto::ContextReady>(proto::MakeContext{settings, kContext}));
  proto::Generate generate;
  generate.settings = settings;
  generate.max_tokens = kTokens;
  generate.prompt_tokens = kPromptTokens;
  MIA_TRY_ASSIGN(const proto::Generated done, talk.ask<proto::Generated>(generate));
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
  add(lines, "libraries", verify_unchanged(runtime),
      runtime.prefix.empty() ? "none" : library_dir(runtime.prefix).string());
  const std::int64_t begin = steady_ns();
  auto talk = WorkerTalk::start(runtime);
  add(lines, "worker", talk ? Status{} : talk.failure(),
      fmt::format("greets after {:.0f} ms", static_cast<double>(steady_ns() - begin) / kNsPerMs));
  if (!talk) {
    return lines;
  }
  check_identity(lines, runtime, talk->greeting());
  if (!model.empty() && talk->greeting().protocol == proto::kVersion) {
    const auto milliseconds = tiny_decode_ms(*talk, model);
    add(lines, "decode", milliseconds ? Status{} : milliseconds.failure(),
        milliseconds ? fmt::format("{} tokens in {:.0f} ms with 1 thread", kTokens, *milliseconds) : "");
  }
  return lines;
}

}  // namespace mia::runtime
