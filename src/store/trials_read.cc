// SPDX-License-Identifier: MIT
#include <unordered_map>

#include "base/text.h"
#include "record/metrics.h"
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

// Rows in order, and where each trial number is.
struct Collected {
  std::vector<TrialRow> rows;
  std::unordered_map<long long, std::size_t> at;
};

Status read_plain_rows(soci::session& sql, long long session, Collected& to) {
  TrialRow row;
  long long num = 0;
  std::string outcome;
  int voided = 0;
  row.values.resize(record::metrics().size());
  const auto take = [&]() -> Status {
    const auto kind = record::outcome_kind(outcome);
    if (!kind) {
      return fail(ErrorKind::store, "trial '{}' has the unknown outcome '{}'", one_line(row.id, 100),
                  one_line(outcome, 100));
    }
    row.outcome = *kind;
    row.voided = voided != 0;
    to.at[num] = to.rows.size();
    to.rows.push_back(row);
    return {};
  };
  return for_each_row(sql,
                      "select num, id, cell, repeat, position, started, outcome, voided from trial"
                      " where session = :session order by position, num",
                      std::tie(num, row.id, row.cell, row.repeat, row.position, row.started, outcome, voided), take,
                      session);
}

void read_values(soci::session& sql, long long session, const std::vector<long long>& metrics, Collected& to) {
  std::unordered_map<long long, std::size_t> column;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    column[metrics[i]] = i;
  }
  long long trial = 0;
  long long metric = 0;
  double value = 0;
  const auto take = [&] {
    const auto row = to.at.find(trial);
    const auto place = column.find(metric);  // a newer program may have stored metrics that we do not know
    if (row != to.at.end() && place != column.end()) {
      to.rows[row->second].values[place->second] = value;
    }
  };
  for_each_row(sql,
               "select v.trial, v.metric, v.value from trial t join trial_value v on v.trial = t.num"
               " where t.session = :session",
               std::tie(trial, metric, value), take, session);
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

Result<std::vector<TrialRow>> Store::trial_rows(std::string_view session) {
  return guarded("read trials", impl_->path, [&]() -> Result<std::vector<TrialRow>> {
    soci::session& sql = impl_->sql;
    const ReadTransaction snapshot(sql);
    MIA_TRY_ASSIGN(const long long of, impl_->require_session(session));
    Collected collected;
    MIA_TRY(read_plain_rows(sql, of, collected));
    read_values(sql, of, impl_->metrics, collected);
    return std::move(collected.rows);
  });
}

}  // namespace mia::store
