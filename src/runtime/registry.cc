// SPDX-License-Identifier: MIT
#include "runtime/registry.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/text.h"

namespace mia::runtime {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestRecord = std::size_t{1} << 20U;
constexpr std::string_view kFake = "fake";
constexpr std::string_view kHowToInstall = "install one: mia-perf runtime install llama-cpp-python==0.3.36";

Result<record::RuntimeInfo> read_record(const fs::path& file) {
  MIA_TRY_ASSIGN(const std::string text, read_file(file, kLongestRecord));
  MIA_TRY_ASSIGN(const Json json, parse_json(text));
  MIA_TRY_ASSIGN(record::RuntimeInfo runtime, record::runtime_from_json(json));
  if (runtime.worker.empty() || runtime.prefix.empty()) {
    return fail(ErrorKind::protocol, "'worker' or 'prefix' is missing");
  }
  return runtime;
}

Result<record::RuntimeInfo> read(const std::string& name) {
  const fs::path file = runtimes_dir() / name / "runtime.json";
  auto runtime = context(read_record(file), fmt::format("the record '{}' of runtime '{}'", file.string(), name));
  if (!runtime) {
    return with_hint(runtime.failure(),
                     fmt::format("remove it (mia-perf runtime remove {}) and install or add it again", name));
  }
  runtime->name = name;  // the folder's name is the name, also after it was moved by hand
  return runtime;
}

Result<bool> wants_fake(std::string_view name) {
  const char* const value = std::getenv("MIA_LLAMA_FAKE");
  if (name == kFake || value == nullptr || *value == '\0') {
    return name == kFake;
  }
  const auto on = parse_bool(value);
  if (!on) {
    return with_hint(
        fail(ErrorKind::usage, "environment MIA_LLAMA_FAKE: '{}' is neither yes nor no", one_line(value, 80)),
        "MIA_LLAMA_FAKE=1 measures the scripted worker; unset it for a real runtime");
  }
  return *on;
}

bool is_library(const std::string& name) {
  return (name.starts_with("libllama.so") || name.starts_with("libggml")) && name.find(".so") != std::string::npos;
}

std::vector<std::string> names_of(const std::vector<record::RuntimeInfo>& runtimes) {
  std::vector<std::string> names;
  for (const record::RuntimeInfo& runtime : runtimes) {
    names.push_back(runtime.name);
  }
  return names;
}

// Why `name` is not among the readable ones: broken, or not there at all.
Failure not_found(std::string_view name, const std::vector<record::RuntimeInfo>& runtimes) {
  const std::vector<std::string> names = names_of(runtimes);
  const std::string there = names.empty() ? std::string("none is installed") : "there is " + join(names, ", ");
  if (name.empty()) {
    return names.empty() ? with_hint(fail(ErrorKind::not_found, "no runtime is installed"), std::string(kHowToInstall))
                         : with_hint(fail(ErrorKind::usage, "several runtimes are installed and none is 'default'"),
                                     fmt::format("choose one of {} by --runtime NAME", join(names, ", ")));
  }
  const auto near = nearest_name(name, names);
  return with_hint(fail(ErrorKind::not_found, "no runtime '{}' ({})", one_line(name, 80), there),
                   near ? fmt::format("did you mean '{}'?", *near) : std::string(kHowToInstall));
}

// Nothing runs that another account may have put there.
Result<record::RuntimeInfo> trusted(record::RuntimeInfo runtime) {
  MIA_TRY(require_trusted(runtime.worker, "the worker"));
  if (const fs::path libraries = library_dir(runtime.prefix); !libraries.empty() || !runtime.program.empty()) {
    for (const std::string& line : runtime.library_hashes) {
      MIA_TRY(require_trusted(libraries / line.substr(0, line.rfind(' ')), "the library"));
    }
  }
  return runtime;
}

struct Difference {
  std::string file;
  const char* what;
};

// The first of two sorted lists of "file hash" that differs.
std::optional<Difference> difference(const std::vector<std::string>& was, const std::vector<std::string>& is) {
  const auto file_of = [](const std::string& line) { return line.substr(0, line.rfind(' ')); };
  std::map<std::string, std::string> now;
  for (const std::string& line : is) {
    now[file_of(line)] = line;
  }
  for (const std::string& line : was) {
    const auto found = now.find(file_of(line));
    if (found == now.end() || found->second != line) {
      return Difference{file_of(line), found == now.end() ? "is gone" : "changed"};
    }
    now.erase(found);
  }
  return now.empty() ? std::nullopt : std::optional(Difference{now.begin()->first, "is new"});
}

}  // namespace

fs::path runtimes_dir() {
  return data_dir() / "runtimes";
}

