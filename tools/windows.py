#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Builds for Windows, by Debian's mingw-w64, the rooms that are ported so far: ./dev windows [--test].

The libraries are built once from Debian's own source packages, into the data folder; then the rooms and their unit tests
into build/windows. --test runs these by wine."""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = pathlib.Path(os.environ.get("XDG_DATA_HOME") or pathlib.Path.home() / ".local/share") / "mia-perf/windows"
PREFIX = DATA / "prefix"
HOST = "x86_64-w64-mingw32"
TOOLCHAIN = ROOT / "cmake/windows.cmake"
STATIC = ["-DBUILD_SHARED_LIBS=OFF", "-DBUILD_TESTING=OFF"]
CMAKE_PACKAGES = {  # Debian source package: where its CMakeLists.txt lies, options
    "fmtlib": (".", ["-DFMT_TEST=OFF", "-DFMT_DOC=OFF"]),
    "xxhash": ("cmake_unofficial", ["-DXXHASH_BUILD_XXHSUM=OFF"]),
    "yaml-cpp": (".", ["-DYAML_CPP_BUILD_TESTS=OFF", "-DYAML_CPP_BUILD_TOOLS=OFF", "-DCMAKE_UNITY_BUILD=ON"]),
    "libuv1": (".", ["-DLIBUV_BUILD_TESTS=OFF"]),
    "googletest": (".", ["-DBUILD_GMOCK=OFF"]),
    "curl": (".", ["-DHTTP_ONLY=ON", "-DBUILD_CURL_EXE=OFF", "-DCURL_USE_SCHANNEL=ON", "-DCURL_ZLIB=OFF",
                   "-DUSE_LIBIDN2=OFF", "-DCURL_USE_LIBSSH2=OFF", "-DCURL_USE_LIBPSL=OFF", "-DUSE_NGHTTP2=OFF",
                   "-DENABLE_UNIX_SOCKETS=OFF"]),
    "soci": (".", ["-DSOCI_CXX11=ON", "-DSOCI_STATIC=ON", "-DSOCI_SHARED=OFF", "-DSOCI_TESTS=OFF", "-DWITH_BOOST=OFF",
                   "-DSOCI_EMPTY=OFF", "-DWITH_SQLITE3=ON", "-DCMAKE_UNITY_BUILD=ON", "-DCMAKE_UNITY_BUILD_BATCH_SIZE=0",
                   *[f"-DWITH_{name}=OFF" for name in ("DB2", "FIREBIRD", "MYSQL", "ODBC", "ORACLE", "POSTGRESQL")]]),
}
BUILD = ROOT / "build/windows"
PACKAGES = ["g++-mingw-w64-x86-64-posix", "libz-mingw-w64-dev", "mingw-w64-tools", "wine", "wine64", "tcl"]
TESTS = ["base", "stats"]  # rooms that need no more of a system than files
NOT_YET = "record, proto, config, proc, client, host, model, runtime, measure, store, imports, judge, document, report, worker, app, cli"
HEADERS = ["/usr/include/nlohmann", "/usr/include/CLI", "/usr/include/boost", "/usr/include/spdlog", "/usr/share/cmake/nlohmann_json",
           "/usr/share/cmake/CLI11"]


def say(text):
    print(f"[{time.monotonic() - BEGAN:4.0f}s] {text}", file=sys.stderr, flush=True)


def run(argv, **options):
    subprocess.run([str(word) for word in argv], check=True, **options)


def quietly(name, argv, cwd=None):
    """Its output goes to a file, which is shown where it fails."""
    log = DATA / f"{name}.log"
    with open(log, "a") as out:
        done = subprocess.run([str(word) for word in argv], cwd=cwd, stdout=out, stderr=out, check=False)
    if done.returncode:
        print("\n".join(log.read_text(errors="replace").splitlines()[-30:]), file=sys.stderr)
        sys.exit(f"windows.py: {name} could not be built; all of it is in {log}")


def launcher():
    """Words for CMake that put the compiler's cache before it, as everywhere in this tree."""
    ccache = shutil.which("ccache")
    words = os.environ.get("MIA_CCACHE") or ccache
    return [f"-DCMAKE_CXX_COMPILER_LAUNCHER={words}", f"-DCMAKE_C_COMPILER_LAUNCHER={ccache}"] if words else []


