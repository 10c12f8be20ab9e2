// SPDX-License-Identifier: MIT
// Small text helpers. Everything here is locale-independent: a German locale changes no number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mia {

[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);
[[nodiscard]] std::string join(std::span<const std::string> parts, std::string_view separator);
[[nodiscard]] std::string lower(std::string_view text);  // ASCII only

// The whole text must be the number; anything left over is an error that quotes the text.
[[nodiscard]] Result<std::int64_t> parse_int(std::string_view text);
[[nodiscard]] Result<double> parse_double(std::string_view text);  // finite only
[[nodiscard]] Result<bool> parse_bool(std::string_view text);      // true/false/yes/no/on/off/1/0

// Durations such as "90s", "20m", "1h30m", "250ms"; seconds.
[[nodiscard]] Result<double> parse_duration(std::string_view text);
// "3%" or "0.03" -> 0.03.
[[nodiscard]] Result<double> parse_fraction(std::string_view text);

// Nearest of `names` by edit distance if it is near enough to be a slip (at most a third of its length, at least 2).
[[nodiscard]] std::optional<std::string> nearest_name(std::string_view wrong, std::span<const std::string> names);

// Number of words separated by white space (the seed's older measure of output).
[[nodiscard]] std::int64_t count_words(std::string_view text);

// Text from outside (file names, metadata, logs, other programs' words) may hold what a terminal obeys. These two are
// the only way it is shown: invalid UTF-8 replaced by U+FFFD, control characters as \xNN or \u{NN}. Never longer than
// `limit` bytes (an ellipsis marks the cut).
// Of several lines: newlines and tabs stay. Safe to print on a terminal and to put into JSON.
[[nodiscard]] std::string printable(std::string_view text, std::size_t limit = 4096);
// Within a sentence or a table: newlines and tabs become spaces, what reorders or hides text is shown as \u{NN}.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t limit = 500);

// 11.27 GiB, 512 MiB, 96 B: two decimals where the number is not round.
[[nodiscard]] std::string human_bytes(std::int64_t bytes);
// 850 µs, 12.3 ms, 4.2 s, 3 min 20 s.
[[nodiscard]] std::string human_seconds(double seconds);
// "1 epoch", "2 epochs": nouns that take an s.
[[nodiscard]] std::string human_count(std::int64_t count, std::string_view noun);

[[nodiscard]] inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace mia
