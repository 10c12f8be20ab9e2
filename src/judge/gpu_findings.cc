// SPDX-License-Identifier: MIT
#include "judge/gpu_findings.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <fmt/core.h>
#include "base/text.h"
#include "record/fields.h"

namespace mia::judge {
namespace {

using record::CellReport;
using record::Finding;
using record::Report;
using record::Severity;
using Cells = std::vector<const CellReport*>;
using Evidence = std::map<std::string, std::string>;

const record::Summary* speed_of(const CellReport& cell) {
  const auto at = cell.metrics.find("tokens_per_s");
  return at != cell.metrics.end() && at->second.value ? &at->second : nullptr;
}

// Slower beyond what repeats scatter; without intervals nothing is beyond it.
bool clearly_slower(const CellReport& cell, const CellReport& other) {
  const record::Summary* const mine = speed_of(cell);
  const record::Summary* const theirs = speed_of(other);
  return mine != nullptr && theirs != nullptr && mine->high && theirs->low && *mine->high < *theirs->low;
}

std::string speed_text(const CellReport& cell) {
  const record::Summary* const speed = speed_of(cell);
  if (speed == nullptr) {
    return "unknown";
  }
  return speed->low && speed->high ? fmt::format("{:.2f} ({:.2f} to {:.2f})", *speed->value, *speed->low, *speed->high)
                                   : fmt::format("{:.2f}", *speed->value);
}

std::string or_unknown(const std::optional<std::string>& text) {
  return text.value_or("unknown");
}

// Cells that differ in n_gpu_layers alone, in the order of the layers that the runtime put on the GPU.
std::vector<Cells> layer_axes(const Report& report) {
  const auto rest_of = [](record::Settings settings) {
    settings.llm.n_gpu_layers.reset();
    return settings;
  };
  std::vector<Cells> axes;
  for (const CellReport& cell : report.cells) {
    if (!cell.effective.llm.n_gpu_layers || speed_of(cell) == nullptr) {
      continue;
    }
    const auto at = std::ranges::find_if(axes, [&](const Cells& axis) {
      const CellReport& other = *axis.front();
      return other.part == cell.part && other.model == cell.model && other.runtime == cell.runtime &&
             rest_of(other.requested) == rest_of(cell.requested);
    });
    (at == axes.end() ? axes.emplace_back() : *at).push_back(&cell);
  }
  std::erase_if(axes, [](const Cells& axis) { return axis.size() < 2; });
  for (Cells& axis : axes) {
    std::ranges::stable_sort(axis, {}, [](const CellReport* cell) { return *cell->effective.llm.n_gpu_layers; });
  }
  return axes;
}

std::int64_t layers_of(const CellReport& cell) {
  return cell.effective.llm.n_gpu_layers.value_or(0);
}

class Rules {
 public:
  Rules(const Report& report, const GpuRules& limits) : report_(report), limits_(limits) {}

  std::vector<Finding> all() {
    for (const Cells& axis : layer_axes(report_)) {
      find_slower_than_cpu(axis);
      find_cliffs(axis);
    }
    for (const CellReport& cell : report_.cells) {
      find_attention_off(cell);
      find_full_memory(cell);
    }
    find_splits();
    find_lost();
    return std::move(findings_);
  }

 private:
  void add(std::string id, Severity severity, std::string text, Evidence evidence) {
    findings_.push_back({std::move(id), severity, std::move(text), std::move(evidence)});
  }

  void find_slower_than_cpu(const Cells& axis) {
    const CellReport& cpu = *axis.front();
    if (layers_of(cpu) != 0) {
      return;
    }
    for (const CellReport* const cell : axis) {
      if (layers_of(*cell) > 0 && clearly_slower(*cell, cpu)) {
        add("gpu_slower_than_cpu", Severity::problem,
            fmt::format("{}: {:.2f} tokens per second with {} layer{} on the GPU, {:.2f} with none; keep this model "
                        "on the CPU, or look at splits and flash attention of this cell",
                        label_of(*cell), *speed_of(*cell)->value, layers_of(*cell), layers_of(*cell) == 1 ? "" : "s",
                        *speed_of(cpu)->value),
            {{"cell", cell->key},
             {"tokens_per_s", speed_text(*cell)},
             {"cpu_tokens_per_s", speed_text(cpu)},
             {"decode_splits", cell->decode_splits ? std::to_string(*cell->decode_splits) : "unknown"},
             {"flash_attention_proven", or_unknown(cell->flash_attention.proven)}});
      }
    }
  }

