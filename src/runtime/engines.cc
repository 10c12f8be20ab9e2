// SPDX-License-Identifier: MIT
#include "runtime/engines.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "proc/command.h"
#include "runtime/locate.h"
#include "runtime/registry.h"
#include "runtime/server.h"

namespace mia::runtime {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxFolder = 20'000;  // names of one folder that are looked at

struct Program {
  std::string_view name;  // of the file; a longer one that goes on with '-' or '.' too
  std::string_view measured;
  std::string_view how;  // with {} for its path
};

// Sources: llama.cpp's tools/server/README.md and tools/llama-bench/README.md; docs.ollama.com/cli;
// lmstudio.ai/docs/cli; github.com/mozilla-ai/llamafile; github.com/LostRuins/koboldcpp (its releases' file names).
constexpr std::array kPrograms{
    Program{"llama-server", "all but perplexity and the graph", "mia-perf runtime add {}"},
    Program{"llama-bench", "its results", "{} -m FILE -o json | mia-perf import -"},
    Program{"ollama", "the models that it has, not the program", "mia-perf run smoke -m ollama:NAME"},
    Program{"lms", "the models that LM Studio has, not the program", "mia-perf run smoke -m lmstudio:NAME"},
    Program{"llamafile", "the GGUF file in it, not the program", "unzip {} '*.gguf'"},
    Program{"koboldcpp", "the GGUF file that it loads, not the program", "mia-perf run smoke -m FILE.gguf"},
};

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

// Sorted, and no more than kMaxFolder.
std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> folders;
  std::error_code code;
  std::size_t seen = 0;
  for (fs::directory_iterator at(folder, code), end; !code && at != end && ++seen <= kMaxFolder; at.increment(code)) {
    std::error_code ignored;
    if (at->is_directory(ignored)) {
      folders.push_back(at->path());
    }
  }
  std::ranges::sort(folders);
  return folders;
}

std::vector<fs::path> program_folders() {
  std::vector<fs::path> folders;
  for (const std::string& folder : split(variable("PATH"), ':')) {
    folders.emplace_back(folder);
  }
  for (const char* const usual : {"/usr/local/bin", "/usr/bin", "/snap/bin", "/opt/homebrew/bin",
                                  "/home/linuxbrew/.linuxbrew/bin", "/opt/llama.cpp/bin"}) {
    folders.emplace_back(usual);
  }
  if (const fs::path home = home_dir(); !home.empty()) {
    for (const char* const usual : {".local/bin", "bin", ".lmstudio/bin", "llama.cpp/build/bin"}) {
      folders.push_back(home / usual);
    }
  }
  return folders;
}

bool is_program(const fs::path& path) {
  std::error_code code;
  return fs::is_regular_file(path, code) && ::access(path.c_str(), X_OK) == 0;
}

// "koboldcpp-linux-x64" is a koboldcpp, "ollama.old" is an ollama, "llama-server-wrapper" may be one.
bool is_called(std::string_view file, std::string_view name) {
  return file.starts_with(name) && (file.size() == name.size() || file[name.size()] == '-' || file[name.size()] == '.');
}

