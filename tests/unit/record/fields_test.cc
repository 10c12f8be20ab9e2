// SPDX-License-Identifier: MIT
#include "record/fields.h"

#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace mia::record {
namespace {

TEST(FieldTable, KeysAndMembersAreUsedOnce) {
  std::set<std::string_view> keys;
  Settings settings;
  std::set<const void*> members;
  for (const Field& field : fields()) {
    EXPECT_TRUE(keys.insert(field.key).second) << field.key;
    const void* const member = std::visit([](const auto* at) -> const void* { return at; }, field.slot(settings));
    EXPECT_TRUE(members.insert(member).second) << field.key;
    EXPECT_TRUE(field.key.ends_with(field.name)) << field.key;
    EXPECT_FALSE(field.doc.empty()) << field.key;
    EXPECT_TRUE(parse_value(field, field.standard)) << field.key;
  }
  EXPECT_EQ(sizeof(settings.llm), sizeof(LlmSettings));
}

TEST(FieldTable, FindsWholeShortAndBareNames) {
  EXPECT_EQ(find_field("llm.primary.n_threads")->name, "n_threads");
  EXPECT_EQ(find_field("llm.n_threads"), find_field("llm.primary.n_threads"));
  EXPECT_EQ(find_field("n_threads"), find_field("llm.primary.n_threads"));
  EXPECT_EQ(find_field("seed"), nullptr) << "two rows have that name";
  EXPECT_EQ(find_field("workload.seed")->key, "workload.seed");
  const auto wrong = require_field("n_thread");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().kind, ErrorKind::usage);
  EXPECT_NE(wrong.error().text().find("n_threads"), std::string::npos);
}

TEST(FieldTable, RefusesWhatIsOutOfRangeOrOfAnotherType) {
  Settings settings;
  for (const char* const text : {"0", "10000", "many", "1.5", ""}) {
    const Status set = set_text(settings, "n_threads", text);
    ASSERT_FALSE(set) << text;
    EXPECT_NE(set.error().message.find("n_threads"), std::string::npos) << text;
  }
  EXPECT_FALSE(set_text(settings, "flash_attn", "perhaps"));
  EXPECT_FALSE(set_text(settings, "run.cache", "hot"));
  EXPECT_FALSE(settings.llm.n_threads);
}

TEST(FieldTable, ARefusalSaysWhatIsAllowed) {
  Settings settings;
  const auto refusal = [&](const char* key, const char* text) { return set_text(settings, key, text).error().text(); };
  EXPECT_EQ(refusal("n_threads", "0"), "llm.primary.n_threads must be an integer from 1 to 1024 or auto, not '0'");
  EXPECT_EQ(refusal("n_threads", "many"),
            "llm.primary.n_threads must be an integer from 1 to 1024 or auto, not 'many'");
  EXPECT_EQ(refusal("workload.max_tokens", "0"), "workload.max_tokens must be an integer from 1 to 1000000, not '0'");
  EXPECT_EQ(refusal("run.timeout_s", "soon"),
            "run.timeout_s must be a number from 0.01 to 1000000 or auto, not 'soon'");
  EXPECT_EQ(refusal("flash_attn", "x"), "llm.primary.flash_attn must be one of on, off or auto, not 'x'");
  EXPECT_EQ(refusal("workload.stream", "x\ny"), "workload.stream must be true or false, not 'x y'");
}

TEST(FieldTable, AutoIsNoValueWhereTheRuntimeDecidesAndTheDefaultElsewhere) {
  Settings settings = default_settings();
  EXPECT_FALSE(settings.llm.n_threads);
  ASSERT_TRUE(set_text(settings, "n_threads", "4"));
  ASSERT_TRUE(set_text(settings, "n_threads", "auto"));
  EXPECT_FALSE(settings.llm.n_threads);
  ASSERT_TRUE(set_text(settings, "workload.max_tokens", "auto"));
  EXPECT_EQ(settings.workload.max_tokens, 64);
}

// A value other than the default for any row.
std::string other_value(const Field& field) {
  if (!field.choices.empty()) {
    const std::string_view first = field.choices.substr(0, field.choices.find('|'));
    return std::string(first == field.standard ? field.choices.substr(field.choices.rfind('|') + 1) : first);
  }
  switch (field.type) {
    case FieldType::boolean:
      return field.standard == "true" ? "false" : "true";
    case FieldType::text:
      return "a text, with \"quotes\"";
    default:
      return field.standard == "9" ? "8" : "9";
  }
}

TEST(Settings, EveryRowSurvivesJson) {
  for (const Field& field : fields()) {
    Settings settings = default_settings();
    const bool fraction = field.most > 0 && field.most <= 1;
    const std::string text = fraction ? "0.5" : field.name == "cpu_mask" ? "f0" : other_value(field);
    ASSERT_TRUE(set_text(settings, field.key, text)) << field.key << " " << text;
    const auto back = settings_from_json(to_json(settings));
    ASSERT_TRUE(back) << field.key;
    EXPECT_EQ(to_text(get(*back, field)), to_text(get(settings, field))) << field.key;
    EXPECT_NE(describe(difference(default_settings(), *back)).find(field.name), std::string::npos) << field.key;
  }
}

TEST(Settings, JsonOfAnotherTypeIsAnErrorAndUnknownKeysAreNot) {
  EXPECT_TRUE(settings_from_json(Json{{"llm.primary", {{"n_moons", 2}}}, {"later", 1}}));
  EXPECT_FALSE(settings_from_json(Json{{"llm.primary", {{"n_threads", "two"}}}}));
  EXPECT_FALSE(settings_from_json(Json{{"llm.primary", {{"n_threads", Json::array({1})}}}}));
}

TEST(Settings, DifferencesAreInTableOrder) {
  Settings settings = default_settings();
  ASSERT_TRUE(set_text(settings, "n_batch", "256"));
  ASSERT_TRUE(set_text(settings, "n_threads", "8"));
  EXPECT_EQ(describe(difference(default_settings(), settings)), "n_threads=8 n_batch=256");
  EXPECT_EQ(describe(difference(settings, settings)), "");
}

}  // namespace
}  // namespace mia::record