  void find_cliffs(const Cells& axis) {
    for (std::size_t i = 1; i < axis.size(); ++i) {
      const CellReport& less = *axis[i - 1];
      const CellReport& more = *axis[i];
      const double kept = *speed_of(more)->value / *speed_of(less)->value;
      if (kept <= 1 - limits_.cliff && clearly_slower(more, less)) {
        add("layer_cliff", Severity::warning,
            fmt::format("{}: from {} to {} layers on the GPU the speed falls by {:.0f} %", label_of(more),
                        layers_of(less), layers_of(more), 100 * (1 - kept)),
            {{"cell", more.key},
             {"tokens_per_s", speed_text(more)},
             {"tokens_per_s_before", speed_text(less)},
             {"limit", fmt::format("{:.2f}", limits_.cliff)}});
      }
    }
  }

  void find_attention_off(const CellReport& cell) {
    const record::FlashAttention& flash = cell.flash_attention;
    if (flash.asked != "on" || flash.proven.value_or(flash.claimed.value_or("on")) != "off") {
      return;
    }
    add("flash_attention_requested_but_off", Severity::problem,
        fmt::format("{}: flash attention was asked for but is off{}", label_of(cell),
                    flash.proven ? "" : ", by the runtime's own log"),
        {{"cell", cell.key},
         {"claimed", or_unknown(flash.claimed)},
         {"proven", or_unknown(flash.proven)},
         {"soft_max", cell.graph ? record::places_of(*cell.graph, "SOFT_MAX") : "unknown"}});
  }

  void find_full_memory(const CellReport& cell) {
    std::int64_t total = 0;  // of several GPUs the smallest
    for (const record::GpuInfo& gpu : report_.machine.gpus) {
      total = total == 0 ? gpu.memory_bytes : std::min(total, gpu.memory_bytes);
    }
    std::int64_t used = 0;
    for (const record::Trial& trial : report_.trials) {
      if (trial.cell == cell.key) {
        used = std::max(used, trial.conditions.gpu_memory_used_bytes.value_or(0));
      }
    }
    if (total > 0 && static_cast<double>(used) > limits_.full_share * static_cast<double>(total)) {
      add("vram_nearly_full", Severity::warning,
          fmt::format("{}: {} of {} of the GPU's memory are in use; a longer context may not fit", label_of(cell),
                      human_bytes(used), human_bytes(total)),
          {{"cell", cell.key}, {"used_bytes", std::to_string(used)}, {"total_bytes", std::to_string(total)}});
    }
  }

  // A GPU that told its memory before a trial and tells nothing after it: its figures end somewhere in between.
  void find_lost() {
    for (const record::Trial& trial : report_.trials) {
      const record::Conditions& seen = trial.conditions;
      if (seen.gpu_memory_before_bytes && !seen.gpu_memory_after_bytes) {
        add("gpu_lost", Severity::problem,
            fmt::format(
                "{}, repeat {}: the GPU answered before the trial and no longer after it; the kernel's log says "
                "why (dmesg, Xid)",
                trial.cell, trial.repeat + 1),
            {{"cell", trial.cell}, {"trial", trial.id}});
        return;
      }
    }
  }

  // Cells whose graphs are cut alike are one finding.
  void find_splits() {
    std::map<std::int64_t, Cells> alike;
    for (const CellReport& cell : report_.cells) {
      if (cell.decode_splits.value_or(0) > limits_.many_splits) {
        alike[*cell.decode_splits].push_back(&cell);
      }
    }
    for (const auto& [splits, cells] : alike) {
      const std::string others = cells.size() > 1 ? fmt::format(" and {} more", cells.size() - 1) : std::string();
      add("splits_per_token_high", Severity::warning,
          fmt::format(
              "{}{}: each token's graph is cut into {} pieces; between two of them data is copied and a device waits",
              label_of(*cells.front()), others, splits),
          {{"cell", cells.front()->key},
           {"cells", std::to_string(cells.size())},
           {"decode_splits", std::to_string(splits)},
           {"limit", std::to_string(limits_.many_splits)}});
    }
  }

  const Report& report_;
  const GpuRules& limits_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> gpu_findings(const Report& report, const GpuRules& rules) {
  return Rules(report, rules).all();
}

}  // namespace mia::judge
