// SPDX-License-Identifier: MIT
#include "worker/server/reception.h"

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "base/text.h"
#include "worker/token_loop.h"

namespace mia::worker {
namespace {

constexpr std::size_t kMaxText = std::size_t{256} << 10U;
constexpr double kClockSlackMs = 2;  // the server rounds its own times

template <class T>
void keep(std::optional<T>& whole, const std::optional<T>& heard) {
  if (heard) {
    whole = heard;
  }
}

}  // namespace

Reception::Reception(const Dialect& dialect, std::int64_t begin_ns, std::int64_t max_tokens)
    : dialect_(dialect), begin_ns_(begin_ns), max_tokens_(max_tokens), events_(kMostAnswer, dialect.framing) {
  run_.token_ns = touched_stamps(max_tokens + 1);
  run_.text.emplace();
}

bool Reception::take(std::string_view bytes, std::int64_t now_ns) {
  if (!events_.append(bytes)) {
    status_ = fail(ErrorKind::protocol, "a line of the stream is longer than {} MiB", kMostAnswer >> 20U);
  }
  for (const std::string& event : events_.take()) {
    if (status_ && event != dialect_.end) {
      status_ = take_event(event, now_ns);
    }
  }
  return status_.has_value();
}

Status Reception::take_event(const std::string& text, std::int64_t now_ns) {
  MIA_TRY_ASSIGN(const Json event, context(parse_json(text), "an event of the stream"));
  if (event.is_object() && event.contains("error")) {
    return fail(ErrorKind::unsupported, "{}", error_words(event));
  }
  const Heard heard = dialect_.hear(event);
  if (whole_.stop.empty()) {
    MIA_TRY(count(heard, now_ns));
    whole_.stop = heard.stop;
  }
  keep(whole_.tokens, heard.tokens);
  keep(whole_.prompt_tokens, heard.prompt_tokens);
  keep(whole_.cached, heard.cached);
  keep(whole_.prompt_ms, heard.prompt_ms);
  keep(whole_.load_ms, heard.load_ms);
  return {};
}

// A server keeps a token whose text is half a character until the next one.
Status Reception::count(const Heard& heard, std::int64_t now_ns) {
  const std::int64_t before = std::ssize(run_.token_ns);
  const std::int64_t now = dialect_.counts_each ? heard.so_far.value_or(-1) : before + (heard.text.empty() ? 0 : 1);
  if (now < before || now > max_tokens_ + 1) {
    return fail(ErrorKind::protocol, "the server counts {} tokens after {} of the {} that were asked for",
                now < 0 ? "no" : std::to_string(now), before, max_tokens_);
  }
  run_.token_ns.resize(static_cast<std::size_t>(now), now_ns - begin_ns_);
  chunks_ += now > before ? 1 : 0;
  if (run_.text->size() < kMaxText) {
    *run_.text += heard.text;
  }
  return {};
}

// Stamps of chunks to stamps of tokens.
Status Reception::spread() {
  std::int64_t tokens = whole_.tokens.value_or(0);
  if (!whole_.tokens || tokens < chunks_ || tokens > max_tokens_ + 1) {
    return fail(ErrorKind::protocol, "the server counts {} tokens, and sent {} pieces of the {} that were asked for",
                whole_.tokens ? std::to_string(tokens) : "no", chunks_, max_tokens_);
  }
  tokens -= whole_.stop == "end_of_text" && tokens > chunks_ ? 1 : 0;  // the token that ends the text is not counted
  std::vector<std::int64_t> stamps;
  for (std::int64_t i = 0; chunks_ > 0 && i < tokens; ++i) {
    stamps.push_back(run_.token_ns[static_cast<std::size_t>(i * chunks_ / tokens)]);
  }
  run_.token_ns = std::move(stamps);
  return {};
}

// What the server says of its own time and counts must fit what was seen from outside.
Status Reception::check() const {
  const std::int64_t begins = dialect_.counts_each ? 0 : 1;  // the token that begins every text, before what differs
  if (whole_.cached.value_or(0) > begins) {
    return fail(ErrorKind::protocol, "the server took {} tokens of the prompt from its cache, which was asked not to",
                *whole_.cached);
  }
  if (!whole_.prompt_tokens || *whole_.prompt_tokens <= 0) {
    return fail(ErrorKind::protocol, "the server does not tell how many tokens the prompt has");
  }
  const double seen_ms = run_.token_ns.empty() ? 0 : static_cast<double>(run_.token_ns.front()) / kNsPerMs;
  if (whole_.prompt_ms && (*whole_.prompt_ms < 0 || (seen_ms > 0 && *whole_.prompt_ms > seen_ms + kClockSlackMs))) {
    return fail(ErrorKind::protocol,
                "the server says that the prompt took {:.1f} ms, but its first token came after {:.1f}",
                *whole_.prompt_ms, seen_ms);
  }
  return {};
}

Result<record::Run> Reception::finish() {
  MIA_TRY(status_);
  if (whole_.stop.empty()) {
    return fail(ErrorKind::io, "the stream ended after {} tokens{}", run_.token_ns.size(),
                events_.is_half() ? ", in the middle of an event" : "");
  }
  const bool ended = whole_.stop == "end_of_text";
  if (!dialect_.counts_each) {
    MIA_TRY(spread());
  } else if (whole_.tokens && *whole_.tokens != std::ssize(run_.token_ns)) {
    return fail(ErrorKind::protocol, "the server's timings count {} tokens and its stream {}", *whole_.tokens,
                run_.token_ns.size());
  } else if (ended && !run_.token_ns.empty()) {
    run_.token_ns.pop_back();  // the token that ends the text is not counted
  }
  MIA_TRY(check());
  const std::int64_t missing = max_tokens_ - std::ssize(run_.token_ns);
  if (!ended && (whole_.stop != "length" || std::abs(missing) > (dialect_.counts_each ? 0 : 1))) {
    return fail(ErrorKind::protocol, "the server stopped after {} of {} tokens ({})", run_.token_ns.size(), max_tokens_,
                one_line(whole_.stop, 40));
  }
  run_.stop_reason = whole_.stop;
  run_.tokens_out = std::ssize(run_.token_ns);
  run_.prompt_tokens = *whole_.prompt_tokens;
  const std::int64_t first = run_.token_ns.empty() ? 0 : run_.token_ns.front();
  run_.prefill_ns =
      whole_.prompt_ms ? std::min<std::int64_t>(std::llround(*whole_.prompt_ms * kNsPerMs), first) : first;
  run_.chunks = chunks_;
  run_.words_out = count_words(*run_.text);
  run_.text = printable(*run_.text, kMaxText);
  return std::move(run_);
}

}  // namespace mia::worker
