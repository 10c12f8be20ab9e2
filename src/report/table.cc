// SPDX-License-Identifier: MIT
#include "report/table.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "base/text.h"
#include "report/escape.h"
#include "report/utf8.h"

namespace mia::report {
namespace {

constexpr std::size_t kLeastColumn = 16;
constexpr std::string_view kGap = "  ";
constexpr std::string_view kEllipsis = "…";

struct Range {
  char32_t first;
  char32_t last;
};

// Marks that sit on the letter before them.
constexpr std::array<Range, 8> kZeroWidth{{{0x0300, 0x036F},
                                           {0x0483, 0x0489},
                                           {0x0591, 0x05BD},
                                           {0x064B, 0x065F},
                                           {0x1AB0, 0x1AFF},
                                           {0x1DC0, 0x1DFF},
                                           {0x20D0, 0x20FF},
                                           {0xFE00, 0xFE0F}}};
// East Asian wide and full-width letters, and emoji.
constexpr std::array<Range, 9> kDoubleWidth{{{0x1100, 0x115F},
                                             {0x2E80, 0x303E},
                                             {0x3041, 0xA4CF},
                                             {0xAC00, 0xD7A3},
                                             {0xF900, 0xFAFF},
                                             {0xFE30, 0xFE6F},
                                             {0xFF00, 0xFF60},
                                             {0x1F300, 0x1FAFF},
                                             {0x20000, 0x3FFFD}}};

template <std::size_t kCount>
bool within(const std::array<Range, kCount>& ranges, char32_t c) {
  return std::ranges::any_of(ranges, [&](const Range& range) { return c >= range.first && c <= range.last; });
}

std::size_t width_of(char32_t c) {
  return within(kZeroWidth, c) ? 0 : within(kDoubleWidth, c) ? 2 : 1;
}

std::string padded(const std::string& text, std::size_t width, Align align) {
  const std::size_t used = display_width(text);
  const std::string gap(width > used ? width - used : 0, ' ');
  return align == Align::left ? text + gap : gap + text;
}

std::string cell_at(const std::vector<std::string>& row, std::size_t column) {
  return column < row.size() ? one_line(row[column]) : "";
}

std::vector<std::size_t> natural_widths(const Table& table) {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    std::size_t width = display_width(table.columns[i].heading);
    for (const auto& row : table.rows) {
      width = std::max(width, display_width(cell_at(row, i)));
    }
    widths.push_back(width);
  }
  return widths;
}

std::size_t total_width(const std::vector<std::size_t>& widths) {
  return std::accumulate(widths.begin(), widths.end(), kGap.size() * (widths.empty() ? 0 : widths.size() - 1));
}

// Takes what is too much from the widest left-aligned column, again and again.
void shrink(const Table& table, std::vector<std::size_t>& widths, std::size_t limit) {
  std::size_t total = total_width(widths);
  while (total > limit) {
    std::size_t* widest = nullptr;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (table.columns[i].align == Align::left && widths[i] > kLeastColumn &&
          (widest == nullptr || widths[i] > *widest)) {
        widest = &widths[i];
      }
    }
    if (widest == nullptr) {
      return;
    }
    --*widest;
    --total;
  }
}

// Whether the first column, cut to `width`, still names each row that it named.
bool tells_rows_apart(const Table& table, std::size_t width) {
  std::set<std::string> whole;
  std::set<std::string> cut;
  for (const auto& row : table.rows) {
    whole.insert(cell_at(row, 0));
    cut.insert(shorten(cell_at(row, 0), width));
  }
  return cut.size() == whole.size();
}

std::string text_line(const Table& table, const std::vector<std::string>& row, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const std::string cell = cell_at(row, i);
    line += i == 0 ? "" : kGap;
    line += padded(table.columns[i].align == Align::left ? shorten(cell, widths[i]) : cell, widths[i],
                   table.columns[i].align);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

std::string markdown_line(const std::vector<std::string>& row, std::size_t columns) {
  std::string line = "|";
  for (std::size_t i = 0; i < columns; ++i) {
    line += fmt::format(" {} |", i < row.size() ? markdown_cell(row[i]) : "");
  }
  return line + '\n';
}

std::vector<std::string> headings(const Table& table) {
  std::vector<std::string> names;
  for (const Column& column : table.columns) {
    names.push_back(column.heading);
  }
  return names;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text, at);
    width += width_of(point.value);
    at += point.bytes;
  }
  return width;
}

std::string shorten(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) {
    return std::string(text);
  }
  std::size_t used = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const CodePoint point = code_point_at(text, at);
    used += width_of(point.value);
    if (used + 1 > width) {
      break;
    }
    at += point.bytes;
  }
  return std::string(text.substr(0, at)) + std::string(width == 0 ? "" : kEllipsis);
}

std::string wrap(std::string_view text, std::size_t width, std::size_t indent) {
  std::string out;
  std::size_t used = 0;
  for (const std::string& word : split(text, ' ')) {
    const std::size_t length = display_width(word);
    if (used > indent && used + 1 + length > width) {
      out += '\n' + std::string(indent, ' ');
      used = indent;
    } else if (!out.empty()) {
      out += ' ';
      ++used;
    }
    out += word;
    used += length;
  }
  return out;
}

std::size_t table_width(const Table& table) {
  return total_width(natural_widths(table));
}

Table transposed(const Table& table) {
  Table turned;
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    std::vector<std::string> line{table.columns[column].heading};
    for (const auto& row : table.rows) {
      line.push_back(cell_at(row, column));
    }
    if (column == 0) {
      for (const std::string& heading : line) {
        turned.columns.push_back({heading, turned.columns.empty() ? Align::left : Align::right});
      }
    } else {
      turned.rows.push_back(std::move(line));
    }
  }
  return turned;
}

std::string table_text(const Table& table, std::size_t width) {
  std::vector<std::size_t> widths = natural_widths(table);
  if (width > 0) {
    const std::size_t natural = widths.empty() ? 0 : widths.front();
    shrink(table, widths, width);
    if (!widths.empty() && !tells_rows_apart(table, widths.front())) {
      widths.front() = natural;
    }
  }
  std::string out = text_line(table, headings(table), widths);
  for (std::size_t i = 0; i < widths.size(); ++i) {
    out += i == 0 ? "" : kGap;
    for (std::size_t column = 0; column < widths[i]; ++column) {
      out += "─";
    }
  }
  out += '\n';
  for (const auto& row : table.rows) {
    out += text_line(table, row, widths);
  }
  return out;
}

std::string table_markdown(const Table& table) {
  std::string out = markdown_line(headings(table), table.columns.size()) + "|";
  for (const Column& column : table.columns) {
    out += column.align == Align::left ? " --- |" : " ---: |";
  }
  out += '\n';
  for (const auto& row : table.rows) {
    out += markdown_line(row, table.columns.size());
  }
  return out;
}

}  // namespace mia::report
