// SPDX-License-Identifier: MIT
#include "runtime/locate.h"

#include <fstream>

#include "base/files.h"
#include "base/text.h"
#include "proc/command.h"
#include "runtime/registry.h"

namespace mia::runtime {
namespace {

namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
  std::error_code code;
  return fs::exists(path, code);
}

fs::path resolved(const fs::path& path) {
  std::error_code code;
  return fs::weakly_canonical(fs::absolute(path, code), code);
}

bool has_headers(const std::vector<fs::path>& folders, std::string_view name) {
  for (const fs::path& folder : folders) {
    if (is_there(folder / name)) {
      return true;
    }
  }
  return false;
}

// The folder of sources that a build folder was configured from.
fs::path sources_of(const fs::path& build) {
  static constexpr std::string_view kKey = "CMAKE_HOME_DIRECTORY:INTERNAL=";
  std::ifstream cache(build / "CMakeCache.txt");
  for (std::string line; std::getline(cache, line);) {
    if (line.starts_with(kKey)) {
      return line.substr(kKey.size());
    }
  }
  return {};
}

// llama.h and ggml.h lie together in an installation, apart in the sources.
std::vector<fs::path> header_folders(const fs::path& asked) {
  if (is_there(asked / "include/llama.h")) {
    return {asked / "include", asked / "ggml/include"};
  }
  return {asked, asked / "../ggml/include"};
}

Status check_headers(const Parts& parts) {
  for (const char* const name : {"llama.h", "ggml.h", "ggml-backend.h"}) {
    if (!has_headers(parts.headers, name)) {
      return with_hint(
          fail(ErrorKind::not_found, "no {} is known for the libraries in '{}'", name, parts.libraries.string()),
          "name the folder that holds it by --headers");
    }
  }
  return {};
}

}  // namespace

Result<Parts> locate(const fs::path& prefix, const fs::path& headers) {
  Parts parts;
  parts.prefix = resolved(prefix);
  std::error_code code;
  if (!fs::exists(parts.prefix, code)) {
    return no_such_file(parts.prefix, "folder");
  }
  if (!fs::is_directory(parts.prefix, code)) {
    return fail(ErrorKind::not_found, "'{}' is not a folder", parts.prefix.string());
  }
  parts.libraries = library_dir(parts.prefix);
  if (parts.libraries.empty()) {
    return with_hint(
        fail(ErrorKind::not_found, "no libllama.so in '{}', nor in its lib, lib64 or bin", parts.prefix.string()),
        "give an install prefix or a build folder made with -DBUILD_SHARED_LIBS=ON");
  }
  parts.package = package_in(parts.prefix);
  if (!headers.empty()) {
    parts.headers = header_folders(resolved(headers));
  } else if (is_there(parts.prefix / "include/llama.h")) {
    return parts;
  } else if (const fs::path sources = sources_of(parts.prefix); !sources.empty()) {
    parts.headers = header_folders(sources);
  }
  MIA_TRY(check_headers(parts));
  return parts;
}

Result<Parts> locate_python(const fs::path& python, const fs::path& headers) {
  std::error_code code;
  const fs::path program = fs::is_directory(python, code) ? python / "bin/python3" : python;
  proc::CommandSpec command;
  command.argv = {program.string(), "-c",
                  "import importlib.util as u, sys; s = u.find_spec('llama_cpp')\n"
                  "print(list(s.submodule_search_locations)[0] if s else '')"};
  command.merge_stderr = false;
  static constexpr double kLimitS = 60;
  command.timeout_s = kLimitS;
  MIA_TRY_ASSIGN(const proc::CommandResult told, proc::run_command(command));
  const fs::path package(std::string(trim(told.output)));
  if (!told.ok() || package.empty()) {
    const std::string why = one_line(trim(told.error_output), 400);
    return with_hint(fail(ErrorKind::not_found, "'{}' has no module llama_cpp{}", program.string(),
                          why.empty() ? "" : " (" + why + ")"),
                     "install it there: pip install llama-cpp-python");
  }
  Parts parts;
  parts.prefix = package;
  parts.libraries = library_dir(package);
  if (parts.libraries.empty()) {
    return fail(ErrorKind::not_found, "the Python package in '{}' has no libllama.so", package.string());
  }
  parts.package = package_in(package.parent_path());
  if (!headers.empty()) {
    parts.headers = header_folders(resolved(headers));
  } else {
    parts.headers = {package / "include", package.parent_path() / "include"};
  }
  MIA_TRY(check_headers(parts));
  return parts;
}

std::string package_in(const fs::path& site) {
  static constexpr std::string_view kStem = "llama_cpp_python-";
  static constexpr std::string_view kEnd = ".dist-info";
  std::error_code code;
  for (fs::directory_iterator at(site, code), end; !code && at != end; at.increment(code)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with(kStem) && name.ends_with(kEnd)) {
      return "llama-cpp-python " + name.substr(kStem.size(), name.size() - kStem.size() - kEnd.size());
    }
  }
  return {};
}

}  // namespace mia::runtime
