// SPDX-License-Identifier: MIT
#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/app.h"
#include "cli/progress_line.h"
#include "cli/setup.h"
#include "model/describe.h"
#include "proc/interrupt.h"
#include "report/table.h"

namespace mia::cli {
namespace {

using report::Align;

Result<int> list(const Common& common) {
  MIA_TRY_ASSIGN(const Configured configured, configure(common));
  const auto present = model::list_present(configured.catalogue);
  Json json = Json::array();
  report::Table table;
  table.columns = {{"id", Align::left}, {"size"}, {"file or how to get it", Align::left}};
  for (const model::PresentModel& entry : present) {
    json.push_back({{"id", entry.id}, {"path", entry.path.string()}, {"file_bytes", entry.bytes}});
    table.rows.push_back({entry.id, human_bytes(entry.bytes), entry.path.string()});
  }
  for (const model::CatalogueEntry& entry : configured.catalogue) {
    if (std::ranges::count(present, entry.id, &model::PresentModel::id) == 0) {
      json.push_back({{"id", entry.id}, {"path", nullptr}, {"description", entry.description}});
      table.rows.push_back(
          {entry.id, "-", entry.source.empty() ? entry.description : "mia-perf model get " + entry.id});
    }
  }
  if (common.json) {
    print_json(json);
  } else {
    print(report::table_text(table, static_cast<std::size_t>(terminal_width())));
  }
  return kOk;
}

Result<int> get(const Common& common, const std::string& id) {
  const proc::InterruptGuard guard;
  MIA_TRY_ASSIGN(const Configured configured, configure(common));
  ProgressLine line;
  const auto path = model::get(id, configured.catalogue, [&](std::string_view text) { line.show(text, true); });
  line.clear();
  if (!path) {
    return path.failure();
  }
  if (common.json) {
    print_json({{"id", id}, {"path", path->string()}});
  } else {
    print(path->string() + "\n");
  }
  return kOk;
}

std::string count(const std::optional<std::int64_t>& value) {
  return value ? std::to_string(*value) : "-";
}

std::string describe_text(const record::ModelInfo& model) {
  std::string text =
      fmt::format("{} ({})\n", printable(model.display_name.empty() ? model.id : model.display_name, 120), model.path);
  const auto line = [&](std::string_view name, const std::string& value) {
    text += fmt::format("  {:<22} {}\n", name, value);
  };
  line("architecture", printable(model.architecture, 80));
  line("quantization", model.quantization);
  line("file", fmt::format("{} ({} bytes)", human_bytes(model.file_bytes), model.file_bytes));
  line("parameters", fmt::format("{:.1f} million", static_cast<double>(model.parameters) / 1e6));
  line("layers", count(model.layers));
  line("context", count(model.context) + " tokens");
  line("embedding", count(model.embedding));
  line("heads / KV heads", count(model.heads) + " / " + count(model.kv_heads));
  line("experts (used)", model.experts ? count(model.experts) + " (" + count(model.experts_used) + ")" : "none");
  line("tokenizer", printable(model.tokenizer, 80) + ", " + count(model.vocabulary) + " tokens");
  line("read per decoded token", human_bytes(model.bytes_per_token) + " of weights");
  line("and per position", human_bytes(model.kv_bytes_per_position) + " of KV cache (f16)");
  line("multiply-adds per token", fmt::format("{:.1f} million", static_cast<double>(model.multiply_adds) / 1e6));
  if (model.synthetic) {
    line("synthetic", "random weights of this shape");
  }
  return text;
}

Result<int> show(const Common& common, const std::string& id) {
  MIA_TRY_ASSIGN(const Configured configured, configure(common));
  MIA_TRY_ASSIGN(const auto path, model::resolve(id, configured.catalogue));
  MIA_TRY_ASSIGN(const record::ModelInfo model, model::inspect(path));
  if (common.json) {
    print_json(record::to_json(model));
    return kOk;
  }
  print(describe_text(model));
  report::Table types;
  types.columns = {{"type", Align::left}, {"tensors"}, {"bytes"}};
  for (const record::TensorTypeCount& type : model.types) {
    types.rows.push_back({type.type, std::to_string(type.tensors), human_bytes(type.bytes)});
  }
  report::Table groups;
  groups.columns = {{"tensors of", Align::left}, {"tensors"}, {"bytes"}, {"read per token"}, {"multiply-adds"}};
  for (const record::TensorGroup& group : model.groups) {
    groups.rows.push_back({group.name, std::to_string(group.tensors), human_bytes(group.bytes),
                           human_bytes(group.bytes_per_token), std::to_string(group.multiply_adds)});
  }
  const auto width = static_cast<std::size_t>(terminal_width());
  print("\n" + report::table_text(types, width) + "\n" + report::table_text(groups, width));
  return kOk;
}

}  // namespace

void add_model(Cli& cli) {
  CLI::App* const verb = cli.app.add_subcommand("model", "list, get and describe models (GGUF files)");
  verb->require_subcommand(1);
  verb->footer("example: mia-perf model get smollm2-135m");
  auto id = std::make_shared<std::string>();
  CLI::App* const list_verb = verb->add_subcommand("list", "models that are here, and those of the catalogue");
  list_verb->footer("example: mia-perf model list");
  list_verb->callback([&cli] { cli.action = [&cli] { return list(cli.common); }; });
  CLI::App* const get_verb = verb->add_subcommand("get", "fetch a model of the catalogue");
  get_verb->add_option("id", *id, "catalogue id")->required();
  get_verb->footer("example: mia-perf model get smollm2-135m");
  get_verb->callback([&cli, id] { cli.action = [&cli, id] { return get(cli.common, *id); }; });
  CLI::App* const show_verb = verb->add_subcommand("show", "what a file says of itself, and what a token must read");
  show_verb->add_option("model", *id, "file or catalogue id")->required();
  show_verb->footer("example: mia-perf model show smollm2-135m");
  show_verb->callback([&cli, id] { cli.action = [&cli, id] { return show(cli.common, *id); }; });
}

}  // namespace mia::cli
