// SPDX-License-Identifier: MIT
#include "model/gguf_writer.h"

#include <array>
#include <bit>
#include <cstring>

namespace mia::model {
namespace {

static_assert(std::endian::native == std::endian::little, "GGUF is written in the byte order of the machine");

template <class T>
void put(std::string& out, T value) {
  std::array<char, sizeof(T)> bytes{};
  std::memcpy(bytes.data(), &value, sizeof(T));
  out.append(bytes.data(), bytes.size());
}

void put_text(std::string& out, std::string_view text) {
  put(out, std::uint64_t{text.size()});
  out += text;
}

}  // namespace

void GgufWriter::key(std::string_view key, GgufType type) {
  put_text(metadata_, key);
  put(metadata_, static_cast<std::uint32_t>(type));
  ++entries_;
}

void GgufWriter::text(std::string_view name, std::string_view value) {
  key(name, GgufType::text);
  put_text(metadata_, value);
}

void GgufWriter::u32(std::string_view name, std::int64_t value) {
  key(name, GgufType::u32);
  put(metadata_, static_cast<std::uint32_t>(value));
}

void GgufWriter::u64(std::string_view name, std::uint64_t value) {
  key(name, GgufType::u64);
  put(metadata_, value);
}

void GgufWriter::f32(std::string_view name, double value) {
  key(name, GgufType::f32);
  put(metadata_, static_cast<float>(value));
}

void GgufWriter::boolean(std::string_view name, bool value) {
  key(name, GgufType::boolean);
  put(metadata_, std::uint8_t{value});
}

void GgufWriter::texts(std::string_view name, const std::vector<std::string>& values) {
  key(name, GgufType::array);
  put(metadata_, static_cast<std::uint32_t>(GgufType::text));
  put(metadata_, std::uint64_t{values.size()});
  for (const std::string& value : values) {
    put_text(metadata_, value);
  }
}

void GgufWriter::i32s(std::string_view name, const std::vector<std::int32_t>& values) {
  key(name, GgufType::array);
  put(metadata_, static_cast<std::uint32_t>(GgufType::i32));
  put(metadata_, std::uint64_t{values.size()});
  for (const std::int32_t value : values) {
    put(metadata_, value);
  }
}

void GgufWriter::raw(std::string_view entry) {
  metadata_ += entry;
  ++entries_;
}

void GgufWriter::tensor(std::string_view name, const std::vector<std::int64_t>& shape, std::uint32_t type,
                        std::int64_t offset) {
  put_text(tensors_, name);
  put(tensors_, static_cast<std::uint32_t>(shape.size()));
  for (const std::int64_t size : shape) {
    put(tensors_, size);
  }
  put(tensors_, type);
  put(tensors_, offset);
  ++count_;
}

std::string GgufWriter::header(std::int64_t alignment) const {
  std::string out = "GGUF";
  put(out, std::uint32_t{3});
  put(out, count_);
  put(out, entries_);
  out += metadata_;
  out += tensors_;
  const auto step = static_cast<std::size_t>(alignment);
  out.resize((out.size() + step - 1) / step * step, '\0');
  return out;
}

}  // namespace mia::model
