# Debian's mingw-w64 (posix threads) for Windows on x86-64; programs and tests run by wine. MIA_WINDOWS_PREFIX is where
# tools/windows.py installs the libraries.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER x86_64-w64-mingw32-gcc-posix)
set(CMAKE_CXX_COMPILER x86_64-w64-mingw32-g++-posix)
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres)
set(CMAKE_CROSSCOMPILING_EMULATOR wine64)

if(NOT MIA_WINDOWS_PREFIX)
  set(MIA_WINDOWS_PREFIX "$ENV{MIA_WINDOWS_PREFIX}")
endif()
set(CMAKE_FIND_ROOT_PATH "${MIA_WINDOWS_PREFIX}" /usr/x86_64-w64-mingw32)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ZLIB_USE_STATIC_LIBS ON)
set(PKG_CONFIG_ARGN --static)
set(ENV{PKG_CONFIG_LIBDIR} "${MIA_WINDOWS_PREFIX}/lib/pkgconfig:${MIA_WINDOWS_PREFIX}/share/pkgconfig")

# Windows 10, and no more of its header than is used. A room that is compiled together has more sections than the old object format can number.
set(CMAKE_C_FLAGS_INIT "-D_WIN32_WINNT=0x0A00")
set(CMAKE_CXX_FLAGS_INIT "-D_WIN32_WINNT=0x0A00 -DWIN32_LEAN_AND_MEAN -DNOMINMAX -DCURL_STATICLIB -Wa,-mbig-obj")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static") # libstdc++ and winpthread: nothing to install beside the program
