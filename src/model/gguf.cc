// SPDX-License-Identifier: MIT
#include "model/gguf.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <unordered_set>
#include <utility>

#include "base/text.h"
#include "model/cursor.h"
#include "model/gguf_source.h"
#include "model/not_a_model.h"
#include "model/types.h"

namespace mia::model {
namespace {

constexpr std::int64_t kTextsKept = 16;
constexpr std::int64_t kTextElementKept = 256;
constexpr std::uint32_t kMaxDimensions = 4;
// Name length, number of dimensions, type and offset.
constexpr std::int64_t kLeastTensorBytes = 8 + 4 + 4 + 8;
// Key length, type and one byte of value.
constexpr std::int64_t kLeastEntryBytes = 8 + 4 + 1;

// 0 for text and array, and for numbers that are no type.
std::int64_t size_of(GgufType type) {
  switch (type) {
    case GgufType::u8:
    case GgufType::i8:
    case GgufType::boolean:
      return 1;
    case GgufType::u16:
    case GgufType::i16:
      return 2;
    case GgufType::u32:
    case GgufType::i32:
    case GgufType::f32:
      return 4;
    case GgufType::u64:
    case GgufType::i64:
    case GgufType::f64:
      return 8;
    case GgufType::text:
    case GgufType::array:
      break;
  }
  return 0;
}

template <class T>
T load_as(const std::byte* bytes) {
  T value{};
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

GgufValue decode_scalar(GgufType type, const std::byte* bytes) {
  switch (type) {
    case GgufType::u8:
      return std::int64_t{load_as<std::uint8_t>(bytes)};
    case GgufType::i8:
      return std::int64_t{load_as<std::int8_t>(bytes)};
    case GgufType::u16:
      return std::int64_t{load_as<std::uint16_t>(bytes)};
    case GgufType::i16:
      return std::int64_t{load_as<std::int16_t>(bytes)};
    case GgufType::u32:
      return std::int64_t{load_as<std::uint32_t>(bytes)};
    case GgufType::i32:
      return std::int64_t{load_as<std::int32_t>(bytes)};
    case GgufType::f32:
      return double{load_as<float>(bytes)};
    case GgufType::boolean:
      return load_as<std::uint8_t>(bytes) != 0;
    case GgufType::u64:
      return load_as<std::uint64_t>(bytes);
    case GgufType::i64:
      return load_as<std::int64_t>(bytes);
    case GgufType::f64:
      return load_as<double>(bytes);
    case GgufType::text:
    case GgufType::array:
      break;
  }
  return false;
}

double to_double(const GgufValue& value) {
  if (const auto* const number = std::get_if<double>(&value)) {
    return *number;
  }
  if (const auto* const number = std::get_if<std::int64_t>(&value)) {
    return static_cast<double>(*number);
  }
  if (const auto* const number = std::get_if<std::uint64_t>(&value)) {
    return static_cast<double>(*number);
  }
  const auto* const flag = std::get_if<bool>(&value);
  return flag != nullptr && *flag ? 1.0 : 0.0;
}

class Parser {
 public:
  Parser(ByteSource& source, std::string name)
      : source_(source), name_(std::move(name)), cursor_(source, name_, kMaxHeaderBytes), file_bytes_(source.size()) {}

  Result<GgufFile> parse() {
    file_.file_bytes = file_bytes_;
    MIA_TRY(parse_magic());
    MIA_TRY_ASSIGN(const std::int64_t tensors, parse_count("number of tensors", kLeastTensorBytes, kMaxTensors));
    MIA_TRY_ASSIGN(const std::int64_t entries,
                   parse_count("number of metadata entries", kLeastEntryBytes, kMaxMetadata));
    for (std::int64_t i = 0; i < entries; ++i) {
      MIA_TRY(parse_entry());
    }
    MIA_TRY(parse_alignment());
    for (std::int64_t i = 0; i < tensors; ++i) {
      MIA_TRY(parse_tensor());
    }
    MIA_TRY(place_data());
    // Size and header together tell apart a whole file and the same file with data cut off or appended.
    file_.header_hash = hash_of(fmt::format("{} {}", cursor_.header_hash(), file_bytes_));
    return std::move(file_);
  }

 private:
  static std::string hash_of(std::string_view text) {
    Hasher hasher;
    hasher.add(std::as_bytes(std::span(text)));
    return hasher.hex();
  }

  Status parse_magic() {
    std::string head(kHeadBytes, '\0');
    MIA_TRY_ASSIGN(const std::size_t count, source_.read_at(0, std::as_writable_bytes(std::span(head))));
    head.resize(count);
    if (!head.starts_with("GGUF")) {
      return name_foreign_file(head, file_bytes_, name_)
          .value_or(cursor_.broken_at(0, "it does not begin with 'GGUF'"));
    }
    MIA_TRY(cursor_.skip(4, "magic"));
    MIA_TRY_ASSIGN(file_.version, cursor_.u32("version"));
    // Versions are small: set upper halves come from a file in the other byte order.
    if ((file_.version & 0xffffU) == 0 && file_.version != 0) {
      return with_hint(refuse("it is big endian, and only little endian files can be read"),
                       "get the little endian file, or turn it with gguf-py's gguf_convert_endian.py");
    }
    if (file_.version < 2 || file_.version > 3) {
      return with_hint(refuse(fmt::format("GGUF version {} is not supported, only 2 and 3", file_.version)),
                       file_.version == 1 ? "get a newer file of this model" : "update mia-perf");
    }
    return {};
  }

  Failure refuse(std::string_view why) const {
    Failure failure = cursor_.broken_at(4, why);
    failure.error.kind = ErrorKind::unsupported;
    return failure;
  }

  Result<std::int64_t> parse_count(std::string_view what, std::int64_t least_bytes, std::int64_t most) {
    MIA_TRY_ASSIGN(const std::uint64_t count, cursor_.u64(what));
    MIA_TRY(cursor_.require(count, least_bytes, what));
    if (count > static_cast<std::uint64_t>(most)) {
      return cursor_.broken(fmt::format("{} is {}, more than the {} that are supported", what, count, most));
    }
    return static_cast<std::int64_t>(count);
  }

  // Everything that stays in memory is counted, so that many small entries are bounded as well as one large one.
  Status keep(std::int64_t bytes) {
    kept_ += bytes;
    if (kept_ > kMaxKeptBytes) {
      return cursor_.broken(fmt::format("names and values need more than {} bytes", kMaxKeptBytes));
    }
    return {};
  }

  Result<std::string> parse_name(std::string_view what) {
    const std::int64_t start = cursor_.position();
    MIA_TRY_ASSIGN(std::string name, cursor_.text(kMaxNameBytes + 1, what));
    if (name.empty() || static_cast<std::int64_t>(name.size()) > kMaxNameBytes) {
      return cursor_.broken_at(start, fmt::format("{} is {}", what, name.empty() ? "empty" : "too long"));
    }
    MIA_TRY(keep(static_cast<std::int64_t>(name.size())));
    return name;
  }

  Result<GgufType> parse_type(std::string_view key) {
    MIA_TRY_ASSIGN(const std::uint32_t raw, cursor_.u32("type of a value"));
    if (raw > static_cast<std::uint32_t>(GgufType::f64)) {
      return cursor_.broken(fmt::format("value of '{}' has unknown type {}", one_line(key, 100), raw));
    }
    return static_cast<GgufType>(raw);
  }

  Status parse_entry() {
    GgufEntry entry;
    entry.offset = cursor_.position();
    MIA_TRY_ASSIGN(entry.key, parse_name("key of a metadata entry"));
    if (!keys_.insert(entry.key).second) {
      return cursor_.broken_at(entry.offset, fmt::format("key '{}' appears twice", one_line(entry.key, 100)));
    }
    MIA_TRY_ASSIGN(entry.type, parse_type(entry.key));
    MIA_TRY_ASSIGN(entry.value, parse_value(entry.type, entry.key));
    entry.bytes = cursor_.position() - entry.offset;
    file_.metadata.push_back(std::move(entry));
    return {};
  }

  Result<GgufValue> parse_value(GgufType type, std::string_view key) {
    if (type == GgufType::text) {
      MIA_TRY_ASSIGN(std::string text, cursor_.text(kMaxStringKept, fmt::format("text of '{}'", one_line(key, 100))));
      MIA_TRY(keep(static_cast<std::int64_t>(text.size())));
      return GgufValue(std::move(text));
    }
    if (type == GgufType::array) {
      MIA_TRY_ASSIGN(GgufArray array, parse_array(key));
      return GgufValue(std::move(array));
    }
    return parse_scalar(type);
  }

  Result<GgufValue> parse_scalar(GgufType type) {
    std::array<std::byte, 8> bytes{};
    MIA_TRY(cursor_.read(std::span(bytes).first(static_cast<std::size_t>(size_of(type))), "value of a metadata entry"));
    return decode_scalar(type, bytes.data());
  }

  Result<GgufArray> parse_array(std::string_view key) {
    GgufArray array;
    MIA_TRY_ASSIGN(array.type, parse_type(key));
    if (array.type == GgufType::array) {
      return cursor_.broken(fmt::format("'{}' is an array of arrays, which is not supported", one_line(key, 100)));
    }
    const std::int64_t size = size_of(array.type);
    MIA_TRY_ASSIGN(const std::uint64_t count, cursor_.u64("length of an array"));
    MIA_TRY(cursor_.require(count, size == 0 ? 8 : size, "length of an array"));
    array.count = static_cast<std::int64_t>(count);
    cursor_.begin_hash();
    MIA_TRY(size == 0 ? parse_texts(array) : parse_numbers(array, size));
    array.hash = cursor_.end_hash();
    return array;
  }

  Status parse_numbers(GgufArray& array, std::int64_t size) {
    const std::int64_t kept = std::min(array.count, kMaxElementsKept);
    MIA_TRY(keep(kept * 8));
    for (std::int64_t i = 0; i < kept; ++i) {
      MIA_TRY_ASSIGN(const GgufValue value, parse_scalar(array.type));
      array.numbers.push_back(to_double(value));
    }
    return cursor_.skip((array.count - kept) * size, "elements of an array");
  }

  Status parse_texts(GgufArray& array) {
    for (std::int64_t i = 0; i < array.count; ++i) {
      const bool kept = i < kTextsKept;
      MIA_TRY_ASSIGN(std::string text, cursor_.text(kept ? kTextElementKept : 0, "element of an array"));
      if (kept) {
        MIA_TRY(keep(static_cast<std::int64_t>(text.size())));
        array.texts.push_back(std::move(text));
      }
    }
    return {};
  }

  Status parse_alignment() {
    const GgufEntry* const entry = file_.find("general.alignment");
    if (entry == nullptr) {
      return {};
    }
    const std::optional<std::int64_t> value = file_.get_int("general.alignment");
    if (entry->type != GgufType::u32 || !value || *value <= 0 || (*value & (*value - 1)) != 0) {
      return cursor_.broken_at(entry->offset, "general.alignment is no 32 bit power of two");
    }
    file_.alignment = *value;
    return {};
  }

  Status parse_tensor() {
    const std::int64_t start = cursor_.position();
    GgufTensor tensor;
    MIA_TRY_ASSIGN(tensor.name, parse_name("name of a tensor"));
    if (!names_.insert(tensor.name).second) {
      return cursor_.broken_at(start, fmt::format("tensor '{}' appears twice", one_line(tensor.name, 100)));
    }
    MIA_TRY_ASSIGN(const std::uint32_t dimensions, cursor_.u32("number of dimensions"));
    if (dimensions > kMaxDimensions) {
      return cursor_.broken_at(start, fmt::format("tensor '{}' has {} dimensions, more than {}",
                                                  one_line(tensor.name, 100), dimensions, kMaxDimensions));
    }
    for (std::uint32_t i = 0; i < dimensions; ++i) {
      MIA_TRY_ASSIGN(const std::uint64_t size, cursor_.u64("dimension of a tensor"));
      tensor.shape.push_back(static_cast<std::int64_t>(size));
    }
    MIA_TRY_ASSIGN(tensor.type, cursor_.u32("type of a tensor"));
    MIA_TRY_ASSIGN(const std::uint64_t offset, cursor_.u64("offset of a tensor"));
    tensor.offset = static_cast<std::int64_t>(offset);
    if (const std::string why = size_tensor(tensor); !why.empty()) {
      return cursor_.broken_at(start, fmt::format("tensor '{}' {}", one_line(tensor.name, 100), why));
    }
    file_.tensors.push_back(std::move(tensor));
    return {};
  }

  // Sets `bytes`; gives what is wrong, or "".
  std::string size_tensor(GgufTensor& tensor) const {
    const TensorType* const type = find_type(tensor.type);
    if (type == nullptr) {
      return fmt::format("has unknown type {}", tensor.type);
    }
    std::int64_t elements = 1;
    for (const std::int64_t size : tensor.shape) {
      if (size < 1 || __builtin_mul_overflow(elements, size, &elements)) {
        return "has dimensions that are not positive or overflow";
      }
    }
    const std::int64_t row = tensor.shape.empty() ? 1 : tensor.shape.front();
    const std::optional<std::int64_t> bytes = row_bytes(*type, row);
    if (!bytes) {
      return fmt::format("has rows of {} elements, no multiple of the {} in a block of {}", row, type->block,
                         type->name);
    }
    if (__builtin_mul_overflow(*bytes, elements / row, &tensor.bytes)) {
      return "has a size in bytes that overflows";
    }
    if (tensor.offset < 0 || tensor.offset % file_.alignment != 0) {
      return fmt::format("has offset {}, no multiple of the alignment {}", static_cast<std::uint64_t>(tensor.offset),
                         file_.alignment);
    }
    return {};
  }

  // The data section begins at the next multiple of the alignment; every tensor lies inside the file, none on another.
  Status place_data() {
    const std::int64_t header = cursor_.position();
    file_.data_offset = header;
    if (file_.tensors.empty()) {
      return {};
    }
    file_.data_offset += (file_.alignment - header % file_.alignment) % file_.alignment;
    std::vector<const GgufTensor*> order;
    for (const GgufTensor& tensor : file_.tensors) {
      order.push_back(&tensor);
    }
    std::sort(order.begin(), order.end(),
              [](const GgufTensor* a, const GgufTensor* b) { return a->offset < b->offset; });
    const std::int64_t room = file_bytes_ - file_.data_offset;
    std::int64_t end = 0;
    for (const GgufTensor* const tensor : order) {
      if (tensor->offset > room || tensor->bytes > room - tensor->offset) {
        return cursor_.broken(
            fmt::format("data of tensor '{}' ends {} bytes past the end of the file; it is incomplete",
                        one_line(tensor->name, 100), past(*tensor, room)));
      }
      if (tensor->offset < end) {
        return cursor_.broken(fmt::format("data of tensor '{}' overlaps another", one_line(tensor->name, 100)));
      }
      end = tensor->offset + tensor->bytes;
    }
    return {};
  }

  static std::uint64_t past(const GgufTensor& tensor, std::int64_t room) {
    return static_cast<std::uint64_t>(tensor.offset) + static_cast<std::uint64_t>(tensor.bytes) -
           static_cast<std::uint64_t>(room);
  }

  ByteSource& source_;
  std::string name_;
  Cursor cursor_;
  std::int64_t file_bytes_;
  std::int64_t kept_ = 0;
  GgufFile file_;
  std::unordered_set<std::string> keys_;
  std::unordered_set<std::string> names_;
};

class MemorySource : public ByteSource {
 public:
  MemorySource(std::span<const std::byte> bytes, std::int64_t size) : bytes_(bytes), size_(size) {}
  [[nodiscard]] std::int64_t size() const override { return size_; }
  [[nodiscard]] Result<std::size_t> read_at(std::int64_t offset, std::span<std::byte> out) override {
    const auto start = std::min(static_cast<std::size_t>(offset), bytes_.size());
    const auto piece = bytes_.subspan(start, std::min(out.size(), bytes_.size() - start));
    std::copy(piece.begin(), piece.end(), out.begin());
    return piece.size();
  }

 private:
  std::span<const std::byte> bytes_;
  std::int64_t size_;
};

}  // namespace

std::int64_t GgufTensor::elements() const {
  std::int64_t product = 1;
  for (const std::int64_t size : shape) {
    product *= size;
  }
  return product;
}

const GgufEntry* GgufFile::find(std::string_view key) const {
  const auto found = std::find_if(metadata.begin(), metadata.end(), [&](const GgufEntry& e) { return e.key == key; });
  return found == metadata.end() ? nullptr : &*found;
}

std::optional<std::int64_t> GgufFile::get_int(std::string_view key) const {
  const GgufEntry* const entry = find(key);
  if (entry == nullptr) {
    return std::nullopt;
  }
  if (const auto* const value = std::get_if<std::int64_t>(&entry->value)) {
    return *value;
  }
  const auto* const wide = std::get_if<std::uint64_t>(&entry->value);
  return wide != nullptr && std::in_range<std::int64_t>(*wide) ? std::optional(static_cast<std::int64_t>(*wide))
                                                               : std::nullopt;
}

std::optional<double> GgufFile::get_double(std::string_view key) const {
  const GgufEntry* const entry = find(key);
  if (entry == nullptr || entry->type == GgufType::boolean || size_of(entry->type) == 0) {
    return std::nullopt;
  }
  return to_double(entry->value);
}

std::optional<bool> GgufFile::get_bool(std::string_view key) const {
  const GgufEntry* const entry = find(key);
  const bool* const value = entry == nullptr ? nullptr : std::get_if<bool>(&entry->value);
  return value == nullptr ? std::nullopt : std::optional(*value);
}

std::optional<std::string> GgufFile::get_string(std::string_view key) const {
  const GgufEntry* const entry = find(key);
  const auto* const value = entry == nullptr ? nullptr : std::get_if<std::string>(&entry->value);
  return value == nullptr ? std::nullopt : std::optional(*value);
}

const GgufArray* GgufFile::get_array(std::string_view key) const {
  const GgufEntry* const entry = find(key);
  return entry == nullptr ? nullptr : std::get_if<GgufArray>(&entry->value);
}

const GgufTensor* GgufFile::find_tensor(std::string_view name) const {
  const auto found = std::find_if(tensors.begin(), tensors.end(), [&](const GgufTensor& t) { return t.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

Result<GgufFile> read_gguf(const std::filesystem::path& path) {
  MIA_TRY_ASSIGN(const std::unique_ptr<ByteSource> source, open_source(path));
  return Parser(*source, path.string()).parse();
}

Result<GgufFile> parse_gguf(std::span<const std::byte> bytes, std::string_view name,
                            std::optional<std::int64_t> file_bytes) {
  MemorySource source(bytes, file_bytes.value_or(static_cast<std::int64_t>(bytes.size())));
  return Parser(source, std::string(name)).parse();
}

}  // namespace mia::model
