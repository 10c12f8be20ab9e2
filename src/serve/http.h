// SPDX-License-Identifier: MIT
// A small web server for one person: GET and HEAD, one request on each connection, one thread. Nothing that is sent to
// it is kept, and nothing of it is longer than Limits says.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mia::serve {

struct Limits {
  std::size_t header_bytes = 8192;                 // request line and headers together
  std::size_t connections = 64;                    // more are closed at once
  std::size_t listeners = 16;                      // of the stream, among the connections
  std::chrono::milliseconds patience{10'000};      // for a request, and for a client that does not read
  std::chrono::milliseconds stream_interval{250};  // the stream is looked at so often, while somebody listens
};

struct Address {
  std::string host = "127.0.0.1";  // an address, never a name
  std::uint16_t port = 8321;       // 0: any that is free
};

struct Request {
  std::string path;                          // "/result/20261130-101500-1a2b", decoded
  std::map<std::string, std::string> query;  // decoded; values of one name are joined by commas
  [[nodiscard]] std::string value(const std::string& name) const {
    const auto at = query.find(name);
    return at == query.end() ? "" : at->second;
  }
};

struct Response {
  int status = 200;
  std::string type = "text/html; charset=utf-8";
  std::string body = {};
  std::string policy = "default-src 'none'";  // Content-Security-Policy
  bool stream = false;                        // goes on with the server's events
};

struct Service {
  std::function<Response(const Request&)> answer;
  std::function<std::string()> events;  // messages of text/event-stream; sent where they differ from the last
};

// Path and query of a request's target, percent-decoded; usage error where it is not of that form.
[[nodiscard]] Result<Request> parse_target(std::string_view target);

// True where `host` (of the Host header, with or without a port) is one that only this machine or whoever knows its
// address uses: an address or localhost, and no name that another one could have led here (DNS rebinding).
// `local`: this machine alone, so only loopback addresses.
[[nodiscard]] bool is_own_host(std::string_view host, bool local);

// The header `Authorization` that proves the token: of a browser that was told the user "mia" and the token, or
// "Bearer TOKEN".
[[nodiscard]] bool proves(std::string_view authorization, std::string_view token);

[[nodiscard]] bool is_loopback(const std::string& address);

class Server {
 public:
  // Usage error where the address cannot be listened on. With a `token` ("": none is needed) every request must prove
  // it.
  [[nodiscard]] static Result<Server> listen(const Address& address, std::string token, const Limits& limits = {});
  Server(Server&&) noexcept;
  Server& operator=(Server&&) noexcept;
  ~Server();

  [[nodiscard]] std::uint16_t port() const;
  // Until SIGINT, SIGTERM or SIGHUP, which it returns.
  [[nodiscard]] int run(const Service& service);

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace mia::serve
