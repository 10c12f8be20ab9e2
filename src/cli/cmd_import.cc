// SPDX-License-Identifier: MIT
#include <algorithm>
#include <memory>
#include <numeric>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/find_report.h"
#include "app/import_compare.h"
#include "base/text.h"
#include "cli/cli.h"
#include "judge/unpaired.h"
#include "record/fields.h"

namespace mia::cli {
namespace {

using document::Align;
using imports::Sample;

struct ImportOptions {
  std::string file;
  std::string against;
  app::ImportChoice choice;
  bool list = false;
};

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::string speed_text(const Sample& sample) {
  if (sample.values.empty()) {
    return "–";
  }
  return fmt::format("{:.2f}{} (n={}{})", mean_of(sample.values), sample.unit == "tok/s" ? "" : " " + sample.unit,
                     sample.values.size(), sample.means_only ? ", means" : "");
}

// "prefill" is said by the name of the test; other metrics are named.
std::string test_text(const Sample& sample) {
  return sample.unit == "tok/s" ? sample.test : fmt::format("{} {}", sample.test, sample.metric);
}

Json to_json(const store::ImportedFile& file) {
  return {{"id", file.id},         {"source", file.source},     {"tool", file.tool},
          {"format", file.format}, {"imported", file.imported}, {"rows", file.rows},
          {"notes", file.notes}};
}

Json to_json(const Sample& sample) {
  return {{"test", sample.test},
          {"metric", sample.metric},
          {"unit", sample.unit},
          {"model", sample.model},
          {"columns", sample.columns},
          {"settings", record::to_json(sample.settings, true)},
          {"n", sample.values.size()},
          {"calls", sample.levels.size()},
          {"means_only", sample.means_only},
          {"mean", sample.values.empty() ? Json(nullptr) : Json(mean_of(sample.values))},
          {"problem", sample.problem.empty() ? Json(nullptr) : Json(sample.problem)}};
}

void add_notes(document::Section& section, const std::vector<std::string>& notes) {
  for (const std::string& note : notes) {
    section.blocks.emplace_back(document::Note{record::Severity::info, note});
  }
}

// What is to be known of the lines, and how to go on.
std::vector<std::string> notes_on(const store::ImportedFile& file, const imports::Samples& samples,
                                  const std::vector<std::string>& named) {
  std::vector<std::string> notes = file.notes;
  if (samples.repeated > 0) {
    notes.push_back(
        fmt::format("{} row{} the same measurement as an earlier one (equal time stamp and samples): each "
                    "counts once",
                    samples.repeated, samples.repeated == 1 ? " is" : "s are"));
  }
  if (!named.empty()) {
    notes.push_back(
        fmt::format("the lines differ in {}; --by {} compares two of its values", join(named, ", "), named.front()));
  }
  return notes;
}

void show_samples(const Common& common, const store::ImportedSamples& file, const app::ImportChoice& choice) {
  const imports::Samples samples = imports::samples_of(file.rows, app::ignored_columns(choice));
  std::vector<std::string> named = imports::differing(samples.lines);
  const std::vector<std::string> notes = notes_on(file.file, samples, named);
  Json json = {{"file", to_json(file.file)},
               {"samples", Json::array()},
               {"differing", named},
               {"repeated_rows", samples.repeated},
               {"notes", notes}};
  document::Table table{
      {{"", "test"}, {"", "tok/s", "", "", Align::right}, {"", "calls"}, {"", "model"}, {"", "settings"}}};
  std::erase(named, "model_filename");  // has a column of its own
  for (const Sample& sample : samples.lines) {
    json["samples"].push_back(to_json(sample));
    table.rows.push_back({test_text(sample), speed_text(sample), std::ssize(sample.levels), sample.model,
                          imports::describe(sample, named)});
  }
  document::Section section{"", {std::move(table)}};
  add_notes(section, notes);
  const std::string rows = fmt::format("{} row{} of {} ({}), id {}", file.rows.size(), file.rows.size() == 1 ? "" : "s",
                                       file.file.tool, file.file.format, file.file.id);
  show(common, {"", {std::move(section)}, rows, document::Tone::plain}, json);
}

document::Document document_of(const app::ImportComparison& comparison) {
  document::Table table{{{"", "test"},
                         {"", "before", "", "", Align::right},
                         {"", "now", "", "", Align::right},
                         {"", "verdict"},
                         {"", "settings"}}};
  document::List said;
  for (const app::ImportComparison::Line& line : comparison.lines) {
    const std::string settings = imports::describe(line.b, comparison.named);
    table.rows.push_back({test_text(line.b), speed_text(line.a), speed_text(line.b),
                          std::string(record::name_of(line.result.verdict)), settings});
    said.items.push_back(
        {fmt::format("{}{}{}: {}", test_text(line.b), settings.empty() ? "" : " ", settings, line.result.text)});
  }
  for (const std::string& text : comparison.left_out) {
    said.items.push_back({"not compared: " + text});
  }
  document::Section section{"", {std::move(said)}};
  add_notes(section, comparison.notes);
  section.blocks.emplace_back(document::Paragraph{
      "Measured in separate calls, so these samples are unpaired: what the machine did in between looks like a change. "
      "mia-perf compare measures both in turns."});
  return {"", {{"", {std::move(table)}}, std::move(section)}, comparison.sentence};
}

Json to_json(const app::ImportComparison& comparison) {
  Json json = {{"paired", false},
               {"comparisons", Json::array()},
               {"not_compared", comparison.left_out},
               {"notes", comparison.notes},
               {"verdict", record::name_of(comparison.verdict)},
               {"sentence", comparison.sentence}};
  for (const app::ImportComparison::Line& line : comparison.lines) {
    Json one = judge::to_json(line.result);
    one.update({{"test", line.b.test}, {"metric", line.b.metric}, {"a", to_json(line.a)}, {"b", to_json(line.b)}});
    json["comparisons"].push_back(std::move(one));
  }
  return json;
}

// 0 faster or same, 1 slower, 3 unclear; 2 where nothing could be compared.
Result<int> conclude(const Common& common, const app::ImportComparison& comparison, Json json) {
  json.update(to_json(comparison));
  if (common.json || !comparison.lines.empty()) {
    show(common, document_of(comparison), json);
  }
  if (comparison.lines.empty()) {
    return with_hint(fail(ErrorKind::usage, "{}", comparison.sentence), comparison.hint);
  }
  return comparison.verdict == record::Verdict::slower    ? kRegression
         : comparison.verdict == record::Verdict::unclear ? kUnclear
                                                          : kOk;
}

Result<int> list_imported(const Common& common) {
  MIA_TRY_ASSIGN(store::Store store, app::open_store(common));
  MIA_TRY_ASSIGN(const auto files, store.imports());
  document::Table table{{{"id", "id"},
                         {"source", "source"},
                         {"tool", ""},
                         {"format", "format"},
                         {"rows", "rows"},
                         {"imported", "imported"}}};
  for (const store::ImportedFile& file : files) {
    table.rows.push_back({file.id, file.source, file.tool, file.format, file.rows, file.imported});
  }
  show_list(common, table, "nothing was imported yet");
  return kOk;
}

Result<int> import(const Common& common, const ImportOptions& options) {
  if (options.list) {
    return list_imported(common);
  }
  if (options.file.empty()) {
    return fail(ErrorKind::usage,
                "which file? results of llama-bench, batched-bench or sweep-bench; - is standard input");
  }
  if (options.file == "-" && options.against == "-") {
    return fail(ErrorKind::usage, "only one of the two can come from standard input");
  }
  MIA_TRY_ASSIGN(store::Store store, app::open_store(common));
  MIA_TRY_ASSIGN(const store::ImportedSamples now, app::find_import(store, options.file));
  if (!options.choice.by.empty()) {
    MIA_TRY_ASSIGN(const app::ImportComparison comparison, app::compare_within(now, options.choice));
    return conclude(common, comparison, {{"file", to_json(now.file)}, {"by", options.choice.by}});
  }
  if (options.against.empty()) {
    show_samples(common, now, options.choice);
    return kOk;
  }
  MIA_TRY_ASSIGN(const store::ImportedSamples before, app::find_import(store, options.against));
  MIA_TRY_ASSIGN(const app::ImportComparison comparison, app::compare_imports(before, now, options.choice));
  return conclude(common, comparison, {{"a", to_json(before.file)}, {"b", to_json(now.file)}});
}

}  // namespace

void add_import(Cli& cli) {
  CLI::App* const verb =
      cli.app.add_subcommand("import", "keep results of llama-bench, and compare two files or two builds in one");
  auto options = std::make_shared<ImportOptions>();
  verb->add_option("file", options->file,
                   "of llama-bench, batched-bench or sweep-bench: JSON, JSONL, CSV, SQL, SQLite or a Markdown table; "
                   "- for standard input; or the id of an imported file");
  CLI::Option* const against = verb->add_option("--against", options->against, "judge the file by this earlier one");
  CLI::Option* const by =
      verb->add_option("--by", options->choice.by, "judge one file's rows by a column of it, as build_commit")
          ->excludes(against);
  verb->add_option("--before", options->choice.before, "the earlier value of that column, or its beginning")->needs(by);
  verb->add_option("--now", options->choice.now, "the later value")->needs(by);
  verb->add_option("--ignore", options->choice.ignored,
                   "column that may differ: a name of the file, or build, machine, model; repeatable")
      ->expected(1)
      ->take_all();
  verb->add_flag("--list", options->list, "what was imported");
  verb->footer(
      "example: mia-perf import new.jsonl --against old.json --ignore gpu_info\n"
      "exit codes of a comparison: 0 faster or same, 1 slower, 3 unclear, 2 nothing to compare");
  verb->callback([&cli, options] { cli.action = [&cli, options] { return import(cli.common, *options); }; });
}

}  // namespace mia::cli
