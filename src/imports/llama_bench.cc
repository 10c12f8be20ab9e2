// SPDX-License-Identifier: MIT
#include "imports/llama_bench.h"

#include <array>
#include <cmath>
#include <filesystem>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "imports/text_tables.h"
#include "record/fields.h"

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

// Errors name the field.
Result<std::optional<double>> number_of(const Json& fields, const char* name) {
  const auto text = text_of(fields, name);
  if (!text) {
    return std::optional<double>();
  }
  MIA_TRY_ASSIGN(const double value, context(parse_double(trim(*text)), name));
  return std::optional(value);
}

Result<std::int64_t> tokens_of(const Json& fields, const char* name) {
  MIA_TRY_ASSIGN(const std::optional<double> value, number_of(fields, name));
  const double tokens = value.value_or(0);
  if (tokens < 0 || tokens > 1e9 || tokens != std::floor(tokens)) {
    return fail(ErrorKind::usage, "{}: {} is no number of tokens", name, tokens);
  }
  return static_cast<std::int64_t>(tokens);
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

record::Settings settings_of(const Json& fields, std::int64_t n_prompt, std::int64_t n_gen) {
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
  if (n_prompt > 0) {
    settings.workload.prompt_tokens = n_prompt;
  }
  if (n_gen > 0) {
    settings.workload.max_tokens = n_gen;
  }
  return settings;
}

std::string test_name(std::int64_t n_prompt, std::int64_t n_gen, std::int64_t n_depth) {
  std::string name = n_prompt > 0 ? fmt::format("pp{}", n_prompt) : "";
  if (n_gen > 0) {
    name += fmt::format("{}tg{}", name.empty() ? "" : "+", n_gen);
  }
  return n_depth > 0 ? fmt::format("{} @ d{}", name, n_depth) : name;
}

// Reading and writing in one figure is none of ours.
std::string metric_name(std::int64_t n_prompt, std::int64_t n_gen) {
  if (n_prompt > 0 && n_gen > 0) {
    return "total_tok_s";
  }
  return n_gen > 0 ? "decode_tok_s" : "prefill_tok_s";
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

Result<std::vector<double>> samples_of(const Json& fields) {
  std::vector<double> samples;
  const auto at = fields.find("samples_ts");
  if (at == fields.end() || at->is_null()) {
    return samples;
  }
  if (!at->is_array()) {
    return fail(ErrorKind::usage, "samples_ts is not a list");
  }
  for (const Json& value : *at) {
    if (!value.is_number() || !std::isfinite(value.get<double>())) {
      return fail(ErrorKind::usage, "samples_ts holds something that is no number");
    }
    samples.push_back(value.get<double>());
  }
  return samples;
}

Result<ImportedRow> row_of(const Json& fields) {
  if (!fields.is_object()) {
    return fail(ErrorKind::usage, "not an object");
  }
  ImportedRow row;
  MIA_TRY_ASSIGN(row.mean, number_of(fields, "avg_ts"));
  if (!row.mean) {
    return fail(ErrorKind::usage, "no avg_ts: this is not what llama-bench writes");
  }
  MIA_TRY_ASSIGN(row.stddev, number_of(fields, "stddev_ts"));
  MIA_TRY_ASSIGN(const std::int64_t n_prompt, tokens_of(fields, "n_prompt"));
  MIA_TRY_ASSIGN(const std::int64_t n_gen, tokens_of(fields, "n_gen"));
  MIA_TRY_ASSIGN(const std::int64_t n_depth, tokens_of(fields, "n_depth"));
  if (n_prompt == 0 && n_gen == 0) {
    return fail(ErrorKind::usage, "neither n_prompt nor n_gen: no token was measured");
  }
  MIA_TRY_ASSIGN(row.samples, samples_of(fields));
  row.test = test_name(n_prompt, n_gen, n_depth);
  row.metric = metric_name(n_prompt, n_gen);
  row.unit = "tok/s";
  row.model = text_of(fields, "model_filename").value_or("");
  row.machine = joined(fields, {"cpu_info", "gpu_info"}, ", ");
  row.runtime = joined(fields, {"build_number", "build_commit"}, " ");
  row.measured = text_of(fields, "test_time").value_or("");
  row.settings = settings_of(fields, n_prompt, n_gen);
  row.fields_json = dump_json(fields);
  return row;
}

struct Rows {
  std::string format;
  std::vector<Json> fields;
};

Json to_json(const TextRow& row) {
  Json fields = Json::object();
  for (const auto& [name, value] : row) {
    fields[name] = value;
  }
  return fields;
}

Result<Rows> text_rows(std::string format, Result<std::vector<TextRow>> parsed) {
  MIA_TRY_ASSIGN(const std::vector<TextRow> list, std::move(parsed));
  Rows rows{std::move(format), {}};
  for (const TextRow& row : list) {
    rows.fields.push_back(to_json(row));
  }
  return rows;
}

// The parser's own message says where.
Result<Json> parse_here(std::string_view text) {
  auto json = parse_json(text);
  if (!json) {
    return fail(ErrorKind::usage, "{}", json.error().message);
  }
  return json;
}

Result<Rows> json_lines(std::string_view text) {
  Rows rows{"jsonl", {}};
  std::size_t number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    if (trim(line).empty()) {
      continue;
    }
    if (rows.fields.size() >= kMaxRows) {
      return fail(ErrorKind::usage, "more than {} rows", kMaxRows);
    }
    MIA_TRY_ASSIGN(rows.fields.emplace_back(), context(parse_here(line), fmt::format("line {}", number)));
  }
  return rows;
}

Result<Rows> rows_of(std::string_view text) {
  const std::string_view start = trim(text);
  const std::string head = lower(start.substr(0, 4096));
  if (start.starts_with('[')) {
    MIA_TRY_ASSIGN(const Json list, parse_here(text));
    return Rows{"json", {list.begin(), list.end()}};
  }
  if (start.starts_with('{')) {
    auto single = parse_json(text);
    return single ? Rows{"json", {std::move(*single)}} : json_lines(text);
  }
  if (head.starts_with("create table") || head.starts_with("insert into")) {
    return text_rows("sql", parse_inserts(text));
  }
  if (start.starts_with('|')) {
    return with_hint(fail(ErrorKind::usage, "a table for people, whose figures are rounded"),
                     "write it with llama-bench -o jsonl");
  }
  if (head.find("build_commit") == std::string::npos && head.find("avg_ts") == std::string::npos) {
    return fail(ErrorKind::usage, "neither JSON, JSONL, CSV nor SQL of llama-bench");
  }
  return text_rows("csv", parse_csv(text));
}

}  // namespace

Result<store::ImportedSamples> read_llama_bench(std::string_view text, std::string_view source) {
  const std::string name = one_line(source, 300);
  MIA_TRY_ASSIGN(const Rows rows, context(rows_of(text), name));
  store::ImportedSamples samples;
  for (const Json& fields : rows.fields) {
    MIA_TRY_ASSIGN(samples.rows.emplace_back(),
                   context(row_of(fields), fmt::format("{}: row {}", name, samples.rows.size() + 1)));
  }
  if (samples.rows.empty()) {
    return fail(ErrorKind::usage, "{}: no results", name);
  }
  samples.file.id = hash_hex(text);
  samples.file.source = source;
  samples.file.tool = "llama-bench";
  samples.file.format = rows.format;
  samples.file.imported = utc_now();
  samples.file.rows = static_cast<std::int64_t>(samples.rows.size());
  return samples;
}

}  // namespace mia::imports
