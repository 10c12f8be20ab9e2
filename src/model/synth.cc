// SPDX-License-Identifier: MIT
#include "model/synth.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <future>
#include <numbers>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "model/cursor.h"
#include "model/output_file.h"
#include "model/random_blocks.h"
#include "model/synth_plan.h"
#include "model/types.h"

namespace mia::model {
namespace {

// A chunk is the unit of random generation: its bytes follow from seed, tensor name and place alone, whatever the size
// of the buffers and the number of threads.
constexpr std::int64_t kChunkBytes = std::int64_t{1} << 20;
constexpr std::int64_t kBufferBytes = std::int64_t{8} << 20;

std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 33U)) * 0xff51afd7ed558ccdULL;
  value = (value ^ (value >> 33U)) * 0xc4ceb9fe1a85ec53ULL;
  return value ^ (value >> 33U);
}

// FNV-1a: a fixed public function, so that files stay equal across versions of libraries.
std::uint64_t hash_name(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : name) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }
  return hash;
}

// Root mean square of a tensor's weights. Matrices keep the size of what goes through them (1 / sqrt of the row), so
// that activations and logits stay of order one at any depth. An embedding of order one, where it is not the output
// matrix too, keeps tokens apart in the residual stream, and with them the choice of experts.
double spread_of(const PlannedTensor& tensor, bool tied) {
  if (tensor.name.ends_with(".bias")) {
    return 0.02;
  }
  if (contains(tensor.name, "attn_sinks")) {
    return 0.5;
  }
  if (tensor.name == "token_embd.weight" && !tied) {
    return 1.0;
  }
  if (tensor.shape.size() < 2) {
    return 0.02;
  }
  return 1.0 / std::sqrt(static_cast<double>(tensor.shape.front()));
}

// Factors by which Llama 3.1 and later lengthen the slow rotations; as in the model's published code
// (huggingface.co/meta-llama/Llama-3.1-8B, rope_scaling of config.json: low_freq_factor 1, high_freq_factor 4).
std::vector<float> llama3_frequencies(const Shape& shape) {
  constexpr double kLow = 1;
  constexpr double kHigh = 4;
  const RopeScaling& scaling = shape.rope_scaling;
  const auto original = static_cast<double>(scaling.original_context);
  std::vector<float> factors;
  for (std::int64_t i = 0; i < shape.head_dim; i += 2) {
    const double exponent = static_cast<double>(i) / static_cast<double>(shape.head_dim);
    const double wave = 2 * std::numbers::pi * std::pow(shape.rope_base, exponent);
    double factor = 1;
    if (wave > original / kLow) {
      factor = scaling.factor;
    } else if (wave > original / kHigh) {
      const double smooth = (original / wave - kLow) / (kHigh - kLow);
      factor = 1 / ((1 - smooth) / scaling.factor + smooth);
    }
    factors.push_back(static_cast<float>(factor));
  }
  return factors;
}

// The data section from front to back, buffer by buffer.
class DataStream {
 public:
  DataStream(const SynthPlan& plan, const SynthSpec& spec) : plan_(plan), spec_(spec) {
    tied_ = std::none_of(plan.tensors.begin(), plan.tensors.end(),
                         [](const SynthTensor& t) { return t.tensor.name == "output.weight"; });
  }

  // Bytes put into `buffer` (of kBufferBytes); 0 at the end.
  std::size_t fill(std::vector<std::byte>& buffer) {
    std::size_t used = 0;
    while (index_ < plan_.tensors.size()) {
      const SynthTensor& tensor = plan_.tensors[index_];
      const auto count = static_cast<std::size_t>(next_chunk(tensor));
      const auto padded = done_ + static_cast<std::int64_t>(count) == tensor.bytes ? padding(tensor) : 0;
      if (used + count + padded > buffer.size()) {
        break;
      }
      make(tensor, std::span(buffer).subspan(used, count));
      std::fill_n(buffer.begin() + static_cast<std::ptrdiff_t>(used + count), padded, std::byte{0});
      used += count + padded;
      done_ += static_cast<std::int64_t>(count);
      ++chunk_;
      if (done_ == tensor.bytes) {
        ++index_;
        done_ = 0;
        chunk_ = 0;
      }
    }
    return used;
  }

 private:
  std::int64_t next_chunk(const SynthTensor& tensor) const {
    const std::int64_t block = find_type(tensor.tensor.type)->block_bytes;
    return std::min(tensor.bytes - done_, kChunkBytes / block * block);
  }

