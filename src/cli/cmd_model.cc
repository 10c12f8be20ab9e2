// SPDX-License-Identifier: MIT
#include <algorithm>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/app.h"
#include "cli/expert_histogram.h"
#include "cli/progress_line.h"
#include "cli/setup.h"
#include "model/describe.h"
#include "proc/interrupt.h"
#include "report/table.h"

namespace mia::cli {
namespace {

using report::Align;

Result<int> list_models(const Common& common) {
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
  if (model.synthetic) {
    line("synthetic", "random weights of this shape");
  }
  return text;
}

struct ShowOptions {
  std::string id;
  std::int64_t depth = 0;  // positions in the KV cache
  bool experts = false;
};

std::string millions(std::int64_t count) {
  return fmt::format("{:.1f} M", static_cast<double>(count) / 1e6);
}

report::Table types_table(const record::ModelInfo& model) {
  report::Table types;
  types.columns = {{"type", Align::left}, {"tensors"}, {"bytes"}};
  for (const record::TensorTypeCount& type : model.types) {
    types.rows.push_back({type.type, std::to_string(type.tensors), human_bytes(type.bytes)});
  }
  return types;
}

// What one token costs, group by group: the experts by their share, of the embedding a row.
report::Table token_table(const record::ModelInfo& model, std::int64_t depth) {
  report::Table table;
  table.columns = {{"per decoded token", Align::left}, {"tensors"}, {"in the file"}, {"read"}, {"multiply-adds"}};
  for (const record::TensorGroup& group : model.groups) {
    std::string name = group.name;
    if (name == "experts") {
      name += fmt::format(" ({} of {})", count(model.experts_used), count(model.experts));
    } else if (name == "embedding") {
      name += " (a row)";
    }
    table.rows.push_back({name, std::to_string(group.tensors), human_bytes(group.bytes),
                          human_bytes(group.bytes_per_token), millions(group.multiply_adds)});
  }
  const std::int64_t kv_macs = model::kv_multiply_adds_at(model, depth);
  table.rows.push_back({fmt::format("KV cache (f16) at depth {}", depth), "", "",
                        human_bytes(model::kv_bytes_at(model, depth)), millions(kv_macs)});
  table.rows.push_back({"all", "", human_bytes(model.tensor_bytes),
                        human_bytes(model::bytes_per_token_at(model, depth)), millions(model.multiply_adds + kv_macs)});
  return table;
}

Json describe_json(const record::ModelInfo& model, std::int64_t depth) {
  Json json = record::to_json(model);
  json["at_depth"] = {{"depth", depth},
                      {"kv_bytes", model::kv_bytes_at(model, depth)},
                      {"kv_multiply_adds", model::kv_multiply_adds_at(model, depth)},
                      {"bytes_per_token", model::bytes_per_token_at(model, depth)},
                      {"multiply_adds", model.multiply_adds + model::kv_multiply_adds_at(model, depth)}};
  return json;
}

Result<int> show(const Common& common, const ShowOptions& options) {
  MIA_TRY_ASSIGN(const Configured configured, configure(common));
  MIA_TRY_ASSIGN(const auto path, model::resolve(options.id, configured.catalogue));
  MIA_TRY_ASSIGN(const record::ModelInfo model, model::inspect(path));
  std::optional<ExpertHistogram> experts;
  if (options.experts) {
    MIA_TRY_ASSIGN(experts, measure_experts(configured, path));
  }
  if (common.json) {
    Json json = describe_json(model, options.depth);
    if (experts) {
      json["expert_histogram"] = to_json(*experts);
    }
    print_json(json);
    return kOk;
  }
  const auto width = static_cast<std::size_t>(terminal_width());
  print(describe_text(model) + "\n" + report::table_text(types_table(model), width) + "\n" +
        report::table_text(token_table(model, options.depth), width));
  if (experts) {
    print("\n" + to_text(*experts, terminal_width()));
  }
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
  list_verb->callback([&cli] { cli.action = [&cli] { return list_models(cli.common); }; });
  CLI::App* const get_verb = verb->add_subcommand("get", "fetch a model of the catalogue");
  get_verb->add_option("id", *id, "catalogue id")->required();
  get_verb->footer("example: mia-perf model get smollm2-135m");
  get_verb->callback([&cli, id] { cli.action = [&cli, id] { return get(cli.common, *id); }; });
  CLI::App* const show_verb = verb->add_subcommand("show", "what a file says of itself, and what a token must read");
  auto shown = std::make_shared<ShowOptions>();
  show_verb->add_option("model", shown->id, "file or catalogue id")->required();
  show_verb->add_option("--depth", shown->depth, "positions in the KV cache")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 30))
      ->capture_default_str();
  show_verb->add_flag("--expert-histogram", shown->experts, "run the model: how evenly its experts are chosen");
  show_verb->footer("example: mia-perf model show smollm2-135m --depth 4096");
  show_verb->callback([&cli, shown] { cli.action = [&cli, shown] { return show(cli.common, *shown); }; });
}

}  // namespace mia::cli
