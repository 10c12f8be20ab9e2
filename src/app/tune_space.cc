// SPDX-License-Identifier: MIT
#include "app/tune_space.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"
#include "measure/plan.h"
#include "record/fields.h"

namespace mia::app {
namespace {

using judge::Coordinate;

constexpr std::int64_t kStep = 256;  // that llama.cpp rounds a context to

// The first word of a value names it; a value that is there already is not added again.
void add(Coordinate& coordinate, record::Value value, std::string word = {}) {
  if (std::ranges::count(coordinate.levels, value, &record::Setting::value) == 0) {
    coordinate.levels.push_back({coordinate.field, std::move(value), std::move(word)});
  }
}

Coordinate of(const char* key, bool grows = false) {
  return {record::find_field(key), {}, grows};
}

Coordinate threads(const char* key, const record::Machine& machine) {
  Coordinate coordinate = of(key);
  for (const char* const word : {"1", "half", "p-cores", "physical", "allowed"}) {
    const auto count = parse_int(measure::core_word(key, word, machine));
    if (count) {
      add(coordinate, *count, word == std::string_view("1") ? "" : word);
    }
  }
  return coordinate;
}

// A batch above the prompt is as one of its size, so the smallest of those stands for all.
Coordinate batches(const char* key, std::int64_t prompt, std::initializer_list<std::int64_t> sizes) {
  Coordinate coordinate = of(key, true);
  for (const std::int64_t size : sizes) {
    add(coordinate, size);
    if (size >= prompt) {
      break;
    }
  }
  return coordinate;
}

Coordinate texts(const char* key, std::initializer_list<const char*> values) {
  Coordinate coordinate = of(key);
  for (const char* const value : values) {
    add(coordinate, std::string(value));
  }
  return coordinate;
}

// Where the weights lie matters most, so it is raced first. Experts are most of a model and are read least: with them
// on the CPU all layers may fit on a GPU that holds half of the model, which no step of one of the two alone would
// find.
void add_placement(std::vector<Coordinate>& space, const record::ModelInfo& model) {
  constexpr std::array<std::int64_t, 5> kShares = {0, 25, 50, 75, 100};
  if (!model.layers) {
    return;
  }
  const std::int64_t all = *model.layers + 1;  // the output matrix counts as one
  Coordinate layers = of("n_gpu_layers", true);
  for (const std::int64_t share : kShares) {
    add(layers, all * share / 100, fmt::format("{}%", share));
  }
  if (model.experts.value_or(0) > 0) {
    Coordinate experts = of("n_cpu_moe", true);
    experts.with = {{layers.field, all, ""}};
    for (const std::int64_t share : kShares) {
      add(experts, *model.layers * (100 - share) / 100);
    }
    space.push_back(std::move(experts));
  }
  space.push_back(std::move(layers));
}

}  // namespace

Result<record::Use> use_of(std::string_view name, std::optional<std::int64_t> n_ctx, const record::ModelInfo& model) {
  static const auto kUses =
      std::to_array<record::Use>({{"chat", 256, 128, 0}, {"long-prompt", 2048, 64, 0}, {"long-answer", 64, 512, 0}});
  const auto* const known = std::ranges::find(kUses, name, &record::Use::name);
  if (known == kUses.end()) {
    return fail(ErrorKind::usage, "--for {}: there are chat, long-prompt and long-answer", one_line(name, 80));
  }
  record::Use use = *known;
  const std::int64_t needed = use.prompt + use.answer;
  use.n_ctx = n_ctx.value_or((needed + kStep - 1) / kStep * kStep);
  if (use.n_ctx < needed) {
    return fail(ErrorKind::usage, "--ctx {}: one turn of {} is {} tokens long", use.n_ctx, use.name, needed);
  }
  if (model.context && use.n_ctx > *model.context) {
    return fail(ErrorKind::usage, "a context of {} tokens is more than the {} that {} was made for", use.n_ctx,
                *model.context, one_line(model.id, 80));
  }
  return use;
}

std::vector<Coordinate> tune_space(const record::Machine& machine, const measure::ArmSpec& present,
                                   const record::Use& use) {
  std::vector<Coordinate> space;
  const bool has_gpu = std::ranges::any_of(present.subject.runtime.devices, record::is_gpu);
  if (has_gpu) {
    add_placement(space, present.subject.model);
  }
  space.push_back(threads("n_threads", machine));
  space.push_back(threads("n_threads_batch", machine));
  if (has_gpu) {
    Coordinate offload = of("op_offload");
    add(offload, true);
    add(offload, false);
    space.push_back(std::move(offload));
  }
  space.push_back(batches("n_ubatch", use.prompt, {64, 128, 256, 512, 1024, 2048}));
  space.push_back(texts("flash_attn", {"off", "on"}));
  space.push_back(batches("n_batch", use.prompt, {512, 1024, 2048}));
  if (present.subject.runtime.build_flags.find("OPENMP = 1") == std::string::npos) {
    Coordinate poll = of("poll");
    add(poll, std::int64_t{0});
    add(poll, std::int64_t{50});
    space.push_back(std::move(poll));
  }
  std::erase_if(space, [&](const Coordinate& coordinate) {
    const record::Value now = record::get(present.settings, *coordinate.field);
    const auto others =
        std::ranges::count_if(coordinate.levels, [&](const record::Setting& level) { return level.value != now; });
    const bool fixed = !record::takes(present.subject.runtime, *coordinate.field);
    const bool whole = coordinate.field->name == "n_batch" && use.prompt <= 512;  // one batch, whatever its limit
    return others == 0 || whole || fixed;
  });
  return space;
}

}  // namespace mia::app
