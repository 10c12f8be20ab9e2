// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "proto/message.h"
#include "record/machine.h"

namespace mia::worker {

// What does the work behind the protocol: a llama.cpp, or a script. The session calls it in order (a model before a
// context before a run), one call at a time; std::bad_alloc becomes out_of_memory, any other exception a refusal.
class Provider {
 public:
  Provider() = default;
  Provider(const Provider&) = delete;
  Provider& operator=(const Provider&) = delete;
  virtual ~Provider() = default;

  [[nodiscard]] virtual record::RuntimeInfo identity() = 0;
  // Each returns the reply that belongs to its request, or Failed.
  [[nodiscard]] virtual proto::Reply load(const proto::Load& request) = 0;
  // Replaces the context that is there.
  [[nodiscard]] virtual proto::Reply make_context(const proto::MakeContext& request) = 0;
  // One pass on an empty context.
  [[nodiscard]] virtual proto::Reply generate(const proto::Generate& request) = 0;
  [[nodiscard]] virtual proto::Reply probe(const proto::Probe& request) = 0;
  // Context and model, where there are any.
  virtual void unload() = 0;
};

// The request failed and the worker lives; the session adds the phase.
[[nodiscard]] inline proto::Failed failed(record::OutcomeKind kind, std::string reason) {
  record::Outcome outcome;
  outcome.kind = kind;
  outcome.reason = std::move(reason);
  return {std::move(outcome)};
}
[[nodiscard]] inline proto::Failed refused(std::string reason) {
  return failed(record::OutcomeKind::refused, std::move(reason));
}
[[nodiscard]] inline proto::Failed out_of_memory(std::string reason) {
  return failed(record::OutcomeKind::out_of_memory, std::move(reason));
}

}  // namespace mia::worker
