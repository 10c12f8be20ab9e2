// SPDX-License-Identifier: MIT
#include "document/html.h"

#include <cmath>
#include <set>

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "document/escape.h"
#include "document/page.h"
#include "document/value.h"

namespace mia::document {
namespace {

constexpr std::size_t kLongestHtml = 4096;  // bytes of a sentence
constexpr std::size_t kLongestWord = 300;   // of a name in a picture
constexpr int kHtmlBar = 20;

std::string escaped(std::string_view text, std::size_t limit = kLongestHtml) {
  return xml_escape(one_line(text, limit), 4 * limit);
}

std::string element(std::string_view name, std::string_view text) {
  return fmt::format("<{0}>{1}</{0}>\n", name, escaped(text));
}

std::string_view class_of(Tone tone) {
  switch (tone) {
    case Tone::strong:
      return "strong";
    case Tone::good:
      return "good";
    case Tone::doubt:
      return "doubt";
    case Tone::bad:
      return "bad";
    case Tone::plain:
      break;
  }
  return "plain";
}

std::string_view name_of(Layer::Mark mark) {
  switch (mark) {
    case Layer::Mark::line:
      return "line";
    case Layer::Mark::bars:
      return "bars";
    case Layer::Mark::steps:
      return "steps";
    case Layer::Mark::intervals:
      return "intervals";
    case Layer::Mark::cells:
      return "cells";
    case Layer::Mark::limits:
      return "limits";
    case Layer::Mark::dots:
      break;
  }
  return "dots";
}

// Seven digits: more than a picture shows.
Json number_json(std::optional<double> value) {
  if (!value || !std::isfinite(*value)) {
    return nullptr;
  }
  const auto rounded = parse_double(fmt::format("{:.7g}", *value));
  return rounded ? Json(*rounded) : Json(nullptr);
}

Json place_json(const Place& place) {
  const auto* const word = std::get_if<std::string>(&place);
  return word != nullptr ? Json(one_line(*word, kLongestWord)) : number_json(std::get<double>(place));
}

// [x, y, low, high, value, note, marked], without what is missing at the end.
Json point_json(const Point& point) {
  Json json = {place_json(point.x), place_json(point.y), number_json(point.low), number_json(point.high),
               number_json(point.value)};
  json.push_back(point.note.empty() ? Json(nullptr) : Json(one_line(point.note, kLongestWord)));
  json.push_back(point.marked ? Json(true) : Json(nullptr));
  while (json.size() > 2 && json.back().is_null()) {
    json.erase(json.size() - 1);
  }
  return json;
}

Json axis_json(const Axis& axis) {
  return {{"label", one_line(axis.label, kLongestWord)}, {"digits", axis.digits}, {"log", axis.log}};
}

Json chart_json(const Chart& chart) {
  Json layers = Json::array();
  for (const Layer& layer : chart.layers) {
    Json points = Json::array();
    for (const Point& point : layer.points) {
      points.push_back(point_json(point));
    }
    layers.push_back({{"mark", name_of(layer.mark)},
                      {"name", one_line(layer.name, kLongestWord)},
                      {"color", layer.color},
                      {"points", std::move(points)}});
  }
  return {{"title", one_line(chart.title, kLongestHtml)},
          {"words", one_line(chart.words, kLongestHtml)},
          {"x", axis_json(chart.x)},
          {"y", axis_json(chart.y)},
          {"value", axis_json(chart.value)},
          {"layers", std::move(layers)}};
}

// JSON inside a script element: nothing in it may end the element or open a comment there.
std::string island(const Json& json) {
  std::string out;
  for (const char c : dump_json(json)) {
    switch (c) {
      case '<':
        out += "\\u003c";
        break;
      case '>':
        out += "\\u003e";
        break;
      case '&':
        out += "\\u0026";
        break;
      default:
        out += c;
    }
  }
  return fmt::format("<script type=\"application/json\" id=\"charts\">{}</script>\n", out);
}

std::string link_html(const Link& link) {
  const std::string text =
      link.to.empty() ? escaped(link.text) : fmt::format("<a href=\"{}\">{}</a>", escaped(link.to), escaped(link.text));
  return link.choice.empty() ? text
                             : fmt::format(
                                   "<span class=\"choice\"><input type=\"checkbox\" name=\"ids\" value=\"{0}\" "
                                   "aria-label=\"choose {0}\"> {1}</span>",
                                   escaped(link.choice), text);
}

std::string links_html(const std::vector<Link>& links, std::string_view around) {
  std::string out;
  for (const Link& link : links) {
    out += link_html(link) + "\n";
  }
  return out.empty() ? "" : fmt::format("<{0}>\n{1}</{0}>\n", around, out);
}

// Row `at` of the grid, or its headings.
std::string row_html(const Grid& grid, std::optional<std::size_t> at) {
  const std::vector<std::string>& places = at ? grid.rows[*at] : grid.headings;
  const std::string_view tag = at ? "td" : "th";
  std::string out = "<tr>";
  for (std::size_t i = 0; i < places.size(); ++i) {
    const Link* const link = at && *at < grid.links.size() ? grid.links[*at][i] : nullptr;
    out += fmt::format("<{0}{1}>{2}</{0}>", tag, grid.left[i] ? "" : " class=\"number\"",
                       link != nullptr ? link_html(*link) : escaped(places[i]));
  }
  return out + "</tr>\n";
}

std::string grid_html(const Grid& grid) {
  if (grid.headings.empty()) {
    return "";
  }
  std::string out =
      "<div class=\"scroll\" tabindex=\"0\"><table><thead>" + row_html(grid, std::nullopt) + "</thead><tbody>\n";
  for (std::size_t i = 0; i < grid.rows.size(); ++i) {
    out += row_html(grid, i);
  }
  return out + "</tbody></table></div>\n";
}

// What the page may do: its own scripts and style, and asking the server that it came from.
std::string policy(bool drawn, bool live, bool forms) {
  const PageParts parts = page_parts();
  const std::string scripts =
      (drawn ? fmt::format(" '{}'", parts.script_hash) : "") + (live ? fmt::format(" '{}'", parts.live_hash) : "");
  return fmt::format("default-src 'none'; script-src{}; style-src '{}' '{}'; {}base-uri 'none'; form-action {}",
                     scripts.empty() ? " 'none'" : scripts, parts.style_hash, parts.library_style_hash,
                     live ? "connect-src 'self'; " : "", forms ? "'self'" : "'none'");
}

class HtmlRenderer {
 public:
  std::string operator()(const Heading& heading) const { return element("h3", heading.text); }
  std::string operator()(const Paragraph& said) const { return toned("p", said.tone, said.text); }
  std::string operator()(const Code& code) const {
    return fmt::format("<pre tabindex=\"0\"><code>{}</code></pre>\n", escaped(code.text));
  }

