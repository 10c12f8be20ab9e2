// SPDX-License-Identifier: MIT
#include "document/markdown.h"

#include <set>

#include <fmt/core.h>

#include "base/text.h"
#include "document/escape.h"
#include "document/value.h"

namespace mia::document {
namespace {

constexpr std::size_t kLongestMarkdown = 2000;  // bytes of a sentence
constexpr int kMarkdownBar = 20;

std::string markdown_line(const std::vector<std::string>& row) {
  std::string line = "|";
  for (const std::string& place : row) {
    line += fmt::format(" {} |", markdown_cell(place));
  }
  return line + '\n';
}

std::string grid_markdown(const Grid& grid) {
  if (grid.headings.empty()) {
    return "";
  }
  std::string out = markdown_line(grid.headings) + "|";
  for (const bool left : grid.left) {
    out += left ? " --- |" : " ---: |";
  }
  out += '\n';
  for (const auto& row : grid.rows) {
    out += markdown_line(row);
  }
  return out;
}

std::string_view word_of(record::Severity severity) {
  switch (severity) {
    case record::Severity::problem:
      return "Problem";
    case record::Severity::warning:
      return "Warning";
    case record::Severity::info:
      break;
  }
  return "Note";
}

class MarkdownRenderer {
 public:
  explicit MarkdownRenderer(int level) : level_(level) {}

  std::string operator()(const Heading& heading) const { return headed(level_ + 2, heading.text); }
  std::string operator()(const Paragraph& said) const {
    return said.tone == Tone::strong ? strong(said.text) : markdown_escape(said.text, kLongestMarkdown) + '\n';
  }
  std::string operator()(const Code& code) const {
    return fmt::format("    {}\n", one_line(code.text, kLongestMarkdown));
  }

  std::string operator()(const List& list) const {
    std::string out;
    for (const Item& item : list.items) {
      out += fmt::format("- {}\n", markdown_escape(item.text, kLongestMarkdown));
    }
    return out;
  }

  std::string operator()(const Note& note) const {
    const std::string evidence = note.evidence.empty() ? "" : fmt::format(" ({})", note.evidence);
    return fmt::format("- **{}:** {}\n", word_of(note.severity), markdown_cell(note.text + evidence, kLongestMarkdown));
  }

  std::string operator()(const Facts& facts) const {
    Grid grid{{"condition", "value"}, {true, true}, {}};
    for (const auto& [name, value] : facts.facts) {
      grid.rows.push_back({name, value});
    }
    return grid_markdown(grid);
  }

  std::string operator()(const Table& table) {
    std::string out = grid_markdown(grid_of(table));
    const std::vector<std::string> notes = null_notes(table, told_);
    out += notes.empty() ? "" : "\n";
    for (const std::string& note : notes) {
      out += fmt::format("- {} {}\n", kDash, markdown_cell(note, kLongestMarkdown));
    }
    return out;
  }

  std::string operator()(const Chart& chart) const {
    const std::string title = markdown_escape(chart.title, kLongestMarkdown);
    const std::string words = markdown_escape(chart.words, kLongestMarkdown);
    return (title.empty() ? "" : title + "\n\n") + (words.empty() ? "" : words + "\n\n") +
           grid_markdown(grid_of(chart, kMarkdownBar));
  }

  std::string print(const Document& document) {
    std::vector<std::string> parts;
    const auto add = [&](std::string part) {
      if (!part.empty()) {
        parts.push_back(std::move(part));
      }
    };
    add(document.title.empty() ? "" : headed(level_, document.title));
    add(document.answer.empty() ? "" : strong(document.answer));
    for (const Section& section : document.sections) {
      add(section.heading.empty() || section.blocks.empty() ? "" : headed(level_ + 1, section.heading));
      bool note = false;  // notes that follow one another are one list
      for (const Block& block : section.blocks) {
        const bool next = std::holds_alternative<Note>(block);
        if (note && next) {
          parts.back() += std::visit(*this, block);
        } else {
          add(std::visit(*this, block));
        }
        note = next;
      }
    }
    return join(parts, "\n");
  }

 private:
  [[nodiscard]] static std::string strong(const std::string& text) {
    return fmt::format("**{}**\n", markdown_cell(text, kLongestMarkdown));
  }
  [[nodiscard]] static std::string headed(int level, const std::string& text) {
    return fmt::format("{} {}\n", std::string(static_cast<std::size_t>(level), '#'), markdown_escape(text));
  }

  int level_;
  std::set<std::string> told_;
};

}  // namespace

std::string to_markdown(const Document& document, int level) {
  return MarkdownRenderer(level).print(document);
}

std::string to_markdown(const Table& table) {
  return MarkdownRenderer(1)(table);
}

}  // namespace mia::document
