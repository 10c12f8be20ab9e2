// SPDX-License-Identifier: MIT
#include "serve/http.h"

#include <csignal>
#include <exception>
#include <optional>
#include <set>
#include <utility>

#include <fmt/core.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "base/text.h"

namespace mia::serve {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

std::string text_of(beast::string_view text) {
  return {text.data(), text.size()};
}

Response refusal(int status, std::string text) {
  return {status, "text/plain; charset=utf-8", std::move(text) + "\n"};
}

}  // namespace

struct Server::Impl {
  Impl(std::string secret, const Limits& limited) : token(std::move(secret)), limits(limited), acceptor(context) {}

  void accept();
  void tick();

  class Connection;
  std::string token;
  Limits limits;
  bool local = true;
  const Service* service = nullptr;
  std::size_t connections = 0;
  std::set<Connection*> listeners;
  bool ticking = false;
  asio::io_context context{1};  // its end is the end of the connections: what they use stands before it
  tcp::acceptor acceptor;
  asio::steady_timer timer{context};
  asio::steady_timer pause{context};
};

// One request and its answer, or the stream until somebody goes away.
class Server::Impl::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Server::Impl& server, tcp::socket socket) : server_(server), stream_(std::move(socket)) {
    parser_.header_limit(static_cast<std::uint32_t>(server.limits.header_bytes));
    parser_.body_limit(0);
    ++server_.connections;
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    server_.listeners.erase(this);
    --server_.connections;
  }

  void start() {
    stream_.expires_after(server_.limits.patience);
    http::async_read_header(stream_, buffer_, parser_, [self = shared_from_this()](error_code error, std::size_t) {
      if (error == http::error::header_limit) {
        self->send(refusal(431, "the request is too long"));
      } else if (error == http::error::body_limit) {
        self->send(refusal(400, "a request has no body here"));
      } else if (!error || self->parser_.is_header_done()) {
        self->send(self->answer());
      }
    });
  }

  // What listeners have not seen yet; one that is slow gets the last of it.
  void tell(const std::string& messages) {
    if (messages == told_) {
      return;
    }
    waiting_ = messages;
    write_waiting();
  }

 private:
  [[nodiscard]] Response answer() const {
    const auto& request = parser_.get();
    const bool known = request.method() == http::verb::get || request.method() == http::verb::head;
    if (request.count(http::field::host) != 1 || !is_own_host(text_of(request[http::field::host]), server_.local)) {
      return refusal(403, "this page is asked for by an address of this machine, not by a name");
    }
    if (!server_.token.empty() && !proves(text_of(request[http::field::authorization]), server_.token)) {
      return refusal(401, "the token is needed that mia-perf serve printed: user mia, the token as the password");
    }
    if (!known) {
      return refusal(405, "this page is read, never written");
    }
    const auto target = parse_target(text_of(request.target()));
    Response response = target ? answer_to(*target) : refusal(400, target.error().text());
    if (response.stream && server_.listeners.size() >= server_.limits.listeners) {
      return refusal(503, "too many pages listen already");
    }
    return response;
  }

  // What is wrong with one page ends no other.
  [[nodiscard]] Response answer_to(const Request& request) const {
    try {
      return server_.service->answer(request);
    } catch (const std::exception& error) {
      return refusal(500, std::string("a defect of mia-perf: ") + error.what());
    }
  }

  void send(Response response) {
    is_stream_ = response.stream && parser_.get().method() == http::verb::get;
    message_.result(static_cast<unsigned>(response.status));
    message_.version(11);
    message_.set(http::field::content_type, response.type);
    message_.set("Content-Security-Policy", response.policy + "; frame-ancestors 'none'");
    message_.set("X-Content-Type-Options", "nosniff");
    message_.set("Referrer-Policy", "no-referrer");
    message_.set("Cross-Origin-Resource-Policy", "same-origin");
    message_.set(http::field::cache_control, "no-store");
    message_.set(http::field::connection, "close");
    if (response.status == 405) {
      message_.set(http::field::allow, "GET, HEAD");
    }
    if (response.status == 401) {
      message_.set(http::field::www_authenticate, "Basic realm=\"mia-perf\"");
    }
    if (!is_stream_) {
      message_.content_length(response.body.size());
    }
    if (parser_.get().method() != http::verb::head) {
      body_ = std::move(response.body);
    }
    write_head();
  }

  void write_head() {
    stream_.expires_after(server_.limits.patience);
    head_.emplace(message_);
    http::async_write_header(stream_, *head_, [self = shared_from_this()](error_code error, std::size_t) {
      if (error) {
        return;
      }
      if (self->is_stream_) {
        self->listen();
      } else {
        self->write_body();
      }
    });
  }

  void write_body() {
    asio::async_write(stream_, asio::buffer(body_), [self = shared_from_this()](error_code error, std::size_t) {
      if (!error) {
        error_code ignored;
        self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
        self->buffer_.clear();
        self->drain();
      }
    });
  }

  // What still comes is passed over until the client closes: closing first could take the answer from it.
  void drain() {
    stream_.async_read_some(buffer_.prepare(server_.limits.header_bytes),
                            [self = shared_from_this()](error_code error, std::size_t) {
                              if (!error) {
                                self->drain();
                              }
                            });
  }

  void listen() {
    stream_.expires_never();
    server_.listeners.insert(this);
    wait_for_end();
    server_.tick();
  }

  // Nothing is sent on a stream from there but its end.
  void wait_for_end() {
    stream_.socket().async_wait(tcp::socket::wait_read,
                                [self = shared_from_this()](error_code) { self->stop_listening(); });
  }

  void stop_listening() {
    server_.listeners.erase(this);
    error_code ignored;
    stream_.socket().close(ignored);
  }

  void write_waiting() {
    const auto now = std::chrono::steady_clock::now();
    if (is_writing_) {
      if (now - writes_since_ > server_.limits.patience) {
        stop_listening();
      }
      return;
    }
    is_writing_ = true;
    writes_since_ = now;
    told_ = std::exchange(waiting_, "");
    asio::async_write(stream_.socket(), asio::buffer(told_),
                      [self = shared_from_this()](error_code error, std::size_t) {
                        self->is_writing_ = false;
                        if (error) {
                          self->stop_listening();
                        } else if (!self->waiting_.empty() && self->waiting_ != self->told_) {
                          self->write_waiting();
                        }
                      });
  }

  Server::Impl& server_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_{16384};
  http::request_parser<http::empty_body> parser_;
  http::response<http::empty_body> message_;
  std::optional<http::response_serializer<http::empty_body>> head_;
  std::string body_;
  bool is_stream_ = false;
  bool is_writing_ = false;
  std::chrono::steady_clock::time_point writes_since_;
  std::string told_;
  std::string waiting_;
};

