// SPDX-License-Identifier: MIT
#include "document/escape.h"

#include <algorithm>
#include <cctype>

#include <fmt/core.h>

#include "base/text.h"
#include "document/utf8.h"

namespace mia::document {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}

// At the start of a line these would make a heading, a list or a rule.
bool opens_block(char c) {
  return c == '#' || c == '-' || c == '+' || c == '=';
}

// An underscore inside a word is never emphasis in GitHub's dialect.
bool needs_backslash(std::string_view text, std::size_t i) {
  const char c = text[i];
  if (c == '_') {
    return i == 0 || i + 1 == text.size() || !is_word(text[i - 1]) || !is_word(text[i + 1]);
  }
  return std::string_view("\\`*|~$").find(c) != std::string_view::npos;
}

// "1. " or "1) " at the start of a line would be a list.
std::size_t list_number_end(std::string_view text) {
  const std::size_t digits = text.find_first_not_of("0123456789");
  return digits != std::string_view::npos && digits > 0 && (text[digits] == '.' || text[digits] == ')')
             ? digits
             : std::string_view::npos;
}

// What could make a link: "https://x", "www.x", "a@b", and brackets before an address or a label.
bool makes_link(std::string_view text, std::size_t i) {
  const char next = i + 1 < text.size() ? text[i + 1] : ' ';
  return text[i] == '@' || text.substr(i).starts_with("://") ||
         (text[i] == ']' && (next == '(' || next == '[' || next == ':')) ||
         (text[i] == '.' && i >= 3 && lower(text.substr(i - 3, 3)) == "www");
}

std::string percent_escape(std::string_view text, std::string_view special) {
  std::string out;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string markdown_cell(std::string_view text, std::size_t limit) {
  const std::string line = one_line(trim(text), limit);
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (makes_link(line, i)) {
      out += fmt::format("&#{};", static_cast<int>(c));
    } else {
      out += needs_backslash(line, i) ? "\\" : "";
      out += c;
    }
  }
  return out;
}

std::string markdown_escape(std::string_view text, std::size_t limit) {
  std::string out = markdown_cell(text, limit);
  const std::size_t list_end = list_number_end(out);
  if (!out.empty() && opens_block(out.front())) {
    out.insert(0, 1, '\\');
  } else if (list_end != std::string::npos) {
    out.insert(list_end, 1, '\\');
  }
  return out;
}

std::string xml_escape(std::string_view text, std::size_t limit) {
  const std::string clean = printable(text, limit);
  std::string out;
  for (std::size_t at = 0; at < clean.size();) {
    const CodePoint point = code_point_at(clean, at);
    switch (point.value) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&apos;";
        break;
      case '\n':
        out += "&#10;";
        break;
      case '\t':
        out += "&#9;";
        break;
      case 0xFFFE:
      case 0xFFFF:
        out += kReplacement;
        break;
      default:
        out += clean.substr(at, point.bytes);
    }
    at += point.bytes;
  }
  return out;
}

std::string csv_escape(std::string_view text) {
  std::string clean = one_line(text, 4096);
  const bool formula = !clean.empty() && std::string_view("=+-@").find(clean.front()) != std::string_view::npos;
  // Spreadsheets strip leading blanks (a tab or a return became one) before they look for a formula.
  const std::string_view bare = trim(clean);
  const bool hidden = !bare.empty() && bare.size() != clean.size() &&
                      std::string_view("=+-@").find(bare.front()) != std::string_view::npos;
  if (formula || hidden) {
    clean.insert(clean.begin(), '\'');
  }
  if (clean.find_first_of(",\"\r\n") == std::string::npos) {
    return clean;
  }
  std::string quoted = "\"";
  for (const char c : clean) {
    quoted += c == '"' ? "\"\"" : std::string(1, c);
  }
  return quoted + '"';
}

std::string github_escape(std::string_view text) {
  return percent_escape(printable(text), "%\r\n");
}

std::string github_property(std::string_view text) {
  return percent_escape(printable(text, 200), "%\r\n:,");
}

std::string shell_quote(std::string_view text) {
  std::string line = one_line(text);
  const auto plain = [](char c) {
    return is_word(c) || std::string_view("_./=:@%+-,").find(c) != std::string_view::npos;
  };
  if (!line.empty() && std::ranges::all_of(line, plain)) {
    return line;
  }
  std::string quoted = "'";
  for (const char c : line) {
    quoted += c == '\'' ? "'\\''" : std::string(1, c);
  }
  return quoted + "'";
}

std::string path_escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace mia::document
