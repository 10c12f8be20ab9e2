// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>

#include "base/clock.h"
#include "base/text.h"
#include "record/fields.h"
#include "store/impl.h"

namespace mia::store {
namespace {

constexpr auto kStates = std::to_array<std::string_view>({"running", "complete", "interrupted", "failed"});
constexpr std::string_view kRowColumns =
    "select id, scenario, started, finished, state, plan_hash, machine, tool_version, title, planned,"
    " (select count(*) from trial where trial.session = session.num) from session ";

// The JSON columns of a session.
struct Texts {
  std::string plan, machine, runtimes, models, settings;
};

template <class T>
Json list_to_json(const std::vector<T>& items) {
  Json json = Json::array();
  for (const T& item : items) {
    json.push_back(record::to_json(item));
  }
  return json;
}

Result<Texts> to_texts(const Session& session) {
  Texts texts;
  MIA_TRY_ASSIGN(const Json plan, context(parse_json(session.plan_json, kJsonLimits), "the plan"));
  MIA_TRY_ASSIGN(texts.plan, storable(plan, "the plan"));
  MIA_TRY_ASSIGN(texts.machine, storable(record::to_json(session.machine), "the machine"));
  MIA_TRY_ASSIGN(texts.runtimes, storable(list_to_json(session.runtimes), "the runtimes"));
  MIA_TRY_ASSIGN(texts.models, storable(list_to_json(session.models), "the models"));
  MIA_TRY_ASSIGN(texts.settings, storable(record::to_json(session.settings), "the settings"));
  return texts;
}

Status from_texts(const Texts& texts, Session& session) {
  session.plan_json = texts.plan;
  MIA_TRY_ASSIGN(const Json machine, parse_json(texts.machine, kJsonLimits));
  MIA_TRY_ASSIGN(session.machine, record::machine_from_json(machine));
  MIA_TRY(read_list(texts.runtimes, session.runtimes, record::runtime_from_json));
  MIA_TRY(read_list(texts.models, session.models, record::model_from_json));
  MIA_TRY_ASSIGN(const Json settings, parse_json(texts.settings, kJsonLimits));
  MIA_TRY_ASSIGN(session.settings, record::settings_from_json(settings));
  return {};
}

// The trials have rows of their own: written here, they would be copied for each report.
Result<std::string> report_text(const record::Report& report) {
  record::Report bare = report;
  bare.trials.clear();
  return storable(record::to_json(bare), "the report");
}

Status check_state(std::string_view state) {
  if (std::ranges::find(kStates, state) == kStates.end()) {
    return fail(ErrorKind::usage, "'{}' is no state of a session (running, complete, interrupted, failed)",
                one_line(state, 100));
  }
  return {};
}

template <class... Args>
std::vector<SessionRow> read_rows(soci::session& sql, std::string_view tail, const Args&... args) {
  SessionRow row;
  std::vector<SessionRow> rows;
  for_each_row(
      sql, std::string(kRowColumns) + std::string(tail),
      std::tie(row.id, row.scenario, row.started, row.finished, row.state, row.plan_hash, row.machine, row.tool_version,
               row.title, row.planned, row.trials),
      [&] { rows.push_back(row); }, args...);
  return rows;
}

Result<SessionRow> find_row(soci::session& sql, const std::string& name) {
  return find_named(name, "session", [&](auto tail, const auto&... args) { return read_rows(sql, tail, args...); });
}

Status read_report(const std::string& text, std::optional<record::Report>& report) {
  MIA_TRY_ASSIGN(const Json json, parse_json(text, kJsonLimits));
  MIA_TRY_ASSIGN(report, record::report_from_json(json));
  return {};
}

}  // namespace

std::optional<long long> Store::Impl::find_session(std::string_view id) {
  long long num = 0;
  return read_row(sql, "select num from session where id = :id", std::tie(num), id) ? std::optional(num) : std::nullopt;
}

Result<long long> Store::Impl::require_session(std::string_view id) {
  if (const auto num = find_session(id)) {
    return *num;
  }
  return not_stored("session", id);
}

Status Store::begin_session(const Session& session) {
  const SessionRow& row = session.row;
  if (row.id.empty()) {
    return fail(ErrorKind::usage, "a session needs an id");
  }
  MIA_TRY(check_state(row.state));
  MIA_TRY_ASSIGN(const Texts texts, to_texts(session));
  return guarded("store the session", impl_->path, [&]() -> Status {
    Transaction transaction(impl_->sql);
    if (impl_->find_session(row.id)) {
      return fail(ErrorKind::usage, "the store has a session '{}' already", one_line(row.id, 100));
    }
    execute(impl_->sql,
            "insert into session (id, scenario, started, finished, state, plan_hash, machine, tool_version, title,"
            " planned, plan_json, machine_json, runtimes_json, models_json, settings_json) values (:id, :scenario,"
            " :started, :finished, :state, :plan_hash, :machine, :tool_version, :title, :planned, :plan, :machine_json,"
            " :runtimes, :models, :settings)",
            row.id, row.scenario, row.started, row.finished, row.state, row.plan_hash, row.machine, row.tool_version,
            row.title, row.planned, texts.plan, texts.machine, texts.runtimes, texts.models, texts.settings);
    transaction.commit();
    return {};
  });
}

Status Store::resume_session(std::string_view session) {
  return guarded("resume the session", impl_->path, [&]() -> Status {
    Transaction transaction(impl_->sql);
    MIA_TRY_ASSIGN(const long long num, impl_->require_session(session));
    execute(impl_->sql, "update session set state = 'running', finished = '' where num = :num", num);
    transaction.commit();
    return {};
  });
}

Status Store::keep_report(std::string_view session, const record::Report& report, std::int64_t planned) {
  MIA_TRY_ASSIGN(const std::string text, report_text(report));
  return guarded("store the report", impl_->path, [&]() -> Status {
    const TrialSync sync(impl_->sql, impl_->synced_ns);
    Transaction transaction(impl_->sql);
    MIA_TRY_ASSIGN(const long long num, impl_->require_session(session));
    execute(impl_->sql, "update session set report_json = :report, planned = :planned where num = :num", text, planned,
            num);
    transaction.commit();
    return {};
  });
}

Status Store::finish_session(std::string_view session, std::string_view state, const record::Report* report) {
  MIA_TRY(check_state(state));
  std::optional<std::string> text;
  if (report != nullptr) {
    MIA_TRY_ASSIGN(text, report_text(*report));
  }
  return guarded("finish the session", impl_->path, [&]() -> Status {
    Transaction transaction(impl_->sql);
    MIA_TRY_ASSIGN(const long long num, impl_->require_session(session));
    execute(impl_->sql,
            "update session set state = :state, finished = :finished, report_json = coalesce(:report, report_json)"
            " where num = :num",
            state, utc_now(), text, num);
    transaction.commit();
    return {};
  });
}

Result<std::vector<SessionRow>> Store::sessions(const SessionFilter& filter) {
  return guarded("list sessions", impl_->path, [&]() -> Result<std::vector<SessionRow>> {
    return read_rows(impl_->sql,
                     "where (:any_scenario or scenario = :scenario) and (:any_state or state = :state)"
                     " order by started desc, num desc limit :limit",
                     !filter.scenario, filter.scenario.value_or(""), !filter.state, filter.state.value_or(""),
                     filter.limit > 0 ? filter.limit : -1);
  });
}

Result<Session> Store::session(std::string_view name) {
  return guarded("read the session", impl_->path, [&]() -> Result<Session> {
    Session session;
    MIA_TRY_ASSIGN(session.row, find_row(impl_->sql, std::string(name)));
    Texts texts;
    std::optional<std::string> report;
    read_row(impl_->sql,
             "select plan_json, machine_json, runtimes_json, models_json, settings_json, report_json"
             " from session where id = :id",
             std::tie(texts.plan, texts.machine, texts.runtimes, texts.models, texts.settings, report), session.row.id);
    const auto where = fmt::format("session '{}' in '{}'", one_line(session.row.id, 100), impl_->path.string());
    MIA_TRY(stored(from_texts(texts, session), where));
    if (report) {
      MIA_TRY(stored(read_report(*report, session.report), where));
    }
    return session;
  });
}

Result<SessionRow> Store::session_row(std::string_view name) {
  return guarded("read the session", impl_->path,
                 [&]() -> Result<SessionRow> { return find_row(impl_->sql, std::string(name)); });
}

Result<std::optional<SessionRow>> Store::resumable(std::string_view plan_hash) {
  return guarded("find a session to resume", impl_->path, [&]() -> Result<std::optional<SessionRow>> {
    std::vector<SessionRow> rows =
        read_rows(impl_->sql, "where plan_hash = :plan order by started desc, num desc limit 1", plan_hash);
    if (rows.empty() || rows.front().state == "complete") {
      return std::optional<SessionRow>();
    }
    return std::optional(std::move(rows.front()));
  });
}

Status Store::remove_session(std::string_view session) {
  return guarded("remove the session", impl_->path, [&]() -> Status {
    Transaction transaction(impl_->sql);
    MIA_TRY_ASSIGN(const long long num, impl_->require_session(session));
    execute(impl_->sql, "delete from session where num = :num", num);
    transaction.commit();
    impl_->target.reset();
    return {};
  });
}

}  // namespace mia::store
