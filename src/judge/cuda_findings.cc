// SPDX-License-Identifier: MIT
#include "judge/cuda_findings.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"

namespace mia::judge {
namespace {

using record::CudaFacts;
using record::Finding;
using record::RuntimeCuda;
using record::Severity;

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

class Cuda {
 public:
  explicit Cuda(const CudaFacts& facts) : facts_(facts) {
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

std::vector<Finding> cuda_findings(const CudaFacts& facts) {
  return Cuda(facts).all();
}

std::optional<Finding> hidden_gpu(const record::Machine& machine, const RuntimeCuda& runtime) {
  if (machine.gpus.empty() || runtime.sees_gpu || !runtime.has_backend) {
    return std::nullopt;
  }
  const auto& visible = runtime.visible_devices;
  return Finding{
      "gpu_hidden",
      Severity::problem,
      fmt::format("runtime {} sees no GPU, although the driver has {}: its trials run on the CPU; {}", runtime.name,
                  machine.gpus.front().name,
                  visible ? fmt::format("CUDA_VISIBLE_DEVICES is '{}'", *visible)
                          : "its own log says why: mia-perf runtime check " + runtime.name),
      {{"runtime", runtime.name}, {"gpu", machine.gpus.front().name}, {"visible", visible.value_or("unset")}}};
}

}  // namespace mia::judge
