// SPDX-License-Identifier: MIT
#include "base/log.h"

#include <memory>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace mia::log {
namespace {

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto made = std::make_shared<spdlog::logger>("mia-perf", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    made->set_pattern("%^mia-perf: %v%$");
    return made;
  }();
  return *instance;
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

bool is_verbose() {
  return logger().level() <= spdlog::level::debug;
}

void info(std::string_view text) {
  logger().info(text);
}
void warn(std::string_view text) {
  logger().warn("warning: {}", text);
}
void error(std::string_view text) {
  logger().error("error: {}", text);
}
void debug(std::string_view text) {
  logger().debug(text);
}

}  // namespace mia::log
