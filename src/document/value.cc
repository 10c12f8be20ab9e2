// SPDX-License-Identifier: MIT
#include "document/value.h"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "base/text.h"
#include "document/sparkline.h"

namespace mia::document {
namespace {

constexpr double kBytesPerMiB = 1024.0 * 1024.0;
// Above this a fixed notation would be longer than any table.
constexpr double kLargest = 1e15;

std::string format_words(double value, NumberStyle::Words words) {
  return words == NumberStyle::Words::bytes ? human_bytes(static_cast<std::int64_t>(value)) : human_seconds(value);
}

// Why there is nothing in this place; nullopt where there is something.
std::optional<std::string> reason_of_null(const Value& value) {
  if (const auto* const word = std::get_if<Word>(&value)) {
    return word->word ? std::nullopt : std::optional(word->null_reason);
  }
  if (const auto* const number = std::get_if<Number>(&value)) {
    return number->summary.value ? std::nullopt : std::optional(number->summary.null_reason);
  }
  const auto* const series = std::get_if<Series>(&value);
  const bool empty = series != nullptr ? series->values.empty() : std::holds_alternative<std::monostate>(value);
  return empty ? std::optional<std::string>("") : std::nullopt;
}

const Value& at(const std::vector<Value>& row, std::size_t column) {
  static const Value empty;
  return column < row.size() ? row[column] : empty;
}

bool is_shown(const Table& table, std::size_t column) {
  const auto told = [&](const std::vector<Value>& row) { return reason_of_null(at(row, column)) != ""; };
  return !table.columns[column].heading.empty() && (table.rows.empty() || std::ranges::any_of(table.rows, told));
}

bool stands_left(const Table& table, std::size_t column) {
  const auto is_text = [&](const std::vector<Value>& row) {
    const Value& value = at(row, column);
    return std::holds_alternative<std::string>(value) || std::holds_alternative<Word>(value) ||
           std::holds_alternative<bool>(value) || std::holds_alternative<Link>(value);
  };
  const Align align = table.columns[column].align;
  return align == Align::left || (align == Align::by_value && std::ranges::any_of(table.rows, is_text));
}

// "52.3 ▇▆▅▄ 48.1": the first and the last in numbers.
std::string line_text(const std::vector<double>& values) {
  return values.empty() ? "" : fmt::format("{:.1f} {} {:.1f}", values.front(), sparkline(values), values.back());
}

std::string setting_text(const Setting& setting) {
  const record::Value& became = record::is_set(setting.effective) ? setting.effective : setting.requested;
  const std::string asked = setting.word.empty() ? record::to_text(setting.requested) : setting.word;
  const std::string got = record::to_text(became);
  return asked == got ? asked : fmt::format("{} ({})", asked, got);
}

bool tells(const std::vector<Value>& row, const std::string& reason) {
  return std::ranges::any_of(row, [&](const Value& value) {
    const auto* const text = std::get_if<std::string>(&value);
    return text != nullptr && contains(*text, reason);
  });
}

std::string text_at(const Place& place) {
  const auto* const number = std::get_if<double>(&place);
  return number != nullptr ? fmt::format("{}", *number) : std::get<std::string>(place);
}

double number_at(const Place& place) {
  const auto* const number = std::get_if<double>(&place);
  return number != nullptr ? *number : 0;
}

}  // namespace

MetricStyle style_of(const record::Metric& metric) {
  const bool bytes = metric.unit == "bytes";
  Column column{"", std::string(metric.heading), bytes ? "MiB" : std::string(metric.unit)};
  return {heading_of(column), bytes ? NumberStyle{1, 1 / kBytesPerMiB} : NumberStyle{metric.digits}};
}

Number number(std::optional<double> value, NumberStyle style, std::string null_reason) {
  Number number{{}, style};
  number.summary.value = value;
  number.summary.null_reason = value ? "" : std::move(null_reason);
  return number;
}

Number bytes(std::optional<std::int64_t> count) {
  Number place = number(count ? std::optional(static_cast<double>(*count)) : std::nullopt);
  place.style.words = NumberStyle::Words::bytes;
  place.whole = true;
  return place;
}

Number seconds(std::optional<double> value) {
  Number place = number(value);
  place.style.words = NumberStyle::Words::seconds;
  return place;
}

std::string format_number(std::optional<double> value, NumberStyle style) {
  const double shown = value.value_or(NAN) * style.scale;
  if (!std::isfinite(shown)) {
    return std::string(kDash);
  }
  if (style.words != NumberStyle::Words::digits) {
    return format_words(shown, style.words);
  }
  if (std::abs(shown) >= kLargest) {
    return fmt::format("{:.4g}", shown);
  }
  std::string text = fmt::format("{:.{}f}", std::abs(shown), style.digits);
  const bool zero = text.find_first_not_of("0.") == std::string::npos;
  if (shown < 0 && !zero) {
    return "-" + text;
  }
  return style.sign && !zero ? "+" + text : text;
}

std::string describe_interval(const record::Summary& summary, NumberStyle style) {
  std::string text = format_number(summary.value, style);
  if (text == kDash) {
    return text;
  }
  if (summary.low && summary.high) {
    return fmt::format("{} [{}, {}]", text, format_number(*summary.low, style), format_number(*summary.high, style));
  }
  return summary.n > 0 ? fmt::format("{} (n={})", text, summary.n) : text;
}

std::string to_text(const Value& value) {
  struct Print {
    std::string operator()(std::monostate) const { return ""; }
    std::string operator()(const std::string& text) const { return text; }
    std::string operator()(bool yes) const { return yes ? "yes" : "no"; }
    std::string operator()(std::int64_t count) const { return std::to_string(count); }
    std::string operator()(const Number& number) const {
      return number.interval ? describe_interval(number.summary, number.style)
                             : format_number(number.summary.value, number.style);
    }
    std::string operator()(const Word& word) const { return word.word.value_or(std::string(kDash)); }
    std::string operator()(const Setting& setting) const { return setting_text(setting); }
    std::string operator()(const Series& series) const { return line_text(series.values); }
    std::string operator()(const Link& link) const { return link.text; }
  };
  return std::visit(Print{}, value);
}

std::string heading_of(const Column& column) {
  const bool named = column.unit.empty() || contains(column.heading, column.unit);
  return named ? column.heading : fmt::format("{} ({})", column.heading, column.unit);
}

Grid grid_of(const Table& table) {
  Grid grid;
  grid.rows.resize(table.rows.size());
  grid.links.resize(table.rows.size());
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    if (!is_shown(table, column)) {
      continue;
    }
    grid.headings.push_back(one_line(heading_of(table.columns[column])));
    grid.left.push_back(stands_left(table, column));
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
      const Value& value = at(table.rows[i], column);
      grid.rows[i].push_back(one_line(to_text(value)));
      grid.links[i].push_back(std::get_if<Link>(&value));
    }
  }
  return grid;
}

