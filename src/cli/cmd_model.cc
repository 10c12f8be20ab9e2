// SPDX-License-Identifier: MIT
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/expert_histogram.h"
#include "app/setup.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/progress_line.h"
#include "document/value.h"
#include "model/describe.h"
#include "model/places.h"
#include "proc/interrupt.h"

namespace mia::cli {
namespace {

constexpr std::size_t kLongestPath = 4096;

// Its own header says whether a file is synthetic; what cannot be read is said, not hidden.
void add_present(const model::PresentModel& entry, document::Table& table, Json& json) {
  const auto info = model::inspect(entry.path);
  const std::string kind = !info ? "no model" : info->synthetic ? "synthetic" : "";
  json.push_back({{"id", entry.id},
                  {"path", entry.path.string()},
                  {"file_bytes", entry.bytes},
                  {"synthetic", info ? Json(info->synthetic) : Json(nullptr)},
                  {"problem", info ? Json(nullptr) : Json(info.error().text())}});
  table.rows.push_back({entry.id, kind, document::bytes(entry.bytes), entry.path.string()});
}

void add_absent(const model::CatalogueEntry& entry, const app::Configured& configured, document::Table& table,
                Json& json) {
  const model::GetPlan plan = model::plan_get(entry.id, configured.catalogue).value_or({});
  if (plan.present) {  // the file of another entry as well
    std::error_code code;
    add_present({entry.id, plan.path, static_cast<std::int64_t>(std::filesystem::file_size(plan.path, code))}, table,
                json);
    return;
  }
  const std::int64_t bytes = plan.bytes.value_or(0);
  json.push_back({{"id", entry.id},
                  {"path", nullptr},
                  {"description", entry.description},
                  {"synthetic", plan.synthetic},
                  {"bytes_to_come", bytes > 0 ? Json(bytes) : Json(nullptr)}});
  table.rows.push_back({entry.id, plan.synthetic ? "synthetic" : "", bytes > 0 ? "would be " + human_bytes(bytes) : "-",
                        entry.source.empty()                   ? entry.description
                        : entry.source == model::kFolderSource ? "a folder: mia-perf find"
                                                               : "mia-perf model get " + entry.id});
}

Result<int> list_models(const Common& common) {
  MIA_TRY_ASSIGN(const app::Configured configured, configured_for(common));
  const auto present = model::list_present(configured.catalogue);
  Json json = Json::array();
  document::Table table{
      {{"", "id"}, {"", "weights"}, {"", "size", "", "", document::Align::right}, {"", "file or how to get it"}}};
  for (const model::PresentModel& entry : present) {
    add_present(entry, table, json);
  }
  for (const model::CatalogueEntry& entry : configured.catalogue) {
    if (std::ranges::count(present, entry.id, &model::PresentModel::id) == 0) {
      add_absent(entry, configured, table, json);
    }
  }
  for (const model::FoundModel& found : model::measurable_models(configured.catalogue)) {
    add_present({found.name, found.path, found.bytes}, table, json);
  }
  cli::show(common, document::document_of(std::move(table)), json);
  return kOk;
}

// "y" on the terminal. End of input is no.
bool confirmed(std::string_view question) {
  print_progress(fmt::format("{} [y/N] ", question));
  std::string answer;
  std::getline(std::cin, answer);
  const std::string word = lower(trim(answer));
  return word == "y" || word == "yes";
}

// Nobody should find a disk full of random weights that was taken for a download.
Status announce(const std::string& id, const model::GetPlan& plan, bool yes) {
  constexpr std::int64_t kMuch = std::int64_t{1} << 30;
  if (!plan.synthetic || plan.present) {
    return {};
  }
  const std::string size = human_bytes(plan.bytes.value_or(0));
  const std::string what = fmt::format(
      "'{}' is synthetic: a file of the model's exact shape with random weights, good for speed, useless "
      "for answers; {} will be written to '{}'",
      id, size, plan.path.string());
  log::warn(what);
  if (yes || plan.bytes.value_or(0) <= kMuch) {
    return {};
  }
  if (!is_terminal(STDIN_FILENO) || !is_terminal(STDERR_FILENO)) {
    return with_hint(
        fail(ErrorKind::usage, "writing {} of random weights needs a yes, and nobody can be asked here", size),
        fmt::format("mia-perf model get {} --yes", id));
  }
  return confirmed("write it?") ? Status() : fail(ErrorKind::usage, "not confirmed: nothing was written");
}

struct GetOptions {
  std::string id;
  bool yes = false;
};

Result<int> get(const Common& common, const GetOptions& options) {
  const std::string& id = options.id;
  MIA_TRY_ASSIGN(const app::Configured configured, configured_for(common));
  MIA_TRY_ASSIGN(const model::GetPlan plan, model::plan_get(id, configured.catalogue));
  MIA_TRY(announce(id, plan, options.yes));
  const proc::InterruptGuard guard;
  ProgressLine line;
  const auto path = model::get(id, configured.catalogue, [&](std::string_view text) { line.doing(text, true); });
  line.done();
  if (!path) {
    return path.failure();
  }
  if (common.json) {
    print_json({{"id", id}, {"path", path->string()}});
  } else {
    print(one_line(path->string(), kLongestPath) + "\n");
  }
  return kOk;
}

std::string count(const std::optional<std::int64_t>& value) {
  return value ? std::to_string(*value) : "-";
}

std::string kind_text(const record::ModelInfo& model) {
  if (!record::is_decoder(model)) {
    return model.kind + (model.kind == "encoder" ? ": gives vectors and decodes no tokens" : "") +
           "; only models that are a decoder alone are measured";
  }
  if (model.kind == "embedding" || model.kind == "reranker") {
    return fmt::format("{} model: made for {}; its decoder can be measured", model.kind,
                       model.kind == "embedding" ? "vectors" : "ranking");
  }
  return model.kind;
}

// "1024 positions in 22 of 26 layers; layers 5, 11, 17 and 23 attend to all"
std::string window_text(const record::ModelInfo& model) {
  constexpr std::size_t kShown = 16;
  std::vector<std::string> full;
  for (std::int64_t layer = 0; layer < model.layers.value_or(0); ++layer) {
    if (!std::ranges::binary_search(model.window_layers, layer)) {
      full.push_back(std::to_string(layer));
    }
  }
  const std::size_t more = full.size() > kShown ? full.size() - kShown : 0;
  full.resize(full.size() - more);
  return fmt::format("{} positions in {} of {} layers; {}", *model.sliding_window, model.window_layers.size(),
                     count(model.layers),
                     full.empty() ? "none attends to all"
                                  : fmt::format("to all positions attend layers {}{}", join(full, ", "),
                                                more > 0 ? fmt::format(" and {} more", more) : ""));
}

document::Facts facts_of(const record::ModelInfo& model) {
  const std::string parts = model.parts.empty() ? "" : fmt::format(" in {} files", model.parts.size());
  document::Facts facts{
      {{"architecture", model.architecture},
       {"kind", kind_text(model)},
       {"quantization", model.quantization},
       {"file", fmt::format("{} ({} bytes){}", human_bytes(model.file_bytes), model.file_bytes, parts)},
       {"parameters", fmt::format("{:.1f} million", static_cast<double>(model.parameters) / 1e6)},
       {"layers", count(model.layers)},
       {"context", count(model.context) + " tokens"},
       {"embedding", count(model.embedding)},
       {"heads / KV heads", count(model.heads) + " / " + count(model.kv_heads)},
       {"experts (used)", model.experts ? count(model.experts) + " (" + count(model.experts_used) + ")" : "none"},
       {"tokenizer", model.tokenizer + ", " + count(model.vocabulary) + " tokens"}}};
  if (model.sliding_window) {
    facts.facts.emplace_back("sliding window", window_text(model));
  }
  if (model.synthetic) {
    facts.facts.emplace_back("synthetic", "random weights of this shape");
  }
  return facts;
}

struct ShowOptions {
  std::string id;
  std::int64_t depth = 0;  // positions in the KV cache
  bool experts = false;
};

document::Number millions(std::int64_t count) {
  return document::number(static_cast<double>(count), {1, 1e-6});
}

document::Table types_table(const record::ModelInfo& model) {
  document::Table types{{{"", "type"}, {"", "tensors"}, {"", "bytes"}}};
  for (const record::TensorTypeCount& type : model.types) {
    types.rows.push_back({type.type, type.tensors, document::bytes(type.bytes)});
  }
  return types;
}

// What one token costs, group by group: the experts by their share, of the embedding a row.
document::Table token_table(const record::ModelInfo& model, std::int64_t depth) {
  document::Table table{{{"", "per decoded token"},
                         {"", "tensors"},
                         {"", "in the file"},
                         {"", "read"},
                         {"", "multiply-adds", "million"}}};
  for (const record::TensorGroup& group : model.groups) {
    std::string name = group.name;
    if (name == "experts") {
      name += fmt::format(" ({} of {})", count(model.experts_used), count(model.experts));
    } else if (name == "embedding") {
      name += " (a row)";
    }
    table.rows.push_back({name, group.tensors, document::bytes(group.bytes), document::bytes(group.bytes_per_token),
                          millions(group.multiply_adds)});
  }
  const std::int64_t kv_macs = model::kv_multiply_adds_at(model, depth);
  const std::string windowed = model.sliding_window ? fmt::format(" ({} layers: {})", model.window_layers.size(),
                                                                  std::min(depth, *model.sliding_window))
                                                    : "";
  table.rows.push_back({fmt::format("KV cache (f16) at depth {}{}", depth, windowed),
                        {},
                        {},
                        document::bytes(model::kv_bytes_at(model, depth)),
                        millions(kv_macs)});
  table.rows.push_back({"all",
                        {},
                        document::bytes(model.tensor_bytes),
                        document::bytes(model::bytes_per_token_at(model, depth)),
                        millions(model.multiply_adds + kv_macs)});
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
  MIA_TRY_ASSIGN(const app::Configured configured, configured_for(common));
  MIA_TRY_ASSIGN(const auto path, model::resolve(options.id, configured.catalogue));
  MIA_TRY_ASSIGN(const record::ModelInfo model, model::inspect_as(options.id, path, configured.catalogue));
  std::optional<app::ExpertHistogram> experts;
  if (options.experts) {
    MIA_TRY_ASSIGN(experts, app::measure_experts(configured, path));
  }
  Json json = describe_json(model, options.depth);
  document::Document document{
      fmt::format("{} ({})", model.display_name.empty() ? model.id : model.display_name, model.path),
      {{"", {facts_of(model)}}, {"", {types_table(model)}}, {"", {token_table(model, options.depth)}}}};
  if (experts) {
    json["expert_histogram"] = to_json(*experts);
    document.sections.push_back(section_of(*experts));
  }
  cli::show(common, document, json);
  return kOk;
}

}  // namespace

void add_model(Cli& cli) {
  CLI::App* const verb = cli.app.add_subcommand("model", "list, get and describe models (GGUF files)");
  verb->require_subcommand(1);
  verb->footer("example: mia-perf model get smollm2-135m");
  CLI::App* const list_verb = verb->add_subcommand("list", "models that are here, and those of the catalogue");
  list_verb->footer("example: mia-perf model list");
  list_verb->callback([&cli] { cli.action = [&cli] { return list_models(cli.common); }; });
  CLI::App* const get_verb = verb->add_subcommand("get", "fetch a model of the catalogue, or write a synthetic one");
  auto wanted = std::make_shared<GetOptions>();
  get_verb->add_option("id", wanted->id, "catalogue id")->required();
  get_verb->add_flag("--yes", wanted->yes, "also write more than 1 GiB of random weights without being asked");
  get_verb->footer("example: mia-perf model get smollm2-135m");
  get_verb->callback([&cli, wanted] { cli.action = [&cli, wanted] { return get(cli.common, *wanted); }; });
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
