// SPDX-License-Identifier: MIT
// What every verb shares: options, exit codes, and the way results and errors leave the program.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/scope.h"
#include "app/setup.h"
#include "base/json.h"
#include "base/result.h"
#include "document/text.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's own
class App;
}

namespace mia::cli {

inline constexpr int kOk = 0;
inline constexpr int kRegression = 1;
inline constexpr int kUsage = 2;
inline constexpr int kUnclear = 3;
inline constexpr int kMeasurementFailed = 4;
inline constexpr int kInternal = 5;
inline constexpr int kInterrupted = 130;

// Options that stand before or after any verb: what is done, and how it is shown.
struct Common : app::Scope {
  bool verbose = false;  // reports with what asks for no act and no doubt, too
  bool json = false;
};

// A verb's work: an exit code, or the error that main prints.
using Action = std::function<Result<int>()>;

// Verbs register themselves here; the one that was typed leaves its action.
struct Cli {
  CLI::App& app;
  Common common;
  Action action;
};

[[nodiscard]] int exit_code_of(const Error& error);
// app::configure(), its warnings told.
[[nodiscard]] Result<app::Configured> configured_for(const Common& common);

// stdout; broken pipes are quiet.
// On stdout. What could not be written is remembered for output_error().
void print(std::string_view text);
// The first failure to write to stdout; none when the reader went away, as `head` does.
[[nodiscard]] std::optional<Error> output_error();
// On stderr; what cannot be written is dropped: progress is no reason to lose a result.
void print_progress(std::string_view text);
// File descriptors 0 to 2 that the caller closed are taken by /dev/null, so that no file of ours gets their number.
void guard_standard_streams();
void print_json(const Json& json);

[[nodiscard]] bool is_terminal(int fd);
[[nodiscard]] bool want_color();     // on stdout
[[nodiscard]] int terminal_width();  // of stdout
[[nodiscard]] int terminal_width(int fd);
// How documents are printed here.
[[nodiscard]] document::Look terminal_look();
// The document, or `json` with --json. Tables are whole where a file or another program reads them.
void show(const Common& common, const document::Document& document, const Json& json);
// A list: the table, or `none` where it is empty.
void show_list(const Common& common, const document::Table& table, std::string_view none);

// One per verb, in cmd_<verb>.cc.
void add_run(Cli& cli);
void add_accept(Cli& cli);
void add_gate(Cli& cli);
void add_compare(Cli& cli);
void add_export(Cli& cli);
void add_find(Cli& cli);
void add_replay(Cli& cli);
void add_tune(Cli& cli);
void add_runtime(Cli& cli);
void add_model(Cli& cli);
void add_serve(Cli& cli);
void add_synth(Cli& cli);
void add_roofline(Cli& cli);
void add_doctor(Cli& cli);
void add_config(Cli& cli);
void add_report(Cli& cli);
void add_history(Cli& cli);
void add_import(Cli& cli);
void add_completions(Cli& cli);

[[nodiscard]] Json versions_json();
[[nodiscard]] std::string versions_text();

}  // namespace mia::cli
