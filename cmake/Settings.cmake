# Compiler settings for our own code only: INTERFACE targets linked privately by every room.
find_program(MIA_CCACHE ccache)
if(MIA_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${MIA_CCACHE})
endif()

option(MIA_WERROR "warnings are errors (developers and CI)" OFF)
# A room compiles as a few large files: most of the time goes to headers and templates that its files share.
set(CMAKE_UNITY_BUILD ON CACHE BOOL "compile the files of a room together")
set(CMAKE_UNITY_BUILD_BATCH_SIZE 24)
add_library(mia_settings INTERFACE)
target_include_directories(mia_settings INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(mia_settings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wdouble-promotion -Wold-style-cast -Wnon-virtual-dtor
  -Wno-subobject-linkage  # says of a room compiled together what only matters in headers
  $<$<BOOL:${MIA_WERROR}>:-Werror>)
target_compile_definitions(mia_settings INTERFACE $<$<NOT:$<CONFIG:Release>>:_GLIBCXX_ASSERTIONS>)

set(MIA_SANITIZE "" CACHE STRING "sanitizers, e.g. address,undefined")
if(MIA_SANITIZE)
  target_compile_options(mia_settings INTERFACE -fsanitize=${MIA_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(mia_settings INTERFACE -fsanitize=${MIA_SANITIZE})
endif()
