// SPDX-License-Identifier: MIT
// What the store's sources share. Internal to the store.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <soci/soci.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "store/guard.h"
#include "store/statement.h"
#include "store/store.h"

namespace mia::store {

// JSON texts are ours, so they may be large; a report of a long session is. Larger ones are refused on the way in.
inline constexpr JsonLimits kJsonLimits{.bytes = std::size_t{512} << 20U, .depth = 32};

// What trials inherit from the session they are added to.
struct Target {
  long long num = 0;
  std::string id;
  std::string machine;
  std::vector<record::RuntimeInfo> runtimes;
  std::vector<record::ModelInfo> models;
};

struct Store::Impl {
  std::filesystem::path path;
  soci::session sql;
  std::vector<long long> metrics;  // numbers of record::metrics(), in its order
  std::optional<Target> target;    // of the last add_trial
  std::int64_t synced_ns = 0;      // steady clock: when a commit of a trial was last on the disk

  // Connects, configures, migrates. Throws soci_error.
  [[nodiscard]] Status open(const std::string& connect);
  // Number of the session with exactly this id.
  [[nodiscard]] std::optional<long long> find_session(std::string_view id);
  [[nodiscard]] Result<long long> require_session(std::string_view id);
  [[nodiscard]] Result<Target*> require_target(std::string_view id);
  // `tail` of the query on trial t, with its parameters.
  template <class... Args>
  [[nodiscard]] Result<std::vector<record::Trial>> read_trials(std::string_view tail, const Args&... args);
  void add_one(const Target& target, const record::Trial& trial, const std::string& json);
  [[nodiscard]] long long subject(const Target& target, const record::Trial& trial);
  // Fills `metrics`, adding the rows that an older program did not know.
  void learn_metrics();
};

// Trials that come faster than any real one are not held up by the disk: within 0.1 s of a commit that is on the disk,
// the next ones are left to the log, and the first one after that time, or the session's end, syncs them all. Outlives
// the transaction.
class TrialSync {
 public:
  TrialSync(soci::session& sql, std::int64_t& synced_ns);
  TrialSync(const TrialSync&) = delete;
  TrialSync& operator=(const TrialSync&) = delete;
  ~TrialSync();

 private:
  soci::session& sql_;
  std::int64_t& synced_ns_;
  bool is_burst_;
};

// The text of `json`, refused when it could not be read back.
[[nodiscard]] Result<std::string> storable(const Json& json, std::string_view what);
// Number of the row that was inserted last.
[[nodiscard]] long long last_row(soci::session& sql);
// What was stored and cannot be read is damage of the store, whatever the reader says.
template <class T>
Result<T> stored(Result<T> result, std::string_view where) {
  if (result.has_value()) {
    return result;
  }
  return fail(ErrorKind::store, "{} is damaged: {}", where, result.error().message);
}

// Appends the elements of a JSON array.
template <class T>
Status read_list(const std::string& text, std::vector<T>& items, Result<T> (*read)(const Json&)) {
  MIA_TRY_ASSIGN(const Json json, parse_json(text, kJsonLimits));
  for (const Json& item : json) {
    MIA_TRY_ASSIGN(T value, read(item));
    items.push_back(std::move(value));
  }
  return {};
}

[[nodiscard]] Failure no_session(std::string_view id);

}  // namespace mia::store
