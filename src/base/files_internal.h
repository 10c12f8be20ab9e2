// SPDX-License-Identifier: MIT
// Of the base room only: what files.cc needs of the system.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mia {

// Calls `consume` with each piece read; stops on the first failure it returns. Errors as read_file().
[[nodiscard]] Status for_each_piece(const std::filesystem::path& path,
                                    const std::function<Status(std::string_view)>& consume);

// "'x' holds a, b, c and 4 more"
[[nodiscard]] std::string contents_of(const std::filesystem::path& folder);

// What is there and is neither a regular file nor a folder.
[[nodiscard]] bool is_special(const std::filesystem::file_status& there);
[[nodiscard]] Failure is_a_folder(const std::filesystem::path& path);

// Where programs of this account keep their data; empty where there is none.
[[nodiscard]] std::filesystem::path data_home();
[[nodiscard]] std::string why_no_data_home();

}  // namespace mia
