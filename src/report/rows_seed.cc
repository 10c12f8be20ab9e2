// SPDX-License-Identifier: MIT
// The columns of the seed's tables, in the seed's order and under its names.
#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <utility>

#include <fmt/core.h>

#include "report/shapes.h"

namespace mia::report {
namespace {

constexpr NumberStyle kRatio{2, 1, false};
constexpr NumberStyle kPercent{1, 1, true};
constexpr NumberStyle kFraction{1, 100, true};  // shown as percent
constexpr NumberStyle kInMiB{1, 1 / (1024.0 * 1024.0), false};

record::Summary plain(std::optional<double> value, std::string null_reason = "") {
  record::Summary summary;
  summary.value = value;
  summary.null_reason = value ? "" : std::move(null_reason);
  return summary;
}

std::string workload_name(const record::CellReport& cell) {
  return cell.requested.workload.name.value_or(cell.effective.workload.name.value_or(""));
}

std::optional<double> target_tokens(const record::CellReport* cell) {
  if (cell == nullptr || !cell->requested.workload.max_tokens) {
    return std::nullopt;
  }
  return static_cast<double>(*cell->requested.workload.max_tokens);
}

std::vector<const record::CellReport*> pointers(const std::vector<record::CellReport>& cells) {
  std::vector<const record::CellReport*> list;
  for (const record::CellReport& cell : cells) {
    list.push_back(&cell);
  }
  return list;
}

const record::ModelInfo* model_of(const Part& part, const record::CellReport& cell) {
  const auto& models = part.report->models;
  const auto at = std::ranges::find(models, cell.model, &record::ModelInfo::id);
  return at == models.end() ? nullptr : &*at;
}

std::string mode_failure(const Mode& mode) {
  std::string text;
  for (const auto& [name, cell] : {std::pair{"short", mode.shorter}, std::pair{"long", mode.longer}}) {
    const std::string failure = cell == nullptr ? "not measured" : failure_of(*cell);
    if (!failure.empty()) {
      text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", name, failure);
    }
  }
  return text;
}

std::optional<double> offloaded(const Part& part, const record::CellReport& cell) {
  const record::ModelInfo* const model = model_of(part, cell);
  if (model == nullptr || !model->layers || *model->layers <= 0 || !cell.effective.llm.n_gpu_layers) {
    return std::nullopt;
  }
  return std::min(1.0, static_cast<double>(*cell.effective.llm.n_gpu_layers) / static_cast<double>(*model->layers));
}

constexpr const char* kNoPairs = "no undisturbed pair of repeats with the first cell";

// The first cell, in any workload, is held against nothing.
bool is_first_mode(const Part& part, const record::CellReport& cell) {
  return mode_of(cell.point) == mode_of(part.cells.front().point);
}

Figure delta_figure(const Part& part, const record::CellReport& cell) {
  record::Summary delta = plain(cell.delta, is_first_mode(part, cell) || !cell.failure.empty() ? "" : kNoPairs);
  delta.low = cell.delta_low;
  delta.high = cell.delta_high;
  return with_interval(number_figure("delta", "Δ (%)", delta, kFraction));
}

// Speed of a model against the first one: with the interval of the cell's delta where the session has one.
record::Summary speed_ratio(const record::CellReport* cell, const record::CellReport* first) {
  if (cell == nullptr || cell == first) {
    return ratio(summary_of(cell, "tokens_per_s"), summary_of(first, "tokens_per_s"));
  }
  if (!cell->delta) {
    return plain(std::nullopt, cell->failure.empty() ? kNoPairs : cell->failure);
  }
  record::Summary summary = plain(1 + *cell->delta);
  if (cell->delta_low && cell->delta_high) {
    summary.low = 1 + *cell->delta_low;
    summary.high = 1 + *cell->delta_high;
  }
  return summary;
}

bool varies_flash_attention(const Part& part) {
  return std::ranges::any_of(varying_fields(pointers(part.cells), false),
                             [](const record::Field* field) { return field->name == "flash_attn"; });
}

const record::Quality* quality_of(const Part& part, const record::CellReport& cell) {
  for (const record::Quality& quality : part.report->quality) {
    if (quality.model == cell.model && quality.runtime == cell.runtime) {
      return &quality;
    }
  }
  return nullptr;
}

// Beside the speed: null with its reason, and without one where the scenario does not ask for quality.
record::Summary quality_figure(const Part& part, const record::CellReport& cell,
                               std::optional<double> record::Quality::*member) {
  const record::Quality* const quality = quality_of(part, cell);
  if (quality == nullptr) {
    return plain(std::nullopt);
  }
  const bool divergence = member == &record::Quality::mean_kl_divergence;
  return plain(quality->*member, divergence ? quality->divergence_null_reason : quality->null_reason);
}

void add(Row& row, std::vector<Figure> figures) {
  row.figures.insert(row.figures.end(), std::make_move_iterator(figures.begin()),
                     std::make_move_iterator(figures.end()));
}

Row start_row(const Part& part, const record::CellReport& cell) {
  Row row;
  const std::vector<Figure> axes = axis_figures(part, cell, true);
  row.figures.push_back(text_figure("label", axes.empty() ? "cell" : "", label_of(cell)));
  row.figures.push_back(text_figure("key", "", cell.key));
  add(row, axes);
  return row;
}

// A mode stands for two cells: its label names the settings that tell it apart, not the workload.
Row start_mode_row(const Part& part, const Mode& mode) {
  Row row;
  const std::vector<Figure> axes = axis_figures(part, *mode.first, false);
  std::string label;
  for (const record::Field* const field : varying_fields(pointers(part.cells), false)) {
    const std::string value = record::to_text(record::get(mode.first->requested, *field));
    label += fmt::format("{}{}={}", label.empty() ? "" : " ", field->name, value);
  }
  row.figures.push_back(text_figure("label", axes.empty() ? "mode" : "", label.empty() ? mode.first->model : label));
  row.figures.push_back(text_figure("key_short", "", mode.shorter == nullptr ? "" : mode.shorter->key));
  row.figures.push_back(text_figure("key_long", "", mode.longer == nullptr ? "" : mode.longer->key));
  add(row, axes);
  row.failure = mode_failure(mode);
  return row;
}

Figure target_figure(std::string name, const record::CellReport* cell) {
  Figure figure = number_figure(std::move(name), "", plain(target_tokens(cell)), {0, 1, false});
  std::get<NumberFigure>(figure.what).whole = true;
  return figure;
}

Figure headed(Figure figure, std::string heading) {
  figure.heading = std::move(heading);
  return figure;
}

std::vector<Figure> workload_latency(const record::CellReport* cell, const std::string& word) {
  return {target_figure("target_tokens_" + word, cell),
          headed(metric_figure(cell, "p50_decode_ms", fmt::format("p50_{}_ms", word)), word + " p50 (ms)"),
          headed(metric_figure(cell, "p95_decode_ms", fmt::format("p95_{}_ms", word)), word + " p95 (ms)"),
          headed(metric_figure(cell, "mean_decode_ms", fmt::format("mean_{}_ms", word)), word + " mean (ms)"),
          hidden(metric_figure(cell, "sample_count", fmt::format("sample_count_{}", word)))};
}

}  // namespace

record::Summary summary_of(const record::CellReport* cell, std::string_view metric) {
  if (cell == nullptr) {
    return plain(std::nullopt, "not measured");
  }
  const auto at = cell->metrics.find(std::string(metric));
  if (at == cell->metrics.end()) {
    return plain(std::nullopt, cell->failure);
  }
  record::Summary summary = at->second;
  if (!summary.value && summary.null_reason.empty()) {
    summary.null_reason = cell->failure;
  }
  return summary;
}

record::Summary ratio(const record::Summary& a, const record::Summary& b) {
  if (!a.value || !b.value || *b.value == 0) {
    return plain(std::nullopt, "one of its two figures is not known");
  }
  return plain(*a.value / *b.value);
}

Figure text_figure(std::string name, std::string heading, std::string text) {
  return {std::move(name), std::move(heading), std::move(text)};
}

Figure number_figure(std::string name, std::string heading, record::Summary summary, NumberStyle style) {
  return {std::move(name), std::move(heading), NumberFigure{std::move(summary), style, false, false}};
}

Figure metric_figure(const record::CellReport* cell, std::string_view metric, std::string name) {
  const record::Metric* const row = record::find_metric(metric);
  const MetricStyle style = row == nullptr ? MetricStyle{std::string(metric), {}} : style_of(*row);
  Figure figure = number_figure(std::move(name), style.heading, summary_of(cell, metric), style.number);
  std::get<NumberFigure>(figure.what).whole = row != nullptr && row->digits == 0;
  return figure;
}

Figure with_interval(Figure figure) {
  std::get<NumberFigure>(figure.what).interval = true;
  return figure;
}

Figure hidden(Figure figure) {
  figure.heading.clear();
  return figure;
}

std::string failure_of(const record::CellReport& cell) {
  std::int64_t trials = 0;
  std::int64_t good = 0;
  for (const auto& [kind, count] : cell.outcomes) {
    trials += count;
    good += kind == record::name_of(record::OutcomeKind::ok) ? count : 0;
  }
  if (cell.failure.empty() || good == 0) {
    return cell.failure;
  }
  return fmt::format("{} of {}: {}", trials - good, trials, cell.failure);
}

std::vector<Figure> axis_figures(const Part& part, const record::CellReport& cell, bool with_workload) {
  std::vector<Figure> figures;
  for (const record::Field* const field : varying_fields(pointers(part.cells), with_workload)) {
    if (field->key == "llm.primary.id") {
      figures.push_back(text_figure("model_id", "model", cell.model));
    } else if (field->key == "run.runtime") {
      figures.push_back(text_figure("runtime", "runtime", cell.runtime));
    } else if (field->key == "workload.name") {
      figures.push_back(text_figure("workload", "workload", workload_name(cell)));
    } else if (field->key != "workload.prompt" && field->key != "workload.prompt_file") {
      // Names that two sections share are told apart by their section.
      const bool unique = record::find_field(field->name) == field;
      const std::string section(field->key.substr(0, field->key.find('.')));
      std::string name = unique ? std::string(field->name) : fmt::format("{}_{}", section, field->name);
      figures.push_back({name, name,
                         SettingFigure{record::get(cell.requested, *field), record::get(cell.effective, *field),
                                       word_for(cell, *field)}});
    }
  }
  return figures;
}

bool has_modes(const Part& part) {
  const auto named = [&](const char* name) { return std::ranges::count(part.cells, std::string(name), workload_name); };
  const auto shorter = named("short");
  const auto longer = named("long");
  return shorter > 0 && longer > 0 && shorter + longer == std::ssize(part.cells);
}

std::vector<Mode> modes(const Part& part) {
  std::vector<Mode> found;
  for (const record::CellReport& cell : part.cells) {
    const bool is_long = workload_name(cell) == "long";
    auto mode = std::ranges::find_if(found, [&](const Mode& other) {
      return (is_long ? other.longer : other.shorter) == nullptr && other.first->point.settings == cell.point.settings;
    });
    if (mode == found.end()) {
      mode = found.insert(found.end(), Mode{&cell, nullptr, nullptr});
    }
    (is_long ? mode->longer : mode->shorter) = &cell;
  }
  return found;
}

// What memory and disk allow, beside what was reached.
std::vector<Figure> limit_figures(const record::CellReport* cell, const std::string& prefix,
                                  const std::string& heading) {
  const auto of = [&](std::optional<double> record::CellReport::*member) {
    return plain(cell == nullptr ? std::nullopt : cell->*member);
  };
  return {number_figure(prefix + "efficiency", heading, of(&record::CellReport::efficiency), {0, 100, false}),
          number_figure(prefix + "roofline_tok_s", "", of(&record::CellReport::roofline_tok_s), {1}),
          number_figure(prefix + "load_limit_ms", "", of(&record::CellReport::load_limit_ms), {1})};
}

std::vector<Row> plain_rows(const Part& part) {
  const bool tuning = part.table == record::TableShape::tuning;
  std::vector<Row> rows;
  for (const record::CellReport& cell : part.cells) {
    Row row = start_row(part, cell);
    const auto detail = [&](Figure figure, bool shown) {
      row.figures.push_back(shown ? std::move(figure) : hidden(std::move(figure)));
    };
    detail(number_figure("offload_fraction", "offloaded (%)", plain(offloaded(part, cell)), {0, 100, false}), !tuning);
    add(row, {metric_figure(&cell, "load_ms", "load_ms"), metric_figure(&cell, "tokens_out", "tokens_out"),
              metric_figure(&cell, "gen_latency_s", tuning ? "gen_s" : "gen_latency_s"),
              with_interval(metric_figure(&cell, "tokens_per_s", tuning ? "tps" : "tokens_per_s")),
              delta_figure(part, cell)});
    detail(metric_figure(&cell, "prefill_tok_s", "prefill_tok_s"), !tuning);
    detail(metric_figure(&cell, "decode_tok_s", "decode_tok_s"), !tuning);
    for (const char* const name : {"p50_decode_ms", "p95_decode_ms", "mean_decode_ms", "sample_count"}) {
      detail(metric_figure(&cell, name, name), part.latency);
    }
    add(row, limit_figures(&cell, "", "of roofline (%)"));
    detail(number_figure("gpu_buffer_bytes", "GPU buffers (MiB)", plain(device_bytes(cell, "model")), kInMiB), !tuning);
    add(row, gpu_figures(part, cell, part.table == record::TableShape::gpu));
    detail(metric_figure(&cell, "peak_rss_bytes", "peak_rss_bytes"), false);
    row.failure = failure_of(cell);
    rows.push_back(std::move(row));
  }
  if (tuning) {
    std::ranges::stable_sort(rows, std::greater<>(), [](const Row& row) {
      const auto at = std::ranges::find(row.figures, "tps", &Figure::name);
      return std::get<NumberFigure>(at->what).summary.value.value_or(-1);
    });
  }
  return rows;
}

std::vector<Row> long_context_rows(const Part& part) {
  std::vector<Row> rows;
  for (const Mode& mode : modes(part)) {
    Row row = start_mode_row(part, mode);
    const auto ratio_of_speeds =
        ratio(summary_of(mode.longer, "tokens_per_s"), summary_of(mode.shorter, "tokens_per_s"));
    record::Summary change = ratio_of_speeds;
    if (change.value) {
      change.value = (*change.value - 1) * 100;
    }
    add(row, {target_figure("target_tokens_short", mode.shorter), target_figure("target_tokens_long", mode.longer),
              headed(with_interval(metric_figure(mode.shorter, "tokens_per_s", "short_tps")), "short (tok/s)"),
              headed(with_interval(metric_figure(mode.longer, "tokens_per_s", "long_tps")), "long (tok/s)"),
              headed(metric_figure(mode.longer, "load_ms", "load_ms"), "long load (ms)"),
              headed(metric_figure(mode.longer, "gen_latency_s", "gen_latency_s"), "long gen (s)"),
              headed(metric_figure(mode.longer, "tokens_out", "tokens_out"), "long tokens"),
              number_figure("degradation", "long/short", ratio_of_speeds, kRatio),
              number_figure("delta_percent", "Δ (%)", change, kPercent),
              hidden(metric_figure(mode.shorter, "p95_decode_ms", "p95_short_ms")),
              hidden(metric_figure(mode.longer, "p95_decode_ms", "p95_long_ms")),
              number_figure("p95_long_over_short", part.latency ? "p95 long/short" : "",
                            ratio(summary_of(mode.longer, "p95_decode_ms"), summary_of(mode.shorter, "p95_decode_ms")),
                            kRatio)});
    add(row, limit_figures(mode.shorter, "short_", "short of roofline (%)"));
    add(row, limit_figures(mode.longer, "long_", "long of roofline (%)"));
    add(row, flash_attention_figures(mode.longer, varies_flash_attention(part)));
    if (mode.longer != nullptr) {
      row.curve = record::decode_curve(*part.report, *mode.longer);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Row> latency_rows(const Part& part) {
  std::vector<Row> rows;
  for (const Mode& mode : modes(part)) {
    Row row = start_mode_row(part, mode);
    add(row, workload_latency(mode.shorter, "short"));
    add(row, workload_latency(mode.longer, "long"));
    add(row, {number_figure("p95_long_over_short", "p95 long/short",
                            ratio(summary_of(mode.longer, "p95_decode_ms"), summary_of(mode.shorter, "p95_decode_ms")),
                            kRatio),
              headed(metric_figure(mode.shorter, "tokens_per_s", "tokens_per_s_short"), "short (tok/s)"),
              headed(metric_figure(mode.longer, "tokens_per_s", "tokens_per_s_long"), "long (tok/s)"),
              number_figure("tps_long_over_short", "tok/s long/short",
                            ratio(summary_of(mode.longer, "tokens_per_s"), summary_of(mode.shorter, "tokens_per_s")),
                            kRatio)});
    add(row, limit_figures(mode.shorter, "short_", ""));
    add(row, limit_figures(mode.longer, "long_", ""));
    rows.push_back(std::move(row));
  }
  return rows;
}

// Tokens of different tokenizers are of different length: bytes of the scored text for each of them make speeds alike.
record::Summary bytes_per_s(const Part& part, const record::CellReport* cell) {
  const record::Quality* const quality = cell == nullptr ? nullptr : quality_of(part, *cell);
  const auto speed = summary_of(cell, "tokens_per_s").value;
  if (quality == nullptr || !speed || quality->scored_tokens.value_or(0) < 1 || !quality->scored_bytes) {
    return plain(std::nullopt, "the model was not scored, so the length of its tokens is not known");
  }
  return plain(*speed * static_cast<double>(*quality->scored_bytes) / static_cast<double>(*quality->scored_tokens));
}

bool one_tokenizer(const Part& part, const std::vector<Mode>& all) {
  return std::ranges::all_of(all, [&](const Mode& mode) {
    const record::ModelInfo* const first = model_of(part, *all.front().first);
    const record::ModelInfo* const model = model_of(part, *mode.first);
    return first == nullptr || model == nullptr || first->tokenizer_hash == model->tokenizer_hash;
  });
}

std::vector<Row> quant_rows(const Part& part) {
  std::vector<Row> rows;
  const std::vector<Mode> all = modes(part);
  const bool alike = one_tokenizer(part, all);  // else what is counted in tokens is not set side by side
  for (const Mode& mode : all) {
    Row row = start_mode_row(part, mode);
    const record::ModelInfo* const model = model_of(part, *mode.first);
    add(row,
        {number_figure("file_bytes", "file (MiB)",
                       plain(model == nullptr ? std::nullopt : std::optional(static_cast<double>(model->file_bytes))),
                       kInMiB),
         metric_figure(mode.first, "load_ms", "load_ms"),
         hidden(metric_figure(mode.shorter, "tokens_out", "short_tokens")),
         headed(with_interval(metric_figure(mode.shorter, "tokens_per_s", "short_tps")), "short (tok/s)"),
         hidden(metric_figure(mode.longer, "tokens_out", "long_tokens")),
         headed(with_interval(metric_figure(mode.longer, "tokens_per_s", "long_tps")), "long (tok/s)"),
         metric_figure(mode.first, "peak_rss_bytes", "peak_rss_bytes"),
         with_interval(number_figure("short_ratio", "short ×", speed_ratio(mode.shorter, all.front().shorter), kRatio)),
         with_interval(number_figure("long_ratio", "long ×", speed_ratio(mode.longer, all.front().longer), kRatio)),
         number_figure("load_ratio", "load ×",
                       ratio(summary_of(mode.first, "load_ms"), summary_of(all.front().first, "load_ms")), kRatio),
         number_figure("short_bytes_per_s", alike ? "" : "short (B/s)", bytes_per_s(part, mode.shorter), {1}),
         number_figure("long_bytes_per_s", alike ? "" : "long (B/s)", bytes_per_s(part, mode.longer), {1}),
         number_figure("perplexity", alike ? "perplexity" : "",
                       quality_figure(part, *mode.first, &record::Quality::perplexity), {3}),
         number_figure("bits_per_byte", alike ? "" : "bits/byte",
                       quality_figure(part, *mode.first, &record::Quality::bits_per_byte), {4}),
         number_figure("mean_kl_divergence", "KL divergence",
                       quality_figure(part, *mode.first, &record::Quality::mean_kl_divergence), {4})});
    add(row, limit_figures(mode.shorter, "short_", "short of roofline (%)"));
    add(row, limit_figures(mode.longer, "long_", "long of roofline (%)"));
    std::get<NumberFigure>(std::ranges::find(row.figures, "file_bytes", &Figure::name)->what).whole = true;
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace mia::report
