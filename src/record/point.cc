// SPDX-License-Identifier: MIT
#include "record/point.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mia::record {
namespace {

bool is_of_workload(const Setting& setting) {
  return setting.field->key.starts_with("workload.");
}

}  // namespace

std::string label_of(const Point& point) {
  std::string label = point.settings.empty() ? point.scenario : describe(point.settings);
  return point.workload.empty() ? label : fmt::format("{}{}{}", label, label.empty() ? "" : " ", point.workload);
}

std::string key_of(std::string_view part, const Point& point) {
  return part.empty() ? label_of(point) : fmt::format("{}/{}", part, label_of(point));
}

SettingList mode_of(const Point& point) {
  SettingList mode = point.settings;
  std::erase_if(mode, is_of_workload);
  return mode;
}

Point in_workload_of(const Point& mode, const Point& workload) {
  Point point{mode.scenario, mode_of(mode), workload.workload};
  for (const Setting& setting : workload.settings) {
    if (is_of_workload(setting)) {
      point = with_setting(std::move(point), setting);
    }
  }
  return point;
}

Point with_setting(Point point, Setting setting) {
  std::erase_if(point.settings, [&](const Setting& old) { return old.field == setting.field; });
  const auto at = std::ranges::upper_bound(point.settings, setting.field, {}, &Setting::field);
  point.settings.insert(at, std::move(setting));
  return point;
}

Json to_json(const Point& point) {
  return {{"scenario", point.scenario}, {"settings", to_json(point.settings)}, {"workload", point.workload}};
}

Result<Point> point_from_json(const Json& json) {
  Point point{get_string(json, "scenario").value_or(""), {}, get_string(json, "workload").value_or("")};
  MIA_TRY_ASSIGN(point.settings, setting_list_from_json(get_member(json, "settings")));
  return point;
}

}  // namespace mia::record
