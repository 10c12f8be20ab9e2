// SPDX-License-Identifier: MIT
#include "runtime/cuda.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include "base/text.h"
#include "proc/command.h"
#include "runtime/registry.h"

namespace mia::runtime {
namespace {

namespace fs = std::filesystem;

std::string digits_after(std::string_view text, std::string_view mark) {
  std::string digits;
  if (const std::size_t at = text.find(mark); at != std::string_view::npos) {
    for (const char c : text.substr(at + mark.size())) {
      const bool part = (c >= '0' && c <= '9') || (c == '.' && !digits.empty());
      if (!part) {
        break;
      }
      digits += c;
    }
  }
  return digits;
}

// The name of a needed library stands near the start of a library; the kernels behind it are hundreds of megabytes.
std::string needed_cudart(const fs::path& library) {
  constexpr std::size_t kPiece = std::size_t{8} << 20U;
  constexpr std::size_t kOverlap = 64;
  std::ifstream file(library, std::ios::binary);
  std::string piece;
  while (file) {
    const std::size_t kept = std::min(piece.size(), kOverlap);
    std::string next = piece.substr(piece.size() - kept);
    next.resize(kept + kPiece);
    file.read(next.data() + kept, static_cast<std::streamsize>(kPiece));
    next.resize(kept + static_cast<std::size_t>(file.gcount()));
    if (std::string found = cudart_of(next); !found.empty()) {
      return found;
    }
    piece = std::move(next);
  }
  return {};
}

std::string nvcc_version() {
  for (const char* const program : {"nvcc", "/usr/local/cuda/bin/nvcc"}) {
    std::error_code code;
    if (program[0] == '/' ? !fs::exists(program, code) : !proc::is_in_path(program)) {
      continue;
    }
    proc::CommandSpec command;
    command.argv = {program, "--version"};
    command.timeout_s = 10;
    if (const auto told = proc::run_command(command); told && told->ok()) {
      return toolkit_of(told->output);
    }
  }
  return {};
}

}  // namespace

std::string cudart_of(std::string_view library_bytes) {
  return digits_after(library_bytes, "libcudart.so.");
}

std::string toolkit_of(std::string_view text) {
  return digits_after(text, "release ");
}

record::RuntimeCuda cuda_of(const record::RuntimeInfo& runtime, const std::map<std::string, std::string>& env) {
  constexpr std::size_t kLongest = 80;
  constexpr const char* kVisible = "CUDA_VISIBLE_DEVICES";
  record::RuntimeCuda cuda;
  cuda.name = runtime.name;
  cuda.has_backend = std::ranges::count(runtime.backends, "CUDA") > 0;
  cuda.sees_gpu = std::ranges::any_of(runtime.devices,
                                      [](const record::Device& device) { return device.name.starts_with("CUDA"); });
  const fs::path folder = runtime.prefix.empty() ? fs::path() : library_dir(runtime.prefix);
  std::error_code code;
  if (!folder.empty() && fs::exists(folder / "libggml-cuda.so", code)) {
    cuda.has_backend = true;
    cuda.needs = needed_cudart(folder / "libggml-cuda.so");
  }
  if (const auto given = env.find(kVisible); given != env.end()) {
    cuda.visible_devices = one_line(given->second, kLongest);
  } else if (const char* const inherited = std::getenv(kVisible); inherited != nullptr) {
    cuda.visible_devices = one_line(inherited, kLongest);
  }
  return cuda;
}

record::CudaFacts observe_cuda(const record::Machine& machine) {
  record::CudaFacts facts;
  facts.gpus = machine.gpus;
  facts.toolkit = nvcc_version();
  if (const auto runtimes = list()) {
    for (const record::RuntimeInfo& runtime : *runtimes) {
      facts.runtimes.push_back(cuda_of(runtime, {}));
    }
  }
  return facts;
}

}  // namespace mia::runtime
