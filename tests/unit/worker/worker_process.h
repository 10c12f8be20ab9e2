// SPDX-License-Identifier: MIT
// mia-worker-fake as a child on plain pipes.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>

#include "proto/frame.h"
#include "proto/message.h"

namespace mia::worker {

class WorkerProcess {
 public:
  // `script` is the script's JSON text; stdout and stderr go to files of their own.
  explicit WorkerProcess(const std::string& script, const std::map<std::string, std::string>& environment = {});
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;
  ~WorkerProcess();

  // Each waits for one line; a line that is no message, or the end of the stream, is nullopt (see `broken`).
  std::optional<proto::IncomingReply> read();
  std::optional<proto::IncomingReply> ask(const proto::Request& request);
  // Greeting, load and context, all good.
  void prepare(const record::Settings& settings = {}, std::int64_t n_ctx = 4096);
  void send_raw(const std::string& bytes);
  // Bytes without a newline, until they are all written or nobody reads them.
  void flood(std::size_t bytes);
  void close_input();
  // Status as of waitpid.
  int wait();

  std::string broken;       // the last line that was no message
  std::string half_line;    // left at the end of the stream
  bool overflowed = false;  // a line was longer than the protocol allows
  std::int64_t id = 0;
  pid_t pid = 0;
  [[nodiscard]] std::string error_text() const;

 private:
  std::optional<std::string> line();
  int in_ = -1;
  int out_ = -1;
  int error_ = -1;
  bool waited_ = false;
  proto::LineBuffer buffer_;
};

// A request in tokens mode.
[[nodiscard]] proto::Generate tokens_request(std::int64_t max_tokens, std::int64_t prompt_tokens = 8,
                                             record::Settings settings = {});

}  // namespace mia::worker
