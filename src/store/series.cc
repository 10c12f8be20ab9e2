// SPDX-License-Identifier: MIT
#include <algorithm>

#include "base/text.h"
#include "record/metrics.h"
#include "store/impl.h"

namespace mia::store {
namespace {

// Joins in the order in which the indexes serve it (`cross join` fixes the order in SQLite): subjects are few, each
// has its trials in order of time. A filter that is not set is a true first operand.
constexpr std::string_view kPoints =
    "select t.subject, t.started, v.value, s.id, t.id, t.runtime from subject u"
    " cross join trial t on t.subject = u.num"
    " cross join trial_value v on v.trial = t.num and v.metric = :metric"
    " cross join session s on s.num = t.session"
    " where t.outcome = 'ok' and t.voided = 0"
    " and (:any_model or u.model = :model or u.model_hash = :model)"
    " and (:any_machine or u.machine = :machine)"
    " and (:any_configuration or u.configuration = :configuration)"
    " and (:any_scenario or s.scenario = :scenario)"
    " and t.started >= :since"
    " and s.id not in (select id from forgotten)"
    " order by u.num, t.started, t.num";

Series read_subject(soci::session& sql, long long num) {
  Series series;
  read_row(sql, "select machine, model, model_hash, configuration, label from subject where num = :num",
           std::tie(series.machine, series.model, series.model_hash, series.configuration, series.label), num);
  return series;
}

std::vector<Series> read_series(soci::session& sql, long long metric, const SeriesFilter& filter) {
  long long subject = 0;
  SeriesPoint point;
  std::vector<Series> result;
  long long current = 0;
  const auto take = [&] {
    if (result.empty() || subject != current) {
      result.push_back(read_subject(sql, subject));
      current = subject;
    }
    result.back().points.push_back(point);
  };
  for_each_row(sql, kPoints, std::tie(subject, point.started, point.value, point.session, point.trial, point.runtime),
               take, metric, !filter.model, filter.model.value_or(""), !filter.machine, filter.machine.value_or(""),
               !filter.configuration, filter.configuration.value_or(""), !filter.scenario, filter.scenario.value_or(""),
               filter.since.value_or(""));
  return result;
}

// By the index on (subject, started) from its end.
constexpr std::string_view kNewest =
    "select t.started, v.value, s.id, t.id, t.runtime from trial t"
    " cross join trial_value v on v.trial = t.num and v.metric = :metric"
    " cross join session s on s.num = t.session"
    " where t.subject = :subject and t.outcome = 'ok' and t.voided = 0 and s.id not in (select id from forgotten)"
    " order by t.started desc, t.num desc limit :most";

std::vector<SeriesPoint> read_newest(soci::session& sql, long long metric, const SubjectKey& subject, long long most) {
  std::vector<long long> subjects;  // one for each id that the model had
  long long num = 0;
  for_each_row(
      sql,
      "select num from subject where machine = :machine and model_hash = :model and configuration = :configuration",
      std::tie(num), [&] { subjects.push_back(num); }, subject.machine, subject.model_hash, subject.configuration);
  std::vector<SeriesPoint> points;
  SeriesPoint point;
  for (const long long one : subjects) {
    for_each_row(
        sql, kNewest, std::tie(point.started, point.value, point.session, point.trial, point.runtime),
        [&] { points.push_back(point); }, metric, one, most);
  }
  std::ranges::reverse(points);
  std::ranges::stable_sort(points, {}, &SeriesPoint::started);
  if (std::ssize(points) > most) {
    points.erase(points.begin(), points.end() - most);
  }
  return points;
}

Result<long long> require_metric(soci::session& sql, std::string_view metric) {
  long long num = 0;
  if (read_row(sql, "select num from metric where name = :name", std::tie(num), metric)) {
    return num;
  }
  std::vector<std::string> names;
  for (const record::Metric& known : record::metrics()) {
    names.emplace_back(known.name);
  }
  const auto near = nearest_name(metric, names);
  return with_hint(fail(ErrorKind::usage, "there is no metric '{}'", one_line(metric, 100)),
                   near ? "did you mean '" + *near + "'?" : "known are: " + join(names, ", "));
}

}  // namespace

Result<std::vector<Series>> Store::series(std::string_view metric, const SeriesFilter& filter) {
  return guarded("read the series", impl_->path, [&]() -> Result<std::vector<Series>> {
    const ReadTransaction snapshot(impl_->sql);
    MIA_TRY_ASSIGN(const long long num, require_metric(impl_->sql, metric));
    return read_series(impl_->sql, num, filter);
  });
}

Result<std::vector<SeriesPoint>> Store::newest_points(std::string_view metric, const SubjectKey& subject,
                                                      std::int64_t most) {
  return guarded("read the newest points", impl_->path, [&]() -> Result<std::vector<SeriesPoint>> {
    const ReadTransaction snapshot(impl_->sql);
    MIA_TRY_ASSIGN(const long long num, require_metric(impl_->sql, metric));
    return read_newest(impl_->sql, num, subject, most);
  });
}

}  // namespace mia::store
