# Compiler settings for our own code only: INTERFACE targets linked privately by every room.
find_program(MIA_CCACHE ccache)
if(MIA_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${MIA_CCACHE})
endif()

option(MIA_WERROR "warnings are errors (developers and CI)" OFF)
add_library(mia_settings INTERFACE)
target_include_directories(mia_settings INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(mia_settings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wdouble-promotion -Wold-style-cast -Wnon-virtual-dtor
  $<$<BOOL:${MIA_WERROR}>:-Werror>)
target_compile_definitions(mia_settings INTERFACE $<$<NOT:$<CONFIG:Release>>:_GLIBCXX_ASSERTIONS>)

set(MIA_SANITIZE "" CACHE STRING "sanitizers, e.g. address,undefined")
if(MIA_SANITIZE)
  target_compile_options(mia_settings INTERFACE -fsanitize=${MIA_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(mia_settings INTERFACE -fsanitize=${MIA_SANITIZE})
endif()
