// SPDX-License-Identifier: MIT
#include "judge/cuda_findings.h"

#include <gtest/gtest.h>

namespace mia::judge {
namespace {

using record::CudaFacts;
using record::RuntimeCuda;

CudaFacts facts_of(const std::string& driver_cuda, std::vector<RuntimeCuda> runtimes, const std::string& toolkit = "") {
  CudaFacts facts;
  facts.gpus = {{"NVIDIA Test 4000", 1000, "550.54", driver_cuda, std::nullopt}};
  facts.runtimes = std::move(runtimes);
  facts.toolkit = toolkit;
  return facts;
}

std::vector<std::string> ids(const CudaFacts& facts) {
  std::vector<std::string> found;
  for (const record::Finding& finding : cuda_findings(facts)) {
    found.push_back(finding.id);
  }
  return found;
}

using Ids = std::vector<std::string>;

TEST(Cuda, ARuntimeOfANewerCudaThanTheDriver) {
  EXPECT_EQ(ids(facts_of("12.8", {{"cuda", true, true, "13", {}}})),
            (Ids{"cuda_runtime_newer_than_driver", "cuda_versions"}));
  EXPECT_EQ(ids(facts_of("13.0", {{"cuda", true, true, "13", {}}})), Ids{"cuda_versions"});
  EXPECT_EQ(ids(facts_of("13.0", {{"cuda", true, true, "12", {}}})), Ids{"cuda_versions"});
  EXPECT_EQ(ids(facts_of("9.2", {{"cuda", true, true, "11", {}}})).front(), "cuda_runtime_newer_than_driver")
      << "numbers, not texts";
  EXPECT_EQ(ids(facts_of("12.8", {{"static", true, true, "", {}}})), Ids{"cuda_versions"}) << "unknown is no claim";
}

TEST(Cuda, AGpuThatNobodyUses) {
  EXPECT_EQ(ids(facts_of("13.0", {{"default", false, false, "", {}}})),
            (Ids{"gpu_without_cuda_runtime", "cuda_versions"}));
  EXPECT_EQ(ids(facts_of("13.0", {{"cuda", true, false, "13", {}}})),
            (Ids{"cuda_runtime_sees_no_gpu", "cuda_versions"}));
}

TEST(Cuda, AToolkitNewerThanTheDriver) {
  EXPECT_EQ(ids(facts_of("13.0", {{"cuda", true, true, "13", {}}}, "13.1")),
            (Ids{"cuda_toolkit_newer_than_driver", "cuda_versions"}));
  EXPECT_EQ(ids(facts_of("13.0", {{"cuda", true, true, "13", {}}}, "13.0")), Ids{"cuda_versions"});
}

TEST(Cuda, NeitherGpuNorCudaIsNoTopic) {
  CudaFacts facts;
  facts.runtimes = {{"default", false, false, "", {}}};
  EXPECT_TRUE(cuda_findings(facts).empty());
  facts.runtimes = {{"cuda", true, false, "13", {}}};
  EXPECT_EQ(ids(facts), Ids{"cuda_versions"}) << "a CUDA runtime without a GPU is said, not blamed";
}

TEST(Cuda, AGpuThatTheRuntimeDoesNotSeeIsNamedWithWhatHidesIt) {
  record::Machine machine;
  RuntimeCuda runtime{"cuda", true, false, "", "-1"};
  EXPECT_FALSE(hidden_gpu(machine, runtime)) << "no driver, nothing hidden";
  machine.gpus = {{"NVIDIA Test 4000", 1000, "550.54", "13.0", std::nullopt}};
  const auto hidden = hidden_gpu(machine, runtime);
  ASSERT_TRUE(hidden);
  EXPECT_EQ(hidden->id, "gpu_hidden");
  EXPECT_NE(hidden->text.find("CUDA_VISIBLE_DEVICES is '-1'"), std::string::npos) << hidden->text;
  runtime.visible_devices = "";
  EXPECT_NE(hidden_gpu(machine, runtime)->text.find("CUDA_VISIBLE_DEVICES is ''"), std::string::npos);
  runtime.visible_devices.reset();
  EXPECT_NE(hidden_gpu(machine, runtime)->text.find("runtime check cuda"), std::string::npos);
  runtime.sees_gpu = true;
  EXPECT_FALSE(hidden_gpu(machine, runtime));
  EXPECT_FALSE(hidden_gpu(machine, {"default", false, false, "", "-1"})) << "a CPU build is meant to run there";
}

}  // namespace
}  // namespace mia::judge
