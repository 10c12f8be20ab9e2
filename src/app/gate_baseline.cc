// SPDX-License-Identifier: MIT
#include "app/gate_baseline.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/session_levels.h"
#include "judge/baseline.h"

namespace mia::app {
namespace {

constexpr std::int64_t kNewestTrials = 500;  // enough for the noise between sessions, the same for any size of store

std::string hash_of_model(const record::Report& report, const std::string& id) {
  const auto at = std::ranges::find(report.models, id, &record::ModelInfo::id);
  return at == report.models.end() ? std::string() : at->header_hash;
}

// Levels of all sessions but the one that is judged.
std::vector<double> levels_without(const std::vector<store::SeriesPoint>& points, const std::string& session) {
  std::vector<double> levels;
  for (const judge::SessionLevel& level : session_levels(points)) {
    if (level.session != session) {
      levels.push_back(level.value);
    }
  }
  return levels;
}

Result<std::map<std::string, judge::SessionNoise>> noise_of_metric(store::Store& store, const record::Report& report,
                                                                   std::string_view metric) {
  std::map<std::string, judge::SessionNoise> noise;
  for (const record::CellReport& cell : report.cells) {
    const store::SubjectKey subject{report.machine.fingerprint, hash_of_model(report, cell.model),
                                    store::configuration_key(record::without_slowness(cell.requested))};
    MIA_TRY_ASSIGN(const auto points, store.newest_points(metric, subject, kNewestTrials));
    const judge::SessionNoise seen = judge::session_noise(levels_without(points, report.session));
    if (seen.sessions > 0) {
      noise[cell.key] = seen;
    }
  }
  return noise;
}

}  // namespace

Status require_comparable(const record::Report& accepted, const record::Report& report) {
  const std::vector<judge::Difference> differences = judge::differences(accepted, report);
  if (judge::comparable(differences)) {
    return {};
  }
  return with_hint(fail(ErrorKind::usage, "the accepted report of {} cannot judge this one: {}", accepted.started,
                        judge::describe(differences)),
                   "measure the accepted configuration, or make this report the baseline with mia-perf accept");
}

Result<std::optional<record::Report>> find_baseline(store::Store& store, const record::Report& report) {
  const std::string model = store::model_key(report.models);
  MIA_TRY_ASSIGN(auto accepted, store.baseline(model, report.machine.fingerprint, report.scenario));
  if (!accepted) {
    MIA_TRY_ASSIGN(const auto rows, store.baselines());
    const auto elsewhere = std::ranges::find_if(
        rows, [&](const store::BaselineRow& row) { return row.model_key == model && row.scenario == report.scenario; });
    if (elsewhere == rows.end()) {
      return std::optional<record::Report>();
    }
    MIA_TRY_ASSIGN(accepted, store.baseline(model, elsewhere->machine, report.scenario));
  }
  MIA_TRY(require_comparable(*accepted, report));
  return accepted;
}

Result<judge::LimitNoise> noise_from_history(store::Store& store, const record::Report& report) {
  judge::LimitNoise noise;
  MIA_TRY_ASSIGN(noise.speed, noise_of_metric(store, report, "tokens_per_s"));
  MIA_TRY_ASSIGN(noise.p95, noise_of_metric(store, report, "p95_decode_ms"));
  return noise;
}

}  // namespace mia::app
