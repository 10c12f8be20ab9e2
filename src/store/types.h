// SPDX-License-Identifier: MIT
// What the store takes and gives. All times are UTC as "2026-11-24T10:41:47Z", which sorts as text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "record/machine.h"
#include "record/report.h"
#include "record/settings.h"
#include "record/trial.h"

namespace mia::store {

// One line of `history list`.
struct SessionRow {
  std::string id;  // unique, chosen by the caller
  std::string scenario;
  std::string started;
  std::string finished;   // "" while running
  std::string state;      // running | complete | interrupted | failed
  std::string plan_hash;  // equal: the same plan, so that one can go on with the other's trials
  std::string machine;    // fingerprint
  std::string tool_version;
  std::string title;
  std::int64_t trials = 0;   // stored so far
  std::int64_t planned = 0;  // cells of the plan
};

// All that is known of a session but its trials.
struct Session {
  SessionRow row;
  std::string plan_json = "{}";  // the plan as JSON text
  record::Machine machine;
  std::vector<record::RuntimeInfo> runtimes;
  std::vector<record::ModelInfo> models;
  record::Settings settings;             // the base that cells vary
  std::optional<record::Report> report;  // as of finish_session, without its trials
};

struct SessionFilter {
  std::optional<std::string> scenario;
  std::optional<std::string> state;
  std::int64_t limit = 0;  // newest first; 0: all
};

// A session or a comparison with what it measured, for people.
struct OverviewRow {
  bool comparison = false;
  std::string id;
  std::string what;      // scenario; of comparisons both sides
  std::string models;    // names, joined
  std::string runtimes;  // names and versions, joined
  std::string machine;   // its CPU
  std::string started;
  std::string state;        // of complete comparisons the verdict
  std::int64_t trials = 0;  // of comparisons pairs
  std::int64_t planned = 0;
};

struct OverviewFilter {
  std::vector<std::string> words;  // each stands somewhere in a row, whatever its case (ASCII); at most 4 count
  std::int64_t most = 50;
  std::int64_t from = 0;  // rows that are passed over
};

// A comparison without its pairs: one line of `history list`.
struct ComparisonRow {
  std::string id;
  std::string started;
  std::string finished;
  std::string state;  // complete | interrupted | failed
  std::string a;      // labels
  std::string b;
  std::string verdict;  // of B against A
  std::string sentence;
  std::int64_t epochs = 0;  // counted, as the pairs
  std::int64_t pairs = 0;
  std::string machine;  // fingerprint
  std::string tool_version;
};

// Selects what `series` returns; unset members select all.
struct SeriesFilter {
  std::optional<std::string> model;          // ModelInfo.id or header hash
  std::optional<std::string> machine;        // fingerprint
  std::optional<std::string> configuration;  // configuration_key()
  std::optional<std::string> scenario;
  std::optional<std::string> since;  // UTC, inclusive
};

struct SeriesPoint {
  std::string started;
  double value = 0;
  std::string session;
  std::string trial;
  std::string runtime;  // "name version commit"
};

// What a history is of.
struct SubjectKey {
  std::string machine;  // fingerprint
  std::string model_hash;
  std::string configuration;  // configuration_key()
};

// One metric of one model on one machine in one configuration, oldest first; only counted trials (ok and not voided).
struct Series {
  std::string machine;
  std::string model;  // ModelInfo.id
  std::string model_hash;
  std::string configuration;  // key
  std::string label;          // "n_threads=8 n_batch=256", "defaults"
  std::string tool;           // of imported results; "" for ours
  std::vector<SeriesPoint> points;
};

// A baseline without its report.
struct BaselineRow {
  std::string model_key;
  std::string machine;
  std::string scenario;
  std::string session;
  std::string accepted;  // when
  std::string reason;
};

// One row of another tool's result file.
struct ImportedRow {
  std::string test;             // "pp512", "tg128 @ d4096"
  std::string metric;           // a name of record::metrics() where the meaning is the same
  std::string unit;             // "tok/s"
  std::string model;            // in the words of the file
  std::string machine;          // CPU and GPU in the words of the file
  std::string runtime;          // build of the tool
  std::string measured;         // UTC, "" unknown
  std::vector<double> samples;  // single repetitions; empty where the file has only mean and deviation
  std::optional<double> mean;
  std::optional<double> stddev;
  std::string problem;             // why a figure is null, "" where none is
  record::Settings settings;       // what maps on the field table
  std::string fields_json = "{}";  // the row as the file had it, unknown fields too
};

struct ImportedFile {
  std::string id;        // hash of its bytes: the same file is kept once
  std::string source;    // path it was read from
  std::string tool;      // "llama-bench"
  std::string format;    // "json", "jsonl", "csv", "md", "sql", "sqlite"
  std::string imported;  // when
  std::int64_t rows = 0;
  std::vector<std::string> notes = {};  // what was passed over or is not known, for people
  std::string started = {};             // time of its first row, "" unknown; given by the store
};

struct ImportedSamples {
  ImportedFile file;
  std::vector<ImportedRow> rows;
};

// A row of `history`: what the store has of one metric from other tools.
struct ImportedCall {
  std::string id;    // "<id of the file>:<1-based row>", as history and forget name it
  std::string tool;  // of the file
  ImportedRow row;
};

// A session or an imported file or row that no longer counts in histories.
struct Forgotten {
  std::string id;
  std::string reason;
  std::string when;
};

// Hash of all that decides how fast a trial can be, but for machine, runtime and model: the llm.* rows without the id,
// the workload and the page cache's state. Equal keys: the same point of a history.
[[nodiscard]] std::string configuration_key(const record::Settings& requested);
// The same for people: what differs from the built-in defaults, bounded; "defaults" when nothing does.
[[nodiscard]] std::string configuration_label(const record::Settings& requested);
// Header hashes joined by '+': what a baseline is for.
[[nodiscard]] std::string model_key(const std::vector<record::ModelInfo>& models);

}  // namespace mia::store
