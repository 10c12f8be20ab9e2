// SPDX-License-Identifier: MIT
#include "measure/scenario.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/text.h"
#include "config/yaml_tree.h"
#include "record/fields.h"

namespace mia::measure {
namespace {

namespace fs = std::filesystem;

constexpr auto kChecks = std::to_array<std::string_view>({"thresholds", "recommendation", "anomalies", "quality"});
constexpr std::size_t kLongestStem = 100;
constexpr auto kNeeds = std::to_array<std::string_view>({"gpu", "models"});
constexpr auto kOrders = std::to_array<std::string_view>({"interleaved", "sequential"});
constexpr auto kMembers = std::to_array<std::string_view>(
    {"name", "title", "report", "table", "settings", "axes", "workloads", "order", "checks", "needs", "parts"});

// Where in which file something stands, for messages.
class Place {
 public:
  explicit Place(const config::YamlDocument& document) : document_(document) {}
  [[nodiscard]] std::string of(const std::string& path) const { return document_.place(path); }
  [[nodiscard]] int line(const std::string& path) const {
    const auto at = document_.lines.find(path);
    return at == document_.lines.end() ? 0 : at->second;
  }

 private:
  const config::YamlDocument& document_;
};

// A plain value as text; lists and mappings are none.
Result<std::string> text_of(const Json& value) {
  if (value.is_structured()) {
    return fail(ErrorKind::usage, "a value must be a number, a word or a text, not a list or a mapping");
  }
  if (value.is_string()) {
    return value.get<std::string>();
  }
  return value.is_null() ? std::string("auto") : dump_json(value);
}

bool is_core_word(std::string_view text) {
  return text == "physical" || text == "half" || text == "allowed" || text == "p-cores";
}

Status check_value(const record::Field& field, const std::string& text) {
  if (is_core_word(text) && field.key.find("n_threads") != std::string_view::npos) {
    return {};
  }
  if (text.ends_with('%') && field.name == "n_gpu_layers") {
    MIA_TRY(parse_fraction(text));
    return {};
  }
  MIA_TRY(record::parse_value(field, text));
  return {};
}

Result<std::vector<std::string>> range_values(const Json& range) {
  for (const auto& [key, value] : range.items()) {
    const std::vector<std::string> known = {"from", "to", "step", "factor"};
    if (std::ranges::count(known, key) == 0 || !value.is_number_integer()) {
      return fail(ErrorKind::usage, "a range has whole numbers from, to and one of step and factor, not '{}'",
                  one_line(key, 80));
    }
  }
  const auto from = get_int(range, "from");
  const auto to = get_int(range, "to");
  const auto step = get_int(range, "step");
  const auto factor = get_int(range, "factor");
  if (!from || !to || *to < *from || (step && factor) || step.value_or(1) < 1 || factor.value_or(2) < 2) {
    return fail(ErrorKind::usage, "a range is {{from: 1, to: 16, step: 1}} or {{from: 1, to: 16, factor: 2}}");
  }
  std::vector<std::string> values;
  for (std::int64_t value = *from; value <= *to && values.size() <= kMaxAxisValues;) {
    values.push_back(std::to_string(value));
    const std::int64_t next = factor ? value * *factor : value + step.value_or(1);
    if (next <= value) {
      break;
    }
    value = next;
  }
  return values;
}

Result<Axis> read_axis(const std::string& key, const Json& json) {
  MIA_TRY_ASSIGN(const record::Field* const field, record::require_field(key));
  Axis axis{std::string(field->key), {}};
  if (json.is_object()) {
    MIA_TRY_ASSIGN(axis.values, range_values(json));
  } else if (json.is_array()) {
    for (const Json& item : json) {
      MIA_TRY_ASSIGN(axis.values.emplace_back(), text_of(item));
    }
  } else {
    MIA_TRY_ASSIGN(axis.values.emplace_back(), text_of(json));
  }
  if (axis.values.empty() || axis.values.size() > kMaxAxisValues) {
    return fail(ErrorKind::usage, "axis {} needs 1 to {} values, not {}", key, kMaxAxisValues, axis.values.size());
  }
  for (const std::string& value : axis.values) {
    MIA_TRY(check_value(*field, value));
    if (std::ranges::count(axis.values, value) > 1) {
      return fail(ErrorKind::usage, "axis {} has the value {} twice", key, one_line(value, 40));
    }
  }
  return axis;
}

Result<SettingList> read_settings(const Json& json, const Place& place, const std::string& path,
                                  std::string_view prefix) {
  if (!json.is_object()) {
    return fail(ErrorKind::usage, "{}: {} must be a mapping of keys to values", place.of(path), path);
  }
  SettingList list;
  for (const auto& [key, value] : json.items()) {
    const std::string where = place.of(fmt::format("{}.{}", path, key));
    const std::string full =
        prefix.empty() || key.find('.') != std::string::npos ? key : fmt::format("{}.{}", prefix, key);
    MIA_TRY_ASSIGN(const record::Field* const field, context(record::require_field(full), where));
    MIA_TRY_ASSIGN(const std::string text, context(text_of(value), where));
    MIA_TRY(context(check_value(*field, text), where));
    list.emplace_back(std::string(field->key), text);
  }
  return list;
}

Status read_text(const Json& json, const char* key, const Place& place, std::string& into) {
  const auto at = json.find(key);
  if (at == json.end()) {
    return {};
  }
  if (!at->is_string()) {
    return fail(ErrorKind::usage, "{}: {} must be a text", place.of(key), key);
  }
  into = one_line(at->get<std::string>(), 200);
  return {};
}

// A member that is one of a few words.
Status check_word(const std::string& word, const char* member, std::span<const std::string_view> words,
                  const Place& place) {
  if (std::ranges::find(words, word) != words.end()) {
    return {};
  }
  return fail(ErrorKind::usage, "{}: {} = '{}' is none of {}", place.of(member), member, one_line(word, 80),
              fmt::join(words, ", "));
}

// '/' and the like would lead out of the folder of the reports.
bool is_stem(std::string_view text) {
  return text.size() <= kLongestStem &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; });
}

