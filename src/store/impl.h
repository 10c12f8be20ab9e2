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

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
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

// How long a writer waits for another process.
struct Patience {
  std::function<bool()> hurry;
  std::int64_t began_ns = 0;

  void begin() { began_ns = steady_ns(); }
  [[nodiscard]] bool lasts() const {
    constexpr std::int64_t kSecond = 1'000'000'000;
    return steady_ns() - began_ns < kSecond * (hurry && hurry() ? Store::kHurriedSeconds : Store::kBusySeconds);
  }
};

struct Store::Impl {
  std::filesystem::path path;
  Patience patience;  // SQLite keeps its address: an Impl does not move
  soci::session sql;
  std::vector<long long> metrics;  // numbers of record::metrics(), in its order
  std::optional<Target> target;    // of the last add_trial
  std::int64_t synced_ns = 0;      // steady clock: when a commit of a trial was last on the disk

  // Connects, configures, migrates. Throws soci_error.
  [[nodiscard]] Status open(const std::string& connect);
  // Connects to what is there, and never writes.
  [[nodiscard]] Status open_to_read(const std::string& connect);
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

// `what` names its kind: "session".
[[nodiscard]] Failure not_stored(std::string_view what, std::string_view id);

// The row that `name` means: an id, a prefix that only one id has, or "last". `read(tail, args...)` gives the rows of a
// table with the columns id and started.
template <class Read>
auto find_named(const std::string& name, std::string_view what, Read read)
    -> Result<typename decltype(read(std::string_view()))::value_type> {
  auto rows = read("where id = :id", name);
  if (rows.empty() && name == "last") {
    rows = read("order by started desc, num desc limit 1");
    if (rows.empty()) {
      return fail(ErrorKind::not_found, "the store holds no {} yet", what);
    }
  }
  if (rows.empty() && !name.empty()) {
    // UTF-8 has no byte 0xff: every id with the prefix lies below.
    rows = read("where id >= :low and id < :high order by id limit 3", name, name + '\xff');
  }
  if (rows.empty()) {
    return not_stored(what, name);
  }
  if (rows.size() > 1) {
    return with_hint(fail(ErrorKind::usage, "'{}' is the beginning of several {}s: {}, {}{}", one_line(name, 100), what,
                          rows[0].id, rows[1].id, rows.size() > 2 ? ", ..." : ""),
                     "give more of the id");
  }
  return std::move(rows.front());
}

}  // namespace mia::store
