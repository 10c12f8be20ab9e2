// SPDX-License-Identifier: MIT
#include "runtime/build.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <thread>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/files.h"
#include "base/text.h"
#include "client/worker.h"
#include "proc/command.h"
#include "runtime/registry.h"
#include "runtime/step.h"

namespace mia::runtime {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWorker = "mia-worker-llama";
constexpr const char* kPackages = "apt-get install g++ cmake make libfmt-dev nlohmann-json3-dev";

Status check_tools() {
  for (const char* const program : {"cmake", "c++"}) {
    if (!proc::is_in_path(program)) {
      return with_hint(fail(ErrorKind::not_found, "'{}' is needed to compile the worker but is not in PATH", program),
                       kPackages);
    }
  }
  if (!proc::is_in_path("ninja") && !proc::is_in_path("make")) {
    return with_hint(fail(ErrorKind::not_found, "'make' or 'ninja' is needed to compile the worker, none is in PATH"),
                     kPackages);
  }
  return {};
}

Result<fs::path> worker_sources() {
  std::vector<fs::path> places = {executable_path().parent_path() / "../share/mia-perf/worker-src", MIA_SOURCE_DIR};
  if (const char* const given = std::getenv("MIA_PERF_WORKER_SRC"); given != nullptr && *given != '\0') {
    places = {given};
  }
  std::error_code code;
  for (const fs::path& place : places) {
    if (const fs::path project = place / "worker/llama"; fs::exists(project / "CMakeLists.txt", code)) {
      MIA_TRY(require_trusted(project, "the folder of the worker's sources"));
      return fs::weakly_canonical(project, code);
    }
  }
  return with_hint(fail(ErrorKind::not_found, "the worker's sources are not in '{}'", places.front().string()),
                   "set MIA_PERF_WORKER_SRC to the folder that holds worker/llama");
}

// One folder of headers out of several, kept with the worker: the sources may move on.
Status copy_headers(const std::vector<fs::path>& from, const fs::path& to) {
  std::error_code code;
  fs::create_directories(to, code);
  for (const fs::path& folder : from) {
    std::error_code missing;
    fs::directory_iterator at(folder, missing);
    for (const fs::directory_iterator end; !missing && at != end; at.increment(missing)) {
      const std::string name = at->path().filename().string();
      const bool is_wanted = name.starts_with("llama") || name.starts_with("gg");
      if (is_wanted && at->path().extension() == ".h" && !fs::exists(to / name, code)) {
        fs::copy_file(at->path(), to / name, code);
        if (code) {
          return fail(ErrorKind::io, "cannot copy '{}': {}", at->path().string(), code.message());
        }
      }
    }
  }
  return {};
}

Status compile_worker(const Workspace& workspace, const Parts& parts, const Progress& progress) {
  MIA_TRY(check_tools());
  MIA_TRY_ASSIGN(const fs::path sources, worker_sources());
  const fs::path build = workspace.path() / "build";
  const bool is_prefix = parts.headers.empty();
  proc::CommandSpec configure;
  configure.argv = {"cmake", "-S", sources.string(), "-B", build.string(), "-DCMAKE_BUILD_TYPE=Release"};
  if (is_prefix) {
    configure.argv.push_back("-DMIA_LLAMA_PREFIX=" + parts.prefix.string());
  } else {
    MIA_TRY(copy_headers(parts.headers, workspace.path() / "include"));
    configure.argv.push_back("-DMIA_LLAMA_INCLUDE=" + (workspace.path() / "include").string());
    configure.argv.push_back("-DMIA_LLAMA_LIBDIR=" + parts.libraries.string());
  }
  if (Status status = run_step("preparing the worker's build", configure, workspace.log(), progress); !status) {
    Failure failure = status.failure();
    if (failure.error.kind == ErrorKind::worker) {
      failure.error.hint = fmt::format("the worker needs these Debian packages: {}", kPackages);
    }
    return failure;
  }
  proc::CommandSpec compile;
  compile.argv = {"cmake", "--build", build.string(), "-j", std::to_string(std::thread::hardware_concurrency())};
  MIA_TRY(run_step("compiling the worker", compile, workspace.log(), progress));
  std::error_code code;
  fs::rename(build / kWorker, workspace.path() / kWorker, code);
  if (code) {
    return fail(ErrorKind::io, "the build left no {}: {}", kWorker, code.message());
  }
  fs::remove_all(build, code);
  return {};
}

std::string as_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    name.push_back(is_plain || ((c == '.' || c == '-') && !name.empty()) ? c : '_');
  }
  static constexpr std::size_t kLongest = 64;
  return name.empty() ? "runtime" : name.substr(0, kLongest);
}

