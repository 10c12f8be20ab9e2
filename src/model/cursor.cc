// SPDX-License-Identifier: MIT
#include "model/cursor.h"

#include <algorithm>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/text.h"

namespace mia::model {
namespace {
constexpr std::size_t kBuffer = std::size_t{64} << 10U;
}

struct Hasher::State {
  XXH3_state_t xxh;
};

Hasher::Hasher() : state_(std::make_unique<State>()) {
  reset();
}

Hasher::~Hasher() = default;

void Hasher::reset() {
  XXH3_64bits_reset(&state_->xxh);
}

void Hasher::add(std::span<const std::byte> bytes) {
  XXH3_64bits_update(&state_->xxh, bytes.data(), bytes.size());
}

std::string Hasher::hex() const {
  return fmt::format("{:016x}", XXH3_64bits_digest(&state_->xxh));
}

Cursor::Cursor(ByteSource& source, std::string name, std::int64_t limit)
    : source_(source), name_(std::move(name)), limit_(std::min(limit, source.size())), buffer_(kBuffer) {}

std::int64_t Cursor::left() const {
  return limit_ - position_;
}

Failure Cursor::broken_at(std::int64_t offset, std::string_view text) const {
  return fail(ErrorKind::protocol, "'{}' is not a valid GGUF file: {} (byte {})", one_line(name_), text, offset);
}

Status Cursor::require(std::uint64_t count, std::int64_t size, std::string_view what) const {
  if (count > static_cast<std::uint64_t>(left() / size)) {
    const std::string_view why = limit_ < source_.size() ? "bytes that a header may have" : "bytes left in the file";
    return broken(fmt::format("{} of {} cannot fit into the {} {}", what, count, left(), why));
  }
  return {};
}

Status Cursor::fill() {
  const auto wanted = static_cast<std::size_t>(std::min<std::int64_t>(left(), static_cast<std::int64_t>(kBuffer)));
  MIA_TRY_ASSIGN(valid_, source_.read_at(position_, std::span(buffer_).first(wanted)));
  used_ = 0;
  if (valid_ == 0) {
    return broken("the file ended while it was read");
  }
  return {};
}

template <class Take>
Status Cursor::take(std::int64_t bytes, std::string_view what, Take take) {
  if (bytes > left()) {
    return require(static_cast<std::uint64_t>(bytes), 1, what);
  }
  while (bytes > 0) {
    if (used_ == valid_) {
      MIA_TRY(fill());
    }
    const auto count = std::min(valid_ - used_, static_cast<std::size_t>(bytes));
    const std::span<const std::byte> piece = std::span(buffer_).subspan(used_, count);
    outer_.add(piece);
    if (inner_active_) {
      inner_.add(piece);
    }
    take(piece);
    used_ += count;
    position_ += static_cast<std::int64_t>(count);
    bytes -= static_cast<std::int64_t>(count);
  }
  return {};
}

Status Cursor::read(std::span<std::byte> out, std::string_view what) {
  std::size_t done = 0;
  return take(static_cast<std::int64_t>(out.size()), what, [&](std::span<const std::byte> piece) {
    std::memcpy(out.data() + done, piece.data(), piece.size());
    done += piece.size();
  });
}

Status Cursor::skip(std::int64_t bytes, std::string_view what) {
  return take(bytes, what, [](std::span<const std::byte>) {});
}

Result<std::uint32_t> Cursor::u32(std::string_view what) {
  std::uint32_t value = 0;
  MIA_TRY(read(std::as_writable_bytes(std::span(&value, 1)), what));
  return value;
}

Result<std::uint64_t> Cursor::u64(std::string_view what) {
  std::uint64_t value = 0;
  MIA_TRY(read(std::as_writable_bytes(std::span(&value, 1)), what));
  return value;
}

Result<std::string> Cursor::text(std::int64_t keep, std::string_view what) {
  MIA_TRY_ASSIGN(const std::uint64_t length, u64(what));
  MIA_TRY(require(length, 1, fmt::format("length of {}", what)));
  const auto bytes = static_cast<std::int64_t>(length);
  std::string kept(static_cast<std::size_t>(std::min(bytes, keep)), '\0');
  MIA_TRY(read(std::as_writable_bytes(std::span(kept)), what));
  MIA_TRY(skip(bytes - static_cast<std::int64_t>(kept.size()), what));
  return kept;
}

std::string Cursor::end_hash() {
  inner_active_ = false;
  return inner_.hex();
}

}  // namespace mia::model
