// SPDX-License-Identifier: MIT
// A few words with a runtime's worker, outside any measurement.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "proc/child.h"
#include "proto/message.h"
#include "record/machine.h"

namespace mia::runtime {

class WorkerTalk {
 public:
  // Error kinds worker and protocol; the message ends with what the worker wrote to stderr.
  [[nodiscard]] static Result<WorkerTalk> start(const record::RuntimeInfo& runtime);
  [[nodiscard]] const proto::Greeting& greeting() const { return greeting_; }

  template <class Reply>
  [[nodiscard]] Result<Reply> ask(const proto::Request& request) {
    MIA_TRY_ASSIGN(proto::Reply reply, exchange(request));
    if (auto* const expected = std::get_if<Reply>(&reply)) {
      return std::move(*expected);
    }
    return fail(ErrorKind::protocol, "the worker gave an answer of another type");
  }

 private:
  [[nodiscard]] Result<proto::Reply> receive(std::int64_t id);
  [[nodiscard]] Result<proto::Reply> exchange(const proto::Request& request);
  std::unique_ptr<proc::Child> child_;
  proto::Greeting greeting_;
  std::int64_t last_id_ = 0;
};

}  // namespace mia::runtime
