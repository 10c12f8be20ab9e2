// SPDX-License-Identifier: MIT
#include "measure/resolve.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "measure/workload.h"
#include "proc/interrupt.h"
#include "record/fields.h"

namespace mia::measure {
namespace {

constexpr double kPhaseLimit = 120;  // seconds

// Everything that decides how a model is loaded: cells that share it can share one loaded model here.
std::string load_key(const PlannedCell& cell) {
  record::Settings settings = cell.settings;
  record::LlmSettings& llm = settings.llm;
  for (record::OptInt* const of_context : {&llm.n_threads, &llm.n_threads_batch, &llm.n_ctx, &llm.n_batch,
                                           &llm.n_ubatch, &llm.poll, &llm.max_output_tokens}) {
    of_context->reset();
  }
  for (record::OptString* const of_context : {&llm.flash_attn, &llm.cache_type_k, &llm.cache_type_v}) {
    of_context->reset();
  }
  settings.workload = {};
  return dump_json(record::to_json(settings, true)) + cell.subject.model.header_hash + cell.subject.runtime.name;
}

// Asks for all cells of one load key; stops at the first failure: those cells stay as they are.
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
    const std::int64_t needed = context_needed(*request, prompt_bound(*request));
    auto ready = worker.make_context({cell->settings, needed}, kPhaseLimit);
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
    if (!std::holds_alternative<std::monostate>(value)) {
      record::set(known, field, value);
    }
  }
  return known;
}

std::size_t merge_equal_cells(Plan& plan, Bench& bench) {
  std::map<std::string, std::vector<PlannedCell*>> groups;
  for (PlannedCell& cell : plan.cells) {
    groups[load_key(cell)].push_back(&cell);
  }
  for (const auto& [key, cells] : groups) {
    if (cells.size() > 1) {
      if (bench.on_phase) {
        bench.on_phase("asking the runtime what the settings become");
      }
      ask_effective(cells, bench);
    }
  }
  std::vector<PlannedCell> kept;
  std::map<std::string, std::size_t> seen;
  for (PlannedCell& cell : plan.cells) {
    if (cell.effective) {
      const std::string identity =
          load_key(cell) + cell.part + dump_json(record::to_json(known_settings(cell.settings, *cell.effective)));
      if (const auto [at, fresh] = seen.emplace(identity, kept.size()); !fresh) {
        kept[at->second].also.push_back(cell.label);
        continue;
      }
    }
    kept.push_back(std::move(cell));
  }
  const std::size_t merged = plan.cells.size() - kept.size();
  plan.cells = std::move(kept);
  order_slots(plan);
  return merged;
}

}  // namespace mia::measure
