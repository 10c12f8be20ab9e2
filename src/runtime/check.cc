// SPDX-License-Identifier: MIT
#include "runtime/check.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/text.h"
#include "proc/child.h"
#include "proto/message.h"
#include "runtime/registry.h"

namespace mia::runtime {
namespace {

constexpr double kLimit = 120;  // seconds for each answer
constexpr std::int64_t kTokens = 4;

// A reply of type T, or why there is none.
template <class T>
Result<T> receive(proc::Child& child, std::int64_t id) {
  const proc::ReadResult line = child.read_line(kLimit);
  if (line.status != proc::ReadStatus::line) {
    return fail(ErrorKind::worker, "no answer: {}", printable(child.log_tail(), 500));
  }
  MIA_TRY_ASSIGN(proto::IncomingReply reply, proto::decode_reply(line.line));
  if (const auto* const failed = std::get_if<proto::Failed>(&reply.reply)) {
    return fail(ErrorKind::worker, "{}", record::describe(failed->outcome));
  }
  auto* const value = std::get_if<T>(&reply.reply);
  if (value == nullptr || reply.id != id) {
    return fail(ErrorKind::protocol, "an answer to another request");
  }
  return std::move(*value);
}

template <class T>
Result<T> ask(proc::Child& child, std::int64_t id, const proto::Request& request) {
  MIA_TRY(child.send_line(proto::encode(id, request), kLimit));
  return receive<T>(child, id);
}

Result<double> tiny_decode(proc::Child& child, const std::filesystem::path& model) {
  record::Settings settings = record::Settings{};
  settings.workload.input = "tokens";
  settings.llm.n_threads = 1;
  MIA_TRY(ask<proto::ModelLoaded>(child, 1, proto::Load{model.string(), settings}));
  MIA_TRY(ask<proto::ContextReady>(child, 2, proto::MakeContext{settings, 64}));
  proto::Generate generate;
  generate.settings = settings;
  generate.max_tokens = kTokens;
  generate.prompt_tokens = 8;
  MIA_TRY_ASSIGN(const proto::Generated done, ask<proto::Generated>(child, 3, generate));
  if (done.run.tokens_out != kTokens) {
    return fail(ErrorKind::worker, "{} tokens came out instead of {}", done.run.tokens_out, kTokens);
  }
  return static_cast<double>(done.run.token_ns.back()) / 1e6;
}

class Checker {
 public:
  void add(std::string what, const Status& status, std::string text) {
    lines_.push_back({std::move(what), status.has_value(), status ? std::move(text) : status.error().text()});
  }
  [[nodiscard]] std::vector<CheckLine> take() { return std::move(lines_); }

  void check_worker(const record::RuntimeInfo& info, const std::filesystem::path& model) {
    proc::SpawnSpec spec;
    spec.argv = {info.worker};
    spec.env = worker_environment(info);
    const std::int64_t began = steady_ns();
    const auto child = proc::Child::spawn(spec);
    if (!child) {
      add("worker", child.failure(), "");
      return;
    }
    const auto greeting = receive<proto::Greeting>(**child, 0);
    const double ms = static_cast<double>(steady_ns() - began) / 1e6;
    if (!greeting) {
      add("worker", greeting.failure(), "");
      return;
    }
    add("worker", {}, fmt::format("greets after {:.0f} ms", ms));
    add("protocol",
        same(greeting->protocol == proto::kVersion, "the worker speaks another protocol; add the runtime anew"),
        fmt::format("version {}", proto::kVersion));
    const record::RuntimeInfo& now = greeting->runtime;
    add("version", same(now.version == info.version && now.commit == info.commit, "not the version that was added"),
        fmt::format("llama.cpp {} ({})", now.version, now.commit));
    std::vector<std::string> devices;
    for (const record::Device& device : now.devices) {
      devices.push_back(device.name);
    }
    add("devices", same(!devices.empty(), "none"), join(devices, ", "));
    if (!model.empty()) {
      const auto decode = tiny_decode(**child, model);
      add("decode", decode ? Status() : Status(decode.failure()),
          decode ? fmt::format("{} tokens in {:.0f} ms", kTokens, *decode) : "");
    }
  }

 private:
  static Status same(bool ok, std::string_view otherwise) {
    return ok ? Status() : Status(fail(ErrorKind::worker, "{}", otherwise));
  }
  std::vector<CheckLine> lines_;
};

}  // namespace

Result<std::vector<CheckLine>> check(std::string_view name, const std::filesystem::path& model) {
  MIA_TRY_ASSIGN(const record::RuntimeInfo info, find(name));
  Checker checker;
  checker.add("libraries", verify_unchanged(info), info.prefix.empty() ? "scripted" : info.prefix);
  checker.check_worker(info, model);
  return checker.take();
}

}  // namespace mia::runtime
