// SPDX-License-Identifier: MIT
// What is shown: sentences, typed tables and chart data, built once from records and printed by the renderers of this
// room. Texts are plain: each renderer escapes and wraps them for its format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "record/report.h"
#include "record/value.h"

namespace mia::document {

struct NumberStyle {
  enum class Words { digits, bytes, seconds };  // 11.27 GiB, 3 min 20 s

  int digits = 2;
  double scale = 1;   // shown = value * scale
  bool sign = false;  // "+2.0"
  Words words = Words::digits;
};

struct Number {
  record::Summary summary;  // a plain number has neither interval nor n
  NumberStyle style;
  bool whole = false;     // a whole number in JSON
  bool interval = false;  // shown with its interval; JSON has NAME_low and NAME_high
};

// A setting as asked for and as it became: "auto (4)". JSON has NAME and NAME_effective.
struct Setting {
  record::Value requested;
  record::Value effective;
};

// A word that may be unknown: null in JSON, with its reason.
struct Word {
  std::optional<std::string> word;
  std::string null_reason;
};

// Numbers in a row, such as the decode speed over depth; shown as a line with its ends. An empty one is not there.
struct Series {
  std::vector<double> values;
  bool whole = false;
};

// monostate: an empty place, null in JSON.
using Value = std::variant<std::monostate, std::string, bool, std::int64_t, Number, Word, Setting, Series>;

// Align::by_value: text left, all else right. Only what stands left may be shortened.
enum class Align { by_value, left, right };

struct Column {
  std::string name;     // JSON key; "": only shown
  std::string heading;  // "": only in JSON
  std::string unit = "";
  std::string meaning = "";  // one sentence
  Align align = Align::by_value;
};

struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<Value>> rows = {};  // short rows are filled with empty places
  bool named_rows = false;                    // what is unknown is called by the first place of its row
};

enum class Tone { plain, strong, good, doubt, bad };

struct Heading {
  std::string text;
};

struct Paragraph {
  std::string text;
  Tone tone = Tone::plain;
};

struct Item {
  std::string text;
  Tone tone = Tone::plain;
};

struct List {
  std::vector<Item> items;
};

// What one must know: "warning: ...".
struct Note {
  record::Severity severity = record::Severity::info;
  std::string text;
  std::string evidence = "";  // left out where space is short
};

// Names and values.
struct Facts {
  std::vector<std::pair<std::string, std::string>> facts;
};

struct Point {
  std::string x;  // in words
  double y = 0;
};

struct Chart {
  enum class Kind { line, bars };

  Kind kind = Kind::line;
  std::string title;
  std::string x;  // what stands along the axes, with units
  std::string y;
  std::vector<Point> points = {};
};

// A command to paste.
struct Code {
  std::string text;
};

using Block = std::variant<Heading, Paragraph, List, Note, Facts, Table, Chart, Code>;

struct Section {
  std::string heading = "";  // not on the terminal, where an empty line does
  std::vector<Block> blocks = {};
  bool detail = false;  // not on the terminal
};

struct Document {
  std::string title = "";
  std::vector<Section> sections = {};
  std::string answer = "";  // the sentence that a reader came for
  Tone tone = Tone::strong;
};

[[nodiscard]] inline Document document_of(Block block) {
  return {"", {{"", {std::move(block)}}}};
}

}  // namespace mia::document
