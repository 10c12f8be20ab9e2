// SPDX-License-Identifier: MIT
#include "runtime/server.h"

#include <unistd.h>

#include <cstdlib>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/text.h"
#include "proc/command.h"
#include "runtime/build.h"
#include "runtime/registry.h"

namespace mia::runtime {
namespace {

namespace fs = std::filesystem;

constexpr const char* kServerWorker = "mia-worker-server";
constexpr double kAskLimitS = 60;  // a program with a GPU backend may look for its devices first

Result<std::string> told(const record::RuntimeInfo& runtime, const char* option) {
  proc::CommandSpec command;
  command.argv = {runtime.program, option};
  command.env = worker_environment(runtime);
  command.timeout_s = kAskLimitS;
  MIA_TRY_ASSIGN(const proc::CommandResult result, proc::run_command(command));
  if (!result.ok()) {
    const std::string words = one_line(trim(result.output), 300);
    return fail(ErrorKind::unsupported, "'{} {}' {}{}{}", one_line(runtime.program), option,
                result.timed_out ? "did not end in time" : proc::describe(result.exit), words.empty() ? "" : ": ",
                words);
  }
  return result.output;
}

// The folder of the libraries that came with the program, or the program's own.
fs::path prefix_of(const fs::path& program) {
  const fs::path folder = program.parent_path();
  return library_dir(folder).empty() && !library_dir(folder.parent_path()).empty() ? folder.parent_path() : folder;
}

// By its own words, whatever the file is called.
Result<Json> introduce(const record::RuntimeInfo& runtime) {
  MIA_TRY_ASSIGN(const std::string version, told(runtime, "--version"));
  MIA_TRY_ASSIGN(const std::string help, told(runtime, "--help"));
  const bool is_server = contains(version, "version: ") && contains(help, "--port ") && contains(help, "--model ") &&
                         contains(help, "--ctx-size ") && contains(help, "--parallel ");
  if (!is_server) {
    return with_hint(fail(ErrorKind::unsupported, "'{}' is a program, but no llama-server by its --version and --help",
                          one_line(runtime.program)),
                     "give a llama-server, or the folder of a llama.cpp");
  }
  Json json = {{"version", version}, {"help", help}};
  if (contains(help, "--list-devices")) {
    MIA_TRY_ASSIGN(json["devices"], told(runtime, "--list-devices"));
  }
  return json;
}

// "http://127.0.0.1:8080", without the path that people know from a client's configuration.
Result<std::string> loopback(const std::string& given) {
  std::string address = given;
  for (const std::string_view tail : {"/", "/v1"}) {
    address.resize(address.size() - (address.ends_with(tail) ? tail.size() : 0));
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    for (const std::string_view host : {"127.0.0.1:", "localhost:", "[::1]:"}) {
      const std::string begin = std::string(scheme) + std::string(host);
      const auto port = address.starts_with(begin) ? parse_int(std::string_view(address).substr(begin.size())) : 0;
      if (port && *port > 0 && *port <= 65535) {
        return address;
      }
    }
  }
  return with_hint(fail(ErrorKind::usage, "'{}' is no address of a server on this machine", one_line(given, 200)),
                   "write http://127.0.0.1:PORT; a server of another machine is measured there");
}

// {"api", "version"} as the server itself tells them. `told_file`: the one with what is known before.
Result<Json> recognise(const record::RuntimeInfo& runtime, const fs::path& told_file) {
  proc::CommandSpec command;
  command.argv = {runtime.worker, "--recognise"};
  command.env = worker_environment(runtime);
  command.env["MIA_SERVER_TOLD"] = told_file.string();
  command.timeout_s = kAskLimitS;
  command.merge_stderr = false;
  MIA_TRY_ASSIGN(const proc::CommandResult told, proc::run_command(command));
  if (!told.ok()) {
    return with_hint(fail(ErrorKind::unsupported, "no server that is known answers at {}: {}", runtime.program,
                          one_line(trim(told.error_output), 600)),
                     "start it first; --key-env NAME if it has a key");
  }
  return parse_json(told.output);
}

}  // namespace

Result<record::RuntimeInfo> add_address(const AddSpec& spec, const Progress& progress) {
  record::RuntimeInfo runtime;
  MIA_TRY_ASSIGN(runtime.program, loopback(spec.prefix.string()));
  runtime.prefix = runtime.program;
  MIA_TRY_ASSIGN(const fs::path worker, server_worker());
  runtime.worker = worker.string();
  const std::string port = runtime.program.substr(runtime.program.rfind(':') + 1);
  MIA_TRY_ASSIGN(runtime.name, choose_name(spec.name, "server-" + port, spec.force));
  if (progress) {
    progress("asking the server what it is");
  }
  MIA_TRY_ASSIGN(Workspace workspace, Workspace::make(runtime.name));
  Json told = {{"key_env", spec.key_env}, {"api", spec.api}};
  const fs::path asked = workspace.path() / "asked.json";
  MIA_TRY(write_file_atomic(asked, dump_json(told)));
  MIA_TRY_ASSIGN(const Json recognised, recognise(runtime, asked));
  told.update(recognised);
  MIA_TRY(write_file_atomic(workspace.told(), dump_json(told)));
  return commit_greeted(std::move(workspace), std::move(runtime), progress);
}

Status still_answers(const record::RuntimeInfo& runtime) {
  constexpr std::size_t kMost = std::size_t{4} << 20U;
  const fs::path file = worker_environment(runtime)["MIA_SERVER_TOLD"];
  MIA_TRY_ASSIGN(const std::string text, read_file(file, kMost));
  MIA_TRY_ASSIGN(const Json told, context(parse_json(text), file.string()));
  MIA_TRY_ASSIGN(const Json now, recognise(runtime, file));
  if (get_string(now, "version") != get_string(told, "version")) {
    return fail(ErrorKind::unsupported, "it is '{}' now and was '{}' when it was added",
                one_line(get_string(now, "version").value_or(""), 80),
                one_line(get_string(told, "version").value_or(""), 80));
  }
  return {};
}

Result<fs::path> server_worker() {
  const fs::path beside = executable_path().parent_path() / kServerWorker;
  if (::access(beside.c_str(), X_OK) != 0) {
    return fail(ErrorKind::not_found, "'{}', which works through a server, is not in its place", beside.string());
  }
  MIA_TRY(require_trusted(beside, "the worker"));
  return beside;
}

Result<record::RuntimeInfo> add_server(const AddSpec& spec, const Progress& progress) {
  record::RuntimeInfo runtime;
  std::error_code code;
  const fs::path program = fs::weakly_canonical(fs::absolute(spec.prefix, code), code);
  runtime.program = program.string();
  runtime.prefix = prefix_of(program).string();
  MIA_TRY(require_trusted(program, "the server"));
  MIA_TRY_ASSIGN(const fs::path worker, server_worker());
  runtime.worker = worker.string();
  MIA_TRY_ASSIGN(runtime.name, choose_name(spec.name, program.filename().string(), spec.force));
  if (progress) {
    progress("asking the program what it is");
  }
  MIA_TRY_ASSIGN(const Json json, introduce(runtime));
  MIA_TRY_ASSIGN(Workspace workspace, Workspace::make(runtime.name));
  MIA_TRY(write_file_atomic(workspace.told(), dump_json(json)));
  return commit_greeted(std::move(workspace), std::move(runtime), progress);
}

}  // namespace mia::runtime
