// SPDX-License-Identifier: MIT
#include "worker/llama/library.h"

#include <dlfcn.h>

namespace mia::worker {

void* sibling_function(const void* address, const char* name) {
  Dl_info info{};
  if (::dladdr(address, &info) == 0 || info.dli_fname == nullptr) {
    return nullptr;
  }
  void* const library = ::dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
  if (library == nullptr) {
    return nullptr;
  }
  void* const found = ::dlsym(library, name);
  ::dlclose(library);  // it was loaded before and stays so
  return found;
}

}  // namespace mia::worker
