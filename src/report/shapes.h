// SPDX-License-Identifier: MIT
// The shapes of the seed's tables: how the cells of one part become rows. Internal to the room.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/rows.h"

namespace mia::report {

// The cells of one part, names of equal cells already expanded.
struct Part {
  std::string name;  // the scenario whose table this is
  record::TableShape table = record::TableShape::plain;
  std::vector<record::CellReport> cells;
  const record::Report* report = nullptr;
  bool latency = false;
};

// The parts of a report in their order, one where it has none; a cell stands once for each of its points.
[[nodiscard]] std::vector<Part> parts_of(const record::Report& report, bool latency);

[[nodiscard]] std::vector<Row> plain_rows(const Part& part);
// Memory per kind, splits, flash attention, energy and clocks of a cell on a GPU; without `shown` only in JSON.
// Of one counted trial's buffers, on devices other than the CPU (the seed's "GPU buf" for "model"); nothing where no
// device is known.
[[nodiscard]] std::optional<double> device_bytes(const record::CellReport& cell, std::string_view kind);
[[nodiscard]] std::vector<Figure> gpu_figures(const Part& part, const record::CellReport& cell, bool shown);
// Asked, claimed and proven.
[[nodiscard]] std::vector<Figure> flash_attention_figures(const record::CellReport* cell, bool shown);
[[nodiscard]] std::vector<Row> long_context_rows(const Part& part);
[[nodiscard]] std::vector<Row> latency_rows(const Part& part);
[[nodiscard]] std::vector<Row> quant_rows(const Part& part);

// One mode of a part: the same settings with the short and with the long workload.
struct Mode {
  const record::CellReport* first = nullptr;  // whichever came first: never nullptr in modes()
  const record::CellReport* shorter = nullptr;
  const record::CellReport* longer = nullptr;
};
// True when every cell is short or long and both occur: then modes() has a row for each pair.
[[nodiscard]] bool has_modes(const Part& part);
[[nodiscard]] std::vector<Mode> modes(const Part& part);

// The metric of a cell; one without a value says why. A missing cell (nullptr) gives "not measured".
[[nodiscard]] record::Summary summary_of(const record::CellReport* cell, std::string_view metric);
// a / b of two medians.
[[nodiscard]] record::Summary ratio(const record::Summary& a, const record::Summary& b);

[[nodiscard]] Figure text_figure(std::string name, std::string heading, std::string text);
[[nodiscard]] Figure number_figure(std::string name, std::string heading, record::Summary summary, NumberStyle style);
// In the style of the metric's row; `name` and the heading's words may be the seed's.
[[nodiscard]] Figure metric_figure(const record::CellReport* cell, std::string_view metric, std::string name);
[[nodiscard]] Figure with_interval(Figure figure);
[[nodiscard]] Figure hidden(Figure figure);  // only in JSON
// The settings that tell the cells apart, asked for and effective.
[[nodiscard]] std::vector<Figure> axis_figures(const Part& part, const record::CellReport& cell, bool with_workload);
// "" when every trial was ok, "1 of 5: crashed (SIGSEGV) in load", or the outcome alone when none was ok.
[[nodiscard]] std::string failure_of(const record::CellReport& cell);

}  // namespace mia::report
