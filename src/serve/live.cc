// SPDX-License-Identifier: MIT
#include <filesystem>

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "app/published.h"
#include "document/escape.h"
#include "document/html.h"
#include "document/value.h"
#include "record/metrics.h"
#include "serve/site.h"

namespace mia::serve {
namespace {

constexpr std::string_view kMetric = "tokens_per_s";

// Its cells so far, best known by the metric that every scenario has.
Json figures_of(const record::Report& report) {
  Json figures = Json::array();
  for (const record::CellReport& cell : report.cells) {
    const auto at = cell.metrics.find(std::string(kMetric));
    if (at != cell.metrics.end() && at->second.value) {
      const record::Summary& summary = at->second;
      const auto known = [](const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); };
      figures.push_back({{"cell", record::label_of(cell)},
                         {kMetric, *summary.value},
                         {"low", known(summary.low)},
                         {"high", known(summary.high)},
                         {"n", summary.n}});
    }
  }
  return figures;
}

std::string text(const Json& json, std::string_view key) {
  return get_string(json, key).value_or("");
}

document::Table figures_table(const Json& figures) {
  const record::Metric& metric = *record::find_metric(kMetric);
  const document::MetricStyle style = document::style_of(metric);
  document::Table table{{{"", "cell so far"}, {"", style.heading}, {"", "n"}}};
  for (const Json& figure : figures) {
    record::Summary summary;
    summary.value = get_double(figure, kMetric);
    summary.low = get_double(figure, "low");
    summary.high = get_double(figure, "high");
    summary.n = get_int(figure, "n").value_or(0);
    table.rows.push_back({text(figure, "cell"), document::Number{summary, style.number, false, true}, summary.n});
  }
  return table;
}

std::string message(std::string_view name, std::string_view data) {
  std::string out = fmt::format("event: {}\ndata: ", name);
  for (const char c : data) {
    out += c == '\n' ? "\ndata: " : std::string(1, c);
  }
  return out + "\n\n";
}

}  // namespace

void Site::add_figures(Json& one) {
  one["trials"] = nullptr;
  one["planned"] = nullptr;
  one["figures"] = Json::array();
  std::error_code code;
  const std::filesystem::path mine = scope_.store.empty() ? store::default_path() : std::filesystem::path(scope_.store);
  if (std::filesystem::absolute(mine, code).lexically_normal() != text(one, "store")) {
    return;
  }
  auto store = open();
  if (!store) {
    return;
  }
  const std::string id = text(one, "session");
  const auto row = store->session_row(id);
  if (!row) {
    return;
  }
  one["trials"] = row->trials;
  one["planned"] = row->planned;
  if (const auto at = figures_.find(id); at == figures_.end() || at->second.first != row->trials) {
    const auto session = store->session(id);
    const bool known = session && session->report;
    figures_ = {{id, {known ? row->trials : -1, known ? figures_of(*session->report) : Json::array()}}};
  }
  one["figures"] = figures_[id].second;
}

Json Site::running() {
  Json json = {{"schema", 1}, {"running", Json::array()}};
  for (Json& one : app::running_now()) {
    add_figures(one);
    json["running"].push_back(std::move(one));
  }
  return json;
}

std::string Site::events() {
  const Json now = running();
  return message("running", dump_json(now)) + message("page", document::to_html(section_of(now)));
}

document::Section section_of(const Json& running) {
  document::Section section{"Runs now"};
  for (const Json& one : get_member(running, "running")) {
    const auto trials = get_int(one, "trials");
    const std::string id = text(one, "session");
    document::Table table{{{"", "verb"}, {"", "what"}, {"", "session"}, {"", "trials"}, {"", "since"}}};
    table.columns[3].align = document::Align::right;
    table.rows.push_back(
        {text(one, "verb"), text(one, "what"),
         document::Link{id, trials.value_or(0) > 0 ? "/result/" + document::path_escape(id) : ""},
         trials ? fmt::format("{}/{}", *trials, std::max(*trials, get_int(one, "planned").value_or(0))) : "",
         text(one, "since")});
    section.blocks.emplace_back(std::move(table));
    section.blocks.emplace_back(document::Paragraph{
        fmt::format("{} (since {})", text(one, "doing"), text(one, "doing_since")), document::Tone::strong});
    document::List said;
    for (const Json& line : get_member(one, "said")) {
      said.items.push_back({line.get<std::string>()});
    }
    section.blocks.emplace_back(std::move(said));
    if (const Json& figures = get_member(one, "figures"); !figures.empty()) {
      section.blocks.emplace_back(figures_table(figures));
    }
  }
  if (section.blocks.empty()) {
    section.blocks.emplace_back(document::Paragraph{"Nothing is measured by mia-perf on this machine at this moment."});
  }
  return section;
}

}  // namespace mia::serve
