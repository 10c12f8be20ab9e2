// SPDX-License-Identifier: MIT
#include "report/write.h"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "report/document.h"
#include "report/json.h"

namespace mia::report {
namespace {

constexpr std::size_t kLongestStem = 100;

bool is_name(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

std::string workload_of(const record::CellReport& cell) {
  return cell.requested.workload.name.value_or("");
}

// The seed's name for the report that holds flash attention against none.
bool compares_flash_attention(const record::Report& report) {
  return report.table == record::TableShape::long_context &&
         std::ranges::any_of(report.cells, [&](const record::CellReport& cell) {
           return cell.requested.llm.flash_attn != report.cells.front().requested.llm.flash_attn;
         });
}

}  // namespace

std::string stem_of(const record::Report& report) {
  const bool own = !report.stem.empty();
  std::string name = (own ? report.stem : report.scenario).substr(0, kLongestStem);
  std::ranges::replace_if(
      name, [&](char c) { return !is_name(c) && !(own && c == '-'); }, '_');
  return own ? name : "perf_" + name;
}

Status write_pair(const record::Report& report, const std::filesystem::path& dir, std::string_view stem) {
  const std::string name(stem);
  MIA_TRY(write_file_atomic(dir / (name + ".json"), pretty_json(to_document(report))));
  return write_file_atomic(dir / (name + ".md"), to_markdown(report));
}

Result<std::vector<std::filesystem::path>> write_report(const record::Report& report,
                                                        const std::filesystem::path& dir) {
  const std::string stem = stem_of(report) + (compares_flash_attention(report) ? "_fmha" : "");
  std::vector<std::filesystem::path> files{dir / (stem + ".json")};
  MIA_TRY(write_pair(report, dir, stem));
  if (report.table == record::TableShape::latency) {
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
