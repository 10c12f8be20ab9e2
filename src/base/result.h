// SPDX-License-Identifier: MIT
// Result<T>: a value or an Error. Only the subset of std::expected that the program needs, so that a later compiler can
// replace it by one `using`. Own code because the worker must build where only fmt and nlohmann-json exist (ADR 0002).
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <fmt/core.h>

namespace mia {

enum class ErrorKind { usage, not_found, io, output, protocol, worker, store, unsupported, interrupted, internal };

// What went wrong, in one sentence for a person; `hint` says what to do. Decisions look at `kind`, never at the text.
struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;
  std::string hint;
  std::string detail = {};  // further lines: the end of a log, more problems of the same file

  // "message; hint" or "message".
  [[nodiscard]] std::string text() const { return hint.empty() ? message : fmt::format("{}; {}", message, hint); }
};

// Tag that carries an error into any Result.
struct Failure {
  Error error;
};

template <class... Args>
[[nodiscard]] Failure fail(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  return Failure{Error{kind, fmt::format(format, std::forward<Args>(args)...), {}, {}}};
}

[[nodiscard]] inline Failure with_hint(Failure failure, std::string hint) {
  failure.error.hint = std::move(hint);
  return failure;
}

[[nodiscard]] inline Failure with_detail(Failure failure, std::string detail) {
  failure.error.detail = std::move(detail);
  return failure;
}

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit as in expected
  Result(Failure failure)
      : state_(std::in_place_index<1>, std::move(failure.error)) {}  // NOLINT: implicit as in expected

  [[nodiscard]] bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  [[nodiscard]] T& value() & {
    require();
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] const T& value() const& {
    require();
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] T&& value() && {
    require();
    return std::move(*std::get_if<0>(&state_));
  }
  [[nodiscard]] T value_or(T other) const& { return has_value() ? value() : std::move(other); }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  [[nodiscard]] const Error& error() const { return *std::get_if<1>(&state_); }
  [[nodiscard]] Failure failure() const { return Failure{error()}; }

 private:
  // Reading a value that is not there is a bug of ours, never bad input.
  void require() const {
    if (!has_value()) {
      std::fputs(("mia: value of a failed result: " + error().text() + "\n").c_str(), stderr);
      std::abort();
    }
  }
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Failure failure) : failed_(true), error_(std::move(failure.error)) {}  // NOLINT: implicit as in expected

  [[nodiscard]] bool has_value() const { return !failed_; }
  explicit operator bool() const { return has_value(); }
  [[nodiscard]] const Error& error() const { return error_; }
  [[nodiscard]] Failure failure() const { return Failure{error_}; }

 private:
  bool failed_ = false;
  Error error_;
};

using Status = Result<void>;

// Prefixes the error outward: context(r, "cannot read 'x'") -> "cannot read 'x': no such file".
template <class T>
Result<T> context(Result<T> result, std::string_view prefix) {
  if (result.has_value()) {
    return result;
  }
  Error error = result.error();
  error.message = fmt::format("{}: {}", prefix, error.message);
  return Failure{std::move(error)};
}

}  // namespace mia

#define MIA_CONCAT_(a, b) a##b
#define MIA_CONCAT(a, b) MIA_CONCAT_(a, b)

// Returns the failure of `expr` from the enclosing function.
#define MIA_TRY(expr)                                                \
  do {                                                               \
    if (auto mia_try_result = (expr); !mia_try_result.has_value()) { \
      return mia_try_result.failure();                               \
    }                                                                \
  } while (false)

// Declares `decl` from the value of `expr`, or returns its failure: MIA_TRY_ASSIGN(const auto n, parse(text));
#define MIA_TRY_ASSIGN(decl, expr) MIA_TRY_ASSIGN_(MIA_CONCAT(mia_result_, __LINE__), decl, expr)
// NOLINTBEGIN(bugprone-macro-parentheses): a name and a declaration cannot stand in parentheses
#define MIA_TRY_ASSIGN_(name, decl, expr) \
  auto name = (expr);                     \
  if (!name.has_value()) {                \
    return name.failure();                \
  }                                       \
  decl = std::move(name).value()
// NOLINTEND(bugprone-macro-parentheses)
