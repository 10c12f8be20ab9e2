# mia_room(NAME SOURCES a.cc ... LINKS public... PRIVATE_LINKS ...): the static library mia_NAME of one folder in src/.
function(mia_room name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(mia_${name} STATIC ${ARG_SOURCES})
  target_include_directories(mia_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(mia_${name} PUBLIC ${ARG_LINKS} PRIVATE mia_settings ${ARG_PRIVATE_LINKS})
endfunction()

# mia_unit_test(ROOM SOURCES x_test.cc ... LINKS ...): one gtest binary per room, so that a room builds and fails alone.
function(mia_unit_test room)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${room}_tests ${ARG_SOURCES})
  target_link_libraries(${room}_tests PRIVATE mia_settings mia_${room} ${ARG_LINKS} GTest::gtest GTest::gtest_main)
  gtest_discover_tests(${room}_tests TEST_PREFIX "${room}." DISCOVERY_TIMEOUT 300 PROPERTIES TIMEOUT 900)
endfunction()
