# Debian 12 packages (README lists them). Everything is found by name; nothing is vendored, and nothing downloaded
# but the chart library of HTML reports (Page.cmake).
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(libuv REQUIRED IMPORTED_TARGET libuv)
if(NOT WIN32) # which tells a program about its own cores
  pkg_check_modules(hwloc REQUIRED IMPORTED_TARGET hwloc)
endif()
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
find_package(ZLIB REQUIRED)
pkg_check_modules(libcurl REQUIRED IMPORTED_TARGET libcurl)
# Debian's SOCI has no CMake package: an imported target of its headers and two libraries.
find_path(SOCI_INCLUDE soci/soci.h REQUIRED)
find_library(SOCI_CORE NAMES soci_core soci_core_4_0 REQUIRED)
find_library(SOCI_SQLITE3 NAMES soci_sqlite3 soci_sqlite3_4_0 REQUIRED)
add_library(soci INTERFACE)
target_include_directories(soci SYSTEM INTERFACE ${SOCI_INCLUDE} ${SOCI_INCLUDE}/soci)
target_link_libraries(soci INTERFACE ${SOCI_SQLITE3} ${SOCI_CORE})
pkg_check_modules(sqlite3 REQUIRED IMPORTED_TARGET sqlite3)
# Their versions as mia-perf --version --json prints them, where the package itself does not tell CMake.
find_file(BOOST_VERSION_FILE boost/version.hpp REQUIRED)
foreach(header ${SOCI_INCLUDE}/soci/version.h ${BOOST_VERSION_FILE})
  file(STRINGS ${header} line REGEX "define [A-Z]+_LIB_VERSION ")
  string(REGEX MATCH "([A-Z]+)_LIB_VERSION \"([0-9_]+)\"" match "${line}")
  string(REPLACE "_" "." ${CMAKE_MATCH_1}_VERSION_TEXT "${CMAKE_MATCH_2}")
endforeach()
string(CONCAT MIA_LIBRARIES "Boost=${BOOST_VERSION_TEXT} CLI11=${CLI11_VERSION} fmt=${fmt_VERSION} "
  "hwloc=${hwloc_VERSION} libcurl=${libcurl_VERSION} libuv=${libuv_VERSION} nlohmann-json=${nlohmann_json_VERSION} SOCI=${SOCI_VERSION_TEXT} "
  "spdlog=${spdlog_VERSION} SQLite=${sqlite3_VERSION} xxhash=${xxhash_VERSION} yaml-cpp=${yaml-cpp_VERSION} "
  "zlib=${ZLIB_VERSION_STRING}")
if(MIA_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()
