// SPDX-License-Identifier: MIT
#include "config/yaml_tree.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace mia::config {
namespace {

TEST(ParseYaml, KnowsLinesAndTheTextAsWritten) {
  const auto document = parse_yaml("a:\n  b: 1.30\n  c: \"7\"\nlist:\n  - x\n  - y\n", "f.yaml");
  ASSERT_TRUE(document) << document.error().text();
  EXPECT_EQ(document->place("a.b"), "f.yaml:2");
  EXPECT_EQ(document->texts.at("a.b"), "1.30");
  EXPECT_TRUE(document->json()["a"]["b"].is_number());
  EXPECT_TRUE(document->json()["a"]["c"].is_string());
  EXPECT_EQ(document->place("list.1"), "f.yaml:6");
  EXPECT_EQ(document->place("none"), "f.yaml");
}

TEST(ParseYaml, RefusesWhatCouldHideSomething) {
  for (const char* const text :
       {"a: 1\na: 2\n", "a: &x 1\nb: *x\n", "a: !!python/object x\n", "a: 1\n---\nb: 2\n", "a: [1, 2\n", "\ta: 1\n"}) {
    const auto document = parse_yaml(text, "f.yaml");
    ASSERT_FALSE(document) << text;
    EXPECT_EQ(document.error().kind, ErrorKind::usage) << text;
    EXPECT_NE(document.error().message.find("f.yaml"), std::string::npos) << text;
  }
}

TEST(ParseYaml, RefusesAQuotationThatSwallowsTheRest) {
  for (const char* const text :
       {"name: u\ntitle: \"half\nsettings: {run.repeats: 3}\n", "ü: 1\nname: u\ntitle: 'half\nsettings: {a: 1}\n",
        "title: \"half \\\"\n", "title: 'it''s\n", "\"title: half\nother: 1\n"}) {
    const auto document = parse_yaml(text, "u.yaml");
    EXPECT_FALSE(document) << text;
  }
  for (const char* const text : {"a: \"half \\\" \\\\\"\n", "a: 'it''s'\nb: it's\n", "a: \"two\n  lines\"\n",
                                 "'a': ''\n", "ü: \"ü\"\nb: 'C:\\'\n"}) {
    const auto document = parse_yaml(text, "u.yaml");
    EXPECT_TRUE(document) << text << document.error().text();
  }
  EXPECT_NE(parse_yaml("a: 1\nb: \"x\nc: 2\n", "u.yaml").error().text().find("u.yaml:2: the quotation mark"),
            std::string::npos);
}

TEST(ParseYaml, IsBounded) {
  std::string deep;
  for (int i = 0; i < 40; ++i) {
    deep += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  }
  EXPECT_FALSE(parse_yaml(deep, "f.yaml"));
  EXPECT_FALSE(parse_yaml("a: " + std::string(std::size_t{2} << 20U, 'x'), "f.yaml"));
  std::string wide = "a: [";
  for (int i = 0; i < 110'000; ++i) {
    wide += "1,";
  }
  EXPECT_FALSE(parse_yaml(wide + "1]", "f.yaml"));
}

}  // namespace
}  // namespace mia::config
