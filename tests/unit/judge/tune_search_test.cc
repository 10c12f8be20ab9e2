// SPDX-License-Identifier: MIT
#include "judge/tune_search.h"

#include <cmath>
#include <functional>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "epochs.h"

namespace mia::judge {
namespace {

using record::Settings;
using record::TurnFigures;

// A made-up machine: a turn's time by the settings, noise of single turns and a drift that a block shares.
class Machine : public TurnSource {
 public:
  explicit Machine(std::function<double(const Settings&)> time, std::uint64_t seed = 1)
      : time_(std::move(time)), random_(seed) {}

  Result<std::vector<Readiness>> begin(const Coordinate& coordinate, std::span<const Settings> candidates,
                                       std::size_t /*incumbent*/) override {
    begun.push_back(coordinate.field->name);
    candidates_.assign(candidates.begin(), candidates.end());
    return std::vector<Readiness>(candidates.size());
  }
  std::optional<TurnFigures> run(std::size_t candidate, std::int64_t block) override {
    if (block != block_) {
      block_ = block;
      drift_ = std::exp(0.1 * normal(random_));
    }
    const double time = time_(candidates_[candidate]);
    if (++turns > last_turn || time <= 0) {
      return std::nullopt;
    }
    const double turn = time * drift_ * std::exp(noise * normal(random_));
    return TurnFigures{turn, turn / 2, 10 / turn};
  }
  std::string why() const override { return "it crashed"; }
  bool over() override { return turns >= last_turn; }
  void told(const record::TuneRace& /*race*/) override {}

  std::vector<std::string_view> begun;
  std::int64_t turns = 0;
  std::int64_t last_turn = 1'000'000;
  double noise = 0.02;

 private:
  std::function<double(const Settings&)> time_;
  stats::Random random_;
  std::vector<Settings> candidates_;
  std::int64_t block_ = -1;
  double drift_ = 1;
};

Coordinate coordinate(const char* key, const std::vector<std::int64_t>& values) {
  Coordinate found{record::find_field(key), {}, false};
  for (const std::int64_t value : values) {
    record::Setting& level = found.levels.emplace_back();
    level.field = found.field;
    level.value = value;
  }
  return found;
}

SearchInput space() {
  SearchInput input;
  input.space = {coordinate("n_threads", {1, 2, 4, 8}), coordinate("n_ubatch", {128, 256, 512})};
  input.start.llm.n_threads = 8;
  return input;
}

double bowl(const Settings& settings) {
  const double threads = std::log2(static_cast<double>(settings.llm.n_threads.value_or(4)) / 4);
  const double batch = std::log2(static_cast<double>(settings.llm.n_ubatch.value_or(128)) / 512);
  return 1 + 0.1 * threads * threads + 0.05 * batch * batch;
}

TEST(Search, FindsTheBestOfEachParameter) {
  Machine machine(bowl);
  const auto found = search(space(), machine);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->chosen.llm.n_threads, 4);
  EXPECT_EQ(found->chosen.llm.n_ubatch, 512);
  EXPECT_TRUE(found->complete);
  EXPECT_GT(found->start_turn->turn_s, found->chosen_turn->turn_s * 0.9);
  ASSERT_EQ(found->races.size(), 2U);
  EXPECT_LT(*found->races[1].levels[2].effect, 0);
}

// Neither a step of the layers alone nor one of the experts alone is an improvement: all of it together is.
double half_of_the_model_fits(const Settings& settings) {
  const std::int64_t layers = settings.llm.n_gpu_layers.value_or(0);
  const std::int64_t experts = settings.llm.n_cpu_moe.value_or(0);
  return layers == 24 && experts == 12 ? 1 : 3 + 0.02 * static_cast<double>(layers + experts);
}

TEST(Search, AParameterIsRacedWithWhatItNeeds) {
  SearchInput input;
  input.space = {coordinate("n_cpu_moe", {24, 12, 0}), coordinate("n_gpu_layers", {0, 12, 24})};
  input.start.llm.n_gpu_layers = 12;
  input.start.llm.n_cpu_moe = 0;
  Machine alone(half_of_the_model_fits);
  EXPECT_NE(search(input, alone)->chosen.llm.n_cpu_moe, 12);
  input.space[0].with = {{record::find_field("n_gpu_layers"), std::int64_t{24}, ""}};
  Machine machine(half_of_the_model_fits);
  const auto found = search(input, machine);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->chosen.llm.n_cpu_moe, 12);
  EXPECT_EQ(found->chosen.llm.n_gpu_layers, 24);
}