bool lies_in(const fs::path& path, const fs::path& folder) {
  std::error_code code;
  const fs::path inner = fs::weakly_canonical(path, code);
  const fs::path outer = fs::weakly_canonical(folder, code);
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

bool has_record(const std::string& name) {
  std::error_code code;
  return fs::exists(runtimes_dir() / name / "runtime.json", code);
}

}  // namespace

Result<Workspace> Workspace::make(const std::string& name) {
  Workspace workspace;
  workspace.home_ = runtimes_dir() / name;
  MIA_TRY(ensure_writable_dir(workspace.home_));
  MIA_TRY(require_trusted(workspace.home_, "the runtime's folder"));
  workspace.lock_ = ::open((workspace.home_ / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (workspace.lock_ < 0 || ::flock(workspace.lock_, LOCK_EX | LOCK_NB) != 0) {
    return fail(ErrorKind::io, "another mia-perf is installing the runtime '{}' just now", name);
  }
  std::string path = (workspace.home_ / "build-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) {
    return fail(ErrorKind::io, "cannot create a folder in '{}'", workspace.home_.string());
  }
  workspace.path_ = path;
  std::error_code code;
  fs::permissions(workspace.path_, fs::perms(0755), code);
  fs::remove(workspace.log(), code);
  return workspace;
}

Workspace::Workspace(Workspace&& other) noexcept
    : home_(std::move(other.home_)), path_(std::exchange(other.path_, {})), lock_(std::exchange(other.lock_, -1)) {}

Workspace::~Workspace() {
  std::error_code code;
  if (!path_.empty()) {
    fs::remove_all(path_, code);
  }
  if (lock_ >= 0) {
    ::close(lock_);
  }
}

Status Workspace::commit(const record::RuntimeInfo& runtime) {
  MIA_TRY(write_file_atomic(home_ / "runtime.json", dump_json(record::to_json(runtime), 2) + "\n"));
  const fs::path kept = std::exchange(path_, {});
  const auto others = list().value_or(std::vector<record::RuntimeInfo>{});
  const auto is_used = [&](const fs::path& build) {
    return std::ranges::any_of(others, [&](const auto& other) { return lies_in(other.prefix, build); });
  };
  std::error_code code;
  for (fs::directory_iterator at(home_, code), end; !code && at != end; at.increment(code)) {
    std::error_code ignored;
    const bool is_build = at->path() != kept && at->path().filename().string().starts_with("build-");
    if (is_build && !is_used(at->path())) {
      fs::remove_all(at->path(), ignored);
    }
  }
  return {};
}

Result<std::string> choose_name(const std::string& asked, const std::string& otherwise, bool force) {
  const std::string unasked = has_record("default") ? as_name(otherwise) : "default";
  const std::string name = asked.empty() ? unasked : asked;
  MIA_TRY(check_name(name));
  if (has_record(name) && !force) {
    return with_hint(fail(ErrorKind::usage, "there is a runtime '{}' already", name),
                     "give another --name, or --force to replace it");
  }
  return name;
}

Result<record::RuntimeInfo> build_runtime(Workspace workspace, const std::string& name, const Parts& parts,
                                          const Progress& progress) {
  MIA_TRY(compile_worker(workspace, parts, progress));
  record::RuntimeInfo runtime;
  runtime.name = name;
  runtime.prefix = parts.prefix.string();
  runtime.worker = (workspace.path() / kWorker).string();
  runtime.package = parts.package;
  return commit_greeted(std::move(workspace), std::move(runtime), progress);
}

Result<record::RuntimeInfo> commit_greeted(Workspace workspace, record::RuntimeInfo known, const Progress& progress) {
  if (progress) {
    progress("starting the worker");
  }
  client::Worker talk;
  auto greeting = talk.open({known, worker_environment(known)}, client::kAnswerLimitS);
  if (!greeting) {
    return greeting.error().kind != ErrorKind::protocol
               ? greeting.failure()
               : with_hint(greeting.failure(), "MIA_PERF_WORKER_SRC must name the sources that came with this program");
  }
  record::RuntimeInfo runtime = std::move(greeting->runtime);
  runtime.name = known.name;
  runtime.prefix = known.prefix;
  runtime.worker = known.worker;
  runtime.program = known.program;
  runtime.package = known.package;
  MIA_TRY_ASSIGN(runtime.library_hashes, hash_parts(runtime));
  runtime.installed = utc_now();
  MIA_TRY(workspace.commit(runtime));
  return runtime;
}

}  // namespace mia::runtime