Status check_keys(const Json& json, const Place& place) {
  const std::vector<std::string> known(kMembers.begin(), kMembers.end());
  for (const auto& [key, value] : json.items()) {
    if (std::ranges::count(known, key) == 0) {
      const auto near = nearest_name(key, known);
      return fail(ErrorKind::usage, "{}: a scenario has no '{}'{}", place.of(key), one_line(key, 80),
                  near ? fmt::format("; did you mean '{}'?", *near) : fmt::format("; it has {}", join(known, ", ")));
    }
  }
  return {};
}

Status read_axes(const Json& json, const Place& place, Scenario& scenario) {
  const Json& axes = get_member(json, "axes");
  if (json.contains("axes") && !axes.is_object()) {
    return fail(ErrorKind::usage, "{}: axes must be a mapping of keys to lists or ranges", place.of("axes"));
  }
  for (const auto& [key, value] : axes.items()) {
    MIA_TRY_ASSIGN(Axis axis, context(read_axis(key, value), place.of("axes." + key)));
    scenario.axes.push_back(std::move(axis));
  }
  return {};
}

Status read_workloads(const Json& json, const Place& place, Scenario& scenario) {
  const Json& workloads = get_member(json, "workloads");
  if (json.contains("workloads") && !workloads.is_object()) {
    return fail(ErrorKind::usage, "{}: workloads must be a mapping of names to settings", place.of("workloads"));
  }
  for (const auto& [name, value] : workloads.items()) {
    WorkloadVariant variant{one_line(name, 80), {}};
    MIA_TRY_ASSIGN(variant.settings, read_settings(value, place, "workloads." + name, "workload"));
    scenario.workloads.push_back(std::move(variant));
  }
  // As written: the first one is what others are held against. JSON has lost the order, the places have it.
  std::ranges::stable_sort(scenario.workloads, {}, [&](const WorkloadVariant& variant) {
    const auto at = std::ranges::find(variant.settings, "workload.max_tokens", &SettingList::value_type::first);
    const std::int64_t tokens = at == variant.settings.end() ? 0 : parse_int(at->second).value_or(0);
    return std::pair(place.line("workloads." + variant.name), tokens);  // on one line: the shorter first
  });
  return {};
}

