// SPDX-License-Identifier: MIT
#include "judge/conclude.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/core.h>

#include "judge/gpu_findings.h"
#include "record/fields.h"
#include "record/metrics.h"

namespace mia::judge {
namespace {

using record::CellReport;
using record::Report;
using record::Severity;

std::optional<double> value_of(const CellReport& cell, const char* metric) {
  const auto at = cell.metrics.find(metric);
  return at == cell.metrics.end() ? std::nullopt : at->second.value;
}

void add(Report& report, std::string id, Severity severity, std::string text,
         std::map<std::string, std::string> evidence) {
  report.findings.push_back({std::move(id), severity, std::move(text), std::move(evidence)});
}

std::int64_t cores_of(const Report& report) {
  return report.machine.allowed_cpus.value_or(report.machine.logical_cpus.value_or(0));
}

bool asked_auto_threads(const CellReport& cell) {
  return !cell.requested.llm.n_threads;
}

// "auto" gave more threads than there are cores: they take turns, and each token waits for the slowest.
void find_oversubscription(Report& report) {
  const std::int64_t cores = cores_of(report);
  for (const CellReport& cell : report.cells) {
    const auto threads = cell.effective.llm.n_threads;
    if (cores > 0 && threads && *threads > cores && asked_auto_threads(cell)) {
      add(report, "auto_threads_over_cores", Severity::warning,
          fmt::format("n_threads=auto became {} threads, but this machine lets us use {} cores; try --set n_threads={}",
                      *threads, cores, cores),
          {{"n_threads_effective", std::to_string(*threads)}, {"allowed_cpus", std::to_string(cores)}});
      return;
    }
  }
}

// A probe's cells carry their part before a slash.
std::string part_of(const CellReport& cell) {
  const std::size_t slash = cell.key.find('/');
  return slash == std::string::npos ? std::string() : cell.key.substr(0, slash);
}

bool same_work(const CellReport& a, const CellReport& b) {
  return a.requested.workload.name == b.requested.workload.name && a.model == b.model && part_of(a) == part_of(b);
}

// The fastest cell that is clearly faster than the reference of its kind.
const CellReport* clear_winner(const Report& report, const CellReport& reference) {
  const CellReport* best = nullptr;
  for (const CellReport& cell : report.cells) {
    const auto speed = value_of(cell, "tokens_per_s");
    if (!speed || &cell == &reference || !same_work(cell, reference)) {
      continue;
    }
    const bool beyond_noise = cell.delta_low && *cell.delta_low > 0 && cell.delta.value_or(0) >= kLeastGain;
    if (beyond_noise && (best == nullptr || *speed > value_of(*best, "tokens_per_s").value_or(0))) {
      best = &cell;
    }
  }
  return best;
}

void find_auto_penalty(Report& report, const CellReport& reference, const CellReport& winner) {
  if (!asked_auto_threads(reference) || !winner.requested.llm.n_threads) {
    return;
  }
  add(report, "auto_threads_penalty", Severity::problem,
      fmt::format("n_threads=auto ({}) is {:.1f} times slower than n_threads={}",
                  reference.effective.llm.n_threads.value_or(0), 1 + winner.delta.value_or(0),
                  *winner.requested.llm.n_threads),
      {{"factor", fmt::format("{:.3f}", 1 + winner.delta.value_or(0))},
       {"factor_low", fmt::format("{:.3f}", 1 + winner.delta_low.value_or(0))},
       {"factor_high", fmt::format("{:.3f}", 1 + winner.delta_high.value_or(0))}});
}

void find_failures(Report& report) {
  for (const CellReport& cell : report.cells) {
    if (!cell.failure.empty()) {
      const auto ok = cell.outcomes.find("ok");
      add(report, "failed_trials", Severity::problem, fmt::format("{}: {}", cell.label, cell.failure),
          {{"cell", cell.key}, {"ok_trials", std::to_string(ok == cell.outcomes.end() ? 0 : ok->second)}});
    }
  }
}

void find_noise(Report& report) {
  constexpr double kMuchDrift = 0.3;
  const auto voided = std::ranges::count_if(
      report.trials, [](const record::Trial& trial) { return !trial.conditions.voided_by.empty(); });
  if (voided * 4 > std::ssize(report.trials)) {
    add(report, "noisy_machine", Severity::warning,
        fmt::format("{} of {} trials were disturbed by others; mia-perf doctor says by what", voided,
                    report.trials.size()),
        {{"voided", std::to_string(voided)}, {"trials", std::to_string(report.trials.size())}});
  }
  if (report.drift_share.value_or(0) > kMuchDrift) {
    add(report, "drift", Severity::warning,
        fmt::format("the machine's speed drifted: the place in the order explains {:.0f} % of the spread",
                    100 * *report.drift_share),
        {{"share", fmt::format("{:.3f}", *report.drift_share)}});
  }
}

void find_impossible_speed(Report& report) {
  for (const CellReport& cell : report.cells) {
    if (cell.efficiency.value_or(0) > 1.0) {
      add(report, "above_roofline", Severity::warning,
          fmt::format("{}: {:.0f} % of the limit that memory allows; one of the two is measured wrong, or the model "
                      "lives in the cache",
                      cell.label, 100 * *cell.efficiency),
          {{"cell", cell.key}, {"roofline_tok_s", fmt::format("{:.1f}", cell.roofline_tok_s.value_or(0))}});
    }
  }
}

// The settings in which the winner was asked for something else than the reference.
std::string difference(const CellReport& reference, const CellReport& winner) {
  record::Settings from = reference.requested;
  from.workload = winner.requested.workload;
  from.run = winner.requested.run;
  return record::describe_difference(from, winner.requested);
}

std::string speed_sentence(const Report& report, const CellReport& cell) {
  const auto decode = value_of(cell, "decode_tok_s");
  const auto load = value_of(cell, "load_ms");
  if (!decode) {
    return fmt::format("{} gave no speed: {}", cell.label, cell.failure.empty() ? "not measured yet" : cell.failure);
  }
  std::string text = fmt::format("{} loads in {:.0f} ms ({}) and writes {:.1f} tokens per second", cell.model,
                                 load.value_or(0), cell.cache_state, *decode);
  if (const auto prefill = value_of(cell, "prefill_tok_s")) {
    text += fmt::format(", reads {:.0f}", *prefill);
  }
  if (cell.efficiency) {
    text += fmt::format("; that is {:.0f} % of what this memory allows", 100 * *cell.efficiency);
  }
  const auto threads = cell.effective.llm.n_threads;
  const std::int64_t cores = cores_of(report);
  if (threads && cores > 0 && *threads > cores && asked_auto_threads(cell)) {
    text += fmt::format(
        ". \"auto\" gave {} threads, more than the {} cores here: --set n_threads={} is likely much "
        "faster (mia-perf run cpu-tuning proves it)",
        *threads, cores, cores);
  }
  return text + ".";
}

std::string tuning_sentence(const CellReport& reference, const CellReport* winner) {
  if (winner == nullptr) {
    return fmt::format("Nothing beats {} beyond the noise: keep it.", reference.label);
  }
  return fmt::format("Use {}: {:.2f} times the speed of {} ({:.2f} to {:.2f}).", winner->label,
                     1 + winner->delta.value_or(0), reference.label, 1 + winner->delta_low.value_or(0),
                     1 + winner->delta_high.value_or(0));
}

std::string model_sentence(const Report& report, const CellReport& reference, const CellReport& other) {
  const auto mine = value_of(reference, "decode_tok_s");
  const auto theirs = value_of(other, "decode_tok_s");
  if (!mine || !theirs || report.models.size() < 2) {
    return {};
  }
  return fmt::format("{} writes at {:.2f} times the speed of {}.", other.model, *theirs / *mine, reference.model);
}

std::string depth_sentence(const CellReport& shorter, const CellReport& longer) {
  const auto a = value_of(shorter, "tokens_per_s");
  const auto b = value_of(longer, "tokens_per_s");
  const auto p_a = value_of(shorter, "p95_decode_ms");
  const auto p_b = value_of(longer, "p95_decode_ms");
  if (!a || !b) {
    return {};
  }
  std::string text = fmt::format("The long answer runs at {:.2f} times the speed of the short one", *b / *a);
  if (p_a && p_b && *p_a > 0) {
    text += fmt::format(", its p95 at {:.2f} times", *p_b / *p_a);
  }
  return text + ".";
}

const CellReport* with_workload(const Report& report, const CellReport& like, const char* name) {
  const auto at = std::ranges::find_if(report.cells, [&](const CellReport& cell) {
    return cell.requested.workload.name == name && cell.model == like.model && part_of(cell) == part_of(like);
  });
  return at == report.cells.end() ? nullptr : &*at;
}

void recommend_settings(Report& report) {
  const CellReport& reference = report.cells.front();
  const CellReport* const winner = clear_winner(report, reference);
  if (winner != nullptr) {
    report.recommendation = difference(reference, *winner);
    find_auto_penalty(report, reference, *winner);
  }
  report.sentence = tuning_sentence(reference, winner);
}

void recommend_model(Report& report) {
  const CellReport& reference = report.cells.front();
  const CellReport* best = nullptr;
  for (const CellReport& cell : report.cells) {
    const bool other_model =
        cell.model != reference.model && cell.requested.workload.name == reference.requested.workload.name;
    if (!other_model) {
      continue;
    }
    report.sentence += (report.sentence.empty() ? "" : " ") + model_sentence(report, reference, cell);
    const bool clear = cell.delta_low && *cell.delta_low > 0 && cell.delta.value_or(0) >= kLeastGain;
    if (clear && (best == nullptr || *cell.delta > *best->delta)) {
      best = &cell;
    }
  }
  if (best != nullptr) {
    report.recommendation = "id=" + best->model;
  }
}

bool varies_settings(const Report& report) {
  return std::ranges::any_of(report.cells, [&](const CellReport& cell) {
    return cell.model == report.cells.front().model &&
           cell.requested.workload.name == report.cells.front().requested.workload.name &&
           cell.key != report.cells.front().key;
  });
}

}  // namespace

void conclude(Report& report) {
  if (report.cells.empty()) {
    return;
  }
  find_oversubscription(report);
  find_failures(report);
  find_noise(report);
  find_impossible_speed(report);
  const auto on_gpu = gpu_findings(report);
  report.findings.insert(report.findings.end(), on_gpu.begin(), on_gpu.end());
  report.sentence.clear();
  const CellReport& first = report.cells.front();
  const CellReport* const shorter = with_workload(report, first, "short");
  const CellReport* const longer = with_workload(report, first, "long");
  if (report.models.size() > 1) {
    recommend_model(report);
  } else if (report.scenario != "probe" && varies_settings(report)) {
    recommend_settings(report);
  }
  if (report.sentence.empty() && shorter != nullptr && longer != nullptr && report.scenario != "probe") {
    report.sentence = depth_sentence(*shorter, *longer);
  }
  if (report.sentence.empty()) {
    report.sentence = speed_sentence(report, first);
  }
}

}  // namespace mia::judge