Grid grid_of(const Chart& chart, int width) {
  if (!chart.table.rows.empty()) {
    return grid_of(chart.table);
  }
  double most = 0;
  for (const Layer& layer : chart.layers) {
    for (const Point& point : layer.points) {
      most = std::max(most, number_at(point.y));
    }
  }
  Grid grid{{one_line(chart.x.label), one_line(chart.y.label), ""}, {false, false, true}, {}};
  for (const Layer& layer : chart.layers) {
    for (const Point& point : layer.points) {
      grid.rows.push_back(
          {one_line(text_at(point.x)), one_line(text_at(point.y)), bar(number_at(point.y), most, width)});
    }
  }
  return grid;
}

std::vector<std::string> null_notes(const Table& table, std::set<std::string>& told) {
  std::vector<std::string> notes;
  for (const std::vector<Value>& row : table.rows) {
    for (std::size_t column = 0; column < std::min(row.size(), table.columns.size()); ++column) {
      const auto reason = reason_of_null(row[column]);
      if (!reason || reason->empty() || table.columns[column].heading.empty() || tells(row, *reason)) {
        continue;
      }
      const std::string what = table.named_rows ? to_text(row.front()) : heading_of(table.columns[column]);
      std::string note = fmt::format("{}: {}", what, *reason);
      if (told.insert(note).second) {
        notes.push_back(std::move(note));
      }
    }
  }
  return notes;
}

}  // namespace mia::document
