// SPDX-License-Identifier: MIT
// Writing trials. One transaction for each call: the trial's row, its metrics, its runs with their token times, and
// the rest as JSON.
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "base/text.h"
#include "record/metrics.h"
#include "store/impl.h"

namespace mia::store {
namespace {

// Token times are kept once, in the table `run`, where SQL can reach them.
Result<std::string> trial_text(const record::Trial& trial) {
  record::Trial rest = trial;
  for (record::Run& run : rest.runs) {
    run.token_ns.clear();
  }
  return storable(record::to_json(rest), "the trial");
}

std::string stamps_text(const std::vector<std::int64_t>& token_ns) {
  return fmt::format("[{}]", fmt::join(token_ns, ","));
}

template <class T>
const T* only_or(const std::vector<T>& items, const T* found) {
  return found == nullptr && items.size() == 1 ? &items.front() : found;
}

// By id or by path, whichever the trial asked with; a session's only model is meant even by another name.
const record::ModelInfo* model_of(const Target& target, const record::Trial& trial) {
  const record::ModelInfo* found = nullptr;
  for (const record::ModelInfo& model : target.models) {
    if (trial.requested.llm.id == model.id || trial.requested.llm.id == model.path) {
      found = &model;
    }
  }
  return only_or(target.models, found);
}

std::string runtime_of(const Target& target, const record::Trial& trial) {
  const record::RuntimeInfo* found = nullptr;
  for (const record::RuntimeInfo& runtime : target.runtimes) {
    if (trial.requested.run.runtime == runtime.name) {
      found = &runtime;
    }
  }
  found = only_or(target.runtimes, found);
  if (found == nullptr) {
    return trial.requested.run.runtime.value_or("");
  }
  return std::string(trim(fmt::format("{} {} {}", found->name, found->version, found->commit)));
}

void add_runs(soci::session& sql, long long trial, const std::vector<record::Run>& runs) {
  for (std::size_t n = 0; n < runs.size(); ++n) {
    const record::Run& run = runs[n];
    execute(sql,
            "insert into run (trial, n, warm_up, prompt_tokens, tokens_out, prefill_ns, token_ns)"
            " values (:trial, :n, :warm_up, :prompt_tokens, :tokens_out, :prefill_ns, :token_ns)",
            trial, static_cast<long long>(n), run.warm_up, run.prompt_tokens, run.tokens_out, run.prefill_ns,
            stamps_text(run.token_ns));
  }
}

// A metric that is unknown has no row.
void add_values(soci::session& sql, long long trial, const record::Trial& from, const std::vector<long long>& metrics) {
  std::vector<long long> nums;
  std::vector<double> values;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    const auto value = record::metrics()[i].of(from);
    if (value && std::isfinite(*value)) {
      nums.push_back(metrics[i]);
      values.push_back(*value);
    }
  }
  if (values.empty()) {
    return;
  }
  const std::vector<long long> trials(values.size(), trial);
  execute(sql, "insert into trial_value (trial, metric, value) values (:trial, :metric, :value)", trials, nums, values);
}

Status check_trial(const record::Trial& trial) {
  if (trial.id.empty()) {
    return fail(ErrorKind::usage, "a trial needs an id");
  }
  for (const record::Run& run : trial.runs) {
    if (run.tokens_out != static_cast<std::int64_t>(run.token_ns.size())) {
      return fail(ErrorKind::usage, "trial '{}': tokens_out is {} but there are {} token stamps",
                  one_line(trial.id, 100), run.tokens_out, run.token_ns.size());
    }
  }
  return {};
}

}  // namespace

Result<Target*> Store::Impl::require_target(std::string_view id) {
  // Another process may have removed the session since.
  MIA_TRY_ASSIGN(const long long num, require_session(id));
  if (target && target->num == num && target->id == id) {
    return &*target;
  }
  Target found{.num = num, .id = std::string(id), .machine = {}, .runtimes = {}, .models = {}};
  std::string runtimes;
  std::string models;
  read_row(sql, "select machine, runtimes_json, models_json from session where num = :num",
           std::tie(found.machine, runtimes, models), num);
  const std::string where = fmt::format("session '{}' in '{}'", one_line(id, 100), path.string());
  MIA_TRY(stored(read_list(runtimes, found.runtimes, record::runtime_from_json), where));
  MIA_TRY(stored(read_list(models, found.models, record::model_from_json), where));
  target = std::move(found);
  return &*target;
}

long long Store::Impl::subject(const Target& session, const record::Trial& trial) {
  const record::ModelInfo* const model = model_of(session, trial);
  const std::string name = model == nullptr ? trial.requested.llm.id.value_or("") : model->id;
  const std::string hash = model == nullptr ? "" : model->header_hash;
  const std::string key = configuration_key(trial.requested);
  const auto find = [&] {
    long long num = 0;
    read_row(sql,
             "select num from subject where machine = :machine and model_hash = :hash and model = :model"
             " and configuration = :key",
             std::tie(num), session.machine, hash, name, key);
    return num;
  };
  if (const long long num = find(); num != 0) {
    return num;
  }
  execute(sql,
          "insert into subject (machine, model, model_hash, configuration, label)"
          " values (:machine, :model, :hash, :key, :label)",
          session.machine, name, hash, key, configuration_label(trial.requested));
  return find();
}

void Store::Impl::add_one(const Target& session, const record::Trial& trial, const std::string& json) {
  execute(sql,
          "insert into trial (session, id, cell, repeat, position, started, outcome, voided, subject, runtime)"
          " values (:session, :id, :cell, :repeat, :position, :started, :outcome, :voided, :subject, :runtime)",
          session.num, trial.id, trial.cell, trial.repeat, trial.position, trial.started,
          record::name_of(trial.outcome.kind), !trial.conditions.voided_by.empty(), subject(session, trial),
          runtime_of(session, trial));
  const long long num = last_row(sql);
  execute(sql, "insert into trial_json (trial, json) values (:trial, :json)", num, json);
  add_values(sql, num, trial, metrics);
  add_runs(sql, num, trial.runs);
}

Status Store::add_trial(std::string_view session, const record::Trial& trial) {
  return add_trials(session, {&trial, 1});
}

Status Store::add_trials(std::string_view session, std::span<const record::Trial> trials) {
  // Everything that needs no lock first.
  std::vector<std::string> texts;
  for (const record::Trial& trial : trials) {
    MIA_TRY(check_trial(trial));
    MIA_TRY_ASSIGN(texts.emplace_back(), trial_text(trial));
  }
  return guarded("store the trial", impl_->path, [&]() -> Status {
    soci::session& sql = impl_->sql;
    const TrialSync sync(sql, impl_->synced_ns);
    Transaction transaction(sql);
    MIA_TRY_ASSIGN(const Target* const target, impl_->require_target(session));
    for (std::size_t i = 0; i < trials.size(); ++i) {
      long long taken = 0;
      if (read_row(sql, "select num from trial where session = :session and id = :id", std::tie(taken), target->num,
                   trials[i].id)) {
        return fail(ErrorKind::usage, "session '{}' has a trial '{}' already", one_line(session, 100),
                    one_line(trials[i].id, 100));
      }
      impl_->add_one(*target, trials[i], texts[i]);
    }
    transaction.commit();
    return {};
  });
}

}  // namespace mia::store
