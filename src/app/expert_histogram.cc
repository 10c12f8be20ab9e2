// SPDX-License-Identifier: MIT
#include "app/expert_histogram.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "client/worker.h"
#include "proc/interrupt.h"
#include "runtime/registry.h"

namespace mia::app {
namespace {

constexpr std::int64_t kTokens = 512;

// Upper bounds of the buckets, as multiples of the even share; one more bucket lies above the last.
constexpr std::array kBounds{0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 4.0};

Result<LayerExperts> layer_of(const Json& json, std::int64_t experts) {
  LayerExperts layer;
  const auto number = get_int(json, "layer");
  const Json& counts = get_member(json, "counts");
  if (!number || !counts.is_array() || std::cmp_not_equal(counts.size(), experts)) {
    return fail(ErrorKind::protocol, "the worker's probe 'experts' gave a layer without a count for each expert");
  }
  layer.layer = *number;
  for (const Json& count : counts) {
    if (!count.is_number_integer() || count.get<std::int64_t>() < 0) {
      return fail(ErrorKind::protocol, "the worker's probe 'experts' gave a count that is none");
    }
    layer.counts.push_back(count.get<std::int64_t>());
  }
  const auto all = static_cast<double>(std::accumulate(layer.counts.begin(), layer.counts.end(), std::int64_t{0}));
  if (all <= 0) {
    return fail(ErrorKind::protocol, "the worker's probe 'experts' gave a layer in which no expert was chosen");
  }
  const double even = all / static_cast<double>(experts);
  double entropy = 0;
  for (const std::int64_t count : layer.counts) {
    const double share = static_cast<double>(count) / all;
    entropy -= count > 0 ? share * std::log(share) : 0;
  }
  layer.least = static_cast<double>(*std::ranges::min_element(layer.counts)) / even;
  layer.most = static_cast<double>(*std::ranges::max_element(layer.counts)) / even;
  layer.effective = std::exp(entropy);
  return layer;
}

Result<ExpertHistogram> parse(const Json& json) {
  ExpertHistogram histogram;
  histogram.tokens = get_int(json, "tokens").value_or(0);
  histogram.experts = get_int(json, "experts").value_or(0);
  const Json& layers = get_member(json, "layers");
  if (histogram.experts < 1 || !layers.is_array() || layers.empty()) {
    return fail(ErrorKind::protocol, "the worker's probe 'experts' gave no layers");
  }
  for (const Json& layer : layers) {
    MIA_TRY_ASSIGN(LayerExperts parsed, layer_of(layer, histogram.experts));
    histogram.layers.push_back(std::move(parsed));
  }
  return histogram;
}

// How many experts of all layers lie in each bucket.
std::array<std::int64_t, kBounds.size() + 1> buckets_of(const ExpertHistogram& histogram) {
  std::array<std::int64_t, kBounds.size() + 1> buckets{};
  for (const LayerExperts& layer : histogram.layers) {
    const auto all = static_cast<double>(std::accumulate(layer.counts.begin(), layer.counts.end(), std::int64_t{0}));
    for (const std::int64_t count : layer.counts) {
      const double share = static_cast<double>(count) * static_cast<double>(histogram.experts) / all;
      const auto at = std::ranges::lower_bound(kBounds, share);
      ++buckets[static_cast<std::size_t>(std::distance(kBounds.begin(), at))];
    }
  }
  return buckets;
}

std::string bucket_name(std::size_t i) {
  if (i == 0) {
    return "never";
  }
  return i == kBounds.size() ? fmt::format("over {}", kBounds.back())
                             : fmt::format("{} to {}", kBounds[i - 1], kBounds[i]);
}

struct Means {
  double least = std::numeric_limits<double>::infinity();
  double most = 0;
  double effective = 0;
};

Means means_of(const ExpertHistogram& histogram) {
  Means means;
  for (const LayerExperts& layer : histogram.layers) {
    means.least = std::min(means.least, layer.least);
    means.most = std::max(means.most, layer.most);
    means.effective += layer.effective / static_cast<double>(histogram.layers.size());
  }
  return means;
}

}  // namespace

Result<ExpertHistogram> measure_experts(const Configured& configured, const std::filesystem::path& model) {
  const proc::InterruptGuard guard;
  const record::Settings& settings = configured.loaded.settings;
  MIA_TRY_ASSIGN(const record::RuntimeInfo runtime, runtime::find(settings.run.runtime.value_or("")));
  MIA_TRY(runtime::verify_unchanged(runtime));
  client::Worker worker;
  MIA_TRY(worker.open({runtime, runtime::worker_environment(runtime)}, client::kAnswerLimitS));
  MIA_TRY(worker.need(worker.load({model.string(), settings}, client::kAnswerLimitS)));
  const proto::Probe probe{"experts", Json{{"tokens", kTokens}, {"seed", settings.workload.seed.value_or(1)}}};
  MIA_TRY_ASSIGN(const proto::Probed probed, worker.need(worker.probe(probe, client::kAnswerLimitS)));
  return parse(probed.result);
}

Json to_json(const ExpertHistogram& histogram) {
  Json layers = Json::array();
  for (const LayerExperts& layer : histogram.layers) {
    layers.push_back({{"layer", layer.layer},
                      {"counts", layer.counts},
                      {"least_of_even", layer.least},
                      {"most_of_even", layer.most},
                      {"effective_experts", layer.effective}});
  }
  const Means means = means_of(histogram);
  return Json{{"tokens", histogram.tokens}, {"experts", histogram.experts},         {"least_of_even", means.least},
              {"most_of_even", means.most}, {"effective_experts", means.effective}, {"layers", std::move(layers)}};
}

document::Section section_of(const ExpertHistogram& histogram) {
  const auto buckets = buckets_of(histogram);
  document::Layer bars{document::Layer::Mark::bars};
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    bars.points.push_back({bucket_name(i), static_cast<double>(buckets[i])});
  }
  const Means means = means_of(histogram);
  return {"Experts",
          {document::Paragraph{fmt::format(
               "experts chosen for {} random tokens in {} layers: the least {:.2f} and the "
               "most {:.2f} times the even share, as varied as {:.1f} of {} experts used evenly",
               histogram.tokens, histogram.layers.size(), means.least, means.most, means.effective, histogram.experts)},
           document::Chart{"", {"of the even share"}, {"experts"}, {std::move(bars)}}}};
}

}  // namespace mia::app
