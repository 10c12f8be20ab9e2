// SPDX-License-Identifier: MIT
#include "app/here.h"

#include <algorithm>
#include <iterator>

#include "app/setup.h"
#include "base/text.h"
#include "document/value.h"
#include "host/topology.h"
#include "model/places.h"
#include "report/facts.h"
#include "runtime/registry.h"

namespace mia::app {
namespace {

std::string count_or_unknown(const std::optional<std::int64_t>& value) {
  return value ? std::to_string(*value) : "unknown";
}

std::string half_of(const std::optional<std::int64_t>& cores) {
  return cores ? std::to_string(std::max<std::int64_t>(1, *cores / 2)) : "unknown";
}

document::Table models_of(const Configured& configured) {
  document::Table table{{{"", "model"}, {"", "size", "", "", document::Align::right}, {"", "file"}}};
  for (const model::PresentModel& entry : model::list_present(configured.catalogue)) {
    table.rows.push_back({entry.id, document::bytes(entry.bytes), entry.path.string()});
  }
  for (const model::FoundModel& found : model::measurable_models(configured.catalogue)) {
    table.rows.push_back({found.name, document::bytes(found.bytes), found.path.string()});
  }
  return table;
}

}  // namespace

document::Facts machine_facts(const record::Machine& machine, const std::string& gpu_reason) {
  document::Facts seen;
  auto& facts = seen.facts;
  facts.emplace_back("system", machine.os + ", kernel " + machine.kernel);
  facts.emplace_back(
      "processor",
      machine.cpu_model + (machine.virtualization.empty() ? "" : " (virtual: " + machine.virtualization + ")"));
  const std::string kinds =
      machine.performance_cores
          ? fmt::format(" ({} fast, {} efficient)", *machine.performance_cores,
                        machine.physical_cores.value_or(*machine.performance_cores) - *machine.performance_cores)
          : "";
  const std::string fast =
      machine.allowed_performance_cores ? fmt::format(" ({} fast)", *machine.allowed_performance_cores) : "";
  facts.emplace_back(
      "cores", fmt::format("{} physical{}, {} logical; for us {} CPUs on {} cores{} (half: {})",
                           count_or_unknown(machine.physical_cores), kinds, count_or_unknown(machine.logical_cpus),
                           count_or_unknown(machine.allowed_cpus), count_or_unknown(machine.allowed_cores), fast,
                           half_of(machine.allowed_cores)));
  facts.emplace_back("NUMA nodes", count_or_unknown(machine.numa_nodes));
  for (const record::CacheLevel& cache : machine.caches) {
    facts.emplace_back(fmt::format("cache L{}", cache.level),
                       fmt::format("{} x {}", cache.count, human_bytes(cache.bytes)));
  }
  facts.emplace_back("memory",
                     (machine.memory_bytes ? human_bytes(*machine.memory_bytes) : "unknown") +
                         (machine.memory_limit_bytes ? ", limit " + human_bytes(*machine.memory_limit_bytes) : ""));
  facts.emplace_back("governor", machine.governor.empty() ? "unknown (no cpufreq)" : machine.governor);
  for (const record::GpuInfo& gpu : machine.gpus) {
    facts.emplace_back("GPU", report::gpu_line(gpu));
  }
  if (machine.gpus.empty()) {
    facts.emplace_back("GPU", fmt::format("none seen ({})", gpu_reason.empty() ? "NVML lists none" : gpu_reason));
  }
  return seen;
}

document::Document runtimes_document(const std::vector<record::RuntimeInfo>& runtimes) {
  document::Table table{{{"", "name"},
                         {"", "version"},
                         {"", "commit"},
                         {"", "package"},
                         {"", "backends"},
                         {"", "devices"},
                         {"", "installed"}}};
  document::List problems;
  for (const record::RuntimeInfo& runtime : runtimes) {
    std::vector<std::string> devices;
    for (const record::Device& device : runtime.devices) {
      devices.push_back(device.name);
    }
    const std::string missing = runtime::missing_part(runtime);
    table.rows.push_back({runtime.name, runtime.version, runtime.commit, runtime.package, join(runtime.backends, " "),
                          join(devices, " "), missing.empty() ? runtime.installed : "missing, see below"});
    if (!missing.empty()) {
      problems.items.push_back(
          {fmt::format("{}: missing: {}; run {}", runtime.name, missing, runtime::cure_of(runtime))});
    }
  }
  return {"", {{"", {std::move(table)}}, {"", {std::move(problems)}}}};
}

Result<document::Document> here_document(const Scope& scope) {
  MIA_TRY_ASSIGN(const Configured configured, configure(scope));
  const record::Machine machine = host::inspect();
  document::Document document{"This machine", {{"What it is", {machine_facts(machine, "")}}}};
  document.sections.push_back(
      {"", {document::Paragraph{"What disturbs measuring here at this moment: mia-perf doctor."}}});
  std::vector<std::string> notes;
  document::Section runtimes{"Runtimes"};
  const auto known = runtime::list(&notes);
  if (!known) {
    notes.push_back(known.error().text());
  }
  document::Document listed = runtimes_document(known.value_or({}));
  for (document::Section& section : listed.sections) {
    std::ranges::move(section.blocks, std::back_inserter(runtimes.blocks));
  }
  if (known && known->empty()) {
    runtimes.blocks = {
        document::Paragraph{"None yet: mia-perf find shows what is here, mia-perf runtime install fetches one."}};
  }
  for (const std::string& note : notes) {
    runtimes.blocks.emplace_back(document::Note{record::Severity::warning, note});
  }
  document.sections.push_back(std::move(runtimes));
  document::Table models = models_of(configured);
  document.sections.push_back({"Models", {}});
  if (models.rows.empty()) {
    document.sections.back().blocks.emplace_back(document::Paragraph{"None yet: mia-perf model get smollm2-135m"});
  } else {
    document.sections.back().blocks.emplace_back(std::move(models));
  }
  return document;
}

}  // namespace mia::app
