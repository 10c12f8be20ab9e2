// SPDX-License-Identifier: MIT
#include "record/outcome.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/signal.h"
#include "record/json_members.h"

namespace mia::record {
namespace {

constexpr std::array<Name<OutcomeKind>, 7> kKinds{{
    {OutcomeKind::ok, "ok"},
    {OutcomeKind::crashed, "crashed"},
    {OutcomeKind::timed_out, "timed_out"},
    {OutcomeKind::out_of_memory, "out_of_memory"},
    {OutcomeKind::refused, "refused"},
    {OutcomeKind::invalid, "invalid"},
    {OutcomeKind::cancelled, "cancelled"},
}};

constexpr std::array<Name<Phase>, 9> kPhases{{
    {Phase::spawn, "spawn"},
    {Phase::greeting, "greeting"},
    {Phase::load, "load"},
    {Phase::context, "context"},
    {Phase::warm_up, "warm_up"},
    {Phase::generate, "generate"},
    {Phase::probe, "probe"},
    {Phase::unload, "unload"},
    {Phase::shutdown, "shutdown"},
}};

std::string describe_crash(const Outcome& outcome) {
  if (outcome.signal) {
    return fmt::format(" ({})", signal_name(*outcome.signal));
  }
  return outcome.exit_code ? fmt::format(" ({})", exit_name(*outcome.exit_code)) : "";
}

}  // namespace

std::span<const Name<OutcomeKind>> names(OutcomeKind /*kind*/) {
  return kKinds;
}
std::span<const Name<Phase>> names(Phase /*phase*/) {
  return kPhases;
}

std::string describe(const Outcome& outcome) {
  std::string text(name_of(outcome.kind));
  std::ranges::replace(text, '_', ' ');
  if (outcome.kind == OutcomeKind::crashed) {
    text += describe_crash(outcome);
  }
  if (outcome.phase) {
    text += fmt::format(" in {}", name_of(*outcome.phase));
  }
  // What an answer did wrong is its cause, too.
  const std::string& why = outcome.reason.empty() && !outcome.checks.empty() ? outcome.checks.front() : outcome.reason;
  return why.empty() ? text : fmt::format("{}: {}", text, why);
}

Json to_json(const Outcome& outcome) {
  return members_to_json(outcome);
}

Result<Outcome> outcome_from_json(const Json& json) {
  return from_members<Outcome>(json, "outcome");
}

}  // namespace mia::record