  static std::size_t padding(const SynthTensor& tensor) {
    return static_cast<std::size_t>((kSynthAlignment - tensor.bytes % kSynthAlignment) % kSynthAlignment);
  }

  void make(const SynthTensor& planned, std::span<std::byte> out) const {
    const PlannedTensor& tensor = planned.tensor;
    const bool is_float = tensor.type == kF32 || tensor.type == kF16 || tensor.type == kBF16;
    if (tensor.name == "rope_freqs.weight" && spec_.shape.rope_scaling.type == "llama3") {
      const std::vector<float> factors = llama3_frequencies(spec_.shape);
      std::memcpy(out.data(), factors.data(), std::min(out.size(), factors.size() * sizeof(float)));
      return;
    }
    if (is_float && (contains(tensor.name, "_norm.weight") || tensor.name == "rope_freqs.weight")) {
      fill_ones(tensor.type, out);
      return;
    }
    const std::uint64_t key = mix(mix(spec_.seed ^ hash_name(tensor.name)) + chunk_);
    fill_random(tensor.type, spread_of(tensor, tied_), key, out);
  }

  const SynthPlan& plan_;
  const SynthSpec& spec_;
  bool tied_ = false;
  std::size_t index_ = 0;
  std::int64_t done_ = 0;
  std::uint64_t chunk_ = 0;
};

// Makes the next buffer while the last one is written.
Status write_data(DataStream& stream, OutputFile& file, const std::function<Status(std::size_t)>& written) {
  std::array<std::vector<std::byte>, 2> buffers;
  for (std::vector<std::byte>& buffer : buffers) {
    buffer.resize(kBufferBytes);
  }
  std::size_t count = stream.fill(buffers[0]);
  for (std::size_t turn = 0; count > 0; turn ^= 1U) {
    std::future<std::size_t> next =
        std::async(std::launch::async, [&stream, &buffer = buffers[turn ^ 1U]] { return stream.fill(buffer); });
    const Status status = file.write(std::span(buffers[turn]).first(count));
    const std::size_t following = next.get();
    MIA_TRY(status);
    MIA_TRY(written(count));
    count = following;
  }
  return {};
}

}  // namespace

std::span<const std::string_view> synth_quants() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    for (const Quant& quant : quants()) {
      all.push_back(quant.name);
    }
    return all;
  }();
  return names;
}

std::string progress_text(std::int64_t done, std::int64_t total, double seconds) {
  const double rate = static_cast<double>(done) / std::max(seconds, 1e-3);
  return fmt::format("{} of {} ({} %), {}/s, {} left", human_bytes(done), human_bytes(total),
                     100 * done / std::max<std::int64_t>(total, 1), human_bytes(static_cast<std::int64_t>(rate)),
                     human_seconds(static_cast<double>(total - done) / std::max(rate, 1.0)));
}

Result<std::int64_t> synth_bytes(const SynthSpec& spec) {
  MIA_TRY_ASSIGN(const SynthPlan plan, plan_synth(spec));
  return plan.bytes;
}

Result<SynthResult> synthesize(const SynthSpec& spec, const SynthProgress& progress, const Interrupted& interrupted) {
  const std::int64_t begin = steady_ns();
  MIA_TRY_ASSIGN(const SynthPlan plan, plan_synth(spec));
  MIA_TRY_ASSIGN(OutputFile file, OutputFile::create(spec.out, plan.bytes));
  std::int64_t done = 0;
  const auto written = [&](std::size_t count) -> Status {
    done += static_cast<std::int64_t>(count);
    if (progress) {
      progress(done, plan.bytes);
    }
    if (interrupted && interrupted()) {
      return fail(ErrorKind::interrupted, "writing '{}' was interrupted", spec.out.string());
    }
    return {};
  };
  MIA_TRY(file.write(std::as_bytes(std::span(plan.header))));
  MIA_TRY(written(plan.header.size()));
  DataStream stream(plan, spec);
  MIA_TRY(write_data(stream, file, written));
  MIA_TRY(file.commit());
  SynthResult result;
  result.path = spec.out;
  result.bytes = plan.bytes;
  result.tensors = static_cast<std::int64_t>(plan.tensors.size());
  result.seconds = static_cast<double>(steady_ns() - begin) / kNsPerS;
  return result;
}

}  // namespace mia::model
