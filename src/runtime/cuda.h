// SPDX-License-Identifier: MIT
// What CUDA the driver, the toolkit and the runtimes have.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "record/preflight.h"

namespace mia::runtime {

[[nodiscard]] record::CudaFacts observe_cuda(const record::Machine& machine);
// `env`: what its worker gets beside the environment of this process.
[[nodiscard]] record::RuntimeCuda cuda_of(const record::RuntimeInfo& runtime,
                                          const std::map<std::string, std::string>& env);

// "13" of "libcudart.so.13" anywhere in a library; "" when it names none.
[[nodiscard]] std::string cudart_of(std::string_view library_bytes);
// "13.0" of what nvcc --version prints.
[[nodiscard]] std::string toolkit_of(std::string_view text);

}  // namespace mia::runtime
