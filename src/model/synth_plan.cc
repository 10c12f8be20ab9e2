// SPDX-License-Identifier: MIT
#include "model/synth_plan.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "model/gguf.h"
#include "model/gguf_source.h"
#include "model/gguf_writer.h"
#include "model/parts.h"
#include "model/random_blocks.h"
#include "model/synth_vocabulary.h"
#include "model/types.h"

namespace mia::model {
namespace {

constexpr std::int64_t kMaxCopiedMetadata = std::int64_t{64} << 20;

void write_rope(GgufWriter& out, const std::string& prefix, const Shape& shape) {
  out.f32(prefix + "rope.freq_base", shape.rope_base);
  out.u32(prefix + "rope.dimension_count", shape.head_dim);
  // The frequencies of "llama3" are a tensor, rope_freqs.weight; llama.cpp knows the others by name.
  const RopeScaling& scaling = shape.rope_scaling;
  if (!scaling.type.empty() && scaling.type != "llama3") {
    out.text(prefix + "rope.scaling.type", scaling.type);
    out.f32(prefix + "rope.scaling.factor", scaling.factor);
    out.u32(prefix + "rope.scaling.original_context_length", scaling.original_context);
  }
}

void write_architecture(GgufWriter& out, const Shape& shape) {
  const std::string prefix = shape.architecture + ".";
  out.u32(prefix + "block_count", shape.layers);
  out.u32(prefix + "context_length", shape.context);
  out.u32(prefix + "embedding_length", shape.embedding);
  out.u32(prefix + "feed_forward_length", shape.feed_forward);
  out.u32(prefix + "attention.head_count", shape.heads);
  out.u32(prefix + "attention.head_count_kv", shape.kv_heads);
  out.u32(prefix + "attention.key_length", shape.head_dim);
  out.u32(prefix + "attention.value_length", shape.head_dim);
  out.f32(prefix + "attention.layer_norm_rms_epsilon", shape.rms_epsilon);
  out.u32(prefix + "vocab_size", shape.vocabulary);
  write_rope(out, prefix, shape);
  if (shape.experts > 0) {
    out.u32(prefix + "expert_count", shape.experts);
    out.u32(prefix + "expert_used_count", shape.experts_used);
    out.u32(prefix + "expert_feed_forward_length", shape.expert_feed_forward);
  }
  if (shape.sliding_window > 0) {
    out.u32(prefix + "attention.sliding_window", shape.sliding_window);
  }
}

// A list of presets asks for the same one again and again, and making it takes longer than all else.
const Vocabulary& vocabulary_of(std::int64_t size) {
  thread_local std::pair<std::int64_t, Vocabulary> last{-1, {}};
  if (last.first != size) {
    last = {size, make_vocabulary(size)};
  }
  return last.second;
}

void write_tokenizer(GgufWriter& out, std::int64_t size) {
  constexpr std::int32_t kNormal = 1;
  constexpr std::int32_t kControl = 3;
  const Vocabulary& vocabulary = vocabulary_of(size);
  std::vector<std::int32_t> kinds(vocabulary.tokens.size(), kNormal);
  kinds[static_cast<std::size_t>(vocabulary.begin)] = kControl;
  kinds[static_cast<std::size_t>(vocabulary.end)] = kControl;
  out.text("tokenizer.ggml.model", "gpt2");
  // Unlike "gpt-2", this rule to split words makes llama.cpp give back every space when it turns tokens into text.
  out.text("tokenizer.ggml.pre", "qwen2");
  out.texts("tokenizer.ggml.tokens", vocabulary.tokens);
  out.i32s("tokenizer.ggml.token_type", kinds);
  out.texts("tokenizer.ggml.merges", vocabulary.merges);
  out.u32("tokenizer.ggml.bos_token_id", vocabulary.begin);
  out.u32("tokenizer.ggml.eos_token_id", vocabulary.end);
  out.u32("tokenizer.ggml.padding_token_id", vocabulary.end);
  out.boolean("tokenizer.ggml.add_bos_token", false);
}

void write_synthetic(GgufWriter& out, const SynthSpec& spec) {
  out.boolean("general.synthetic", true);
  out.u64("general.synthetic.seed", spec.seed);
  out.u32("general.synthetic.version", kSynthVersion);
}

QuantContext quant_context(const Shape& shape) {
  return {shape.architecture, shape.layers, shape.heads, shape.kv_heads, shape.experts, shape.tied_output};
}

// Offsets, sizes and the header's tensor table.
Status place(SynthPlan& plan, GgufWriter& out, std::vector<PlannedTensor> tensors) {
  std::int64_t end = 0;
  for (PlannedTensor& tensor : tensors) {
    const TensorType* const type = find_type(tensor.type);
    if (!can_fill(tensor.type)) {
      return fail(ErrorKind::usage, "tensor '{}' has type {}, for which random weights cannot be made",
                  one_line(tensor.name, 100), type->name);
    }
    const std::optional<std::int64_t> row = row_bytes(*type, tensor.shape.empty() ? 1 : tensor.shape.front());
    std::int64_t bytes = row.value_or(0);
    bool overflow = !row;
    for (std::size_t i = 1; i < tensor.shape.size(); ++i) {
      overflow = overflow || __builtin_mul_overflow(bytes, tensor.shape[i], &bytes);
    }
    std::int64_t padded = 0;
    const std::int64_t offset = end;
    overflow = overflow || __builtin_add_overflow(bytes, kSynthAlignment - 1, &padded);
    padded = padded / kSynthAlignment * kSynthAlignment;
    if (overflow || __builtin_add_overflow(offset, padded, &end)) {
      return fail(ErrorKind::usage, "the size of tensor '{}' overflows", one_line(tensor.name, 100));
    }
    out.tensor(tensor.name, tensor.shape, tensor.type, offset);
    plan.tensors.push_back({std::move(tensor), offset, bytes});
  }
  plan.header = out.header(kSynthAlignment);
  plan.bytes = static_cast<std::int64_t>(plan.header.size()) + end;
  return {};
}

Result<SynthPlan> plan_shape(const SynthSpec& spec, Shape shape, const Quant& quant) {
  shape.layers = spec.layers.value_or(shape.layers);
  MIA_TRY(check_shape(shape));
  GgufWriter out;
  out.text("general.architecture", shape.architecture);
  out.text("general.type", "model");
  out.text("general.name", shape.name + " synthetic");
  write_synthetic(out, spec);
  out.u32("general.file_type", quant.file_type);
  out.u32("general.quantization_version", 2);
  write_architecture(out, shape);
  write_tokenizer(out, shape.vocabulary);
  std::vector<PlannedTensor> tensors = tensor_list(shape);
  for (PlannedTensor& tensor : tensors) {
    tensor.type = quantized_type(quant_context(shape), quant, tensor);
  }
  SynthPlan plan;
  MIA_TRY(place(plan, out, std::move(tensors)));
  return plan;
}

// Entries that are written anew or hold only for the file they are in.
bool is_replaced(const GgufEntry& entry, const SynthSpec& spec, const Shape& shape) {
  const std::string& key = entry.key;
  return key == "general.name" || key == "general.alignment" || key.starts_with("general.synthetic") ||
         key.starts_with("split.") || (key == "general.file_type" && !spec.quant.empty()) ||
         (key == shape.architecture + ".block_count" && spec.layers);
}

Status copy_metadata(const GgufFile& file, const SynthSpec& spec, GgufWriter& out) {
  const Shape& shape = spec.shape;
  MIA_TRY_ASSIGN(const std::unique_ptr<ByteSource> source, open_source(shape.like));
  std::int64_t copied = 0;
  for (const GgufEntry& entry : file.metadata) {
    if (is_replaced(entry, spec, shape)) {
      continue;
    }
    const auto* const array = std::get_if<GgufArray>(&entry.value);
    if (spec.layers && array != nullptr && array->count == shape.layers && entry.key.starts_with(shape.architecture)) {
      return fail(ErrorKind::usage, "the number of layers cannot change: '{}' of '{}' has a value for each layer",
                  one_line(entry.key, 100), shape.like.string());
    }
    copied += entry.bytes;
    if (copied > kMaxCopiedMetadata) {
      return fail(ErrorKind::usage, "'{}' has more than {} of metadata to copy", shape.like.string(),
                  human_bytes(kMaxCopiedMetadata));
    }
    std::string bytes(static_cast<std::size_t>(entry.bytes), '\0');
    MIA_TRY_ASSIGN(const std::size_t count, source->read_at(entry.offset, std::as_writable_bytes(std::span(bytes))));
    if (count != bytes.size()) {
      return fail(ErrorKind::io, "'{}' changed while it was read", shape.like.string());
    }
    out.raw(bytes);
  }
  return {};
}

Result<SynthPlan> plan_like(const SynthSpec& spec, const Quant* quant) {
  const Shape& shape = spec.shape;
  MIA_TRY_ASSIGN(const ModelFiles model, read_model(shape.like));
  const GgufFile& file = model.whole;
  if (spec.layers && (*spec.layers < 1 || *spec.layers > shape.layers)) {
    return fail(ErrorKind::usage, "layers is {}, but '{}' has {}", *spec.layers, shape.like.string(), shape.layers);
  }
  GgufWriter out;
  MIA_TRY(copy_metadata(file, spec, out));
  out.text("general.name", shape.name + " synthetic");
  write_synthetic(out, spec);
  if (quant != nullptr) {
    out.u32("general.file_type", quant->file_type);
  }
  QuantContext quant_shape = quant_context(shape);
  if (spec.layers) {
    out.u32(shape.architecture + ".block_count", *spec.layers);
    quant_shape.layers = *spec.layers;
  }
  std::vector<PlannedTensor> tensors;
  for (const GgufTensor& source : file.tensors) {
    PlannedTensor tensor{source.name, source.shape, source.type};
    if (spec.layers && block_of(tensor.name).value_or(0) >= *spec.layers) {
      continue;
    }
    tensor.type = quant != nullptr ? quantized_type(quant_shape, *quant, tensor) : tensor.type;
    tensors.push_back(std::move(tensor));
  }
  SynthPlan plan;
  MIA_TRY(place(plan, out, std::move(tensors)));
  return plan;
}

Failure unknown_quant(const std::string& quant) {
  const std::span<const std::string_view> names = synth_quants();
  const std::vector<std::string> known(names.begin(), names.end());
  return with_hint(fail(ErrorKind::usage, "quantization '{}' is unknown", one_line(quant, 50)),
                   "known: " + join(known, ", "));
}

}  // namespace

Result<SynthPlan> plan_synth(const SynthSpec& spec) {
  const Quant* const quant = find_quant(spec.quant);
  const bool keeps_types = spec.quant.empty() && !spec.shape.like.empty();
  if (quant == nullptr && !keeps_types) {
    return unknown_quant(spec.quant);
  }
  return spec.shape.like.empty() ? plan_shape(spec, spec.shape, *quant) : plan_like(spec, quant);
}

}  // namespace mia::model
