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

}  // namespace

Reception::Reception(std::int64_t begin_ns, std::int64_t max_tokens) : begin_ns_(begin_ns), max_tokens_(max_tokens) {
  run_.token_ns = touched_stamps(max_tokens + 1);
  run_.text.emplace();
}

bool Reception::take(std::string_view bytes, std::int64_t now_ns) {
  if (!events_.append(bytes)) {
    status_ = fail(ErrorKind::protocol, "a line of the stream is longer than {} MiB", kMostAnswer >> 20U);
  }
  for (const std::string& event : events_.take()) {
    if (status_ && last_.is_null()) {
      status_ = take_event(event, now_ns);
    }
  }
  return status_.has_value();
}

Status Reception::take_event(const std::string& text, std::int64_t now_ns) {
  MIA_TRY_ASSIGN(const Json event, context(parse_json(text), "an event of the stream"));
  if (event.is_object() && event.contains("error")) {
    return fail(ErrorKind::unsupported, "{}",
                one_line(get_string(get_member(event, "error"), "message").value_or(dump_json(event)), 300));
  }
  const auto told = get_int(event, "tokens_predicted");
  const std::int64_t so_far = std::ssize(run_.token_ns);
  if (!told || *told < so_far || *told > max_tokens_ + 1) {
    return fail(ErrorKind::protocol, "the server counts {} tokens after {} of the {} that were asked for",
                told ? std::to_string(*told) : "no", so_far, max_tokens_);
  }
  // A server keeps a token whose text is half a character until the next one.
  run_.token_ns.resize(static_cast<std::size_t>(*told), now_ns - begin_ns_);
  chunks_ += *told > so_far ? 1 : 0;
  if (run_.text->size() < kMaxText) {
    *run_.text += get_string(event, "content").value_or("");
  }
  if (get_bool(event, "stop").value_or(false)) {
    last_ = event;
  }
  return {};
}

// What the server says of its own time and counts must fit what was seen from outside.
Status Reception::check(const Json& timings) const {
  if (const auto cached = get_int(timings, "cache_n"); cached.value_or(0) > 0) {
    return fail(ErrorKind::protocol, "the server took {} tokens of the prompt from its cache, which was asked not to",
                *cached);
  }
  const auto counted = get_int(timings, "predicted_n");
  if (counted && *counted != std::ssize(run_.token_ns)) {
    return fail(ErrorKind::protocol, "the server's timings count {} tokens and its stream {}", *counted,
                run_.token_ns.size());
  }
  const double seen_ms = run_.token_ns.empty() ? 0 : static_cast<double>(run_.token_ns.front()) / kNsPerMs;
  const auto prompt_ms = get_double(timings, "prompt_ms");
  if (prompt_ms && (*prompt_ms < 0 || (seen_ms > 0 && *prompt_ms > seen_ms + kClockSlackMs))) {
    return fail(ErrorKind::protocol,
                "the server says that the prompt took {:.1f} ms, but its first token came after {:.1f}", *prompt_ms,
                seen_ms);
  }
  return {};
}

Result<record::Run> Reception::finish() {
  MIA_TRY(status_);
  if (last_.is_null()) {
    return fail(ErrorKind::io, "the stream ended after {} tokens{}", run_.token_ns.size(),
                events_.is_half() ? ", in the middle of an event" : "");
  }
  const Json& timings = get_member(last_, "timings");
  MIA_TRY(check(timings));
  const bool ended = get_string(last_, "stop_type") == "eos";
  if (ended && !run_.token_ns.empty()) {
    run_.token_ns.pop_back();  // the token that ends the text is not counted
  }
  if (!ended && std::ssize(run_.token_ns) != max_tokens_) {
    return fail(ErrorKind::protocol, "the server stopped after {} of {} tokens ({})", run_.token_ns.size(), max_tokens_,
                one_line(get_string(last_, "stop_type").value_or("no reason told"), 40));
  }
  run_.stop_reason = ended ? "end_of_text" : "length";
  run_.tokens_out = std::ssize(run_.token_ns);
  run_.prompt_tokens = get_int(last_, "tokens_evaluated").value_or(0);
  const std::int64_t first = run_.token_ns.empty() ? 0 : run_.token_ns.front();
  const auto prompt_ms = get_double(timings, "prompt_ms");
  run_.prefill_ns = prompt_ms ? std::min<std::int64_t>(std::llround(*prompt_ms * kNsPerMs), first) : first;
  run_.chunks = chunks_;
  run_.words_out = count_words(*run_.text);
  run_.text = printable(*run_.text, kMaxText);
  return std::move(run_);
}

}  // namespace mia::worker
