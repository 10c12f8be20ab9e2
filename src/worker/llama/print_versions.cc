// SPDX-License-Identifier: MIT
// Run by CMake (FindRuntime.cmake), so that the worker knows for which libraries it was compiled.
#include <cstdio>

#include "versions.h"

int main() {
  return std::fputs(mia::worker::library_versions().c_str(), stdout) < 0 ? 1 : 0;
}
