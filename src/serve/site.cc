// SPDX-License-Identifier: MIT
#include "serve/site.h"

#include <algorithm>
#include <filesystem>

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "app/find_report.h"
#include "app/here.h"
#include "app/page.h"
#include "app/trends.h"
#include "base/text.h"
#include "document/escape.h"
#include "document/html.h"
#include "document/json.h"
#include "report/side_by_side.h"

namespace mia::serve {
namespace {

constexpr std::int64_t kRows = 50;
constexpr std::size_t kMostTogether = 8;

document::Frame frame() {
  return {{{"Sessions", "/"}, {"Trends", "/trend"}, {"This machine", "/machine"}}};
}

Response html(std::string body, int status = 200) {
  Response response{status};
  response.body = std::move(body);
  response.policy = document::page_policy();
  return response;
}

Response json_of(const Json& json, int status = 200) {
  return {status, "application/json", dump_json(json, 2) + "\n"};
}

int status_of(const Error& error) {
  return error.kind == ErrorKind::not_found ? 404 : error.kind == ErrorKind::usage ? 400 : 503;
}

std::string path_of(std::string_view id) {
  return "/result/" + document::path_escape(id);
}

// "2026-11-30 13:21", which breaks where a table is narrow.
std::string moment(const std::string& utc) {
  std::string text = utc.substr(0, std::string_view("2026-11-30T13:21").size());
  std::ranges::replace(text, 'T', ' ');
  return text;
}

document::Table table_of(const std::vector<store::OverviewRow>& rows) {
  document::Table table{{{"kind", ""},
                         {"id", "session"},
                         {"what", "what"},
                         {"models", "model"},
                         {"runtimes", "runtime"},
                         {"machine", "machine"},
                         {"started", ""},
                         {"", "started (UTC)"},
                         {"state", "state"},
                         {"trials", ""},
                         {"planned", ""},
                         {"", "trials", "", "", document::Align::right}}};
  for (const store::OverviewRow& row : rows) {
    const std::string count = row.comparison ? fmt::format("{} pairs", row.trials)
                                             : fmt::format("{}/{}", row.trials, std::max(row.trials, row.planned));
    table.rows.push_back({row.comparison ? "comparison" : "session",
                          document::Link{row.id, path_of(row.id), row.comparison ? "" : row.id}, row.what, row.models,
                          row.runtimes, row.machine, row.started, moment(row.started), row.state, row.trials,
                          row.planned, count});
  }
  table.choose = "/compare";
  return table;
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (const std::string& word : split(text, ' ')) {
    if (!word.empty()) {
      words.push_back(word);
    }
  }
  return words;
}

store::OverviewFilter filter_of(const Request& request) {
  store::OverviewFilter filter{words_of(request.value("q")), kRows, 0};
  filter.from = std::clamp<std::int64_t>(parse_int(request.value("from")).value_or(0), 0, 1'000'000'000);
  return filter;
}

document::Link older(const Request& request, std::int64_t from) {
  return {"older ones", fmt::format("/?q={}&from={}", document::path_escape(request.value("q")), from)};
}

}  // namespace

Result<store::Store> Site::open() const {
  return store::Store::open_to_read(scope_.store.empty() ? store::default_path() : std::filesystem::path(scope_.store));
}

Response Site::answer(const Request& request) {
  const bool machines = request.path.starts_with("/api/");
  auto found = machines ? api(request) : page(request);
  if (found) {
    return std::move(*found);
  }
  const Error& error = found.error();
  if (machines) {
    return json_of({{"schema", 1}, {"error", error.text()}}, status_of(error));
  }
  return html(document::to_html({"mia-perf", {}, error.text(), document::Tone::bad}, frame()), status_of(error));
}

Result<Response> Site::page(const Request& request) {
  constexpr std::string_view kResult = "/result/";
  if (request.path == "/") {
    return sessions(request);
  }
  if (request.path.starts_with(kResult)) {
    MIA_TRY_ASSIGN(store::Store store, open());
    MIA_TRY_ASSIGN(const report::Found found, app::find_stored(store, request.path.substr(kResult.size())));
    return html(std::visit([](const auto& result) { return app::to_html(result, frame()); }, found));
  }
  if (request.path == "/compare") {
    return compared(request);
  }
  if (request.path == "/trend") {
    return trend(request);
  }
  if (request.path == "/machine") {
    return machine();
  }
  if (request.path == "/events") {
    Response response{200, "text/event-stream"};
    response.stream = true;
    return response;
  }
  return fail(ErrorKind::not_found, "there is no page '{}' here", one_line(request.path, 200));
}

// A store that cannot be read hides nothing of what runs now.
Result<Response> Site::sessions(const Request& request) {
  document::Document document{"What was measured"};
  document::Frame around = frame();
  around.search = request.value("q");
  around.live = section_of(running());
  const store::OverviewFilter filter = filter_of(request);
  auto store = open();
  auto rows = store ? store->overview(filter) : store.failure();
  if (!rows) {
    document.answer = rows.error().text();
    document.tone = document::Tone::bad;
    return html(document::to_html(document, around), rows.error().kind == ErrorKind::not_found ? 200 : 503);
  }
  if (rows->empty()) {
    document.sections.push_back({"Sessions",
                                 {document::Paragraph{filter.words.empty() ? "No session yet: mia-perf run "
                                                                             "baseline makes the first."
                                                                           : "No session has these words."}}});
  } else {
    document.sections.push_back({"Sessions", {table_of(*rows)}});
  }
  if (std::ssize(*rows) == kRows) {
    around.more.push_back(older(request, filter.from + kRows));
  }
  return html(document::to_html(document, around));
}

Result<Response> Site::compared(const Request& request) const {
  std::vector<std::string> ids = split(request.value("ids"), ',');
  std::erase(ids, "");
  if (ids.empty() || ids.size() > kMostTogether) {
    return fail(ErrorKind::usage, "two to {} sessions stand side by side: tick them in the list", kMostTogether);
  }
  MIA_TRY_ASSIGN(store::Store store, open());
  std::vector<record::Report> reports;
  for (const std::string& id : ids) {
    MIA_TRY_ASSIGN(report::Found found, app::find_stored(store, id));
    auto* const report = std::get_if<record::Report>(&found);
    if (report == nullptr) {
      return fail(ErrorKind::usage, "'{}' is a comparison: it has a page of its own, {}", one_line(id, 100),
                  path_of(id));
    }
    reports.push_back(std::move(*report));
  }
  return html(document::to_html(report::side_by_side(reports), frame()));
}

Result<Response> Site::trend(const Request& request) const {
  MIA_TRY_ASSIGN(store::Store store, open());
  app::TrendRequest wanted;
  wanted.metric = request.query.contains("metric") ? request.value("metric") : wanted.metric;
  if (request.query.contains("model")) {
    wanted.filter.model = request.value("model");
  }
  MIA_TRY_ASSIGN(const app::Trends trends, app::find_trends(store, wanted));
  if (request.path.starts_with("/api/")) {
    Json json = app::to_json(trends);
    json["schema"] = 1;
    return json_of(json);
  }
  return html(document::to_html(app::page_of(trends), frame()));
}

Result<Response> Site::machine() const {
  MIA_TRY_ASSIGN(const document::Document here, app::here_document(scope_));
  return html(document::to_html(here, frame()));
}

Result<Response> Site::api(const Request& request) {
  constexpr std::string_view kResult = "/api/result/";
  if (request.path == "/api/running") {
    return json_of(running());
  }
  if (request.path == "/api/trend") {
    return trend(request);
  }
  if (request.path == "/api/sessions") {
    MIA_TRY_ASSIGN(store::Store store, open());
    MIA_TRY_ASSIGN(const auto rows, store.overview(filter_of(request)));
    return json_of({{"schema", 1}, {"sessions", document::to_json(table_of(rows))}});
  }
  if (request.path.starts_with(kResult)) {
    MIA_TRY_ASSIGN(store::Store store, open());
    MIA_TRY_ASSIGN(const report::Found found, app::find_stored(store, request.path.substr(kResult.size())));
    return Response{200, "application/json",
                    std::visit([](const auto& one) { return report::pretty_json(report::to_document(one)); }, found)};
  }
  return fail(ErrorKind::not_found, "there is no '{}' here", one_line(request.path, 200));
}

}  // namespace mia::serve
