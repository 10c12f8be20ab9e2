// SPDX-License-Identifier: MIT
#include "base/log.h"

#include <cstdlib>
#include <memory>

#include <unistd.h>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "base/text.h"

namespace mia::log {

bool takes_escapes(int fd) {
  const char* const term = std::getenv("TERM");
  return ::isatty(fd) == 1 && term != nullptr && *term != '\0' && std::string_view(term) != "dumb";
}

bool wants_color(int fd) {
  const char* const off = std::getenv("NO_COLOR");
  return takes_escapes(fd) && (off == nullptr || *off == '\0');
}

namespace {

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    const auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    if (!wants_color(STDERR_FILENO)) {
      sink->set_color_mode(spdlog::color_mode::never);
    }
    auto made = std::make_shared<spdlog::logger>("mia-perf", sink);
    made->set_pattern("%^mia-perf: %v%$");
    return made;
  }();
  return *instance;
}

std::string shown(std::string_view text) {
  constexpr std::size_t kLongest = 8192;  // paths and the causes of errors, never a whole log
  return one_line(text, kLongest);
}

}  // namespace

void set_level(Level level) {
  logger().set_level(level == Level::quiet     ? spdlog::level::warn
                     : level == Level::verbose ? spdlog::level::debug
                                               : spdlog::level::info);
}

bool is_quiet() {
  return logger().level() >= spdlog::level::warn;
}

void info(std::string_view text) {
  logger().info("{}", shown(text));
}
void warn(std::string_view text) {
  logger().warn("warning: {}", shown(text));
}
void error(std::string_view text) {
  logger().error("error: {}", shown(text));
}
void error(const Error& error) {
  const std::string more = error.detail.empty() ? "" : "\n" + printable(error.detail, std::size_t{64} << 10U);
  logger().error("error: {}{}", shown(error.text()), more);
}
void debug(std::string_view text) {
  logger().debug("{}", shown(text));
}

}  // namespace mia::log
