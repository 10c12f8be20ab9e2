// SPDX-License-Identifier: MIT
#include "record/report.h"

#include <array>

#include "record/json_members.h"

namespace mia::record {

static constexpr std::array<Name<Severity>, 3> kSeverities{{
    {Severity::info, "info"},
    {Severity::warning, "warning"},
    {Severity::problem, "problem"},
}};
static std::span<const Name<Severity>> names(Severity /*severity*/) {
  return kSeverities;
}

// Not in an unnamed namespace: the readers find each() by argument-dependent lookup.
MIA_MEMBERS(Summary, value, low, high, level, least, most, n, null_reason)
MIA_MEMBERS(HistogramBucket, upper_ms, count)
MIA_MEMBERS(FlashAttention, asked, claimed, proven)
MIA_MEMBERS(TimePart, mode, name, ms, low, high, share, n, how)
MIA_MEMBERS(Finding, id, severity, text, evidence)
MIA_MEMBERS(Confirmation, session, verdict, value)
MIA_MEMBERS(Check, name, verdict, value, limit, unit, text, cells, confirmation)
MIA_MEMBERS(Judgement, verdict, profile, baseline, baseline_started, statistic, alpha, sentence)
MIA_MEMBERS(Quality, model, runtime, text, text_hash, perplexity, perplexity_error, scored_tokens, scored_bytes,
            bits_per_byte, null_reason, base, mean_kl_divergence, same_top_fraction, divergence_null_reason)
MIA_MEMBERS(PartReport, name, title, sentence, recommendation, left_out, recommends)
template <Either<CellReport> X, class F>
void each(X& x, F&& f) {
  MIA_FOR_EACH(MIA_MEMBER, key, part, label, also, model, runtime, cache_state, outcomes, failure)
  MIA_FOR_EACH(MIA_MEMBER, roofline_tok_s, efficiency, roofline_basis, load_limit_ms, graph_reason)
  MIA_FOR_EACH(MIA_MEMBER, decode_splits, delta, delta_low, delta_high, requested, metrics, histogram)
  MIA_FOR_EACH(MIA_MEMBER, buffers, graph, flash_attention)
  f("effective", OnlySet{x.effective});
}
template <Either<Report> X, class F>
void each(X& x, F&& f) {
  MIA_FOR_EACH(MIA_MEMBER, schema, scenario, session, started, finished, complete, tool_version, plan_hash)
  MIA_FOR_EACH(MIA_MEMBER, regression_flag, drift_share, drift_p, wall_s, measured_s, measured_share)
  MIA_FOR_EACH(MIA_MEMBER, recommendation, sentence, only, runtimes, models, settings, cells, trials)
  MIA_FOR_EACH(MIA_MEMBER, findings, time_parts, checks, judgement, quality, parts)
  f("environment", x.machine);
}

Json to_json(const Report& report) {
  return members_to_json(report);
}
Result<Report> report_from_json(const Json& json) {
  return from_members<Report>(json, "report");
}

}  // namespace mia::record
