// SPDX-License-Identifier: MIT
// GGUF files of the exact shape of a model with random weights: speed depends on shapes and types, not on what the
// weights say. Same spec and seed: the same bytes, on every machine.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/shape.h"

namespace mia::model {

inline constexpr std::int64_t kSynthVersion = 1;  // grows when the bytes of a spec change

struct SynthSpec {
  Shape shape;
  std::string quant;  // one of synth_quants(); "" with shape_like(): the types of that file
  std::uint64_t seed = 1;
  std::optional<std::int64_t> layers;  // fewer (or more) layers than the shape has
  std::filesystem::path out;
};

struct SynthResult {
  std::filesystem::path path;
  std::int64_t bytes = 0;
  std::int64_t tensors = 0;
  double seconds = 0;
};

// Bytes written so far and in all.
using SynthProgress = std::function<void(std::int64_t done, std::int64_t total)>;
using Interrupted = std::function<bool()>;

// "3.20 GiB of 11.27 GiB (28 %), 1.10 GiB/s, 8.0 s left".
[[nodiscard]] std::string progress_text(std::int64_t done, std::int64_t total, double seconds);

// "F32", "F16", "BF16", "Q8_0", ...
[[nodiscard]] std::span<const std::string_view> synth_quants();

// Size of the file that synthesize() would write; error kind usage for an unknown quant or a shape out of bounds.
[[nodiscard]] Result<std::int64_t> synth_bytes(const SynthSpec& spec);

// Checks the shape and the free space first, writes under a temporary name beside `out` and renames. On failure or when
// `interrupted` says so (kind interrupted) nothing is left behind. Holds a few MiB.
[[nodiscard]] Result<SynthResult> synthesize(const SynthSpec& spec, const SynthProgress& progress = {},
                                             const Interrupted& interrupted = {});

}  // namespace mia::model
