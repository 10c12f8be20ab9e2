// SPDX-License-Identifier: MIT
// One list of members per struct: MIA_MEMBERS(Run, input, text) beside the struct gives each(x, f), which calls
// f("input", x.input) for every member in order; x may be const. Keys are the members' names. A struct whose document
// has another shape writes its each() by hand, with MIA_MEMBER and MIA_FOR_EACH for the rest. record/json_members.h
// reads and writes JSON from these lists, nested ones too.
#pragma once

#include <concepts>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

namespace mia::record {

// T or const T: "deducing this" for one list that reads and writes.
template <class X, class T>
concept Either = std::same_as<std::remove_const_t<X>, T>;

// A key of a document; `needed` ones must be there.
struct Key {
  constexpr Key(const char* text, bool is_needed = false)  // NOLINT: implicit, so that a list is plain words
      : name(text), needed(is_needed) {}
  const char* name;
  bool needed;
};
constexpr Key needed(const char* name) {
  return {name, true};
}

// Settings of which only what is set is written: what a worker reported.
template <class S>
struct OnlySet {
  S& settings;
};
template <class S>
OnlySet(S&) -> OnlySet<S>;

// The word of an enumerator in documents. An enumeration has words where names(E) gives its table.
template <class E>
struct Name {
  E value;
  std::string_view name;
};
template <class E>
concept HasNames = requires(E value) {
  names(value).front().name;
};

template <HasNames E>
[[nodiscard]] constexpr std::string_view name_of(E value) {
  for (const auto& row : names(value)) {
    if (row.value == value) {
      return row.name;
    }
  }
  return "?";
}
template <HasNames E>
[[nodiscard]] constexpr std::optional<E> value_named(std::string_view name) {
  for (const auto& row : names(E{})) {
    if (row.name == name) {
      return row.value;
    }
  }
  return std::nullopt;
}

}  // namespace mia::record

// Recursion by rescanning: enough for 64 members.
#define MIA_PARENTHESES ()
#define MIA_SCAN(...) MIA_SCAN_3(MIA_SCAN_3(MIA_SCAN_3(MIA_SCAN_3(__VA_ARGS__))))
#define MIA_SCAN_3(...) MIA_SCAN_2(MIA_SCAN_2(MIA_SCAN_2(MIA_SCAN_2(__VA_ARGS__))))
#define MIA_SCAN_2(...) MIA_SCAN_1(MIA_SCAN_1(MIA_SCAN_1(MIA_SCAN_1(__VA_ARGS__))))
#define MIA_SCAN_1(...) __VA_ARGS__
#define MIA_FOR_EACH(macro, ...) __VA_OPT__(MIA_SCAN(MIA_FOR_EACH_STEP(macro, __VA_ARGS__)))
#define MIA_FOR_EACH_STEP(macro, first, ...) \
  macro(first) __VA_OPT__(MIA_FOR_EACH_AGAIN MIA_PARENTHESES(macro, __VA_ARGS__))
#define MIA_FOR_EACH_AGAIN() MIA_FOR_EACH_STEP

// Inside an each(x, f).
#define MIA_MEMBER(name) f(#name, x.name);

#define MIA_MEMBERS(type, ...)                      \
  template <::mia::record::Either<type> X, class F> \
  void each(X& x, F&& f) {                          \
    MIA_FOR_EACH(MIA_MEMBER, __VA_ARGS__)           \
  }
