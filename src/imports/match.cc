// SPDX-License-Identifier: MIT
#include "imports/match.h"

#include <algorithm>
#include <set>
#include <variant>

#include <nlohmann/json.hpp>

#include "record/fields.h"

namespace mia::imports {
namespace {

bool is_known(const record::Value& value) {
  return !std::holds_alternative<std::monostate>(value);
}

bool agree(const record::Settings& one, const record::Settings& other) {
  return std::ranges::all_of(record::fields(), [&](const record::Field& field) {
    const record::Value first = record::get(one, field);
    const record::Value second = record::get(other, field);
    return !is_known(first) || !is_known(second) || first == second;
  });
}

bool same_settings(const record::Settings& one, const record::Settings& other) {
  return record::to_json(one) == record::to_json(other);
}

std::set<std::string> models_of(const std::vector<Sample>& samples) {
  std::set<std::string> models;
  for (const Sample& sample : samples) {
    models.insert(sample.model);
  }
  return models;
}

// Index of the only element that `fits`; none and several are no answer.
template <class Fits>
std::optional<std::size_t> only_one(const std::vector<Sample>& samples, Fits fits) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (fits(samples[i])) {
      if (found) {
        return std::nullopt;
      }
      found = i;
    }
  }
  return found;
}

}  // namespace

std::vector<Sample> samples_of(const store::ImportedSamples& file) {
  std::vector<Sample> samples;
  for (const store::ImportedRow& row : file.rows) {
    auto at = std::ranges::find_if(samples, [&](const Sample& sample) {
      return sample.test == row.test && sample.model == row.model && same_settings(sample.settings, row.settings);
    });
    if (at == samples.end()) {
      Sample sample;
      sample.test = row.test;
      sample.metric = row.metric;
      sample.unit = row.unit;
      sample.model = row.model;
      sample.settings = row.settings;
      at = samples.insert(samples.end(), std::move(sample));
    }
    at->values.insert(at->values.end(), row.samples.begin(), row.samples.end());
    if (row.mean) {
      at->levels.push_back(*row.mean);
    }
    if (row.samples.empty() && row.mean) {
      at->values.push_back(*row.mean);
      at->means_only = true;
    }
  }
  return samples;
}

Matches match(const std::vector<Sample>& a, const std::vector<Sample>& b) {
  const bool one_model = models_of(a).size() == 1 && models_of(b).size() == 1;
  const auto fit = [&](const Sample& one, const Sample& other) {
    return one.test == other.test && one.metric == other.metric && (one_model || one.model == other.model) &&
           agree(one.settings, other.settings);
  };
  Matches matches;
  std::set<std::size_t> taken;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto j = only_one(b, [&](const Sample& other) { return fit(a[i], other); });
    const auto back = j ? only_one(a, [&](const Sample& one) { return fit(one, b[*j]); }) : std::nullopt;
    if (back) {
      matches.pairs.push_back({i, *j});
      taken.insert(*j);
    } else {
      matches.only_a.push_back(i);
    }
  }
  for (std::size_t j = 0; j < b.size(); ++j) {
    if (!taken.contains(j)) {
      matches.only_b.push_back(j);
    }
  }
  return matches;
}

}  // namespace mia::imports
