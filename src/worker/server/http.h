// SPDX-License-Identifier: MIT
// HTTP and HTTPS to a server on this machine's loopback, by libcurl: no proxy, no redirects, bounded answers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace mia::worker {

inline constexpr std::size_t kMostAnswer = std::size_t{8} << 20U;  // bytes of one answer, or of one event of a stream

// What a server says of a refusal: {"error": {"message": ...}}, {"error": ...}.
[[nodiscard]] std::string error_words(const Json& answer);

class Http {
 public:
  // `base`: "http://127.0.0.1:8080". `key`: "" none. `on_log`: called while an answer is waited for, whenever `log_fd`
  // has something to read.
  Http(std::string base, const std::string& key, int log_fd, std::function<void()> on_log);
  ~Http();
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;

  // Of each answer from now on.
  void limit(double seconds);

  // The status alone; an error while nobody listens.
  [[nodiscard]] Result<long> status_of(std::string_view path);
  // An answer that must be JSON with status 200. Error kind unsupported: the server refused, with its own words, or its
  // certificate is not good; kind protocol: it is no such server (HTML, a redirect, no JSON, too much); kind not_found:
  // nobody listens; kind io: the connection.
  [[nodiscard]] Result<Json> get(std::string_view path);
  [[nodiscard]] Result<Json> post(std::string_view path, const Json& body);
  // Bytes of a stream as they come, with the steady clock at their arrival; false ends the transfer.
  using OnData = std::function<bool(std::string_view bytes, std::int64_t now_ns)>;
  [[nodiscard]] Status stream(std::string_view path, const Json& body, const OnData& on_data);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mia::worker
