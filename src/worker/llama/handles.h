// SPDX-License-Identifier: MIT
// Owners of llama.cpp's objects.
#pragma once

#include <memory>

#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <llama.h>

#include "worker/llama/pinning.h"

namespace mia::worker {

struct FreeModel {
  void operator()(llama_model* model) const { llama_model_free(model); }
};
struct FreeContext {
  void operator()(llama_context* context) const { llama_free(context); }
};
struct FreeSampler {
  void operator()(llama_sampler* sampler) const { llama_sampler_free(sampler); }
};
using ModelPtr = std::unique_ptr<llama_model, FreeModel>;
using ContextPtr = std::unique_ptr<llama_context, FreeContext>;
using SamplerPtr = std::unique_ptr<llama_sampler, FreeSampler>;

// The CPU backend may be a library loaded at run time, so its pools are made and freed through its registry.
struct FreePool {
  void operator()(ggml_threadpool* pool) const;
};
using PoolPtr = std::unique_ptr<ggml_threadpool, FreePool>;

// llama-bench's pool: normal priority, by itself no affinity. Null where the backend has none. `paused` for one that
// waits for another to hand over.
[[nodiscard]] PoolPtr make_pool(int n_threads, int poll, bool paused, const Pinning& pinning);

// Lets its threads sleep until the next computation wakes them; by themselves they would poll for a while first. Does
// nothing where OpenMP's threads compute (they give up after milliseconds).
void pause(ggml_threadpool* pool);

// A context with the pools that compute for it.
struct Engine {
  // Members are destroyed from the last up: the context before its pools.
  PoolPtr pool;
  PoolPtr pool_batch;
  ContextPtr context;
};

}  // namespace mia::worker
