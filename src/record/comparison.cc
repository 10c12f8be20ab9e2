// SPDX-License-Identifier: MIT
#include "record/comparison.h"

#include <algorithm>

#include "record/json_members.h"
#include "record/metrics.h"
#include "stats/paired.h"
#include "stats/summary.h"

namespace mia::record {

// A change of time per token: the logarithm is read, the percent are for readers.
template <class D>
struct Change {
  D& ln;
};
template <class D>
Change(D&) -> Change<D>;
template <class D>
static Json write_member(const Change<D>& change) {
  return {{"ln", members_to_json(change.ln)}, {"percent", members_to_json(percent_of(change.ln))}};
}
static Status read_member(const Json& json, const Change<std::optional<double>>& change) {
  change.ln = get_double(json, "ln");
  return {};
}

template <class S>
struct Interval {
  S& result;
};
template <class S>
static Json write_member(const Interval<S>& interval) {
  const StatisticResult& result = interval.result;
  if (!result.low || !result.high) {
    return nullptr;
  }
  return {{"low_ln", members_to_json(result.low)},
          {"high_ln", members_to_json(result.high)},
          {"low_percent", members_to_json(percent_of(result.low))},
          {"high_percent", members_to_json(percent_of(result.high))},
          {"level", members_to_json(result.level)}};
}
static Status read_member(const Json& json, const Interval<StatisticResult>& interval) {
  interval.result.low = get_double(json, "low_ln");
  interval.result.high = get_double(json, "high_ln");
  interval.result.level = get_double(json, "level");
  return {};
}

template <class C>
struct Arms {
  C& comparison;
};
template <class C>
struct Voided {
  C& comparison;
};

// Not in an unnamed namespace: the readers find each() by argument-dependent lookup.
template <class C, class F>
void each(const Arms<C>& x, F&& f) {
  f(needed("a"), x.comparison.a);
  f(needed("b"), x.comparison.b);
}
template <class C, class F>
void each(const Voided<C>& x, F&& f) {
  f("pairs", x.comparison.voided);
  f("epochs", x.comparison.voided_epochs);
  f("reasons", x.comparison.void_reasons);
}
template <Either<StatisticResult> X, class F>
void each(X& x, F&& f) {
  MIA_FOR_EACH(MIA_MEMBER, name, figure, decided, small, epochs, p, p_limit, test, sd, needed_epochs, deviating,
               deviating_at_most)
  f(needed("verdict"), x.verdict);
  f("effect", Change{x.effect});
  f("mde", Change{x.mde});
  f("interval", Interval<X>{x});
}
template <Either<ComparedArm> X, class F>
void each(X& x, F&& f) {
  MIA_FOR_EACH(MIA_MEMBER, label, requested, runtime, model, decode_tok_s, prefill_tok_s, tokens_per_s)
  f("effective", OnlySet{x.effective});
}
template <Either<Comparison> X, class F>
void each(X& x, F&& f) {
  MIA_FOR_EACH(MIA_MEMBER, session, started, finished, complete, tool_version, design, outcome, log_tail, statistic)
  MIA_FOR_EACH(MIA_MEMBER, stopped, alpha, margin, epochs, pairs, set_aside, coin_seed, statistics, notes, sentence)
  f(needed("verdict"), x.verdict);
  f(needed("epoch_table"), x.epoch_table);
  f(needed("arms"), Arms<X>{x});
  f("voided", Voided<X>{x});
  f("environment", x.machine);
}

namespace {

constexpr const char* kKind = "comparison";

std::optional<double> median_over_pairs(const Comparison& comparison, bool b,
                                        std::optional<double> (*figure)(const Run&)) {
  std::vector<double> values;
  for (const PairEpoch& epoch : comparison.epoch_table) {
    for (const RunPair& pair : epoch.pairs) {
      const auto value = figure(b ? pair.b.run : pair.a.run);
      if (pair.voided_by.empty() && value) {
        values.push_back(*value);
      }
    }
  }
  return stats::median(values);
}

}  // namespace

StatisticResult deciding(const Comparison& comparison) {
  for (const StatisticResult& result : comparison.statistics) {
    if (result.name == comparison.statistic &&
        (!is_difference(comparison.verdict) || result.verdict == comparison.verdict)) {
      return result;
    }
  }
  return comparison.statistics.empty() ? StatisticResult() : comparison.statistics.front();
}

std::optional<double> percent_of(std::optional<double> ln) {
  return ln ? std::optional(stats::percent(*ln)) : std::nullopt;
}

void summarize_arms(Comparison& comparison) {
  for (const bool b : {false, true}) {
    ComparedArm& arm = b ? comparison.b : comparison.a;
    arm.decode_tok_s = median_over_pairs(comparison, b, decode_tok_s);
    arm.prefill_tok_s = median_over_pairs(comparison, b, prefill_tok_s);
    arm.tokens_per_s = median_over_pairs(comparison, b, tokens_per_s);
  }
}

Json to_json(const Comparison& comparison) {
  Json json = members_to_json(comparison);
  const Json figures = members_to_json(deciding(comparison));
  for (const char* const key : {"effect", "mde", "needed_epochs", "interval"}) {
    json[key] = figures.at(key);
  }
  json["kind"] = kKind;
  json["schema"] = kComparisonSchema;
  json["a"] = comparison.a.label;
  json["b"] = comparison.b.label;
  json["outcome_of"] = comparison.outcome.ok() ? Json(nullptr) : Json(comparison.outcome_of_b ? "b" : "a");
  return json;
}

Result<Comparison> comparison_from_json(const Json& json) {
  if (!json.is_object() || get_string(json, "kind") != kKind) {
    return fail(ErrorKind::protocol, "this is not the report of a comparison");
  }
  if (const auto schema = get_int(json, "schema"); schema != kComparisonSchema) {
    return fail(ErrorKind::unsupported, "the comparison has schema {}, this program reads schema {}",
                schema ? std::to_string(*schema) : "none", kComparisonSchema);
  }
  MIA_TRY_ASSIGN(Comparison comparison, from_members<Comparison>(json, "comparison"));
  comparison.outcome_of_b = get_string(json, "outcome_of") == "b";
  return comparison;
}

}  // namespace mia::record
