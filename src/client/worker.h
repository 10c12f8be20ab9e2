// SPDX-License-Identifier: MIT
// The coordinator's end of one worker process. Whatever happens to the process is an Outcome of the phase it happened
// in; nothing here throws, and nothing of the process is left when the object is gone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "proto/message.h"
#include "record/machine.h"
#include "record/outcome.h"

namespace mia::proc {
class Child;
}

namespace mia::client {

inline constexpr std::size_t kLogKept = std::size_t{16} << 10U;  // bytes of a worker's log that are kept with a trial
inline constexpr std::size_t kLogRead = std::size_t{64} << 10U;  // and that are searched for the cause of its end

// Seconds for one answer where nothing is timed: loading a large model from a slow disk.
inline constexpr double kAnswerLimitS = 600;

struct WorkerSpec {
  record::RuntimeInfo runtime;             // names the worker's program
  std::map<std::string, std::string> env;  // what this runtime and this trial need
};

// A value, or how the trial ended instead.
template <class T>
struct Answer {
  std::optional<T> value;
  record::Outcome outcome;  // ok when there is a value
  double wall_ms = 0;       // as the coordinator saw it

  [[nodiscard]] bool ok() const { return value.has_value(); }
};

class Worker {
 public:
  // `on_wait` is called about once a second while an answer is waited for; may be empty.
  explicit Worker(std::function<void()> on_wait = {});
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Spawns the process and waits for its greeting. An error only where the program itself cannot be started.
  [[nodiscard]] Result<Answer<proto::Greeting>> start(const WorkerSpec& spec, double timeout_s);
  // The same for who cannot go on without it, as need() says.
  [[nodiscard]] Result<proto::Greeting> open(const WorkerSpec& spec, double timeout_s);

  [[nodiscard]] Answer<proto::ModelLoaded> load(const proto::Load& request, double timeout_s);
  [[nodiscard]] Answer<proto::ContextReady> make_context(const proto::MakeContext& request, double timeout_s);
  [[nodiscard]] Answer<proto::WarmedUp> warm_up(const proto::WarmUp& request, double timeout_s);
  [[nodiscard]] Answer<proto::Generated> generate(const proto::Generate& request, double timeout_s);
  [[nodiscard]] Answer<proto::Probed> probe(const proto::Probe& request, double timeout_s);
  // Asks it to leave and waits; a worker that does not is killed, and that is the outcome.
  [[nodiscard]] Answer<proto::Bye> shut_down(double timeout_s);

  // An answer's value, else an error of kind interrupted, protocol or worker that ends with the worker's last words.
  template <class T>
  [[nodiscard]] Result<T> need(Answer<T> answer) const {
    return answer.ok() ? Result<T>(std::move(*answer.value)) : failure(answer.outcome);
  }

  void kill();
  [[nodiscard]] bool alive() const;
  // The end of what it wrote to stdout and stderr, printable; at most 64 KiB are there.
  [[nodiscard]] std::string log_tail(std::size_t most = kLogKept) const;
  [[nodiscard]] std::optional<std::int64_t> peak_rss_bytes() const;
  [[nodiscard]] double cpu_seconds() const;  // 0 before the start

 private:
  template <class T>
  [[nodiscard]] Answer<T> ask(record::Phase phase, const proto::Request& request, double timeout_s);
  template <class T>
  [[nodiscard]] Answer<T> receive(record::Phase phase, std::int64_t id, double timeout_s);
  [[nodiscard]] Failure failure(const record::Outcome& outcome) const;
  [[nodiscard]] record::Outcome ended(record::Phase phase);
  [[nodiscard]] record::Outcome end_with(record::Outcome outcome);

  std::function<void()> on_wait_;
  std::unique_ptr<proc::Child> child_;
  std::int64_t next_id_ = 1;
};

}  // namespace mia::client
