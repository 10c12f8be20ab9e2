// SPDX-License-Identifier: MIT
#include "measure/quality.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <system_error>

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/text.h"
#include "client/worker.h"
#include "proc/interrupt.h"

namespace mia::measure {
namespace {

namespace fs = std::filesystem;
using record::Phase;

constexpr std::size_t kMaxText = std::size_t{4} << 20U;  // the protocol's lines end at 8 MiB
constexpr std::int64_t kChunks = 4;
constexpr std::int64_t kWindow = 512;  // tokens, as the worker cuts the text

// The first model's log probabilities; gone with this object.
class BaseFile {
 public:
  BaseFile() {
    std::error_code ignored;  // mkdtemp says it
    fs::create_directories(data_dir(), ignored);
    std::string name = (data_dir() / "scoring-XXXXXX").string();
    folder_ = ::mkdtemp(name.data()) == nullptr ? fs::path() : fs::path(name);
  }
  BaseFile(const BaseFile&) = delete;
  BaseFile& operator=(const BaseFile&) = delete;
  ~BaseFile() {
    std::error_code ignored;
    if (!folder_.empty()) {
      fs::remove_all(folder_, ignored);
    }
  }
  // In a folder of our own: nobody can have put a link there. Empty where none could be made.
  [[nodiscard]] std::string path() const { return folder_.empty() ? "" : (folder_ / "logits").string(); }

 private:
  fs::path folder_;
};

class Scoring {
 public:
  Scoring(const QualityText& text, Bench& bench) : text_(text), bench_(bench) {}

  record::Quality score(const PlannedCell& cell) {
    const record::ModelInfo& model = cell.subject.model;
    const bool first = base_.id.empty();
    record::Quality quality;
    quality.model = model.id;
    quality.runtime = cell.subject.runtime.name;
    quality.text = text_.name;
    quality.text_hash = hash_hex(text_.text);
    if (first) {
      base_ = model;
    } else {
      quality.base = base_.id;
      quality.divergence_null_reason = why_apart(model);
    }
    if (model.synthetic) {
      quality.null_reason = "random weights: the text's probability says nothing about the model";
      quality.divergence_null_reason = quality.null_reason;
      return quality;
    }
    const bool compare = !first && quality.divergence_null_reason.empty();
    const auto result = ask(cell, first, compare);
    quality.null_reason = result ? "" : result.error().text();
    saved_ = saved_ || (first && quality.null_reason.empty() && !file_.path().empty());
    take(result ? *result : Json(nullptr), quality);
    return quality;
  }

 private:
  // Why a model cannot be compared with the first one; "" when it can.
  [[nodiscard]] std::string why_apart(const record::ModelInfo& model) const {
    if (model.tokenizer_hash != base_.tokenizer_hash) {
      return fmt::format("{} and {} do not share a tokenizer", base_.id, model.id);
    }
    return saved_ ? "" : fmt::format("{} could not be scored", base_.id);
  }

  Result<Json> ask(const PlannedCell& cell, bool save, bool compare) {
    if (bench_.on_phase) {
      bench_.on_phase(fmt::format("scoring {}", cell.subject.model.id));
    }
    const record::RuntimeInfo& runtime = cell.subject.runtime;
    if (!runtime.capabilities.empty() && !record::can(runtime, "probe:logits")) {
      return fail(ErrorKind::unsupported, "the worker of runtime {} cannot give logits", runtime.name);
    }
    client::Worker worker(bench_.on_wait);
    auto env = cell.subject.env;
    env.merge(trial_environment(cell.settings));
    MIA_TRY_ASSIGN(auto greeting, worker.start({runtime, env}, limit_of(Phase::greeting, cell)));
    MIA_TRY(accept(worker, std::move(greeting), Phase::greeting, cell));
    auto loaded = worker.load({cell.subject.model.path, cell.settings}, limit_of(Phase::load, cell));
    MIA_TRY(accept(worker, std::move(loaded), Phase::load, cell));
    Json arguments{{"text", text_.text}, {"chunks", chunks_of(cell)}};
    if (save && !file_.path().empty()) {
      arguments["save_to"] = file_.path();
    }
    if (compare) {
      arguments["compare_with"] = file_.path();
    }
    auto answer = worker.probe({"logits", arguments}, limit_of(Phase::probe, cell));
    MIA_TRY_ASSIGN(proto::Probed probed, accept(worker, std::move(answer), Phase::probe, cell));
    (void)worker.shut_down(limit_of(Phase::shutdown, cell));  // it has answered already
    return std::move(probed.result);
  }

