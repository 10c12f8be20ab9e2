// SPDX-License-Identifier: MIT
#include "runtime/install.h"

#include <unistd.h>

#include <algorithm>
#include <map>

#include "base/files.h"
#include "base/text.h"
#include "proc/command.h"
#include "runtime/build.h"
#include "runtime/locate.h"
#include "runtime/registry.h"
#include "runtime/server.h"
#include "runtime/step.h"

namespace mia::runtime {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPackage = "llama-cpp-python";
constexpr std::string_view kPackageFile = "llama_cpp_python-";  // of a wheel or an sdist

enum class Kind { by_name, wheel, sdist };

struct Package {
  Kind kind = Kind::by_name;
  std::string requirement;  // for pip; a file's absolute path
  std::string version;      // "" if not said
};

bool is_version(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz.+!_-") == std::string_view::npos;
}

Failure unknown_package(const std::string& requirement) {
  return with_hint(fail(ErrorKind::usage, "'{}' is not a runtime that can be installed", printable(requirement, 200)),
                   "give llama-cpp-python, llama-cpp-python==VERSION, or a file llama_cpp_python-*.whl or .tar.gz; "
                   "mia-perf runtime add takes any other llama.cpp");
}

Result<Package> parse_file(const std::string& requirement) {
  const fs::path file(requirement);
  const std::string name = file.filename().string();
  const bool is_wheel = name.ends_with(".whl");
  if (!name.starts_with(kPackageFile) || !(is_wheel || name.ends_with(".tar.gz"))) {
    return unknown_package(requirement);
  }
  std::error_code code;
  if (!fs::is_regular_file(file, code)) {
    return fail(ErrorKind::not_found, "there is no file '{}'", requirement);
  }
  const std::string rest = name.substr(kPackageFile.size());
  const std::string version = rest.substr(0, is_wheel ? rest.find('-') : rest.rfind(".tar.gz"));
  return Package{is_wheel ? Kind::wheel : Kind::sdist, fs::absolute(file, code).string(), version};
}

Result<Package> parse_requirement(const std::string& requirement) {
  if (requirement.find('/') != std::string::npos || requirement.ends_with(".whl") || requirement.ends_with(".tar.gz")) {
    return parse_file(requirement);
  }
  const std::size_t equals = requirement.find("==");
  std::string name = lower(trim(requirement.substr(0, equals)));
  std::replace(name.begin(), name.end(), '_', '-');
  const std::string version =
      equals == std::string::npos ? std::string() : std::string(trim(requirement.substr(equals + 2)));
  if (name != kPackage || (equals != std::string::npos && !is_version(version))) {
    return unknown_package(requirement);
  }
  return Package{Kind::by_name, std::string(kPackage) + (version.empty() ? "" : "==" + version), version};
}

Status check_arguments(const InstallSpec& spec) {
  for (const std::string& argument : spec.cmake_args) {
    if (!argument.starts_with("-D") || argument.find_first_of(" \t\n'\"") != std::string::npos) {
      return with_hint(fail(ErrorKind::usage, "'{}' is not an argument for CMake", printable(argument, 200)),
                       "write it as -DNAME=VALUE, without spaces or quotes");
    }
  }
  return {};
}

// GCC before 11.5, 12.4 and 13.3 drops most of what a program writes for ldtilecfg (GCC bug 114098), so that libraries
// built for a CPU with AMX crash there in their first product.
constexpr std::string_view kNoBrokenAmx = R"(
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(gcc ${CMAKE_CXX_COMPILER_VERSION})
  if((gcc VERSION_GREATER_EQUAL 11 AND gcc VERSION_LESS 11.5) OR (gcc VERSION_GREATER_EQUAL 12 AND gcc VERSION_LESS 12.4)
     OR (gcc VERSION_GREATER_EQUAL 13 AND gcc VERSION_LESS 13.3))
    add_compile_options($<$<COMPILE_LANGUAGE:C,CXX>:-mno-amx-tile> $<$<COMPILE_LANGUAGE:C,CXX>:-mno-amx-int8>
                        $<$<COMPILE_LANGUAGE:C,CXX>:-mno-amx-bf16>)
  endif()
endif()
)";

// What llama.cpp's own project() must not decide. What only the tools use is left out of the build without them: two
// fifths of its files; the package sets that option by force, so it is unset afterwards. CMAKE_ARGS is split at blanks:
// no such folder, none of it.
Result<std::string> after_project(const fs::path& folder, bool tools) {
  const fs::path file = folder / "after-project.cmake";
  if (file.native().find_first_of(" \t\n'\"\\") != std::string::npos) {
    return std::string();
  }
  MIA_TRY(
      write_file_atomic(file, std::string(tools ? "" : "set(LLAMA_BUILD_COMMON OFF)\n") + std::string(kNoBrokenAmx)));
  return " -DCMAKE_PROJECT_llama.cpp_INCLUDE=" + file.string();
}

