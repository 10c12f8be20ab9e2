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
  std::string word = {};  // how it was asked for, where a word stood for the value
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

// A text that leads to another page where pages are shown, a plain text elsewhere.
struct Link {
  std::string text;
  std::string to;           // made by us, from a name by document::path_escape
  std::string choice = {};  // what is sent where its row is chosen; "": it cannot be
};

// monostate: an empty place, null in JSON.
using Value = std::variant<std::monostate, std::string, bool, std::int64_t, Number, Word, Setting, Series, Link>;

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
  std::string choose = "";                    // page that shows several rows together, by the choices of their links
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

// A place along an axis: a number, or a word (words stand in the order of their first use).
using Place = std::variant<double, std::string>;

struct Point {
  Place x;
  Place y;
  std::optional<double> low = std::nullopt;    // interval along the axis of numbers; of bars over numbers the edges
  std::optional<double> high = std::nullopt;   //   along x
  std::optional<double> value = std::nullopt;  // of cells: what their colour means
  std::string note = "";                       // shown on hover
  bool marked = false;                         // stands out: the note says why
};

// Points that are drawn alike.
struct Layer {
  // limits: short strokes that the others may come near to; bars of one place stand on one another.
  enum class Mark { line, bars, steps, dots, intervals, cells, limits };

  Mark mark = Mark::dots;
  std::string name = "";  // in the legend; "": not there
  int color = 0;          // layers of one thing share a colour
  std::vector<Point> points = {};
};

struct Axis {
  std::string label;  // with its unit
  int digits = 2;     // decimals that are shown
  bool log = false;
};

// A figure and what it says. Terminals draw a single line or bars and tell the rest in words.
struct Chart {
  std::string title;
  Axis x;
  Axis y;
  std::vector<Layer> layers = {};
  std::string words = "";               // the figure in words
  std::vector<std::string> notes = {};  // what is left out
  Axis value = {};                      // of the colours of cells
  Table table = {};                     // exact values
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
