// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "base/text.h"
#include "record/fields.h"
#include "store/impl.h"

namespace mia::store {
namespace {

// The columns that hold JSON.
struct RowTexts {
  std::string samples, settings, fields;
};

bool is_finite(double value) {
  return std::isfinite(value);
}

Result<RowTexts> to_texts(const ImportedRow& row) {
  if (!std::ranges::all_of(row.samples, is_finite) || !is_finite(row.mean.value_or(0)) ||
      !is_finite(row.stddev.value_or(0))) {
    return fail(ErrorKind::usage, "imported row '{}' holds a value that is not finite", one_line(row.test, 100));
  }
  RowTexts texts;
  texts.samples = dump_json(row.samples);
  MIA_TRY_ASSIGN(texts.settings, storable(record::to_json(row.settings, true), "the settings"));
  MIA_TRY_ASSIGN(const Json fields, context(parse_json(row.fields_json, kJsonLimits), "the fields of an imported row"));
  MIA_TRY_ASSIGN(texts.fields, storable(fields, "the fields of an imported row"));
  return texts;
}

Status from_texts(const RowTexts& texts, ImportedRow& row) {
  MIA_TRY_ASSIGN(const Json samples, parse_json(texts.samples, kJsonLimits));
  row.samples.clear();
  for (const Json& value : samples) {
    if (!value.is_number()) {
      return fail(ErrorKind::store, "a sample is not a number");
    }
    row.samples.push_back(value.get<double>());
  }
  MIA_TRY_ASSIGN(const Json settings, parse_json(texts.settings, kJsonLimits));
  MIA_TRY_ASSIGN(row.settings, record::settings_from_json(settings));
  row.fields_json = texts.fields;
  return {};
}

void insert_row(soci::session& sql, long long file, std::size_t n, const ImportedRow& row, const RowTexts& texts) {
  execute(sql,
          "insert into import_row (file, n, test, metric, unit, model, machine, runtime, measured, samples, mean,"
          " stddev, problem, settings_json, fields_json) values (:file, :n, :test, :metric, :unit, :model, :machine,"
          " :runtime, :measured, :samples, :mean, :stddev, :problem, :settings, :fields)",
          file, static_cast<long long>(n), row.test, row.metric, row.unit, row.model, row.machine, row.runtime,
          row.measured, texts.samples, row.mean, row.stddev, row.problem, texts.settings, texts.fields);
}

// Newest first.
template <class... Args>
Result<std::vector<ImportedFile>> read_files(soci::session& sql, std::string_view where, const Args&... args) {
  ImportedFile file;
  std::string notes;
  std::vector<ImportedFile> files;
  const auto take = [&]() -> Status {
    MIA_TRY_ASSIGN(const Json json, parse_json(notes, kJsonLimits));
    file.notes.clear();
    for (const Json& note : json) {
      file.notes.push_back(note.is_string() ? note.get<std::string>() : dump_json(note));
    }
    files.push_back(file);
    return {};
  };
  MIA_TRY(for_each_row(
      sql,
      fmt::format("select id, source, tool, format, imported, notes_json,"
                  " (select count(*) from import_row where import_row.file = import_file.num),"
                  " coalesce((select min(measured) from import_row where import_row.file = import_file.num and"
                  " measured <> ''), '') from import_file {} order by imported desc, num desc",
                  where),
      std::tie(file.id, file.source, file.tool, file.format, file.imported, notes, file.rows, file.started), take,
      args...));
  return files;
}

// `tail` of the query on row r of file f; forgotten ones are left out where it says so.
template <class... Args>
Result<std::vector<ImportedCall>> read_calls(soci::session& sql, std::string_view tail, const Args&... args) {
  ImportedCall call;
  ImportedRow& row = call.row;
  RowTexts texts;
  std::vector<ImportedCall> calls;
  const auto take = [&]() -> Status {
    MIA_TRY(from_texts(texts, row));
    calls.push_back(call);
    return {};
  };
  MIA_TRY(for_each_row(
      sql,
      fmt::format("select f.id || ':' || (r.n + 1), f.tool, r.test, r.metric, r.unit, r.model, r.machine, r.runtime,"
                  " r.measured, r.samples, r.mean, r.stddev, r.problem, r.settings_json, r.fields_json"
                  " from import_row r join import_file f on f.num = r.file {}",
                  tail),
      std::tie(call.id, call.tool, row.test, row.metric, row.unit, row.model, row.machine, row.runtime, row.measured,
               texts.samples, row.mean, row.stddev, row.problem, texts.settings, texts.fields),
      take, args...));
  return calls;
}

}  // namespace

Result<bool> Store::add_import(const ImportedSamples& samples) {
  const ImportedFile& file = samples.file;
  if (file.id.empty()) {
    return fail(ErrorKind::usage, "an imported file needs an id");
  }
  std::vector<RowTexts> texts;
  for (const ImportedRow& row : samples.rows) {
    MIA_TRY_ASSIGN(texts.emplace_back(), to_texts(row));
  }
  const std::string notes = dump_json(file.notes);
  return guarded("store the imported file", impl_->path, [&]() -> Result<bool> {
    soci::session& sql = impl_->sql;
    Transaction transaction(sql);
    long long known = 0;
    if (read_row(sql, "select num from import_file where id = :id", std::tie(known), file.id)) {
      return false;
    }
    execute(sql,
            "insert into import_file (id, source, tool, format, imported, notes_json)"
            " values (:id, :source, :tool, :format, :imported, :notes)",
            file.id, file.source, file.tool, file.format, file.imported, notes);
    const long long num = last_row(sql);
    for (std::size_t n = 0; n < samples.rows.size(); ++n) {
      insert_row(sql, num, n, samples.rows[n], texts[n]);
    }
    transaction.commit();
    return true;
  });
}

Result<std::vector<ImportedFile>> Store::imports() {
  return guarded("list imported files", impl_->path, [&]() -> Result<std::vector<ImportedFile>> {
    return stored(read_files(impl_->sql, ""), fmt::format("the list of imported files in '{}'", impl_->path.string()));
  });
}

Result<ImportedSamples> Store::imported(std::string_view id) {
  return guarded("read the imported file", impl_->path, [&]() -> Result<ImportedSamples> {
    const ReadTransaction snapshot(impl_->sql);
    const std::string where = fmt::format("imported file '{}' in '{}'", one_line(id, 100), impl_->path.string());
    MIA_TRY_ASSIGN(std::vector<ImportedFile> files, stored(read_files(impl_->sql, "where id = :id", id), where));
    if (files.empty()) {
      return fail(ErrorKind::not_found, "the store has no imported file '{}'", one_line(id, 100));
    }
    MIA_TRY_ASSIGN(std::vector<ImportedCall> calls,
                   stored(read_calls(impl_->sql, "where f.id = :id order by r.n", id), where));
    ImportedSamples samples{std::move(files.front()), {}};
    for (ImportedCall& call : calls) {
      samples.rows.push_back(std::move(call.row));
    }
    return samples;
  });
}

Result<std::vector<ImportedCall>> Store::imported_calls(std::string_view metric) {
  return guarded("read imported results", impl_->path, [&]() -> Result<std::vector<ImportedCall>> {
    return stored(read_calls(impl_->sql,
                             "where r.metric = :metric and r.measured <> '' and r.mean is not null"
                             " and f.id not in (select id from forgotten)"
                             " and f.id || ':' || (r.n + 1) not in (select id from forgotten)"
                             " order by r.measured, r.num",
                             metric),
                  fmt::format("an imported row in '{}'", impl_->path.string()));
  });
}

Result<std::string> Store::countable(std::string_view name) {
  return guarded("look for what to forget", impl_->path, [&]() -> Result<std::string> {
    const std::size_t colon = name.rfind(':');
    const std::string_view file = name.substr(0, colon);
    std::vector<std::string> ids;
    std::string id;
    for_each_row(
        impl_->sql,
        "select id from session where substr(id, 1, length(:name)) = :name"
        " union all select id from import_file where substr(id, 1, length(:name)) = :name limit 3",
        std::tie(id), [&] { ids.push_back(id); }, name);
    if (ids.empty() && colon != std::string_view::npos) {
      for_each_row(
          impl_->sql,
          "select f.id || ':' || (r.n + 1) from import_file f join import_row r on r.file = f.num"
          " where substr(f.id, 1, length(:file)) = :file and cast(r.n + 1 as text) = :n limit 3",
          std::tie(id), [&] { ids.push_back(id); }, file, name.substr(colon + 1));
    }
    const bool is_exact = std::ranges::find(ids, name) != ids.end();
    if (is_exact || ids.size() == 1) {
      return is_exact ? std::string(name) : ids.front();
    }
    return ids.empty() || name.empty()
               ? with_hint(fail(ErrorKind::not_found, "the store has neither a session nor an imported file '{}'",
                                one_line(name, 100)),
                           "`mia-perf history` lists them")
               : with_hint(fail(ErrorKind::usage, "'{}' is the beginning of several: {}", one_line(name, 100),
                                join(ids, ", ")),
                           "give more of the id");
  });
}

Status Store::forget(std::string_view id, std::string_view reason) {
  return guarded("forget a session", impl_->path, [&]() -> Status {
    Transaction transaction(impl_->sql);
    execute(impl_->sql, "delete from forgotten where id = :id", id);
    if (!reason.empty()) {
      execute(impl_->sql, "insert into forgotten (id, reason, forgotten) values (:id, :reason, :when)", id, reason,
              std::string_view(utc_now()));
    }
    transaction.commit();
    return {};
  });
}

Result<std::vector<Forgotten>> Store::forgotten() {
  return guarded("list what is forgotten", impl_->path, [&]() -> Result<std::vector<Forgotten>> {
    Forgotten one;
    std::vector<Forgotten> all;
    for_each_row(impl_->sql, "select id, reason, forgotten from forgotten order by forgotten, id",
                 std::tie(one.id, one.reason, one.when), [&] { all.push_back(one); });
    return all;
  });
}

}  // namespace mia::store
