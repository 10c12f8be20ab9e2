// SPDX-License-Identifier: MIT
#include "document/sparkline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace mia::document {
namespace {

constexpr std::array<std::string_view, 8> kHeights{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, 8> kEighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};

}  // namespace

std::string sparkline(std::span<const double> values) {
  double least = INFINITY;
  double most = -INFINITY;
  for (const double value : values) {
    if (std::isfinite(value)) {
      least = std::min(least, value);
      most = std::max(most, value);
    }
  }
  std::string text;
  for (const double value : values) {
    if (!std::isfinite(value)) {
      text += ' ';
      continue;
    }
    const double share = most > least ? value / (most - least) - least / (most - least) : 0.49;
    text += kHeights[static_cast<std::size_t>(std::clamp(share * 8.0, 0.0, 7.0))];
  }
  return text;
}

std::string bar(double value, double most, int width) {
  if (!(value > 0) || !(most > 0) || !std::isfinite(value / most)) {
    return "";
  }
  const auto eighths = static_cast<std::size_t>(std::lround(std::min(value / most, 1.0) * width * 8));
  std::string text;
  for (std::size_t i = 0; i < eighths / 8; ++i) {
    text += kHeights.back();
  }
  return text + std::string(kEighths[eighths % 8]);
}

}  // namespace mia::document
