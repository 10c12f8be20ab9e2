// SPDX-License-Identifier: MIT
#include "report/write.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "report/document.h"
#include "report/json.h"

namespace mia::report {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kStems{{
    {"baseline", "perf_cpu_baseline"},
    {"cpu-tuning", "perf_cpu_tuning"},
    {"gpu-smoke", "perf_gpu_smoke"},
    {"quant-compare", "compare_models"},
    {"long-context", "perf_long_context"},
    {"latency", "perf_latency"},
    {"probe", "perf_probe"},
}};
constexpr std::size_t kLongestStem = 100;

bool is_name(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

std::string workload_of(const record::CellReport& cell) {
  return cell.requested.workload.name.value_or("");
}

// The seed's name for the report that holds flash attention against none.
bool compares_flash_attention(const record::Report& report) {
  return report.scenario == "long-context" && std::ranges::any_of(report.cells, [&](const record::CellReport& cell) {
           return cell.requested.llm.flash_attn != report.cells.front().requested.llm.flash_attn;
         });
}

}  // namespace

std::string stem_for(std::string_view scenario) {
  const auto* const row = std::ranges::find(kStems, scenario, &std::pair<std::string_view, std::string_view>::first);
  if (row != kStems.end()) {
    return std::string(row->second);
  }
  std::string name(scenario.substr(0, kLongestStem));
  std::ranges::replace_if(
      name, [](char c) { return !is_name(c); }, '_');
  return "perf_" + name;
}

Status write_pair(const record::Report& report, const std::filesystem::path& dir, std::string_view stem) {
  const std::string name(stem);
  MIA_TRY(write_file_atomic(dir / (name + ".json"), pretty_json(to_document(report))));
  return write_file_atomic(dir / (name + ".md"), to_markdown(report));
}

Result<std::vector<std::filesystem::path>> write_report(const record::Report& report,
                                                        const std::filesystem::path& dir) {
  const std::string stem = stem_for(report.scenario) + (compares_flash_attention(report) ? "_fmha" : "");
  std::vector<std::filesystem::path> files{dir / (stem + ".json")};
  MIA_TRY(write_pair(report, dir, stem));
  if (report.scenario == "latency") {
    for (const char* const workload : {"short", "long"}) {
      const record::Report part = only_workload(report, workload);
      if (!part.cells.empty()) {
        const std::string name = fmt::format("{}_{}", stem, workload);
        MIA_TRY(write_pair(part, dir, name));
        files.push_back(dir / (name + ".json"));
      }
    }
  }
  return files;
}

record::Report only_workload(const record::Report& report, std::string_view workload) {
  record::Report part = report;
  std::erase_if(part.cells, [&](const record::CellReport& cell) { return workload_of(cell) != workload; });
  std::set<std::string> kept;
  for (const record::CellReport& cell : part.cells) {
    kept.insert(cell.key);
  }
  std::erase_if(part.trials, [&](const record::Trial& trial) { return kept.count(trial.cell) == 0; });
  return part;
}

}  // namespace mia::report
