// SPDX-License-Identifier: MIT
// How a trial ended. A failed measurement is data: stored, reported, counted, and the sweep goes on.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "record/members.h"

namespace mia::record {

enum class OutcomeKind { ok, crashed, timed_out, out_of_memory, refused, invalid, cancelled };
[[nodiscard]] std::span<const Name<OutcomeKind>> names(OutcomeKind kind);

// Phase of a trial in which something happened.
enum class Phase { spawn, greeting, load, context, warm_up, generate, probe, unload, shutdown };
[[nodiscard]] std::span<const Name<Phase>> names(Phase phase);

struct Outcome {
  OutcomeKind kind = OutcomeKind::ok;
  std::optional<Phase> phase;             // where it ended, when it is not ok
  std::optional<std::int64_t> signal;     // crashed: the signal that killed it
  std::optional<std::int64_t> exit_code;  // crashed: it left on its own
  std::string reason;                     // refused, invalid, out_of_memory: one sentence
  std::vector<std::string> checks;        // invalid: what did not hold
  std::string cause;                      // named cause, where the log tells one: "cuda_ptx_unsupported"

  [[nodiscard]] bool ok() const { return kind == OutcomeKind::ok; }
};

template <Either<Outcome> X, class F>
void each(X& x, F&& f) {
  f(needed("kind"), x.kind);
  MIA_FOR_EACH(MIA_MEMBER, phase, signal, exit_code, reason, checks, cause)
}

// "ok", "crashed (SIGSEGV) in load", "timed out in generate", "refused: ...".
[[nodiscard]] std::string describe(const Outcome& outcome);

[[nodiscard]] Json to_json(const Outcome& outcome);
[[nodiscard]] Result<Outcome> outcome_from_json(const Json& json);

}  // namespace mia::record
