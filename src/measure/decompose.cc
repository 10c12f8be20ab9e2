// SPDX-License-Identifier: MIT
#include "measure/decompose.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include <fmt/core.h>

#include "measure/summary.h"
#include "record/metrics.h"
#include "stats/summary.h"

namespace mia::measure {
namespace {

constexpr double kMsPerS = 1000;

// A part is one workload's time less another's, for the whole answer.
struct Difference {
  const char* name;
  const char* with;
  const char* without;  // "" for nothing
};
constexpr auto kParts = std::to_array<Difference>({{"prompt", "prompt", ""},
                                                   {"decode", "queue", "prompt"},
                                                   {"waits", "decode", "queue"},
                                                   {"sampling", "sample", "decode"},
                                                   {"text", "stream", "sample"},
                                                   {"whole", "stream", ""}});
constexpr auto kWorkloads = std::to_array<std::string_view>({"prompt", "queue", "decode", "sample", "stream"});

using ByRepeat = std::map<std::int64_t, double>;

std::string workload_of(const PlannedCell& cell) {
  return cell.settings.workload.name.value_or("");
}

// Milliseconds of a whole answer.
ByRepeat answers_of(const PlannedCell& cell, std::span<const record::Trial> trials) {
  ByRepeat answers;
  for (const record::Trial* const trial : counted(trials, cell.key)) {
    if (const auto seconds = record::find_metric("gen_latency_s")->of(*trial)) {
      answers[trial->repeat] = *seconds * kMsPerS;
    }
  }
  return answers;
}

std::optional<double> tokens_of(const PlannedCell& cell, std::span<const record::Trial> trials) {
  const auto good = counted(trials, cell.key);
  return good.empty() ? std::nullopt : record::find_metric("tokens_out")->of(*good.front());
}

class Decomposition {
 public:
  Decomposition(std::string mode, const std::vector<const PlannedCell*>& cells, std::span<const record::Trial> trials)
      : mode_(std::move(mode)) {
    for (const PlannedCell* const cell : cells) {
      answers_[workload_of(*cell)] = answers_of(*cell, trials);
      if (workload_of(*cell) == "stream") {
        tokens_ = tokens_of(*cell, trials);
      }
    }
  }

  std::vector<record::TimePart> parts() const {
    std::vector<record::TimePart> parts;
    for (const Difference& difference : kParts) {
      parts.push_back(part(difference));
    }
    if (const auto whole = parts.back().ms; whole && *whole > 0) {
      for (record::TimePart& part : parts) {
        part.share = part.ms ? std::optional(*part.ms / *whole) : std::nullopt;
      }
    }
    return parts;
  }

 private:
  [[nodiscard]] record::TimePart part(const Difference& difference) const {
    record::TimePart part;
    part.mode = mode_;
    part.name = difference.name;
    part.how = *difference.without == '\0' ? std::string(difference.with)
                                           : fmt::format("{} - {}", difference.with, difference.without);
    const std::vector<double> values = per_token(difference);
    part.n = std::ssize(values);
    part.ms = stats::median(values);
    if (const auto interval = interval_of(values)) {
      part.low = interval->low;
      part.high = interval->high;
    }
    if (!part.ms) {
      part.how += ": no repeat has both";
    }
    return part;
  }

  // Differences of the same repeat: what drifts slowly hits both alike.
  [[nodiscard]] std::vector<double> per_token(const Difference& difference) const {
    std::vector<double> values;
    const auto with = answers_.find(difference.with);
    const auto without = answers_.find(difference.without);
    if (with == answers_.end() || tokens_.value_or(0) <= 0) {
      return values;
    }
    for (const auto& [repeat, ms] : with->second) {
      if (*difference.without == '\0') {
        values.push_back(ms / *tokens_);
      } else if (without != answers_.end() && without->second.contains(repeat)) {
        values.push_back((ms - without->second.at(repeat)) / *tokens_);
      }
    }
    return values;
  }

  std::string mode_;
  std::map<std::string, ByRepeat, std::less<>> answers_;
  std::optional<double> tokens_;
};

}  // namespace

std::vector<record::TimePart> time_parts(const Plan& plan, std::span<const record::Trial> trials) {
  std::vector<std::string> modes;
  std::map<std::string, std::vector<const PlannedCell*>> cells;
  for (const PlannedCell& cell : plan.cells) {
    if (std::ranges::count(kWorkloads, workload_of(cell)) == 0) {
      return {};
    }
    const std::string mode = record::describe(cell.point.settings);
    if (!cells.contains(mode)) {
      modes.push_back(mode);
    }
    cells[mode].push_back(&cell);
  }
  std::vector<record::TimePart> parts;
  for (const std::string& mode : modes) {
    const auto more = Decomposition(mode, cells[mode], trials).parts();
    parts.insert(parts.end(), more.begin(), more.end());
  }
  return parts;
}

}  // namespace mia::measure
