// SPDX-License-Identifier: MIT
#include "document/text.h"

#include <algorithm>
#include <numeric>
#include <set>

#include <fmt/core.h>

#include "base/text.h"
#include "document/layout.h"
#include "document/sparkline.h"
#include "document/value.h"

namespace mia::document {
namespace {

constexpr std::size_t kLeastWidth = 40;
constexpr std::size_t kLeastColumn = 16;
constexpr std::size_t kLongestText = 4096;  // bytes of a sentence
constexpr int kTextBar = 30;
constexpr std::string_view kGap = "  ";

std::string padded(const std::string& text, std::size_t width, bool left) {
  const std::size_t used = display_width(text);
  const std::string gap(width > used ? width - used : 0, ' ');
  return left ? text + gap : gap + text;
}

std::vector<std::size_t> natural_widths(const Grid& grid) {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < grid.headings.size(); ++i) {
    std::size_t width = display_width(grid.headings[i]);
    for (const auto& row : grid.rows) {
      width = std::max(width, display_width(row[i]));
    }
    widths.push_back(width);
  }
  return widths;
}

std::size_t total_width(const std::vector<std::size_t>& widths) {
  return std::accumulate(widths.begin(), widths.end(), kGap.size() * (widths.empty() ? 0 : widths.size() - 1));
}

// Takes what is too much from the widest column that stands left, again and again.
void shrink(const Grid& grid, std::vector<std::size_t>& widths, std::size_t limit) {
  for (std::size_t total = total_width(widths); total > limit; --total) {
    std::size_t* widest = nullptr;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (grid.left[i] && widths[i] > kLeastColumn && (widest == nullptr || widths[i] > *widest)) {
        widest = &widths[i];
      }
    }
    if (widest == nullptr) {
      return;
    }
    --*widest;
  }
}

// Whether the first column, cut to `width`, still names each row that it named.
bool tells_rows_apart(const Grid& grid, std::size_t width) {
  std::set<std::string> whole;
  std::set<std::string> cut;
  for (const auto& row : grid.rows) {
    whole.insert(row.front());
    cut.insert(shorten(row.front(), width));
  }
  return cut.size() == whole.size();
}

