// SPDX-License-Identifier: MIT
#include "report/before_after.h"

#include <algorithm>

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "document/json.h"
#include "document/value.h"
#include "record/fields.h"
#include "report/facts.h"
#include "report/rows.h"
#include "report/shapes.h"

namespace mia::report {
namespace {

using Fields = std::vector<const record::Field*>;

std::string name_of(const record::Report& report) {
  return fmt::format("{}, {}, session {}", title_of(report), report.started, report.session);
}

// The settings that name a mode. The model and the runtime are what changed between the reports where each report has
// one of them; only where a report varies them do they name a mode.
Fields mode_fields(const record::Report& before, const record::Report& after) {
  Fields found;
  for (const record::Report* const report : {&before, &after}) {
    std::vector<const record::CellReport*> cells;
    for (const record::CellReport& cell : report->cells) {
      cells.push_back(&cell);
    }
    for (const record::Field* const field : varying_fields(cells, false)) {
      if (std::ranges::find(found, field) == found.end()) {
        found.push_back(field);
      }
    }
  }
  std::ranges::sort(found);
  return found;
}

std::string mode_of(const Fields& fields, const record::CellReport& cell) {
  std::vector<std::string> parts;
  for (const record::Field* const field : fields) {
    const bool model = field->key == "llm.primary.id";
    parts.push_back(model ? cell.model
                          : fmt::format("{}={}", field->name, record::to_text(get(cell.requested, *field))));
  }
  const std::string workload = cell.requested.workload.name.value_or("");
  if (!workload.empty() && workload != "short" && workload != "long") {
    parts.push_back(workload);
  }
  return parts.empty() ? "all" : join(parts, " ");
}

// Decompose: its cells do parts of an answer, so their speeds are no mode's.
bool takes_tokens_apart(const record::Report& report) {
  return !report.time_parts.empty();
}

bool is_long(const record::CellReport& cell) {
  return cell.requested.workload.name.value_or("") == "long";
}

// The speeds of one report, into the places of its rows; modes in the order in which they come.
void fill(const record::Report& report, const Fields& fields, bool after, std::vector<BeforeAfterRow>& rows) {
  if (takes_tokens_apart(report)) {
    return;
  }
  for (const record::CellReport& cell : report.cells) {
    const std::string mode = mode_of(fields, cell);
    auto row = std::ranges::find(rows, mode, &BeforeAfterRow::mode);
    if (row == rows.end()) {
      BeforeAfterRow fresh;
      fresh.mode = mode;
      for (record::Summary* const place :
           {&fresh.short_before, &fresh.short_after, &fresh.long_before, &fresh.long_after}) {
        place->null_reason = "not measured";
      }
      row = rows.insert(rows.end(), std::move(fresh));
    }
    record::Summary& place =
        is_long(cell) ? (after ? row->long_after : row->long_before) : (after ? row->short_after : row->short_before);
    if (!place.value) {
      place = summary_of(&cell, "tokens_per_s");
    }
  }
}

std::optional<double> change_percent(const record::Summary& before, const record::Summary& after) {
  const auto quotient = ratio(after, before).value;
  return quotient ? std::optional((*quotient - 1) * 100) : std::nullopt;
}

template <class T>
std::string names(const std::vector<T>& items, std::string (*text)(const T&)) {
  std::vector<std::string> list(items.size());
  std::ranges::transform(items, list.begin(), text);
  std::ranges::sort(list);
  return join(list, ", ");
}

void note_difference(std::vector<std::string>& notes, const char* what, const std::string& before,
                     const std::string& after) {
  if (before != after) {
    notes.push_back(fmt::format("{} differs: before {}, after {}.", what, before.empty() ? "unknown" : before,
                                after.empty() ? "unknown" : after));
  }
}

// The setting's value in words where all cells agree on it; nullopt where they do not.
std::optional<std::string> common_value(const record::Report& report, const record::Field& field) {
  std::optional<std::string> common;
  for (const record::CellReport& cell : report.cells) {
    const std::string value = record::to_text(get(cell.requested, field));
    if (common && *common != value) {
      return std::nullopt;
    }
    common = value;
  }
  return common;
}

// What each report holds fixed, and not at the same value. Model and runtime are named by themselves.
void note_settings(std::vector<std::string>& notes, const record::Report& before, const record::Report& after) {
  for (const record::Field& field : record::fields()) {
    const bool counts = field.key.starts_with("llm.") || field.key.starts_with("workload.") || field.key == "run.cache";
    if (!counts || field.key == "llm.primary.id" || field.key == "workload.name") {
      continue;
    }
    const auto first = common_value(before, field);
    const auto second = common_value(after, field);
    if (first && second && *first != *second) {
      notes.push_back(
          fmt::format("{} differs: before {}, after {}.", field.name, one_line(*first, 80), one_line(*second, 80)));
    }
  }
}

void note_left_out(std::vector<std::string>& notes, const record::Report& before, const record::Report& after) {
  if (takes_tokens_apart(before) || takes_tokens_apart(after)) {
    notes.emplace_back(
        "A report that takes tokens apart has no speed of a mode and is left out; mia-perf report shows its parts.");
  }
}

std::vector<std::string> notes_of(const record::Report& before, const record::Report& after) {
  std::vector<std::string> notes;
  const auto runtime = [](const record::RuntimeInfo& info) { return fmt::format("{} {}", info.version, info.commit); };
  const auto model = [](const record::ModelInfo& info) { return info.id; };
  note_difference(notes, "The scenario", before.scenario, after.scenario);
  note_difference(notes, "The machine", before.machine.fingerprint, after.machine.fingerprint);
  note_difference(notes, "The runtime", names<record::RuntimeInfo>(before.runtimes, +runtime),
                  names<record::RuntimeInfo>(after.runtimes, +runtime));
  note_difference(notes, "The model", names<record::ModelInfo>(before.models, +model),
                  names<record::ModelInfo>(after.models, +model));
  note_settings(notes, before, after);
  note_left_out(notes, before, after);
  notes.emplace_back(before.session == after.session
                         ? "Both are the same session."
                         : "The two reports were measured at different times, so a change may be the machine's; "
                           "`mia-perf compare` measures both in turns and gives a verdict.");
  return notes;
}

document::Value speed(const record::Summary& summary) {
  return document::Number{summary, document::style_of(*record::find_metric("tokens_per_s")).number, false, true};
}

// A workload that neither report measured has no place on paper.
document::Table table_of(const BeforeAfter& view) {
  const auto any = [&](record::Summary BeforeAfterRow::*a, record::Summary BeforeAfterRow::*b) {
    return std::ranges::any_of(view.rows, [&](const auto& row) { return (row.*a).value || (row.*b).value; });
  };
  document::Table table{{{"mode", "mode"}}};
  for (const auto& [word, shown] :
       {std::pair{"short", any(&BeforeAfterRow::short_before, &BeforeAfterRow::short_after)},
        std::pair{"long", any(&BeforeAfterRow::long_before, &BeforeAfterRow::long_after)}}) {
    const auto add = [&](std::string name, std::string heading, const char* unit) {
      table.columns.push_back({std::move(name), shown ? std::move(heading) : "", unit});
    };
    add(fmt::format("{}_tps_before", word), fmt::format("{} before", word), "tok/s");
    add(fmt::format("{}_tps_after", word), fmt::format("{} after", word), "tok/s");
    add(fmt::format("delta_{}_percent", word), fmt::format("Δ {}", word), "%");
  }
  const NumberStyle percent{1, 1, true};
  for (const BeforeAfterRow& row : view.rows) {
    table.rows.push_back({row.mode, speed(row.short_before), speed(row.short_after),
                          document::number(row.delta_short_percent, percent), speed(row.long_before),
                          speed(row.long_after), document::number(row.delta_long_percent, percent)});
  }
  return table;
}

}  // namespace

BeforeAfter before_after(const record::Report& before, const record::Report& after) {
  BeforeAfter view{name_of(before), name_of(after), {}, notes_of(before, after)};
  const Fields fields = mode_fields(before, after);
  fill(before, fields, false, view.rows);
  fill(after, fields, true, view.rows);
  for (BeforeAfterRow& row : view.rows) {
    row.delta_short_percent = change_percent(row.short_before, row.short_after);
    row.delta_long_percent = change_percent(row.long_before, row.long_after);
  }
  return view;
}

document::Document document_of(const BeforeAfter& view) {
  document::List notes;
  for (const std::string& note : view.notes) {
    notes.items.push_back({note});
  }
  return {"Before and after",
          {{"", {document::List{{{"before: " + view.before}, {"after: " + view.after}}}}},
           {"", {table_of(view)}},
           {"", {std::move(notes)}}}};
}

Json to_json(const BeforeAfter& view) {
  return {{"before", view.before},
          {"after", view.after},
          {"rows", document::to_json(table_of(view))},
          {"notes", view.notes}};
}

}  // namespace mia::report
