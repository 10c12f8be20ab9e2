// SPDX-License-Identifier: MIT
#include "runtime/install.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include <unistd.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/files.h"
#include "base/text.h"
#include "proc/child.h"
#include "proc/command.h"
#include "proc/interrupt.h"
#include "proto/message.h"
#include "runtime/registry.h"

namespace mia::runtime {
namespace {

namespace fs = std::filesystem;

constexpr double kNsPerS = 1e9;
constexpr double kGreetingLimit = 60;
constexpr std::string_view kPackage = "llama-cpp-python";

// A folder beside the runtimes that becomes one by a rename, or vanishes.
class Scratch {
 public:
  static Result<Scratch> make(const std::string& name) {
    Scratch scratch;
    scratch.path_ = runtimes_dir() / fmt::format(".{}.{}", name, getpid());
    std::error_code error;
    fs::remove_all(scratch.path_, error);
    fs::create_directories(scratch.path_, error);
    if (error) {
      return fail(ErrorKind::io, "cannot create {}: {}", scratch.path_.string(), error.message());
    }
    return scratch;
  }
  Scratch(Scratch&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch() {
    std::error_code error;
    if (!path_.empty()) {
      fs::remove_all(path_, error);
    }
  }
  [[nodiscard]] const fs::path& path() const { return path_; }
  void release() { path_.clear(); }

 private:
  Scratch() = default;
  fs::path path_;
};

// One command with its elapsed time and last line shown, its whole output kept in a log file.
class Step {
 public:
  Step(std::string what, const Progress& progress) : what_(std::move(what)), progress_(progress) {}

  Status run(proc::CommandSpec spec, const fs::path& log) {
    std::string all;
    spec.output_limit = std::size_t{8} << 20U;
    spec.on_line = [&](std::string_view line) { last_ = printable(trim(line), 100); };
    spec.on_tick = [&] { tick(); };
    const std::string program = spec.argv.front();
    tick();
    MIA_TRY_ASSIGN(const proc::CommandResult result, proc::run_command(spec));
    (void)write_file_atomic(log, result.output);
    if (proc::interrupted()) {
      return fail(ErrorKind::interrupted, "interrupted while {}", what_);
    }
    if (!result.ok()) {
      return fail(ErrorKind::worker, "{} failed ({}):\n{}", what_, proc::describe(result.exit),
                  printable(tail(result.output), 3000));
    }
    return {};
  }

 private:
  static std::string_view tail(std::string_view text) {
    constexpr std::size_t kTail = 2500;
    return text.size() > kTail ? text.substr(text.size() - kTail) : text;
  }

  void tick() {
    const double seconds = static_cast<double>(steady_ns() - began_) / kNsPerS;
    if (progress_ && (seconds - told_ >= 5 || told_ < 0)) {
      progress_(fmt::format("{} ({}){}", what_, human_seconds(seconds), last_.empty() ? "" : ": " + last_));
      told_ = seconds;
    }
  }

