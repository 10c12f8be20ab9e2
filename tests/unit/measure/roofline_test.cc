// SPDX-License-Identifier: MIT
#include "measure/roofline.h"

#include <gtest/gtest.h>

namespace mia::measure {
namespace {

// 24 alike layers of 100 MB and an output matrix of 600 MB; 1 MB of cache for each position.
record::ModelInfo model() {
  record::ModelInfo model;
  model.layers = 24;
  model.bytes_per_token = 3'000'000'000;
  model.kv_bytes_per_position = 1'000'000;
  model.groups = {{"experts", 1, 0, 2'400'000'000, 0}, {"output", 1, 0, 600'000'000, 0}};
  return model;
}

struct Asked {
  record::Settings requested;
  record::Settings effective;
};

Asked layers(std::int64_t count) {
  Asked asked;
  asked.effective.llm.n_gpu_layers = count;
  return asked;
}

DecodeLimit limit(const Asked& asked, std::int64_t depth, std::optional<double> memory = 100,
                  std::optional<DeviceBandwidth> device = DeviceBandwidth{"CUDA0", 1000}) {
  return decode_limit(model(), asked.requested, asked.effective, depth, {memory, device});
}

TEST(Roofline, WithoutLayersOnTheGpuItIsTheMemorys) {
  EXPECT_NEAR(limit(layers(0), 0).tok_s.value_or(0), 100.0 / 3, 1e-9);
  EXPECT_NEAR(limit(layers(0), 1000).tok_s.value_or(0), 25, 1e-9);
  EXPECT_EQ(limit(layers(0), 0).basis, "memory 100.0 GB/s");
  EXPECT_FALSE(limit(layers(0), 0, std::nullopt).tok_s);
}

TEST(Roofline, AllLayersCountOnTheDeviceAlone) {
  const DecodeLimit all = limit(layers(25), 1000, std::nullopt);
  EXPECT_NEAR(all.tok_s.value_or(0), 250, 1e-9);
  EXPECT_EQ(all.basis, "CUDA0 1000 GB/s");
  EXPECT_NEAR(limit(layers(99), 0).tok_s.value_or(0), 1000.0 / 3, 1e-9) << "more layers than there are";
}

TEST(Roofline, OfAPartTheTimesAreAdded) {
  // 7 counted layers: the output matrix and 6 others. 1.2 GB on the GPU, 1.8 GB in memory.
  EXPECT_NEAR(limit(layers(7), 0).tok_s.value_or(0), 1 / (1.2e-3 + 18e-3), 1e-6);
  // The cache lies with its layers: a quarter of a gigabyte on the GPU.
  EXPECT_NEAR(limit(layers(7), 1000).tok_s.value_or(0), 1 / (1.45e-3 + 25.5e-3), 1e-6);
  Asked kept = layers(7);
  kept.requested.llm.offload_kqv = false;
  EXPECT_NEAR(limit(kept, 1000).tok_s.value_or(0), 1 / (1.2e-3 + 28e-3), 1e-6);
  EXPECT_FALSE(limit(layers(7), 0, std::nullopt).tok_s) << "half of it is unknown";
  EXPECT_NE(limit(layers(7), 0).basis.find("1.68 GiB"), std::string::npos) << limit(layers(7), 0).basis;
}

TEST(Roofline, WhatIsNotKnownIsNullWithItsReason) {
  EXPECT_FALSE(limit(layers(25), 0, 100, std::nullopt).tok_s);
  EXPECT_NE(limit(layers(25), 0, 100, std::nullopt).basis, "");
  Asked moved = layers(25);
  moved.requested.llm.n_cpu_moe = 4;
  EXPECT_FALSE(limit(moved, 0).tok_s);
  moved.requested.llm.n_cpu_moe.reset();
  moved.requested.llm.override_tensor = "exps=CPU";
  EXPECT_FALSE(limit(moved, 0).tok_s);
}

}  // namespace
}  // namespace mia::measure
