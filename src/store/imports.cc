// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>

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
          " stddev, settings_json, fields_json) values (:file, :n, :test, :metric, :unit, :model, :machine, :runtime,"
          " :measured, :samples, :mean, :stddev, :settings, :fields)",
          file, static_cast<long long>(n), row.test, row.metric, row.unit, row.model, row.machine, row.runtime,
          row.measured, texts.samples, row.mean, row.stddev, texts.settings, texts.fields);
}

constexpr std::string_view kFiles =
    "select id, source, tool, format, imported,"
    " (select count(*) from import_row where import_row.file = import_file.num) from import_file";

auto columns(ImportedFile& file) {
  return std::tie(file.id, file.source, file.tool, file.format, file.imported, file.rows);
}

std::optional<ImportedFile> find_file(soci::session& sql, std::string_view id) {
  ImportedFile file;
  const std::string query = std::string(kFiles) + " where id = :id";
  return read_row(sql, query, columns(file), id) ? std::optional(std::move(file)) : std::nullopt;
}

Result<std::vector<ImportedRow>> read_imported(soci::session& sql, const std::string& id) {
  ImportedRow row;
  RowTexts texts;
  std::vector<ImportedRow> rows;
  const auto take = [&]() -> Status {
    MIA_TRY(from_texts(texts, row));
    rows.push_back(row);
    return {};
  };
  MIA_TRY(for_each_row(
      sql,
      "select test, metric, unit, model, machine, runtime, measured, samples, mean, stddev, settings_json, fields_json"
      " from import_row where file = (select num from import_file where id = :id) order by n",
      std::tie(row.test, row.metric, row.unit, row.model, row.machine, row.runtime, row.measured, texts.samples,
               row.mean, row.stddev, texts.settings, texts.fields),
      take, id));
  return rows;
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
  return guarded("store the imported file", impl_->path, [&]() -> Result<bool> {
    soci::session& sql = impl_->sql;
    Transaction transaction(sql);
    if (find_file(sql, file.id)) {
      return false;
    }
    execute(sql,
            "insert into import_file (id, source, tool, format, imported)"
            " values (:id, :source, :tool, :format, :imported)",
            file.id, file.source, file.tool, file.format, file.imported);
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
    ImportedFile file;
    std::vector<ImportedFile> files;
    for_each_row(impl_->sql, std::string(kFiles) + " order by imported desc, num desc", columns(file),
                 [&] { files.push_back(file); });
    return files;
  });
}

Result<ImportedSamples> Store::imported(std::string_view id) {
  return guarded("read the imported file", impl_->path, [&]() -> Result<ImportedSamples> {
    const ReadTransaction snapshot(impl_->sql);
    std::optional<ImportedFile> file = find_file(impl_->sql, id);
    if (!file) {
      return fail(ErrorKind::not_found, "the store has no imported file '{}'", one_line(id, 100));
    }
    MIA_TRY_ASSIGN(std::vector<ImportedRow> rows,
                   stored(read_imported(impl_->sql, file->id),
                          fmt::format("imported file '{}' in '{}'", one_line(id, 100), impl_->path.string())));
    return ImportedSamples{std::move(*file), std::move(rows)};
  });
}

}  // namespace mia::store