// Eight parameters as `tune` has them on a machine with a GPU.
SearchInput wide_space(std::uint64_t seed) {
  SearchInput input;
  input.space = {coordinate("n_threads", {1, 2, 4, 8}),
                 coordinate("n_threads_batch", {1, 2, 4, 8}),
                 coordinate("n_ubatch", {64, 128, 256, 512}),
                 coordinate("n_batch", {512, 1024, 2048}),
                 coordinate("n_gpu_layers", {0, 8, 16, 24, 32}),
                 coordinate("n_cpu_moe", {0, 16, 32}),
                 coordinate("poll", {0, 50}),
                 coordinate("main_gpu", {0, 1})};
  input.start.llm.n_threads = 8;
  input.seed = seed;
  return input;
}

constexpr int kSearches = 300;
constexpr std::uint64_t kReportedSeeds = 10'000;  // the rule was chosen on seeds below

// The chance of a race is 1 %, so a search of eight leaves a flat machine in at most 8 %: that is the bound, whatever
// the noise is. Seen here: 3.3 % at 2 % noise of a turn, 1.7 % at 5 %.
TEST(Search, SeldomLeavesTheStartOnAFlatMachine) {
  for (const double noise : {0.02, 0.05}) {
    int left = 0;
    for (std::uint64_t i = 0; i < kSearches; ++i) {
      const SearchInput input = wide_space(kReportedSeeds + i);
      Machine machine([](const Settings&) { return 1.0; }, input.seed);
      machine.noise = noise;
      left += search(input, machine)->chosen == input.start ? 0 : 1;
    }
    RecordProperty(fmt::format("left_start_at_{:g}_percent_noise", 100 * noise), left);
    EXPECT_LE(left, kSearches * 8 / 100) << noise;
  }
}

// What a user would miss: a gain of 10 % is to be found nearly always on a machine of ordinary noise, and more often
// than not on a bad one (seen here: 100 % and 90 %); the race says for itself what it notices
// (Race.TellsWhichGainItNotices).
TEST(Search, FindsAGainOfTenPercent) {
  for (const auto& [noise, least] : {std::pair(0.02, 0.95), std::pair(0.05, 0.5)}) {
    int found = 0;
    for (std::uint64_t i = 0; i < kSearches; ++i) {
      const SearchInput input = wide_space(kReportedSeeds + i);
      Machine machine([](const Settings& settings) { return settings.llm.n_ubatch == 128 ? 0.9 : 1.0; }, input.seed);
      machine.noise = noise;
      found += search(input, machine)->chosen.llm.n_ubatch == 128 ? 1 : 0;
    }
    RecordProperty(fmt::format("found_at_{:g}_percent_noise", 100 * noise), found);
    EXPECT_GE(found, kSearches * least) << noise;
  }
}

TEST(Search, AFailureIsDataAndNeverChosen) {
  Machine machine([](const Settings& settings) { return settings.llm.n_threads == 4 ? 0 : bowl(settings); });
  const auto found = search(space(), machine);
  ASSERT_TRUE(found);
  EXPECT_NE(found->chosen.llm.n_threads, 4);
  EXPECT_EQ(found->races[0].levels[2].why, "it crashed");
  EXPECT_EQ(found->races[0].levels[2].standing, "failed");
}

TEST(Search, NothingRunsNothingIsChosen) {
  Machine machine([](const Settings&) { return 0.0; });
  const SearchInput input = space();
  const auto found = search(input, machine);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->chosen, input.start);
  EXPECT_FALSE(found->chosen_turn);
  EXPECT_EQ(found->races.size(), 1U);
}

TEST(Search, AnEndInTheMiddleKeepsWhatIsKnown) {
  Machine machine(bowl);
  machine.last_turn = 6;  // a block and a half
  const auto found = search(space(), machine);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->complete);
  EXPECT_EQ(found->races.size(), 1U);
  EXPECT_EQ(found->races[0].blocks, 1);
}

TEST(Search, StopsWhereNothingIsLeftToWin) {
  Machine machine([](const Settings&) { return 1.0; });
  machine.noise = 0.001;
  SearchInput input = space();
  input.least_s = 2;
  const auto found = search(input, machine);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->at_roofline);
  EXPECT_EQ(found->races.size(), 1U);
}

TEST(Search, LimitsGoBeforeTime) {
  const TurnFigures turn{2, 1, 5.0};
  EXPECT_EQ(shortfall(turn, {}), 0);
  EXPECT_EQ(shortfall(turn, {4, 1.5}), 0);
  EXPECT_NEAR(shortfall(turn, {10, std::nullopt}), std::log(2), 1e-9);
  EXPECT_NEAR(shortfall(turn, {std::nullopt, 0.5}), std::log(2), 1e-9);
  EXPECT_GT(shortfall({2, 1, std::nullopt}, {1, std::nullopt}), 0);
}

}  // namespace
}  // namespace mia::judge
