// SPDX-License-Identifier: MIT
// Last words as they were seen: ggml_cuda_error and the loader of glibc write them so.
#include "record/cause.h"

#include <gtest/gtest.h>

namespace mia::record {
namespace {

constexpr std::string_view kPtx = R"(load_tensors: offloaded 25/25 layers to GPU
CUDA error: the provided PTX was compiled with an unsupported toolchain.
  current device: 0, in function ggml_cuda_compute_forward at ggml/src/ggml-cuda/ggml-cuda.cu:2941
  err
ggml/src/ggml-cuda/ggml-cuda.cu:104: CUDA error
)";

Outcome crashed() {
  Outcome outcome;
  outcome.kind = OutcomeKind::crashed;
  outcome.phase = Phase::warm_up;
  outcome.signal = 6;
  return outcome;
}

TEST(Cause, PtxOfANewerCudaIsNamedAndExplained) {
  Outcome outcome = crashed();
  explain(outcome, kPtx);
  EXPECT_EQ(outcome.cause, "cuda_ptx_unsupported");
  EXPECT_EQ(outcome.kind, OutcomeKind::crashed);
  EXPECT_NE(outcome.reason.find("update the driver"), std::string::npos) << outcome.reason;
  EXPECT_NE(describe(outcome).find("SIGABRT"), std::string::npos);
}

TEST(Cause, AbortForWantOfGpuMemoryIsOutOfMemory) {
  // The second as an H200 said whose memory another program held but for the model's.
  for (const char* const log :
       {"CUDA error: out of memory\n  current device: 0, in function alloc at ggml-cuda.cu:501\n",
        "CUDA error: the resource allocation failed\n  current device: 0, in function cublas_handle at "
        "common.cuh:1534\n  cublasCreate_v2(&cublas_handles[device][curr_stream_no])\n"}) {
    Outcome outcome = crashed();
    explain(outcome, log);
    EXPECT_EQ(outcome.kind, OutcomeKind::out_of_memory) << log;
    EXPECT_EQ(outcome.cause, "gpu_out_of_memory");
  }
}

TEST(Cause, OtherLastWordsAreQuoted) {
  EXPECT_EQ(cause_in("x\nCUDA error: an illegal memory access was encountered\n  current device: 0\n")->text,
            "CUDA error: an illegal memory access was encountered");
  const auto lost = cause_in(
      "mia-worker-llama: error while loading shared libraries: libcudart.so.13: cannot open "
      "shared object file: No such file or directory\n");
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->name, "library_missing");
  EXPECT_NE(lost->text.find("libcudart.so.13"), std::string::npos);
  EXPECT_EQ(cause_in("ggml.c:12: GGML_ASSERT(n > 0) failed\n")->name, "ggml_assert");
  EXPECT_FALSE(cause_in("llama_model_loader: loaded meta data with 35 key-value pairs\n"));
}

TEST(Cause, ADriverThatIsGoneIsToldFromALibraryThatIsGone) {
  // As an H200 machine said with its driver's library moved away.
  const auto gone = cause_in(
      "mia-worker-llama: error while loading shared libraries: libcuda.so.1: cannot open shared object file: No such "
      "file or directory\n");
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->name, "cuda_driver_missing");
  EXPECT_NE(gone->text.find("install the driver"), std::string::npos) << gone->text;
}

TEST(Cause, WhatIsKnownAlreadyStays) {
  Outcome refused;
  refused.kind = OutcomeKind::refused;
  refused.reason = "the runtime's own words";
  explain(refused,
          "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 900.00 MiB on device 0: cudaMalloc failed: "
          "out of memory\n");
  EXPECT_EQ(refused.reason, "the runtime's own words");
  EXPECT_EQ(refused.cause, "gpu_out_of_memory");
  EXPECT_EQ(refused.kind, OutcomeKind::refused) << "the worker lives and said how it ended";
  Outcome good;
  explain(good, kPtx);
  EXPECT_EQ(good.cause, "");
  Outcome slow;
  slow.kind = OutcomeKind::timed_out;
  explain(slow, kPtx);
  EXPECT_EQ(slow.cause, "");
}

}  // namespace
}  // namespace mia::record