  std::string operator()(const List& list) const {
    std::string out;
    for (const Item& item : list.items) {
      out += toned("li", item.tone, item.text);
    }
    return out.empty() ? "" : "<ul>\n" + out + "</ul>\n";
  }

  std::string operator()(const Note& note) const {
    const bool problem = note.severity == record::Severity::problem;
    const bool warning = note.severity == record::Severity::warning;
    const std::string evidence =
        note.evidence.empty() ? "" : fmt::format(" <small>({})</small>", escaped(note.evidence));
    return fmt::format("<p class=\"note {}\"><strong>{}:</strong> {}{}</p>\n",
                       class_of(problem   ? Tone::bad
                                : warning ? Tone::doubt
                                          : Tone::plain),
                       problem   ? "problem"
                       : warning ? "warning"
                                 : "note",
                       escaped(note.text), evidence);
  }

  std::string operator()(const Facts& facts) const {
    std::string out;
    for (const auto& [name, value] : facts.facts) {
      out += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escaped(name), escaped(value));
    }
    return "<dl>\n" + out + "</dl>\n";
  }

  std::string operator()(const Table& table) {
    List notes;
    for (std::string& note : null_notes(table, told_)) {
      notes.items.push_back({fmt::format("{} {}", kDash, note)});
    }
    std::string out = grid_html(grid_of(table)) + (*this)(notes);
    return table.choose.empty() || table.rows.empty()
               ? out
               : fmt::format("<form action=\"{}\">\n{}<button>side by side</button>\n</form>\n", escaped(table.choose),
                             out);
  }

