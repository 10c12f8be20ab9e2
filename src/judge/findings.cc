// SPDX-License-Identifier: MIT
#include "judge/findings.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "base/text.h"
#include "judge/caveats.h"
#include "judge/cells.h"
#include "judge/honoured.h"
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

// Asked for more threads than this process may use CPUs, in decode or prefill: said once, of all such cells.
void find_threads_over_cpus(Report& report) {
  const std::int64_t cpus = cores_of(report);
  std::string cells;
  std::int64_t most = 0;
  for (const CellReport& cell : report.cells) {
    const record::LlmSettings& asked = cell.requested.llm;
    const std::int64_t threads = std::max(asked.n_threads.value_or(0), asked.n_threads_batch.value_or(0));
    if (cpus > 0 && threads > cpus) {
      most = std::max(most, threads);
      cells += (cells.empty() ? "" : ", ") + label_of(cell);
    }
  }
  if (!cells.empty()) {
    add_finding(report, "threads_over_cpus", Severity::warning,
                fmt::format("{}: up to {} threads, but this process may use {} CPU{}, on which they take turns", cells,
                            most, cpus, cpus == 1 ? "" : "s"),
                {{"cells", cells}, {"threads", std::to_string(most)}, {"allowed_cpus", std::to_string(cpus)}});
  }
}

// What the runtime of a cell lacks that the setting needs; "" nothing or unknown.
std::string lack_of_cell(const Report& report, const CellReport& cell, record::Needs needs) {
  const auto runtime = std::ranges::find(report.runtimes, cell.runtime, &record::RuntimeInfo::name);
  return runtime == report.runtimes.end() ? "" : lack_of(*runtime, needs);
}

// Each setting that was not honoured once, by the first cell of which that is true.
void find_dishonoured_settings(Report& report) {
  std::set<std::string> said;
  for (const CellReport& cell : report.cells) {
    const auto runtime = std::ranges::find(report.runtimes, cell.runtime, &record::RuntimeInfo::name);
    const Ran ran{label_of(cell), cell.key, cell.requested, cell.effective,
                  runtime == report.runtimes.end() ? nullptr : &*runtime};
    for (record::Finding& finding : dishonoured_settings(ran)) {
      if (said.insert(finding.evidence.at("key")).second) {
        report.findings.push_back(std::move(finding));
      }
    }
  }
}

// What the cell asked for of the field, under each of its names.
void add_asked(const CellReport& cell, const record::Field& field, std::vector<std::string>& asked) {
  const auto add = [&](const std::string& text) {
    if (std::ranges::find(asked, text) == asked.end()) {
      asked.push_back(text);
    }
  };
  add(record::to_text(record::get(cell.requested, field)));
  for (const record::Point& point : cell.also) {
    for (const record::Setting& setting : point.settings) {
      if (setting.field == &field && setting.word.empty()) {
        add(record::to_text(setting.value));
      }
    }
  }
}

// An axis of which the runtime made one value: its cells are one.
void find_axes_without_effect(Report& report) {
  for (const PartView& part : parts_of(report)) {
    for (const record::Field& field : record::fields()) {
      std::vector<std::string> asked;
      std::set<std::string> became;
      for (const CellReport* const cell : part.cells) {
        const record::Value got = record::get(cell->effective, field);
        if (record::is_set(got) && lack_of_cell(report, *cell, field.needs).empty()) {
          became.insert(record::to_text(got));
          add_asked(*cell, field, asked);
        }
      }
      if (!field.key.starts_with("llm.primary.") || asked.size() < 2 || became.size() > 1) {
        continue;
      }
      const std::string last = asked.back();
      asked.pop_back();
      add_finding(
          report, "axis_without_effect", Severity::warning,
          fmt::format("{} {} and {} {} became {}: with this workload this axis cannot matter, and its cells are "
                      "one",
                      field.name, join(asked, ", "), last, asked.size() > 1 ? "all" : "both", *became.begin()),
          {{"key", std::string(field.key)}, {"effective", *became.begin()}});
    }
  }
}

// Settings of one cell that contradict each other or the model.
void find_contradictions(Report& report) {
  const CellReport* batch = nullptr;
  const CellReport* context = nullptr;
  std::int64_t trained = 0;
  for (const CellReport& cell : report.cells) {
    const record::LlmSettings& asked = cell.requested.llm;
    if (batch == nullptr && asked.n_ubatch && asked.n_batch && *asked.n_ubatch > *asked.n_batch) {
      batch = &cell;
    }
    const auto model = std::ranges::find(report.models, cell.model, &record::ModelInfo::id);
    const auto length = cell.effective.llm.n_ctx ? cell.effective.llm.n_ctx : asked.n_ctx;
    if (context == nullptr && model != report.models.end() && model->context && length && *length > *model->context) {
      context = &cell;
      trained = *model->context;
    }
  }
  if (batch != nullptr) {
    const record::LlmSettings& asked = batch->requested.llm;
    add_finding(report, "ubatch_over_batch", Severity::warning,
                fmt::format("{}: n_ubatch={} is above n_batch={}, and the runtime takes no more than n_batch",
                            label_of(*batch), *asked.n_ubatch, *asked.n_batch),
                {{"cell", batch->key},
                 {"n_ubatch", std::to_string(*asked.n_ubatch)},
                 {"n_batch", std::to_string(*asked.n_batch)}});
  }
  if (context != nullptr) {
    const auto length = context->effective.llm.n_ctx ? context->effective.llm.n_ctx : context->requested.llm.n_ctx;
    add_finding(report, "context_over_trained", Severity::warning,
                fmt::format("{}: a context of {} tokens is above the {} that {} was trained on: speeds hold, answers "
                            "may not",
                            label_of(*context), *length, trained, context->model),
                {{"cell", context->key}, {"n_ctx", std::to_string(*length)}, {"trained", std::to_string(trained)}});
  }
}

// Tokens per second and perplexity count in tokens.
void find_tokenizers(Report& report) {
  for (const record::ModelInfo& model : report.models) {
    const std::string& first = report.models.front().id;
    if (!same_tokenizer(report, first, model.id)) {
      add_finding(report, "different_tokenizers", Severity::warning,
                  fmt::format("{} and {} cut text into different tokens: compare their bytes per second and bits per "
                              "byte, not their tokens per second and perplexity",
                              first, model.id),
                  {{"first", first}, {"model", model.id}});
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
  if (!only_cause(record::cells_of(report)).empty()) {
    return;
  }
  for (const CellReport& cell : report.cells) {
    if (failed(cell)) {
      const auto ok = cell.outcomes.find("ok");
      add_finding(report, "failed_trials", Severity::problem, fmt::format("{}: {}", label_of(cell), cell.failure),
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
                      label_of(cell), 100 * *cell.efficiency),
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
                    label_of(first), cells.size() > 1 ? fmt::format(" and {} more", cells.size() - 1) : "",
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

bool same_tokenizer(const Report& report, std::string_view a, std::string_view b) {
  const auto hash_of = [&](std::string_view id) {
    const auto model = std::ranges::find(report.models, id, &record::ModelInfo::id);
    return model == report.models.end() ? std::string() : model->tokenizer_hash;
  };
  const std::string of_a = hash_of(a);
  const std::string of_b = hash_of(b);
  return of_a.empty() || of_b.empty() || of_a == of_b;
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
  find_threads_over_cpus(report);
  find_dishonoured_settings(report);
  find_axes_without_effect(report);
  find_contradictions(report);
  find_tokenizers(report);
  find_failures(report);
  find_noise(report);
  find_impossible_speed(report);
  find_impossible_load(report);
}

}  // namespace mia::judge