def source_of(package):
    """Unpacked from the archive by a configuration of its own: the machine's lists stay as they are."""
    folder = DATA / "sources"
    found = [path for path in folder.glob(f"{package}-*") if path.is_dir()]
    if found:
        return found[0]
    apt = DATA / "apt"
    for name in ("lists/partial", "cache/archives/partial", "log"):
        (apt / name).mkdir(parents=True, exist_ok=True)
    listing = apt / "debian.sources"
    config = apt / "apt.conf"
    if not config.exists():
        listing.write_text("Types: deb-src\nURIs: http://deb.debian.org/debian\nSuites: bookworm\nComponents: main\n"
                           "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n")
        config.write_text(f'Dir::Etc::sourcelist "{listing}";\nDir::Etc::sourceparts "/dev/null";\n'
                          f'Dir::State::lists "{apt}/lists";\nDir::Cache "{apt}/cache";\nDir::Log "{apt}/log";\n'
                          'APT::Sandbox::User "root";\n')
        quietly("apt", ["apt-get", "-c", config, "update"])
    folder.mkdir(exist_ok=True)
    quietly("apt", ["apt-get", "-c", config, "source", "--only-source", package], cwd=folder)
    return next(path for path in folder.glob(f"{package}-*") if path.is_dir())


def build_by_cmake(package, below, options):
    build = DATA / "build" / package
    quietly(package, ["cmake", "-S", source_of(package) / below, "-B", build, "-G", "Ninja", "--fresh",
                      f"-DCMAKE_TOOLCHAIN_FILE={TOOLCHAIN}", f"-DMIA_WINDOWS_PREFIX={PREFIX}",
                      f"-DCMAKE_INSTALL_PREFIX={PREFIX}", "-DCMAKE_BUILD_TYPE=Release", *launcher(), *STATIC, *options])
    quietly(package, ["cmake", "--build", build, "-j", os.cpu_count()])
    quietly(package, ["cmake", "--install", build])
    if package == "libuv1":  # which installs both of its kinds
        shutil.copy(PREFIX / "lib/pkgconfig/libuv-static.pc", PREFIX / "lib/pkgconfig/libuv.pc")


def build_sqlite():
    """One C file, which its own tools make of many."""
    source = source_of("sqlite3")
    build = DATA / "build/sqlite3"
    build.mkdir(parents=True, exist_ok=True)
    quietly("sqlite3", [source / "configure", "--disable-tcl", "--disable-readline"], cwd=build)
    quietly("sqlite3", ["make", "sqlite3.c", "sqlite3.h"], cwd=build)
    quietly("sqlite3", [f"{HOST}-gcc-posix", "-O2", "-DSQLITE_THREADSAFE=1", "-DSQLITE_ENABLE_COLUMN_METADATA", "-c",
                        "sqlite3.c", "-o", "sqlite3.o"], cwd=build)
    for folder in ("lib/pkgconfig", "include"):
        (PREFIX / folder).mkdir(parents=True, exist_ok=True)
    quietly("sqlite3", [f"{HOST}-ar", "rcs", PREFIX / "lib/libsqlite3.a", "sqlite3.o"], cwd=build)
    shutil.copy(build / "sqlite3.h", PREFIX / "include")
    version = (source / "VERSION").read_text().strip()
    (PREFIX / "lib/pkgconfig/sqlite3.pc").write_text(
        f"Name: sqlite3\nDescription: SQLite\nVersion: {version}\nLibs: -L{PREFIX}/lib -lsqlite3\n"
        f"Cflags: -I{PREFIX}/include\n")