// The image and audio library is left out: it is a third of the build and nothing here uses it.
Result<std::string> cmake_arguments(const InstallSpec& spec, const fs::path& folder) {
  std::string arguments = "-DLLAVA_BUILD=OFF";
  if (spec.tools) {
    arguments += " -DLLAMA_BUILD_TOOLS=ON -DLLAMA_BUILD_SERVER=ON -DLLAMA_TOOLS_INSTALL=ON";
  }
  MIA_TRY_ASSIGN(const std::string included, after_project(folder, spec.tools));
  arguments += included;
  if (spec.cuda) {
    arguments += " -DGGML_CUDA=ON";
  }
  for (const std::string& argument : spec.cmake_args) {
    arguments += " " + argument;
  }
  return arguments;
}

using Command = std::vector<std::string>;

// How pip is started: the system's, or that of a virtual environment made for this.
Result<Command> find_pip(const Workspace& workspace, const Progress& progress) {
  if (!proc::is_in_path("python3")) {
    return with_hint(fail(ErrorKind::not_found, "python3 is needed to install a package but is not in PATH"),
                     "apt-get install python3 python3-pip");
  }
  proc::CommandSpec ask;
  ask.argv = {"python3", "-m", "pip", "--version"};
  MIA_TRY_ASSIGN(const proc::CommandResult answer, proc::run_command(ask));
  if (answer.ok()) {
    return Command{"python3", "-m", "pip"};
  }
  const fs::path venv = workspace.path() / "venv";
  proc::CommandSpec make;
  make.argv = {"python3", "-m", "venv", venv.string()};
  if (const Status made = run_step("making a Python environment", make, workspace.log(), progress); !made) {
    return made.error().kind == ErrorKind::interrupted
               ? made.failure()
               : with_hint(fail(ErrorKind::not_found, "this python3 has neither pip nor a working venv"),
                           "apt-get install python3-pip");
  }
  return Command{(venv / "bin/python3").string(), "-m", "pip"};
}

proc::CommandSpec pip_command(const Command& pip, std::initializer_list<std::string> arguments) {
  proc::CommandSpec command;
  command.argv = pip;
  command.argv.insert(command.argv.end(), arguments);
  command.env = {{"PIP_DISABLE_PIP_VERSION_CHECK", "1"},
                 {"PIP_NO_INPUT", "1"},
                 {"PIP_ROOT_USER_ACTION", "ignore"},
                 {"PIP_PROGRESS_BAR", "off"}};
  return command;
}

Result<fs::path> only_wheel(const fs::path& folder) {
  std::error_code code;
  for (fs::directory_iterator at(folder, code), end; !code && at != end; at.increment(code)) {
    if (at->path().extension() == ".whl") {
      return at->path();
    }
  }
  return fail(ErrorKind::worker, "pip left no wheel in '{}'", folder.string());
}

// pip's cache of built wheels does not know CMAKE_ARGS: it may serve the default build only.
Result<fs::path> build_wheel(const InstallSpec& spec, const Package& package, const Command& pip,
                             const Workspace& workspace, const Progress& progress) {
  const fs::path folder = workspace.path() / "wheel";
  proc::CommandSpec command =
      pip_command(pip, {"wheel", "--verbose", "--no-deps", "--wheel-dir", folder.string(), package.requirement});
  const bool is_default = !spec.tools && !spec.cuda && spec.cmake_args.empty();
  if (!is_default) {
    command.argv.insert(command.argv.end(), {"--no-cache-dir", "--no-binary", std::string(kPackage)});
  }
  MIA_TRY_ASSIGN(command.env["CMAKE_ARGS"], cmake_arguments(spec, workspace.path()));
  MIA_TRY(run_step("building " + package.requirement, command, workspace.log(), progress));
  return only_wheel(folder);
}

