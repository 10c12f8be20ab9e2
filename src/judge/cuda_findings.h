// SPDX-License-Identifier: MIT
// Do driver, CUDA toolkit and runtimes fit together? A runtime of a newer CUDA than the driver's dies in its first
// kernel, one without the right backend leaves the GPU idle, and neither says so in words.
#pragma once

#include <optional>
#include <vector>

#include "record/preflight.h"
#include "record/report.h"

namespace mia::judge {

// cuda_runtime_newer_than_driver, cuda_runtime_sees_no_gpu, cuda_toolkit_newer_than_driver, gpu_without_cuda_runtime
// and, for the record, cuda_versions. Nothing where there is neither a GPU nor a CUDA runtime.
[[nodiscard]] std::vector<record::Finding> cuda_findings(const record::CudaFacts& facts);

// gpu_hidden: a runtime with a CUDA backend sees no GPU now although the driver has one, so that its trials run on the
// CPU.
[[nodiscard]] std::optional<record::Finding> hidden_gpu(const record::Machine& machine,
                                                        const record::RuntimeCuda& runtime);

}  // namespace mia::judge
