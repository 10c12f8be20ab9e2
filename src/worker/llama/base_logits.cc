// SPDX-License-Identifier: MIT
#include "worker/llama/base_logits.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace mia::worker {
namespace {

template <class T>
bool write_all(std::FILE* file, std::span<const T> values) {
  return std::fwrite(values.data(), sizeof(T), values.size(), file) == values.size();
}

template <class T>
bool read_all(std::FILE* file, std::span<T> values) {
  return std::fread(values.data(), sizeof(T), values.size(), file) == values.size();
}

}  // namespace

Result<LogitsWriter> LogitsWriter::create(const std::string& path, const LogitsShape& shape,
                                          std::span<const llama_token> tokens) {
  const std::int64_t bytes = shape.rows() * shape.n_vocab * static_cast<std::int64_t>(sizeof(float));
  if (bytes > kMaxLogitsFile) {
    return fail(ErrorKind::unsupported, "the base logits would take {} bytes, over {}; ask for fewer chunks", bytes,
                kMaxLogitsFile);
  }
  LogitsWriter writer;
  writer.path_ = path;
  writer.file_.reset(std::fopen(path.c_str(), "wb"));
  if (writer.file_ == nullptr) {
    return fail(ErrorKind::io, "cannot create '{}': {}", path, std::strerror(errno));
  }
  if (!write_all(writer.file_.get(), std::span(&shape, 1)) || !write_all(writer.file_.get(), tokens)) {
    (void)writer.finish();
    return fail(ErrorKind::io, "cannot write '{}': {}", path, std::strerror(errno));
  }
  return writer;
}

bool LogitsWriter::add(std::span<const float> row) {
  return write_all(file_.get(), row);
}

bool LogitsWriter::finish() {
  const bool good = std::ferror(file_.get()) == 0 && std::fflush(file_.get()) == 0;
  file_.reset();
  if (!good) {
    (void)std::remove(path_.c_str());
  }
  return good;
}

Result<LogitsReader> LogitsReader::open(const std::string& path, const LogitsShape& shape,
                                        std::span<const llama_token> tokens) {
  LogitsReader reader;
  reader.file_.reset(std::fopen(path.c_str(), "rb"));
  if (reader.file_ == nullptr) {
    return fail(ErrorKind::io, "cannot open '{}': {}", path, std::strerror(errno));
  }
  LogitsShape found;
  Tokens read(tokens.size());
  if (!read_all(reader.file_.get(), std::span(&found, 1)) || found.magic != shape.magic) {
    return fail(ErrorKind::unsupported, "'{}' is no file of base logits", path);
  }
  if (found != shape || !read_all(reader.file_.get(), std::span(read)) || !std::ranges::equal(read, tokens)) {
    return fail(ErrorKind::unsupported,
                "'{}' was written for another text, vocabulary, n_ctx or number of chunks; write it anew", path);
  }
  return reader;
}

bool LogitsReader::next(std::span<float> row) {
  return read_all(file_.get(), row);
}

}  // namespace mia::worker
