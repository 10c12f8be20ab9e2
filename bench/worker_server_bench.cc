// SPDX-License-Identifier: MIT
// What the client of a server costs: a null server sends tokens as llama-server writes them, at once or one each
// millisecond, and notes when; the client's stamps say how much later it saw them. Loopback and wake-up are in it.
#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <benchmark/benchmark.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/text.h"
#include "worker/server/api.h"

namespace {

using namespace mia::worker;

constexpr std::int64_t kTokens = 2000;

std::string event(std::int64_t token, bool last) {
  mia::Json json = {{"index", 0},
                    {"content", " token"},
                    {"tokens", {1000 + token}},
                    {"stop", last},
                    {"id_slot", -1},
                    {"tokens_predicted", std::min(token, kTokens)},
                    {"tokens_evaluated", 16}};
  if (last) {
    json["stop_type"] = "limit";
    json["timings"] = {{"cache_n", 0}, {"prompt_ms", 0.0}, {"predicted_n", kTokens}};
  }
  return "data: " + mia::dump_json(json) + "\n\n";
}

// Answers one request after the other; sent() are the times at which the tokens of the last one went out.
class NullServer {
 public:
  explicit NullServer(std::chrono::microseconds gap) : gap_(gap), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    ::bind(listener_, generic, length);
    ::listen(listener_, 1);
    ::getsockname(listener_, generic, &length);
    base_ = fmt::format("http://127.0.0.1:{}", ntohs(address.sin_port));
    for (std::int64_t i = 1; i <= kTokens + 1; ++i) {
      events_.push_back(event(i, i > kTokens));
    }
    thread_ = std::thread([this] { serve(); });
  }
  ~NullServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  NullServer(const NullServer&) = delete;
  NullServer& operator=(const NullServer&) = delete;

  [[nodiscard]] const std::string& base() const { return base_; }
  [[nodiscard]] const std::vector<std::int64_t>& sent() const { return sent_; }

 private:
  void serve() {
    for (int client = 0; (client = ::accept(listener_, nullptr, nullptr)) >= 0;) {
      const int on = 1;
      ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      std::array<char, 4096> request;
      (void)!::read(client, request.data(), request.size());
      const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
      (void)!::write(client, head.data(), head.size());
      sent_.clear();
      for (const std::string& text : events_) {
        if (gap_.count() > 0) {
          std::this_thread::sleep_for(gap_);
        }
        sent_.push_back(mia::steady_ns());
        (void)!::write(client, text.data(), text.size());
      }
      ::close(client);
    }
  }

  std::chrono::microseconds gap_;
  int listener_;
  std::string base_;
  std::vector<std::string> events_;
  std::vector<std::int64_t> sent_;
  std::thread thread_;
};

double cpu_us() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

double percentile(std::vector<double> values, double share) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

void stream(benchmark::State& state) {
  NullServer server{std::chrono::microseconds(state.range(0))};
  const auto api = make_llama_api();
  std::vector<double> late_us;
  double cpu = 0;
  std::int64_t lost = 0;
  for (auto _ : state) {
    Http http(server.base(), "", -1, [] {});
    const double before = cpu_us();
    const std::int64_t begin = mia::steady_ns();
    Reception reception(api->dialect(), begin, kTokens);
    const auto sent = http.stream("/completion", mia::Json::object(),
                                  [&](std::string_view bytes, std::int64_t now) { return reception.take(bytes, now); });
    const auto run = reception.finish();
    cpu += cpu_us() - before;
    if (!sent || !run) {
      state.SkipWithError(sent ? run.error().text().c_str() : sent.error().text().c_str());
      return;
    }
    lost += kTokens - std::ssize(run->token_ns);
    for (std::size_t i = 0; i < run->token_ns.size(); ++i) {
      late_us.push_back(static_cast<double>(begin + run->token_ns[i] - server.sent()[i]) / 1e3);
    }
  }
  const auto tokens = static_cast<double>(late_us.size());
  state.SetItemsProcessed(static_cast<std::int64_t>(tokens));
  state.counters["late_p50_us"] = percentile(late_us, 0.5);
  state.counters["late_p99_us"] = percentile(late_us, 0.99);
  state.counters["cpu_us_per_token"] = tokens > 0 ? cpu / tokens : 0;
  state.counters["lost"] = static_cast<double>(lost);
}
BENCHMARK(stream)->ArgName("gap_us")->Arg(1000)->Arg(0)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
