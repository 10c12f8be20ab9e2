// SPDX-License-Identifier: MIT
#include "app/compare_document.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "app/scope.h"
#include "base/files.h"
#include "base/text.h"
#include "record/fields.h"
#include "record/metrics.h"
#include "stats/paired.h"
#include "stats/summary.h"

namespace mia::app {
namespace {

constexpr const char* kKind = "comparison";
constexpr const char* kHash = "content_hash";

using RunFigure = std::optional<double> (*)(const record::Run&);

// Median over the counted pairs of a figure of one arm's runs.
std::optional<double> median_of(const std::vector<measure::PairEpoch>& epochs, bool b, RunFigure figure) {
  std::vector<double> values;
  for (const measure::PairEpoch& epoch : epochs) {
    for (const measure::RunPair& pair : epoch.pairs) {
      const auto value = figure(b ? pair.b.run : pair.a.run);
      if (pair.voided_by.empty() && value) {
        values.push_back(*value);
      }
    }
  }
  return stats::median(values);
}

Json arm_json(const ComparedArm& arm, const std::vector<measure::PairEpoch>& epochs, bool b) {
  const auto median = [&](RunFigure figure) {
    const auto value = median_of(epochs, b, figure);
    return value ? Json(*value) : Json(nullptr);
  };
  return {{"label", arm.spec.label},
          {"requested", record::to_json(arm.spec.settings)},
          {"effective", record::to_json(arm.effective, true)},
          {"runtime", record::to_json(arm.spec.subject.runtime)},
          {"model", record::to_json(arm.spec.subject.model)},
          {"decode_tok_s", median(record::decode_tok_s)},
          {"prefill_tok_s", median(record::prefill_tok_s)},
          {"tokens_per_s", median(record::tokens_per_s)}};
}

std::string speeds(const std::vector<measure::PairEpoch>& epochs, bool b) {
  const auto prefill = median_of(epochs, b, record::prefill_tok_s);
  if (const auto decode = median_of(epochs, b, record::decode_tok_s)) {
    return fmt::format(": {:.1f} tok/s", *decode);
  }
  return prefill ? fmt::format(": {:.1f} tok/s of prefill", *prefill) : "";
}

std::string workload_text(const record::WorkloadSettings& workload) {
  if (workload.input.value_or("text") == "tokens") {
    return fmt::format("{}: {} tokens after a prompt of {}, random and the same for both",
                       workload.name.value_or("unnamed"), workload.max_tokens.value_or(0),
                       workload.prompt_tokens.value_or(0));
  }
  return fmt::format("{}: {} tokens after the prompt", workload.name.value_or("unnamed"),
                     workload.max_tokens.value_or(0));
}

std::string figure_text(const judge::StatisticResult& result) {
  const std::string& figure = result.figure;
  const char* const words = figure == "fast_quarter_ms" ? "fastest 25 % of tokens"
                            : figure == "gen_latency_s" ? "whole run"
                            : figure == "p95_decode_ms" ? "p95 of tokens"
                                                        : figure.c_str();
  return fmt::format("{} ({})", result.name, words);
}

std::optional<double> percent_of(const std::optional<double>& ln) {
  return ln ? std::optional(stats::percent(*ln)) : std::nullopt;
}

}  // namespace

Json compare_document(const judge::Comparison& comparison, const CompareContent& content) {
  Json document = judge::to_json(comparison);
  document["kind"] = kKind;
  document["schema"] = kCompareSchema;
  document["session"] = content.session;
  document["started"] = content.started;
  document["finished"] = content.finished;
  document["complete"] = !content.finished.empty();
  document["tool_version"] = tool_version();
  document["environment"] = record::to_json(content.machine);
  document["outcome"] = record::to_json(content.outcome);
  document["outcome_of"] = content.outcome.ok() ? Json(nullptr) : Json(content.outcome_of_b ? "b" : "a");
  document["log_tail"] = printable(content.log_tail, std::size_t{16} << 10U);
  document["arms"] = {{"a", arm_json(content.a, content.epochs, false)},
                      {"b", arm_json(content.b, content.epochs, true)}};
  document["epoch_table"] = measure::to_json(content.epochs);
  document[kHash] = hash_hex(dump_json(document));
  return document;
}

Result<std::vector<measure::PairEpoch>> pair_table(const Json& document) {
  if (!document.is_object() || get_string(document, "kind") != kKind) {
    return fail(ErrorKind::protocol, "this is not the report of a comparison");
  }
  if (const auto schema = get_int(document, "schema"); schema != kCompareSchema) {
    return fail(ErrorKind::unsupported, "the comparison has schema {}, this program reads schema {}",
                schema ? std::to_string(*schema) : "none", kCompareSchema);
  }
  return measure::epochs_from_json(get_member(document, "epoch_table"));
}

Result<Json> read_compare_document(const std::filesystem::path& path, bool allow_edited) {
  constexpr JsonLimits kLimits{std::size_t{512} << 20U, 32};
  MIA_TRY_ASSIGN(const std::string text, read_file(path, kLimits.bytes));
  auto document = context(parse_json(text, kLimits), fmt::format("the recording '{}'", one_line(path.string(), 300)));
  if (!document) {
    return with_hint(document.failure(), "it is not whole: record it again with mia-perf compare");
  }
  Json bare = *document;
  const auto told = get_string(bare, kHash);
  if (bare.is_object()) {
    bare.erase(kHash);
  }
  if (!allow_edited && told != hash_hex(dump_json(bare))) {
    return with_hint(
        fail(ErrorKind::usage, "the recording '{}' was changed after it was written (its content_hash differs)",
             one_line(path.string(), 300)),
        "--allow-edited takes it all the same");
  }
  return document;
}

report::ComparisonView view_of(const judge::Comparison& comparison, const CompareContent& content) {
  report::ComparisonView view;
  view.a = comparison.a + speeds(content.epochs, false);
  view.b = comparison.b + speeds(content.epochs, true);
  view.workload = workload_text(content.a.spec.settings.workload);
  for (const judge::StatisticResult& result : comparison.statistics) {
    view.rows.push_back({figure_text(result), std::string(judge::name_of(result.verdict)), percent_of(result.effect),
                         percent_of(result.low), percent_of(result.high), 1 - result.level, percent_of(result.mde)});
  }
  view.epochs = comparison.epochs;
  view.pairs = comparison.pairs;
  for (const auto& [reason, count] : comparison.void_reasons) {
    view.voided.push_back({reason, count});
  }
  view.set_aside = comparison.set_aside;
  view.margin_percent = 100 * comparison.margin;
  view.notes = comparison.notes;
  view.sentence = comparison.sentence;
  return view;
}

}  // namespace mia::app