Result<std::vector<std::string>> read_list(const Json& json, const char* key, const Place& place) {
  std::vector<std::string> list;
  const auto at = json.find(key);
  if (at == json.end()) {
    return list;
  }
  const bool texts = at->is_array() && std::ranges::all_of(*at, [](const Json& item) { return item.is_string(); });
  if (!texts) {
    return fail(ErrorKind::usage, "{}: {} must be a list of names", place.of(key), key);
  }
  for (const Json& item : *at) {
    list.push_back(item.get<std::string>());
  }
  return list;
}

Status read_rest(const Json& json, const Place& place, Scenario& scenario) {
  MIA_TRY(read_text(json, "title", place, scenario.title));
  MIA_TRY(read_text(json, "report", place, scenario.report));
  if (!is_stem(scenario.report)) {
    return fail(ErrorKind::usage, "{}: report = '{}' is no name of a file: letters, digits, '_' and '-', at most {}",
                place.of("report"), scenario.report, kLongestStem);
  }
  std::string table(record::name_of(scenario.table));
  MIA_TRY(read_text(json, "table", place, table));
  MIA_TRY(check_word(table, "table", record::table_shape_names(), place));
  scenario.table = *record::find_table_shape(table);
  MIA_TRY(read_text(json, "order", place, scenario.order));
  MIA_TRY(check_word(scenario.order, "order", kOrders, place));
  MIA_TRY(read_text(json, "needs", place, scenario.needs));
  if (json.contains("needs")) {
    MIA_TRY(check_word(scenario.needs, "needs", kNeeds, place));
  }
  MIA_TRY_ASSIGN(scenario.checks, read_list(json, "checks", place));
  for (const std::string& check : scenario.checks) {
    MIA_TRY(check_word(check, "checks", kChecks, place));
  }
  MIA_TRY_ASSIGN(scenario.parts, read_list(json, "parts", place));
  return {};
}

bool by_table(const Axis& a, const Axis& b) {
  const auto place = [](const Axis& axis) { return record::find_field(axis.key) - record::fields().data(); };
  return place(a) < place(b);
}

}  // namespace

bool Scenario::has_check(std::string_view check) const {
  return std::ranges::find(checks, check) != checks.end();
}

std::span<const std::string_view> check_names() {
  return kChecks;
}

fs::path scenario_dir() {
  if (const char* const dir = std::getenv("MIA_PERF_SCENARIOS"); dir != nullptr && *dir != '\0') {
    return dir;
  }
  const fs::path installed = executable_path().parent_path().parent_path() / "share/mia-perf/scenarios";
  std::error_code error;
  return fs::is_directory(installed, error) ? installed : fs::path(MIA_SOURCE_DIR) / "scenarios";
}

std::vector<std::string> built_in_scenarios() {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(scenario_dir(), error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() == ".yaml") {
      names.push_back(at->path().stem().string());
    }
  }
  std::ranges::sort(names);
  return names;
}

