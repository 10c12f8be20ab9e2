// SPDX-License-Identifier: MIT
// Writes small GGUF files for tests, right or wrong on purpose. Knows nothing of the code under test.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mia::model::test {

class GgufBuilder {
 public:
  std::uint32_t version = 3;
  std::uint64_t alignment = 32;

  template <class T>
  static void put(std::string& out, T value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof(T));  // NOLINT: raw bytes are the point
  }
  static void put_text(std::string& out, std::string_view text) {
    put(out, std::uint64_t{text.size()});
    out += text;
  }

  // An entry whose type and value bytes are given.
  GgufBuilder& raw(std::string_view key, std::uint32_t type, std::string_view value) {
    put_text(metadata_, key);
    put(metadata_, type);
    metadata_ += value;
    ++entries_;
    return *this;
  }
  template <class T>
  GgufBuilder& scalar(std::string_view key, std::uint32_t type, T value) {
    std::string bytes;
    put(bytes, value);
    return raw(key, type, bytes);
  }
  GgufBuilder& u32(std::string_view key, std::uint32_t value) { return scalar(key, 4, value); }
  GgufBuilder& u16(std::string_view key, std::uint16_t value) { return scalar(key, 2, value); }
  GgufBuilder& i32(std::string_view key, std::int32_t value) { return scalar(key, 5, value); }
  GgufBuilder& f32(std::string_view key, float value) { return scalar(key, 6, value); }
  GgufBuilder& boolean(std::string_view key, bool value) { return scalar(key, 7, std::uint8_t{value}); }
  GgufBuilder& text(std::string_view key, std::string_view value) {
    std::string bytes;
    put_text(bytes, value);
    return raw(key, 8, bytes);
  }
  GgufBuilder& i32_array(std::string_view key, const std::vector<std::int32_t>& values) {
    std::string bytes;
    put(bytes, std::uint32_t{5});
    put(bytes, std::uint64_t{values.size()});
    for (const std::int32_t value : values) {
      put(bytes, value);
    }
    return raw(key, 9, bytes);
  }
  GgufBuilder& texts(std::string_view key, const std::vector<std::string>& values) {
    std::string bytes;
    put(bytes, std::uint32_t{8});
    put(bytes, std::uint64_t{values.size()});
    for (const std::string& value : values) {
      put_text(bytes, value);
    }
    return raw(key, 9, bytes);
  }

  // `bytes` of data follow the tensor before it at the next aligned offset.
  GgufBuilder& tensor(std::string_view name, const std::vector<std::uint64_t>& shape, std::uint32_t type,
                      std::uint64_t bytes) {
    data_bytes_ = (data_bytes_ + alignment - 1) / alignment * alignment;
    return tensor_at(name, shape, type, std::exchange(data_bytes_, data_bytes_ + bytes));
  }
  GgufBuilder& tensor_at(std::string_view name, const std::vector<std::uint64_t>& shape, std::uint32_t type,
                         std::uint64_t offset) {
    put_text(tensors_, name);
    put(tensors_, static_cast<std::uint32_t>(shape.size()));
    for (const std::uint64_t size : shape) {
      put(tensors_, size);
    }
    put(tensors_, type);
    put(tensors_, offset);
    ++count_;
    return *this;
  }

  [[nodiscard]] std::string header() const {
    std::string out = "GGUF";
    put(out, version);
    put(out, count_);
    put(out, entries_);
    return out + metadata_ + tensors_;
  }
  // Header, padding and zeros as data.
  [[nodiscard]] std::string file() const {
    std::string out = header();
    out.resize((out.size() + alignment - 1) / alignment * alignment + data_bytes_, '\0');
    return out;
  }
  void set_counts(std::uint64_t tensors, std::uint64_t entries) { count_ = tensors, entries_ = entries; }

 private:
  std::string metadata_;
  std::string tensors_;
  std::uint64_t entries_ = 0;
  std::uint64_t count_ = 0;
  std::uint64_t data_bytes_ = 0;
};

inline std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

