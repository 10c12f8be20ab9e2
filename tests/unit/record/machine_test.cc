// SPDX-License-Identifier: MIT
#include "record/machine.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace mia::record {
namespace {

TEST(RuntimeInfo, OneThatDoesNotSayWhatItIsIsALibllama) {
  const auto old = runtime_from_json(Json{{"name", "a"}, {"version", "7.1"}, {"capabilities", {"tokens"}}});
  ASSERT_TRUE(old.has_value());
  EXPECT_TRUE(old->model_file && old->real_time && old->load_phase);
  EXPECT_TRUE(can(*old, "tokens"));
  EXPECT_FALSE(can(*old, "token"));
}

TEST(RuntimeInfo, WhatItIsComesBack) {
  const auto again = runtime_from_json(to_json(scripted_runtime()));
  ASSERT_TRUE(again.has_value());
  EXPECT_FALSE(again->model_file || again->real_time);
  EXPECT_TRUE(again->load_phase);
  EXPECT_FALSE(runtime_from_json(Json{{"real_time", "yes"}}).has_value());
}

}  // namespace
}  // namespace mia::record
