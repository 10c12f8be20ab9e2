// SPDX-License-Identifier: MIT
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/app.h"

namespace mia::cli {
namespace {

std::vector<std::string> words_of(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::App* const verb : app.get_subcommands({})) {
    words.push_back(verb->get_name());
  }
  for (const CLI::Option* const option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      words.push_back("--" + name);
    }
  }
  return words;
}

// Every verb path and the words that may follow it: " run" -> "--model --set ...".
void collect(const CLI::App& app, const std::string& path, std::vector<std::pair<std::string, std::string>>& into) {
  into.emplace_back(path, join(words_of(app), " "));
  for (const CLI::App* const verb : app.get_subcommands({})) {
    collect(*verb, path + " " + verb->get_name(), into);
  }
}

std::string bash_script(const CLI::App& app) {
  std::vector<std::pair<std::string, std::string>> paths;
  collect(app, "", paths);
  std::string text =
      "_mia_perf() {\n  local path=\"\" word\n  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case \"$word\" in -*) ;; *) path=\"$path $word\" ;; esac\n  done\n  local words=\"\"\n"
      "  case \"$path\" in\n";
  std::ranges::reverse(paths);  // longer paths first: the most specific verb wins
  for (const auto& [path, words] : paths) {
    text += fmt::format("    \"{}\"*) words=\"{}\" ;;\n", path, words);
  }
  return text +
         "  esac\n  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n}\n"
         "complete -o default -F _mia_perf mia-perf\n";
}

std::string fish_script(const CLI::App& app) {
  std::vector<std::pair<std::string, std::string>> paths;
  collect(app, "", paths);
  std::string text;
  for (const auto& [path, words] : paths) {
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
    print("autoload -U +X bashcompinit && bashcompinit\n" + bash_script(app));
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
