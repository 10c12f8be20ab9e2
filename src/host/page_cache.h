// SPDX-License-Identifier: MIT
// The page cache under the files of a model: measured by mincore, emptied by posix_fadvise, filled by reading.
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "record/trial.h"

namespace mia::host {

// Resident pages at or above this share of all files count as warm.
inline constexpr double kWarmFraction = 0.999;

// Share of the files' pages in the page cache, 0 to 1, without touching any. Error kind `unsupported` where the kernel
// does not tell: since Linux 5.2 mincore calls every page of a file resident unless the caller owns the file or may
// write to it, and such an answer must not pass as a measurement.
[[nodiscard]] Result<double> resident_fraction(const std::vector<std::filesystem::path>& files);

// Does posix_fadvise(DONTNEED) empty the cache on the file system of `path` (a file or a folder)? Tried with a small
// file of our own in that folder; where none can be made, judged by the type of the file system (tmpfs and ramfs never
// evict).
[[nodiscard]] bool can_evict(const std::filesystem::path& path);

// Brings the pages of all files into the asked state ("cold", "warm" or "as-is") and proves it: `state` is cold when
// not one page is resident, warm from kWarmFraction on, otherwise unknown with the fraction. Eviction does not reach
// pages that another process has mapped: that is an unknown state, not an error.
[[nodiscard]] Result<record::CacheProof> prepare_cache(const std::vector<std::filesystem::path>& files,
                                                       std::string_view requested,
                                                       const std::function<bool()>& stop = {});

}  // namespace mia::host