  static std::int64_t chunks_of(const PlannedCell& cell) { return cell.settings.run.quality_chunks.value_or(kChunks); }

  // Scoring keeps the logits of every token, which no other probe does: it is similar to itself alone.
  static TimeLimits::Work scoring_work(Phase phase, const PlannedCell& cell) {
    TimeLimits::Work work = work_of(cell.settings, cell.subject.model, chunks_of(cell) * kWindow, 1);
    work.similar += phase == Phase::probe ? " logits" : "";
    return work;
  }

  double limit_of(Phase phase, const PlannedCell& cell) {
    limit_ = bench_.limits.limit(phase, scoring_work(phase, cell));
    return limit_.seconds;
  }

  // The value, having learnt how long it took; else why there is none.
  template <class T>
  Result<T> accept(const client::Worker& worker, client::Answer<T> answer, Phase phase, const PlannedCell& cell) {
    if (answer.ok()) {
      bench_.limits.learn(phase, scoring_work(phase, cell), answer.wall_ms / 1000.0);
    } else if (answer.outcome.kind == record::OutcomeKind::timed_out && answer.outcome.reason.empty()) {
      answer.outcome.reason =
          fmt::format("no answer within {}, the limit from {}", human_seconds(limit_.seconds), limit_.source);
    }
    return worker.need(std::move(answer));
  }

  static void take(const Json& result, record::Quality& quality) {
    quality.perplexity = get_double(result, "perplexity");
    quality.perplexity_error = get_double(result, "perplexity_error");
    quality.scored_tokens = get_int(result, "scored_tokens");
    quality.scored_bytes = get_int(result, "scored_bytes");
    if (quality.perplexity && *quality.perplexity > 0 && quality.scored_tokens &&
        quality.scored_bytes.value_or(0) > 0) {
      quality.bits_per_byte = std::log2(*quality.perplexity) * static_cast<double>(*quality.scored_tokens) /
                              static_cast<double>(*quality.scored_bytes);
    }
    quality.mean_kl_divergence = get_double(result, "mean_kl_divergence");
    quality.same_top_fraction = get_double(result, "same_top_fraction");
    if (!quality.perplexity && quality.null_reason.empty()) {
      quality.null_reason = "the worker gave no perplexity";
    }
    if (quality.base.empty()) {
      quality.divergence_null_reason = "it is the model that others are compared with";
    } else if (!quality.mean_kl_divergence && quality.divergence_null_reason.empty()) {
      quality.divergence_null_reason = quality.null_reason.empty() ? "the worker gave none" : quality.null_reason;
    }
  }

  const QualityText& text_;
  Bench& bench_;
  BaseFile file_;
  record::ModelInfo base_;
  bool saved_ = false;
  TimeLimit limit_;  // of the phase that was begun last
};

}  // namespace

Result<QualityText> quality_text(const record::Settings& settings) {
  const std::string file = settings.run.quality_file.value_or("");
  const fs::path path = file.empty() ? scenario_dir() / "quality-text.txt" : fs::path(file);
  MIA_TRY_ASSIGN(std::string text, context(read_file(path, kMaxText), "run.quality_file"));
  return QualityText{file.empty() ? "built-in" : file, std::move(text)};
}

std::vector<record::Quality> measure_quality(const Plan& plan, const QualityText& text, Bench& bench) {
  std::vector<record::Quality> all;
  Scoring scoring(text, bench);
  for (const PlannedCell& cell : plan.cells) {
    const bool known = std::ranges::any_of(all, [&](const record::Quality& other) {
      return other.model == cell.subject.model.id && other.runtime == cell.subject.runtime.name;
    });
    if (!known && !proc::interrupted()) {
      all.push_back(scoring.score(cell));
    }
  }
  return all;
}

}  // namespace mia::measure
