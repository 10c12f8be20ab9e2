// SPDX-License-Identifier: MIT
// Statements as plain calls. SOCI's `sql << "...", use(x)` runs at the end of the expression, after the temporaries in
// it are gone; here parameters are bound by position (a :name is one place, however often it appears) and live through
// the call. std::optional is NULL when empty, both ways. Internal to the store.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

#include <soci/soci.h>

#include "base/result.h"

namespace mia::store {

template <class T>
struct Parameter {
  const T& value;
  explicit Parameter(const T& from) : value(from) {}
  void bind(soci::statement& statement) { statement.exchange(soci::use(value)); }
};

template <>
struct Parameter<std::string_view> {
  std::string value;
  explicit Parameter(std::string_view from) : value(from) {}
  void bind(soci::statement& statement) { statement.exchange(soci::use(value)); }
};

template <>
struct Parameter<bool> {
  int value;
  explicit Parameter(bool from) : value(from ? 1 : 0) {}
  void bind(soci::statement& statement) { statement.exchange(soci::use(value)); }
};

template <class T>
struct Parameter<std::optional<T>> {
  T value;
  soci::indicator known;
  explicit Parameter(const std::optional<T>& from)
      : value(from.value_or(T())), known(from ? soci::i_ok : soci::i_null) {}
  void bind(soci::statement& statement) { statement.exchange(soci::use(value, known)); }
};

// A column of the result.
template <class T>
struct Column {
  T& value;
  explicit Column(T& to) : value(to) {}
  void bind(soci::statement& statement) { statement.exchange(soci::into(value)); }
  void take() {}
};

template <class T>
struct Column<std::optional<T>> {
  std::optional<T>& to;
  T value{};
  soci::indicator known = soci::i_null;
  explicit Column(std::optional<T>& target) : to(target) {}
  void bind(soci::statement& statement) { statement.exchange(soci::into(value, known)); }
  void take() { to = known == soci::i_ok ? std::optional<T>(value) : std::nullopt; }
};

inline void prepare(soci::statement& statement, std::string_view query) {
  statement.alloc();
  statement.prepare(std::string(query));
  statement.define_and_bind();
}

// A statement without a result.
template <class... Args>
void execute(soci::session& sql, std::string_view query, const Args&... args) {
  std::tuple<Parameter<Args>...> parameters{Parameter<Args>(args)...};
  soci::statement statement(sql);
  std::apply([&](auto&... parameter) { (parameter.bind(statement), ...); }, parameters);
  prepare(statement, query);
  statement.execute(true);
}

// Calls `each` after every row that was read into `outs` (std::tie of variables). Where `each` returns a Status, the
// first failure ends it and is returned.
template <class... Outs, class Each, class... Args>
std::invoke_result_t<Each&> for_each_row(soci::session& sql, std::string_view query, std::tuple<Outs&...> outs,
                                         Each each, const Args&... args) {
  std::tuple<Parameter<Args>...> parameters{Parameter<Args>(args)...};
  auto columns = std::apply([](auto&... out) { return std::tuple<Column<Outs>...>{Column<Outs>(out)...}; }, outs);
  soci::statement statement(sql);
  std::apply([&](auto&... column) { (column.bind(statement), ...); }, columns);
  std::apply([&](auto&... parameter) { (parameter.bind(statement), ...); }, parameters);
  prepare(statement, query);
  statement.execute();
  while (statement.fetch()) {
    std::apply([](auto&... column) { (column.take(), ...); }, columns);
    if constexpr (std::is_void_v<std::invoke_result_t<Each&>>) {
      each();
    } else if (Status status = each(); !status) {
      return status;
    }
  }
  return std::invoke_result_t<Each&>();
}

// The first row; false when there is none.
template <class... Outs, class... Args>
bool read_row(soci::session& sql, std::string_view query, std::tuple<Outs&...> outs, const Args&... args) {
  bool found = false;
  for_each_row(
      sql, query, outs, [&] { found = true; }, args...);
  return found;
}

}  // namespace mia::store
