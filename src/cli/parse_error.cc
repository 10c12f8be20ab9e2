// SPDX-License-Identifier: MIT
#include "cli/parse_error.h"

#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace mia::cli {
namespace {

// The verbs that were understood, root first.
std::vector<const CLI::App*> understood(const CLI::App& app) {
  std::vector<const CLI::App*> path{&app};
  while (!path.back()->get_subcommands().empty()) {
    path.push_back(path.back()->get_subcommands().front());
  }
  return path;
}

std::string command_of(const std::vector<const CLI::App*>& path) {
  std::string command;
  for (const CLI::App* const verb : path) {
    command += (command.empty() ? "" : " ") + verb->get_name();
  }
  return command;
}

std::vector<std::string> verbs_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* const verb : app.get_subcommands({})) {
    names.push_back(verb->get_name());
  }
  return names;
}

// Options of a verb and of those above it: they stand anywhere.
std::vector<std::string> options_of(const std::vector<const CLI::App*>& path) {
  std::vector<std::string> names;
  for (const CLI::App* const verb : path) {
    for (const CLI::Option* const option : verb->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        names.push_back("--" + name);
      }
    }
  }
  return names;
}

Failure unknown(const std::vector<const CLI::App*>& path, const std::string& word) {
  const bool is_option = word.starts_with('-');
  const std::string name = word.substr(0, is_option ? word.find('=') : std::string::npos);
  const std::vector<std::string> verbs = verbs_of(*path.back());
  const auto near = nearest_name(name, is_option ? options_of(path) : verbs);
  const std::string help = fmt::format("{} --help", command_of(path));
  const std::string hint =
      near ? fmt::format("did you mean '{}'? {} shows all", *near, help) : help + " shows what there is";
  if (is_option) {
    return with_hint(fail(ErrorKind::usage, "{} has no option '{}'", command_of(path), name), hint);
  }
  const char* const what = verbs.empty() ? "takes no further word" : "has no verb";
  return with_hint(fail(ErrorKind::usage, "{} {} '{}'", command_of(path), what, name), hint);
}

}  // namespace

Error explain(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<const CLI::App*> path = understood(app);
  if (const std::vector<std::string> words = app.remaining(true); !words.empty()) {
    return unknown(path, words.front()).error;
  }
  const std::string help = fmt::format("{} --help shows how", command_of(path));
  const std::vector<std::string> verbs = verbs_of(*path.back());
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && path.back()->get_require_subcommand_min() > 0) {
    return with_hint(fail(ErrorKind::usage, "{} needs one of {}", command_of(path), join(verbs, ", ")), help).error;
  }
  return with_hint(fail(ErrorKind::usage, "{}: {}", command_of(path), error.what()), help).error;
}

}  // namespace mia::cli
