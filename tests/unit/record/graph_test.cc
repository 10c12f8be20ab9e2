// SPDX-License-Identifier: MIT
#include "record/graph.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace mia::record {
namespace {

TEST(Graph, FlashAttentionDecidesWhereBothAreThere) {
  // A mixture of experts weighs its experts by a softmax, whatever its attention is.
  const Graph both{{{"FLASH_ATTN_EXT", "CUDA0", 18}, {"FLASH_ATTN_EXT", "CPU", 6}, {"SOFT_MAX", "CUDA0", 24}}, 900, 3};
  EXPECT_EQ(flash_attention_of(both), "on");
  EXPECT_EQ(count_of(both, "FLASH_ATTN_EXT"), 24);
  EXPECT_EQ(places_of(both, "FLASH_ATTN_EXT"), "18 on CUDA0, 6 on CPU");
  EXPECT_EQ(flash_attention_of(Graph{{{"SOFT_MAX", "CPU", 30}}, {}, {}}), "off");
  EXPECT_EQ(flash_attention_of(Graph{{{"MUL_MAT", "CPU", 200}}, {}, {}}), std::nullopt);
  EXPECT_EQ(places_of(both, "SSM_SCAN"), "none");
}

TEST(Graph, SplitsOfADecodeInEveryShapeOfTheLog) {
  EXPECT_EQ(decode_splits("5"), 5);
  EXPECT_EQ(decode_splits("62 / 2"), 2);
  EXPECT_EQ(decode_splits("37 (with bs=512), 3 (with bs=1)"), 3);
  EXPECT_EQ(decode_splits("3 (with bs=1)"), 3);
  EXPECT_EQ(decode_splits("many"), std::nullopt);
  EXPECT_EQ(decode_splits(""), std::nullopt);
}

TEST(Graph, SurvivesJson) {
  const Graph graph{{{"MUL_MAT", "CUDA0", 145}}, 800, std::nullopt};
  const auto back = graph_from_json(to_json(graph));
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(to_json(*back), to_json(graph));
  EXPECT_TRUE(to_json(*back).at("splits").is_null());
  EXPECT_FALSE(graph_from_json(Json{{"ops", {{{"op", "ADD"}, {"count", 3}}}}})) << "an operation without its backend";
  EXPECT_FALSE(graph_from_json(Json(3)));
}

}  // namespace
}  // namespace mia::record
