// SPDX-License-Identifier: MIT
#include "record/outcome.h"

#include <csignal>

#include <algorithm>
#include <array>
#include <utility>

#include "record/json_members.h"

namespace mia::record {
namespace {

constexpr std::array<std::pair<OutcomeKind, std::string_view>, 7> kKinds{{
    {OutcomeKind::ok, "ok"},
    {OutcomeKind::crashed, "crashed"},
    {OutcomeKind::timed_out, "timed_out"},
    {OutcomeKind::out_of_memory, "out_of_memory"},
    {OutcomeKind::refused, "refused"},
    {OutcomeKind::invalid, "invalid"},
    {OutcomeKind::cancelled, "cancelled"},
}};

constexpr std::array<std::pair<Phase, std::string_view>, 9> kPhases{{
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

template <class Table, class Key>
std::string_view name_in(const Table& table, Key key) {
  const auto* const row = std::ranges::find(table, key, &Table::value_type::first);
  return row == table.end() ? std::string_view("?") : row->second;
}

template <class Table>
auto key_in(const Table& table, std::string_view name) -> std::optional<typename Table::value_type::first_type> {
  const auto* const row = std::ranges::find(table, name, &Table::value_type::second);
  return row == table.end() ? std::nullopt : std::optional(row->first);
}

std::string signal_name(std::int64_t number) {
  const char* const name = sigabbrev_np(static_cast<int>(number));
  return name == nullptr ? fmt::format("signal {}", number) : fmt::format("SIG{}", name);
}

std::string describe_crash(const Outcome& outcome) {
  if (outcome.signal) {
    return fmt::format(" ({})", signal_name(*outcome.signal));
  }
  return outcome.exit_code ? fmt::format(" (exit code {})", *outcome.exit_code) : "";
}

}  // namespace

std::string_view name_of(OutcomeKind kind) {
  return name_in(kKinds, kind);
}
std::string_view name_of(Phase phase) {
  return name_in(kPhases, phase);
}
std::optional<OutcomeKind> outcome_kind(std::string_view name) {
  return key_in(kKinds, name);
}
std::optional<Phase> phase_named(std::string_view name) {
  return key_in(kPhases, name);
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
  return Json{{"kind", name_of(outcome.kind)},
              {"phase", outcome.phase ? Json(name_of(*outcome.phase)) : Json(nullptr)},
              {"signal", member_to_json(outcome.signal)},
              {"exit_code", member_to_json(outcome.exit_code)},
              {"reason", outcome.reason},
              {"checks", outcome.checks},
              {"cause", outcome.cause}};
}

Result<Outcome> outcome_from_json(const Json& json) {
  Outcome outcome;
  const auto kind = outcome_kind(get_string(json, "kind").value_or(""));
  if (!kind) {
    return fail(ErrorKind::protocol, "an outcome without a known kind");
  }
  outcome.kind = *kind;
  outcome.phase = phase_named(get_string(json, "phase").value_or(""));
  outcome.signal = get_int(json, "signal");
  outcome.exit_code = get_int(json, "exit_code");
  outcome.reason = get_string(json, "reason").value_or("");
  outcome.cause = get_string(json, "cause").value_or("");
  if (!member_from_json(get_member(json, "checks"), outcome.checks)) {
    outcome.checks.clear();
  }
  return outcome;
}

}  // namespace mia::record
