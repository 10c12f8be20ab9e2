// SPDX-License-Identifier: MIT
#include "document/json.h"

#include <cmath>

#include <nlohmann/json.hpp>

namespace mia::document {
namespace {

Json number_json(std::optional<double> value, bool whole) {
  if (!value || !std::isfinite(*value)) {
    return nullptr;
  }
  constexpr double kExact = 9007199254740992.0;  // 2^53
  const bool exact = whole && std::floor(*value) == *value && std::abs(*value) < kExact;
  return exact ? Json(static_cast<std::int64_t>(*value)) : Json(*value);
}

class Write {
 public:
  Write(const std::string& name, Json& row) : name_(name), row_(row) {}

  void operator()(std::monostate) const { row_[name_] = nullptr; }
  void operator()(const std::string& text) const { row_[name_] = text; }
  void operator()(const Link& link) const { row_[name_] = link.text; }
  void operator()(bool yes) const { row_[name_] = yes; }
  void operator()(std::int64_t count) const { row_[name_] = count; }

  void operator()(const Number& number) const {
    const record::Summary& summary = number.summary;
    row_[name_] = number_json(summary.value, number.whole);
    if (number.interval) {
      row_[name_ + "_low"] = number_json(summary.low, number.whole);
      row_[name_ + "_high"] = number_json(summary.high, number.whole);
    }
    give_reason(summary.null_reason);
  }

  void operator()(const Word& word) const {
    row_[name_] = word.word ? Json(*word.word) : Json(nullptr);
    give_reason(word.null_reason);
  }

  void operator()(const Setting& setting) const {
    const bool known = record::is_set(setting.effective);
    row_[name_] = record::to_json(setting.requested);
    row_[name_ + "_effective"] = known ? record::to_json(setting.effective) : Json(nullptr);
  }

  void operator()(const Series& series) const {
    for (const double value : series.values) {
      row_[name_].push_back(number_json(value, series.whole));
    }
  }

 private:
  void give_reason(const std::string& reason) const {
    if (row_[name_].is_null() && !reason.empty()) {
      row_["null_reasons"][name_] = reason;
    }
  }

  const std::string& name_;
  Json& row_;
};

}  // namespace

Json to_json(const Table& table) {
  Json list = Json::array();
  for (const std::vector<Value>& row : table.rows) {
    Json json = Json::object();
    for (std::size_t i = 0; i < table.columns.size() && i < row.size(); ++i) {
      if (!table.columns[i].name.empty()) {
        std::visit(Write(table.columns[i].name, json), row[i]);
      }
    }
    list.push_back(std::move(json));
  }
  return list;
}

}  // namespace mia::document
