// SPDX-License-Identifier: MIT
#include "imports/match.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "record/fields.h"

namespace mia::imports {
namespace {

constexpr std::size_t kShownValue = 60;

void erase(Json& fields, const std::set<std::string>& columns) {
  for (const std::string& column : columns) {
    fields.erase(column);
  }
}

bool agree(const record::Settings& one, const record::Settings& other) {
  const auto is_known = [](const record::Value& value) { return !std::holds_alternative<std::monostate>(value); };
  return std::ranges::all_of(record::fields(), [&](const record::Field& field) {
    const record::Value first = record::get(one, field);
    const record::Value second = record::get(other, field);
    return !is_known(first) || !is_known(second) || first == second;
  });
}

// What is compared of a column's value: of a model's file its name without the folder.
std::string_view compared(const std::string& column, std::string_view value) {
  const std::size_t slash = column == "model_filename" ? value.find_last_of("/\\") : std::string_view::npos;
  return slash == std::string_view::npos ? value : value.substr(slash + 1);
}

// Columns that both know and that differ.
std::vector<std::string> differences(const Sample& one, const Sample& other, const std::set<std::string>& open) {
  std::vector<std::string> names;
  for (const auto& [name, value] : one.columns) {
    const auto at = other.columns.find(name);
    if (at != other.columns.end() && !open.contains(name) && compared(name, value) != compared(name, at->second)) {
      names.push_back(name);
    }
  }
  return names;
}

bool same_test(const Sample& one, const Sample& other) {
  return one.test == other.test && one.metric == other.metric;
}

bool fit(const Sample& one, const Sample& other, const std::set<std::string>& open) {
  return same_test(one, other) && differences(one, other, open).empty() && agree(one.settings, other.settings);
}

// Indexes in `samples` of those that fit, of the best kind that there is.
std::vector<std::size_t> fitting(const Sample& one, const std::vector<Sample>& samples,
                                 const std::set<std::string>& open) {
  std::vector<std::size_t> found;
  std::vector<std::size_t> equal;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (fit(one, samples[i], open)) {
      found.push_back(i);
      if (fit(one, samples[i], {})) {
        equal.push_back(i);
      }
    }
  }
  return found.size() > 1 && equal.size() == 1 ? equal : found;
}

// Why nothing among `others` is the counterpart of `sample`.
LeftOut left_out(std::size_t index, const Sample& sample, const std::vector<Sample>& others,
                 const std::set<std::string>& open) {
  LeftOut result{index, "no line of this test", {}};
  std::optional<std::size_t> fewest;
  for (const Sample& other : others) {
    if (!same_test(sample, other)) {
      continue;
    }
    std::vector<std::string> names = differences(sample, other, open);
    if (names.empty()) {
      return {index, agree(sample.settings, other.settings) ? "several lines fit" : "its settings differ", {}};
    }
    if (!fewest || names.size() < *fewest) {
      fewest = names.size();
      std::vector<std::string> parts;
      for (const std::string& name : names) {
        parts.push_back(fmt::format("{} differs ({} against {})", name, value_of(sample, name), value_of(other, name)));
      }
      parts.resize(std::min<std::size_t>(parts.size(), 4));
      result.reason = join(parts, ", ");
      result.in_the_way = std::move(names);
    }
  }
  return result;
}

std::string mean_key(const store::ImportedRow& row) {
  return row.samples.empty() ? fmt::format("{}", row.mean.value_or(0)) : dump_json(row.samples);
}

}  // namespace

