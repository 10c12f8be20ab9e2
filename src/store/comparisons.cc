// SPDX-License-Identifier: MIT
#include "store/impl.h"

namespace mia::store {
namespace {

constexpr std::string_view kComparisonColumns =
    "select id, started, finished, state, a, b, verdict, sentence, epochs, pairs, machine, tool_version"
    " from comparison ";

template <class... Args>
std::vector<ComparisonRow> read_comparisons(soci::session& sql, std::string_view tail, const Args&... args) {
  ComparisonRow row;
  std::vector<ComparisonRow> rows;
  for_each_row(
      sql, std::string(kComparisonColumns) + std::string(tail),
      std::tie(row.id, row.started, row.finished, row.state, row.a, row.b, row.verdict, row.sentence, row.epochs,
               row.pairs, row.machine, row.tool_version),
      [&] { rows.push_back(row); }, args...);
  return rows;
}

std::string_view state_of(const record::Comparison& comparison) {
  if (!comparison.outcome.ok()) {
    return "failed";
  }
  return comparison.complete ? "complete" : "interrupted";
}

}  // namespace

Status Store::add_comparison(const record::Comparison& comparison) {
  const std::string& id = comparison.session;
  if (id.empty()) {
    return fail(ErrorKind::usage, "a comparison needs an id");
  }
  MIA_TRY_ASSIGN(const std::string text, storable(record::to_json(comparison), "the comparison"));
  return guarded("store the comparison", impl_->path, [&]() -> Status {
    Transaction transaction(impl_->sql);
    long long num = 0;
    if (read_row(impl_->sql, "select num from comparison where id = :id", std::tie(num), id)) {
      return fail(ErrorKind::usage, "the store has a comparison '{}' already", one_line(id, 100));
    }
    execute(impl_->sql,
            "insert into comparison (id, started, finished, state, a, b, verdict, sentence, epochs, pairs, machine,"
            " tool_version, comparison_json) values (:id, :started, :finished, :state, :a, :b, :verdict, :sentence,"
            " :epochs, :pairs, :machine, :tool_version, :json)",
            id, comparison.started, comparison.finished, state_of(comparison), comparison.a.label, comparison.b.label,
            name_of(comparison.verdict), comparison.sentence, comparison.epochs, comparison.pairs,
            comparison.machine.fingerprint, comparison.tool_version, text);
    transaction.commit();
    return {};
  });
}

Result<std::vector<ComparisonRow>> Store::comparisons(std::int64_t limit) {
  return guarded("list comparisons", impl_->path, [&]() -> Result<std::vector<ComparisonRow>> {
    return read_comparisons(impl_->sql, "order by started desc, num desc limit :limit", limit > 0 ? limit : -1);
  });
}

Result<record::Comparison> Store::comparison(std::string_view name) {
  return guarded("read the comparison", impl_->path, [&]() -> Result<record::Comparison> {
    MIA_TRY_ASSIGN(const ComparisonRow row,
                   find_named(std::string(name), "comparison", [&](auto tail, const auto&... args) {
                     return read_comparisons(impl_->sql, tail, args...);
                   }));
    std::string text;
    read_row(impl_->sql, "select comparison_json from comparison where id = :id", std::tie(text), row.id);
    const auto where = fmt::format("comparison '{}' in '{}'", one_line(row.id, 100), impl_->path.string());
    MIA_TRY_ASSIGN(const Json json, stored(parse_json(text, kJsonLimits), where));
    return stored(record::comparison_from_json(json), where);
  });
}

}  // namespace mia::store
