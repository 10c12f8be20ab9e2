// SPDX-License-Identifier: MIT
#include <algorithm>
#include <memory>
#include <numeric>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/find_report.h"
#include "base/files.h"
#include "base/text.h"
#include "cli/cli.h"
#include "imports/llama_bench.h"
#include "imports/match.h"
#include "judge/unpaired.h"
#include "record/fields.h"

namespace mia::cli {
namespace {

using document::Align;
using imports::Sample;

struct ImportOptions {
  std::string file;
  std::string against;
  bool list = false;
};

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::string speed_text(const Sample& sample) {
  if (sample.values.empty()) {
    return "–";
  }
  return fmt::format("{:.2f} (n={}{})", mean_of(sample.values), sample.values.size(),
                     sample.means_only ? ", means" : "");
}

// What a row says beyond the first one.
std::string settings_text(const std::vector<Sample>& samples, const Sample& sample) {
  record::Settings shown = sample.settings;
  record::Settings first = samples.front().settings;
  shown.workload = {};
  first.workload = {};
  return record::describe_difference(first, shown);
}

std::string place_of(const store::ImportedSamples& file, const std::vector<Sample>& samples, std::size_t i) {
  const std::string settings = settings_text(samples, samples[i]);
  return fmt::format("{}{}{} of {}", samples[i].test, settings.empty() ? "" : " ", settings, file.file.source);
}

// A file on the disk, else one that was imported before, by the beginning of its id.
Result<store::ImportedSamples> find_samples(store::Store& store, const std::string& what) {
  std::error_code error;
  if (std::filesystem::exists(what, error)) {
    MIA_TRY_ASSIGN(const std::string text, read_file(what));
    MIA_TRY_ASSIGN(store::ImportedSamples samples, imports::read_llama_bench(text, what));
    MIA_TRY(store.add_import(samples));
    return samples;
  }
  MIA_TRY_ASSIGN(const auto files, store.imports());
  const auto starts = [&](const store::ImportedFile& file) { return !what.empty() && file.id.starts_with(what); };
  if (std::ranges::count_if(files, starts) != 1) {
    return with_hint(fail(ErrorKind::not_found, "there is neither a file nor an imported one '{}'", what),
                     fmt::format("{}; mia-perf import --list shows those imported", no_such_file(what).error.hint));
  }
  return store.imported(std::ranges::find_if(files, starts)->id);
}

Json to_json(const store::ImportedFile& file) {
  return {{"id", file.id},         {"source", file.source},     {"tool", file.tool},
          {"format", file.format}, {"imported", file.imported}, {"rows", file.rows}};
}

Json to_json(const Sample& sample) {
  return {{"test", sample.test},
          {"metric", sample.metric},
          {"unit", sample.unit},
          {"model", sample.model},
          {"settings", record::to_json(sample.settings, true)},
          {"n", sample.values.size()},
          {"calls", sample.levels.size()},
          {"means_only", sample.means_only},
          {"mean", sample.values.empty() ? Json(nullptr) : Json(mean_of(sample.values))}};
}

void show_samples(const Common& common, const store::ImportedSamples& file) {
  const std::vector<Sample> samples = imports::samples_of(file);
  Json json = {{"file", to_json(file.file)}, {"samples", Json::array()}};
  for (const Sample& sample : samples) {
    json["samples"].push_back(to_json(sample));
  }
  document::Table table{
      {{"", "test"}, {"", "tok/s", "", "", Align::right}, {"", "calls"}, {"", "model"}, {"", "settings"}}};
  for (const Sample& sample : samples) {
    table.rows.push_back(
        {sample.test, speed_text(sample), std::ssize(sample.levels), sample.model, settings_text(samples, sample)});
  }
  const std::string rows =
      fmt::format("{} rows of {} ({}), id {}", file.rows.size(), file.file.tool, file.file.format, file.file.id);
  show(common, {"", {{"", {std::move(table)}}}, rows, document::Tone::plain}, json);
}

// What else differs between the files: a reader must know before believing a ratio.
std::vector<std::string> notes_on(const store::ImportedSamples& a, const store::ImportedSamples& b) {
  std::vector<std::string> notes;
  const auto compare = [&](const char* what, std::string store::ImportedRow::*member) {
    const std::string& then = a.rows.front().*member;
    const std::string& now = b.rows.front().*member;
    if (then != now) {
      notes.push_back(fmt::format("the {} differs: {} against {}", what, now.empty() ? "unknown" : now,
                                  then.empty() ? "unknown" : then));
    }
  };
  compare("machine", &store::ImportedRow::machine);
  compare("model", &store::ImportedRow::model);
  compare("runtime", &store::ImportedRow::runtime);
  return notes;
}

struct Compared {
  const Sample* a = nullptr;
  const Sample* b = nullptr;
  judge::UnpairedResult result;
};

// The calls of one file show how far calls differ by themselves, where there are enough of them.
Compared compare(const Sample& a, const Sample& b) {
  judge::UnpairedOptions options;
  options.better = record::Better::higher;
  options.noise = judge::session_noise(a.levels.size() >= b.levels.size() ? a.levels : b.levels);
  return {&a, &b, judge::compare_unpaired(a.values, b.values, options)};
}

document::Document document_of(const std::vector<Compared>& all, const std::vector<std::string>& left_out,
                               const std::vector<std::string>& notes) {
  document::Table table{{{"", "test"},
                         {"", "before tok/s", "", "", Align::right},
                         {"", "now tok/s", "", "", Align::right},
                         {"", "verdict"}}};
  document::List said;
  for (const Compared& one : all) {
    table.rows.push_back(
        {one.b->test, speed_text(*one.a), speed_text(*one.b), std::string(judge::name_of(one.result.verdict))});
    said.items.push_back({fmt::format("{}: {}", one.b->test, one.result.text)});
  }
  for (const std::string& text : left_out) {
    said.items.push_back({"not compared: " + text});
  }
  document::Section section{"", {std::move(said)}};
  for (const std::string& note : notes) {
    section.blocks.emplace_back(document::Note{record::Severity::info, note});
  }
  return {"",
          {{"", {std::move(table)}}, std::move(section)},
          "Measured in separate calls, so these samples are unpaired: what the machine did in between looks like a "
          "change. mia-perf compare measures both in turns.",
          document::Tone::plain};
}

Result<int> compare_files(const Common& common, const store::ImportedSamples& now,
                          const store::ImportedSamples& before) {
  const std::vector<Sample> a = imports::samples_of(before);
  const std::vector<Sample> b = imports::samples_of(now);
  const imports::Matches matches = imports::match(a, b);
  std::vector<Compared> all;
  for (const imports::Match& pair : matches.pairs) {
    all.push_back(compare(a[pair.a], b[pair.b]));
  }
  std::vector<std::string> left_out;
  for (const std::size_t i : matches.only_a) {
    left_out.push_back(place_of(before, a, i));
  }
  for (const std::size_t j : matches.only_b) {
    left_out.push_back(place_of(now, b, j));
  }
  const std::vector<std::string> notes = notes_on(before, now);
  Json json = {{"a", to_json(before.file)},    {"b", to_json(now.file)},   {"paired", false},
               {"comparisons", Json::array()}, {"not_compared", left_out}, {"notes", notes}};
  for (const Compared& one : all) {
    Json line = judge::to_json(one.result);
    line.update({{"test", one.b->test}, {"metric", one.b->metric}, {"a", to_json(*one.a)}, {"b", to_json(*one.b)}});
    json["comparisons"].push_back(std::move(line));
  }
  show(common, document_of(all, left_out, notes), json);
  return kOk;
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
    return fail(ErrorKind::usage, "which file? results of llama-bench as JSON, JSONL, CSV or SQL");
  }
  MIA_TRY_ASSIGN(store::Store store, app::open_store(common));
  MIA_TRY_ASSIGN(const store::ImportedSamples samples, find_samples(store, options.file));
  if (options.against.empty()) {
    show_samples(common, samples);
    return kOk;
  }
  MIA_TRY_ASSIGN(const store::ImportedSamples before, find_samples(store, options.against));
  return compare_files(common, samples, before);
}

}  // namespace

void add_import(Cli& cli) {
  CLI::App* const verb = cli.app.add_subcommand("import", "keep results of llama-bench, and compare two such files");
  auto options = std::make_shared<ImportOptions>();
  verb->add_option("file", options->file, "JSON, JSONL, CSV or SQL of llama-bench; or the id of an imported file");
  verb->add_option("--against", options->against, "judge the file by this earlier one");
  verb->add_flag("--list", options->list, "what was imported");
  verb->footer("example: mia-perf import new.jsonl --against old.json");
  verb->callback([&cli, options] { cli.action = [&cli, options] { return import(cli.common, *options); }; });
}

}  // namespace mia::cli
