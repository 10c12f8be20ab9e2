// SPDX-License-Identifier: MIT
#include "base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace mia {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitution = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitution});
    }
  }
  return row[b.size()];
}

// Length of the valid UTF-8 sequence at `text[at]`, or 0.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  const std::size_t length = lead < 0x80   ? 1
                             : lead < 0xC2 ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
  if (length == 0 || at + length > text.size()) {
    return 0;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0U) != 0x80U) {
      return 0;
    }
  }
  const unsigned char second = length > 1 ? byte(at + 1) : 0;
  const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool outside = (lead == 0xED && second >= 0xA0) || (lead == 0xF4 && second >= 0x90);
  return overlong || outside ? 0 : length;
}

// Of a valid UTF-8 sequence.
char32_t code_point(std::string_view sequence) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
  if (sequence.size() == 1) {
    return byte(0);
  }
  char32_t value = byte(0) & (0x7FU >> sequence.size());
  for (std::size_t i = 1; i < sequence.size(); ++i) {
    value = (value << 6U) | (byte(i) & 0x3FU);
  }
  return value;
}

// Line separators and what reorders or hides text on the screen.
bool is_hidden(char32_t c) {
  return c == 0x061C || (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x2069) ||
         c == 0xFEFF;
}

enum class Lines { kept, joined };

// What stands for one valid sequence.
std::string shown(std::string_view sequence, Lines lines) {
  const char32_t c = code_point(sequence);
  if (c == U'\n' || c == U'\t') {
    return lines == Lines::kept ? std::string(sequence) : " ";
  }
  if (c < 0x20 || c == 0x7F) {
    return fmt::format("\\x{:02x}", static_cast<unsigned>(c));
  }
  if ((c >= 0x80 && c <= 0x9F) || (lines == Lines::joined && is_hidden(c))) {
    return fmt::format("\\u{{{:x}}}", static_cast<unsigned>(c));
  }
  return std::string(sequence);
}

std::string clean(std::string_view text, std::size_t limit, Lines lines) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  constexpr std::string_view kEllipsis = "\xE2\x80\xA6";
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = utf8_length(text, at);
    const std::string piece = length == 0 ? std::string(kReplacement) : shown(text.substr(at, length), lines);
    if (out.size() + piece.size() + kEllipsis.size() > limit) {
      return out.append(kEllipsis);
    }
    out += piece;
    at += std::max<std::size_t>(length, 1);
  }
  return out;
}

struct Unit {
  std::string_view name;
  double seconds;
};
constexpr std::array<Unit, 4> kUnits{{{"ms", 1e-3}, {"s", 1.0}, {"m", 60.0}, {"h", 3600.0}}};

}  // namespace

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_space(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(at + 1);
  }
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) {
      text += separator;
    }
    text += part;
  }
  return text;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

Result<std::int64_t> parse_int(std::string_view text) {
  const std::string_view digits = trim(text);
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (code != std::errc{} || end != digits.data() + digits.size()) {
    return fail(ErrorKind::usage, "'{}' is not a whole number", printable(text, 80));
  }
  return value;
}

Result<double> parse_double(std::string_view text) {
  const std::string_view digits = trim(text);
  double value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (code != std::errc{} || end != digits.data() + digits.size() || !std::isfinite(value)) {
    return fail(ErrorKind::usage, "'{}' is not a number", printable(text, 80));
  }
  return value;
}

Result<bool> parse_bool(std::string_view text) {
  const std::string word = lower(trim(text));
  for (const std::string_view yes : {"true", "yes", "on", "1"}) {
    if (word == yes) {
      return true;
    }
  }
  for (const std::string_view no : {"false", "no", "off", "0"}) {
    if (word == no) {
      return false;
    }
  }
  return fail(ErrorKind::usage, "'{}' is not true or false", printable(text, 80));
}

Result<double> parse_duration(std::string_view text) {
  std::string_view rest = trim(text);
  double seconds = 0;
  const auto bad = [&] {
    return fail(ErrorKind::usage, "'{}' is not a duration such as 90s, 20m or 1h30m", printable(text, 80));
  };
  if (rest.empty()) {
    return bad();
  }
  while (!rest.empty()) {
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789."), rest.size());
    const auto number = parse_double(rest.substr(0, digits));
    rest.remove_prefix(digits);
    const std::size_t letters = std::min(rest.find_first_of("0123456789."), rest.size());
    const std::string_view name = rest.substr(0, letters);
    const auto* const unit = std::ranges::find(kUnits, name, &Unit::name);
    if (!number || unit == kUnits.end()) {
      return bad();
    }
    seconds += *number * unit->seconds;
    rest.remove_prefix(letters);
  }
  constexpr double kLongest = 1e9;  // 30 years
  return seconds <= kLongest ? Result<double>(seconds) : bad();
}

Result<double> parse_fraction(std::string_view text) {
  std::string_view digits = trim(text);
  const bool percent = !digits.empty() && digits.back() == '%';
  if (percent) {
    digits.remove_suffix(1);
  }
  const auto number = parse_double(digits);
  if (!number) {
    return fail(ErrorKind::usage, "'{}' is not a fraction such as 3% or 0.03", printable(text, 80));
  }
  if (!percent && *number >= 1) {
    return with_hint(fail(ErrorKind::usage, "{} is the whole or more of it", digits), fmt::format("write {}%", digits));
  }
  return percent ? *number / 100.0 : *number;
}

std::optional<std::string> nearest_name(std::string_view wrong, std::span<const std::string> names) {
  std::optional<std::string> best;
  constexpr std::size_t kShort = 4;  // almost any other short word is near: it must begin alike
  std::size_t best_distance = std::max<std::size_t>(2, wrong.size() / 3) + 1;
  for (const std::string& name : names) {
    if (wrong.size() <= kShort && lower(wrong.substr(0, 1)) != lower(name.substr(0, 1))) {
      continue;
    }
    const std::size_t distance = edit_distance(lower(wrong.substr(0, 256)), lower(name));
    if (distance < best_distance) {
      best_distance = distance;
      best = name;
    }
  }
  return best;
}

std::int64_t count_words(std::string_view text) {
  std::int64_t words = 0;
  bool inside = false;
  for (const char c : text) {
    const bool space = is_space(c);
    words += !space && !inside ? 1 : 0;
    inside = !space;
  }
  return words;
}

std::string printable(std::string_view text, std::size_t limit) {
  return clean(text, limit, Lines::kept);
}

std::string one_line(std::string_view text, std::size_t limit) {
  return clean(text, limit, Lines::joined);
}

std::string human_bytes(std::int64_t bytes) {
  constexpr std::array<std::string_view, 5> kNames{"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (std::abs(value) >= 1024.0 && unit + 1 < kNames.size()) {
    value /= 1024.0;
    ++unit;
  }
  const int decimals = value == std::floor(value) ? 0 : 2;
  return fmt::format("{:.{}f} {}", value, decimals, kNames[unit]);
}

std::string human_count(std::int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string human_seconds(double seconds) {
  if (seconds < 1e-3) {
    return fmt::format("{:.0f} µs", seconds * 1e6);
  }
  if (seconds < 1.0) {
    return fmt::format("{:.1f} ms", seconds * 1e3);
  }
  if (seconds < 100.0) {
    return fmt::format("{:.1f} s", seconds);
  }
  const auto whole = static_cast<std::int64_t>(seconds + 0.5);
  return whole < 3600 ? fmt::format("{} min {:02} s", whole / 60, whole % 60)
                      : fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

}  // namespace mia
