// SPDX-License-Identifier: MIT
// A file of log probabilities that one model wrote and another is compared with. Native byte order; both sides are on
// one machine. Header, then the tokens of all windows, then one row of `n_vocab` floats for each scored position.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>

#include <llama.h>

#include "base/result.h"
#include "worker/llama/tokens.h"

namespace mia::worker {

struct LogitsShape {
  std::array<char, 8> magic{'M', 'I', 'A', 'L', 'O', 'G', 'P', '1'};
  std::int64_t n_vocab = 0;
  std::int64_t n_ctx = 0;
  std::int64_t chunks = 0;

  // Scored positions of all windows.
  [[nodiscard]] std::int64_t rows() const { return chunks * (n_ctx - 1 - n_ctx / 2); }
  [[nodiscard]] bool operator==(const LogitsShape&) const = default;
};

inline constexpr std::int64_t kMaxLogitsFile = std::int64_t{4} << 30;

struct CloseFile {
  void operator()(std::FILE* file) const { (void)std::fclose(file); }
};

class LogitsWriter {
 public:
  // Error kind io, or unsupported when the file would be over 4 GiB.
  [[nodiscard]] static Result<LogitsWriter> create(const std::string& path, const LogitsShape& shape,
                                                   std::span<const llama_token> tokens);
  [[nodiscard]] bool add(std::span<const float> row);
  // False when anything could not be written; the file is gone then.
  [[nodiscard]] bool finish();

 private:
  std::string path_;
  std::unique_ptr<std::FILE, CloseFile> file_;
};

class LogitsReader {
 public:
  // Error kind unsupported unless the file was written for the same shape and the same tokens.
  [[nodiscard]] static Result<LogitsReader> open(const std::string& path, const LogitsShape& shape,
                                                 std::span<const llama_token> tokens);
  [[nodiscard]] bool next(std::span<float> row);

 private:
  std::unique_ptr<std::FILE, CloseFile> file_;
};

}  // namespace mia::worker
