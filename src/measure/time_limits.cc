// SPDX-License-Identifier: MIT
#include "measure/time_limits.h"

#include <algorithm>

#include <fmt/core.h>

#include "record/value.h"

namespace mia::measure {
namespace {

using record::Phase;

// A trial may be this much slower than the slowest one like it before it counts as hung.
constexpr double kPatience = 10.0;
constexpr double kLeast = 30.0;       // seconds, whatever was seen: beside a compiler, threads that spin take turns
constexpr double kSlowDisk = 20e6;    // bytes/s
constexpr double kSlowMemory = 50e6;  // bytes/s read by decoding: a tenth of one old core
constexpr double kStartUp = 60.0;     // seconds: spawn, libraries, devices
constexpr double kBatching = 8.0;     // prompt tokens share reads of the weights at least so often

double units(Phase phase, const TimeLimits::Work& work) {
  switch (phase) {
    case Phase::load:
      return static_cast<double>(std::max<std::int64_t>(work.file_bytes, 1));
    case Phase::warm_up:
    case Phase::generate:
    case Phase::probe:
      return static_cast<double>(std::max<std::int64_t>(work.tokens * work.runs, 1));
    default:
      return 1;
  }
}

double first_guess(Phase phase, const TimeLimits::Work& work) {
  switch (phase) {
    case Phase::load:
      return kStartUp + static_cast<double>(work.file_bytes) / kSlowDisk;
    case Phase::warm_up:
    case Phase::generate:
    case Phase::probe:
      return kStartUp + static_cast<double>(work.tokens * work.runs) * static_cast<double>(work.bytes_per_token) /
                            kSlowMemory / (phase == Phase::probe ? kBatching : 1.0);
    default:
      return kStartUp;
  }
}

std::string key_of(Phase phase, const TimeLimits::Work& work) {
  return fmt::format("{}\n{}", record::name_of(phase), work.similar);
}

}  // namespace

TimeLimit TimeLimits::limit(Phase phase, const Work& work) const {
  if (work.fixed_s) {
    return {*work.fixed_s, "run.timeout_s"};
  }
  const auto at = seen_.find(key_of(phase, work));
  if (at == seen_.end()) {
    return {first_guess(phase, work), fmt::format("no similar {} yet: a slow machine's pace", record::name_of(phase))};
  }
  const double expected = at->second.seconds_per_unit * units(phase, work);
  return {std::max(kLeast, kPatience * expected),
          fmt::format("{:.0f} x the slowest similar {} ({:.2g} s for this work), at least {:.0f} s", kPatience,
                      record::name_of(phase), expected, kLeast)};
}

void TimeLimits::learn(Phase phase, const Work& work, double seconds) {
  Seen& seen = seen_[key_of(phase, work)];
  seen.seconds = std::max(seen.seconds, seconds);
  seen.seconds_per_unit = std::max(seen.seconds_per_unit, seconds / units(phase, work));
}

TimeLimits::Work work_of(const record::Settings& settings, const record::ModelInfo& model, std::int64_t tokens,
                         std::int64_t runs) {
  const auto text = [](const record::OptInt& number) {
    return record::to_text(number ? record::Value(*number) : record::Value(std::monostate{}));
  };
  TimeLimits::Work work;
  work.file_bytes = model.file_bytes;
  work.bytes_per_token = model.bytes_per_token;
  work.tokens = tokens;
  work.runs = runs;
  work.fixed_s = settings.run.timeout_s;
  // Whatever may change a time by more than the patience: another library, place of the weights or state of the file.
  work.similar = fmt::format(
      "{} {} {} {} {} {} {} {} {}", model.header_hash, text(settings.llm.n_threads), text(settings.llm.n_gpu_layers),
      settings.run.runtime.value_or(""), settings.run.cache.value_or(""), settings.llm.load_mode.value_or(""),
      text(settings.llm.n_cpu_moe), settings.llm.override_tensor.value_or(""), settings.llm.flash_attn.value_or(""));
  return work;
}

}  // namespace mia::measure
