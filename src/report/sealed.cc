// SPDX-License-Identifier: MIT
#include "report/sealed.h"

#include <algorithm>
#include <array>
#include <memory>

#include <zlib.h>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/text.h"

namespace mia::report {
namespace {

constexpr const char* kHash = "content_hash";
constexpr JsonLimits kLimits{.bytes = std::size_t{512} << 20U, .depth = 32};  // a long session's is large

Result<std::string> read_text(const std::filesystem::path& path) {
  MIA_TRY_ASSIGN(std::string text, read_file(path, kLimits.bytes));
  const bool is_packed = path.extension() == ".gz" || text.starts_with("\x1f\x8b");
  return is_packed ? unpack_gzip(text, kLimits.bytes) : Result<std::string>(std::move(text));
}

}  // namespace

void seal(Json& document) {
  document.erase(kHash);
  document[kHash] = hash_hex(dump_json(document));
}

bool is_intact(const Json& document) {
  Json again = document;
  if (!get_string(document, kHash)) {
    return false;
  }
  seal(again);
  return again[kHash] == document[kHash];
}

Result<std::string> unpack_gzip(std::string_view bytes, std::size_t limit) {
  constexpr int kGzipOnly = 16 + MAX_WBITS;
  z_stream stream{};
  if (inflateInit2(&stream, kGzipOnly) != Z_OK) {
    return fail(ErrorKind::internal, "zlib cannot be started");
  }
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
  // zlib asks for a mutable pointer and writes nothing there.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // NOLINT: see above
  stream.avail_in = static_cast<uInt>(bytes.size());                           // read_file() bounds it far below 4 GiB
  std::string text;
  std::string piece(std::size_t{1} << 20U, '\0');
  int state = Z_OK;
  while (state == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());  // NOLINT: zlib counts in bytes
    stream.avail_out = static_cast<uInt>(piece.size());
    state = inflate(&stream, Z_NO_FLUSH);
    text.append(piece, 0, piece.size() - stream.avail_out);
    if (text.size() > limit) {
      return fail(ErrorKind::protocol, "it unpacks to more than the {} that are read",
                  human_bytes(static_cast<std::int64_t>(limit)));
    }
  }
  if (state == Z_BUF_ERROR) {
    return fail(ErrorKind::protocol, "its gzip data are cut off after {}",
                human_bytes(static_cast<std::int64_t>(bytes.size())));
  }
  if (state != Z_STREAM_END) {
    return fail(ErrorKind::protocol, "its gzip data are damaged ({})",
                stream.msg == nullptr ? "no reason" : stream.msg);
  }
  if (stream.avail_in != 0) {
    return fail(ErrorKind::protocol, "its gzip data are followed by {}", human_bytes(stream.avail_in));
  }
  return text;
}

Result<Json> read_document(const std::filesystem::path& path, std::string_view what, const std::string& hint) {
  const std::string name = fmt::format("the {} '{}'", what, one_line(path.string(), 300));
  const auto text = read_text(path);
  if (!text && text.error().kind != ErrorKind::protocol) {
    return text.failure();  // says the name of the file itself
  }
  auto document = context(text ? parse_json(*text, kLimits) : Result<Json>(text.failure()), name);
  return document ? std::move(document) : with_hint(document.failure(), hint);
}

}  // namespace mia::report
