// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>

#include "base/text.h"
#include "store/impl.h"

namespace mia::store {
namespace {

constexpr std::size_t kWords = 4;

// What stands in a row, each as an expression over its table: names of models and runtimes come from JSON.
struct Columns {
  std::string_view table, what, models, runtimes, machine, state, trials, planned;
};

constexpr std::string_view kName = "value ->> '$.id'";
constexpr std::string_view kMachine =
    "(t.{0} ->> '${1}.cpu_model') || coalesce(', ' || (t.{0} ->> '${1}.gpus[0].name'), '')";
constexpr std::string_view kVersion = "trim((value ->> '$.name') || ' ' || (value ->> '$.version'))";

const Columns& of_sessions() {
  static const std::string models =
      fmt::format("(select group_concat(n, ', ') from (select distinct {} n from json_each(t.models_json)))", kName);
  static const std::string runtimes = fmt::format(
      "(select group_concat(n, ', ') from (select distinct {} n from json_each(t.runtimes_json)))", kVersion);
  static const std::string machine = fmt::format(kMachine, "machine_json", "");
  static const Columns columns{"session",
                               "t.scenario",
                               models,
                               runtimes,
                               machine,
                               "t.state",
                               "(select count(*) from trial where trial.session = t.num)",
                               "t.planned"};
  return columns;
}

const Columns& of_comparisons() {
  static const auto both = [](std::string_view member, std::string_view text) {
    return fmt::format(
        "(select group_concat(n, ', ') from (select distinct {} n from json_each('[' ||"
        " (t.comparison_json -> '$.arms.a.{}') || ',' || (t.comparison_json -> '$.arms.b.{}') || ']')))",
        text, member, member);
  };
  static const std::string models = both("model", kName);
  static const std::string runtimes = both("runtime", kVersion);
  static const std::string machine = fmt::format(kMachine, "comparison_json", ".environment");
  static const Columns columns{"comparison", "t.b || ' against ' || t.a",
                               models,       runtimes,
                               machine,      "case t.state when 'complete' then t.verdict else t.state end",
                               "t.pairs",    "t.pairs"};
  return columns;
}

// The expressions are evaluated for the rows that are shown, and for all only where words are looked for.
std::string hits(const Columns& columns, int kind) {
  std::string words;
  for (std::size_t i = 0; i < kWords; ++i) {
    words += fmt::format(
        " and (:none{0} or instr(lower(coalesce(t.id || ' ' || {1}, '') || ' ' || coalesce({2}, '') ||"
        " ' ' || coalesce({3}, '') || ' ' || coalesce({4}, '') || ' ' || t.started || ' ' || {5}),"
        " :word{0}) > 0)",
        i, columns.what, columns.models, columns.runtimes, columns.machine, columns.state);
  }
  return fmt::format("select {} kind, t.num num, t.started started from {} t where 1{}", kind, columns.table, words);
}

std::string shown(const Columns& columns, int kind) {
  return fmt::format(
      "select h.kind, h.num, h.started, t.id, {}, coalesce({}, ''), coalesce({}, ''), coalesce({}, ''), {},"
      " {}, {} from hit h join {} t on t.num = h.num where h.kind = {}",
      columns.what, columns.models, columns.runtimes, columns.machine, columns.state, columns.trials, columns.planned,
      columns.table, kind);
}

const std::string& query() {
  static const std::string text = fmt::format(
      "with hit as ({} union all {} order by started desc, kind desc, num desc limit :most offset :from)"
      " {} union all {} order by 3 desc, 1 desc, 2 desc",
      hits(of_sessions(), 0), hits(of_comparisons(), 1), shown(of_sessions(), 0), shown(of_comparisons(), 1));
  return text;
}

}  // namespace

Result<std::vector<OverviewRow>> Store::overview(const OverviewFilter& filter) {
  return guarded("list sessions", impl_->path, [&]() -> Result<std::vector<OverviewRow>> {
    std::array<std::string, kWords> words;
    for (std::size_t i = 0; i < std::min(words.size(), filter.words.size()); ++i) {
      words[i] = lower(filter.words[i]);
    }
    const auto none = [&](std::size_t i) { return words[i].empty(); };
    OverviewRow row;
    int kind = 0;
    long long num = 0;
    std::vector<OverviewRow> rows;
    for_each_row(
        impl_->sql, query(),
        std::tie(kind, num, row.started, row.id, row.what, row.models, row.runtimes, row.machine, row.state, row.trials,
                 row.planned),
        [&] {
          row.comparison = kind == 1;
          rows.push_back(row);
        },
        none(0), words[0], none(1), words[1], none(2), words[2], none(3), words[3], filter.most, filter.from);
    return rows;
  });
}

}  // namespace mia::store
