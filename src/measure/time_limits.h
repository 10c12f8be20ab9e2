// SPDX-License-Identifier: MIT
// How long a phase may take. The limit comes from what similar trials took, and says so; before there is one, from the
// work that is asked for and a slow machine's pace.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "record/machine.h"
#include "record/outcome.h"
#include "record/settings.h"

namespace mia::measure {

struct TimeLimit {
  double seconds = 0;
  std::string source;  // "10 x the longest load so far (0.4 s)"
};

class TimeLimits {
 public:
  // Work of one trial: what `limit` scales by.
  struct Work {
    std::int64_t file_bytes = 0;
    std::int64_t bytes_per_token = 0;
    std::int64_t tokens = 0;        // prompt and output of one run
    std::int64_t runs = 1;          // runs in this phase
    std::optional<double> fixed_s;  // run.timeout_s
    std::string similar;            // trials with the same text are alike: model, threads, layers
  };

  [[nodiscard]] TimeLimit limit(record::Phase phase, const Work& work) const;
  // What a phase that ended well took.
  void learn(record::Phase phase, const Work& work, double seconds);

 private:
  struct Seen {
    double seconds_per_unit = 0;  // longest
    double seconds = 0;
  };
  std::map<std::string, Seen> seen_;
};

// Work of `runs` runs of so many tokens, prompt and output together.
[[nodiscard]] TimeLimits::Work work_of(const record::Settings& settings, const record::ModelInfo& model,
                                       std::int64_t tokens, std::int64_t runs);

}  // namespace mia::measure
