// SPDX-License-Identifier: MIT
// A report: what one session measured and what may be said of it. Reporters only print it; nothing is computed there.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "record/machine.h"
#include "record/point.h"
#include "record/table_shape.h"
#include "record/trial.h"

namespace mia::record {
inline constexpr int kReportSchema = 2;  // report_from_json() reads 1 as well

// One metric of one cell over its counted trials.
struct Summary {
  std::optional<double> value;  // median over trials
  std::optional<double> low;    // interval of the median; nullopt when there are too few trials
  std::optional<double> high;
  std::optional<double> level;  // coverage that [low, high] really has
  std::optional<double> least;
  std::optional<double> most;
  std::int64_t n = 0;
  std::string null_reason;  // why value is null
};

struct HistogramBucket {
  double upper_ms = 0;  // values <= upper_ms and above the bucket before
  std::int64_t count = 0;
};

// Three words for one thing: what was asked for, what the runtime's log says and which operations ran.
struct FlashAttention {
  std::string asked;  // on | off | auto
  std::optional<std::string> claimed;
  std::optional<std::string> proven;
};

struct CellReport {
  std::string key;   // key_of(part, point): what trials and --only call it
  std::string part;  // of a probe: the scenario it belongs to
  Point point;
  std::vector<Point> also;  // other cells with equal effective settings, measured once
  Settings requested;
  Settings effective;
  std::string model;                             // ModelInfo.id
  std::string runtime;                           // RuntimeInfo.name
  std::string cache_state;                       // cold | warm | unknown | mixed
  std::map<std::string, std::int64_t> outcomes;  // outcome kind -> trials
  std::string failure;                           // describe() of the last outcome that is not ok
  std::map<std::string, Summary> metrics;
  std::vector<HistogramBucket> histogram;
  std::vector<BufferSize> buffers;  // of one counted trial
  std::optional<Graph> graph;
  std::string graph_reason;                   // why there is none
  std::optional<std::int64_t> decode_splits;  // of the measured context, out of the log
  FlashAttention flash_attention;
  std::optional<double> roofline_tok_s;
  std::optional<double> efficiency;  // decode_tok_s / roofline_tok_s
  std::string roofline_basis;        // "memory 23.4 GB/s", or why there is no roofline
  std::optional<double> load_limit_ms;
  std::optional<double> delta;  // tokens_per_s against the reference cell, fraction
  std::optional<double> delta_low;
  std::optional<double> delta_high;
};

// A part of the time of one token, from the difference between cells that have it and cells that leave it out.
struct TimePart {
  std::string mode;           // label of the settings that vary, "" where none does
  std::string name;           // prompt | decode | waits | sampling | text | whole
  std::optional<double> ms;   // per token
  std::optional<double> low;  // interval of the median of the paired differences
  std::optional<double> high;
  std::optional<double> share;  // of the whole
  std::int64_t n = 0;           // pairs
  std::string how;              // which cells were subtracted, or why ms is null
};

enum class Severity { info, warning, problem };

// A named fact with its evidence: "auto_threads_penalty", "noisy_machine", "flash_attention_requested_but_off".
struct Finding {
  std::string id;
  Severity severity = Severity::info;
  std::string text;  // one sentence
  std::map<std::string, std::string> evidence;
};

// A line that failed, measured once more.
struct Confirmation {
  std::string session;
  std::string verdict;  // of the fresh measurement alone: pass | fail | unclear
  std::optional<double> value;
};

// One judged line: value against limit.
struct Check {
  std::string name;     // "short_tps_min"
  std::string verdict;  // pass | fail | unclear | skipped
  std::optional<double> value;
  std::optional<double> limit;
  std::string unit;
  std::string text;                                         // why, in words
  std::vector<std::string> cells = {};                      // keys of the cells it looks at
  std::optional<Confirmation> confirmation = std::nullopt;  // of a line that failed
};

// What judged the checks, and what they say together.
struct Judgement {
  std::string verdict;   // pass | fail | unclear
  std::string profile;   // of thresholds, "" for none
  std::string baseline;  // session of the accepted report, "" for none
  std::string baseline_started;
  std::string statistic;        // how the speeds were compared with the accepted ones, in words
  std::optional<double> alpha;  // chance of a false alarm of all statistical lines together; null: none was judged
  std::string sentence;
};

// How well one model predicts a text, beside how fast it is. The divergence is from the first model of the session.
struct Quality {
  std::string model;
  std::string runtime;
  std::string text;       // "built-in" or the file
  std::string text_hash;  // figures of different texts cannot be compared
  std::optional<double> perplexity;
  std::optional<double> perplexity_error;  // standard error
  std::optional<std::int64_t> scored_tokens;
  std::optional<std::int64_t> scored_bytes;  // of the text that these tokens stand for
  std::optional<double> bits_per_byte;       // comparable whatever the tokenizer; 2 to its power: perplexity per byte
  std::string null_reason;                   // why there is no perplexity
  std::string base;                          // model that the divergence is from
  std::optional<double> mean_kl_divergence;  // KL(base || model), nats per token
  std::optional<double> same_top_fraction;   // positions at which both expect the same token first
  std::string divergence_null_reason;
};

// What one scenario of a probe said, or why it was left out.
struct PartReport {
  std::string name;
  std::string title;
  std::string sentence;
  SettingList recommendation;
  std::string left_out;    // "" when it was measured
  bool recommends = true;  // its best cell is measured again beside the first one and may be recommended
  TableShape table = TableShape::plain;
};

struct Report {
  int schema = kReportSchema;
  std::string scenario;
  std::string scenario_file;  // its path; "" for a built-in scenario
  std::string title;
  std::string stem;                      // of its files; "" for perf_SCENARIO
  TableShape table = TableShape::plain;  // parts have their own
  std::string session;
  std::string started;   // UTC
  std::string finished;  // "" while running
  bool complete = false;
  std::string tool_version;
  std::string plan_hash;
  Machine machine;
  std::vector<RuntimeInfo> runtimes;
  std::vector<ModelInfo> models;
  Settings settings;  // the base that cells vary
  std::vector<CellReport> cells;
  std::vector<Trial> trials;
  std::vector<TimePart> time_parts;  // of the decompose scenario
  std::vector<Quality> quality;      // of each model, where the scenario asks for it
  std::vector<PartReport> parts;     // of a probe
  std::vector<std::string> only;     // --only: cells whose key contains one of these; empty for all
  std::vector<Finding> findings;
  std::vector<Check> checks;
  std::optional<Judgement> judgement;  // nullopt where nothing was judged
  std::optional<bool> regression_flag;
  std::optional<double> drift_share;  // share of variance explained by the place in the order
  std::optional<double> drift_p;      // how often chance alone makes such a line
  std::optional<double> wall_s;       // of the invocation; nullopt when it resumed another or times are scripted
  std::optional<double> measured_s;   // inside measured runs, warm-up left out
  std::optional<double> measured_share;
  SettingList recommendation;  // empty for none
  std::string sentence;        // what a person would say
};

[[nodiscard]] std::string label_of(const CellReport& cell);
[[nodiscard]] TableShape table_of(const Report& report, std::string_view part);
[[nodiscard]] std::vector<const CellReport*> cells_of(const Report& report);
// The cell at that point, its own or one of `also`; nullptr for none.
[[nodiscard]] const CellReport* find_at(const Report& report, const Point& point);
[[nodiscard]] const CellReport* in_workload(const Report& report, const CellReport& cell, std::string_view workload);

[[nodiscard]] Json to_json(const Report& report);
[[nodiscard]] Result<Report> report_from_json(const Json& json);

}  // namespace mia::record