  std::string what_;
  const Progress& progress_;
  std::int64_t began_ = steady_ns();
  double told_ = -1;
  std::string last_;
};

fs::path worker_sources() {
  std::error_code error;
  if (const char* const given = std::getenv("MIA_PERF_WORKER_SRC"); given != nullptr && *given != '\0') {
    return given;
  }
  const fs::path installed = executable_path().parent_path().parent_path() / "share/mia-perf/worker-src";
  return fs::is_directory(installed, error) ? installed : fs::path(MIA_SOURCE_DIR);
}

Status build_worker(const fs::path& prefix, const fs::path& headers, const fs::path& dir, const Progress& progress) {
  const fs::path build = dir / "build";
  proc::CommandSpec configure;
  configure.argv = {"cmake", "-S",           (worker_sources() / "worker/llama").string(),
                    "-B",    build.string(), "-DCMAKE_BUILD_TYPE=Release"};
  if (headers.empty()) {
    configure.argv.push_back("-DMIA_LLAMA_PREFIX=" + prefix.string());
  } else {
    configure.argv.push_back("-DMIA_LLAMA_INCLUDE=" + headers.string());
    configure.argv.push_back("-DMIA_LLAMA_LIBDIR=" + library_dir(prefix).string());
  }
  MIA_TRY(context(Step("configuring the worker", progress).run(configure, dir / "worker.log"),
                  "needs cmake, g++, libfmt-dev, nlohmann-json3-dev"));
  proc::CommandSpec make;
  make.argv = {"cmake", "--build", build.string(), "-j", "2"};
  MIA_TRY(Step("compiling the worker", progress).run(make, dir / "worker.log"));
  std::error_code error;
  fs::copy_file(build / "mia-worker-llama", dir / "mia-worker-llama", fs::copy_options::overwrite_existing, error);
  if (error) {
    return fail(ErrorKind::io, "cannot keep the worker: {}", error.message());
  }
  fs::remove_all(build, error);
  return {};
}

Result<record::RuntimeInfo> greet(const fs::path& worker, const record::RuntimeInfo& info) {
  proc::SpawnSpec spec;
  spec.argv = {worker.string()};
  spec.env = worker_environment(info);
  MIA_TRY_ASSIGN(const auto child, proc::Child::spawn(spec));
  const proc::ReadResult line = child->read_line(kGreetingLimit);
  if (line.status != proc::ReadStatus::line) {
    return fail(ErrorKind::worker, "the worker does not start: {}", printable(child->log_tail(), 2000));
  }
  MIA_TRY_ASSIGN(const proto::IncomingReply reply, proto::decode_reply(line.line));
  const auto* const greeting = std::get_if<proto::Greeting>(&reply.reply);
  if (greeting == nullptr) {
    return fail(ErrorKind::worker, "the worker does not greet");
  }
  return greeting->runtime;
}

// Builds the worker in `dir`, asks it who it is, and makes `dir` the runtime `name`.
Result<record::RuntimeInfo> finish(Scratch scratch, record::RuntimeInfo info, const fs::path& headers,
                                   const Progress& progress) {
  MIA_TRY(build_worker(info.prefix, headers, scratch.path(), progress));
  MIA_TRY_ASSIGN(record::RuntimeInfo told, greet(scratch.path() / "mia-worker-llama", info));
  const fs::path home = runtimes_dir() / info.name;
  told.name = info.name;
  told.package = info.package;
  told.prefix = info.prefix;
  const std::string inside = scratch.path().string();
  MIA_TRY_ASSIGN(told.library_hashes, hash_libraries(library_dir(info.prefix)));
  if (told.prefix.starts_with(inside)) {
    told.prefix = home.string() + told.prefix.substr(inside.size());
  }
  told.worker = (home / "mia-worker-llama").string();
  told.installed = utc_now();
  MIA_TRY(write_file_atomic(scratch.path() / "runtime.json", dump_json(record::to_json(told), 2)));
  std::error_code error;
  fs::remove_all(home, error);
  fs::rename(scratch.path(), home, error);
  if (error) {
    return fail(ErrorKind::io, "cannot put the runtime into {}: {}", home.string(), error.message());
  }
  scratch.release();
  return told;
}

Result<std::string> free_name(const std::string& asked, const std::string& otherwise, bool force) {
  std::error_code error;
  std::string name = asked;
  if (name.empty()) {
    name = fs::exists(runtimes_dir() / "default", error) ? otherwise : "default";
  }
  MIA_TRY(check_name(name));
  if (!force && fs::exists(runtimes_dir() / name, error)) {
    return fail(ErrorKind::usage, "there is a runtime '{}' already; take --name or --force", name);
  }
  return name;
}

}  // namespace

Result<record::RuntimeInfo> install(const InstallSpec& spec, const Progress& progress) {
  const bool by_name = spec.requirement == kPackage || spec.requirement.starts_with(fmt::format("{}==", kPackage));
  std::error_code error;
  if (!by_name && !fs::is_regular_file(spec.requirement, error)) {
    return fail(ErrorKind::usage, "'{}' cannot be installed; take {}==VERSION, a wheel or an sdist of it",
                printable(spec.requirement, 100), kPackage);
  }
  MIA_TRY_ASSIGN(record::RuntimeInfo info, Result<record::RuntimeInfo>(record::RuntimeInfo{}));
  MIA_TRY_ASSIGN(info.name, free_name(spec.name, "llama-cpp-python", spec.force));
  MIA_TRY_ASSIGN(Scratch scratch, Scratch::make(info.name));
  std::string args = "-DLLAVA_BUILD=OFF";
  if (spec.tools) {
    args += " -DLLAMA_BUILD_TOOLS=ON -DLLAMA_TOOLS_INSTALL=ON -DLLAMA_BUILD_SERVER=ON";
  }
  if (spec.cuda) {
    args += " -DGGML_CUDA=ON";
  }
  for (const std::string& arg : spec.cmake_args) {
    args += " " + arg;
  }
  const bool plain = !spec.tools && !spec.cuda && spec.cmake_args.empty();
  proc::CommandSpec pip;
  pip.argv = {"python3",        "-m",  "pip",       "install",  "--no-deps",
              "--progress-bar", "off", "--verbose", "--target", (scratch.path() / "site").string(),
              spec.requirement};
  if (!plain) {
    pip.argv.insert(pip.argv.begin() + 4, {"--no-cache-dir", "--no-binary", std::string(kPackage)});
  }
  pip.env = {{"CMAKE_ARGS", args}, {"PIP_DISABLE_PIP_VERSION_CHECK", "1"}, {"PIP_ROOT_USER_ACTION", "ignore"}};
  MIA_TRY(Step("building " + spec.requirement, progress).run(pip, scratch.path() / "install.log"));
  info.package = spec.requirement;
  const fs::path site = scratch.path() / "site";
  info.prefix = (fs::exists(site / "lib/cmake/llama", error) ? site : site / "llama_cpp").string();
  return finish(std::move(scratch), std::move(info), {}, progress);
}

Result<record::RuntimeInfo> add(const AddSpec& spec, const Progress& progress) {
  record::RuntimeInfo info;
  fs::path from = fs::absolute(spec.prefix);
  if (!spec.python.empty()) {
    proc::CommandSpec ask;
    std::error_code error;
    const fs::path python = fs::is_directory(spec.python, error) ? spec.python / "bin/python3" : spec.python;
    ask.argv = {python.string(), "-c",
                "import importlib.util as u; print(u.find_spec('llama_cpp').submodule_search_locations[0])"};
    ask.merge_stderr = false;
    MIA_TRY_ASSIGN(const proc::CommandResult told, proc::run_command(ask));
    if (!told.ok()) {
      return fail(ErrorKind::not_found, "{} has no package llama_cpp", python.string());
    }
    const fs::path package(std::string(trim(told.output)));
    from = fs::exists(package.parent_path() / "lib/cmake/llama", error) ? package.parent_path() : package;
  }
  MIA_TRY(hash_libraries(library_dir(from)));
  info.prefix = from.string();
  MIA_TRY_ASSIGN(info.name, free_name(spec.name, from.filename().string(), spec.force));
  MIA_TRY_ASSIGN(Scratch scratch, Scratch::make(info.name));
  return finish(std::move(scratch), std::move(info), spec.headers, progress);
}

}  // namespace mia::runtime