  std::string operator()(const Chart& chart) {
    std::string out =
        fmt::format("<figure id=\"figure-{}\">\n<figcaption>{}</figcaption>\n", charts_.size(), escaped(chart.title));
    out += chart.words.empty() ? "" : element("p", chart.words);
    out += "<div class=\"picture\"></div>\n";
    for (const std::string& note : chart.notes) {
      out += fmt::format("<p><small>{}</small></p>\n", escaped(note));
    }
    if (const std::string table = grid_html(grid_of(chart, kHtmlBar)); !table.empty()) {
      out += "<details><summary>Exact values</summary>\n" + table + "</details>\n";
    }
    charts_.push_back(chart_json(chart));
    return out + "</figure>\n";
  }

  std::string print(const Section& section) {
    std::string out = section.heading.empty() ? "" : element("h2", section.heading);
    for (const Block& block : section.blocks) {
      out += std::visit(*this, block);
    }
    return out;
  }

  std::string print(const Document& document, const Frame& frame) {
    std::string body = links_html(frame.pages, "nav") + element("h1", document.title);
    if (!document.answer.empty()) {
      body += fmt::format("<p class=\"answer {}\">{}</p>\n", class_of(document.tone), escaped(document.answer));
    }
    if (frame.live) {
      body += fmt::format("<section id=\"live\">\n{}</section>\n", print(*frame.live));
    }
    if (frame.search) {
      body += fmt::format(
          "<form class=\"search\"><input type=\"search\" name=\"q\" value=\"{}\" aria-label=\"words\" "
          "placeholder=\"model, runtime, scenario, machine, day\"> <button>search</button></form>\n",
          escaped(*frame.search));
    }
    for (const Section& section : document.sections) {
      body += section.blocks.empty() ? "" : "<section>\n" + print(section) + "</section>\n";
    }
    return page(escaped(document.title), body + links_html(frame.more, "p"), frame.live.has_value());
  }

 private:
  [[nodiscard]] static std::string toned(std::string_view tag, Tone tone, const std::string& text) {
    return fmt::format("<{0} class=\"{1}\">{2}</{0}>\n", tag, class_of(tone), escaped(text));
  }

  [[nodiscard]] std::string page(const std::string& title, const std::string& body, bool live) const {
    const PageParts parts = page_parts();
    const bool drawn = !charts_.empty() && !parts.script.empty();
    std::string scripts = drawn ? fmt::format("{}<script>{}</script>\n", island(charts_), parts.script) : std::string();
    scripts += live ? fmt::format("<script>{}</script>\n", parts.live) : "";
    const bool lacks = !charts_.empty() && !drawn;
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n"
        "<main>\n{}{}</main>\n{}</body>\n</html>\n",
        policy(drawn, live, contains(body, "<form")), title, parts.style, body,
        lacks ? "<p class=\"doubt\">The pictures are tables here: this mia-perf was built without its chart "
                "library.</p>\n"
              : "",
        scripts);
  }

  Json charts_ = Json::array();
  std::set<std::string> told_;
};

}  // namespace

std::string to_html(const Document& document, const Frame& frame) {
  return HtmlRenderer().print(document, frame);
}

std::string to_html(const Section& section) {
  return HtmlRenderer().print(section);
}

std::string page_policy() {
  return policy(!page_parts().script.empty(), true, true);
}

}  // namespace mia::document
