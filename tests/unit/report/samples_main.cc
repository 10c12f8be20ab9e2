// SPDX-License-Identifier: MIT
// Writes every sample in every format into a folder, for tests/schema/validate.py: `good/` must pass the schema, each
// document of `bad/` is broken in one place and must fail, `formats/` must parse.
#include <cstdio>
#include <filesystem>
#include <functional>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "report/csv.h"
#include "report/json.h"
#include "report/junit.h"
#include "samples.h"

namespace {

using mia::Json;

bool write(const std::filesystem::path& path, const std::string& text) {
  const auto status = mia::write_file_atomic(path, text);
  if (!status) {
    std::fprintf(stderr, "%s\n", status.error().text().c_str());
  }
  return status.has_value();
}

std::vector<std::pair<const char*, mia::record::Report>> good() {
  mia::record::Report unfinished = mia::samples::empty("baseline");
  unfinished.complete = false;
  unfinished.finished = "";
  unfinished.runtimes.clear();
  mia::record::Report crashed = mia::samples::baseline();
  mia::samples::crash(crashed, crashed.cells.front());
  return {{"baseline", mia::samples::baseline()},
          {"cpu_tuning", mia::samples::cpu_tuning()},
          {"long_context", mia::samples::long_context()},
          {"latency", mia::samples::latency()},
          {"quant_compare", mia::samples::quant_compare()},
          {"probe", mia::samples::probe()},
          {"hostile", mia::samples::hostile()},
          {"unfinished", unfinished},
          {"crashed", crashed}};
}

// Each takes something from a good document or puts something wrong into it.
std::vector<std::pair<const char*, std::function<void(Json&)>>> breaks() {
  return {{"no_schema", [](Json& d) { d.erase("schema"); }},
          {"other_schema", [](Json& d) { d["schema"] = 3; }},
          {"no_trials", [](Json& d) { d.erase("trials"); }},
          {"no_rows", [](Json& d) { d.erase("rows"); }},
          {"text_for_number", [](Json& d) { d["tokens_per_s"] = "120.5"; }},
          {"missing_seed_field", [](Json& d) { d.erase("gen_latency_s"); }},
          {"unknown_top_level", [](Json& d) { d["tokens_per_sec"] = 1; }},
          {"load_source", [](Json& d) { d["load_ms_source"] = "guess"; }},
          {"unknown_outcome", [](Json& d) { d["trials"][0]["outcome"]["kind"] = "fine"; }},
          {"negative_tokens", [](Json& d) { d["trials"][0]["runs"][0]["tokens_out"] = -1; }},
          {"fractional_stamp", [](Json& d) { d["trials"][0]["runs"][0]["token_ns"][0] = 1.5; }},
          {"unknown_run_member", [](Json& d) { d["trials"][0]["runs"][0]["tokens"] = 3; }},
          {"metric_without_n", [](Json& d) { d["cells"][0]["metrics"]["load_ms"].erase("n"); }},
          {"cell_without_outcomes", [](Json& d) { d["cells"][0].erase("outcomes"); }},
          {"settings_in_lists", [](Json& d) { d["settings"]["workload"]["max_tokens"] = Json::array({64}); }},
          {"unknown_settings_section", [](Json& d) { d["settings"]["llm"] = Json::object(); }},
          {"severity", [](Json& d) { d["findings"][0]["severity"] = "fatal"; }},
          {"verdict", [](Json& d) { d["checks"][0]["verdict"] = "maybe"; }},
          {"judgement", [](Json& d) { d["judgement"]["verdict"] = "maybe"; }},
          {"judgement_without_statistic", [](Json& d) { d["judgement"].erase("statistic"); }},
          {"confirmation", [](Json& d) { d["checks"][0]["confirmation"]["verdict"] = 1; }},
          {"machine_as_text", [](Json& d) { d["environment"] = "bench"; }},
          {"started_not_utc", [](Json& d) { d["started"] = "yesterday"; }},
          {"short_hash", [](Json& d) { d["content_hash"] = "12"; }}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: report_samples FOLDER\n", stderr);
    return 2;
  }
  const std::filesystem::path dir(argv[1]);
  bool written = true;
  for (const auto& [name, report] : good()) {
    const std::string stem(name);
    written &= write(dir / "good" / (stem + ".json"), mia::report::pretty_json(mia::report::to_document(report)));
    written &= write(dir / "formats" / (stem + ".csv"), mia::report::to_csv(report));
    written &= write(dir / "formats" / (stem + ".jsonl"), mia::report::to_jsonl(report));
    written &= write(dir / "formats" / (stem + ".xml"), mia::report::to_junit(report));
  }
  for (const auto& [name, spoil] : breaks()) {
    Json document = mia::report::to_document(mia::samples::baseline());
    spoil(document);
    written &= write(dir / "bad" / (std::string(name) + ".json"), mia::report::pretty_json(document));
  }
  return written ? 0 : 1;
}