def copy_headers():
    """Libraries of headers alone are the same on every system."""
    for name in HEADERS:
        target = PREFIX / pathlib.Path(name).relative_to("/usr")
        shutil.copytree(name, target, dirs_exist_ok=True)
    spdlog = PREFIX / "lib/cmake/spdlog"
    spdlog.mkdir(parents=True, exist_ok=True)
    (spdlog / "spdlogConfig.cmake").write_text(
        "find_package(fmt REQUIRED)\nadd_library(spdlog::spdlog INTERFACE IMPORTED)\n"
        "target_compile_definitions(spdlog::spdlog INTERFACE SPDLOG_FMT_EXTERNAL)\n"
        "target_link_libraries(spdlog::spdlog INTERFACE fmt::fmt)\n")


def build_libraries():
    steps = {"headers": copy_headers, "sqlite3": build_sqlite}
    for package, (below, options) in CMAKE_PACKAGES.items():
        steps[package] = lambda package=package, below=below, options=options: build_by_cmake(package, below, options)
    done = DATA / "done"
    done.mkdir(parents=True, exist_ok=True)
    for name, step in steps.items():
        if not (done / name).exists():
            say(f"library {name}")
            step()
            (done / name).touch()


def install_tools():
    """What ./dev does for Debian packages, for those of this script alone."""
    missing = [name for name in PACKAGES if subprocess.run(["dpkg-query", "-W", name], capture_output=True,
                                                            check=False).returncode]
    if missing:
        say(f"installing {', '.join(missing)}")
        root = [] if os.geteuid() == 0 else ["sudo"]
        run([*root, "apt-get", "update", "-qq"])
        run([*root, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing], stdout=subprocess.DEVNULL)


def build(targets):
    if not (BUILD / "build.ninja").exists():
        say("configuring")
        quietly("configure", ["cmake", "-S", ROOT, "-B", BUILD, "-G", "Ninja", f"-DCMAKE_TOOLCHAIN_FILE={TOOLCHAIN}",
                              f"-DMIA_WINDOWS_PREFIX={PREFIX}", "-DCMAKE_BUILD_TYPE=Release",
                              "-DCMAKE_CXX_FLAGS_RELEASE=-O0", f"-DMIA_CCACHE={os.environ.get('MIA_CCACHE', 'ccache')}"])
    say("building")
    run(["cmake", "--build", BUILD, "-j", os.cpu_count(), "--target", *targets], stdout=sys.stderr)


def wine(argv, **options):
    """Its prefix lies beside the libraries, unless WINEPREFIX names another."""
    environment = {"WINEPREFIX": str(DATA / "wine"), "WINEDEBUG": "-all", **os.environ}
    return subprocess.run(["wine", *map(str, argv)], env=environment, check=False, **options)


def test():
    failed = 0
    for room in TESTS:
        done = wine([BUILD / f"bin/{room}_tests.exe", "--gtest_brief=1"], stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT, cwd=ROOT)
        text = done.stdout.decode(errors="replace")
        passed = re.search(r"PASSED  \] (\d+) test", text)
        print(f"{room:7} {passed[1] if passed else 0:>4} tests passed, exit code {done.returncode}")
        if done.returncode:
            failed = 1
            print("\n".join(text.splitlines()[-40:]))
    print(f"not built for Windows yet: {NOT_YET}")
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--libraries", action="store_true", help="build the libraries only")
    parser.add_argument("--test", action="store_true", help="run the unit tests by wine")
    arguments = parser.parse_args()
    install_tools()
    build_libraries()
    if arguments.libraries:
        return 0
    build([f"{room}_tests" for room in TESTS])
    return test() if arguments.test else 0


BEGAN = time.monotonic()
if __name__ == "__main__":
    sys.exit(main())
