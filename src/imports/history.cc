// SPDX-License-Identifier: MIT
#include "imports/history.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "imports/match.h"

namespace mia::imports {
namespace {

bool passes(const store::ImportedCall& call, const store::SeriesFilter& filter) {
  const std::string& model = call.row.model;
  return (!filter.model || *filter.model == model || *filter.model == std::filesystem::path(model).filename()) &&
         (!filter.machine || *filter.machine == call.row.machine) &&
         (!filter.scenario || call.tool.find(*filter.scenario) != std::string::npos) &&
         (!filter.since || call.row.measured >= *filter.since);
}

}  // namespace

std::vector<store::Series> history_of(const std::vector<store::ImportedCall>& calls,
                                      const store::SeriesFilter& filter) {
  const std::set<std::string> build = columns_named("build");
  std::vector<store::Series> result;
  std::vector<Sample> samples;  // one of each series
  std::map<std::string, std::size_t> places;
  std::set<std::string> measured;
  for (const store::ImportedCall& call : calls) {
    const Samples one = samples_of({call.row}, build);
    if (!passes(call, filter) || one.lines.empty()) {
      continue;
    }
    const Sample& sample = one.lines.front();
    const std::string key = dump_json({sample.test, call.row.machine, call.row.model, sample.columns});
    const std::string configuration = hash_hex(key);
    const double value = *call.row.mean;
    if ((filter.configuration && *filter.configuration != configuration) ||
        !measured.insert(key + call.row.measured + call.row.runtime + dump_json(value)).second) {
      continue;
    }
    const auto [at, is_new] = places.try_emplace(key, result.size());
    if (is_new) {
      result.push_back({call.row.machine, call.row.model, "", configuration, "", call.tool, {}});
      samples.push_back(sample);
    }
    result[at->second].points.push_back({call.row.measured, value, call.id, call.id, call.row.runtime});
  }
  std::vector<std::string> names = differing(samples);
  const std::set<std::string> shown_already = {"model_filename", "cpu_info", "gpu_info"};
  std::erase_if(names, [&](const std::string& name) { return shown_already.contains(name); });
  for (std::size_t i = 0; i < result.size(); ++i) {
    const std::string columns = describe(samples[i], names);
    result[i].label = samples[i].test + (columns.empty() ? "" : " " + columns);
  }
  return result;
}

}  // namespace mia::imports
