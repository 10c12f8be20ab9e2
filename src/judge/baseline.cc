// SPDX-License-Identifier: MIT
#include "judge/baseline.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "judge/cells.h"
#include "record/fields.h"
#include "stats/paired.h"

namespace mia::judge {
namespace {

using record::CellReport;
using record::Check;
using record::Report;

std::string joined(const std::set<std::string>& names) {
  const std::vector<std::string> list(names.begin(), names.end());
  return join(list, ", ");
}

std::string machine_of(const Report& report) {
  return report.machine.fingerprint;
}

std::string machine_text(const record::Machine& machine) {
  const std::string cores = machine.logical_cpus ? fmt::format(", {} CPUs", *machine.logical_cpus) : "";
  return fmt::format("{}{} ({})", machine.cpu_model.empty() ? "unknown CPU" : machine.cpu_model, cores,
                     machine.fingerprint.empty() ? "no fingerprint" : machine.fingerprint);
}

// Provider and backends: a fake worker is no real one, a CUDA build no CPU build.
std::string runtime_class(const Report& report) {
  std::set<std::string> classes;
  for (const record::RuntimeInfo& runtime : report.runtimes) {
    std::vector<std::string> backends = runtime.backends;
    std::ranges::sort(backends);
    classes.insert(fmt::format("{} [{}]", runtime.provider, join(backends, " ")));
  }
  return joined(classes);
}

std::string runtime_versions(const Report& report) {
  std::set<std::string> versions;
  for (const record::RuntimeInfo& runtime : report.runtimes) {
    versions.insert(fmt::format("{} {}", runtime.version, runtime.commit));
  }
  return joined(versions);
}

std::set<std::string> model_hashes(const Report& report) {
  std::set<std::string> hashes;
  for (const record::ModelInfo& model : report.models) {
    hashes.insert(model.header_hash.empty() ? model.id : model.header_hash);
  }
  return hashes;
}

std::string model_text(const Report& report) {
  std::set<std::string> models;
  for (const record::ModelInfo& model : report.models) {
    models.insert(fmt::format("{} ({})", model.id, model.header_hash.empty() ? "no hash" : model.header_hash));
  }
  return joined(models);
}

// What is computed and from which state, not how often or in which order, nor by which name the model was called.
// Deliberate slowness is no other configuration: that the gate sees it is what it is for.
record::Settings computed(record::Settings settings) {
  settings = record::without_slowness(std::move(settings));
  settings.llm.id.reset();
  record::RunSettings state;
  state.cache = settings.run.cache;
  state.runs = settings.run.runs;
  state.warmup_max = settings.run.warmup_max;
  state.warmup_tokens = settings.run.warmup_tokens;
  settings.run = state;
  settings.thresholds = {};
  return settings;
}

std::string cell_keys(const Report& report) {
  std::set<std::string> keys;
  for (const CellReport& cell : report.cells) {
    keys.insert(cell.key);
  }
  return joined(keys);
}

double margin_of(const CellReport& cell, const BaselineOptions& options) {
  const auto at = options.margins.find(cell.requested.workload.name.value_or(""));
  return at == options.margins.end() ? options.unpaired.margin : at->second;
}

Check check_of(const UnpairedResult& result, const CellReport& cell, const BaselineOptions& options) {
  const double margin = margin_of(cell, options);
  const bool within = result.at_most && *result.at_most < std::log1p(margin);
  Check check;
  check.name = "baseline_" + options.metric;
  check.unit = "fraction";
  check.limit = margin;
  check.value = result.effect ? std::optional(std::expm1(*result.effect)) : std::nullopt;
  check.verdict = "pass";
  check.text = fmt::format("{}: {}", label_of(cell), result.text);
  if (result.verdict == record::Verdict::slower) {
    check.verdict = "fail";
  } else if (result.verdict == record::Verdict::unclear && within) {
    // The bound that decided, not the wider interval of a difference that was not shown.
    check.text = fmt::format("{}: not {:.3g} % slower: {:+.1f} % in time, less than {:+.1f} % with 95 %; {}",
                             label_of(cell), 100 * margin, stats::percent(*result.effect),
                             stats::percent(*result.at_most), samples_text(result));
  } else if (result.verdict == record::Verdict::unclear) {
    check.verdict = "unclear";
  }
  if (check.verdict == "unclear" && result.effect && result.noise.sessions == 0) {
    check.text += "; five earlier sessions of the same here would show the real noise";
  }
  check.cells = {cell.key};
  return check;
}

Check missing(const CellReport& cell, const BaselineOptions& options) {
  Check check;
  check.name = "baseline_" + options.metric;
  check.verdict = "unclear";
  check.limit = margin_of(cell, options);
  check.unit = "fraction";
  check.text = fmt::format("{}: measured in the accepted report, not here", label_of(cell));
  return check;
}

}  // namespace

std::vector<Difference> differences(const Report& accepted, const Report& now) {
  std::vector<Difference> found;
  const auto compare = [&](std::string what, std::string then, std::string today, bool blocks) {
    if (then != today) {
      found.push_back({std::move(what), std::move(then), std::move(today), blocks});
    }
  };
  if (machine_of(accepted) != machine_of(now)) {
    found.push_back({"machine", machine_text(accepted.machine), machine_text(now.machine), true});
  }
  compare("scenario", accepted.scenario, now.scenario, true);
  compare("runtime class", runtime_class(accepted), runtime_class(now), true);
  if (model_hashes(accepted) != model_hashes(now)) {
    found.push_back({"model", model_text(accepted), model_text(now), true});
  }
  const auto compare_settings = [&](std::string what, const record::Settings& one, const record::Settings& other) {
    const record::Settings then = computed(one);
    const record::Settings today = computed(other);
    compare(std::move(what), record::describe(record::difference(today, then)),
            record::describe(record::difference(then, today)), true);
  };
  compare_settings("settings", accepted.settings, now.settings);
  for (const CellReport& cell : now.cells) {
    if (const CellReport* const then = find_cell(accepted, cell.key); then != nullptr && found.empty()) {
      compare_settings("configuration of " + label_of(cell), then->requested, cell.requested);
    }
  }
  compare("runtime version", runtime_versions(accepted), runtime_versions(now), false);
  compare("cells", cell_keys(accepted), cell_keys(now), false);
  return found;
}

bool comparable(const std::vector<Difference>& differences) {
  return std::ranges::none_of(differences, &Difference::blocks);
}

std::string describe(const std::vector<Difference>& differences) {
  std::vector<std::string> parts;
  for (const Difference& difference : differences) {
    if (difference.blocks) {
      parts.push_back(
          fmt::format("the {} differs (accepted: {}, now: {})", difference.what, difference.accepted, difference.now));
    }
  }
  return join(parts, "; ");
}

std::vector<double> trial_values(const Report& report, std::string_view cell_key, std::string_view metric) {
  std::vector<double> values;
  const record::Metric* const row = record::find_metric(metric);
  for (const record::Trial& trial : report.trials) {
    const bool counts = trial.cell == cell_key && trial.outcome.ok() && trial.conditions.voided_by.empty();
    const auto value = counts && row != nullptr ? row->of(trial) : std::nullopt;
    if (value && std::isfinite(*value)) {
      values.push_back(*value);
    }
  }
  return values;
}

std::vector<Check> check_baseline(const Report& accepted, const Report& now, const BaselineOptions& options) {
  std::vector<Check> checks;
  const record::Metric* const metric = record::find_metric(options.metric);
  UnpairedOptions unpaired = options.unpaired;
  unpaired.better = metric == nullptr ? unpaired.better : metric->better;
  unpaired.alpha /= static_cast<double>(std::max<std::size_t>(1, accepted.cells.size()));
  for (const CellReport& cell : accepted.cells) {
    if (find_cell(now, cell.key) == nullptr) {
      checks.push_back(missing(cell, options));
      continue;
    }
    const auto noise = options.noise.find(cell.key);
    unpaired.margin = margin_of(cell, options);
    unpaired.noise = noise == options.noise.end() ? options.unpaired.noise : noise->second;
    const std::vector<double> then = trial_values(accepted, cell.key, options.metric);
    const std::vector<double> today = trial_values(now, cell.key, options.metric);
    checks.push_back(check_of(compare_unpaired(then, today, unpaired), cell, options));
  }
  return checks;
}

}  // namespace mia::judge
