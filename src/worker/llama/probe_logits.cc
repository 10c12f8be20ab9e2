// SPDX-License-Identifier: MIT
// Perplexity as llama-perplexity defines it: the text is cut into windows of n_ctx tokens, each begins with the model's
// beginning token and an empty cache, and the predictions in the second half of each window are scored. The divergence
// of a model from a base is the mean over the same positions of KL(base || model), natural logarithms.
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include <nlohmann/json.hpp>

#include "worker/llama/base_logits.h"
#include "worker/llama/generate.h"
#include "worker/llama/handles.h"
#include "worker/llama/probes.h"
#include "worker/llama/settings.h"
#include "worker/llama/tokens.h"

namespace mia::worker {
namespace {

constexpr std::int64_t kDefaultContext = 512;
constexpr std::int64_t kLargestContext = 32768;
constexpr std::int64_t kDefaultBatch = 512;

struct Job {
  const llama_vocab* vocab = nullptr;
  LogitsShape shape;
  Tokens tokens;
  llama_token first = LLAMA_TOKEN_NULL;  // replaces the first token of each window; null: nothing does
  std::optional<LogitsWriter> save;
  std::optional<LogitsReader> compare;
};

struct Score {
  double nll = 0;
  double nll_squared = 0;
  double base_nll = 0;
  double divergence = 0;
  std::int64_t same_top = 0;
  std::int64_t count = 0;
  std::int64_t bytes = 0;  // of the text that the scored tokens stand for
};

class Batch {
 public:
  explicit Batch(std::int64_t size) : batch_(llama_batch_init(static_cast<std::int32_t>(size), 0, 1)) {}
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  ~Batch() { llama_batch_free(batch_); }

  void clear() { batch_.n_tokens = 0; }
  void add(llama_token token, std::int64_t position, bool output) {
    const std::int32_t i = batch_.n_tokens++;
    batch_.token[i] = token;
    batch_.pos[i] = static_cast<llama_pos>(position);
    batch_.n_seq_id[i] = 1;
    batch_.seq_id[i][0] = 0;
    batch_.logits[i] = output ? 1 : 0;
  }
  [[nodiscard]] const llama_batch& get() const { return batch_; }

 private:
  llama_batch batch_;
};

// Logits to log probabilities in `row`.
void log_softmax(const float* logits, std::vector<float>& row) {
  const std::size_t size = row.size();
  const float most = *std::max_element(logits, logits + size);
  double sum = 0;
  for (std::size_t i = 0; i < size; ++i) {
    sum += static_cast<double>(std::exp(logits[i] - most));
  }
  const auto shift = static_cast<double>(most) + std::log(sum);
  std::transform(logits, logits + size, row.begin(),
                 [&](float logit) { return static_cast<float>(static_cast<double>(logit) - shift); });
}

double divergence(const std::vector<float>& base, const std::vector<float>& row) {
  double sum = 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const auto log_base = static_cast<double>(base[i]);
    sum += std::exp(log_base) * (log_base - static_cast<double>(row[i]));
  }
  return sum;
}

auto index_of_most(const std::vector<float>& row) {
  return std::ranges::max_element(row) - row.begin();
}

class Scorer {
 public:
  explicit Scorer(Job& job)
      : job_(job), row_(static_cast<std::size_t>(job.shape.n_vocab)), base_(job.compare ? row_.size() : 0) {}

  // One scored position: the logits after it and the token that followed. False on a failure of a file.
  bool add(const float* logits, llama_token next) {
    log_softmax(logits, row_);
    const double nll = -static_cast<double>(row_[static_cast<std::size_t>(next)]);
    score_.nll += nll;
    score_.nll_squared += nll * nll;
    ++score_.count;
    score_.bytes += static_cast<std::int64_t>(detokenize(job_.vocab, std::span(&next, 1)).size());
    if (job_.compare) {
      if (!job_.compare->next(base_)) {
        return false;
      }
      score_.base_nll -= static_cast<double>(base_[static_cast<std::size_t>(next)]);
      score_.divergence += divergence(base_, row_);
      score_.same_top += index_of_most(base_) == index_of_most(row_) ? 1 : 0;
    }
    return !job_.save || job_.save->add(row_);
  }
  [[nodiscard]] const Score& score() const { return score_; }

