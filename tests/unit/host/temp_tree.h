// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "base/files.h"

namespace mia::host {

// A folder of files that is gone at the end of the test; made where the test runs, so on a real file system.
class TempTree {
 public:
  explicit TempTree(std::filesystem::path above = std::filesystem::current_path()) {
    std::string name = (above / "host-test-XXXXXX").string();
    root_ = ::mkdtemp(name.data()) != nullptr ? std::filesystem::path(name) : std::filesystem::path();
    EXPECT_FALSE(root_.empty());
  }
  TempTree(const TempTree&) = delete;
  TempTree& operator=(const TempTree&) = delete;
  ~TempTree() {
    std::error_code code;
    std::filesystem::remove_all(root_, code);
  }

  [[nodiscard]] const std::filesystem::path& root() const { return root_; }
  std::filesystem::path put(const std::string& path, std::string_view content) const {
    EXPECT_TRUE(write_file_atomic(root_ / path, content).has_value()) << path;
    return root_ / path;
  }

 private:
  std::filesystem::path root_;
};

}  // namespace mia::host