// A tiny llama: 2 layers, embedding 8, 2 heads of 4, 1 KV head, feed forward 16, vocabulary 10, all F32 but one Q4_0.
inline GgufBuilder tiny_llama() {
  GgufBuilder b;
  b.text("general.architecture", "llama").text("general.name", "Tiny").u32("general.file_type", 2);
  b.u32("llama.block_count", 2).u32("llama.context_length", 128).u32("llama.embedding_length", 8);
  b.u32("llama.attention.head_count", 2).u32("llama.attention.head_count_kv", 1);
  b.f32("llama.attention.layer_norm_rms_epsilon", 1e-5F);
  b.text("tokenizer.ggml.model", "gpt2");
  b.texts("tokenizer.ggml.tokens", {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"});
  b.i32_array("tokenizer.ggml.token_type", {1, 1, 1, 1, 1, 1, 1, 1, 1, 3});
  b.tensor("token_embd.weight", {8, 10}, 0, 8 * 10 * 4);
  for (const std::string block : {"blk.0.", "blk.1."}) {
    b.tensor(block + "attn_norm.weight", {8}, 0, 32);
    b.tensor(block + "attn_q.weight", {8, 8}, 0, 256);
    b.tensor(block + "attn_k.weight", {8, 4}, 0, 128);
    b.tensor(block + "attn_v.weight", {8, 4}, 0, 128);
    b.tensor(block + "attn_output.weight", {8, 8}, 0, 256);
    b.tensor(block + "ffn_norm.weight", {8}, 0, 32);
    b.tensor(block + "ffn_up.weight", {8, 16}, 0, 512);
    b.tensor(block + "ffn_down.weight", {16, 8}, 0, 512);
  }
  b.tensor("output_norm.weight", {8}, 0, 32);
  return b;
}

// The metadata of tiny_llama() without tensors.
inline GgufBuilder tiny_metadata() {
  GgufBuilder b;
  b.text("general.architecture", "llama").text("general.name", "Tiny").u32("general.file_type", 0);
  b.u32("llama.block_count", 2).u32("llama.context_length", 128).u32("llama.embedding_length", 8);
  b.u32("llama.attention.head_count", 2).u32("llama.attention.head_count_kv", 1);
  return b;
}

// What llama-gguf-split writes into each part.
inline GgufBuilder& place_part(GgufBuilder& part, std::uint16_t no, std::uint16_t count, std::int32_t tensors) {
  return part.u16("split.no", no).u16("split.count", count).i32("split.tensors.count", tensors);
}

// A model of 4 tensors (10 * 8 + 64 + 32 + 8 weights) in three parts.
inline std::array<GgufBuilder, 3> tiny_parts() {
  std::array<GgufBuilder, 3> parts{tiny_metadata(), GgufBuilder(), GgufBuilder()};
  for (std::uint16_t i = 0; i < 3; ++i) {
    place_part(parts.at(i), i, 3, 4);
  }
  parts[0].tensor("token_embd.weight", {8, 10}, 0, 320).tensor("output_norm.weight", {8}, 0, 32);
  parts[1].tensor("blk.0.attn_q.weight", {8, 8}, 0, 256);
  parts[2].tensor("blk.1.attn_k.weight", {8, 4}, 0, 128);
  return parts;
}

// A folder of its own that is also XDG_DATA_HOME while it lives.
class TempData {
 public:
  TempData() {
    std::string name = (std::filesystem::temp_directory_path() / "mia-model-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
    const char* const before = std::getenv("XDG_DATA_HOME");
    before_ = before == nullptr ? "" : before;
    ::setenv("XDG_DATA_HOME", path_.c_str(), 1);
  }
  TempData(const TempData&) = delete;
  TempData& operator=(const TempData&) = delete;
  ~TempData() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
    before_.empty() ? ::unsetenv("XDG_DATA_HOME") : ::setenv("XDG_DATA_HOME", before_.c_str(), 1);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::filesystem::path& name, std::string_view content) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }

 private:
  std::filesystem::path path_;
  std::string before_;
};

}  // namespace mia::model::test
