// SPDX-License-Identifier: MIT
#include "base/json.h"

#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace mia {
namespace {

TEST(Json, IsBoundedInDepthAndSize) {
  EXPECT_TRUE(parse_json("[[[]]]", {1000, 3}));
  EXPECT_FALSE(parse_json("[[[[]]]]", {1000, 3}));
  EXPECT_FALSE(parse_json("[1, 2]", {5, 3}));
  EXPECT_FALSE(parse_json(std::string(1'000'000, '['), {}));
}

TEST(Json, WholeTextIsOneValue) {
  for (const char* const text : {"", "{", "{} {}", "{'a': 1}", "[1,]", "nul", "\xff"}) {
    const auto parsed = parse_json(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().kind, ErrorKind::protocol);
  }
}

TEST(Json, AnErrorNamesThePlaceInOurWords) {
  const std::string text = parse_json("{\"a\": 1,\n \"b\": }").error().text();
  EXPECT_EQ(text, "not valid JSON (line 2, column 7)");
  EXPECT_EQ(parse_json("{\"a\": ").error().text(), "not valid JSON (column 7)");
  EXPECT_EQ(parse_json("[1e999]").error().text().find("json.exception"), std::string::npos);
}

TEST(Json, WhatIsNoJsonNumberIsNull) {
  EXPECT_EQ(dump_json(Json{{"a", std::numeric_limits<double>::quiet_NaN()}}), R"({"a":null})");
  EXPECT_EQ(dump_json(Json(std::numeric_limits<double>::infinity())), "null");
}

TEST(Json, BrokenTextIsReplacedNotThrown) {
  const std::string dumped = dump_json(Json("a\xff"));
  EXPECT_TRUE(parse_json(dumped));
}

TEST(Json, MembersHaveTypes) {
  const Json object = {{"n", 3}, {"x", 2.5}, {"t", "text"}, {"b", true}, {"none", nullptr}};
  EXPECT_EQ(get_int(object, "n"), 3);
  EXPECT_FALSE(get_int(object, "x"));
  EXPECT_EQ(get_double(object, "n"), 3.0);
  EXPECT_FALSE(get_double(object, "t"));
  EXPECT_FALSE(get_bool(object, "n"));
  EXPECT_FALSE(get_string(object, "none"));
  EXPECT_TRUE(get_member(object, "absent").empty());
  EXPECT_FALSE(get_int(Json::array(), "n"));
}

}  // namespace
}  // namespace mia