Samples samples_of(const std::vector<store::ImportedRow>& rows, const std::set<std::string>& ignored,
                   const std::set<std::string>& open) {
  Samples samples;
  std::map<std::string, std::size_t> places;
  std::set<std::string> measured;
  for (const store::ImportedRow& row : rows) {
    Json fields = parse_json(row.fields_json).value_or(Json::object());
    const std::string all = dump_json({row.test, row.metric, row.model, columns_of(fields)});
    if (!row.measured.empty() && !measured.insert(all + row.measured + mean_key(row)).second) {
      ++samples.repeated;
      continue;
    }
    erase(fields, ignored);
    Columns columns = columns_of(fields);
    const std::string model = ignored.contains("model_filename") ? "" : row.model;
    const auto [at, is_new] =
        places.try_emplace(dump_json({row.test, row.metric, model, columns}), samples.lines.size());
    if (is_new) {
      erase(fields, open);
      samples.lines.push_back({row.test,
                               row.metric,
                               row.unit,
                               row.model,
                               row.measured,
                               std::move(columns),
                               settings_of(fields),
                               {},
                               {},
                               false,
                               {}});
    }
    Sample& sample = samples.lines[at->second];
    sample.values.insert(sample.values.end(), row.samples.begin(), row.samples.end());
    sample.problem = sample.problem.empty() ? row.problem : sample.problem;
    if (row.mean) {
      sample.levels.push_back(*row.mean);
    } else if (!row.samples.empty()) {
      sample.levels.push_back(std::accumulate(row.samples.begin(), row.samples.end(), 0.0) /
                              static_cast<double>(row.samples.size()));
    }
    if (row.samples.empty() && row.mean) {
      sample.values.push_back(*row.mean);
      sample.means_only = true;
    }
  }
  return samples;
}

std::vector<std::string> differing(const std::vector<Sample>& samples) {
  std::set<std::string> names;
  for (const Sample& sample : samples) {
    for (const auto& [name, value] : sample.columns) {
      names.insert(name);
    }
  }
  std::erase_if(names, [&](const std::string& name) {
    return std::ranges::all_of(
        samples, [&](const Sample& sample) { return value_of(sample, name) == value_of(samples.front(), name); });
  });
  return {names.begin(), names.end()};
}

std::string value_of(const Sample& sample, const std::string& column) {
  const auto at = sample.columns.find(column);
  return at == sample.columns.end() || at->second.empty() ? "–" : one_line(at->second, kShownValue);
}

std::string describe(const Sample& sample, const std::vector<std::string>& names) {
  std::vector<std::string> parts;
  for (const std::string& name : names) {
    parts.push_back(one_line(name, kShownValue) + "=" + value_of(sample, name));
  }
  return join(parts, " ");
}

Matches match(const std::vector<Sample>& a, const std::vector<Sample>& b, const std::set<std::string>& open) {
  Matches matches;
  std::set<std::size_t> taken;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::vector<std::size_t> there = fitting(a[i], b, open);
    if (there.size() == 1 && fitting(b[there[0]], a, open) == std::vector<std::size_t>{i}) {
      matches.pairs.push_back({i, there[0]});
      taken.insert(there[0]);
    } else {
      matches.only_a.push_back(left_out(i, a[i], b, open));
    }
  }
  for (std::size_t j = 0; j < b.size(); ++j) {
    if (!taken.contains(j)) {
      matches.only_b.push_back(left_out(j, b[j], a, open));
    }
  }
  return matches;
}

std::vector<std::string> notes_on(const std::vector<Sample>& a, const std::vector<Sample>& b,
                                  const std::vector<Match>& pairs) {
  std::map<std::string, std::pair<std::set<std::string>, std::set<std::string>>> values;
  for (const Match& pair : pairs) {
    std::set<std::string> names;
    for (const Sample* const sample : {&a[pair.a], &b[pair.b]}) {
      for (const auto& [name, value] : sample->columns) {
        names.insert(name);
      }
    }
    for (const std::string& name : names) {
      const std::string before = value_of(a[pair.a], name);
      const std::string now = value_of(b[pair.b], name);
      if (before != now) {
        values[name].first.insert(before);
        values[name].second.insert(now);
      }
    }
  }
  const auto shown = [](const std::set<std::string>& set) {
    std::vector<std::string> list(set.begin(), set.end());
    const std::size_t more = list.size() > 3 ? list.size() - 3 : 0;
    list.resize(list.size() - more);
    return join(list, ", ") + (more > 0 ? fmt::format(" and {} more", more) : "");
  };
  std::vector<std::string> notes;
  for (const auto& [name, sides] : values) {
    notes.push_back(fmt::format("{} differs: {} before, {} now", name, shown(sides.first), shown(sides.second)));
  }
  return notes;
}

}  // namespace mia::imports