Status check_name(std::string_view name) {
  static constexpr std::size_t kLongest = 64;
  static constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  if (name.empty() || name.size() > kLongest || name.front() == '.' || name.front() == '-' ||
      name.find_first_not_of(kAllowed) != std::string_view::npos) {
    return with_hint(fail(ErrorKind::usage, "'{}' cannot name a runtime", one_line(name, 80)),
                     "take up to 64 letters, digits, '.', '_' and '-', not starting with '.' or '-'");
  }
  if (name == kFake) {
    return fail(ErrorKind::usage, "'fake' is the scripted runtime's name; take another");
  }
  return {};
}

Result<std::vector<record::RuntimeInfo>> list(std::vector<std::string>* warnings) {
  std::vector<record::RuntimeInfo> runtimes;
  std::error_code code;
  if (!fs::exists(runtimes_dir(), code)) {
    return runtimes;
  }
  fs::directory_iterator at(runtimes_dir(), code);
  for (const fs::directory_iterator end; !code && at != end; at.increment(code)) {
    const std::string name = at->path().filename().string();
    std::error_code ignored;
    if (!check_name(name) || !fs::exists(at->path() / "runtime.json", ignored)) {
      continue;
    }
    auto runtime = read(name);
    if (runtime) {
      runtimes.push_back(std::move(*runtime));
    } else if (warnings != nullptr) {
      warnings->push_back("left out: " + runtime.error().text());
    }
  }
  if (code) {
    return fail(ErrorKind::io, "cannot read '{}': {}", runtimes_dir().string(), code.message());
  }
  std::sort(runtimes.begin(), runtimes.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return runtimes;
}

Result<record::RuntimeInfo> fake_runtime() {
  record::RuntimeInfo runtime = record::scripted_runtime();
  std::vector<fs::path> places = {executable_path().parent_path() / "mia-worker-fake",
                                  executable_path().parent_path() / "../libexec/mia-perf/mia-worker-fake"};
  if (const char* const given = std::getenv("MIA_PERF_FAKE_WORKER"); given != nullptr && *given != '\0') {
    places = {given};
  }
  for (const fs::path& place : places) {
    if (::access(place.c_str(), X_OK) == 0) {
      runtime.worker = fs::absolute(place).string();
      MIA_TRY(require_trusted(runtime.worker, "the scripted worker"));
      return runtime;
    }
  }
  return with_hint(
      fail(ErrorKind::not_found, "the scripted worker '{}' does not exist or cannot be run", places.front().string()),
      "set MIA_PERF_FAKE_WORKER to its path, or unset MIA_LLAMA_FAKE");
}

Result<record::RuntimeInfo> find(std::string_view name) {
  MIA_TRY_ASSIGN(const bool fake, wants_fake(name));
  if (fake) {
    return fake_runtime();
  }
  if (!name.empty()) {
    MIA_TRY(check_name(name));
  }
  std::vector<std::string> warnings;
  MIA_TRY_ASSIGN(const auto runtimes, list(&warnings));
  const std::string_view wanted = name.empty() ? "default" : name;
  const auto found = std::find_if(runtimes.begin(), runtimes.end(), [&](const auto& r) { return r.name == wanted; });
  if (found != runtimes.end()) {
    return trusted(*found);
  }
  std::error_code code;
  if (fs::exists(runtimes_dir() / wanted / "runtime.json", code)) {
    return read(std::string(wanted));
  }
  if (name.empty() && runtimes.size() == 1) {
    return trusted(runtimes.front());
  }
  return not_found(name, runtimes);
}

std::map<std::string, std::string> worker_environment(const record::RuntimeInfo& runtime) {
  std::map<std::string, std::string> env;
  if (!runtime.program.empty()) {
    env["MIA_SERVER_PROGRAM"] = runtime.program;
    env["MIA_SERVER_TOLD"] = (runtimes_dir() / runtime.name / "told.json").string();
  }
  const fs::path libraries = runtime.prefix.empty() ? fs::path() : library_dir(runtime.prefix);
  if (libraries.empty()) {
    return env;
  }
  const char* const ours = std::getenv("LD_LIBRARY_PATH");
  const std::string rest = ours != nullptr && *ours != '\0' ? fmt::format(":{}", ours) : std::string();
  env["LD_LIBRARY_PATH"] = libraries.string() + rest;
  return env;
}

fs::path library_dir(const fs::path& prefix) {
  std::error_code code;
  for (const char* const below : {"lib", "lib64", "bin", ""}) {
    const fs::path folder = *below == '\0' ? prefix : prefix / below;
    for (const char* const name : {"libllama.so", "libllama.so.0"}) {
      if (fs::exists(folder / name, code)) {
        return folder;
      }
    }
  }
  return {};
}

Result<std::vector<std::string>> hash_libraries(const fs::path& library_dir) {
  std::vector<std::string> hashes;
  std::error_code code;
  fs::directory_iterator at(library_dir, code);
  for (const fs::directory_iterator end; !code && at != end; at.increment(code)) {
    const std::string name = at->path().filename().string();
    std::error_code ignored;
    if (is_library(name) && !at->is_symlink(ignored) && at->is_regular_file(ignored)) {
      MIA_TRY_ASSIGN(const std::string hash, hash_file(at->path()));
      hashes.push_back(name + " " + hash);
    }
  }
  if (code) {
    return fail(ErrorKind::io, "cannot read '{}': {}", library_dir.string(), code.message());
  }
  if (hashes.empty()) {
    return fail(ErrorKind::not_found, "no libllama.so in '{}'", library_dir.string());
  }
  std::sort(hashes.begin(), hashes.end());
  return hashes;
}

Result<std::vector<std::string>> hash_parts(const record::RuntimeInfo& runtime) {
  const fs::path libraries = library_dir(runtime.prefix);
  std::vector<std::string> hashes;
  if (!libraries.empty() || runtime.program.empty()) {
    MIA_TRY_ASSIGN(hashes, hash_libraries(libraries));
  }
  if (!runtime.program.empty() && runtime.own_process) {
    MIA_TRY_ASSIGN(const std::string hash, hash_file(runtime.program));
    hashes.push_back(runtime.program + " " + hash);
  }
  return hashes;
}

std::string missing_part(const record::RuntimeInfo& runtime) {
  std::error_code code;
  if (::access(runtime.worker.c_str(), X_OK) != 0) {
    return runtime.worker;
  }
  if (runtime.prefix.empty()) {
    return {};
  }
  const fs::path libraries = library_dir(runtime.prefix);
  if (libraries.empty() && runtime.program.empty()) {
    return fs::is_directory(runtime.prefix, code) ? runtime.prefix + "/lib/libllama.so" : runtime.prefix;
  }
  for (const std::string& line : runtime.library_hashes) {
    const fs::path library = libraries / line.substr(0, line.rfind(' '));
    if (!fs::exists(library, code)) {
      return library.string();
    }
  }
  return {};
}

std::string cure_of(const record::RuntimeInfo& runtime) {
  const bool is_installed = runtime.program.empty() && runtime.prefix.starts_with(runtimes_dir().string() + "/");
  std::string package = runtime.package.empty() ? "llama-cpp-python" : runtime.package;  // "llama-cpp-python 0.3.36"
  if (const std::size_t blank = package.find(' '); blank != std::string::npos) {
    package.replace(blank, 1, "==");
  }
  return is_installed ? fmt::format("mia-perf runtime install {} --name {} --force", package, runtime.name)
                      : fmt::format("mia-perf runtime add {} --name {} --force",
                                    runtime.program.empty() ? "DIR" : runtime.program, runtime.name);
}

Status verify_unchanged(const record::RuntimeInfo& runtime) {
  const std::string cure = "run " + cure_of(runtime);
  if (::access(runtime.worker.c_str(), X_OK) != 0) {
    return with_hint(fail(ErrorKind::not_found, "runtime '{}': its worker '{}' is gone", runtime.name, runtime.worker),
                     runtime.prefix.empty() ? std::string("set MIA_PERF_FAKE_WORKER to its path") : cure);
  }
  if (runtime.prefix.empty()) {
    return {};  // the worker is all there is
  }
  const fs::path libraries = library_dir(runtime.prefix);
  if (libraries.empty() && runtime.program.empty()) {
    return with_hint(
        fail(ErrorKind::not_found, "runtime '{}': libllama.so moved away from '{}'", runtime.name, runtime.prefix),
        cure);
  }
  MIA_TRY_ASSIGN(const auto now, hash_parts(runtime));
  if (const auto changed = difference(runtime.library_hashes, now)) {
    return with_hint(fail(ErrorKind::unsupported, "runtime '{}': {} in '{}' {} since the runtime was added",
                          runtime.name, changed->file, libraries.string(), changed->what),
                     cure);
  }
  return {};
}

// The record goes first: from then on there is no such runtime, even if the rest is interrupted.
Status remove(std::string_view name) {
  MIA_TRY(check_name(name));
  const fs::path folder = runtimes_dir() / name;
  std::error_code code;
  MIA_TRY_ASSIGN(const auto runtimes, list());
  if (!fs::exists(folder, code)) {
    return not_found(name, runtimes);
  }
  for (const record::RuntimeInfo& other : runtimes) {
    if (other.name != name && other.prefix.starts_with(folder.string() + "/")) {
      return with_hint(fail(ErrorKind::usage, "runtime '{}' uses the libraries of '{}'", other.name, name),
                       fmt::format("mia-perf runtime remove {} first", other.name));
    }
  }
  fs::remove(folder / "runtime.json", code);
  fs::remove_all(folder, code);
  if (code) {
    return fail(ErrorKind::io, "cannot remove '{}': {}", folder.string(), code.message());
  }
  return {};
}

}  // namespace mia::runtime