 private:
  Job& job_;
  Score score_;
  std::vector<float> row_;
  std::vector<float> base_;
};

// One window through the context, piece by piece, scoring as it goes; nullopt or why not.
std::optional<std::string> run_window(llama_context* context, const Job& job, std::int64_t window, Scorer& scorer) {
  const std::int64_t n_ctx = job.shape.n_ctx;
  const std::int64_t piece = llama_n_batch(context);
  const llama_token* const tokens = job.tokens.data() + window * n_ctx;
  Batch batch(piece);
  llama_memory_clear(llama_get_memory(context), true);
  for (std::int64_t start = 0; start < n_ctx; start += piece) {
    const std::int64_t end = std::min(start + piece, n_ctx);
    batch.clear();
    for (std::int64_t i = start; i < end; ++i) {
      const bool replaced = i == 0 && job.first != LLAMA_TOKEN_NULL;
      batch.add(replaced ? job.first : tokens[i], i, i >= n_ctx / 2);
    }
    if (const int code = llama_decode(context, batch.get()); code != 0) {
      return fmt::format("llama_decode failed with code {}", code);
    }
    for (std::int64_t i = std::max(start, n_ctx / 2); i < std::min(end, n_ctx - 1); ++i) {
      if (!scorer.add(llama_get_logits_ith(context, static_cast<std::int32_t>(i - start)), tokens[i + 1])) {
        return "the file of base logits cannot be read or written";
      }
    }
  }
  return std::nullopt;
}

Json describe(const Job& job, const Score& score) {
  const auto count = static_cast<double>(score.count);
  const double mean = score.nll / count;
  const double variance = score.nll_squared / count - mean * mean;
  const double perplexity = std::exp(mean);
  Json result{{"perplexity", perplexity},     {"perplexity_error", nullptr}, {"mean_nll", mean},
              {"scored_tokens", score.count}, {"scored_bytes", score.bytes}, {"n_ctx", job.shape.n_ctx},
              {"chunks", job.shape.chunks}};
  if (score.count > 1 && variance > 0) {
    result["perplexity_error"] = perplexity * std::sqrt(variance / (count - 1));
  }
  if (job.compare) {
    result["base_perplexity"] = std::exp(score.base_nll / count);
    result["mean_kl_divergence"] = score.divergence / count;
    result["same_top_fraction"] = static_cast<double>(score.same_top) / count;
  }
  return result;
}

Result<Job> make_job(const llama_model* model, const Json& arguments) {
  const auto text = get_string(arguments, "text");
  if (!text) {
    return fail(ErrorKind::unsupported, "probe logits: 'text' is missing or not a text");
  }
  const llama_vocab* const vocab = llama_model_get_vocab(model);
  Job job;
  job.vocab = vocab;
  job.shape.n_vocab = llama_vocab_n_tokens(vocab);
  job.shape.n_ctx = get_int(arguments, "n_ctx").value_or(kDefaultContext);
  if (job.shape.n_ctx < 8 || job.shape.n_ctx > kLargestContext) {
    return fail(ErrorKind::unsupported, "probe logits: n_ctx = {} is outside 8 to {}", job.shape.n_ctx,
                kLargestContext);
  }
  MIA_TRY_ASSIGN(job.tokens, tokenize(vocab, *text, false));
  const auto size = static_cast<std::int64_t>(job.tokens.size());
  if (size < 2 * job.shape.n_ctx) {
    return fail(ErrorKind::unsupported, "probe logits: the text has {} tokens, two windows of {} need {}", size,
                job.shape.n_ctx, 2 * job.shape.n_ctx);
  }
  const std::int64_t most = size / job.shape.n_ctx;
  const std::int64_t wanted = get_int(arguments, "chunks").value_or(most);
  job.shape.chunks = std::clamp<std::int64_t>(wanted, 1, most);
  job.tokens.resize(static_cast<std::size_t>(job.shape.chunks * job.shape.n_ctx));
  job.first = llama_vocab_get_add_bos(vocab) ? llama_vocab_bos(vocab) : LLAMA_TOKEN_NULL;
  return job;
}

Status open_files(Job& job, const Json& arguments) {
  if (const auto path = get_string(arguments, "compare_with")) {
    MIA_TRY_ASSIGN(job.compare, LogitsReader::open(*path, job.shape, job.tokens));
  }
  if (const auto path = get_string(arguments, "save_to")) {
    MIA_TRY_ASSIGN(job.save, LogitsWriter::create(*path, job.shape, job.tokens));
  }
  return {};
}

Result<ContextPtr> make_context(llama_model* model, const record::LlmSettings& settings, std::int64_t n_ctx,
                                const LogBook& logs) {
  record::LlmSettings own = settings;
  own.n_batch = std::min(n_ctx, settings.n_batch.value_or(kDefaultBatch));
  MIA_TRY_ASSIGN(const llama_context_params params, context_setup(own, n_ctx));
  ContextPtr context(llama_init_from_model(model, params));
  if (context == nullptr) {
    return fail(ErrorKind::worker, "cannot create the context of the probe: {}", logs.failure());
  }
  return context;
}

}  // namespace

proto::Reply probe_logits(llama_model* model, const record::LlmSettings& settings, const Json& arguments,
                          LogBook& logs) {
  auto job = make_job(model, arguments);
  if (!job) {
    return refused(job.error().text());
  }
  auto context = make_context(model, settings, job->shape.n_ctx, logs);
  if (!context) {
    return logs.says_out_of_memory() ? out_of_memory(context.error().text()) : refused(context.error().text());
  }
  if (const Status files = open_files(*job, arguments); !files) {
    return refused(files.error().text());
  }
  Scorer scorer(*job);
  for (std::int64_t window = 0; window < job->shape.chunks; ++window) {
    if (const auto reason = run_window(context->get(), *job, window, scorer)) {
      return failure_from(logs, *reason);
    }
  }
  if (job->save && !job->save->finish()) {
    return refused("probe logits: the file of base logits cannot be written; is the disk full?");
  }
  return proto::Probed{describe(*job, scorer.score())};
}

}  // namespace mia::worker