void Server::Impl::accept() {
  acceptor.async_accept([this](error_code error, tcp::socket socket) {
    if (error == asio::error::operation_aborted) {
      return;
    }
    if (error) {  // of files that may be open, say: others end meanwhile
      pause.expires_after(limits.stream_interval);
      pause.async_wait([this](error_code ended) {
        if (!ended) {
          accept();
        }
      });
      return;
    }
    if (connections < limits.connections) {
      std::make_shared<Connection>(*this, std::move(socket))->start();
    }
    accept();
  });
}

void Server::Impl::tick() {
  if (ticking || listeners.empty()) {
    return;
  }
  ticking = true;
  const std::string messages = service->events();
  const std::set<Connection*> now = listeners;
  for (Connection* const one : now) {
    const auto kept = one->shared_from_this();
    kept->tell(messages);
  }
  timer.expires_after(limits.stream_interval);
  timer.async_wait([this](error_code error) {
    ticking = false;
    if (!error) {
      tick();
    }
  });
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;
Server::~Server() = default;

Result<Server> Server::listen(const Address& address, std::string token, const Limits& limits) {
  auto impl = std::make_unique<Impl>(std::move(token), limits);
  impl->local = is_loopback(address.host);
  error_code error;
  const auto ip = asio::ip::make_address(address.host, error);
  if (error) {
    return with_hint(fail(ErrorKind::usage, "'{}' is no address to listen on", one_line(address.host, 100)),
                     "127.0.0.1 is this machine alone, 0.0.0.0 every network it is in");
  }
  const tcp::endpoint place(ip, address.port);
  impl->acceptor.open(place.protocol(), error);
  if (!error) {
    impl->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    impl->acceptor.bind(place, error);
  }
  if (!error) {
    impl->acceptor.listen(asio::socket_base::max_listen_connections, error);
  }
  if (error) {
    const bool taken = error == asio::error::address_in_use;
    return with_hint(fail(ErrorKind::usage, "cannot listen on {} port {}: {}", address.host, address.port,
                          taken ? "another program has it" : error.message()),
                     taken ? "name another one with --port, or 0 for any that is free" : "");
  }
  return Server(std::move(impl));
}

std::uint16_t Server::port() const {
  error_code error;
  return impl_->acceptor.local_endpoint(error).port();
}

int Server::run(const Service& service) {
  impl_->service = &service;
  int signal = 0;
  asio::signal_set signals(impl_->context, SIGINT, SIGTERM, SIGHUP);
  signals.async_wait([&](error_code, int number) {
    signal = number;
    impl_->context.stop();
  });
  impl_->accept();
  impl_->context.run();
  return signal;
}

}  // namespace mia::serve
