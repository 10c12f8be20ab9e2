// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace mia::cli {

// One line on stderr that is redrawn on a terminal and printed now and then elsewhere. Silent with --quiet.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // `lasting` lines are printed also where nothing can be redrawn.
  void show(std::string_view text, bool lasting = false);
  // A line that stays; the progress is drawn again below it.
  void say(std::string_view text);
  void clear();

 private:
  bool terminal_;
  bool quiet_;
  std::string shown_;
};

}  // namespace mia::cli
