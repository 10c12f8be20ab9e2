// SPDX-License-Identifier: MIT
#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/cli.h"
#include "measure/scenario.h"

namespace mia::cli {
namespace {

using Paths = std::vector<std::pair<std::string, std::string>>;

void add_options(const CLI::App& app, std::vector<std::string>& words) {
  for (const CLI::Option* const option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      if (std::ranges::find(words, "--" + name) == words.end()) {
        words.push_back("--" + name);
      }
    }
  }
}

// What may follow a verb: its own verbs and options, and the options that hold everywhere.
std::vector<std::string> words_of(const CLI::App& app, const CLI::App& root) {
  std::vector<std::string> words;
  for (const CLI::App* const verb : app.get_subcommands({})) {
    words.push_back(verb->get_name());
  }
  if (app.get_name() == "run") {
    const std::vector<std::string> scenarios = measure::built_in_scenarios();
    words.insert(words.end(), scenarios.begin(), scenarios.end());
  }
  add_options(app, words);
  add_options(root, words);
  return words;
}

// Every path of verbs and the words that may follow it: " run" -> "baseline --model --set ...".
void collect(const CLI::App& app, const CLI::App& root, const std::string& path, Paths& into) {
  into.emplace_back(path, join(words_of(app, root), " "));
  for (const CLI::App* const verb : app.get_subcommands({})) {
    collect(*verb, root, path + " " + verb->get_name(), into);
  }
}

Paths paths_of(const CLI::App& app) {
  Paths paths;
  collect(app, app, "", paths);
  return paths;
}

// Shell code that walks the words of `array`, keeps those that make a path of verbs, and sets `found` to what may
// follow.
std::string walk(const Paths& paths, const std::string& array) {
  std::string verbs;
  std::string cases;
  for (const auto& [path, words] : paths) {
    if (!path.empty()) {
      verbs += (verbs.empty() ? "" : "|") + fmt::format("\"{}\"", path);
    }
    cases += fmt::format("    \"{}\") found=\"{}\" ;;\n", path, words);
  }
  return fmt::format(
      "  local verbs=\"\" word found=\"\"\n  for word in {}; do\n    case \"$verbs $word\" in\n      {}) "
      "verbs=\"$verbs $word\" ;;\n"
      "    esac\n  done\n  case \"$verbs\" in\n{}  esac\n",
      array, verbs, cases);
}

std::string bash_script(const CLI::App& app) {
  return "_mia_perf() {\n" + walk(paths_of(app), "\"${COMP_WORDS[@]:1:COMP_CWORD-1}\"") +
         "  mapfile -t COMPREPLY < <(compgen -W \"$found\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n}\n"
         "complete -o default -F _mia_perf mia-perf\n";
}

std::string zsh_script(const CLI::App& app) {
  return "#compdef mia-perf\n_mia_perf() {\n" + walk(paths_of(app), "\"${(@)words[2,CURRENT-1]}\"") +
         "  compadd -- ${=found}\n  [[ $PREFIX == -* ]] || _files\n}\ncompdef _mia_perf mia-perf\n";
}

std::string fish_script(const CLI::App& app) {
  std::string text;
  for (const auto& [path, words] : paths_of(app)) {
    std::string condition = "__fish_use_subcommand";
    if (!path.empty()) {
      condition.clear();
      for (const std::string& verb : split(trim(path), ' ')) {
        condition += fmt::format("{}__fish_seen_subcommand_from {}", condition.empty() ? "" : "; and ", verb);
      }
    }
    text += fmt::format("complete -c mia-perf -n '{}' -a '{}'\n", condition, words);
  }
  return text;
}

Result<int> completions(const CLI::App& app, const std::string& shell) {
  if (shell == "fish") {
    print(fish_script(app));
  } else if (shell == "zsh") {
    print(zsh_script(app));
  } else {
    print(bash_script(app));
  }
  return kOk;
}

}  // namespace

void add_completions(Cli& cli) {
  CLI::App* const verb = cli.app.add_subcommand("completions", "a completion script for bash, zsh or fish");
  auto shell = std::make_shared<std::string>("bash");
  const std::vector<std::string> shells = {"bash", "zsh", "fish"};
  verb->add_option("shell", *shell, "bash, zsh, fish")->check(CLI::IsMember(shells))->capture_default_str();
  verb->footer("example: mia-perf completions bash > /etc/bash_completion.d/mia-perf");
  verb->callback([&cli, shell] { cli.action = [&cli, shell] { return completions(cli.app, *shell); }; });
}

}  // namespace mia::cli
