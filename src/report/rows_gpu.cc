// SPDX-License-Identifier: MIT
// What a cell on a GPU shows besides its speed.
#include <algorithm>
#include <array>
#include <utility>

#include "record/cell_figures.h"
#include "report/shapes.h"

namespace mia::report {
namespace {

constexpr NumberStyle kMiB{1, 1 / (1024.0 * 1024.0), false};
constexpr NumberStyle kWhole{0, 1, false};

Figure number(std::string name, std::string heading, std::optional<double> value, NumberStyle style,
              std::string null_reason = "") {
  record::Summary summary;
  summary.value = value;
  summary.null_reason = value ? "" : std::move(null_reason);
  return number_figure(std::move(name), std::move(heading), summary, style);
}

Figure whole(Figure figure) {
  std::get<NumberFigure>(figure.what).whole = true;
  return figure;
}

// ggml's names: the CPU's own buffers, those that a GPU can reach, and those of the CPU's matrix units and libraries.
bool on_host(const std::string& device) {
  constexpr std::array<std::string_view, 4> kOfTheCpu = {"CPU", "AMX", "BLAS", "KleidiAI"};
  return device.ends_with("_Host") ||
         std::ranges::any_of(kOfTheCpu, [&](std::string_view name) { return device.starts_with(name); });
}

using Trials = std::vector<const record::Trial*>;

Trials trials_of(const Part& part, const record::CellReport& cell) {
  Trials trials;
  for (const record::Trial& trial : part.report->trials) {
    if (trial.cell == cell.key) {
      trials.push_back(&trial);
    }
  }
  return trials;
}

std::optional<double> throttle_reasons(const Trials& trials) {
  std::optional<std::int64_t> mask;
  for (const record::Trial* const trial : trials) {
    if (trial->conditions.gpu_throttle_reasons) {
      mask = mask.value_or(0) | *trial->conditions.gpu_throttle_reasons;
    }
  }
  return mask ? std::optional(static_cast<double>(*mask)) : std::nullopt;
}

Figure word(std::string name, std::string heading, std::optional<std::string> text, std::string null_reason) {
  return {std::move(name), std::move(heading), WordFigure{std::move(text), std::move(null_reason)}};
}

}  // namespace

std::optional<double> device_bytes(const record::CellReport& cell, std::string_view kind) {
  std::optional<double> bytes;
  for (const record::BufferSize& buffer : cell.buffers) {
    if (buffer.kind == kind && !on_host(buffer.device)) {
      bytes = bytes.value_or(0) + static_cast<double>(buffer.bytes);
    }
  }
  return bytes;
}

std::vector<Figure> flash_attention_figures(const record::CellReport* cell, bool shown) {
  const record::FlashAttention flash = cell == nullptr ? record::FlashAttention{} : cell->flash_attention;
  const std::string reason = cell == nullptr ? "not measured" : cell->graph_reason;
  return {text_figure("flash_attn_asked", "", flash.asked),
          word("flash_attn_claimed", shown ? "FA claimed" : "", flash.claimed, "the runtime's log does not tell"),
          word("flash_attn_proven", shown ? "FA proven" : "", flash.proven, reason)};
}

std::vector<Figure> gpu_figures(const Part& part, const record::CellReport& cell, bool shown) {
  const char* const no_nvml = "no GPU whose driver tells it (NVML)";
  const Trials trials = trials_of(part, cell);
  const auto condition = [&](auto of) { return record::median_condition(trials, of); };
  std::vector<Figure> figures = {
      number("gpu_kv_bytes", "GPU KV (MiB)", device_bytes(cell, "kv"), kMiB),
      number("gpu_compute_bytes", "GPU compute (MiB)", device_bytes(cell, "compute"), kMiB),
      metric_figure(&cell, "gpu_memory_bytes", "gpu_memory_bytes"),
      whole(number("decode_splits", "splits",
                   cell.decode_splits ? std::optional(static_cast<double>(*cell.decode_splits)) : std::nullopt, kWhole,
                   "the runtime's log does not tell")),
      metric_figure(&cell, "energy_j_per_token", "energy_j_per_token"),
      metric_figure(&cell, "cpu_energy_j_per_token", "cpu_energy_j_per_token"),
      number("gpu_sm_clock_mhz", "", condition([](const auto& c) { return c.gpu_sm_clock_mhz; }), kWhole, no_nvml),
      number("gpu_memory_clock_mhz", "", condition([](const auto& c) { return c.gpu_memory_clock_mhz; }), kWhole,
             no_nvml),
      number("gpu_temperature_c", "", condition([](const auto& c) { return c.gpu_temperature_c; }), kWhole, no_nvml),
      number("gpu_power_w", "", condition([](const auto& c) { return c.gpu_power_w; }), kWhole, no_nvml),
      whole(number("gpu_throttle_reasons", "", throttle_reasons(trials), kWhole, no_nvml))};
  for (Figure& figure : flash_attention_figures(&cell, shown)) {
    figures.push_back(std::move(figure));
  }
  for (Figure& figure : figures) {
    figure = shown ? std::move(figure) : hidden(std::move(figure));
  }
  return figures;
}

}  // namespace mia::report
