// SPDX-License-Identifier: MIT
#include "host/package_energy.h"

#include <gtest/gtest.h>

#include "temp_tree.h"

namespace mia::host {
namespace {

class Powercap : public ::testing::Test {
 protected:
  void put(const std::string& domain, const std::string& name, const std::string& energy) const {
    const std::string folder = "sys/class/powercap/" + domain;
    tree_.put(folder + "/name", name + "\n");
    tree_.put(folder + "/max_energy_range_uj", "262143328850\n");
    if (!energy.empty()) {
      tree_.put(folder + "/energy_uj", energy + "\n");
    }
  }
  TempTree tree_;
};

TEST_F(Powercap, PackagesAreSummedAndTheirPartsAreNot) {
  put("intel-rapl:0", "package-0", "1000000");
  put("intel-rapl:0:0", "core", "900000");
  put("intel-rapl:1", "package-1", "5000000");
  put("intel-rapl:2", "psys", "7000000");
  put("intel-rapl-mmio:0", "package-0", "1000000");
  const PackageEnergy energy(tree_.root());
  const auto before = energy.read();
  EXPECT_EQ(before, (std::vector<std::int64_t>{1000000, 5000000}));
  put("intel-rapl:0", "package-0", "3500000");
  EXPECT_DOUBLE_EQ(energy.joules(before, energy.read()).value_or(-1), 2.5);
  EXPECT_EQ(energy.joules(before, before), std::nullopt) << "a counter that did not move measured nothing";
  EXPECT_EQ(energy.reason(), "");
}

TEST_F(Powercap, ACounterThatBeginsAgainCountsOn) {
  put("intel-rapl:0", "package-0", "262142328850");
  const PackageEnergy energy(tree_.root());
  const auto before = energy.read();
  put("intel-rapl:0", "package-0", "1000000");
  EXPECT_DOUBLE_EQ(energy.joules(before, energy.read()).value_or(-1), 2.0);
}

TEST_F(Powercap, WhereNothingIsReadTheReasonIsSaid) {
  const PackageEnergy none(tree_.root());
  EXPECT_TRUE(none.read().empty());
  EXPECT_EQ(none.joules({}, {}), std::nullopt);
  EXPECT_NE(none.reason().find("shows no energy"), std::string::npos) << none.reason();
  put("intel-rapl:0", "package-0", "");  // as for all but root: the file cannot be read
  const PackageEnergy hidden(tree_.root());
  EXPECT_NE(hidden.reason().find("by root only"), std::string::npos) << hidden.reason();
  EXPECT_EQ(hidden.joules({}, {}), std::nullopt);
}

}  // namespace
}  // namespace mia::host
