// SPDX-License-Identifier: MIT
#include <algorithm>
#include <iterator>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/here.h"
#include "app/setup.h"
#include "base/text.h"
#include "cli/cli.h"
#include "host/preflight.h"
#include "host/topology.h"
#include "judge/cuda_findings.h"
#include "judge/preflight.h"
#include "model/describe.h"
#include "model/places.h"
#include "record/json_writer.h"
#include "runtime/cuda.h"

namespace mia::cli {
namespace {

using Facts = std::vector<std::pair<std::string, std::string>>;

std::string percent_of_wall(const std::optional<double>& seconds, const std::optional<double>& wall) {
  return seconds && wall && *wall > 0 ? fmt::format("{:.1f} %", 100 * *seconds / *wall) : "unknown";
}

std::string page_cache_text(const record::PreflightFacts& facts) {
  if (!facts.can_evict) {
    return "unknown (no model to try it on)";
  }
  const char* const proof =
      facts.residency_known.value_or(true) ? "proven by mincore" : "not provable: mincore is blind";
  return fmt::format("{}, {}", *facts.can_evict ? "can be emptied for a cold load" : "cannot be emptied here", proof);
}

// What one idle second showed.
void add_moment(Facts& facts, const record::PreflightFacts& now) {
  const record::Conditions& second = now.second;
  facts.emplace_back("free memory", now.available_bytes ? human_bytes(*now.available_bytes) : "unknown");
  facts.emplace_back("other programs", second.other_cpu_s && second.wall_s
                                           ? fmt::format("{:.2f} CPUs", *second.other_cpu_s / *second.wall_s)
                                           : "unknown");
  facts.emplace_back("steal", percent_of_wall(second.steal_s, second.wall_s));
  facts.emplace_back("pressure",
                     fmt::format("cpu {}, memory {}, io {}", percent_of_wall(second.psi_cpu_some_s, second.wall_s),
                                 percent_of_wall(second.psi_memory_some_s, second.wall_s),
                                 percent_of_wall(second.psi_io_some_s, second.wall_s)));
  facts.emplace_back("page cache", page_cache_text(now));
}

Json moment_json(const record::PreflightFacts& facts) {
  return {{"conditions", record::members_to_json(facts.second)},
          {"available_bytes", record::members_to_json(facts.available_bytes)},
          {"page_cache_can_be_emptied", record::members_to_json(facts.can_evict)},
          {"page_cache_is_provable", record::members_to_json(facts.residency_known)}};
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
  MIA_TRY_ASSIGN(const app::Configured configured, configured_for(common));
  const record::Settings& settings = configured.loaded.settings;
  const auto path = model::resolve(settings.llm.id.value_or(""), configured.catalogue);
  const Result<record::ModelInfo> model = path ? model::inspect(*path) : path.failure();
  const record::Machine machine = host::inspect();
  host::GpuMonitor gpu = host::GpuMonitor::open();
  const record::PreflightFacts facts = host::observe(model ? &*model : nullptr, gpu);
  auto findings = judge::preflight_findings(machine, facts);
  std::ranges::move(judge::cuda_findings(runtime::observe_cuda(machine)), std::back_inserter(findings));
  Json json = {{"machine", record::to_json(machine)}, {"now", moment_json(facts)}, {"findings", Json::array()}};
  document::Facts seen = app::machine_facts(machine, facts.gpu_reason);
  add_moment(seen.facts, facts);
  std::vector<std::string> elsewhere;
  std::ranges::transform(model::measurable_models(configured.catalogue), std::back_inserter(elsewhere),
                         &model::FoundModel::name);
  json["found_models"] = elsewhere;
  seen.facts.emplace_back("found models", elsewhere.empty() ? "none of other programs (mia-perf find)"
                                                            : fmt::format("{} (mia-perf find)", join(elsewhere, ", ")));
  document::Section disturbing;
  for (const record::Finding& finding : findings) {
    json["findings"].push_back({{"id", finding.id},
                                {"severity", severity_word(finding.severity)},
                                {"text", finding.text},
                                {"evidence", finding.evidence}});
    disturbing.blocks.emplace_back(document::Note{finding.severity, finding.text});
  }
  const std::string quiet = findings.empty() ? "nothing seen that disturbs measuring" : "";
  show(common, {"", {{"", {std::move(seen)}}, std::move(disturbing)}, quiet, document::Tone::plain}, json);
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
