// SPDX-License-Identifier: MIT
// The worker's main loop: protocol lines in on one pipe, out on the other, one request at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/result.h"
#include "record/outcome.h"
#include "worker/provider.h"

namespace mia::worker {

inline constexpr int kExitOk = 0;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitProtocol = 3;

struct Channel {
  int in = 3;
  int out = 4;
};

// The descriptors named by MIA_WORKER_IN and MIA_WORKER_OUT, or 3 and 4; they must be open. They are closed on exec.
[[nodiscard]] Result<Channel> channel_from_environment();

// Dies with its parent; a closed pipe is a return value, not a signal.
void prepare_process();

// Whole line and its newline; false when nobody reads any more.
[[nodiscard]] bool write_line(int fd, std::string_view line);

// Called before the answer to the greeting (id 0) and to each request; true: it has answered itself.
using Intercept = std::function<bool(record::Phase phase, std::int64_t id, const proto::Request* request)>;

// Greets, then answers until shutdown, the end of input or a broken line; the exit code.
[[nodiscard]] int serve(Provider& provider, Channel channel, const Intercept& intercept = {});

}  // namespace mia::worker
