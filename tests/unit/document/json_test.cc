// SPDX-License-Identifier: MIT
#include "document/json.h"

#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "document/value.h"

namespace mia {
namespace {

using document::Number;
using document::Setting;
using document::Table;

TEST(TableJson, KeysAreTheColumnsNames) {
  const Table table{{{"name", "name"}, {"only_json", ""}, {"", "only shown"}}, {{"a", 1L, "x"}, {"b"}}};
  EXPECT_EQ(document::to_json(table), (Json{{{"name", "a"}, {"only_json", 1}}, {{"name", "b"}}}));
  EXPECT_EQ(document::to_json(Table{{{"a", "a"}}}), Json::array());
}

TEST(TableJson, NumbersHaveIntervalsAndReasons) {
  Number speed = document::number(2.5);
  speed.summary.low = 2;
  speed.interval = true;
  const Table table{{{"speed", ""}, {"whole", ""}, {"unknown", ""}, {"nan", ""}},
                    {{speed, document::bytes(96), document::number({}, {}, "no GPU"),
                      document::number(std::numeric_limits<double>::quiet_NaN())}}};
  const Json row = document::to_json(table).at(0);
  EXPECT_EQ(row.at("speed"), 2.5);
  EXPECT_EQ(row.at("speed_low"), 2);
  EXPECT_TRUE(row.at("speed_high").is_null());
  EXPECT_TRUE(row.at("whole").is_number_integer());
  EXPECT_TRUE(row.at("unknown").is_null());
  EXPECT_EQ(row.at("null_reasons"), Json({{"unknown", "no GPU"}}));
  EXPECT_TRUE(row.at("nan").is_null());
}

TEST(TableJson, SettingsWordsAndSeries) {
  const Table table{{{"n_threads", ""}, {"n_batch", ""}, {"word", ""}, {"curve", ""}, {"none", ""}, {"yes", ""}},
                    {{Setting{{}, std::int64_t{4}}, Setting{std::int64_t{8}, {}}, document::Word{{}, "not told"},
                      document::Series{{1, 2}, true}, document::Series{}, true}}};
  const Json row = document::to_json(table).at(0);
  EXPECT_EQ(row.at("n_threads"), "auto");
  EXPECT_EQ(row.at("n_threads_effective"), 4);
  EXPECT_EQ(row.at("n_batch"), 8);
  EXPECT_TRUE(row.at("n_batch_effective").is_null());
  EXPECT_EQ(row.at("null_reasons").at("word"), "not told");
  EXPECT_EQ(row.at("curve"), (Json{1, 2}));
  EXPECT_FALSE(row.contains("none")) << "an empty series is not there";
  EXPECT_EQ(row.at("yes"), true);
}

}  // namespace
}  // namespace mia
