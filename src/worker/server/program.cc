// SPDX-License-Identifier: MIT
#include "worker/server/program.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"

namespace mia::worker {
namespace {

// It goes into a line of the request.
Result<std::string> key_of(const std::string& variable) {
  if (variable.empty()) {
    return std::string();
  }
  const char* const value = std::getenv(variable.c_str());
  const std::string key = value != nullptr ? value : "";
  const bool plain = std::ranges::all_of(key, [](char c) { return c > ' ' && c < 0x7f; });
  if (key.empty() || !plain) {
    return fail(ErrorKind::usage, "the variable {}, which should hold the server's key, {}", one_line(variable, 80),
                key.empty() ? "is not set" : "holds a blank or a sign that no key has");
  }
  return key;
}

}  // namespace

std::string ServerProgram::hidden(std::string text) const {
  for (std::size_t at = 0; !key.empty() && (at = text.find(key, at)) != std::string::npos;) {
    text.replace(at, key.size(), "***");
    at += 3;
  }
  return text;
}

Result<ServerProgram> ServerProgram::from_environment() {
  const char* const path = std::getenv("MIA_SERVER_PROGRAM");
  const char* const told = std::getenv("MIA_SERVER_TOLD");
  if (path == nullptr || told == nullptr) {
    return fail(ErrorKind::usage, "MIA_SERVER_PROGRAM and MIA_SERVER_TOLD are not set; mia-perf starts this program");
  }
  std::stringstream text;
  text << std::ifstream(told).rdbuf();
  MIA_TRY_ASSIGN(const Json json, context(parse_json(text.str()), told));
  const auto member = [&](const char* name) { return get_string(json, name).value_or(""); };
  MIA_TRY_ASSIGN(const std::string key, key_of(member("key_env")));
  return ServerProgram{path, member("version"), member("help"), member("devices"), member("api"), key};
}

}  // namespace mia::worker
