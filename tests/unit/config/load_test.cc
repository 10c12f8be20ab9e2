// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "config/config.h"
#include "config/layer.h"
#include "record/fields.h"

namespace mia::config {
namespace {

namespace fs = std::filesystem;

class Load : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "mia-config-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    dir_ = name;
  }
  void TearDown() override {
    unsetenv("MIA__LLM__PRIMARY__N_THREADS");
    fs::remove_all(dir_);
  }
  void base(const char* text) const { std::ofstream(dir_ / "base.yaml") << text; }
  void overrides(const char* text) const { std::ofstream(dir_ / "overrides.local.yaml") << text; }
  [[nodiscard]] Result<Loaded> loaded(std::vector<std::string> set = {}, std::string profile = {}) const {
    return load({dir_, std::move(set), std::move(profile), true});
  }
  fs::path dir_;
};

constexpr const char* kBase = R"(llm:
  primary:
    id: big
    n_threads: 2
    n_batch: 128
models:
  - id: big
    file: big.gguf
    profile: strict
profiles:
  strict:
    perf:
      thresholds:
        load_ms_max: 1000
        short_tps_min: 7
)";

TEST_F(Load, UpperLayersWinAndSayWhoTheyAre) {
  base(kBase);
  overrides("llm:\n  primary:\n    n_threads: 3\n");
  EXPECT_EQ(loaded()->settings.llm.n_threads, 3);
  EXPECT_NE(loaded()->origins.at("llm.primary.n_threads").find("overrides.local.yaml:3"), std::string::npos);
  EXPECT_NE(loaded()->origins.at("llm.primary.n_batch").find("base.yaml:5"), std::string::npos);
  EXPECT_EQ(loaded()->origins.at("llm.primary.n_ctx"), "built-in");
  setenv("MIA__LLM__PRIMARY__N_THREADS", "4", 1);
  EXPECT_EQ(loaded()->settings.llm.n_threads, 4);
  const auto all = loaded({"n_threads=5"});
  EXPECT_EQ(all->settings.llm.n_threads, 5);
  EXPECT_EQ(all->origins.at("llm.primary.n_threads"), "--set");
}

TEST_F(Load, TheModelChoosesTheProfileAndOverridesLieAboveIt) {
  base(kBase);
  overrides("perf:\n  thresholds:\n    short_tps_min: 9\n");
  const auto all = loaded();
  ASSERT_TRUE(all) << all.error().text();
  EXPECT_EQ(all->profile, "strict");
  EXPECT_EQ(all->settings.thresholds.load_ms_max, 1000);
  EXPECT_EQ(all->settings.thresholds.short_tps_min, 9);
  EXPECT_EQ(loaded({"llm.primary.id=other"})->settings.thresholds.load_ms_max, std::nullopt);
  EXPECT_FALSE(loaded({}, "stirct"));
}

TEST_F(Load, AllProblemsAreToldAtOnceWithTheirPlaces) {
  base("llm:\n  primary:\n    n_threads: many\n    n_bath: 3\n");
  overrides("run:\n  cache: hot\n");
  setenv("MIA__LLM__PRIMARY__N_THREADS", "0", 1);
  const auto all = loaded({"nonsense"});
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().kind, ErrorKind::usage);
  for (const char* const part : {"base.yaml:3", "base.yaml:4", "n_batch", "overrides.local.yaml:2",
                                 "MIA__LLM__PRIMARY__N_THREADS", "--set nonsense"}) {
    const std::string told = all.error().message + "\n" + all.error().detail;
    EXPECT_NE(told.find(part), std::string::npos) << part << "\n" << told;
  }
}

TEST_F(Load, NoFilesAreTheBuiltInDefaultsUnlessAFolderWasNamed) {
  setenv("MIA_PERF_CONFIG_DIR", dir_.c_str(), 1);
  const auto all = load({});
  unsetenv("MIA_PERF_CONFIG_DIR");
  ASSERT_TRUE(all);
  EXPECT_EQ(all->settings.workload.max_tokens, 64);
  const auto named = load({dir_, {}, {}, true});
  ASSERT_FALSE(named);
  EXPECT_NE(named.error().message.find("no base.yaml"), std::string::npos) << named.error().message;
  EXPECT_FALSE(load({dir_ / "none", {}, {}, true}));
}

TEST(Environment, KnowsTheSwitchesOfTheMethod) {
  const char* const variables[] = {"MIA_PERF_STREAM_LATENCY=1", "MIA_PERF_LATENCY_DIST=0", "OTHER=x",
                                   "MIA__WORKLOAD__SEED=", nullptr};
  const Layer layer = read_environment(variables);
  EXPECT_TRUE(layer.problems.empty());
  ASSERT_EQ(layer.values.size(), 2U);
  EXPECT_EQ(layer.values.back().field->key, "run.latency_dist");
  EXPECT_EQ(layer.values.back().value, record::Value(true)) << "one switch that is off does not undo the other";
}

TEST(Environment, WarnsOfVariablesThatNearlyNameAKey) {
  const char* const variables[] = {"MIA_LLM_PRIMARY_N_THREADS=2",
                                   "mia__llm__primary__n_threads=2",
                                   "MIA_PERF_STORE=x",
                                   "MIA_LLAMA_FAKE=1",
                                   "MIAO=1",
                                   nullptr};
  const Layer layer = read_environment(variables);
  EXPECT_TRUE(layer.values.empty() && layer.problems.empty());
  ASSERT_EQ(layer.warnings.size(), 2U);
  EXPECT_EQ(
      layer.warnings.front(),
      "environment MIA_LLM_PRIMARY_N_THREADS is not read: begin with MIA__ and write two underscores for each dot "
      "of llm.primary.n_threads");
}

TEST(Shipped, ConfigurationIsGood) {
  const auto problems = check_file(fs::path(MIA_TEST_SOURCE_DIR) / "configs/base.yaml");
  ASSERT_TRUE(problems);
  EXPECT_TRUE(problems->empty());
}

}  // namespace
}  // namespace mia::config