// A wheel holds a library under each of its names (libx.so, libx.so.0, libx.so.0.1.2) as a copy, and all of them once
// more for Python; links and nothing for Python save two thirds of the disk and of the page cache.
void slim(const fs::path& prefix) {
  std::error_code code;
  fs::remove_all(prefix / "llama_cpp", code);
  std::map<std::string, fs::path> by_hash;
  std::vector<fs::path> libraries;
  for (fs::directory_iterator at(prefix / "lib", code), end; !code && at != end; at.increment(code)) {
    std::error_code ignored;
    if (at->path().filename().string().find(".so") != std::string::npos && at->is_regular_file(ignored) &&
        !at->is_symlink(ignored)) {
      libraries.push_back(at->path());
    }
  }
  std::sort(libraries.begin(), libraries.end(), [](const fs::path& a, const fs::path& b) {
    return a.native().size() > b.native().size();  // the fullest name keeps the content
  });
  for (const fs::path& library : libraries) {
    const auto hash = hash_file(library);
    if (!hash) {
      continue;
    }
    const auto [kept, is_first] = by_hash.emplace(*hash, library);
    if (!is_first) {
      const fs::path link = library.string() + ".link";
      std::error_code failed;
      fs::create_symlink(kept->second.filename(), link, failed);
      if (!failed) {
        fs::rename(link, library, failed);
      }
    }
  }
}

Status unpack(const fs::path& wheel, const Command& pip, const Workspace& workspace, const Progress& progress) {
  const fs::path prefix = workspace.path() / "prefix";
  MIA_TRY(run_step("unpacking " + wheel.filename().string(),
                   pip_command(pip, {"install", "--no-deps", "--no-index", "--no-compile", "--target", prefix.string(),
                                     wheel.string()}),
                   workspace.log(), progress));
  std::error_code code;
  if (library_dir(prefix) != prefix / "lib" || !fs::exists(prefix / "include/llama.h", code)) {
    return with_hint(
        fail(ErrorKind::unsupported, "'{}' holds no lib/libllama.so with include/llama.h", wheel.filename().string()),
        "versions of llama-cpp-python from 0.3 on install them; older ones do not");
  }
  slim(prefix);
  return {};
}

}  // namespace

Result<record::RuntimeInfo> install(const InstallSpec& spec, const Progress& progress) {
  MIA_TRY_ASSIGN(const Package package, parse_requirement(spec.requirement));
  MIA_TRY(check_arguments(spec));
  if (package.kind == Kind::wheel && (spec.tools || spec.cuda || !spec.cmake_args.empty())) {
    return with_hint(
        fail(ErrorKind::usage, "'{}' is built already: build arguments cannot change it", spec.requirement),
        "give a version or an sdist");
  }
  const std::string otherwise = std::string(kPackage) + (package.version.empty() ? "" : "-" + package.version);
  MIA_TRY_ASSIGN(const std::string name, choose_name(spec.name, otherwise, spec.force));
  MIA_TRY_ASSIGN(Workspace workspace, Workspace::make(name));
  MIA_TRY_ASSIGN(const Command pip, find_pip(workspace, progress));
  fs::path wheel = package.requirement;
  if (package.kind != Kind::wheel) {
    MIA_TRY_ASSIGN(wheel, build_wheel(spec, package, pip, workspace, progress));
  }
  MIA_TRY(unpack(wheel, pip, workspace, progress));
  std::error_code code;
  fs::remove_all(workspace.path() / "wheel", code);
  fs::remove_all(workspace.path() / "venv", code);
  Parts parts;
  parts.prefix = workspace.path() / "prefix";
  parts.package = package_in(parts.prefix);
  return build_runtime(std::move(workspace), name, parts, progress);
}

Result<record::RuntimeInfo> add(const AddSpec& spec, const Progress& progress) {
  if (spec.prefix.empty() == spec.python.empty()) {
    return fail(ErrorKind::usage, "give either a folder with a llama.cpp or a Python environment");
  }
  std::error_code code;
  if (contains(spec.prefix.string(), "://")) {
    return add_address(spec, progress);
  }
  if (!spec.key_env.empty() || !spec.api.empty()) {
    return fail(ErrorKind::usage, "--key-env and --api go with the address of a server, http://127.0.0.1:PORT");
  }
  if (fs::is_regular_file(spec.prefix, code) && ::access(spec.prefix.c_str(), X_OK) == 0) {
    return add_server(spec, progress);
  }
  MIA_TRY_ASSIGN(const Parts parts,
                 spec.python.empty() ? locate(spec.prefix, spec.headers) : locate_python(spec.python, spec.headers));
  const fs::path& named = spec.python.empty() ? parts.prefix : spec.python;
  const std::string last =
      named.filename().empty() ? named.parent_path().filename().string() : named.filename().string();
  MIA_TRY_ASSIGN(const std::string name, choose_name(spec.name, last, spec.force));
  MIA_TRY_ASSIGN(Workspace workspace, Workspace::make(name));
  return build_runtime(std::move(workspace), name, parts, progress);
}

}  // namespace mia::runtime
