// SPDX-License-Identifier: MIT
// Private to the room: a large file that appears whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "base/result.h"

namespace mia::model {

class OutputFile {
 public:
  // A temporary file beside `target` with room for `bytes`; an io error says how much room there is if it is too
  // little.
  [[nodiscard]] static Result<OutputFile> create(const std::filesystem::path& target, std::int64_t bytes);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();  // removes the temporary file unless commit() succeeded

  [[nodiscard]] Status write(std::span<const std::byte> bytes);
  // Flushes to disk and renames to the target.
  [[nodiscard]] Status commit();

 private:
  OutputFile(int fd, std::string temporary, std::filesystem::path target);
  int fd_;
  std::string temporary_;
  std::filesystem::path target_;
};

}  // namespace mia::model
