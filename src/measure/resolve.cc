// SPDX-License-Identifier: MIT
#include "measure/resolve.h"

#include <algorithm>

#include "measure/workload.h"
#include "proc/interrupt.h"
#include "record/fields.h"

namespace mia::measure {
namespace {

constexpr double kPhaseLimit = 120;  // seconds

// Everything that decides how a model is loaded: cells that share it can share one loaded model here.
record::Settings load_settings(record::Settings settings) {
  record::LlmSettings& llm = settings.llm;
  for (record::OptInt* const of_context : {&llm.n_threads, &llm.n_threads_batch, &llm.n_ctx, &llm.n_batch,
                                           &llm.n_ubatch, &llm.poll, &llm.max_output_tokens}) {
    of_context->reset();
  }
  for (record::OptString* const of_context : {&llm.flash_attn, &llm.cache_type_k, &llm.cache_type_v}) {
    of_context->reset();
  }
  settings.workload = {};
  return settings;
}

bool load_alike(const PlannedCell& a, const PlannedCell& b) {
  return a.subject.model.header_hash == b.subject.model.header_hash &&
         a.subject.runtime.name == b.subject.runtime.name && load_settings(a.settings) == load_settings(b.settings);
}

// Asks for all cells of one load; stops at the first failure: those cells stay as they are.
void ask_effective(const std::vector<PlannedCell*>& cells, const Bench& bench) {
  client::Worker worker(bench.on_wait);
  const PlannedCell& first = *cells.front();
  auto env = first.subject.env;
  env.merge(trial_environment(first.settings));
  if (!worker.open({first.subject.runtime, env}, kPhaseLimit) ||
      !worker.load({first.subject.model.path, first.settings}, kPhaseLimit).ok()) {
    return;
  }
  for (PlannedCell* const cell : cells) {
    const auto request = make_request(cell->settings);
    if (!request || proc::interrupted()) {
      return;
    }
    const auto needed = context_needed(worker, *request, kPhaseLimit);
    if (!needed.ok()) {
      return;
    }
    auto ready = worker.make_context({cell->settings, *needed.value}, kPhaseLimit);
    if (ready.ok()) {
      cell->effective = ready.value->effective;
    } else if (!worker.alive()) {
      return;
    }
  }
  (void)worker.shut_down(kPhaseLimit);  // it only had to answer
}

}  // namespace

record::Settings known_settings(const record::Settings& requested, const record::Settings& effective) {
  record::Settings known = requested;
  for (const record::Field& field : record::fields()) {
    const record::Value value = record::get(effective, field);
    if (record::is_set(value)) {
      record::set(known, field, value);
    }
  }
  return known;
}

std::size_t merge_equal_cells(Plan& plan, Bench& bench) {
  std::vector<std::vector<PlannedCell*>> groups;
  for (PlannedCell& cell : plan.cells) {
    const auto at = std::ranges::find_if(groups, [&](const auto& group) { return load_alike(*group.front(), cell); });
    (at == groups.end() ? groups.emplace_back() : *at).push_back(&cell);
  }
  for (const std::vector<PlannedCell*>& cells : groups) {
    if (cells.size() > 1) {
      if (bench.on_phase) {
        bench.on_phase("asking the runtime what the settings become");
      }
      ask_effective(cells, bench);
    }
  }
  std::vector<PlannedCell> kept;
  std::vector<record::Settings> became;  // what the settings of those kept are in the runtime
  for (PlannedCell& cell : plan.cells) {
    record::Settings known = cell.effective ? known_settings(cell.settings, *cell.effective) : cell.settings;
    const auto equal = [&](std::size_t i) {
      return kept[i].effective && cell.effective && became[i] == known && kept[i].part == cell.part &&
             load_alike(kept[i], cell);
    };
    std::size_t at = 0;
    while (at < kept.size() && !equal(at)) {
      ++at;
    }
    if (at < kept.size()) {
      kept[at].also.push_back(cell.point);
    } else {
      kept.push_back(std::move(cell));
      became.push_back(std::move(known));
    }
  }
  const std::size_t merged = plan.cells.size() - kept.size();
  plan.cells = std::move(kept);
  order_slots(plan);
  return merged;
}

}  // namespace mia::measure
