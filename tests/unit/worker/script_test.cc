// SPDX-License-Identifier: MIT
#include "worker/fake_script.h"

#include <gtest/gtest.h>

#include "record/fields.h"

namespace mia::worker {
namespace {

Script script_of(const char* text, std::int64_t trial = 1) {
  auto script = Script::parse(Json::parse(text), trial);
  EXPECT_TRUE(script.has_value()) << script.error().text();
  return *script;
}

record::Settings with(const char* key, const char* value) {
  record::Settings settings;
  EXPECT_TRUE(record::set_text(settings, key, value));
  return settings;
}

TEST(Script, TheFirstMatchingRuleWins) {
  const Script script = script_of(R"({"load_ms": 1, "context_ms": 7, "rules": [
      {"when": {"n_threads": 8, "flash_attn": "on"}, "load_ms": 2},
      {"when": {"n_threads": 8}, "load_ms": 3},
      {"when": {"n_threads": "auto"}, "load_ms": 4}]})");
  record::Settings both = with("n_threads", "8");
  ASSERT_TRUE(record::set_text(both, "flash_attn", "on"));
  EXPECT_EQ(script.behaviour(&both).load_ms, 2);
  const record::Settings eight = with("n_threads", "8");
  EXPECT_EQ(script.behaviour(&eight).load_ms, 3);
  EXPECT_EQ(script.behaviour(&eight).context_ms, 7) << "the top level shows through";
  const record::Settings nothing;
  EXPECT_EQ(script.behaviour(&nothing).load_ms, 4);
  const record::Settings four = with("n_threads", "4");
  EXPECT_EQ(script.behaviour(&four).load_ms, 1);
  EXPECT_EQ(script.behaviour(nullptr).load_ms, 1) << "settings not known yet";
}

TEST(Script, RulesLookAtTheModel) {
  const Script script = script_of(R"({"load_ms": 1, "rules": [{"when": {"model": "big"}, "load_ms": 2}]})");
  const record::Settings settings;
  EXPECT_EQ(script.behaviour(&settings, "/m/big-7b.gguf").load_ms, 2);
  EXPECT_EQ(script.behaviour(&settings, "/m/small.gguf").load_ms, 1);
}

TEST(Script, RulesLookAtTheTrial) {
  const char* const text = R"({"load_ms": 1, "rules": [{"when_trial": 2, "load_ms": 2},
                                                       {"when_trial": [3, 4], "load_ms": 3}]})";
  EXPECT_EQ(script_of(text, 1).behaviour(nullptr).load_ms, 1);
  EXPECT_EQ(script_of(text, 2).behaviour(nullptr).load_ms, 2);
  EXPECT_EQ(script_of(text, 4).behaviour(nullptr).load_ms, 3);
  EXPECT_EQ(script_of(text, 5).behaviour(nullptr).load_ms, 1);
}

TEST(Script, NullMeansThatTheEventDoesNotTell) {
  EXPECT_EQ(script_of(R"({"load_ms": null})").behaviour(nullptr).load_ms, std::nullopt);
}

TEST(Script, SlipsAreErrorsThatNameThem) {
  const std::pair<const char*, const char*> slips[] = {
      {R"({"load_msec": 1})", "load_msec"},
      {R"({"load_ms": "fast"})", "fake worker's script"},
      {R"({"token_ms": []})", "token_ms"},
      {R"({"noise": {"tokens": 1}})", "tokens"},
      {R"({"faults": [{"phase": "lunch", "kind": "exit"}]})", "lunch"},
      {R"({"faults": [{"phase": "load", "kind": "explode"}]})", "explode"},
      {R"({"faults": [{"phase": "load", "kind": "exit", "cod": 1}]})", "cod"},
      {R"({"rules": [{"when": {"n_thread": 8}}]})", "n_thread"},
      {R"({"rules": [{"when": {"n_threads": 8}, "lod_ms": 8}]})", "lod_ms"},
      {R"({"scale": {"n_thread": {"8": 1}}})", "n_thread"},
      {R"({"effective": {"n_threads": "many"}})", "many"},
  };
  for (const auto& [text, part] : slips) {
    const auto script = Script::parse(Json::parse(text), 1);
    ASSERT_FALSE(script.has_value()) << text;
    EXPECT_EQ(script.error().kind, ErrorKind::usage);
    EXPECT_NE(script.error().message.find(part), std::string::npos) << script.error().message;
  }
}

}  // namespace
}  // namespace mia::worker
