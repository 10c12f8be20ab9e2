// SPDX-License-Identifier: MIT
// What one axis of two values does by itself, everything else alike: flash attention off and on over models, layers and
// lengths, say. The best cell of a sweep mixes all axes and does not answer that.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "judge/cells.h"
#include "record/report.h"

namespace mia::judge {

struct AxisEffect {
  std::string name;  // "flash_attn"
  std::string from;  // the first cell's value
  std::string to;
  std::int64_t settings = 0;  // pairs of cells that differ in this alone
  double low = 0;             // least and largest of their median ratios of tokens per second, to over from
  double high = 0;
  std::int64_t pairs = 0;   // planned pairs of repeats of equal number, over all these cells
  std::int64_t faster = 0;  // of them, in which `to` was the faster
  std::int64_t slower = 0;
  // How often coins do that: twice the smaller p of the sign test over all pairs, which sees a common direction, and of
  // the settings' own deviations together (chi squared), which see that settings differ. Equal pairs do not count.
  double p = 1;
};

// Of each axis of the runtime's settings with two values, where at least two pairs of cells differ in it alone.
[[nodiscard]] std::vector<AxisEffect> axis_effects(const PartView& part);

// "flash_attn=on runs at 1.12 to 1.26 times the speed of off, by the settings (8 compared, faster in 40 of 40 pairs,
// p < 0.1 %)." with a blank after it.
[[nodiscard]] std::string sentence_of(const AxisEffect& effect);
// Of ratios: "1.12 to 1.26"; "1.12" where both read alike.
[[nodiscard]] std::string range_of(double low, double high);

}  // namespace mia::judge
