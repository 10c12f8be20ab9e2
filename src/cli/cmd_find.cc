// SPDX-License-Identifier: MIT
#include <algorithm>
#include <filesystem>
#include <iterator>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/setup.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/cli.h"
#include "document/json.h"
#include "document/value.h"
#include "model/describe.h"
#include "model/places.h"
#include "runtime/engines.h"
#include "runtime/registry.h"

namespace mia::cli {
namespace {

// Why a found model is not measured; "": it is.
std::string problem_of(const model::FoundModel& found, const Result<record::ModelInfo>& info) {
  if (!found.problem.empty()) {
    return found.problem;
  }
  if (!info) {
    return info.error().text();
  }
  return record::is_decoder(*info) ? ""
                                   : fmt::format("it is an {}: only models that write text are measured", info->kind);
}

// What can be measured stands in the table, what cannot in the list; JSON has all of it as rows.
struct Models {
  document::Table all{{{"name", "model"},
                       {"file_bytes", "size", "", "", document::Align::right},
                       {"architecture", "architecture"},
                       {"quantization", "quantization"},
                       {"how", ""},
                       {"problem", ""},
                       {"path", "file"}}};
  document::Table measurable{all.columns};
  document::List others;
};

Models models_of(const model::FoundModels& found) {
  Models models;
  for (const model::FoundModel& one : found.models) {
    const Result<record::ModelInfo> info =
        one.problem.empty() ? model::inspect(one.path) : fail(ErrorKind::unsupported, "not read");
    const std::string problem = problem_of(one, info);
    const auto word = [&](const std::string& text) { return document::Word{text, problem}; };
    const document::Word none{{}, problem};
    std::vector<document::Value> row{one.name,
                                     document::bytes(one.bytes),
                                     info ? word(info->architecture) : none,
                                     info ? word(info->quantization) : none,
                                     problem.empty() ? word("mia-perf run smoke -m " + one.name) : none,
                                     problem.empty() ? document::Word{{}, "none"} : word(problem),
                                     one.path.string()};
    if (problem.empty()) {
      models.measurable.rows.push_back(row);
    } else {
      models.others.items.push_back({fmt::format("{}: {}", one_line(one.name, 200), one_line(problem))});
    }
    models.all.rows.push_back(std::move(row));
  }
  return models;
}

document::Table folders_of(const model::FoundModels& found) {
  document::Table table{{{"place", "looked into"}, {"folder", "folder"}, {"state", "found"}}};
  for (const model::LookedFolder& one : found.folders) {
    table.rows.push_back({one.place, one.folder.string(), one.state});
  }
  return table;
}

// What is a runtime already is measured by its name.
std::string how_of(const runtime::Engine& engine, const std::vector<record::RuntimeInfo>& runtimes) {
  std::error_code code;
  const std::string file = std::filesystem::canonical(engine.where, code).string();
  const auto known = std::ranges::find_if(
      runtimes, [&](const record::RuntimeInfo& runtime) { return !file.empty() && runtime.program == file; });
  return known == runtimes.end() ? engine.how : "mia-perf run smoke --runtime " + known->name;
}

document::Table engines_of(std::vector<std::string>& notes) {
  std::vector<runtime::Engine> engines = runtime::find_programs();
  std::ranges::move(runtime::find_python_environments(), std::back_inserter(engines));
  Result<std::vector<runtime::Engine>> listening = runtime::find_listening();
  if (listening) {
    std::ranges::move(*listening, std::back_inserter(engines));
  } else {
    notes.push_back("ports were not asked: " + listening.error().text());
  }
  const auto runtimes = runtime::list(&notes).value_or({});
  document::Table table{{{"engine", "engine"},
                         {"version", "version"},
                         {"where", "where"},
                         {"measured", "what is measured"},
                         {"how", "how"}}};
  for (const runtime::Engine& one : engines) {
    table.rows.push_back({one.name, one.version, one.where, one.measured, how_of(one, runtimes)});
  }
  return table;
}

Result<int> find(const Common& common) {
  MIA_TRY_ASSIGN(const app::Configured configured, configured_for(common));
  const model::FoundModels found = model::find_models(configured.catalogue);
  Models models = models_of(found);
  const document::Table folders = folders_of(found);
  std::vector<std::string> notes;
  const document::Table engines = engines_of(notes);
  for (const std::string& note : notes) {
    log::warn(note);
  }
  const Json json = {{"models", document::to_json(models.all)},
                     {"engines", document::to_json(engines)},
                     {"folders", document::to_json(folders)}};
  const std::string answer = models.measurable.rows.empty()
                                 ? "no model of another program is here: mia-perf model get smollm2-135m"
                                 : fmt::format("-m takes these names: mia-perf run smoke -m {}",
                                               document::to_text(models.measurable.rows[0][0]));
  document::Document document{"", {}, answer, document::Tone::plain};
  if (!models.measurable.rows.empty()) {
    document.sections.push_back({"Models", {std::move(models.measurable)}});
  }
  if (!models.others.items.empty()) {
    constexpr std::size_t kListed = 10;
    if (const std::size_t all = models.others.items.size(); all > kListed) {
      models.others.items.resize(kListed);
      models.others.items.push_back({fmt::format("and {} more, which --json names", all - kListed)});
    }
    document.sections.push_back({"Not measured", {document::Heading{"Not measured"}, std::move(models.others)}});
  }
  if (!engines.rows.empty()) {
    document.sections.push_back({"Engines", {engines}});
  }
  document.sections.push_back({"Folders", {folders}});
  show(common, document, json);
  return kOk;
}

}  // namespace

void add_find(Cli& cli) {
  CLI::App* const verb = cli.app.add_subcommand("find", "models and engines that other programs have on this machine");
  verb->footer("example: mia-perf find");
  verb->callback([&cli] { cli.action = [&cli] { return find(cli.common); }; });
}

}  // namespace mia::cli
