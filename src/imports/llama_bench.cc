// SPDX-License-Identifier: MIT
#include "imports/llama_bench.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "imports/encoding.h"
#include "imports/raw_rows.h"
#include "record/fields.h"
#include "record/metrics.h"
#include "store/foreign.h"

namespace mia::imports {
namespace {

using store::ImportedRow;

// A field as text, whether the format has types or not; nullopt when absent or null.
std::optional<std::string> text_of(const Json& fields, const char* name) {
  const auto at = fields.find(name);
  if (at == fields.end() || at->is_null() || at->is_structured()) {
    return std::nullopt;
  }
  return at->is_string() ? at->get<std::string>() : at->dump();
}

std::string quoted_value(const Json& fields, const char* name) {
  return fmt::format("{} is '{}'", name, one_line(text_of(fields, name).value_or("null"), 40));
}

// 0 where the column is not there. Columns of tokens are whole numbers.
Result<std::int64_t> tokens_of(const Json& fields, const char* name) {
  const auto text = text_of(fields, name);
  if (!text || trim(*text).empty()) {
    return std::int64_t{0};
  }
  const auto tokens = parse_double(*text);
  if (!tokens || *tokens < 0 || *tokens > 1e9 || *tokens != std::floor(*tokens)) {
    return fail(ErrorKind::usage, "{}, no number of tokens", quoted_value(fields, name));
  }
  return static_cast<std::int64_t>(*tokens);
}

bool is_one_of(const std::optional<std::string>& text, std::string_view one, std::string_view other) {
  return text && (*text == one || *text == other);
}

// A switch of the file that says the opposite of ours: 1 or true is false.
std::optional<std::string> negated(const std::optional<std::string>& text) {
  return text ? std::optional<std::string>(is_one_of(text, "1", "true") ? "false" : "true") : std::nullopt;
}

// -1, 0, 1 of newer files, true and false of older ones; auto is left open.
std::optional<std::string> flash_attention(const std::optional<std::string>& text) {
  if (is_one_of(text, "1", "true")) {
    return "on";
  }
  return is_one_of(text, "0", "false") ? std::optional<std::string>("off") : std::nullopt;
}

// `load_mode` of newer files, `use_mmap` of older ones.
std::optional<std::string> load_mode(const Json& fields) {
  if (const auto mode = text_of(fields, "load_mode")) {
    return *mode == "dio" ? "direct" : *mode == "mmap+mlock" ? "mlock" : *mode;
  }
  const auto mmap = text_of(fields, "use_mmap");
  if (is_one_of(text_of(fields, "use_direct_io"), "1", "true")) {
    return "direct";
  }
  return mmap ? std::optional<std::string>(is_one_of(mmap, "1", "true") ? "mmap" : "none") : std::nullopt;
}

void set_known(record::Settings& settings, std::string_view key, const std::optional<std::string>& text) {
  // What is left open, and what our table does not allow (-1 layers, a cache type of a fork), stays in the row's own
  // fields only.
  if (text && !text->empty() && *text != "auto") {
    (void)record::set_text(settings, key, *text);
  }
}

std::string joined(const Json& fields, std::initializer_list<const char*> names, std::string_view separator) {
  std::vector<std::string> parts;
  for (const char* const name : names) {
    const std::string text(trim(text_of(fields, name).value_or("")));
    if (!text.empty()) {
      parts.push_back(text);
    }
  }
  return join(parts, separator);
}

// What no speed in tokens per second and no time in milliseconds or nanoseconds leaves.
constexpr double kLeast = 1e-9;
constexpr double kMost = 1e18;

// A speed or a time, or nothing with the reason added to `problem`.
std::optional<double> figure_of(const Json& fields, const std::string& name, std::string& problem) {
  const auto text = text_of(fields, name.c_str());
  const auto value = text ? parse_double(*text) : Result<double>(0.0);
  if (value && *value > kLeast && *value < kMost) {
    return *value;
  }
  problem += fmt::format("{}{}", problem.empty() ? "" : "; ", quoted_value(fields, name.c_str()));
  return std::nullopt;
}

std::vector<double> samples_of(const Json& fields, const std::string& name, std::string& problem) {
  std::vector<double> samples;
  const auto at = fields.find(name);
  if (at == fields.end() || at->is_null()) {
    return samples;
  }
  std::size_t bad = at->is_array() ? 0 : 1;
  for (const Json& value : at->is_array() ? *at : Json::array()) {
    if (value.is_number() && value.get<double>() > kLeast && value.get<double>() < kMost) {
      samples.push_back(value.get<double>());
    } else {
      ++bad;
    }
  }
  if (bad > 0) {
    problem += fmt::format("{}{} of {} is no figure", problem.empty() ? "" : "; ", bad, name);
  }
  return samples;
}

// "2026-03-01T10:00:00Z" of that and of "2026-03-01 10:00:00"; "" of what is no UTC time.
std::string time_of(const Json& fields) {
  std::string text(trim(text_of(fields, "test_time").value_or("")).substr(0, 40));
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  if (text.size() == kShape.size() ||
      (text.size() > kShape.size() && text.find_first_not_of("0123456789.Z", 19) == std::string::npos)) {
    text.resize(kShape.size());
    text[10] = text[10] == ' ' ? 'T' : text[10];
    const bool fits = std::ranges::equal(
        text, kShape, [](char c, char shape) { return shape == 'd' ? c >= '0' && c <= '9' : c == shape; });
    return fits ? text + "Z" : "";
  }
  return "";
}

// One figure of a row.
struct Figure {
  std::string name;  // the column behind avg_, stddev_, samples_; or the column itself
  bool has_spread = true;
  std::string test;
  std::string metric;
  std::string unit = "tok/s";
};

std::string at_depth(std::string name, std::int64_t depth) {
  return depth > 0 ? fmt::format("{} @ d{}", name, depth) : name;
}

// Reading and writing in one figure is none of ours.
Result<std::vector<Figure>> llama_bench_figures(const Json& fields) {
  MIA_TRY_ASSIGN(const std::int64_t n_prompt, tokens_of(fields, "n_prompt"));
  MIA_TRY_ASSIGN(const std::int64_t n_gen, tokens_of(fields, "n_gen"));
  MIA_TRY_ASSIGN(const std::int64_t n_depth, tokens_of(fields, "n_depth"));
  if (n_prompt == 0 && n_gen == 0) {
    return fail(ErrorKind::usage, "neither n_prompt nor n_gen: no token was measured");
  }
  std::string name = n_prompt > 0 ? fmt::format("pp{}", n_prompt) : "";
  if (n_gen > 0) {
    name += fmt::format("{}tg{}", name.empty() ? "" : "+", n_gen);
  }
  const std::string test = at_depth(name, n_depth);
  const char* const speed = n_prompt > 0 && n_gen > 0 ? "total_tok_s" : n_gen > 0 ? "decode_tok_s" : "prefill_tok_s";
  std::vector<Figure> figures{{"ts", true, test, speed}};
  for (const auto& [column, value] : fields.items()) {  // of forks: avg_ttft_ms
    const record::Metric* const metric =
        column.starts_with("avg_") ? record::find_metric(std::string_view(column).substr(4)) : nullptr;
    if (metric != nullptr) {
      figures.push_back({column.substr(4), true, test, std::string(metric->name), std::string(metric->unit)});
    }
  }
  return figures;
}

// Both tools write one row for a prompt and an answer. sweep-bench measures both behind n_kv tokens; batched-bench
// reads pl prompts, then writes pl answers behind them, and the speeds are of all together: ours only where pl is 1.
Result<std::vector<Figure>> batched_figures(const Json& fields) {
  MIA_TRY_ASSIGN(const std::int64_t pp, tokens_of(fields, "pp"));
  MIA_TRY_ASSIGN(const std::int64_t tg, tokens_of(fields, "tg"));
  MIA_TRY_ASSIGN(const std::int64_t kv, tokens_of(fields, "n_kv"));
  const bool is_sweep = !fields.contains("pl");
  MIA_TRY_ASSIGN(const std::int64_t pl, tokens_of(fields, "pl"));
  const bool is_one = is_sweep || pl == 1;
  const std::string times = is_one ? "" : fmt::format(" x{}", pl);
  std::vector<Figure> figures;
  if (pp > 0) {
    figures.push_back({"speed_pp", false, at_depth(fmt::format("pp{}", pp), is_sweep ? kv : 0) + times,
                       is_one ? "prefill_tok_s" : "batch_prefill_tok_s"});
  }
  if (tg > 0) {
    figures.push_back({"speed_tg", false, at_depth(fmt::format("tg{}", tg), is_sweep ? kv : pp) + times,
                       is_one ? "decode_tok_s" : "batch_decode_tok_s"});
  }
  if (figures.empty()) {
    return fail(ErrorKind::usage, "neither pp nor tg: no token was measured");
  }
  return figures;
}

Result<std::vector<ImportedRow>> rows_of(const Json& fields) {
  MIA_TRY_ASSIGN(const std::vector<Figure> figures,
                 fields.contains("avg_ts") ? llama_bench_figures(fields) : batched_figures(fields));
  ImportedRow row;
  row.model = text_of(fields, "model_filename").value_or(text_of(fields, "model_type").value_or(""));
  row.machine = joined(fields, {"cpu_info", "gpu_info"}, ", ");
  row.runtime = joined(fields, {"build_number", "build_commit"}, " ");
  row.measured = time_of(fields);
  row.settings = settings_of(fields);
  row.fields_json = dump_json(fields);
  std::vector<ImportedRow> rows;
  for (const Figure& figure : figures) {
    const std::string column = (figure.has_spread ? "avg_" : "") + figure.name;
    ImportedRow& one = rows.emplace_back(row);
    one.test = figure.test;
    one.metric = figure.metric;
    one.unit = figure.unit;
    one.mean = figure_of(fields, column, one.problem);
    if (!figure.has_spread) {
      continue;
    }
    one.samples = samples_of(fields, "samples_" + figure.name, one.problem);
    // Of a single repetition the tool writes 0, which is not known.
    if (const std::string spread = "stddev_" + figure.name; fields.contains(spread)) {
      const auto value = parse_double(text_of(fields, spread.c_str()).value_or("null"));
      if (value && *value >= 0) {
        one.stddev = *value > 0 || one.samples.size() > 1 ? std::optional(*value) : std::nullopt;
      } else {
        one.problem += fmt::format("{}{}", one.problem.empty() ? "" : "; ", quoted_value(fields, spread.c_str()));
      }
    }
  }
  return rows;
}

constexpr std::string_view kBuild = "build_commit build_number";
constexpr std::string_view kMachine = "cpu_info gpu_info";
constexpr std::string_view kModel = "model_filename model_type model_size model_n_params size params";

std::set<std::string> as_set(std::string_view words) {
  const std::vector<std::string> list = split(words, ' ');
  return {list.begin(), list.end()};
}

Result<RawRows> raw_rows(std::string_view bytes) {
  if (bytes.starts_with(store::kSqliteMagic)) {
    MIA_TRY_ASSIGN(std::vector<Json> list, store::rows_of_database(bytes, "avg_ts"));
    RawRows raw{"sqlite", {}, {}};
    for (Json& fields : list) {
      raw.rows.push_back({std::move(fields), 0});
    }
    return raw;
  }
  MIA_TRY_ASSIGN(const std::string text, to_utf8(bytes));
  return read_rows(text);
}

std::string place_of(const RawRow& raw, std::size_t n) {
  return raw.line > 0 ? fmt::format("row {} (line {})", n + 1, raw.line) : fmt::format("row {}", n + 1);
}

std::string tool_of(const Json& fields) {
  return fields.contains("avg_ts") ? "llama-bench" : fields.contains("pl") ? "llama-batched-bench" : "sweep-bench";
}

}  // namespace

record::Settings settings_of(const Json& fields) {
  constexpr auto kSame = std::to_array<std::pair<const char*, std::string_view>>({
      {"n_threads", "llm.primary.n_threads"},
      {"n_batch", "llm.primary.n_batch"},
      {"n_ubatch", "llm.primary.n_ubatch"},
      {"n_gpu_layers", "llm.primary.n_gpu_layers"},
      {"n_cpu_moe", "llm.primary.n_cpu_moe"},
      {"type_k", "llm.primary.cache_type_k"},
      {"type_v", "llm.primary.cache_type_v"},
      {"split_mode", "llm.primary.split_mode"},
      {"main_gpu", "llm.primary.main_gpu"},
      {"poll", "llm.primary.poll"},
  });
  record::Settings settings;
  for (const auto& [name, key] : kSame) {
    set_known(settings, key, text_of(fields, name));
  }
  set_known(settings, "llm.primary.load_mode", load_mode(fields));
  set_known(settings, "llm.primary.flash_attn", flash_attention(text_of(fields, "flash_attn")));
  set_known(settings, "llm.primary.offload_kqv", negated(text_of(fields, "no_kv_offload")));
  set_known(settings, "llm.primary.op_offload", negated(text_of(fields, "no_op_offload")));
  if (const auto overrides = text_of(fields, "tensor_buft_overrides"); overrides && *overrides != "none") {
    set_known(settings, "llm.primary.override_tensor", overrides);
  }
  settings.workload.input = "tokens";
  for (const auto& [name, tokens] :
       {std::pair("n_prompt", &settings.workload.prompt_tokens), std::pair("n_gen", &settings.workload.max_tokens)}) {
    if (const auto count = tokens_of(fields, name); count && *count > 0) {
      *tokens = *count;
    }
  }
  return settings;
}

Columns columns_of(const Json& fields) {
  constexpr auto kNone =
      std::to_array<std::string_view>({"n_prompt", "n_gen", "n_depth", "test_time", "timestamp", "date", "time", "pp",
                                       "tg", "pl", "n_kv", "t_pp", "speed_pp", "t_tg", "speed_tg", "t", "speed"});
  Columns columns;
  for (const auto& [name, value] : fields.items()) {
    const bool is_figure = name.starts_with("avg_") || name.starts_with("stddev_") || name.starts_with("samples_") ||
                           std::ranges::find(kNone, name) != kNone.end();
    if (is_figure || value.is_null()) {
      continue;
    }
    const std::string text = value.is_string() ? std::string(trim(value.get<std::string>())) : dump_json(value);
    const std::string word = lower(std::string_view(text).substr(0, 6));
    columns[name] = word == "true" || word == "on" ? "1" : word == "false" || word == "off" ? "0" : text;
  }
  return columns;
}

std::set<std::string> columns_named(std::string_view name) {
  const std::string word = lower(trim(name));
  return word == "build"     ? as_set(kBuild)
         : word == "machine" ? as_set(kMachine)
         : word == "model"   ? as_set(kModel)
                             : std::set<std::string>{std::string(trim(name))};
}

std::set<std::string> columns_beside(std::string_view column) {
  for (const std::string_view group : {kBuild, kMachine, kModel}) {
    if (std::set<std::string> columns = as_set(group); columns.contains(std::string(column))) {
      return columns;
    }
  }
  return columns_named(column);
}

Result<store::ImportedSamples> read_llama_bench(std::string_view bytes, std::string_view source) {
  const std::string name = one_line(source, 300);
  MIA_TRY_ASSIGN(RawRows raw, context(raw_rows(bytes), name));
  store::ImportedSamples samples;
  std::vector<std::string> tools;
  std::string first_problem;
  std::size_t problems = 0;
  for (std::size_t n = 0; n < raw.rows.size(); ++n) {
    auto rows = rows_of(raw.rows[n].fields);
    std::string problem = rows ? "" : rows.error().message + "; left out";
    for (ImportedRow& row : rows ? *rows : std::vector<ImportedRow>()) {
      problem = problem.empty() && !row.problem.empty() ? row.problem + "; kept as null" : problem;
      samples.rows.push_back(std::move(row));
    }
    if (!problem.empty() && ++problems == 1) {
      first_problem = fmt::format("{}: {}", place_of(raw.rows[n], n), problem);
    }
    if (const std::string tool = tool_of(raw.rows[n].fields); std::ranges::find(tools, tool) == tools.end()) {
      tools.push_back(tool);
    }
  }
  if (samples.rows.empty()) {
    const std::string reason = !first_problem.empty() ? first_problem : raw.notes.empty() ? "" : raw.notes.front();
    return with_hint(fail(ErrorKind::usage,
                          "{}: no results: neither JSON, JSONL, CSV nor SQL of llama-bench, nor a table of it, of "
                          "batched-bench or of "
                          "sweep-bench{}{}",
                          name, reason.empty() ? "" : " - ", reason),
                     "llama-bench -o jsonl writes a file that can be imported");
  }
  if (problems > 0) {
    raw.notes.push_back(
        problems == 1 ? first_problem
                      : fmt::format("{} rows have a figure that is none, the first is {}", problems, first_problem));
  }
  samples.file.id = hash_hex(bytes);
  samples.file.source = source;
  samples.file.tool = join(tools, ", ");
  samples.file.format = raw.format;
  samples.file.imported = utc_now();
  samples.file.rows = static_cast<std::int64_t>(samples.rows.size());
  samples.file.notes = std::move(raw.notes);
  return samples;
}

}  // namespace mia::imports
