// SPDX-License-Identifier: MIT
#include "worker/server/http.h"

#include <array>
#include <utility>

#include <curl/curl.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/text.h"

namespace mia::worker {
namespace {

constexpr int kPollMs = 1000;
constexpr long kGood = 200;

std::size_t receive(char* bytes, std::size_t size, std::size_t count, void* on_data) {
  const std::int64_t now = steady_ns();
  const std::size_t length = size * count;
  return (*static_cast<Http::OnData*>(on_data))({bytes, length}, now) ? length : CURL_WRITEFUNC_ERROR;
}

std::string words_of(const std::string& body) {
  const auto json = parse_json(body);
  return json && json->is_object() && json->contains("error") ? error_words(*json) : one_line(body, 120);
}

Failure failure_of(CURLcode code, const std::string& detail) {
  if (code == CURLE_WRITE_ERROR) {
    return fail(ErrorKind::protocol, "the server sent more than an answer may have");
  }
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    return fail(ErrorKind::unsupported, "its certificate is not trusted here: {}", detail);
  }
  return fail(code == CURLE_COULDNT_CONNECT ? ErrorKind::not_found : ErrorKind::io, "{}: {}", curl_easy_strerror(code),
              detail);
}

}  // namespace

std::string error_words(const Json& answer) {
  const Json& error = get_member(answer, "error");
  return one_line(get_string(error, "message").value_or(get_string(answer, "error").value_or(dump_json(error))), 300);
}

struct Http::Impl {
  CURL* easy = curl_easy_init();
  CURLM* multi = curl_multi_init();
  curl_slist* headers = nullptr;
  std::array<char, CURL_ERROR_SIZE> error{};
  std::string base;
  int log_fd;
  std::function<void()> on_log;

  // Error kind io: the connection; protocol: more than `on_data` takes.
  Result<long> perform(std::string_view path, const std::string* body, Http::OnData on_data) {
    const std::string url = base + std::string(path);
    error.fill('\0');
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    if (body != nullptr) {
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body->c_str());
    } else {
      curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &receive);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &on_data);
    curl_multi_add_handle(multi, easy);
    const CURLcode code = wait();
    curl_multi_remove_handle(multi, easy);
    if (code != CURLE_OK) {
      return failure_of(code, one_line(error.data(), 200));
    }
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
  }

  CURLcode wait() {
    int running = 1;
    while (running > 0) {
      if (curl_multi_perform(multi, &running) != CURLM_OK) {
        return CURLE_FAILED_INIT;
      }
      curl_waitfd log{log_fd, CURL_WAIT_POLLIN, 0};
      if (running > 0 && curl_multi_poll(multi, &log, 1, kPollMs, nullptr) == CURLM_OK && log.revents != 0) {
        on_log();
      }
    }
    int left = 0;
    const CURLMsg* const message = curl_multi_info_read(multi, &left);
    return message != nullptr ? message->data.result : CURLE_FAILED_INIT;
  }

  [[nodiscard]] Status accept(long status, const std::string& body) const {
    const char* told = nullptr;
    curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &told);
    const std::string type = told != nullptr ? told : "";
    if (status >= 300 && status < 400) {
      return fail(ErrorKind::protocol, "the server redirects (status {}), which is not followed", status);
    }
    if (type.starts_with("text/html")) {
      return fail(ErrorKind::protocol, "the server answers with a page of HTML (status {})", status);
    }
    return status == kGood ? Status{} : fail(ErrorKind::unsupported, "status {}: {}", status, words_of(body));
  }

  Result<Json> ask(std::string_view path, const std::string* body) {
    std::string answer;
    const auto keep = [&](std::string_view bytes, std::int64_t) {
      answer += bytes;
      return answer.size() <= kMostAnswer;
    };
    const std::string where = fmt::format("{} {}", body != nullptr ? "POST" : "GET", path);
    MIA_TRY_ASSIGN(const long status, context(perform(path, body, keep), where));
    MIA_TRY(context(accept(status, answer), where));
    return context(parse_json(answer), where);
  }
};

Http::Http(std::string base, const std::string& key, int log_fd, std::function<void()> on_log)
    : impl_(std::make_unique<Impl>()) {
  impl_->base = std::move(base);
  impl_->log_fd = log_fd;
  impl_->on_log = std::move(on_log);
  if (!key.empty()) {
    impl_->headers = curl_slist_append(nullptr, ("Authorization: Bearer " + key).c_str());
  }
  impl_->headers = curl_slist_append(impl_->headers, "Content-Type: application/json");
  impl_->headers = curl_slist_append(impl_->headers, "Expect:");
  curl_easy_setopt(impl_->easy, CURLOPT_HTTPHEADER, impl_->headers);
  curl_easy_setopt(impl_->easy, CURLOPT_ERRORBUFFER, impl_->error.data());
  curl_easy_setopt(impl_->easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(impl_->easy, CURLOPT_PROXY, "");
  curl_easy_setopt(impl_->easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(impl_->easy, CURLOPT_FOLLOWLOCATION, 0L);
}

Http::~Http() {
  curl_easy_cleanup(impl_->easy);
  curl_multi_cleanup(impl_->multi);
  curl_slist_free_all(impl_->headers);
}

void Http::limit(double seconds) {
  curl_easy_setopt(impl_->easy, CURLOPT_TIMEOUT_MS, static_cast<long>(seconds * 1000));
}

Result<long> Http::status_of(std::string_view path) {
  std::size_t bytes = 0;
  return impl_->perform(path, nullptr, [&](std::string_view piece, std::int64_t) {
    bytes += piece.size();
    return bytes <= kMostAnswer;
  });
}

Result<Json> Http::get(std::string_view path) {
  return impl_->ask(path, nullptr);
}

Result<Json> Http::post(std::string_view path, const Json& body) {
  const std::string text = dump_json(body);
  return impl_->ask(path, &text);
}

Status Http::stream(std::string_view path, const Json& body, const OnData& on_data) {
  const std::string text = dump_json(body);
  std::string refusal;
  const auto pass_on = [&](std::string_view bytes, std::int64_t now) {
    long status = 0;
    curl_easy_getinfo(impl_->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status == kGood) {
      return on_data(bytes, now);
    }
    refusal += bytes.substr(0, kMostAnswer - std::min(refusal.size(), kMostAnswer));
    return refusal.size() < kMostAnswer;
  };
  MIA_TRY_ASSIGN(const long status, impl_->perform(path, &text, pass_on));
  return impl_->accept(status, refusal);
}

}  // namespace mia::worker
