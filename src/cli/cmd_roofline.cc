// SPDX-License-Identifier: MIT
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/setup.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/plan_options.h"
#include "cli/progress_line.h"
#include "document/json.h"
#include "document/value.h"
#include "host/bandwidth.h"
#include "host/topology.h"
#include "model/describe.h"

namespace mia::cli {
namespace {

struct RooflineOptions {
  std::string model;
  std::int64_t depth = 0;
  double seconds = 0.5;  // for each number of threads
  std::string wait;
};

// What was measured, and of which model if any.
struct Limits {
  record::Machine machine;
  host::Roofline roofline;
  std::optional<record::ModelInfo> model;
  std::int64_t depth = 0;
  host::FileRates storage;
};

std::optional<double> decode_limit(const Limits& limits, double gb_s) {
  if (!limits.model) {
    return std::nullopt;
  }
  return host::decode_limit_tok_s(limits.model->bytes_per_token, model::kv_bytes_at(*limits.model, limits.depth), gb_s);
}

std::optional<double> load_limit_ms(const Limits& limits, const std::optional<double>& rate_b_s) {
  if (!limits.model || !rate_b_s || *rate_b_s <= 0) {
    return std::nullopt;
  }
  return 1000.0 * static_cast<double>(limits.model->file_bytes) / *rate_b_s;
}

Json nullable(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

document::Table threads_table(const Limits& limits) {
  document::Table table{{{"threads", "threads"},
                         {"gb_s", "best", "GB/s"},
                         {"median_gb_s", "median", "GB/s"},
                         {"decode_limit_tok_s", "decode limit", "tok/s"},
                         {"kernel", "kernel"},
                         {"bytes", ""},
                         {"passes", ""}}};
  for (const host::Bandwidth& at : limits.roofline.by_threads) {
    table.rows.push_back({std::int64_t{at.threads}, document::number(at.gb_s, {1}),
                          document::number(at.median_gb_s, {1}), document::number(decode_limit(limits, at.gb_s), {1}),
                          at.kernel, static_cast<std::int64_t>(at.bytes), std::int64_t{at.passes}});
  }
  return table;
}

Json to_json(const Limits& limits) {
  Json json = {{"machine", limits.machine.fingerprint},
               {"by_threads", document::to_json(threads_table(limits))},
               {"saturated_gb_s", limits.roofline.saturated_gb_s},
               {"per_thread_gb_s", limits.roofline.per_thread_gb_s},
               {"model", nullptr}};
  if (limits.model) {
    json["model"] = {{"id", limits.model->id},
                     {"path", limits.model->path},
                     {"depth", limits.depth},
                     {"bytes_per_token", model::bytes_per_token_at(*limits.model, limits.depth)},
                     {"roofline_tok_s", nullable(decode_limit(limits, limits.roofline.saturated_gb_s))},
                     {"cold_read_b_s", nullable(limits.storage.cold_b_s)},
                     {"cached_read_b_s", nullable(limits.storage.cached_b_s)},
                     {"load_limit_cold_ms", nullable(load_limit_ms(limits, limits.storage.cold_b_s))},
                     {"load_limit_warm_ms", nullable(load_limit_ms(limits, limits.storage.cached_b_s))}};
  }
  return json;
}

std::string load_sentence(std::string_view kind, const Limits& limits, const std::optional<double>& rate) {
  const auto limit = load_limit_ms(limits, rate);
  if (!limit) {
    return fmt::format("load, {}: unknown, the file cannot be brought into that state here", kind);
  }
  return fmt::format("load, {}: not under {} at {}/s", kind, human_seconds(*limit / 1000),
                     human_bytes(static_cast<std::int64_t>(*rate)));
}

document::Document document_of(const Limits& limits) {
  const host::Roofline& roofline = limits.roofline;
  document::List said{{{fmt::format("memory reads: {:.1f} GB/s saturated, {:.1f} GB/s by one thread",
                                    roofline.saturated_gb_s, roofline.per_thread_gb_s)}}};
  if (!limits.model) {
    said.items.push_back({"no model: name one with -m to see its limit in tokens per second"});
  } else {
    said.items.push_back(
        {fmt::format("{} reads {} per token at depth {}:", limits.model->id,
                     human_bytes(model::bytes_per_token_at(*limits.model, limits.depth)), limits.depth)});
    if (const auto limit = decode_limit(limits, roofline.saturated_gb_s)) {
      said.items.push_back({fmt::format("decode on the CPU: at most {:.1f} tokens per second", *limit)});
    }
    said.items.push_back({load_sentence("cold", limits, limits.storage.cold_b_s)});
    said.items.push_back({load_sentence("warm", limits, limits.storage.cached_b_s)});
  }
  return {"", {{"", {threads_table(limits)}}, {"", {std::move(said)}}}};
}

// The named model, or the default one where it is there.
Result<std::optional<record::ModelInfo>> model_of(const RooflineOptions& options, const app::Configured& configured,
                                                  const record::Settings& settings) {
  const std::string id = options.model.empty() ? settings.llm.id.value_or("smollm2-135m") : options.model;
  const auto path = model::resolve(id, configured.catalogue);
  if (!path) {
    return options.model.empty() ? Result<std::optional<record::ModelInfo>>(std::nullopt) : path.failure();
  }
  MIA_TRY_ASSIGN(record::ModelInfo model, model::inspect_as(id, *path, configured.catalogue));
  return std::optional(std::move(model));
}

Result<int> roofline(const Common& common, const RooflineOptions& options) {
  MIA_TRY_ASSIGN(const app::Configured configured, configured_for(common));
  const record::Settings& settings = configured.loaded.settings;
  Limits limits;
  limits.depth = options.depth;
  MIA_TRY_ASSIGN(limits.model, model_of(options, configured, settings));
  ProgressLine line;
  app::Turn turn{.verb = "roofline"};
  MIA_TRY_ASSIGN(turn.wait_s, wait_of(options.wait));
  MIA_TRY_ASSIGN(const auto lock, app::lock_this_machine(turn, line));
  limits.machine = host::inspect();
  line.doing("measuring what memory allows", true);
  limits.roofline = host::measure_roofline({.max_threads = static_cast<int>(limits.machine.allowed_cpus.value_or(1)),
                                            .seconds_each = options.seconds,
                                            .also = static_cast<int>(settings.llm.n_threads.value_or(0)),
                                            .stop = {}});
  if (limits.model) {
    line.doing("measuring what the disk allows", true);
    limits.storage = host::file_rates(record::files_of(*limits.model));
  }
  line.done();
  show(common, document_of(limits), to_json(limits));
  return kOk;
}

}  // namespace

void add_roofline(Cli& cli) {
  CLI::App* const verb = cli.app.add_subcommand(
      "roofline", "what memory and disk of this machine allow: tokens per second and load time at best");
  auto options = std::make_shared<RooflineOptions>();
  verb->add_option("-m,--model", options->model, "catalogue id, GGUF file or a name of mia-perf find");
  verb->add_option("--depth", options->depth, "positions in the KV cache")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 30))
      ->capture_default_str();
  verb->add_option("--seconds", options->seconds, "of reading for each number of threads")
      ->check(CLI::Range(0.05, 60.0))
      ->capture_default_str();
  add_wait_option(*verb, options->wait);
  verb->footer("example: mia-perf roofline -m smollm2-135m");
  verb->callback([&cli, options] { cli.action = [&cli, options] { return roofline(cli.common, *options); }; });
}

}  // namespace mia::cli