// A word of a command to paste: quoted where a shell would read something else.
std::string shell_word(const std::string& text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/+:@%,=";
  if (text.find_first_not_of(kPlain) == std::string::npos) {
    return text;
  }
  std::string quoted = "'";
  for (const char c : text) {
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return quoted + "'";
}

// Environments that may hold a llama_cpp. Sources: docs.python.org/3/library/venv.html, pipx.pypa.io (its venvs),
// docs.astral.sh/uv/reference/storage (tools), docs.conda.io (envs).
std::vector<fs::path> environments() {
  std::vector<fs::path> all = {variable("VIRTUAL_ENV"), variable("CONDA_PREFIX"), "venv", ".venv"};
  const auto below = [&](const fs::path& folder) { std::ranges::copy(folders_in(folder), std::back_inserter(all)); };
  const fs::path home = home_dir();
  if (!home.empty()) {
    std::ranges::copy_if(folders_in(home), std::back_inserter(all), [](const fs::path& folder) {
      return folder.filename().string().starts_with(".venv") || folder.filename() == "venv";
    });
    below(home / ".virtualenvs");
    below(home / ".local/share/pipx/venvs");
    below(home / ".local/pipx/venvs");
    below(home / ".local/share/uv/tools");
    for (const char* const conda : {"miniconda3", "anaconda3", "miniforge3", "mambaforge"}) {
      all.push_back(home / conda);
      below(home / conda / "envs");
    }
  }
  for (const auto& [name, inside] : {std::pair("PIPX_HOME", "venvs"), {"UV_TOOL_DIR", ""}}) {
    if (const fs::path folder = variable(name); folder.is_absolute()) {
      below(folder / inside);
    }
  }
  return all;
}

// Of llama_cpp in an environment; empty where there is none.
fs::path package_folder(const fs::path& environment) {
  for (const fs::path& python : folders_in(environment / "lib")) {
    fs::path package = python / "site-packages/llama_cpp";
    if (python.filename().string().starts_with("python") && !library_dir(package).empty()) {
      return package;
    }
  }
  return {};
}

}  // namespace

std::vector<Engine> find_programs() {
  std::vector<Engine> engines;
  std::set<fs::path> seen;
  for (const fs::path& folder : program_folders()) {
    std::error_code code;
    if (!folder.is_absolute()) {
      continue;  // what lies in the folder of the moment is not offered
    }
    std::size_t names = 0;
    for (fs::directory_iterator at(folder, code), end; !code && at != end && ++names <= kMaxFolder;
         at.increment(code)) {
      const std::string file = at->path().filename().string();
      const auto* const program =
          std::ranges::find_if(kPrograms, [&](const Program& known) { return is_called(file, known.name); });
      std::error_code ignored;
      if (program != kPrograms.end() && is_program(at->path()) &&
          seen.insert(fs::canonical(at->path(), ignored)).second) {
        const std::string where = at->path().string();
        engines.push_back({std::string(program->name), "", where, std::string(program->measured),
                           fmt::format(fmt::runtime(program->how), shell_word(where))});
      }
    }
  }
  std::ranges::stable_sort(engines, {}, [](const Engine& engine) { return std::pair(engine.name, engine.where); });
  return engines;
}

std::vector<Engine> find_python_environments() {
  std::vector<Engine> engines;
  std::set<fs::path> seen;
  for (const fs::path& environment : environments()) {
    std::error_code code;
    const fs::path whole = fs::absolute(environment, code).lexically_normal();
    const fs::path package = environment.empty() ? fs::path() : package_folder(whole);
    if (!package.empty() && seen.insert(fs::canonical(package, code)).second) {
      const std::string told = package_in(package.parent_path());
      engines.push_back({"llama-cpp-python", told.substr(std::min(told.size(), told.find(' ') + 1)), whole.string(),
                         "all, by a worker that is compiled for it",
                         "mia-perf runtime add --python " + shell_word(whole.string())});
    }
  }
  return engines;
}

Result<std::vector<Engine>> find_listening() {
  constexpr double kLimitS = 10;
  MIA_TRY_ASSIGN(const fs::path worker, server_worker());
  proc::CommandSpec command;
  command.argv = {worker.string(), "--listening"};
  command.timeout_s = kLimitS;
  command.merge_stderr = false;
  MIA_TRY_ASSIGN(const proc::CommandResult told, proc::run_command(command));
  MIA_TRY_ASSIGN(const Json json, context(parse_json(told.output), "mia-worker-server --listening"));
  std::vector<Engine> engines;
  for (const Json& one : json) {
    engines.push_back({get_string(one, "engine").value_or(""), get_string(one, "version").value_or(""),
                       get_string(one, "url").value_or(""), get_string(one, "measured").value_or(""), ""});
    if (engines.back().name != "unknown") {
      engines.back().how = "mia-perf runtime add " + engines.back().where;
    }
  }
  return engines;
}

}  // namespace mia::runtime
