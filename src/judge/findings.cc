// SPDX-License-Identifier: MIT
#include "judge/findings.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "judge/caveats.h"
#include "judge/cells.h"
#include "record/fields.h"

namespace mia::judge {
namespace {

using record::CellReport;
using record::Report;
using record::Severity;

// "auto" gave more threads than there are cores: they take turns, and each token waits for the slowest.
void find_oversubscription(Report& report) {
  for (const CellReport& cell : report.cells) {
    if (oversubscribed(report, cell)) {
      const std::int64_t threads = *cell.effective.llm.n_threads;
      const std::int64_t cores = cores_of(report);
      add_finding(report, "auto_threads_over_cores", Severity::warning,
                  fmt::format("n_threads=auto became {0} threads, but this machine lets us use {1} core{2}; try "
                              "--set n_threads={1}",
                              threads, cores, cores == 1 ? "" : "s"),
                  {{"n_threads_effective", std::to_string(threads)}, {"allowed_cpus", std::to_string(cores)}});
      return;
    }
  }
}

// Settings that the runtime changed in silence. Layers and flash attention have findings of their own.
void find_changed_settings(Report& report) {
  for (const record::Field& field : record::fields()) {
    if (!field.key.starts_with("llm.primary.") || field.key.ends_with(".n_gpu_layers") ||
        field.key.ends_with(".flash_attn")) {
      continue;
    }
    const bool batch = field.key.ends_with("batch");  // no larger than the context, which follows the workload if unset
    for (const CellReport& cell : report.cells) {
      if (batch && !cell.requested.llm.n_ctx) {
        continue;
      }
      const record::Value asked = record::get(cell.requested, field);
      const record::Value got = record::get(cell.effective, field);
      const bool known = !std::holds_alternative<std::monostate>(asked) && !std::holds_alternative<std::monostate>(got);
      if (known && asked != got) {
        const std::string_view name = field.key.substr(field.key.rfind('.') + 1);
        add_finding(report, "setting_changed", Severity::warning,
                    fmt::format("{}: asked for {}={}, the runtime took {}", cell.label, name, record::to_text(asked),
                                record::to_text(got)),
                    {{"cell", cell.key},
                     {"key", std::string(field.key)},
                     {"requested", record::to_text(asked)},
                     {"effective", record::to_text(got)}});
        break;
      }
    }
  }
}

// An axis for a GPU's diagnosis where the runtime sees none.
void find_without_effect(Report& report) {
  for (const CellReport& cell : report.cells) {
    const auto runtime = std::ranges::find(report.runtimes, cell.runtime, &record::RuntimeInfo::name);
    const bool sees_gpu = runtime == report.runtimes.end() || std::ranges::any_of(runtime->devices, record::is_gpu);
    if (cell.requested.llm.cuda_launch_blocking.value_or(false) && !sees_gpu) {
      add_finding(report, "setting_without_effect", Severity::warning,
                  fmt::format("cuda_launch_blocking=true has no effect: runtime {} sees no GPU", cell.runtime),
                  {{"key", "llm.primary.cuda_launch_blocking"}, {"runtime", cell.runtime}});
      return;
    }
  }
}

// Ctrl-C is no failure of the cell; the report says that it is incomplete.
bool failed(const CellReport& cell) {
  return !cell.failure.empty() && std::ranges::any_of(cell.outcomes, [](const auto& outcome) {
    return outcome.first != "ok" && outcome.first != "cancelled";
  });
}

// A cause that stopped everything is what the closing sentence says.
void find_failures(Report& report) {
  if (!only_cause(report).empty()) {
    return;
  }
  for (const CellReport& cell : report.cells) {
    if (failed(cell)) {
      const auto ok = cell.outcomes.find("ok");
      add_finding(report, "failed_trials", Severity::problem, fmt::format("{}: {}", cell.label, cell.failure),
                  {{"cell", cell.key}, {"ok_trials", std::to_string(ok == cell.outcomes.end() ? 0 : ok->second)}});
    }
  }
}

void find_noise(Report& report) {
  constexpr double kMuchDrift = 0.3;
  constexpr double kChance = 0.01;
  const auto voided = std::ranges::count_if(report.trials, [](const record::Trial& trial) {
    return trial.outcome.ok() && !trial.conditions.voided_by.empty();
  });
  if (voided * 4 > std::ssize(report.trials)) {
    add_finding(report, "noisy_machine", Severity::warning,
                fmt::format("{} of {} trials were disturbed from outside; mia-perf doctor says by what", voided,
                            report.trials.size()),
                {{"voided", std::to_string(voided)}, {"trials", std::to_string(report.trials.size())}});
  }
  // A report of a version that tested nothing has no p: its share stands alone.
  if (report.drift_share.value_or(0) > kMuchDrift && report.drift_p.value_or(0) < kChance) {
    add_finding(report, "drift", Severity::warning,
                fmt::format("the machine's speed drifted: the place in the order explains {:.0f} % of the spread",
                            100 * *report.drift_share),
                {{"share", fmt::format("{:.3f}", *report.drift_share)}});
  }
}

void find_impossible_speed(Report& report) {
  for (const CellReport& cell : report.cells) {
    if (cell.efficiency.value_or(0) > 1.0) {
      add_finding(
          report, "above_roofline", Severity::warning,
          fmt::format("{}: {:.0f} % of the limit that memory allows; one of the two is measured wrong, or the model "
                      "lives in the cache",
                      cell.label, 100 * *cell.efficiency),
          {{"cell", cell.key}, {"roofline_tok_s", fmt::format("{:.1f}", cell.roofline_tok_s.value_or(0))}});
    }
  }
}

// Cells of one file in one state of the page cache have one rate: the first says it for all.
void find_impossible_load(Report& report) {
  std::map<std::pair<std::string, std::string>, std::vector<const CellReport*>> alike;
  for (const CellReport& cell : report.cells) {
    const auto load = value_of(cell, "load_ms");
    if (load && cell.load_limit_ms && *load < *cell.load_limit_ms) {
      alike[{cell.model, cell.cache_state}].push_back(&cell);
    }
  }
  for (const auto& [file, cells] : alike) {
    const CellReport& first = *cells.front();
    add_finding(
        report, "load_below_limit", Severity::warning,
        fmt::format("{}{}: loaded in {:.0f} ms, reading the file takes {:.0f} ms; one of the two is measured wrong",
                    first.label, cells.size() > 1 ? fmt::format(" and {} more", cells.size() - 1) : "",
                    *value_of(first, "load_ms"), *first.load_limit_ms),
        {{"cell", first.key},
         {"cells", std::to_string(cells.size())},
         {"load_limit_ms", fmt::format("{:.1f}", *first.load_limit_ms)}});
  }
}

}  // namespace

void add_finding(Report& report, std::string id, Severity severity, std::string text,
                 std::map<std::string, std::string> evidence) {
  report.findings.push_back({std::move(id), severity, std::move(text), std::move(evidence)});
}

std::int64_t cores_of(const Report& report) {
  return report.machine.allowed_cpus.value_or(report.machine.logical_cpus.value_or(0));
}

bool oversubscribed(const Report& report, const CellReport& cell) {
  const auto threads = cell.effective.llm.n_threads;
  const std::int64_t cores = cores_of(report);
  return threads && cores > 0 && *threads > cores && !cell.requested.llm.n_threads;
}

void find_facts(Report& report) {
  find_oversubscription(report);
  find_changed_settings(report);
  find_without_effect(report);
  find_failures(report);
  find_noise(report);
  find_impossible_speed(report);
  find_impossible_load(report);
}

}  // namespace mia::judge
