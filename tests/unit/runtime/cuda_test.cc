// SPDX-License-Identifier: MIT
#include "runtime/cuda.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace mia::runtime {
namespace {

CudaFacts facts_of(const std::string& driver_cuda, std::vector<RuntimeCuda> runtimes, const std::string& toolkit = "") {
  CudaFacts facts;
  facts.gpus = {{"NVIDIA Test 4000", 1000, "550.54", driver_cuda, std::nullopt}};
  facts.runtimes = std::move(runtimes);
  facts.toolkit = toolkit;
  return facts;
}

std::vector<std::string> ids(const CudaFacts& facts) {
  std::vector<std::string> found;
  for (const record::Finding& finding : judge_cuda(facts)) {
    found.push_back(finding.id);
  }
  return found;
}

using Ids = std::vector<std::string>;

TEST(Cuda, ARuntimeOfANewerCudaThanTheDriver) {
  EXPECT_EQ(ids(facts_of("12.8", {{"cuda", true, true, "13"}})),
            (Ids{"cuda_runtime_newer_than_driver", "cuda_versions"}));
  EXPECT_EQ(ids(facts_of("13.0", {{"cuda", true, true, "13"}})), Ids{"cuda_versions"});
  EXPECT_EQ(ids(facts_of("13.0", {{"cuda", true, true, "12"}})), Ids{"cuda_versions"});
  EXPECT_EQ(ids(facts_of("9.2", {{"cuda", true, true, "11"}})).front(), "cuda_runtime_newer_than_driver")
      << "numbers, not texts";
  EXPECT_EQ(ids(facts_of("12.8", {{"static", true, true, ""}})), Ids{"cuda_versions"}) << "unknown is no claim";
}

TEST(Cuda, AGpuThatNobodyUses) {
  EXPECT_EQ(ids(facts_of("13.0", {{"default", false, false, ""}})), (Ids{"gpu_without_cuda_runtime", "cuda_versions"}));
  EXPECT_EQ(ids(facts_of("13.0", {{"cuda", true, false, "13"}})), (Ids{"cuda_runtime_sees_no_gpu", "cuda_versions"}));
}

TEST(Cuda, AToolkitNewerThanTheDriver) {
  EXPECT_EQ(ids(facts_of("13.0", {{"cuda", true, true, "13"}}, "13.1")),
            (Ids{"cuda_toolkit_newer_than_driver", "cuda_versions"}));
  EXPECT_EQ(ids(facts_of("13.0", {{"cuda", true, true, "13"}}, "13.0")), Ids{"cuda_versions"});
}

TEST(Cuda, NeitherGpuNorCudaIsNoTopic) {
  CudaFacts facts;
  facts.runtimes = {{"default", false, false, ""}};
  EXPECT_TRUE(judge_cuda(facts).empty());
  facts.runtimes = {{"cuda", true, false, "13"}};
  EXPECT_EQ(ids(facts), Ids{"cuda_versions"}) << "a CUDA runtime without a GPU is said, not blamed";
}

TEST(Cuda, AGpuThatTheRuntimeDoesNotSeeIsNamedWithWhatHidesIt) {
  record::Machine machine;
  record::RuntimeInfo runtime;
  runtime.name = "cuda";
  runtime.backends = {"CUDA", "CPU"};
  EXPECT_FALSE(hidden_gpu(machine, runtime, {}, false)) << "no driver, nothing hidden";
  machine.gpus = {{"NVIDIA Test 4000", 1000, "550.54", "13.0", std::nullopt}};
  EXPECT_FALSE(hidden_gpu(machine, runtime, {}, true));
  ::setenv("CUDA_VISIBLE_DEVICES", "", 1);
  const auto emptied = hidden_gpu(machine, runtime, {}, false);
  ASSERT_TRUE(emptied) << "set to nothing hides every GPU, as -1 does";
  EXPECT_NE(emptied->text.find("CUDA_VISIBLE_DEVICES is ''"), std::string::npos) << emptied->text;
  ::setenv("CUDA_VISIBLE_DEVICES", "-1", 1);
  const auto hidden = hidden_gpu(machine, runtime, {}, false);
  ::unsetenv("CUDA_VISIBLE_DEVICES");
  ASSERT_TRUE(hidden);
  EXPECT_EQ(hidden->id, "gpu_hidden");
  EXPECT_NE(hidden->text.find("CUDA_VISIBLE_DEVICES is '-1'"), std::string::npos) << hidden->text;
  EXPECT_NE(hidden_gpu(machine, runtime, {}, false)->text.find("runtime check cuda"), std::string::npos);
  EXPECT_NE(hidden_gpu(machine, runtime, {{"CUDA_VISIBLE_DEVICES", "7"}}, false)->text.find("is '7'"),
            std::string::npos)
      << "what its worker gets";
  runtime.backends = {"CPU"};
  EXPECT_FALSE(hidden_gpu(machine, runtime, {}, false)) << "a CPU build is meant to run there";
}

TEST(Cuda, VersionsOutOfBytesAndWords) {
  EXPECT_EQ(cudart_of(std::string_view("\0ELF\0libcudart.so.13\0libcublas", 29)), "13");
  EXPECT_EQ(cudart_of("libcudart.so.11.0\n"), "11.0");
  EXPECT_EQ(cudart_of("nothing"), "");
  EXPECT_EQ(toolkit_of("Cuda compilation tools, release 13.0, V13.0.88"), "13.0");
  EXPECT_EQ(toolkit_of("nvcc: not found"), "");
}

}  // namespace
}  // namespace mia::runtime
