// SPDX-License-Identifier: MIT
// A server that runs already: asked by its API, left as it is.
#include <utility>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/text.h"
#include "record/fields.h"
#include "worker/server/api.h"
#include "worker/server/provider_server.h"

namespace mia::worker {
namespace {

class AttachedProvider : public Provider {
 public:
  AttachedProvider(ServerProgram program, std::unique_ptr<Api> api)
      : program_(std::move(program)), api_(std::move(api)) {}

  record::RuntimeInfo identity() override {
    record::RuntimeInfo runtime;
    runtime.provider = program_.api;
    runtime.version = program_.version;
    runtime.own_process = false;
    api_->describe(runtime);
    return runtime;
  }

  proto::Reply load(const proto::Load& request) override {
    if (const record::Field* const field = record::not_taken(identity(), request.settings)) {
      return refused(fmt::format("{} = {}: this server, which runs already, does not take it", field->name,
                                 record::to_text(record::get(request.settings, *field))));
    }
    http_ = std::make_unique<Http>(program_.path, program_.key, -1, [] {});
    const auto version = api_->recognise(*http_);
    if (!version) {
      return failure(version.error());
    }
    if (const std::string now = program_.hidden(*version); now != program_.version) {
      return refused(fmt::format("the server is '{}' now and was '{}' when it was added: add it again with --force",
                                 one_line(now, 80), one_line(program_.version, 80)));
    }
    const auto ms = api_->load(*http_, request);
    return ms ? proto::Reply(proto::ModelLoaded{*ms, {}, {}}) : failure(ms.error());
  }

  proto::Reply make_context(const proto::MakeContext& request) override {
    const std::int64_t start = steady_ns();
    const auto effective = api_->context(*http_, request);
    if (!effective) {
      return failure(effective.error());
    }
    proto::ContextReady ready;
    ready.effective.llm = *effective;
    ready.create_ms = static_cast<double>(steady_ns() - start) / kNsPerMs;
    return ready;
  }

  proto::Reply generate(const proto::Generate& request) override {
    auto run = ask(*api_, *http_, request);
    if (!run) {
      return failure(run.error());
    }
    if (run->text) {
      run->text = program_.hidden(*run->text);
    }
    return proto::Generated{std::move(*run)};
  }

  proto::Reply probe(const proto::Probe& request) override {
    if (http_ == nullptr) {
      return refused("no model is loaded; this probe needs one");
    }
    auto told = api_->probe(*http_, request);
    return told ? proto::Reply(proto::Probed{std::move(*told)}) : failure(told.error());
  }

  void unload() override { http_.reset(); }

 private:
  [[nodiscard]] proto::Reply failure(const Error& error) const {
    return reply_to({error.kind, program_.hidden(error.message), error.hint});
  }

  ServerProgram program_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<Http> http_;
};

}  // namespace

proto::Reply reply_to(const Error& error) {
  switch (error.kind) {
    case ErrorKind::usage:
      return refused(error.text());
    case ErrorKind::unsupported:
      return refused("the server refuses: " + error.text());
    case ErrorKind::not_found:
      return refused("nobody answers: " + error.text());
    default: {
      proto::Failed reply = failed(record::OutcomeKind::invalid, "");
      reply.outcome.checks = {error.text()};
      return reply;
    }
  }
}

Result<std::unique_ptr<Provider>> make_attached_provider(const ServerProgram& program) {
  std::unique_ptr<Api> api = make_api(program.api);
  if (api == nullptr) {
    return fail(ErrorKind::usage, "MIA_SERVER_TOLD names no API that is known: '{}'", one_line(program.api, 80));
  }
  return std::unique_ptr<Provider>(std::make_unique<AttachedProvider>(program, std::move(api)));
}

}  // namespace mia::worker
