// SPDX-License-Identifier: MIT
#include "store/schema.h"

#include <array>
#include <string>

#include <soci/soci.h>

#include "store/guard.h"
#include "store/statement.h"

namespace mia::store {
namespace {

// Values of metrics are clustered by trial, not by metric: a commit then touches the last page of the table instead of
// one page for each metric. JSON and token times live in tables of their own, so that scans of `trial` stay short.
constexpr auto kVersion1 = std::to_array<std::string_view>({
    R"(create table session (
         num integer primary key,
         id text not null unique check (id <> ''),
         scenario text not null,
         started text not null,
         finished text not null default '',
         state text not null check (state in ('running', 'complete', 'interrupted', 'failed')),
         plan_hash text not null,
         machine text not null,
         tool_version text not null,
         title text not null,
         planned integer not null,
         plan_json text not null,
         machine_json text not null,
         runtimes_json text not null,
         models_json text not null,
         settings_json text not null,
         report_json text))",
    "create index session_by_plan on session (plan_hash, started)",
    "create index session_by_start on session (started)",
    R"(create table subject (
         num integer primary key,
         machine text not null,
         model text not null,
         model_hash text not null,
         configuration text not null,
         label text not null,
         unique (machine, model_hash, model, configuration)))",
    R"(create table trial (
         num integer primary key,
         session integer not null references session (num) on delete cascade,
         id text not null,
         cell text not null,
         repeat integer not null,
         position integer not null,
         started text not null,
         outcome text not null,
         voided integer not null check (voided in (0, 1)),
         subject integer not null references subject (num),
         runtime text not null,
         unique (session, id)))",
    "create index trial_by_position on trial (session, position)",
    "create index trial_by_subject on trial (subject, started) where outcome = 'ok' and voided = 0",
    R"(create table metric (
         num integer primary key,
         name text not null unique,
         unit text not null,
         doc text not null))",
    R"(create table trial_value (
         trial integer not null references trial (num) on delete cascade,
         metric integer not null references metric (num),
         value real not null,
         primary key (trial, metric)) without rowid)",
    R"(create table trial_json (
         trial integer primary key references trial (num) on delete cascade,
         json text not null))",
    R"(create table run (
         trial integer not null references trial (num) on delete cascade,
         n integer not null,
         warm_up integer not null check (warm_up in (0, 1)),
         prompt_tokens integer not null,
         tokens_out integer not null,
         prefill_ns integer not null,
         token_ns text not null,
         primary key (trial, n)) without rowid)",
    R"(create table accepted (
         num integer primary key,
         model_key text not null,
         machine text not null,
         scenario text not null,
         session text not null,
         accepted text not null,
         reason text not null,
         report_json text not null))",
    "create index accepted_by_key on accepted (model_key, machine, scenario, num)",
    R"(create table import_file (
         num integer primary key,
         id text not null unique check (id <> ''),
         source text not null,
         tool text not null,
         format text not null,
         imported text not null))",
    R"(create table import_row (
         num integer primary key,
         file integer not null references import_file (num) on delete cascade,
         n integer not null,
         test text not null,
         metric text not null,
         unit text not null,
         model text not null,
         machine text not null,
         runtime text not null,
         measured text not null,
         samples text not null,
         mean real,
         stddev real,
         settings_json text not null,
         fields_json text not null,
         unique (file, n)))",
});

// Imported results are history, and what is wrong in a history is forgotten by name: sessions, imported files and rows.
constexpr auto kVersion2 = std::to_array<std::string_view>({
    "alter table import_file add column notes_json text not null default '[]'",
    "alter table import_row add column problem text not null default ''",
    "create index import_row_by_metric on import_row (metric, measured) where measured <> ''",
    R"(create table forgotten (
         id text not null primary key,
         reason text not null check (reason <> ''),
         forgotten text not null) without rowid)",
});

// Comparisons of `compare`: two sides, one verdict.
constexpr auto kVersion3 = std::to_array<std::string_view>({
    R"(create table comparison (
         num integer primary key,
         id text not null unique check (id <> ''),
         started text not null,
         finished text not null,
         state text not null check (state in ('complete', 'interrupted', 'failed')),
         a text not null,
         b text not null,
         verdict text not null check (verdict in ('faster', 'same', 'slower', 'unclear')),
         sentence text not null,
         epochs integer not null,
         pairs integer not null,
         machine text not null,
         tool_version text not null,
         comparison_json text not null))",
    "create index comparison_by_start on comparison (started)",
});

constexpr auto kMigrations =
    std::to_array<Migration>({Migration(kVersion1), Migration(kVersion2), Migration(kVersion3)});

std::int64_t number(soci::session& sql, std::string_view query) {
  long long value = 0;
  read_row(sql, query, std::tie(value));
  return value;
}

}  // namespace

std::span<const Migration> migrations() {
  return kMigrations;
}

Status check_identity(soci::session& sql, const std::filesystem::path& path, std::size_t known) {
  // One snapshot: another process may be creating the tables just now.
  sql << "begin";
  const std::int64_t version = number(sql, "pragma user_version");
  const bool foreign = version == 0 ? number(sql, "select count(*) from sqlite_master") > 0
                                    : number(sql, "pragma application_id") != kApplicationId;
  sql << "commit";
  if (foreign || version < 0) {
    return with_hint(fail(ErrorKind::store, "'{}' is a database of another program", path.string()),
                     "name another file with --store");
  }
  if (version > static_cast<std::int64_t>(known)) {
    return with_hint(fail(ErrorKind::store, "'{}' has schema version {}, this program knows versions up to {}",
                          path.string(), version, known),
                     "use the newer mia-perf that wrote it, or name another file with --store");
  }
  return {};
}

void migrate(soci::session& sql, std::span<const Migration> steps) {
  while (number(sql, "pragma user_version") < static_cast<std::int64_t>(steps.size())) {
    Transaction transaction(sql);
    // Another process may have taken this step while we waited for the lock.
    const auto version = static_cast<std::size_t>(number(sql, "pragma user_version"));
    if (version >= steps.size()) {
      break;
    }
    for (const std::string_view statement : steps[version]) {
      execute(sql, statement);
    }
    execute(sql, fmt::format("pragma application_id = {}", kApplicationId));
    execute(sql, fmt::format("pragma user_version = {}", version + 1));
    transaction.commit();
  }
}

}  // namespace mia::store
