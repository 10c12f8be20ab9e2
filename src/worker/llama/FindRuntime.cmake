# The runtime to compile against: target mia_llama, MIA_LLAMA_LIBRARY_DIR, MIA_LLAMA_DEFINITIONS (what its headers have)
# and MIA_LLAMA_BUILT_FOR (what its libraries say of themselves now; the worker compares at start).
include(CheckCXXSourceCompiles)

add_library(mia_llama INTERFACE IMPORTED)
if(MIA_LLAMA_PREFIX AND NOT MIA_LLAMA_INCLUDE AND NOT MIA_LLAMA_LIBDIR)
  find_package(llama CONFIG QUIET PATHS ${MIA_LLAMA_PREFIX} PATH_SUFFIXES lib/cmake/llama lib64/cmake/llama
    NO_DEFAULT_PATH)
endif()
if(llama_FOUND)
  # The package asks for a C standard, which the C++-only projects of the checks below cannot grant.
  foreach(target llama ${_ggml_all_targets})
    set_target_properties(${target} PROPERTIES INTERFACE_COMPILE_FEATURES "")
  endforeach()
  target_link_libraries(mia_llama INTERFACE llama)
  set(MIA_LLAMA_LIBRARY_DIR ${LLAMA_LIB_DIR})
else()
  find_path(MIA_LLAMA_HEADERS llama.h REQUIRED NO_DEFAULT_PATH
    HINTS ${MIA_LLAMA_INCLUDE} ${MIA_LLAMA_PREFIX}/include)
  foreach(library llama ggml ggml-base ggml-cpu)
    find_library(MIA_LIBRARY_${library} NAMES ${library} lib${library}.so.0 NO_DEFAULT_PATH
      HINTS ${MIA_LLAMA_LIBDIR} ${MIA_LLAMA_PREFIX}/lib ${MIA_LLAMA_PREFIX}/lib64 ${MIA_LLAMA_PREFIX}/bin)
    if(MIA_LIBRARY_${library})
      target_link_libraries(mia_llama INTERFACE ${MIA_LIBRARY_${library}})
    elseif(NOT library STREQUAL "ggml-cpu")
      message(FATAL_ERROR "no lib${library} in '${MIA_LLAMA_LIBDIR}' or '${MIA_LLAMA_PREFIX}'")
    endif()
  endforeach()
  target_include_directories(mia_llama SYSTEM INTERFACE ${MIA_LLAMA_HEADERS})
  cmake_path(GET MIA_LIBRARY_llama PARENT_PATH MIA_LLAMA_LIBRARY_DIR)
endif()

# mia_llama_has(MACRO code): defines MACRO when `code` compiles against the headers.
set(MIA_LLAMA_DEFINITIONS "")
set(CMAKE_REQUIRED_LIBRARIES mia_llama)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
function(mia_llama_has macro code)
  check_cxx_source_compiles("#include <llama.h>\nint main() { ${code} }" ${macro})
  if(${macro})
    set(MIA_LLAMA_DEFINITIONS ${MIA_LLAMA_DEFINITIONS} ${macro} PARENT_SCOPE)
  endif()
endfunction()
mia_llama_has(MIA_LLAMA_USABLE "llama_model_params p{}; p.tensor_buft_overrides = nullptr; llama_memory_clear(nullptr, false);")
if(NOT MIA_LLAMA_USABLE)
  message(FATAL_ERROR "this llama.h is too old (before the middle of 2025) or does not compile")
endif()
mia_llama_has(MIA_LLAMA_LOAD_MODE "llama_model_params p{}; p.load_mode = LLAMA_LOAD_MODE_DIRECT_IO;")
mia_llama_has(MIA_LLAMA_DIRECT_IO "llama_model_params p{}; p.use_direct_io = true;")
mia_llama_has(MIA_LLAMA_FLASH_ATTN_TYPE "llama_context_params p{}; p.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_AUTO;")
mia_llama_has(MIA_LLAMA_OP_OFFLOAD "llama_context_params p{}; p.op_offload = true;")
mia_llama_has(MIA_LLAMA_VERSION "return llama_version() == nullptr;")
mia_llama_has(MIA_GGML_VERSION "return ggml_version() == ggml_commit();")
unset(CMAKE_TRY_COMPILE_TARGET_TYPE)
list(TRANSFORM MIA_LLAMA_DEFINITIONS PREPEND -D OUTPUT_VARIABLE mia_llama_flags)

# The libraries' own words.
try_run(MIA_LLAMA_RUN MIA_LLAMA_COMPILED SOURCES ${CMAKE_CURRENT_LIST_DIR}/print_versions.cc
  COMPILE_DEFINITIONS ${mia_llama_flags} LINK_LIBRARIES mia_llama LINK_OPTIONS -Wl,--disable-new-dtags
  CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON COMPILE_OUTPUT_VARIABLE output RUN_OUTPUT_VARIABLE MIA_LLAMA_BUILT_FOR)
if(NOT MIA_LLAMA_COMPILED OR NOT MIA_LLAMA_RUN EQUAL 0)
  message(FATAL_ERROR "a program cannot be linked and run with these libraries: ${output} ${MIA_LLAMA_BUILT_FOR}")
endif()
message(STATUS "llama.cpp says: ${MIA_LLAMA_BUILT_FOR}")
