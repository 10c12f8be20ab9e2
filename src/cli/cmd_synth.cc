// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/expert_histogram.h"
#include "app/setup.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/plan_options.h"
#include "cli/progress_line.h"
#include "document/value.h"
#include "model/synth.h"
#include "proc/interrupt.h"

namespace mia::cli {
namespace {

struct SynthOptions {
  std::string preset;
  std::string shape;
  std::string like;
  std::string quant;
  std::string out;
  std::uint64_t seed = 1;
  std::optional<std::int64_t> layers;
  bool list = false;
  bool force = false;
  bool experts = false;
};

Json preset_json(const model::Shape& shape) {
  Json json = {{"name", shape.name},
               {"architecture", shape.architecture},
               {"layers", shape.layers},
               {"embedding", shape.embedding},
               {"experts", shape.experts},
               {"experts_used", shape.experts_used},
               {"vocabulary", shape.vocabulary},
               {"source", shape.source},
               {"file_bytes", Json::object()}};
  for (const std::string_view quant : model::synth_quants()) {
    if (const auto bytes = model::synth_bytes({shape, std::string(quant), 1, {}, {}})) {
      json["file_bytes"][std::string(quant)] = *bytes;
    }
  }
  return json;
}

Result<int> list_presets(const Common& common) {
  Json json = Json::array();
  constexpr std::array kShown{"F16", "Q8_0", "Q4_K_M", "MXFP4"};
  document::Table table{
      {{"", "preset"}, {"", "architecture"}, {"", "layers"}, {"", "experts (used)", "", "", document::Align::right}}};
  for (const char* const quant : kShown) {
    table.columns.push_back({"", quant});
  }
  table.columns.push_back({"", "shape from"});
  for (const model::Shape& shape : model::presets()) {
    const Json preset = preset_json(shape);
    std::vector<document::Value> row{
        shape.name, shape.architecture, shape.layers,
        shape.experts > 0 ? fmt::format("{} ({})", shape.experts, shape.experts_used) : "-"};
    for (const char* const quant : kShown) {
      row.emplace_back(document::bytes(preset["file_bytes"].at(quant).get<std::int64_t>()));
    }
    row.emplace_back(shape.source);
    table.rows.push_back(std::move(row));
    json.push_back(preset);
  }
  const auto quants = model::synth_quants();
  const std::vector<std::string> names(quants.begin(), quants.end());
  show(common, {"", {{"", {std::move(table)}}}, "--quant: " + join(names, ", "), document::Tone::plain}, json);
  return kOk;
}

Result<model::Shape> shape_of(const SynthOptions& options, const app::Configured& configured) {
  if (static_cast<int>(!options.preset.empty()) + static_cast<int>(!options.shape.empty()) +
          static_cast<int>(!options.like.empty()) !=
      1) {
    return fail(ErrorKind::usage,
                "a shape is needed: a preset (mia-perf synth --list shows them), --shape FILE or --like MODEL, one of "
                "the three");
  }
  if (!options.like.empty()) {
    MIA_TRY_ASSIGN(const auto path, model::resolve(options.like, configured.catalogue));
    return model::shape_like(path);
  }
  return options.preset.empty() ? model::shape_from_yaml(options.shape) : model::preset(options.preset);
}

// The catalogue's file where that is what is asked for; a name of its own for everything else.
std::filesystem::path default_path(const SynthOptions& options, const model::Shape& shape) {
  std::string name = shape.name + "-" + (options.quant.empty() ? "synthetic" : lower(options.quant));
  if (options.layers) {
    name += fmt::format("-{}layers", *options.layers);
  }
  if (options.seed != 1) {
    name += fmt::format("-seed{}", options.seed);
  }
  return model::models_dir() / (name + ".gguf");
}

Result<model::SynthSpec> spec_of(const SynthOptions& options, const app::Configured& configured) {
  model::SynthSpec spec;
  MIA_TRY_ASSIGN(spec.shape, shape_of(options, configured));
  if (options.quant.empty() && options.like.empty()) {
    const auto quants = model::synth_quants();
    return with_hint(fail(ErrorKind::usage, "--quant is missing"),
                     "one of " + join(std::vector<std::string>(quants.begin(), quants.end()), ", "));
  }
  spec.quant = options.quant;
  spec.seed = options.seed;
  spec.layers = options.layers;
  spec.out = options.out.empty() ? default_path(options, spec.shape) : std::filesystem::path(options.out);
  std::error_code code;
  if (!options.force && std::filesystem::is_regular_file(spec.out, code)) {
    return with_hint(fail(ErrorKind::usage, "'{}' is there already", spec.out.string()),
                     "--force writes over it, -o names another file");
  }
  return spec;
}

Result<model::SynthResult> write(const model::SynthSpec& spec) {
  const proc::InterruptGuard guard;
  ProgressLine line;
  const std::int64_t begin = steady_ns();
  std::int64_t tenth = -1;
  const auto progress = [&](std::int64_t done, std::int64_t total) {
    const double seconds = static_cast<double>(steady_ns() - begin) / 1e9;
    if (tenth < 0) {
      line.say(fmt::format("writing '{}'", spec.out.string()));
    }
    const bool lasting = std::exchange(tenth, 10 * done / total) != 10 * done / total;
    line.doing(model::progress_text(done, total, seconds), lasting);
  };
  return model::synthesize(spec, progress, proc::interrupted);
}

Result<int> synth(const Common& common, const SynthOptions& options) {
  if (options.list) {
    return list_presets(common);
  }
  MIA_TRY_ASSIGN(const app::Configured configured, configured_for(common));
  MIA_TRY_ASSIGN(const model::SynthSpec spec, spec_of(options, configured));
  MIA_TRY_ASSIGN(const model::SynthResult result, write(spec));
  const double rate = static_cast<double>(result.bytes) / std::max(result.seconds, 1e-9);
  Json json = {{"path", result.path.string()}, {"file_bytes", result.bytes}, {"tensors", result.tensors},
               {"seconds", result.seconds},    {"bytes_per_second", rate},   {"seed", spec.seed},
               {"source", spec.shape.source}};
  document::Document document = document::document_of(document::Paragraph{
      fmt::format("{}: {}, {} tensors, in {} ({}/s)", result.path.string(), human_bytes(result.bytes), result.tensors,
                  human_seconds(result.seconds), human_bytes(static_cast<std::int64_t>(rate)))});
  if (options.experts) {
    MIA_TRY_ASSIGN(const app::ExpertHistogram histogram, app::measure_experts(configured, result.path));
    json["expert_histogram"] = to_json(histogram);
    document.sections.push_back(section_of(histogram));
  }
  show(common, document, json);
  return kOk;
}

}  // namespace

void add_synth(Cli& cli) {
  CLI::App* const verb =
      cli.app.add_subcommand("synth", "write a GGUF file of the exact shape of a model, with random weights");
  auto options = std::make_shared<SynthOptions>();
  verb->add_option("preset", options->preset, "a public model's shape; --list shows them");
  verb->add_option("--shape", options->shape, "a shape of your own: YAML file");
  verb->add_option("--like", options->like, "the shape, types and tokenizer of this GGUF file or catalogue id");
  verb->add_option("--quant", options->quant, "types of the tensors, as llama.cpp's quantizer mixes them: Q4_K_M");
  verb->add_option("-o,--out", options->out, "file; without it one in the models folder");
  verb->add_option("--seed", options->seed, "equal seeds give equal bytes")->check(seed_problem)->capture_default_str();
  verb->add_option("--layers", options->layers, "so many layers instead of the shape's own");
  verb->add_flag("--list", options->list, "the presets, their sizes and where their numbers are from");
  verb->add_flag("--force", options->force, "write over a file that is there");
  verb->add_flag("--expert-histogram", options->experts, "run the file: how evenly its experts are chosen");
  verb->footer("example: mia-perf synth gpt-oss-20b --quant MXFP4");
  verb->callback([&cli, options] { cli.action = [&cli, options] { return synth(cli.common, *options); }; });
}

}  // namespace mia::cli
