// SPDX-License-Identifier: MIT
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "base/text.h"
#include "cli/cli.h"
#include "config/config.h"
#include "measure/scenario.h"
#include "record/fields.h"

namespace mia::cli {
namespace {

Result<int> list(const Common& common, bool markdown, bool scenarios) {
  if (scenarios) {
    print(measure::scenario_schema_text());
    return kOk;
  }
  if (markdown) {
    print(config::registry_markdown());
    return kOk;
  }
  document::Table table{{{"", "key"}, {"", "default"}, {"", "unit"}, {"", "meaning"}}};
  for (const record::Field& field : record::fields()) {
    table.rows.push_back(
        {std::string(field.key), std::string(field.standard), std::string(field.unit), std::string(field.doc)});
  }
  cli::show(common, document::document_of(std::move(table)), config::settings_schema());
  return kOk;
}

// `of`: a key, the end of one, or a group of them; "" = all.
bool is_asked_for(std::string_view key, const std::string& of) {
  return of.empty() || key == of || key.starts_with(of + ".") || key.ends_with("." + of);
}

Result<int> show(const Common& common, bool origin, const std::string& of) {
  config::LoadSpec spec;
  spec.config_dir = common.config_dir;
  spec.profile = common.profile;
  spec.set = common.set;
  MIA_TRY_ASSIGN(const config::Loaded loaded, config::load(spec));
  for (const std::string& warning : loaded.warnings) {
    log::warn(warning);
  }
  Json json = {{"settings", record::to_json(loaded.settings)}};
  if (origin) {
    json["origins"] = loaded.origins;
  }
  document::Table table{{{"", "key"}, {"", "value"}, {"", origin ? "from" : ""}}};
  for (const record::Field& field : record::fields()) {
    std::string key(field.key);
    if (!is_asked_for(key, of)) {
      continue;
    }
    std::string from = loaded.origins.at(key);
    table.rows.push_back({std::move(key), record::to_text(record::get(loaded.settings, field)), std::move(from)});
  }
  if (table.rows.empty()) {
    return with_hint(fail(ErrorKind::usage, "there is no key or group '{}'", one_line(of, 80)),
                     "mia-perf config list names them");
  }
  cli::show(common, document::document_of(std::move(table)), json);
  return kOk;
}

Result<int> check_file(const Common& common, const std::string& file) {
  MIA_TRY_ASSIGN(const auto problems, config::check_file(file));
  if (common.json) {
    print_json({{"file", file}, {"problems", problems}});
  } else {
    print(problems.empty() ? one_line(file, 4096) + ": good\n" : printable(join(problems, "\n")) + "\n");
  }
  return problems.empty() ? kOk : kUsage;
}

}  // namespace

void add_config(Cli& cli) {
  CLI::App* const verb = cli.app.add_subcommand("config", "the keys there are, their values here, and files checked");
  verb->require_subcommand(1);
  verb->footer("example: mia-perf config show --origin");
  auto flag = std::make_shared<bool>(false);
  auto file = std::make_shared<std::string>();
  CLI::App* const list_verb = verb->add_subcommand("list", "every key with default, unit and meaning");
  list_verb->add_flag("--markdown", *flag, "as docs/config-registry.md");
  auto scenarios = std::make_shared<bool>(false);
  list_verb->add_flag("--scenario-schema", *scenarios, "the JSON Schema of scenario files");
  list_verb->footer("example: mia-perf config list");
  list_verb->callback([&cli, flag, scenarios] {
    cli.action = [&cli, flag, scenarios] { return list(cli.common, *flag, *scenarios); };
  });
  CLI::App* const show_verb = verb->add_subcommand("show", "every value as it is now");
  show_verb->add_flag("--origin", *flag, "which layer each value comes from");
  auto key = std::make_shared<std::string>();
  show_verb->add_option("key", *key, "only this key or group: n_threads, perf.thresholds");
  show_verb->footer("example: mia-perf config show --origin");
  show_verb->callback([&cli, flag, key] { cli.action = [&cli, flag, key] { return show(cli.common, *flag, *key); }; });
  CLI::App* const check_verb = verb->add_subcommand("check", "problems of one YAML file, with their lines");
  check_verb->add_option("file", *file, "YAML file")->required();
  check_verb->footer("example: mia-perf config check configs/base.yaml");
  check_verb->callback([&cli, file] { cli.action = [&cli, file] { return check_file(cli.common, *file); }; });
}

}  // namespace mia::cli
