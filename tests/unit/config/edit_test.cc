// SPDX-License-Identifier: MIT
#include "config/edit.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

namespace mia::config {
namespace {

namespace fs = std::filesystem;

std::string edited(std::string_view text, std::string_view key, std::string_view value, std::string_view comment = {}) {
  const auto result = set_yaml_value(text, key, value, comment);
  EXPECT_TRUE(result) << result.error().text();
  return result ? *result : std::string();
}

TEST(SetYamlValue, ChangesTheValueAndNoOtherByte) {
  const char* const before =
      "# mine\nllm:\n  primary:\n    n_threads: 2   # why\n    n_batch: 128\n\nrun: {cache: warm}\n";
  EXPECT_EQ(edited(before, "llm.primary.n_threads", "8"),
            "# mine\nllm:\n  primary:\n    n_threads: 8   # why\n    n_batch: 128\n\nrun: {cache: warm}\n");
}

TEST(SetYamlValue, AddsWhatIsMissingWhereItBelongs) {
  const std::string text =
      edited("llm:\n  primary:\n    n_threads: 2\nrun:\n  repeats: 3\n", "llm.primary.n_batch", "256");
  EXPECT_LT(text.find("n_batch: 256"), text.find("run:"));
  EXPECT_EQ(edited("", "llm.primary.n_batch", "256"), "llm:\n  primary:\n    n_batch: 256\n");
}

TEST(SetYamlValue, ReplacesItsOwnComment) {
  std::string text = edited("llm:\n  primary:\n    n_threads: 2\n", "llm.primary.n_threads", "4", "twice as fast");
  text = edited(text, "llm.primary.n_threads", "8", "even faster");
  EXPECT_EQ(text.find("twice as fast"), std::string::npos);
  EXPECT_NE(text.find("even faster"), std::string::npos);
}

TEST(SetYamlValue, QuotesWhatYamlWouldReadAsSomethingElse) {
  for (const char* const value : {"yes: no", "# no comment", "- item", "  spaces  ", "1e3"}) {
    EXPECT_TRUE(set_yaml_value("", "workload.prompt", value, "")) << value;
  }
}

TEST(SetYamlValue, RefusesFlowStyleInTheWay) {
  EXPECT_FALSE(set_yaml_value("llm: {primary: {n_threads: 2}}\n", "llm.primary.n_threads", "8", ""));
}

TEST(ApplyOverrides, IsAllOrNothingAndKeepsABackup) {
  std::string name = (fs::temp_directory_path() / "mia-edit-XXXXXX").string();
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  const fs::path file = fs::path(name) / "overrides.local.yaml";
  std::ofstream(file) << "# mine\n";
  EXPECT_FALSE(apply_overrides(file, {{"llm.primary.n_threads", "8"}, {"llm.primary.n_moons", "2"}}, "reason"));
  EXPECT_FALSE(apply_overrides(file, {{"llm.primary.n_threads", "0"}}, "reason"));
  EXPECT_EQ(fs::file_size(file), 7U);
  ASSERT_TRUE(apply_overrides(file, {{"llm.primary.n_threads", "8"}}, "faster\nby far"));
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  EXPECT_NE(text.str().find("n_threads: 8"), std::string::npos);
  EXPECT_NE(text.str().find("# mine"), std::string::npos);
  EXPECT_EQ(text.str().find("\nby far"), std::string::npos) << "a reason never leaves its comment";
  EXPECT_TRUE(fs::exists(file.string() + ".bak"));
  fs::remove_all(name);
}

}  // namespace
}  // namespace mia::config
