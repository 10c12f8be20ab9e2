// SPDX-License-Identifier: MIT
#include "runtime/cuda.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "base/text.h"
#include "proc/command.h"
#include "runtime/registry.h"

namespace mia::runtime {
namespace {

namespace fs = std::filesystem;
using record::Finding;
using record::Severity;

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

RuntimeCuda look_at(const record::RuntimeInfo& runtime) {
  RuntimeCuda cuda;
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
  return cuda;
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

// 13.0 against 12.8, by numbers; false where one is not known.
bool is_newer(std::string_view version, std::string_view than) {
  const auto number = [](std::string_view text, std::size_t place) {
    const std::vector<std::string> parts = split(text, '.');
    return place < parts.size() ? parse_int(parts[place]).value_or(0) : 0;
  };
  if (version.empty() || than.empty()) {
    return false;
  }
  return std::pair(number(version, 0), number(version, 1)) > std::pair(number(than, 0), number(than, 1));
}

class Judge {
 public:
  explicit Judge(const CudaFacts& facts) : facts_(facts) {
    if (!facts.gpus.empty()) {
      driver_ = facts.gpus.front().driver;
      driver_cuda_ = facts.gpus.front().driver_cuda;
    }
  }

  std::vector<Finding> all() {
    const bool any = std::ranges::any_of(facts_.runtimes, &RuntimeCuda::has_backend);
    if (facts_.gpus.empty() && !any) {
      return {};
    }
    std::ranges::for_each(facts_.runtimes, [&](const RuntimeCuda& runtime) { check(runtime); });
    check_toolkit();
    if (!any) {
      add("gpu_without_cuda_runtime", Severity::warning,
          "there is a GPU but no installed runtime uses it; cure: mia-perf runtime install llama-cpp-python --cuda, or "
          "runtime add of a CUDA build",
          {{"gpu", facts_.gpus.front().name}});
    }
    add_versions();
    return std::move(findings_);
  }

 private:
  void add(std::string id, Severity severity, std::string text, std::map<std::string, std::string> evidence) {
    findings_.push_back({std::move(id), severity, std::move(text), std::move(evidence)});
  }

  void check(const RuntimeCuda& runtime) {
    // A runtime of the driver's own major version runs (NVIDIA's minor version compatibility); a newer major does not.
    const std::string driver_major = driver_cuda_.substr(0, driver_cuda_.find('.'));
    if (runtime.has_backend && is_newer(runtime.needs, driver_major)) {
      add("cuda_runtime_newer_than_driver", Severity::problem,
          fmt::format("runtime {} is linked with CUDA {}, but driver {} runs CUDA up to {}: expect \"PTX was compiled "
                      "with an unsupported toolchain\" or no device; cure: a newer driver, or build the runtime here",
                      runtime.name, runtime.needs, driver_, driver_cuda_),
          {{"runtime", runtime.name}, {"needs", runtime.needs}, {"driver_cuda", driver_cuda_}});
    } else if (runtime.has_backend && !runtime.sees_gpu && !facts_.gpus.empty()) {
      add("cuda_runtime_sees_no_gpu", Severity::problem,
          fmt::format("runtime {} has a CUDA backend but found no GPU when it was installed; mia-perf runtime check {} "
                      "shows what it finds now",
                      runtime.name, runtime.name),
          {{"runtime", runtime.name}, {"gpu", facts_.gpus.front().name}});
    }
  }

  void check_toolkit() {
    if (is_newer(facts_.toolkit, driver_cuda_)) {
      add("cuda_toolkit_newer_than_driver", Severity::warning,
          fmt::format(
              "the CUDA toolkit is {}, the driver runs CUDA up to {}: what it builds for other GPUs than this one "
              "cannot start here; cure: -DCMAKE_CUDA_ARCHITECTURES=native, or a newer driver",
              facts_.toolkit, driver_cuda_),
          {{"toolkit", facts_.toolkit}, {"driver_cuda", driver_cuda_}});
    }
  }

  void add_versions() {
    std::vector<std::string> runtimes;
    for (const RuntimeCuda& runtime : facts_.runtimes) {
      if (runtime.has_backend) {
        runtimes.push_back(
            fmt::format("{} with CUDA {}", runtime.name, runtime.needs.empty() ? "of its own" : runtime.needs));
      }
    }
    const std::string driver =
        facts_.gpus.empty()
            ? "no driver that NVML finds (a worker linked with libcuda.so.1 does not start "
              "without one)"
            : fmt::format("driver {} runs CUDA up to {}", driver_, driver_cuda_.empty() ? "unknown" : driver_cuda_);
    add("cuda_versions", Severity::info,
        fmt::format("CUDA: {}; toolkit {}; runtimes: {}", driver, facts_.toolkit.empty() ? "none" : facts_.toolkit,
                    runtimes.empty() ? "none" : join(runtimes, ", ")),
        {{"driver", driver_}, {"driver_cuda", driver_cuda_}, {"toolkit", facts_.toolkit}});
  }

  const CudaFacts& facts_;
  std::string driver_;
  std::string driver_cuda_;
  std::vector<Finding> findings_;
};

}  // namespace

std::string cudart_of(std::string_view library_bytes) {
  return digits_after(library_bytes, "libcudart.so.");
}

std::string toolkit_of(std::string_view text) {
  return digits_after(text, "release ");
}

std::optional<Finding> hidden_gpu(const record::Machine& machine, const record::RuntimeInfo& runtime,
                                  const std::map<std::string, std::string>& env, bool sees_gpu) {
  constexpr const char* kVisible = "CUDA_VISIBLE_DEVICES";
  if (machine.gpus.empty() || sees_gpu || !look_at(runtime).has_backend) {
    return std::nullopt;
  }
  const auto given = env.find(kVisible);
  const char* const inherited = std::getenv(kVisible);
  std::optional<std::string> visible = inherited != nullptr ? std::optional(one_line(inherited, 80)) : std::nullopt;
  if (given != env.end()) {
    visible = one_line(given->second, 80);
  }
  return Finding{
      "gpu_hidden",
      Severity::problem,
      fmt::format("runtime {} sees no GPU, although the driver has {}: its trials run on the CPU; {}", runtime.name,
                  machine.gpus.front().name,
                  visible ? fmt::format("{} is '{}'", kVisible, *visible)
                          : "its own log says why: mia-perf runtime check " + runtime.name),
      {{"runtime", runtime.name}, {"gpu", machine.gpus.front().name}, {"visible", visible.value_or("unset")}}};
}

CudaFacts observe_cuda(const record::Machine& machine) {
  CudaFacts facts;
  facts.gpus = machine.gpus;
  facts.toolkit = nvcc_version();
  if (const auto runtimes = list()) {
    std::ranges::transform(*runtimes, std::back_inserter(facts.runtimes), look_at);
  }
  return facts;
}

std::vector<Finding> judge_cuda(const CudaFacts& facts) {
  return Judge(facts).all();
}

}  // namespace mia::runtime
