// SPDX-License-Identifier: MIT
// posix_spawn rather than libuv's uv_spawn: libuv reaps with waitpid and throws away the resource usage of the child
// (peak memory, CPU time), which only wait4 by us can tell.
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "base/text.h"
#include "proc/command.h"
#include "proc/spawn.h"
#include "proc/tree.h"

namespace mia::proc {
namespace fs = std::filesystem;
namespace {

bool is_program(const fs::path& path) {
  std::error_code code;
  return fs::is_regular_file(path, code) && ::access(path.c_str(), X_OK) == 0;
}

Result<std::string> find_program(const Launch& launch) {
  if (launch.argv.empty() || launch.argv.front().empty()) {
    return fail(ErrorKind::internal, "no program to start");
  }
  const std::string& name = launch.argv.front();
  std::error_code code;
  if (name.find('/') == std::string::npos) {
    const auto own = launch.env.find("PATH");
    const char* const ours = std::getenv("PATH");
    const std::string path = own != launch.env.end() ? own->second
                             : ours != nullptr       ? ours
                                                     : "/usr/local/bin:/usr/bin:/bin";
    for (const std::string& folder : split(path, ':')) {
      const fs::path candidate = fs::absolute(fs::path(folder.empty() ? "." : folder) / name, code);
      if (is_program(candidate)) {
        return candidate.string();
      }
    }
    return fail(ErrorKind::not_found, "program '{}' is not in PATH ({})", name, path);
  }
  const fs::path program = fs::absolute(name, code);
  if (!fs::exists(program, code)) {
    return fail(ErrorKind::not_found, "program '{}' does not exist", program.string());
  }
  if (!fs::is_regular_file(program, code)) {
    return fail(ErrorKind::io, "program '{}' is not a file", program.string());
  }
  if (!is_program(program)) {
    return with_hint(fail(ErrorKind::io, "program '{}' is not executable", program.string()),
                     fmt::format("chmod +x '{}'", program.string()));
  }
  return program.string();
}

std::vector<std::string> environment_of(const Launch& launch) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string name(text.substr(0, text.find('=')));
    const bool dropped = std::find(launch.unset.begin(), launch.unset.end(), name) != launch.unset.end();
    if (!dropped && launch.env.find(name) == launch.env.end()) {
      result.emplace_back(text);
    }
  }
  for (const auto& [name, value] : launch.env) {
    result.push_back(name + "=" + value);
  }
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) {
    result.push_back(text.data());
  }
  result.push_back(nullptr);
  return result;
}

// Owner of the two C objects that describe a spawn.
class Plan {
 public:
  explicit Plan(const Launch& launch) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    sigset_t all;
    sigset_t none;
    ::sigfillset(&all);
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    for (const auto& [ours, theirs] : launch.fds) {
      ::posix_spawn_file_actions_adddup2(&actions_, ours, theirs);
    }
    if (!launch.working_dir.empty()) {
      ::posix_spawn_file_actions_addchdir_np(&actions_, launch.working_dir.c_str());
    }
  }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;
  ~Plan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  [[nodiscard]] int start(int& pid, const std::string& program, char** argv, char** env) const {
    return ::posix_spawn(&pid, program.c_str(), &actions_, &attributes_, argv, env);
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

Failure start_failure(const std::string& program, int code) {
  if (code == ENOENT) {
    return fail(ErrorKind::io, "cannot start '{}': the interpreter or loader that it names does not exist", program);
  }
  if (code == ENOEXEC) {
    return fail(ErrorKind::io, "cannot start '{}': not a program for this machine", program);
  }
  return fail(ErrorKind::io, "cannot start '{}': {}", program, std::strerror(code));
}

}  // namespace

bool is_in_path(const std::string& name) {
  return find_program({{name}, {}, {}, {}, {}}).has_value();
}

Result<Pipe> make_pipe() {
  static constexpr int kFirst = 10;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return fail(ErrorKind::io, "cannot create a pipe: {}", std::strerror(errno));
  }
  const Fd low_read(ends[0]);
  const Fd low_write(ends[1]);
  Pipe pipe{Fd(::fcntl(low_read.get(), F_DUPFD_CLOEXEC, kFirst)),
            Fd(::fcntl(low_write.get(), F_DUPFD_CLOEXEC, kFirst))};
  if (!pipe.read.valid() || !pipe.write.valid()) {
    return fail(ErrorKind::io, "cannot create a pipe: {}", std::strerror(errno));
  }
  return pipe;
}

Result<int> launch(const Launch& launch) {
  MIA_TRY_ASSIGN(const std::string program, find_program(launch));
  std::error_code code;
  if (!launch.working_dir.empty() && !fs::is_directory(launch.working_dir, code)) {
    return fail(ErrorKind::not_found, "cannot start '{}': its working folder '{}' does not exist", program,
                launch.working_dir.string());
  }
  std::vector<std::string> arguments = launch.argv;
  std::vector<std::string> environment = environment_of(launch);
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> env = pointers(environment);
  const Plan plan(launch);
  prepare_for_children();
  int error = 0;
  const std::optional<int> pid = add_live_child([&]() -> std::optional<int> {
    int made = 0;
    error = plan.start(made, program, const_cast<char**>(argv.data()), const_cast<char**>(env.data()));
    return error == 0 ? std::optional(made) : std::nullopt;
  });
  if (pid) {
    return *pid;
  }
  if (error == 0) {
    return fail(ErrorKind::internal, "cannot start '{}': too many child processes are alive", program);
  }
  return start_failure(program, error);
}

}  // namespace mia::proc