Result<Scenario> parse_scenario(std::string_view yaml, std::string_view name) {
  MIA_TRY_ASSIGN(const config::YamlDocument document, config::parse_yaml(yaml, std::string(name)));
  const Place place(document);
  const Json& json = document.json();
  if (!json.is_object()) {
    return fail(ErrorKind::usage, "{}: a scenario is a mapping with name, axes, workloads", name);
  }
  MIA_TRY(check_keys(json, place));
  Scenario scenario;
  scenario.name = fs::path(name).stem().string();
  MIA_TRY(read_text(json, "name", place, scenario.name));
  MIA_TRY(read_rest(json, place, scenario));
  if (json.contains("settings")) {
    MIA_TRY_ASSIGN(scenario.settings, read_settings(json.at("settings"), place, "settings", ""));
  }
  MIA_TRY(read_axes(json, place, scenario));
  std::ranges::sort(scenario.axes, by_table);
  MIA_TRY(read_workloads(json, place, scenario));
  return scenario;
}

Result<Scenario> find_scenario(std::string_view name_or_file) {
  const std::string name(name_or_file);
  fs::path path = scenario_dir() / (name + ".yaml");
  const bool looks_like_file = name.find('/') != std::string::npos || name.ends_with(".yaml") || name.ends_with(".yml");
  if (looks_like_file) {
    path = name;
  } else if (const auto names = built_in_scenarios(); std::ranges::count(names, name) == 0) {
    const auto near = nearest_name(name, names);
    return fail(ErrorKind::not_found, "there is no scenario '{}'{}", one_line(name, 80),
                near ? fmt::format("; did you mean '{}'?", *near)
                     : fmt::format("; there are {}, or give a .yaml file", join(names, ", ")));
  }
  MIA_TRY_ASSIGN(const std::string text, context(read_file(path, std::size_t{1} << 20U), "scenario"));
  MIA_TRY_ASSIGN(Scenario scenario, parse_scenario(text, path.string()));
  scenario.file = looks_like_file ? fs::absolute(path).lexically_normal().string() : "";
  return scenario;
}

Result<Axis> parse_axis(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    return fail(ErrorKind::usage, "--axis {}: write key=value,value", one_line(text, 80));
  }
  Json values = Json::array();
  for (const std::string& value : split(text.substr(equals + 1), ',')) {
    values.push_back(std::string(trim(value)));
  }
  return context(read_axis(std::string(text.substr(0, equals)), values), "--axis");
}

bool workloads_differ_in(const Scenario& scenario, std::string_view full_key) {
  return scenario.workloads.size() > 1 && std::ranges::any_of(scenario.workloads, [&](const WorkloadVariant& variant) {
           return std::ranges::count(variant.settings, full_key, &std::pair<std::string, std::string>::first) > 0;
         });
}

Status set_axis(Scenario& scenario, Axis axis) {
  if (workloads_differ_in(scenario, axis.key)) {
    return fail(ErrorKind::usage, "axis {}: the workloads of {} differ in it, so it cannot vary by itself", axis.key,
                scenario.name);
  }
  fix_axis(scenario, axis.key);
  scenario.axes.push_back(std::move(axis));
  std::ranges::sort(scenario.axes, by_table);
  return {};
}

void fix_axis(Scenario& scenario, std::string_view full_key) {
  std::erase_if(scenario.axes, [&](const Axis& axis) { return axis.key == full_key; });
  std::erase_if(scenario.settings, [&](const auto& setting) { return setting.first == full_key; });
  for (WorkloadVariant& variant : scenario.workloads) {
    std::erase_if(variant.settings, [&](const auto& setting) { return setting.first == full_key; });
  }
}

Json to_json(const Scenario& scenario) {
  Json json = {{"name", scenario.name},     {"title", scenario.title},
               {"report", scenario.report}, {"table", record::name_of(scenario.table)},
               {"order", scenario.order},   {"checks", scenario.checks},
               {"parts", scenario.parts}};
  json["settings"] = scenario.settings;
  for (const Axis& axis : scenario.axes) {
    json["axes"].push_back({{"key", axis.key}, {"values", axis.values}});
  }
  for (const WorkloadVariant& variant : scenario.workloads) {
    json["workloads"].push_back({{"name", variant.name}, {"settings", variant.settings}});
  }
  return json;
}

}  // namespace mia::measure
