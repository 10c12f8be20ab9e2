// SPDX-License-Identifier: MIT
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/plan_options.h"
#include "document/value.h"
#include "judge/replay.h"
#include "report/json.h"
#include "stats/paired.h"

namespace mia::cli {
namespace {

struct ReplayFlags {
  std::vector<std::string> files;
  std::vector<std::string> slowdowns{"0", "3%"};
  std::string recorded = "0";
  std::string margin = "3%";
  std::string alpha = "1%";
  std::int64_t max_epochs = 20;
  std::int64_t draws = 1000;
  std::uint64_t seed = 1;
  bool no_coins = false;
  bool allow_edited = false;
};

// The epochs of all files, one after the other.
Result<std::vector<record::PairEpoch>> read_tables(const std::vector<std::string>& files, bool allow_edited) {
  std::vector<record::PairEpoch> epochs;
  for (const std::string& file : files) {
    MIA_TRY_ASSIGN(const record::Comparison comparison,
                   report::read_comparison(file, allow_edited ? report::Edited::allow : report::Edited::refuse));
    epochs.insert(epochs.end(), comparison.epoch_table.begin(), comparison.epoch_table.end());
  }
  return epochs;
}

// Whole runs of both arms in the order they were made, ms.
std::vector<double> run_times(const std::vector<judge::EpochFigures>& trace,
                              const std::vector<record::PairEpoch>& epochs) {
  std::vector<double> times;
  for (std::size_t e = 0; e < trace.size(); ++e) {
    for (std::size_t p = 0; p < trace[e].pairs.size(); ++p) {
      const judge::PairFigures& pair = trace[e].pairs[p];
      const bool a_first = epochs[e].pairs[p].a_first;
      times.push_back(a_first ? pair.a.whole : pair.b.whole);
      times.push_back(a_first ? pair.b.whole : pair.a.whole);
    }
  }
  return times;
}

Json share_json(const judge::Share& share) {
  return {{"hits", share.hits},
          {"of", share.of},
          {"share", share.value()},
          {"low", share.bounds.low},
          {"high", share.bounds.high}};
}

Json shares_json(const std::map<std::string, judge::Share>& shares) {
  Json json = Json::object();
  for (const auto& [name, share] : shares) {
    json[name] = share_json(share);
  }
  return json;
}

Json result_json(const judge::ReplayResult& result) {
  Json figures = Json::object();
  for (const auto& [figure, shares] : result.figures) {
    figures[figure] = shares_json(shares);
  }
  return {{"draws", result.draws},
          {"verdicts", shares_json(result.verdicts)},
          {"figures", std::move(figures)},
          {"mean_epochs", result.mean_epochs},
          {"mean_pairs", result.mean_pairs}};
}

Json health_json(const judge::TraceHealth& health) {
  const auto percent = [](std::optional<double> ln) { return ln ? Json(stats::percent(*ln)) : Json(nullptr); };
  return {{"epochs", health.epochs},
          {"pairs", health.pairs},
          {"run_cv", health.run_cv},
          {"pair_sd", health.pair_sd},
          {"epoch_sd", health.epoch_sd},
          {"effect_percent", percent(health.effect)},
          {"low_percent", health.interval ? percent(health.interval->low) : Json(nullptr)},
          {"high_percent", health.interval ? percent(health.interval->high) : Json(nullptr)},
          {"independence_p", health.independence_p ? Json(*health.independence_p) : Json(nullptr)},
          {"disturbed", health.disturbed},
          {"voided", health.voided}};
}

Json rivals_json(const std::vector<double>& times, double slowdown) {
  Json json = Json::array();
  for (const judge::RivalResult& rival : judge::rivals(times, slowdown)) {
    json.push_back({{"rule", rival.rule},
                    {"runs", rival.runs},
                    {"slower", share_json(rival.slower)},
                    {"any", share_json(rival.any)}});
  }
  return json;
}

std::string percent_text(const Json& share) {
  const auto of = [&](const char* key) { return document::format_number(share.at(key).get<double>(), {1, 100}); };
  return fmt::format("{} [{}, {}]", of("share"), of("low"), of("high"));
}

void show(const Common& common, const Json& json) {
  document::Table table{{{"", "slowdown", "%"},
                         {"", "slower", "%", "", document::Align::right},
                         {"", "same", "%", "", document::Align::right},
                         {"", "faster", "%", "", document::Align::right},
                         {"", "unclear", "%", "", document::Align::right},
                         {"", "epochs"}}};
  for (const Json& row : json.at("rows")) {
    const Json& verdicts = row.at("verdicts");
    table.rows.push_back({document::number(row.at("slowdown").get<double>(), {1, 100}),
                          percent_text(verdicts.at("slower")), percent_text(verdicts.at("same")),
                          percent_text(verdicts.at("faster")), percent_text(verdicts.at("unclear")),
                          document::number(row.at("mean_epochs").get<double>(), {1})});
  }
  const Json& health = json.at("recording");
  document::Paragraph recording{fmt::format(
      "{} epochs, {} pairs; standard deviation of runs {:.1f} %, pairs {:.1f} %, epochs {:.2f} %",
      health.at("epochs").get<int>(), health.at("pairs").get<int>(), 100 * health.at("run_cv").get<double>(),
      100 * health.at("pair_sd").get<double>(), 100 * health.at("epoch_sd").get<double>())};
  cli::show(common,
            {"",
             {{"", {std::move(recording)}}, {"", {std::move(table)}}},
             "[..] exact 95 % bounds of the draws, given this recording",
             document::Tone::plain},
            json);
}

Result<int> run(const Common& common, const ReplayFlags& flags) {
  judge::ReplayOptions options;
  MIA_TRY_ASSIGN(options.test.margin, context(parse_fraction(flags.margin), "--margin"));
  MIA_TRY_ASSIGN(options.test.alpha, context(parse_fraction(flags.alpha), "--alpha"));
  MIA_TRY_ASSIGN(options.recorded, context(parse_fraction(flags.recorded), "--recorded"));
  options.test.max_epochs = flags.max_epochs;
  options.coins = !flags.no_coins;
  options.draws = flags.draws;
  options.seed = flags.seed;
  MIA_TRY_ASSIGN(const auto epochs, read_tables(flags.files, flags.allow_edited));
  std::vector<judge::EpochFigures> trace;
  for (const record::PairEpoch& epoch : epochs) {
    trace.push_back(judge::figures_of(epoch));
  }
  const std::vector<double> times = run_times(trace, epochs);
  Json document{{"recording", health_json(judge::health_of(trace))}, {"rows", Json::array()}};
  for (const std::string& text : flags.slowdowns) {
    MIA_TRY_ASSIGN(options.slowdown, context(parse_fraction(text), "--slowdown"));
    MIA_TRY_ASSIGN(const auto result, judge::replay(trace, options));
    Json row = result_json(result);
    row["slowdown"] = options.slowdown;
    row["rivals"] = rivals_json(times, options.slowdown);
    document["rows"].push_back(std::move(row));
  }
  MIA_TRY_ASSIGN(const auto once, judge::replay_once(trace, options.test));
  document["once"] = result_json(once);
  show(common, document);
  return kOk;
}

}  // namespace

void add_replay(Cli& cli) {
  CLI::App* const verb = cli.app.add_subcommand(
      "replay", "how often would compare have erred? judges a recorded comparison of equal sides again and again");
  auto flags = std::make_shared<ReplayFlags>();
  verb->add_option("file", flags->files, "reports of compare --all-epochs, one recording in order")->required();
  verb->add_option("--slowdown", flags->slowdowns, "by which B's times are multiplied; several: 0,1%,3%")
      ->delimiter(',');
  verb->add_option("--recorded", flags->recorded, "slowdown that B really had when it was recorded")
      ->capture_default_str();
  verb->add_flag("--allow-edited", flags->allow_edited, "take a recording that was changed by hand");
  verb->add_flag("--no-coins", flags->no_coins, "never swap the sides: B differs by no factor");
  verb->add_option("--margin", flags->margin, "as in compare")->capture_default_str();
  verb->add_option("--alpha", flags->alpha, "as in compare")->capture_default_str();
  verb->add_option("--max-epochs", flags->max_epochs, "as in compare")->capture_default_str();
  verb->add_option("--draws", flags->draws, "comparisons for each slowdown")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{10'000'000}))
      ->capture_default_str();
  verb->add_option("--seed", flags->seed, "of the fresh coins")->check(seed_problem)->capture_default_str();
  verb->footer("example: mia-perf replay reports/compare.json --slowdown 0,1%,3%,5% --draws 3000");
  verb->callback([&cli, flags] { cli.action = [&cli, flags] { return run(cli.common, *flags); }; });
}

}  // namespace mia::cli
