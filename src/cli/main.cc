// SPDX-License-Identifier: MIT
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <optional>
#include <sstream>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/parse_error.h"
#include "document/layout.h"

namespace mia::cli {
namespace {

void add_common(CLI::App& app, Common& common, bool& quiet) {
  app.fallthrough();
  app.add_flag("--json", common.json, "the result as JSON on stdout");
  app.add_option("--config", common.config_dir, "folder of base.yaml and overrides.local.yaml");
  app.add_option("--set", common.set, "set any key: --set n_threads=2");
  app.add_option("--profile", common.profile, "thresholds of this profile in base.yaml");
  app.add_option("--store", common.store, "store of trials (SQLite file)");
  app.add_flag("-q,--quiet", quiet, "no progress");
  app.add_flag("-v,--verbose", common.verbose, "more about what happens, and the notes of a report");
}

// CLI11 wraps nothing: what is too long for the terminal goes on below its description.
std::string help_to_fit(std::string_view help) {
  constexpr std::size_t kDescription = 30;  // column of CLI11's descriptions
  const std::size_t width = is_terminal(STDOUT_FILENO) ? std::min<std::size_t>(terminal_look().width, 100) : 80;
  std::string out;
  for (const std::string& line : split(help, '\n')) {
    const std::size_t at = line.starts_with("  ") && line.size() > kDescription ? kDescription : 0;
    const std::size_t indent = at == 0 ? 2 : 0;
    const std::string text = document::wrap(std::string_view(line).substr(at), width - at, indent);
    out += line.substr(0, at);
    for (const char c : text) {
      out += c == '\n' ? '\n' + std::string(at, ' ') : std::string(1, c);
    }
    out += '\n';
  }
  return std::string(trim(out)) + '\n';
}

int report_error(const Error& error) {
  log::error(error);
  return exit_code_of(error);
}

int run_main(int argc, char** argv) {
  CLI::App app("mia-perf measures how fast language models run on this machine, with an error rate on every claim.",
               "mia-perf");
  Cli cli{app, {}, {}};
  bool quiet = false;
  bool version = false;
  add_common(app, cli.common, quiet);
  app.add_flag("--version", version, "version of the program; with --json every version there is");
  app.footer(
      "example: mia-perf run baseline\nexit codes: 0 ok, 1 regression, 2 usage, 3 unclear, 4 a cell has no good trial, "
      "5 internal, store or output, 130 interrupted");
  for (const auto add : {add_run, add_compare, add_tune, add_replay, add_accept, add_gate, add_report, add_history,
                         add_serve, add_export, add_import, add_find, add_runtime, add_model, add_synth, add_roofline,
                         add_config, add_doctor, add_completions}) {
    add(cli);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // --help
      std::ostringstream help;
      app.exit(error, help, help);
      print(help_to_fit(help.str()));
      return kOk;
    }
    return report_error(explain(app, error));
  }
  log::set_level(quiet ? log::Level::quiet : cli.common.verbose ? log::Level::verbose : log::Level::normal);
  if (version) {
    if (cli.common.json) {
      print_json(versions_json());
    } else {
      print(versions_text());
    }
    return kOk;
  }
  if (!cli.action) {
    print(help_to_fit(app.help()));
    return kUsage;
  }
  if (const Status has_data = require_data_dir(); !has_data) {
    return report_error(has_data.error());
  }
  const Result<int> code = cli.action();
  return code ? *code : report_error(code.error());
}

// Event loop, store, locks and the pipes of two workers; libuv aborts where it gets none.
Status require_open_files() {
  constexpr rlim_t kNeeded = 64;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kNeeded) {
    return {};
  }
  limit.rlim_cur = std::min(limit.rlim_max, kNeeded);
  if (limit.rlim_cur < kNeeded || setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return with_hint(
        fail(ErrorKind::usage, "only {} files may be open here, and {} are needed", limit.rlim_max, kNeeded),
        "ulimit -n 1024");
  }
  return {};
}

int run_and_check_output(int argc, char** argv) {
  if (const Status enough = require_open_files(); !enough) {
    return report_error(enough.error());
  }
  const int code = run_main(argc, argv);
  const std::optional<Error> lost = output_error();
  return lost ? report_error(*lost) : code;
}

}  // namespace
}  // namespace mia::cli

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that went away is no reason to lose a session
  std::signal(SIGXFSZ, SIG_IGN);  // nor is a limit on file sizes: the write fails and says so
  mia::cli::guard_standard_streams();
  try {
    return mia::cli::run_and_check_output(argc, argv);
  } catch (const std::exception& error) {
    mia::log::error(std::string("a defect of mia-perf: ") + error.what());
    return mia::cli::kInternal;
  }
}
