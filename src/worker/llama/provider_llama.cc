// SPDX-License-Identifier: MIT
#include "worker/llama/provider_llama.h"

#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "worker/llama/log_facts.h"
#include "worker/llama/probes.h"
#include "worker/llama/settings.h"
#include "worker/llama/tokens.h"

namespace mia::worker {
namespace {
constexpr int kDefaultPoll = 50;

double ms_since(std::int64_t start) {
  return static_cast<double>(steady_ns() - start) / kNsPerMs;
}

// Two pools only where prefill and decode use different numbers of threads; then the one for decode sleeps at first.
void attach_pools(Engine& engine, const llama_context_params& params, int poll, const Pinning& pinning) {
  const bool two = params.n_threads != params.n_threads_batch;
  engine.pool = make_pool(params.n_threads, poll, two, pinning);
  if (two) {
    engine.pool_batch = make_pool(params.n_threads_batch, poll, false, pinning);
  }
  if (engine.pool != nullptr) {
    llama_attach_threadpool(engine.context.get(), engine.pool.get(), engine.pool_batch.get());
  }
}

}  // namespace

proto::Reply LlamaProvider::load(const proto::Load& request) {
  logs_.start_phase();
  settings_ = request.settings;
  const auto setup = model_setup(request.settings.llm);
  if (!setup) {
    return refused(setup.error().text());
  }
  const std::int64_t start = steady_ns();
  ModelPtr model(llama_model_load_from_file(request.model.c_str(), (*setup)->params));
  const double load_ms = ms_since(start);
  if (model == nullptr) {
    return failure_from(logs_, fmt::format("cannot load '{}'", one_line(request.model, 300)));
  }
  if (!llama_model_has_decoder(model.get()) || llama_model_has_encoder(model.get())) {
    return refused("the model is not a decoder alone; only such models are measured");
  }
  load_buffers_ = buffers_in(logs_.lines());
  load_facts_ = facts_in(logs_.lines());
  if (!sees_gpu()) {
    load_facts_.erase("offloaded_layers");  // with the RPC backend the log tells of layers on a GPU that is not there
  }
  if (const auto why = without_effect(request.settings.llm, load_facts_)) {
    return refused(*why);
  }
  model_ = std::move(model);
  return proto::ModelLoaded{load_ms, load_buffers_, load_facts_};
}

Result<std::int64_t> LlamaProvider::needed_context(const proto::MakeContext& request) const {
  if (request.settings.llm.n_ctx) {
    return *request.settings.llm.n_ctx;
  }
  if (request.n_ctx > 0) {
    return request.n_ctx;
  }
  const record::WorkloadSettings& workload = request.settings.workload;
  const std::int64_t output = workload.max_tokens.value_or(0);
  if (workload.input == "tokens" && workload.prompt_tokens) {
    return *workload.prompt_tokens + output;
  }
  if (workload.prompt) {
    MIA_TRY_ASSIGN(const Tokens tokens, tokenize(llama_model_get_vocab(model_.get()), *workload.prompt, true));
    return static_cast<std::int64_t>(tokens.size()) + output;
  }
  return fail(ErrorKind::unsupported, "the request says neither n_ctx nor a workload from which it follows");
}

proto::Reply LlamaProvider::make_context(const proto::MakeContext& request) {
  logs_.start_phase();
  engine_ = {};
  chosen_ = {};
  settings_ = request.settings;
  const auto n_ctx = needed_context(request);
  if (!n_ctx) {
    return refused(n_ctx.error().text());
  }
  const auto params = context_setup(request.settings.llm, *n_ctx);
  if (!params) {
    return refused(params.error().text());
  }
  const auto pinning = pin_process(request.settings.llm);
  if (!pinning) {
    return refused(pinning.error().text());
  }
  const bool pinned = is_pinned_to(pinning->cpus);
  const std::int64_t start = steady_ns();
  Engine engine;
  engine.context.reset(llama_init_from_model(model_.get(), *params));
  if (engine.context == nullptr) {
    return failure_from(logs_, "cannot create the context");
  }
  attach_pools(engine, *params, static_cast<int>(request.settings.llm.poll.value_or(kDefaultPoll)), *pinning);
  proto::ContextReady ready;
  ready.create_ms = ms_since(start);
  engine_ = std::move(engine);
  ready.buffers = buffers_in(logs_.lines());
  ready.facts = facts_in(logs_.lines());
  auto facts = ready.facts;
  facts.insert(load_facts_.begin(), load_facts_.end());
  ready.effective = effective_settings(engine_.context.get(), request.settings.llm, facts, load_buffers_);
  if (request.settings.llm.cpu_mask && pinned) {
    ready.effective.llm.cpu_mask = request.settings.llm.cpu_mask;
  }
  if (request.settings.llm.cpu_strict) {
    ready.effective.llm.cpu_strict = pinning->strict && pinned && engine_.pool != nullptr;
  }
  return ready;
}

proto::Reply LlamaProvider::generate(const proto::Generate& request) {
  proto::Reply reply = worker::generate(engine_.context.get(), request, chosen_, logs_);
  // Another process may be measured before this one is asked again; spinning would disturb it.
  pause(engine_.pool.get());
  pause(engine_.pool_batch.get());
  return reply;
}

proto::Reply LlamaProvider::probe(const proto::Probe& request) {
  logs_.start_phase();
  if (request.what == "bandwidth") {
    return probe_bandwidth(request.arguments);
  }
  if (model_ == nullptr) {
    return refused("no model is loaded; this probe needs one");
  }
  return run_probe(model_.get(), settings_.llm, request, logs_);
}

void LlamaProvider::unload() {
  chosen_ = {};
  engine_ = {};
  model_.reset();
}

}  // namespace mia::worker
