// SPDX-License-Identifier: MIT
#include <nlohmann/json.hpp>

#include "measure/pairs.h"
#include "record/json_members.h"

namespace mia::measure {

// Not in an unnamed namespace: members_to_json() finds `each` by argument-dependent lookup.
template <class P, class F>
static void each_pair(P& x, F f) {
  f("index", x.index);
  f("a_first", x.a_first);
  f("trace_seed", x.trace_seed);
  f("voided_by", x.voided_by);
  f("disturbed_by", x.disturbed_by);
}
template <class F>
static void each(RunPair& x, F f) {
  each_pair(x, f);
}
template <class F>
static void each(const RunPair& x, F f) {
  each_pair(x, f);
}

template <class E, class F>
static void each_epoch(E& x, F f) {
  f("index", x.index);
  f("a_started", x.a_started);
  f("padding_a_bytes", x.padding_a_bytes);
  f("padding_b_bytes", x.padding_b_bytes);
  f("warm_up_runs", x.warm_up_runs);
  f("steady", x.steady);
  f("preparation_s", x.preparation_s);
  f("pairs_s", x.pairs_s);
  f("idle_cpus", x.idle_cpus);
}
template <class F>
static void each(PairEpoch& x, F f) {
  each_epoch(x, f);
}
template <class F>
static void each(const PairEpoch& x, F f) {
  each_epoch(x, f);
}

namespace {

Json to_json(const ArmRun& run) {
  return {{"run", record::to_json(run.run)}, {"conditions", record::to_json(run.conditions)}};
}

Result<ArmRun> arm_run_from_json(const Json& json) {
  ArmRun run;
  MIA_TRY_ASSIGN(run.run, record::run_from_json(get_member(json, "run")));
  run.conditions = record::conditions_from_json(get_member(json, "conditions"));
  return run;
}

Result<RunPair> pair_from_json(const Json& json) {
  RunPair pair;
  if (const auto wrong = record::members_from_json(json, pair)) {
    return fail(ErrorKind::protocol, "'{}' of a pair has a wrong type", *wrong);
  }
  MIA_TRY_ASSIGN(pair.a, context(arm_run_from_json(get_member(json, "a")), "run of A"));
  MIA_TRY_ASSIGN(pair.b, context(arm_run_from_json(get_member(json, "b")), "run of B"));
  return pair;
}

}  // namespace

Json to_json(const PairEpoch& epoch) {
  Json json = record::members_to_json(epoch);
  json["pairs"] = Json::array();
  for (const RunPair& pair : epoch.pairs) {
    Json entry = record::members_to_json(pair);
    entry["a"] = to_json(pair.a);
    entry["b"] = to_json(pair.b);
    json["pairs"].push_back(std::move(entry));
  }
  return json;
}

Result<PairEpoch> epoch_from_json(const Json& json) {
  PairEpoch epoch;
  if (!json.is_object()) {
    return fail(ErrorKind::protocol, "an epoch is not an object");
  }
  if (const auto wrong = record::members_from_json(json, epoch)) {
    return fail(ErrorKind::protocol, "'{}' of an epoch has a wrong type", *wrong);
  }
  const auto where = [&] { return fmt::format("epoch {}", epoch.index); };
  const Json& pairs = get_member(json, "pairs");
  if (!pairs.is_array()) {
    return fail(ErrorKind::protocol, "{} has no list of pairs", where());
  }
  for (const Json& entry : pairs) {
    if (!entry.is_object()) {
      return fail(ErrorKind::protocol, "{}: a pair is not an object", where());
    }
    MIA_TRY_ASSIGN(auto pair, context(pair_from_json(entry), where()));
    epoch.pairs.push_back(std::move(pair));
  }
  return epoch;
}

}  // namespace mia::measure
