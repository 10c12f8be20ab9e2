// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace mia::report {

// ANSI colours, or none. A trailing newline stays outside.
class Paint {
 public:
  explicit Paint(bool color) : color_(color) {}
  [[nodiscard]] std::string bold(const std::string& text) const { return with("1", text); }
  [[nodiscard]] std::string red(const std::string& text) const { return with("31", text); }
  [[nodiscard]] std::string green(const std::string& text) const { return with("32", text); }
  [[nodiscard]] std::string yellow(const std::string& text) const { return with("33", text); }

 private:
  [[nodiscard]] std::string with(const char* code, const std::string& text) const {
    if (!color_ || text.empty()) {
      return text;
    }
    const bool ended = text.back() == '\n';
    const std::string body = ended ? text.substr(0, text.size() - 1) : text;
    return std::string("\x1b[") + code + "m" + body + "\x1b[0m" + (ended ? "\n" : "");
  }
  bool color_;
};

}  // namespace mia::report
