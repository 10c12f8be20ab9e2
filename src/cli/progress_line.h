// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/observer.h"

namespace mia::cli {

// One line on stderr that is redrawn on a terminal and printed now and then elsewhere: nobody should wonder for more
// than kSilenceS whether anything goes on. Silent with --quiet.
class ProgressLine : public app::Observer {
 public:
  ProgressLine();
  ~ProgressLine() override;

  static constexpr double kSilenceS = 10;

  // `lasting` lines are printed also where nothing can be redrawn.
  void doing(std::string_view text, bool lasting = false) override;
  // What has gone on for so long: redrawn on a terminal, elsewhere printed when nothing was for kSilenceS.
  void still(std::string_view text, double seconds) override;
  // A line that stays; the progress is drawn again below it.
  void say(std::string_view text) override;
  void warn(std::string_view text) override;
  void done() override;

 private:
  template <class Print>
  void print_above(Print print);

  bool terminal_;
  bool quiet_;
  std::string shown_;
  std::int64_t printed_ns_;
};

}  // namespace mia::cli
