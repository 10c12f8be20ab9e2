// SPDX-License-Identifier: MIT
#include "worker/llama/handles.h"

#include <iterator>

#include "worker/llama/library.h"

namespace mia::worker {
namespace {

template <class Function>
Function cpu_function(const char* name) {
  const ggml_backend_dev_t device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
  if (device == nullptr) {
    return nullptr;
  }
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the registry hands functions out as void*
  return reinterpret_cast<Function>(ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device), name));
}

}  // namespace

void FreePool::operator()(ggml_threadpool* pool) const {
  if (const auto free_pool = cpu_function<decltype(&ggml_threadpool_free)>("ggml_threadpool_free")) {
    free_pool(pool);
  }
}

void pause(ggml_threadpool* pool) {
  const auto free_pool = cpu_function<decltype(&ggml_threadpool_free)>("ggml_threadpool_free");
  if (pool == nullptr || free_pool == nullptr) {
    return;
  }
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the linker knows functions as addresses only
  void* const found = sibling_function(reinterpret_cast<const void*>(free_pool), "ggml_threadpool_pause");
  if (found != nullptr) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): as above
    reinterpret_cast<decltype(&ggml_threadpool_pause)>(found)(pool);
  }
}

PoolPtr make_pool(int n_threads, int poll, bool paused, const Pinning& pinning) {
  const auto new_pool = cpu_function<decltype(&ggml_threadpool_new)>("ggml_threadpool_new");
  if (new_pool == nullptr) {
    return nullptr;
  }
  ggml_threadpool_params params = ggml_threadpool_params_default(n_threads);
  params.poll = static_cast<std::uint32_t>(poll);
  params.strict_cpu = pinning.strict;
  for (const int cpu : pinning.cpus) {
    if (static_cast<std::size_t>(cpu) < std::size(params.cpumask)) {
      params.cpumask[cpu] = true;  // NOLINT(cppcoreguidelines-pro-bounds-constant-array-index): checked
    }
  }
  params.paused = paused;
  return PoolPtr(new_pool(&params));
}

}  // namespace mia::worker
