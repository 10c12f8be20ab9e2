// SPDX-License-Identifier: MIT
#include "runtime/cuda.h"

#include <cstdlib>

#include <gtest/gtest.h>

namespace mia::runtime {
namespace {

TEST(Cuda, WhatARuntimeHasAndWhatItsWorkerMaySee) {
  record::RuntimeInfo runtime;
  runtime.name = "cuda";
  runtime.backends = {"CUDA", "CPU"};
  record::Device& device = runtime.devices.emplace_back();
  device.name = "CUDA0";
  device.type = "gpu";
  ::setenv("CUDA_VISIBLE_DEVICES", "", 1);
  const record::RuntimeCuda cuda = cuda_of(runtime, {});
  const record::RuntimeCuda given = cuda_of(runtime, {{"CUDA_VISIBLE_DEVICES", "7"}});
  ::unsetenv("CUDA_VISIBLE_DEVICES");
  EXPECT_TRUE(cuda.has_backend);
  EXPECT_TRUE(cuda.sees_gpu);
  EXPECT_EQ(cuda.visible_devices, "") << "empty hides them all";
  EXPECT_EQ(given.visible_devices, "7") << "what its worker gets";
  runtime.backends = {"CPU"};
  EXPECT_FALSE(cuda_of(runtime, {}).has_backend);
  EXPECT_FALSE(cuda_of(runtime, {}).visible_devices);
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
