// SPDX-License-Identifier: MIT
#include "record/cause.h"

#include <array>

#include "base/text.h"

namespace mia::record {
namespace {

struct Rule {
  std::string_view mark;
  std::string_view name;
  std::string_view meaning;  // empty: the line itself says it
  bool out_of_memory;
};

// The texts are CUDA's (cudaGetErrorString), the loader's and ggml's own. The first that is found wins.
constexpr std::string_view kNoGpuMemory =
    "the GPU has no memory left; lower n_gpu_layers, n_ctx or n_batch, or stop other programs on it";

constexpr auto kRules = std::to_array<Rule>({
    {"PTX was compiled with an unsupported toolchain", "cuda_ptx_unsupported",
     "this llama.cpp brings code of a newer CUDA than the driver can compile; update the driver, or build the runtime "
     "on "
     "this machine: mia-perf runtime install llama-cpp-python --cuda",
     false},
    {"no kernel image is available for execution", "cuda_no_kernel_image",
     "this llama.cpp was not built for this GPU; build the runtime on this machine: mia-perf runtime install "
     "llama-cpp-python --cuda",
     false},
    {"driver version is insufficient for CUDA runtime version", "cuda_driver_too_old",
     "the driver is older than the CUDA that this llama.cpp was built with; update the driver or build the runtime "
     "with "
     "an older CUDA",
     false},
    {"CUDA error: out of memory", "gpu_out_of_memory", kNoGpuMemory, true},
    {"cudaMalloc failed: out of memory", "gpu_out_of_memory", kNoGpuMemory, true},
    {"CUDA error: the resource allocation failed", "gpu_out_of_memory", kNoGpuMemory, true},  // cuBLAS had no room
    {"error while loading shared libraries: libcuda.so.1", "cuda_driver_missing",
     "the NVIDIA driver's library libcuda.so.1 is not here; install the driver, or take a runtime without CUDA", false},
    {"error while loading shared libraries", "library_missing", "", false},
    {"CUDA error: ", "cuda_error", "", false},
    {"GGML_ASSERT(", "ggml_assert", "", false},
});

std::string line_at(std::string_view log, std::size_t at) {
  const std::size_t begin = log.rfind('\n', at);
  const std::size_t from = begin == std::string_view::npos ? 0 : begin + 1;
  return one_line(trim(log.substr(from, log.find('\n', at) - from)), 300);
}

}  // namespace

std::optional<Cause> cause_in(std::string_view log) {
  for (const Rule& rule : kRules) {
    if (const std::size_t at = log.rfind(rule.mark); at != std::string_view::npos) {
      const std::string text = rule.meaning.empty() ? line_at(log, at) : std::string(rule.meaning);
      return Cause{std::string(rule.name), text, rule.out_of_memory};
    }
  }
  return std::nullopt;
}

void explain(Outcome& outcome, std::string_view log) {
  const bool is_end = outcome.kind == OutcomeKind::crashed || outcome.kind == OutcomeKind::out_of_memory ||
                      outcome.kind == OutcomeKind::refused;
  const auto cause = is_end ? cause_in(log) : std::nullopt;
  if (!cause) {
    return;
  }
  outcome.cause = cause->name;
  if (outcome.kind == OutcomeKind::crashed && cause->out_of_memory) {
    outcome.kind = OutcomeKind::out_of_memory;
  }
  if (outcome.reason.empty()) {
    outcome.reason = cause->text;
  }
}

}  // namespace mia::record
