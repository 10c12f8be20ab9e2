// SPDX-License-Identifier: MIT
#include "base/text.h"
#include "store/impl.h"

namespace mia::store {
namespace {

// Reads the token times of one trial after another with one prepared statement.
class StampReader {
 public:
  explicit StampReader(soci::session& sql)
      : rows_((sql.prepare << "select token_ns from run where trial = :trial order by n", soci::use(trial_),
               soci::into(text_))) {}

  // Puts them back where trial_text() took them out.
  Status fill(long long trial, Json& json) {
    trial_ = trial;
    Json& runs = json["runs"];
    std::size_t n = 0;
    rows_.execute();
    while (rows_.fetch()) {
      MIA_TRY_ASSIGN(Json stamps, parse_json(text_, kJsonLimits));
      if (!runs.is_array() || n >= runs.size() || !runs[n].is_object()) {
        return fail(ErrorKind::store, "more runs than the trial has");
      }
      runs[n++]["token_ns"] = std::move(stamps);
    }
    return {};
  }

 private:
  long long trial_ = 0;
  std::string text_;
  soci::statement rows_;
};

Result<record::Trial> read_trial(StampReader& stamps, long long num, const std::string& text) {
  MIA_TRY_ASSIGN(Json json, parse_json(text, kJsonLimits));
  if (!json.is_object()) {
    return fail(ErrorKind::store, "not an object");
  }
  MIA_TRY(stamps.fill(num, json));
  return record::trial_from_json(json);
}

Result<record::OutcomeKind> stored_outcome(const std::string& trial, const std::string& outcome) {
  if (const auto kind = record::value_named<record::OutcomeKind>(outcome)) {
    return *kind;
  }
  return fail(ErrorKind::store, "trial '{}' has the unknown outcome '{}'", one_line(trial, 100),
              one_line(outcome, 100));
}

record::Run warm_up_run() {
  record::Run run;
  run.warm_up = true;
  return run;
}

}  // namespace

template <class... Args>
Result<std::vector<record::Trial>> Store::Impl::read_trials(std::string_view tail, const Args&... args) {
  StampReader stamps(sql);
  long long num = 0;
  std::string id;
  std::string text;
  std::vector<record::Trial> trials;
  const auto take = [&]() -> Status {
    const std::string where = fmt::format("trial '{}' in '{}'", one_line(id, 100), path.string());
    MIA_TRY_ASSIGN(trials.emplace_back(), stored(read_trial(stamps, num, text), where));
    return {};
  };
  const std::string query = "select t.num, t.id, j.json from trial t join trial_json j on j.trial = t.num ";
  MIA_TRY(for_each_row(sql, query + std::string(tail), std::tie(num, id, text), take, args...));
  return trials;
}

Result<std::vector<record::Trial>> Store::trials(std::string_view session) {
  return guarded("read trials", impl_->path, [&]() -> Result<std::vector<record::Trial>> {
    const ReadTransaction snapshot(impl_->sql);
    MIA_TRY_ASSIGN(const long long num, impl_->require_session(session));
    return impl_->read_trials("where t.session = :session order by t.position, t.num", num);
  });
}

Result<std::vector<record::Trial>> Store::trial_conditions(std::string_view session) {
  return guarded("read trials", impl_->path, [&]() -> Result<std::vector<record::Trial>> {
    const ReadTransaction snapshot(impl_->sql);
    MIA_TRY_ASSIGN(const long long num, impl_->require_session(session));
    record::Trial row;
    std::string outcome;
    std::string conditions;
    int steady = 0;
    long long warm_ups = 0;
    std::vector<record::Trial> trials;
    const auto take = [&]() -> Status {
      MIA_TRY_ASSIGN(row.outcome.kind, stored_outcome(row.id, outcome));
      MIA_TRY_ASSIGN(const Json json, parse_json(conditions, kJsonLimits));
      MIA_TRY_ASSIGN(row.conditions, record::conditions_from_json(json));
      row.warm_up_steady = steady != 0;
      row.runs.assign(static_cast<std::size_t>(warm_ups), warm_up_run());
      trials.push_back(row);
      return {};
    };
    MIA_TRY(for_each_row(
        impl_->sql,
        "select t.id, t.cell, t.repeat, t.position, t.started, t.outcome,"
        " coalesce(json_extract(j.json, '$.conditions'), '{}'),"
        " coalesce(json_extract(j.json, '$.warm_up_steady'), 0),"
        " (select count(*) from run where run.trial = t.num and run.warm_up = 1)"
        " from trial t join trial_json j on j.trial = t.num where t.session = :session"
        " order by t.position, t.num",
        std::tie(row.id, row.cell, row.repeat, row.position, row.started, outcome, conditions, steady, warm_ups), take,
        num));
    return trials;
  });
}

Result<record::Trial> Store::trial(std::string_view session, std::string_view id) {
  return guarded("read the trial", impl_->path, [&]() -> Result<record::Trial> {
    const ReadTransaction snapshot(impl_->sql);
    MIA_TRY_ASSIGN(const long long num, impl_->require_session(session));
    MIA_TRY_ASSIGN(std::vector<record::Trial> trials,
                   impl_->read_trials("where t.session = :session and t.id = :id", num, id));
    if (trials.empty()) {
      return fail(ErrorKind::not_found, "session '{}' has no trial '{}'", one_line(session, 100), one_line(id, 100));
    }
    return std::move(trials.front());
  });
}

}  // namespace mia::store
