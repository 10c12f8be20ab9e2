// SPDX-License-Identifier: MIT
#include <sched.h>

#include <algorithm>

#include "base/text.h"
#include "worker/llama/pinning.h"

namespace mia::worker {
namespace {

std::vector<int> allowed_now() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cpus;
  if (::sched_getaffinity(0, sizeof(set), &set) == 0) {
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) {
        cpus.push_back(cpu);
      }
    }
  }
  return cpus;
}

// "f0" or "0xF0": the last digit holds CPUs 0 to 3.
Result<std::vector<int>> cpus_of(std::string_view mask) {
  std::string_view digits = mask;
  if (digits.starts_with("0x") || digits.starts_with("0X")) {
    digits.remove_prefix(2);
  }
  std::vector<int> cpus;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const std::size_t value = std::string_view("0123456789abcdef").find(lower(digits.substr(digits.size() - 1 - i, 1)));
    if (value == std::string_view::npos || digits.size() > CPU_SETSIZE / 4) {
      return fail(ErrorKind::unsupported, "cpu_mask = {} is no hexadecimal mask of CPUs", one_line(mask, 80));
    }
    for (unsigned bit = 0; bit < 4; ++bit) {
      if ((value >> bit & 1U) != 0) {
        cpus.push_back(static_cast<int>(4 * i + bit));
      }
    }
  }
  return cpus;
}

}  // namespace

Result<Pinning> pin_process(const record::LlmSettings& settings) {
  static const std::vector<int> kAtFirst = allowed_now();
  Pinning pinning;
  pinning.strict = settings.cpu_strict.value_or(false);
  if (settings.cpu_mask) {
    MIA_TRY_ASSIGN(pinning.cpus, cpus_of(*settings.cpu_mask));
  } else if (pinning.strict) {
    pinning.cpus = kAtFirst;
  }
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : pinning.cpus.empty() ? kAtFirst : pinning.cpus) {
    if (std::ranges::count(kAtFirst, cpu) == 0) {
      return fail(ErrorKind::unsupported, "cpu_mask = {} names CPU {}, which this process may not use",
                  one_line(settings.cpu_mask.value_or(""), 80), cpu);
    }
    CPU_SET(static_cast<std::size_t>(cpu), &set);
  }
  if (settings.cpu_mask && pinning.cpus.empty()) {
    return fail(ErrorKind::unsupported, "cpu_mask = {} names no CPU", one_line(*settings.cpu_mask, 80));
  }
  if (::sched_setaffinity(0, sizeof(set), &set) != 0 && !pinning.cpus.empty()) {
    return fail(ErrorKind::unsupported, "the system does not bind this process to CPUs");
  }
  return pinning;
}

bool is_pinned_to(const std::vector<int>& cpus) {
  return allowed_now() == cpus;
}

}  // namespace mia::worker
