// SPDX-License-Identifier: MIT
#include <algorithm>
#include <iterator>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/setup.h"
#include "base/text.h"
#include "cli/cli.h"
#include "host/preflight.h"
#include "host/topology.h"
#include "report/facts.h"
#include "runtime/cuda.h"

namespace mia::cli {
namespace {

std::string count_or_unknown(const std::optional<std::int64_t>& value) {
  return value ? std::to_string(*value) : "unknown";
}

std::string half_of(const std::optional<std::int64_t>& cores) {
  return cores ? std::to_string(std::max<std::int64_t>(1, *cores / 2)) : "unknown";
}

std::string machine_text(const record::Machine& machine, const std::string& gpu_reason) {
  std::string text;
  const auto line = [&](std::string_view name, const std::string& value) {
    text += fmt::format("{:<16} {}\n", name, one_line(value));
  };
  line("system", machine.os + ", kernel " + machine.kernel);
  line("processor",
       machine.cpu_model + (machine.virtualization.empty() ? "" : " (virtual: " + machine.virtualization + ")"));
  line("cores", fmt::format("{} physical (half: {}), {} logical, {} for us", count_or_unknown(machine.physical_cores),
                            half_of(machine.physical_cores), count_or_unknown(machine.logical_cpus),
                            count_or_unknown(machine.allowed_cpus)));
  line("NUMA nodes", count_or_unknown(machine.numa_nodes));
  for (const record::CacheLevel& cache : machine.caches) {
    line(fmt::format("cache L{}", cache.level), fmt::format("{} x {}", cache.count, human_bytes(cache.bytes)));
  }
  line("memory", (machine.memory_bytes ? human_bytes(*machine.memory_bytes) : "unknown") +
                     (machine.memory_limit_bytes ? ", limit " + human_bytes(*machine.memory_limit_bytes) : ""));
  line("governor", machine.governor.empty() ? "unknown (no cpufreq)" : machine.governor);
  for (const record::GpuInfo& gpu : machine.gpus) {
    line("GPU", report::gpu_line(gpu));
  }
  if (machine.gpus.empty()) {
    line("GPU", fmt::format("none seen ({})", gpu_reason.empty() ? "NVML lists none" : gpu_reason));
  }
  return text;
}

std::string percent_of_wall(const std::optional<double>& seconds, const std::optional<double>& wall) {
  return seconds && wall && *wall > 0 ? fmt::format("{:.1f} %", 100 * *seconds / *wall) : "unknown";
}

std::string page_cache_text(const host::PreflightFacts& facts) {
  if (!facts.can_evict) {
    return "unknown (no model to try it on)";
  }
  const char* const proof =
      facts.residency_known.value_or(true) ? "proven by mincore" : "not provable: mincore is blind";
  return fmt::format("{}, {}", *facts.can_evict ? "can be emptied for a cold load" : "cannot be emptied here", proof);
}

// What one idle second showed.
std::string moment_text(const host::PreflightFacts& facts) {
  const record::Conditions& second = facts.second;
  const auto line = [](std::string_view name, const std::string& value) {
    return fmt::format("{:<16} {}\n", name, value);
  };
  return line("free memory", facts.available_bytes ? human_bytes(*facts.available_bytes) : "unknown") +
         line("other programs", second.other_cpu_s && second.wall_s
                                    ? fmt::format("{:.2f} CPUs", *second.other_cpu_s / *second.wall_s)
                                    : "unknown") +
         line("steal", percent_of_wall(second.steal_s, second.wall_s)) +
         line("pressure", fmt::format("cpu {}, memory {}, io {}", percent_of_wall(second.psi_cpu_some_s, second.wall_s),
                                      percent_of_wall(second.psi_memory_some_s, second.wall_s),
                                      percent_of_wall(second.psi_io_some_s, second.wall_s))) +
         line("page cache", page_cache_text(facts));
}

Json moment_json(const host::PreflightFacts& facts) {
  return {{"conditions", record::to_json(facts.second)},
          {"available_bytes", facts.available_bytes ? Json(*facts.available_bytes) : Json()},
          {"page_cache_can_be_emptied", facts.can_evict ? Json(*facts.can_evict) : Json()},
          {"page_cache_is_provable", facts.residency_known ? Json(*facts.residency_known) : Json()}};
}

const char* severity_word(record::Severity severity) {
  switch (severity) {
    case record::Severity::problem:
      return "problem";
    case record::Severity::warning:
      return "warning";
    case record::Severity::info:
      return "note";
  }
  return "note";
}

Result<int> doctor(const Common& common) {
  MIA_TRY_ASSIGN(const app::Configured configured, app::configure(common));
  MIA_TRY_ASSIGN(const record::Settings settings, app::settings_of(configured));
  std::filesystem::path model;
  if (const auto found = model::resolve(settings.llm.id.value_or(""), configured.catalogue)) {
    model = *found;
  }
  const record::Machine machine = host::inspect();
  host::GpuMonitor gpu = host::GpuMonitor::open();
  const host::PreflightFacts facts = host::observe(model, gpu);
  auto findings = host::judge_preflight(machine, facts);
  std::ranges::move(runtime::judge_cuda(runtime::observe_cuda(machine)), std::back_inserter(findings));
  if (common.json) {
    Json json = {{"machine", record::to_json(machine)}, {"now", moment_json(facts)}, {"findings", Json::array()}};
    for (const record::Finding& finding : findings) {
      json["findings"].push_back({{"id", finding.id},
                                  {"severity", severity_word(finding.severity)},
                                  {"text", finding.text},
                                  {"evidence", finding.evidence}});
    }
    print_json(json);
    return kOk;
  }
  print(machine_text(machine, facts.gpu_reason) + moment_text(facts));
  print(findings.empty() ? "\nnothing seen that disturbs measuring\n" : "\n");
  for (const record::Finding& finding : findings) {
    print(fmt::format("{:<8} {}\n", severity_word(finding.severity), one_line(finding.text, 4096)));
  }
  return kOk;
}

}  // namespace

void add_doctor(Cli& cli) {
  CLI::App* const verb =
      cli.app.add_subcommand("doctor", "this machine as measured things, and what disturbs measuring");
  verb->footer("example: mia-perf doctor");
  verb->callback([&cli] { cli.action = [&cli] { return doctor(cli.common); }; });
}

}  // namespace mia::cli
