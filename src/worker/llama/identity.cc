// SPDX-License-Identifier: MIT
// Who this runtime is, and whether it still is the one that this program was compiled against.
#include <cstdlib>

#include <ggml-backend.h>
#include <llama.h>

#include "base/text.h"
#include "worker/llama/probes.h"
#include "worker/llama/provider_llama.h"
#include "worker/llama/versions.h"

namespace mia::worker {
namespace {

std::string_view type_name(enum ggml_backend_dev_type type) {
  switch (type) {
    case GGML_BACKEND_DEVICE_TYPE_CPU:
      return "cpu";
    case GGML_BACKEND_DEVICE_TYPE_GPU:
      return "gpu";
    case GGML_BACKEND_DEVICE_TYPE_ACCEL:
      return "accel";
    default:
      // Newer headers tell integrated GPUs apart; older ones have no such name to compare with.
      return "igpu";
  }
}

// Older headers have no device_id.
template <class Props>
std::string bus_id_of(ggml_backend_dev_t device) {
  if constexpr (requires(Props props) { props.device_id; }) {
    Props props{};
    ggml_backend_dev_get_props(device, &props);
    return props.device_id != nullptr ? props.device_id : "";
  } else {
    return {};
  }
}

record::Device describe(ggml_backend_dev_t device) {
  std::size_t free_bytes = 0;
  std::size_t total_bytes = 0;
  ggml_backend_dev_memory(device, &free_bytes, &total_bytes);
  record::Device described;
  described.name = ggml_backend_dev_name(device);
  described.description = ggml_backend_dev_description(device);
  described.type = std::string(type_name(ggml_backend_dev_type(device)));
  if (total_bytes > 0) {
    described.memory_total_bytes = static_cast<std::int64_t>(total_bytes);
    described.memory_free_bytes = static_cast<std::int64_t>(free_bytes);
  }
  described.bus_id = bus_id_of<ggml_backend_dev_props>(device);
  return described;
}

// Backends that are libraries of their own lie beside libllama; builds with the backends linked in have nothing to
// load.
void load_backends() {
  if (const char* const folder = std::getenv("MIA_WORKER_BACKENDS")) {
    ggml_backend_load_all_from_path(folder);
  }
  if (ggml_backend_dev_count() == 0) {
    ggml_backend_load_all_from_path(MIA_LLAMA_LIBRARY_DIR);
  }
  if (ggml_backend_dev_count() == 0) {
    ggml_backend_load_all();
  }
}

// llama.cpp passes structs by value and keeps no ABI: a worker that meets other libraries than it was compiled against
// would read garbage. MIA_LLAMA_BUILT_FOR holds what the libraries said at that time.
Status check_libraries() {
  const std::string now = library_versions();
  if (now != MIA_LLAMA_BUILT_FOR) {
    return with_hint(fail(ErrorKind::unsupported, "this worker was compiled for llama.cpp '{}' but found '{}'",
                          MIA_LLAMA_BUILT_FOR, now),
                     "add the runtime again, so that its worker is compiled anew");
  }
  return {};
}

}  // namespace

Status LlamaProvider::prepare(LogBook& logs) {
  logs.listen();
  MIA_TRY(check_libraries());
  load_backends();
  llama_backend_init();
  if (ggml_backend_dev_count() == 0) {
    return with_hint(fail(ErrorKind::unsupported, "this llama.cpp offers no device, not even the CPU"),
                     "name the folder of its backend libraries by MIA_WORKER_BACKENDS");
  }
  return {};
}

record::RuntimeInfo LlamaProvider::identity() {
  record::RuntimeInfo runtime;
  runtime.provider = "llama";
  runtime.version = llama_version_text();
  if (runtime.version.empty() && !ggml_version_text().empty()) {
    runtime.version = "ggml " + ggml_version_text();
  }
  runtime.commit = ggml_commit_text();
  runtime.build_flags = std::string(trim(llama_print_system_info()));
  for (std::size_t i = 0; i < ggml_backend_reg_count(); ++i) {
    runtime.backends.emplace_back(ggml_backend_reg_name(ggml_backend_reg_get(i)));
  }
  for (std::size_t i = 0; i < ggml_backend_dev_count(); ++i) {
    runtime.devices.push_back(describe(ggml_backend_dev_get(i)));
  }
  runtime.capabilities = {"text", "tokens", "warm_up", "inject"};
  for (const std::string_view name : probe_names()) {
    runtime.capabilities.push_back(fmt::format("probe:{}", name));
  }
  if (llama_supports_gpu_offload()) {
    runtime.capabilities.emplace_back("gpu_offload");
  }
  return runtime;
}

}  // namespace mia::worker
