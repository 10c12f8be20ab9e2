// SPDX-License-Identifier: MIT
#include "runtime/registry.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/text.h"

namespace mia::runtime {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxRecord = std::size_t{1} << 20U;

Result<record::RuntimeInfo> read(const fs::path& dir) {
  MIA_TRY_ASSIGN(const std::string text, read_file(dir / "runtime.json", kMaxRecord));
  MIA_TRY_ASSIGN(const Json json, context(parse_json(text), (dir / "runtime.json").string()));
  return context(record::runtime_from_json(json), (dir / "runtime.json").string());
}

bool is_library(const fs::path& path) {
  const std::string name = path.filename().string();
  return (name.starts_with("libllama") || name.starts_with("libggml")) && name.find(".so") != std::string::npos;
}

bool env_is_on(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr && parse_bool(value).value_or(false);
}

}  // namespace

fs::path runtimes_dir() {
  return data_dir() / "runtimes";
}

Status check_name(std::string_view name) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  if (name.empty() || name.size() > 64 || name.front() == '.' || !std::ranges::all_of(name, good)) {
    return fail(ErrorKind::usage, "'{}' is no name for a runtime; take letters, digits, '.', '_' and '-'",
                printable(name, 80));
  }
  return {};
}

Result<std::vector<record::RuntimeInfo>> list(std::vector<std::string>* warnings) {
  std::vector<record::RuntimeInfo> found;
  std::error_code error;
  for (fs::directory_iterator at(runtimes_dir(), error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with('.') || !fs::exists(at->path() / "runtime.json", error)) {
      continue;
    }
    auto info = read(at->path());
    if (info) {
      found.push_back(std::move(*info));
    } else if (warnings != nullptr) {
      warnings->push_back(fmt::format("runtime '{}': {}", name, info.error().text()));
    }
  }
  std::ranges::sort(found, {}, &record::RuntimeInfo::name);
  return found;
}

Result<record::RuntimeInfo> fake_runtime() {
  record::RuntimeInfo info;
  info.name = "fake";
  info.provider = "fake";
  const char* const given = std::getenv("MIA_PERF_FAKE_WORKER");
  info.worker = given != nullptr && *given != '\0' ? std::string(given)
                                                   : (executable_path().parent_path() / "mia-worker-fake").string();
  std::error_code error;
  if (!fs::exists(info.worker, error)) {
    return fail(ErrorKind::not_found, "MIA_LLAMA_FAKE is set, but there is no {}", info.worker);
  }
  info.version = "fake";
  return info;
}

Result<record::RuntimeInfo> find(std::string_view name) {
  if (env_is_on("MIA_LLAMA_FAKE")) {
    return fake_runtime();
  }
  MIA_TRY_ASSIGN(const auto runtimes, list());
  std::vector<std::string> names;
  for (const record::RuntimeInfo& info : runtimes) {
    if (info.name == name || (name.empty() && (runtimes.size() == 1 || info.name == "default"))) {
      return info;
    }
    names.push_back(info.name);
  }
  if (runtimes.empty()) {
    return fail(ErrorKind::not_found,
                "no runtime is installed; install one: mia-perf runtime install llama-cpp-python==0.3.36");
  }
  return fail(ErrorKind::not_found, "there is no runtime '{}'; there are: {}",
              name.empty() ? "default" : printable(name, 80), join(names, ", "));
}

std::map<std::string, std::string> worker_environment(const record::RuntimeInfo& runtime) {
  if (runtime.provider == "fake") {
    return {};
  }
  return {{"LD_LIBRARY_PATH", library_dir(runtime.prefix).string()}};
}

fs::path library_dir(const fs::path& prefix) {
  std::error_code error;
  for (const char* const below : {"lib", "lib64", "bin", "."}) {
    for (fs::directory_iterator at(prefix / below, error), end; !error && at != end; at.increment(error)) {
      if (at->path().filename().string().starts_with("libllama.so")) {
        return prefix / below;
      }
    }
    error.clear();
  }
  return prefix;
}

Result<std::vector<std::string>> hash_libraries(const fs::path& dir) {
  std::vector<std::string> hashes;
  std::error_code error;
  for (fs::directory_iterator at(dir, error), end; !error && at != end; at.increment(error)) {
    if (is_library(at->path()) && !at->is_symlink(error)) {
      MIA_TRY_ASSIGN(const std::string hash, hash_file(at->path()));
      hashes.push_back(at->path().filename().string() + " " + hash);
    }
  }
  if (hashes.empty()) {
    return fail(ErrorKind::not_found, "{} has no libllama", dir.string());
  }
  std::ranges::sort(hashes);
  return hashes;
}

Status verify_unchanged(const record::RuntimeInfo& runtime) {
  if (runtime.provider == "fake") {
    return {};
  }
  std::error_code error;
  const std::string cure = fmt::format("add it again: mia-perf runtime add DIR --name {} --force", runtime.name);
  if (!fs::exists(runtime.worker, error)) {
    return fail(ErrorKind::not_found, "runtime '{}': its worker {} is gone; {}", runtime.name, runtime.worker, cure);
  }
  const auto now = hash_libraries(library_dir(runtime.prefix));
  if (!now) {
    return fail(ErrorKind::not_found, "runtime '{}': its libraries moved away from {}; {}", runtime.name,
                runtime.prefix, cure);
  }
  if (*now != runtime.library_hashes) {
    return fail(ErrorKind::unsupported, "runtime '{}': its libraries in {} changed since it was added; {}",
                runtime.name, runtime.prefix, cure);
  }
  return {};
}

Status remove(std::string_view name) {
  MIA_TRY(check_name(name));
  std::error_code error;
  if (!fs::exists(runtimes_dir() / name, error)) {
    return fail(ErrorKind::not_found, "there is no runtime '{}'", name);
  }
  fs::remove_all(runtimes_dir() / name, error);
  if (error) {
    return fail(ErrorKind::io, "cannot remove runtime '{}': {}", name, error.message());
  }
  return {};
}

}  // namespace mia::runtime
