// SPDX-License-Identifier: MIT
#include "worker/llama/logs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

#include <llama.h>

#include "base/text.h"

namespace mia::worker {
namespace {

constexpr std::size_t kMaxLines = 4096;
constexpr std::size_t kMaxLineLength = 2048;
constexpr double kMebibyte = 1024.0 * 1024.0;

// The part of a line between two marks, trimmed; empty when a mark is missing.
std::string_view between(std::string_view line, std::string_view before, std::string_view after) {
  const std::size_t at = line.find(before);
  if (at == std::string_view::npos) {
    return {};
  }
  line.remove_prefix(at + before.size());
  const std::size_t end = after.empty() ? line.size() : line.find(after);
  return end == std::string_view::npos ? std::string_view() : trim(line.substr(0, end));
}

bool holds(std::string_view line, std::string_view part) {
  return line.find(part) != std::string_view::npos;
}

void put(std::map<std::string, std::string>& facts, const char* key, std::string_view value) {
  if (!value.empty()) {
    facts[key] = std::string(value);
  }
}

// Two shapes: "graph splits = 2 (with bs=512), 1 (with bs=1)" and "graph: nodes = 936, splits = 1, input ...".
void graph_facts(std::string_view line, std::map<std::string, std::string>& facts) {
  if (!holds(line, "graph")) {
    return;
  }
  put(facts, "graph_nodes", between(line, "graph nodes", ""));
  put(facts, "graph_splits", between(line, "graph splits", ""));
  put(facts, "graph_nodes", between(line, ": nodes = ", ","));
  put(facts, "graph_splits", between(line, "splits = ", ", input"));
}

void attention_facts(std::string_view line, std::map<std::string, std::string>& facts) {
  if (holds(line, "flash_attn ") && !between(line, "= ", "").empty()) {
    put(facts, "flash_attn", between(line, "= ", ""));
  }
  if (holds(line, "Flash Attention")) {
    facts["flash_attn"] = holds(line, "disabled") ? "disabled" : "enabled";
  }
  if (holds(line, "flash_attn is not compatible")) {
    facts["flash_attn"] = "disabled";
  }
  put(facts, "cache_type_k", between(line, " K (", ")"));
  put(facts, "cache_type_v", between(line, " V (", ")"));
}

void layer_facts(std::string_view line, std::map<std::string, std::string>& facts) {
  const std::string_view layers = between(line, "offloaded ", " layers to GPU");
  if (const std::size_t slash = layers.find('/'); slash != std::string_view::npos) {
    put(facts, "offloaded_layers", layers.substr(0, slash));
    put(facts, "model_layers", layers.substr(slash + 1));
  }
  if (holds(line, "failed to mlock")) {
    facts["mlock_failed"] = "true";
  }
}

}  // namespace

LogBook::~LogBook() {
  llama_log_set(nullptr, nullptr);
}

void LogBook::listen() {
  llama_log_set(receive, this);
}

void LogBook::receive(ggml_log_level level, const char* text, void* self) {
  static_cast<LogBook*>(self)->add(level, text);
}

void LogBook::add(ggml_log_level level, std::string_view text) {
  if (level == GGML_LOG_LEVEL_DEBUG) {
    return;
  }
  const std::lock_guard lock(mutex_);
  std::fwrite(text.data(), 1, text.size(), stderr);
  if (level != GGML_LOG_LEVEL_CONT) {
    pending_level_ = level;
  }
  while (true) {
    const std::size_t newline = text.find('\n');
    const std::string_view piece = text.substr(0, newline);
    pending_ += piece.substr(0, kMaxLineLength - std::min(kMaxLineLength, pending_.size()));
    if (newline == std::string_view::npos) {
      return;
    }
    finish_line();
    text.remove_prefix(newline + 1);
  }
}

void LogBook::finish_line() {
  if (lines_.size() == kMaxLines) {
    lines_.pop_front();
  }
  lines_.push_back({pending_level_, std::exchange(pending_, {})});
}

void LogBook::start_phase() {
  const std::lock_guard lock(mutex_);
  lines_.clear();
}

std::vector<std::string> LogBook::lines() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> texts;
  for (const Line& line : lines_) {
    texts.push_back(line.text);
  }
  return texts;
}

std::string LogBook::failure() const {
  const std::lock_guard lock(mutex_);
  std::string last;
  for (const Line& line : lines_) {
    // The very last error is only the top of the call stack saying that it failed, without the cause.
    const bool tells_cause = !line.text.ends_with("failed to load model");
    if (line.level == GGML_LOG_LEVEL_ERROR && !line.text.empty() && (tells_cause || last.empty())) {
      last = line.text;
    }
  }
  return printable(last, 500);
}

bool LogBook::says_out_of_memory() const {
  static constexpr std::array<std::string_view, 6> kWords{
      "failed to allocate", "unable to allocate", "out of memory", "cannot allocate", "bad_alloc", "not enough memory"};
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(lines_, [](const Line& line) {
    const std::string text = lower(line.text);
    return (line.level == GGML_LOG_LEVEL_ERROR || line.level == GGML_LOG_LEVEL_WARN) &&
           std::ranges::any_of(kWords, [&](std::string_view word) { return holds(text, word); });
  });
}

std::vector<record::BufferSize> buffers_in(const std::vector<std::string>& lines) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kKinds{{
      {" model buffer size", "model"},
      {" KV buffer size", "kv"},
      {" RS buffer size", "kv"},
      {" compute buffer size", "compute"},
      {" output buffer size", "output"},
  }};
  std::vector<record::BufferSize> buffers;
  for (const std::string& line : lines) {
    for (const auto& [mark, kind] : kKinds) {
      const std::string_view device = between(line, ": ", mark);
      const auto size = parse_double(
          between(line, mark, " MiB").substr(0, 64).starts_with('=') ? between(line, "=", " MiB") : std::string_view());
      if (!device.empty() && size) {
        buffers.push_back({std::string(device), std::string(kind), std::llround(*size * kMebibyte)});
      }
    }
  }
  return buffers;
}

std::map<std::string, std::string> facts_in(const std::vector<std::string>& lines) {
  std::map<std::string, std::string> facts;
  for (const std::string& line : lines) {
    graph_facts(line, facts);
    attention_facts(line, facts);
    layer_facts(line, facts);
  }
  for (const char* const key : {"graph_nodes", "graph_splits"}) {
    if (const auto at = facts.find(key); at != facts.end()) {
      at->second = std::string(trim(std::string_view(at->second).substr(at->second.starts_with('=') ? 1 : 0)));
    }
  }
  return facts;
}

}  // namespace mia::worker
