// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>

#include "proto/message.h"
#include "worker/fake_script.h"

namespace mia::worker {

// Carries out one fault; true when the request has been answered (wrongly, or with a failure) and nothing else is to be
// sent. Some never return. `out` is the reply pipe, `id` that of the request.
[[nodiscard]] bool strike(const Fault& fault, int out, std::int64_t id);

// Whether `kind` is one that strike() knows.
[[nodiscard]] bool is_fault_kind(std::string_view kind);

// Strikes the script's faults of a phase; counts the requests of each phase for `nth`.
class Faults {
 public:
  Faults(const Script& script, int out) : script_(script), out_(out) {}

  [[nodiscard]] bool at(record::Phase phase, std::int64_t id, const proto::Request* request);

 private:
  const Script& script_;
  int out_;
  record::Settings settings_;
  bool has_settings_ = false;
  std::string model_;
  std::array<std::int64_t, 9> counts_{};
};

}  // namespace mia::worker
