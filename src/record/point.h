// SPDX-License-Identifier: MIT
// Where a cell stands among those of its scenario. Its label and its key are views of this.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "record/fields.h"

namespace mia::record {

struct Point {
  std::string scenario;  // whose cell it is; its name where nothing varies
  SettingList settings;  // one for each axis, in table order
  std::string workload;  // which of the scenario's workloads; "" where it has one

  bool operator==(const Point&) const = default;
};

// "n_threads=8 n_batch=256 short", "baseline".
[[nodiscard]] std::string label_of(const Point& point);
// Unique in a plan or report: the label; "PART/..." in a probe.
[[nodiscard]] std::string key_of(std::string_view part, const Point& point);

// The mode: what varies but for the workload.
[[nodiscard]] SettingList mode_of(const Point& point);
// The mode of one point in the workload of another.
[[nodiscard]] Point in_workload_of(const Point& mode, const Point& workload);
// With one setting instead of what the point says of its field, or besides.
[[nodiscard]] Point with_setting(Point point, Setting setting);

[[nodiscard]] Json to_json(const Point& point);
[[nodiscard]] Result<Point> point_from_json(const Json& json);

}  // namespace mia::record
