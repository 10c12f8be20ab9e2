// SPDX-License-Identifier: MIT
#include "worker/session.h"

#include <exception>
#include <new>
#include <utility>

#include "worker/steady.h"

namespace mia::worker {

proto::Reply Session::greet() {
  proto::Greeting greeting;
  greeting.runtime = provider_.identity();
  return greeting;
}

proto::Reply Session::answer(const proto::Request& request) {
  proto::Reply reply;
  try {
    reply = dispatch(request);
  } catch (const std::bad_alloc&) {
    reply = out_of_memory("the worker could not allocate memory");
  } catch (const std::exception& error) {
    reply = refused(error.what());
  }
  if (auto* const failure = std::get_if<proto::Failed>(&reply); failure != nullptr && !failure->outcome.phase) {
    failure->outcome.phase = proto::phase_of(request);
  }
  return reply;
}

proto::Reply Session::dispatch(const proto::Request& request) {
  struct Visitor {
    Session& self;
    proto::Reply operator()(const proto::Load& load) const { return self.load(load); }
    proto::Reply operator()(const proto::MakeContext& make) const { return self.make_context(make); }
    proto::Reply operator()(const proto::Generate& generate) const { return self.generate(generate); }
    proto::Reply operator()(const proto::WarmUp& warm_up) const { return self.warm_up(warm_up); }
    proto::Reply operator()(const proto::Probe& probe) const { return self.provider_.probe(probe); }
    proto::Reply operator()(const proto::Unload&) const {
      self.has_model_ = false;
      self.has_context_ = false;
      self.provider_.unload();
      return proto::Unloaded{};
    }
    proto::Reply operator()(const proto::Shutdown&) const { return proto::Bye{}; }
  };
  return std::visit(Visitor{*this}, request);
}

proto::Reply Session::load(const proto::Load& request) {
  if (has_model_) {
    return refused("a model is loaded already; unload it first");
  }
  proto::Reply reply = provider_.load(request);
  has_model_ = std::holds_alternative<proto::ModelLoaded>(reply);
  return reply;
}

proto::Reply Session::make_context(const proto::MakeContext& request) {
  if (!has_model_) {
    return refused("no model is loaded; a context needs one");
  }
  has_context_ = false;
  proto::Reply reply = provider_.make_context(request);
  has_context_ = std::holds_alternative<proto::ContextReady>(reply);
  return reply;
}

proto::Reply Session::generate(const proto::Generate& request) {
  if (!has_context_) {
    return refused("there is no context; a run needs one");
  }
  return provider_.generate(request);
}

proto::Reply Session::warm_up(const proto::WarmUp& request) {
  proto::WarmedUp warmed;
  do {
    proto::Reply reply = generate(request.generate);
    auto* const generated = std::get_if<proto::Generated>(&reply);
    if (generated == nullptr) {
      return reply;
    }
    generated->run.warm_up = true;
    generated->run.text.reset();
    warmed.runs.push_back(std::move(generated->run));
  } while (!warm_up_done(warmed.runs, request.max_runs));
  warmed.steady = is_steady(warmed.runs);
  return warmed;
}

}  // namespace mia::worker
