// SPDX-License-Identifier: MIT
#include "worker/llama/logs.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <llama.h>

#include "base/text.h"
#include "worker/llama/log_facts.h"

namespace mia::worker {
namespace {

constexpr std::size_t kMaxLines = 4096;
constexpr std::size_t kMaxLineLength = 2048;

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
  const bool debug = level == GGML_LOG_LEVEL_DEBUG;
  if (debug && !tells_override(text)) {
    return;
  }
  const std::lock_guard lock(mutex_);
  if (!debug) {
    std::fwrite(text.data(), 1, text.size(), stderr);
  }
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
    if (line.level == GGML_LOG_LEVEL_ERROR && !line.text.empty() && (tells_cause(line.text) || last.empty())) {
      last = line.text;
    }
  }
  return one_line(last, 500);
}

bool LogBook::says_out_of_memory() const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(lines_, [](const Line& line) {
    return (line.level == GGML_LOG_LEVEL_ERROR || line.level == GGML_LOG_LEVEL_WARN) && tells_out_of_memory(line.text);
  });
}

}  // namespace mia::worker
