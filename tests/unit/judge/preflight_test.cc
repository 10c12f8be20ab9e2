// SPDX-License-Identifier: MIT
#include "judge/preflight.h"

#include <gtest/gtest.h>

#include <array>

namespace mia::judge {
namespace {

using record::PreflightFacts;
using record::Severity;

// A bare machine on which nothing disturbs and every sensor works.
record::Machine good_machine() {
  record::Machine machine;
  machine.logical_cpus = 8;
  machine.physical_cores = 8;
  machine.allowed_cpus = 8;
  machine.numa_nodes = 1;
  machine.governor = "performance";
  return machine;
}

PreflightFacts good_facts() {
  PreflightFacts facts;
  facts.second.wall_s = 1;
  facts.second.other_cpu_s = 0.05;
  facts.second.steal_s = 0;
  facts.second.psi_cpu_some_s = 0.01;
  facts.second.psi_memory_some_s = 0;
  facts.second.swap_in_pages = 0;
  facts.second.frequency_mhz_after = 3000;
  facts.second.throttle_events = 0;
  facts.swap_used_bytes = 0;
  facts.available_bytes = 1000;
  facts.huge_pages = "madvise";
  facts.clock_source = "tsc";
  facts.clock_step_ns = 20;
  facts.on_battery = false;
  facts.numa_balancing = false;
  facts.turbo = false;
  facts.model_bytes = 500;
  facts.can_evict = true;
  facts.residency_known = true;
  return facts;
}

// The only finding, or its absence told by an empty id.
record::Finding only(const record::Machine& machine, const PreflightFacts& facts) {
  auto findings = preflight_findings(machine, facts);
  EXPECT_LE(findings.size(), 1U);
  return findings.empty() ? record::Finding{} : findings[0];
}

TEST(Preflight, AGoodMachineHasNoFindings) {
  EXPECT_EQ(only(good_machine(), good_facts()).id, "");
}

TEST(Preflight, NothingIsSaidOfWhatCannotBeSeenButThatItCannot) {
  const record::Finding finding = only(record::Machine{}, PreflightFacts{});
  EXPECT_EQ(finding.id, "sensors_missing");
  EXPECT_EQ(finding.evidence.at("missing"), "CPU frequency, thermal throttling");
  PreflightFacts facts;
  facts.pressure_seen = false;
  EXPECT_NE(only(record::Machine{}, facts).text.find("PSI"), std::string::npos);
}

TEST(Preflight, MachineSettings) {
  record::Machine machine = good_machine();
  machine.governor = "powersave";
  EXPECT_EQ(only(machine, good_facts()).id, "governor_not_performance");
  machine = good_machine();
  machine.physical_cores = 4;
  EXPECT_EQ(only(machine, good_facts()).id, "smt_on");
  machine = good_machine();
  machine.virtualization = "kvm";
  EXPECT_EQ(only(machine, good_facts()).severity, Severity::info);
  machine = good_machine();
  machine.allowed_cpus = 3;
  EXPECT_EQ(only(machine, good_facts()).id, "affinity_limited");
}

TEST(Preflight, AQuotaIsSaidInsteadOfTheAffinityItCauses) {
  record::Machine machine = good_machine();
  machine.allowed_cpus = 2;
  PreflightFacts facts = good_facts();
  facts.cgroup_cpus = 2.5;
  const record::Finding finding = only(machine, facts);
  EXPECT_EQ(finding.id, "cpu_quota");
  EXPECT_NE(finding.text.find("n_threads = 2 "), std::string::npos) << finding.text;
  facts.cgroup_cpus = 8;
  machine.allowed_cpus = 8;
  EXPECT_EQ(only(machine, facts).id, "");
}

struct Case {
  const char* id;
  Severity severity;
  void (*spoil)(PreflightFacts&);
};

class Facts : public ::testing::TestWithParam<Case> {};

TEST_P(Facts, EachDisturbanceIsTheOnlyFinding) {
  PreflightFacts facts = good_facts();
  GetParam().spoil(facts);
  const record::Finding finding = only(good_machine(), facts);
  EXPECT_EQ(finding.id, GetParam().id);
  EXPECT_EQ(finding.severity, GetParam().severity);
  EXPECT_FALSE(finding.text.empty());
  EXPECT_FALSE(finding.evidence.empty());
}

const auto kCases = std::to_array<Case>({
    {"on_battery", Severity::warning, [](PreflightFacts& f) { f.on_battery = true; }},
    {"turbo_on", Severity::info, [](PreflightFacts& f) { f.turbo = true; }},
    {"machine_busy", Severity::warning, [](PreflightFacts& f) { f.second.other_cpu_s = 0.3; }},
    {"steal", Severity::warning, [](PreflightFacts& f) { f.second.steal_s = 0.09; }},
    {"cpu_pressure", Severity::warning, [](PreflightFacts& f) { f.second.psi_cpu_some_s = 0.2; }},
    {"memory_pressure", Severity::problem, [](PreflightFacts& f) { f.second.swap_in_pages = 3; }},
    {"memory_pressure", Severity::problem, [](PreflightFacts& f) { f.second.psi_memory_some_s = 0.2; }},
    {"swap_in_use", Severity::info, [](PreflightFacts& f) { f.swap_used_bytes = 4096; }},
    {"model_larger_than_memory", Severity::problem, [](PreflightFacts& f) { f.model_bytes = 1001; }},
    {"huge_pages_off", Severity::info, [](PreflightFacts& f) { f.huge_pages = "never"; }},
    {"page_cache_uncontrolled", Severity::warning, [](PreflightFacts& f) { f.can_evict = false; }},
    {"page_cache_unseen", Severity::warning, [](PreflightFacts& f) { f.residency_known = false; }},
    {"coarse_timer", Severity::warning, [](PreflightFacts& f) { f.clock_step_ns = 4e6; }},
    {"gpu_unseen", Severity::warning, [](PreflightFacts& f) { f.gpu_device = true; }},
    {"gpu_in_use", Severity::warning,
     [](PreflightFacts& f) {
       f.gpu_device = true;
       f.gpus.emplace_back().processes = {7};
     }},
    {"gpu_slowed", Severity::problem,
     [](PreflightFacts& f) { f.gpus.emplace_back().slowed_by = "thermal slowdown (hardware)"; }},
});

INSTANTIATE_TEST_SUITE_P(Preflight, Facts, ::testing::ValuesIn(kCases));

TEST(Preflight, AnIdleGpuAtItsPowerCapIsNoFinding) {
  PreflightFacts facts = good_facts();
  facts.gpus.emplace_back().throttle_reasons = 0x5;
  facts.gpus[0].processes = std::vector<std::int64_t>();
  EXPECT_EQ(only(good_machine(), facts).id, "");
}

TEST(Preflight, SeveralNodesMatterMoreWhenTheKernelMovesPages) {
  record::Machine machine = good_machine();
  machine.numa_nodes = 2;
  PreflightFacts facts = good_facts();
  EXPECT_EQ(only(machine, facts).severity, Severity::info);
  facts.numa_balancing = true;
  EXPECT_EQ(only(machine, facts).severity, Severity::warning);
}

TEST(Preflight, TheWorstComesFirst) {
  PreflightFacts facts = good_facts();
  facts.turbo = true;
  facts.on_battery = true;
  facts.model_bytes = 2000;
  const auto findings = preflight_findings(good_machine(), facts);
  ASSERT_EQ(findings.size(), 3U);
  EXPECT_EQ(findings[0].id, "model_larger_than_memory");
  EXPECT_EQ(findings[1].id, "on_battery");
  EXPECT_EQ(findings[2].id, "turbo_on");
}

}  // namespace
}  // namespace mia::judge
