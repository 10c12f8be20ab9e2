// SPDX-License-Identifier: MIT
// The machine, the runtime and the model a measurement belongs to. Unknown is nullopt or an empty list.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "record/members.h"

namespace mia::record {

struct Field;
struct Settings;

struct CacheLevel {
  std::int64_t level = 0;
  std::int64_t bytes = 0;
  std::int64_t count = 0;  // how many of them the machine has
};
MIA_MEMBERS(CacheLevel, level, bytes, count)

struct GpuInfo {
  std::string name;
  std::int64_t memory_bytes = 0;
  std::string driver;
  std::string driver_cuda;  // newest CUDA that the driver runs, "13.0"
  std::optional<bool> ecc;
};
MIA_MEMBERS(GpuInfo, name, memory_bytes, driver, driver_cuda, ecc)

struct Machine {
  std::string hostname;
  std::string os;  // "Debian GNU/Linux 12 (bookworm)"
  std::string kernel;
  std::string cpu_model;
  std::optional<std::int64_t> logical_cpus;
  std::optional<std::int64_t> physical_cores;
  std::optional<std::int64_t> performance_cores;  // of several kinds of cores those of the fastest; else nullopt
  std::optional<std::int64_t> numa_nodes;
  std::optional<std::int64_t> allowed_cpus;   // affinity and cgroup: what we may use
  std::optional<std::int64_t> allowed_cores;  // physical ones among them
  std::optional<std::int64_t> allowed_performance_cores;
  std::vector<CacheLevel> caches;
  std::optional<std::int64_t> memory_bytes;
  std::optional<std::int64_t> memory_limit_bytes;  // cgroup
  std::string governor;
  std::string virtualization;  // "kvm", "firecracker", "" none seen
  std::vector<GpuInfo> gpus;
  std::string fingerprint;  // hash of what makes two machines comparable: CPU, cores, memory, GPUs
};
MIA_MEMBERS(Machine, hostname, os, kernel, cpu_model, logical_cpus, physical_cores, performance_cores, numa_nodes,
            allowed_cpus, allowed_cores, allowed_performance_cores, memory_bytes, memory_limit_bytes, governor,
            virtualization, fingerprint, caches, gpus)

struct Device {
  std::string name;  // "CPU", "CUDA0"
  std::string description;
  std::string type;  // cpu | gpu | igpu | accel
  std::optional<std::int64_t> memory_total_bytes;
  std::optional<std::int64_t> memory_free_bytes;
  std::string bus_id;  // PCI "0000:c1:00.0", "" where the runtime does not say
};
MIA_MEMBERS(Device, name, description, type, memory_total_bytes, memory_free_bytes, bus_id)

[[nodiscard]] bool is_gpu(const Device& device);  // one with memory of its own, or one that shares the CPU's

// One runtime as its worker sees it.
struct RuntimeInfo {
  std::string name;
  std::string provider = "llama";  // for people and as a class of runtimes; decisions look at what it is and can
  std::string prefix;
  std::string worker;   // path of the worker: compiled for it, or of a server our own client
  std::string program;  // of a server: its path, or the address of one that runs; else ""
  std::string version;  // llama.cpp's own version text
  std::string commit;
  std::string package;      // "llama-cpp-python 0.3.36", "" if it is not a package
  std::string build_flags;  // system info
  std::vector<std::string> backends;
  std::vector<Device> devices;
  std::vector<std::string> library_hashes;  // "libllama.so 1a2b..."
  std::vector<std::string> capabilities;    // what it can be asked for: "tokens", "probe:logits"
  // What it is. A record or a greeting that does not say is of a libllama: all of them hold.
  bool model_file = true;   // load reads a file of this machine: it must be there, its pages are made cold or warm
  bool real_time = true;    // what it does takes this machine's time, which other load disturbs
  bool load_phase = true;   // load loads; otherwise the model is there already and a load has no time
  bool own_process = true;  // what works is the worker or its child, so its CPU time and memory are seen
  // Rows of llm.primary, and ignore_eos, by their names: those that can be asked for. null: all.
  std::optional<std::vector<std::string>> takes;
  std::string installed;  // UTC
};
MIA_MEMBERS(RuntimeInfo, name, provider, prefix, worker, program, version, commit, package, build_flags, backends,
            library_hashes, capabilities, model_file, real_time, load_phase, own_process, takes, installed, devices)
[[nodiscard]] bool can(const RuntimeInfo& runtime, std::string_view capability);
[[nodiscard]] bool takes(const RuntimeInfo& runtime, const Field& field);
// The first setting that is asked for, off its default, and that the runtime does not take; nullptr: none.
[[nodiscard]] const Field* not_taken(const RuntimeInfo& runtime, const Settings& settings);

// What the scripted worker says of itself, and what is known of it before it is started.
[[nodiscard]] RuntimeInfo scripted_runtime();

struct TensorGroup {
  std::string name;  // "attention", "ffn", "shared experts", "experts", "embedding", "output", "norm", "other"
  std::int64_t tensors = 0;
  std::int64_t bytes = 0;            // in the file
  std::int64_t bytes_per_token = 0;  // read to decode one token
  std::int64_t multiply_adds = 0;    // per decoded token
};
MIA_MEMBERS(TensorGroup, name, tensors, bytes, bytes_per_token, multiply_adds)

struct TensorTypeCount {
  std::string type;  // "Q4_1"
  std::int64_t tensors = 0;
  std::int64_t bytes = 0;
};
MIA_MEMBERS(TensorTypeCount, type, tensors, bytes)

struct ModelInfo {
  std::string id;                  // catalogue id, or the file's stem without the number of a part
  std::string path;                // what the runtime loads: of a model in several files the first
  std::vector<std::string> parts;  // every file of one in several, the first included; else empty
  std::int64_t file_bytes = 0;     // of all of them
  std::string architecture;
  std::string kind;          // decoder | encoder | encoder-decoder | embedding | reranker
  std::string display_name;  // general.name
  std::string quantization;  // from general.file_type, e.g. "Q4_1"
  std::string tokenizer;     // tokenizer.ggml.model
  std::optional<std::int64_t> vocabulary;
  std::string tokenizer_hash;  // equal hashes: the same tokens mean the same
  std::optional<std::int64_t> layers;
  std::optional<std::int64_t> context;
  std::optional<std::int64_t> embedding;
  std::optional<std::int64_t> heads;
  std::optional<std::int64_t> kv_heads;
  std::optional<std::int64_t> experts;
  std::optional<std::int64_t> experts_used;
  std::int64_t parameters = 0;
  std::int64_t tensor_bytes = 0;
  std::int64_t bytes_per_token = 0;                       // weights read to decode one token at depth 0
  std::int64_t kv_bytes_per_position = 0;                 // f16 K and V read for each position of depth
  std::optional<std::int64_t> sliding_window;             // positions that windowed layers attend to
  std::vector<std::int64_t> window_layers;                // which, counted from 0
  std::int64_t kv_window_bytes_per_position = 0;          // the windowed layers' part of kv_bytes_per_position
  std::int64_t kv_multiply_adds_per_position = 0;         // attention over each position of depth
  std::int64_t kv_window_multiply_adds_per_position = 0;  // the windowed layers' part of it
  std::int64_t multiply_adds = 0;                         // per decoded token at depth 0
  bool synthetic = false;
  std::vector<TensorTypeCount> types;
  std::vector<TensorGroup> groups;
  std::string header_hash;  // identity of the model: hash of the file's header and size
};
MIA_MEMBERS(ModelInfo, id, path, parts, file_bytes, architecture, kind, display_name, quantization, tokenizer,
            vocabulary, tokenizer_hash, layers, context, embedding, heads, kv_heads, experts, experts_used, parameters,
            tensor_bytes, bytes_per_token, kv_bytes_per_position, sliding_window, window_layers,
            kv_window_bytes_per_position, kv_multiply_adds_per_position, kv_window_multiply_adds_per_position,
            multiply_adds, synthetic, header_hash, types, groups)

// Does it write tokens by its decoder alone? Only such a model is measured.
[[nodiscard]] bool is_decoder(const ModelInfo& model);
// The files that hold the model, at least one.
[[nodiscard]] std::vector<std::filesystem::path> files_of(const ModelInfo& model);

[[nodiscard]] Json to_json(const Machine& machine);
[[nodiscard]] Result<Machine> machine_from_json(const Json& json);
[[nodiscard]] Json to_json(const RuntimeInfo& runtime);
[[nodiscard]] Result<RuntimeInfo> runtime_from_json(const Json& json);
[[nodiscard]] Json to_json(const ModelInfo& model);
[[nodiscard]] Result<ModelInfo> model_from_json(const Json& json);

}  // namespace mia::record
