# mia_room(NAME SOURCES a.cc ... LINKS public... PRIVATE_LINKS ...): the static library mia_NAME of one folder in src/.
function(mia_room name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  # windows.h defines short words that other files use as names: what includes it comes last in the room's large file.
  set(own ${ARG_SOURCES})
  list(FILTER own INCLUDE REGEX "_windows\\.cc$")
  list(FILTER ARG_SOURCES EXCLUDE REGEX "_windows\\.cc$")
  add_library(mia_${name} STATIC ${ARG_SOURCES} ${own})
  target_include_directories(mia_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(mia_${name} PUBLIC ${ARG_LINKS} PRIVATE mia_settings ${ARG_PRIVATE_LINKS})
endfunction()

# What a room has once for each system: files_${MIA_POSIX}.cc is files_posix.cc or files_windows.cc, and where Linux alone
# is known, cgroup_${MIA_LINUX}.cc is cgroup_linux.cc or cgroup_windows.cc.
if(WIN32)
  set(MIA_POSIX windows)
  set(MIA_LINUX windows)
else()
  set(MIA_POSIX posix)
  set(MIA_LINUX linux)
endif()

# mia_unit_test(ROOM SOURCES x_test.cc ... LINKS ...): one gtest binary per room, so that a room builds and fails alone.
function(mia_unit_test room)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${room}_tests ${ARG_SOURCES})
  target_link_libraries(${room}_tests PRIVATE mia_settings mia_${room} ${ARG_LINKS} GTest::gtest GTest::gtest_main)
  if(NOT WIN32) # tools/windows.py runs them
    gtest_discover_tests(${room}_tests TEST_PREFIX "${room}." DISCOVERY_TIMEOUT 300 PROPERTIES TIMEOUT 900)
  endif()
endfunction()
