// SPDX-License-Identifier: MIT
// Do driver, CUDA toolkit and runtimes fit together? A runtime of a newer CUDA than the driver's dies in its first
// kernel, one without the right backend leaves the GPU idle, and neither says so in words.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record/machine.h"
#include "record/report.h"

namespace mia::runtime {

struct RuntimeCuda {
  std::string name;
  bool has_backend = false;  // a CUDA backend among its backends or libraries
  bool sees_gpu = false;     // when it was installed
  std::string needs;         // "13": the libcudart it is linked with; "" where linked in or unknown
};

struct CudaFacts {
  std::vector<record::GpuInfo> gpus;  // of NVML; empty: no driver here
  std::string toolkit;                // "13.0" of nvcc, "" for none
  std::vector<RuntimeCuda> runtimes;
};

[[nodiscard]] CudaFacts observe_cuda(const record::Machine& machine);
// cuda_runtime_newer_than_driver, cuda_runtime_sees_no_gpu, cuda_toolkit_newer_than_driver, gpu_without_cuda_runtime
// and, for the record, cuda_versions. Nothing where there is neither a GPU nor a CUDA runtime.
[[nodiscard]] std::vector<record::Finding> judge_cuda(const CudaFacts& facts);

// gpu_hidden: a runtime with a CUDA backend sees no GPU although the driver has one, so that its trials run on the CPU.
// `env`: what its worker gets beside the environment of this process.
[[nodiscard]] std::optional<record::Finding> hidden_gpu(const record::Machine& machine,
                                                        const record::RuntimeInfo& runtime,
                                                        const std::map<std::string, std::string>& env, bool sees_gpu);

// "13" of "libcudart.so.13" anywhere in a library; "" when it names none.
[[nodiscard]] std::string cudart_of(std::string_view library_bytes);
// "13.0" of what nvcc --version prints.
[[nodiscard]] std::string toolkit_of(std::string_view text);

}  // namespace mia::runtime
