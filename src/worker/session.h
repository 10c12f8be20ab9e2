// SPDX-License-Identifier: MIT
#pragma once

#include "proto/message.h"
#include "worker/provider.h"

namespace mia::worker {

// One worker's conversation without its pipes: keeps the order of requests, carries out the warm-up, and turns
// exceptions into outcomes.
class Session {
 public:
  explicit Session(Provider& provider) : provider_(provider) {}

  [[nodiscard]] proto::Reply greet();
  // Never throws; a request out of order is refused.
  [[nodiscard]] proto::Reply answer(const proto::Request& request);

 private:
  [[nodiscard]] proto::Reply dispatch(const proto::Request& request);
  [[nodiscard]] proto::Reply load(const proto::Load& request);
  [[nodiscard]] proto::Reply make_context(const proto::MakeContext& request);
  [[nodiscard]] proto::Reply generate(const proto::Generate& request);
  [[nodiscard]] proto::Reply warm_up(const proto::WarmUp& request);

  Provider& provider_;
  bool has_model_ = false;
  bool has_context_ = false;
};

}  // namespace mia::worker
