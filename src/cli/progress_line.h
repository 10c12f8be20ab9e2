// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mia::cli {

// One line on stderr that is redrawn on a terminal and printed now and then elsewhere: nobody should wonder for more
// than kSilenceS whether anything goes on. Silent with --quiet.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  static constexpr double kSilenceS = 10;

  // `lasting` lines are printed also where nothing can be redrawn.
  void show(std::string_view text, bool lasting = false);
  // What has gone on for so long: redrawn on a terminal, elsewhere printed when nothing was for kSilenceS.
  void still(std::string_view text, double seconds);
  // A line that stays; the progress is drawn again below it.
  void say(std::string_view text);
  void clear();

 private:
  bool terminal_;
  bool quiet_;
  std::string shown_;
  std::int64_t printed_ns_;
};

}  // namespace mia::cli
