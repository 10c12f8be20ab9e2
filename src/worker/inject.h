// SPDX-License-Identifier: MIT
// Deliberate slowness inside the timed loop (workload.inject_*), so that a test of the method has something to find. A
// run without it has no injector, and its loop nothing of this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "record/settings.h"
#include "worker/token_loop.h"

namespace mia::worker {

class Injector {
 public:
  // nullopt when the workload asks for none. `seed` chooses the tokens that stall.
  [[nodiscard]] static std::optional<Injector> make(const record::WorkloadSettings& workload, std::int64_t max_tokens,
                                                    std::int64_t seed);

  // Stays busy until (1 + inject_slow) times what passed since `began_ns` has passed.
  void stretch(std::int64_t began_ns) const;
  // The same for one token, after its further reading; and then its stall.
  void after_token(std::int64_t began_ns);
  // Which tokens of the run stall.
  [[nodiscard]] const std::vector<bool>& stalls() const { return stalls_; }

 private:
  double slow_ = 0;
  std::size_t read_words_ = 0;
  std::vector<bool> stalls_;
  std::size_t token_ = 0;
};

// measure_tokens() with slowness, where there is any.
template <class Next>
Step measure_injected(std::optional<Injector>& injector, std::int64_t begin, std::int64_t count,
                      std::vector<std::int64_t>& stamps, Next next) {
  if (!injector) {
    return measure_tokens(begin, count, stamps, next);
  }
  return measure_tokens(begin, count, stamps, [&] {
    const std::int64_t began = steady_ns();
    const Step step = next();
    if (step == Step::token) {
      injector->after_token(began);
    }
    return step;
  });
}

}  // namespace mia::worker