std::string grid_line(const Grid& grid, const std::vector<std::string>& row, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    line += i == 0 ? "" : kGap;
    line += padded(grid.left[i] ? shorten(row[i], widths[i]) : row[i], widths[i], grid.left[i]);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

std::string grid_text(const Grid& grid, std::size_t width) {
  if (grid.headings.empty()) {
    return "";
  }
  std::vector<std::size_t> widths = natural_widths(grid);
  const std::size_t natural = widths.front();
  shrink(grid, widths, width);
  if (!tells_rows_apart(grid, widths.front())) {
    widths.front() = natural;
  }
  std::string out = grid_line(grid, grid.headings, widths);
  for (std::size_t i = 0; i < widths.size(); ++i) {
    out += i == 0 ? "" : kGap;
    for (std::size_t column = 0; column < widths[i]; ++column) {
      out += "─";
    }
  }
  out += '\n';
  for (const auto& row : grid.rows) {
    out += grid_line(grid, row, widths);
  }
  return out;
}

// Rows become columns, the first column becomes the headings.
Grid turned(const Grid& grid) {
  Grid other;
  for (std::size_t column = 0; column < grid.headings.size(); ++column) {
    std::vector<std::string> line{grid.headings[column]};
    for (const auto& row : grid.rows) {
      line.push_back(row[column]);
    }
    if (column == 0) {
      other.left.resize(line.size(), false);
      other.left.front() = true;
      other.headings = std::move(line);
    } else {
      other.rows.push_back(std::move(line));
    }
  }
  return other;
}

std::string fitted(const Grid& grid, std::size_t width) {
  if (total_width(natural_widths(grid)) > width) {
    if (const Grid other = turned(grid); total_width(natural_widths(other)) <= width) {
      return grid_text(other, width);
    }
  }
  return grid_text(grid, width);
}

class TextRenderer {
 public:
  explicit TextRenderer(const Look& look)
      : width_(std::max(look.width, kLeastWidth)),
        table_width_(look.table_width.value_or(width_)),
        color_(look.color) {}

  std::string operator()(const Heading& heading) const { return painted(Tone::strong, prose(heading.text)); }
  std::string operator()(const Paragraph& said) const { return painted(said.tone, prose(said.text)); }
  std::string operator()(const Code& code) const { return "    " + one_line(code.text, kLongestText) + '\n'; }

  std::string operator()(const List& list) const {
    std::string out;
    for (const Item& item : list.items) {
      out += painted(item.tone, prose(item.text, 2));
    }
    return out;
  }

  std::string operator()(const Note& note) const {
    const bool problem = note.severity == record::Severity::problem;
    const bool warning = note.severity == record::Severity::warning;
    return painted(problem   ? Tone::bad
                   : warning ? Tone::doubt
                             : Tone::plain,
                   marked(problem   ? "problem:"
                          : warning ? "warning:"
                                    : "note:",
                          note.text));
  }

  std::string operator()(const Facts& facts) const {
    std::size_t widest = 0;
    for (const auto& [name, value] : facts.facts) {
      widest = std::max(widest, display_width(one_line(name)));
    }
    std::string out;
    for (const auto& [name, value] : facts.facts) {
      out += marked(padded(one_line(name), widest + 1, true), value);
    }
    return out;
  }

  std::string operator()(const Table& table) {
    std::string out = fitted(grid_of(table), table_width_);
    for (const std::string& note : null_notes(table, told_)) {
      out += marked(kDash, note);
    }
    return out;
  }

  std::string operator()(const Chart& chart) const {
    const std::string title = chart.title.empty() ? "" : prose(chart.title, 2);
    const Layer::Mark mark = chart.layers.empty() ? Layer::Mark::dots : chart.layers.front().mark;
    if (mark == Layer::Mark::bars && chart.words.empty()) {
      return title + grid_text(grid_of(chart, kTextBar), width_);
    }
    if (mark != Layer::Mark::line || !chart.words.empty()) {
      return title + prose(chart.words);
    }
    std::vector<double> line;
    for (const Point& point : chart.layers.front().points) {
      line.push_back(std::get<double>(point.y));
    }
    const std::size_t from = line.size() > width_ ? line.size() - width_ : 0;
    return title + sparkline(std::span(line).subspan(from)) + '\n';
  }

  std::string print(const Document& document) {
    std::vector<std::string> parts;
    const auto add = [&](std::string part) {
      if (!part.empty()) {
        parts.push_back(std::move(part));
      }
    };
    add(document.title.empty() ? "" : painted(Tone::strong, prose(document.title)));
    add(document.answer.empty() ? "" : painted(document.tone, prose(document.answer)));
    for (const Section& section : document.sections) {
      std::string out;
      for (const Block& block : section.blocks) {
        const bool opens = std::holds_alternative<Chart>(block) || std::holds_alternative<Heading>(block);
        out += opens && !out.empty() ? "\n" : "";
        out += section.detail ? "" : std::visit(*this, block);
      }
      add(std::move(out));
    }
    return join(parts, "\n");
  }

 private:
  [[nodiscard]] std::string prose(const std::string& text, std::size_t indent = 0) const {
    return wrap(one_line(text, kLongestText), width_, indent) + '\n';
  }
  [[nodiscard]] std::string marked(std::string_view mark, const std::string& text) const {
    return wrap(fmt::format("{} {}", mark, one_line(text, kLongestText)), width_, display_width(mark) + 1) + '\n';
  }
  // The newline at the end stays outside.
  [[nodiscard]] std::string painted(Tone tone, const std::string& text) const {
    if (!color_ || tone == Tone::plain || text.size() < 2) {
      return text;
    }
    const char* const code = tone == Tone::strong ? "1" : tone == Tone::good ? "32" : tone == Tone::doubt ? "33" : "31";
    return fmt::format("\x1b[{}m{}\x1b[0m\n", code, std::string_view(text).substr(0, text.size() - 1));
  }

  std::size_t width_;
  std::size_t table_width_;
  bool color_;
  std::set<std::string> told_;
};

}  // namespace

std::string to_text(const Document& document, const Look& look) {
  return TextRenderer(look).print(document);
}

}  // namespace mia::document
