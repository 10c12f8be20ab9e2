// SPDX-License-Identifier: MIT
// The only door to SQL: sessions, trials, comparisons, baselines and imported results in one SQLite file. docs/store.md
// describes the tables. Every call that writes is one transaction that is committed when it returns, or has changed
// nothing. It is on the disk as well (fsync), but for trials and reports within 0.1 s of ones that are: the next call
// syncs them. Errors are of kind `store` (disk full, read-only, damaged, locked, newer schema), `not_found` or `usage`.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "record/comparison.h"
#include "store/types.h"

namespace mia::store {

// data_dir()/store.sqlite
[[nodiscard]] std::filesystem::path default_path();
// Of the files that open() leaves behind.
[[nodiscard]] std::size_t schema_version();

// One connection. Not for two threads at once; any number of processes may have their own. A writer waits up to
// kBusySeconds for another one; readers never wait.
class Store {
 public:
  static constexpr int kBusySeconds = 10;
  static constexpr int kHurriedSeconds = 1;  // while `hurry` says so

  // Creates the file and its folders, or migrates an older schema. A newer schema, another program's database, a file
  // that is no database and an unwritable place are refused. `hurry`, asked while another process writes: does a person
  // wait for the end? May be empty.
  static Result<Store> open(const std::filesystem::path& path, std::function<bool()> hurry = {});
  // One that is there, of our schema version; nothing is written to it. Kind not_found where there is none.
  static Result<Store> open_to_read(const std::filesystem::path& path);
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  // Usage error if the id is taken. `report` and the counts of the row are not written.
  Status begin_session(const Session& session);
  // Marks a session that is to be gone on with as running again.
  Status resume_session(std::string_view session);
  // Ids of trials are unique in their session; an id that is there already is a usage error.
  Status add_trial(std::string_view session, const record::Trial& trial);
  // All or none.
  Status add_trials(std::string_view session, std::span<const record::Trial> trials);
  // The report and the number of planned trials so far, of a session that goes on; the report's trials are left out.
  Status keep_report(std::string_view session, const record::Report& report, std::int64_t planned);
  // `report` may be null; its trials are left out, they are stored already.
  Status finish_session(std::string_view session, std::string_view state, const record::Report* report);

  // Newest first.
  [[nodiscard]] Result<std::vector<SessionRow>> sessions(const SessionFilter& filter = {});
  // Sessions and comparisons, newest first, as a person looks for them.
  [[nodiscard]] Result<std::vector<OverviewRow>> overview(const OverviewFilter& filter);
  // By id, by a prefix that only one id has, or "last".
  [[nodiscard]] Result<Session> session(std::string_view name);
  [[nodiscard]] Result<SessionRow> session_row(std::string_view name);
  // In the order of their positions.
  [[nodiscard]] Result<std::vector<record::Trial>> trials(std::string_view session);
  [[nodiscard]] Result<record::Trial> trial(std::string_view session, std::string_view id);
  // The same trials with nothing but cell, place, kind of outcome, conditions and the number and end of the warm-up
  // runs: what a table's sentences say of them, in a tenth of the time.
  [[nodiscard]] Result<std::vector<record::Trial>> trial_conditions(std::string_view session);
  // The last session with this plan hash, unless it is complete.
  [[nodiscard]] Result<std::optional<SessionRow>> resumable(std::string_view plan_hash);
  // With its trials. Accepted reports stay.
  Status remove_session(std::string_view session);

  // A comparison that has ended, whole. Usage error if the id is taken: none is ever overwritten.
  Status add_comparison(const record::Comparison& comparison);
  [[nodiscard]] Result<std::vector<ComparisonRow>> comparisons(std::int64_t limit = 0);  // newest first; 0: all
  // By id, by a prefix that only one id has, or "last".
  [[nodiscard]] Result<record::Comparison> comparison(std::string_view name);

  // Makes the report the baseline of its models, machine and scenario. Earlier ones are kept as history.
  Status accept(const record::Report& report, std::string_view reason);
  [[nodiscard]] Result<std::optional<record::Report>> baseline(std::string_view model_key, std::string_view machine,
                                                               std::string_view scenario);
  // The one in force for each model, machine and scenario, newest first.
  [[nodiscard]] Result<std::vector<BaselineRow>> baselines();

  // Usage error for a metric that no trial has and record::metrics() does not know.
  [[nodiscard]] Result<std::vector<Series>> series(std::string_view metric, const SeriesFilter& filter = {});
  // The newest points of one series, at most `most`, oldest first: takes no longer in a large store.
  [[nodiscard]] Result<std::vector<SeriesPoint>> newest_points(std::string_view metric, const SubjectKey& subject,
                                                               std::int64_t most);

  // False when this very file was imported before.
  [[nodiscard]] Result<bool> add_import(const ImportedSamples& samples);
  [[nodiscard]] Result<std::vector<ImportedFile>> imports();  // newest first
  [[nodiscard]] Result<ImportedSamples> imported(std::string_view id);
  // Rows of all files with this metric, a mean and a time stamp, but forgotten ones; oldest first.
  [[nodiscard]] Result<std::vector<ImportedCall>> imported_calls(std::string_view metric);

  // What `name` (an id or the beginning of one) means among sessions, imported files and their rows.
  [[nodiscard]] Result<std::string> countable(std::string_view name);
  // Takes it out of series and newest_points; with an empty reason it counts again.
  Status forget(std::string_view id, std::string_view reason);
  [[nodiscard]] Result<std::vector<Forgotten>> forgotten();  // oldest first

  // "" when the file is sound, else what is wrong (SQLite's own check; reads the whole file).
  [[nodiscard]] Result<std::string> check();

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace mia::store
