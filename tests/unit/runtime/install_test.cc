// SPDX-License-Identifier: MIT
// Installing and adding, whole, with worker sources that need no compiler and packages made here.
#include "runtime/install.h"

#include <csignal>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "proc/command.h"
#include "proc/interrupt.h"
#include "world.h"

namespace mia::runtime {
namespace {

class Install : public World {
 protected:
  Result<record::RuntimeInfo> add_prefix(const fs::path& prefix, const std::string& name = {}, bool force = false) {
    AddSpec spec;
    spec.prefix = prefix;
    spec.name = name;
    spec.force = force;
    return add(spec, {});
  }

  // A wheel with copies of a library under three names, as the real one has them.
  fs::path make_wheel(bool has_headers = true) {
    const fs::path tree = root_ / "tree";
    for (const char* const name : {"lib/libllama.so", "lib/libllama.so.0", "lib/libllama.so.0.5.0"}) {
      put(tree / name, "llama");
    }
    put(tree / "llama_cpp/lib/libllama.so", "llama");
    put(tree / "lib/libggml.so", "ggml");
    put(tree / "lib/libggml-base.so", "ggml-base");
    if (has_headers) {
      put(tree / "include/llama.h", "// a header");
    }
    const std::string info = "llama_cpp_python-9.9.dist-info/";
    put(tree / (info + "METADATA"), "Metadata-Version: 2.1\nName: llama_cpp_python\nVersion: 9.9\n");
    put(tree / (info + "WHEEL"), "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
    put(tree / (info + "RECORD"), "");
    const fs::path wheel = root_ / "llama_cpp_python-9.9-py3-none-any.whl";
    proc::CommandSpec zip;
    zip.working_dir = tree;
    zip.argv = {"python3", "-m", "zipfile", "-c", wheel.string()};
    for (const auto& entry : fs::directory_iterator(tree)) {
      zip.argv.push_back(entry.path().filename().string());
    }
    EXPECT_TRUE(proc::run_command(zip)->ok());
    return wheel;
  }
};

TEST_F(Install, AddsAPrefix) {
  const fs::path prefix = make_prefix("own-build");
  const auto made = add_prefix(prefix);
  ASSERT_TRUE(made.has_value()) << made.error().text();
  EXPECT_EQ(made->name, "default");
  EXPECT_EQ(made->prefix, prefix.string());
  EXPECT_EQ(made->version, "7.1");
  EXPECT_EQ(made->commit, "abc1234");
  EXPECT_EQ(made->package, "");
  EXPECT_EQ(made->library_hashes.size(), 4U);
  EXPECT_FALSE(made->installed.empty());
  const auto found = find("");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->worker, made->worker);
  EXPECT_EQ(found->devices.size(), 1U);
  EXPECT_TRUE(verify_unchanged(*found).has_value());
  EXPECT_NE(text_of(runtimes_dir() / "default/install.log").find("with " + prefix.string() + "||"), std::string::npos);
}

TEST_F(Install, SecondOneIsNamedByItsFolder) {
  ASSERT_TRUE(add_prefix(make_prefix("one")).has_value());
  EXPECT_EQ(add_prefix(make_prefix("my build+2"))->name, "my_build_2");
  const auto again = add_prefix(make_prefix("three"), "default");
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().kind, ErrorKind::usage);
  EXPECT_NE(again.error().text().find("--force"), std::string::npos);
}

TEST_F(Install, ForceReplacesOnlyWhenAllIsWell) {
  ASSERT_TRUE(add_prefix(make_prefix("one"), "x").has_value());
  const std::string before = text_of(runtimes_dir() / "x/runtime.json");
  set_worker("echo cannot load libllama.so >&2; exit 2\n");
  const auto failed = add_prefix(make_prefix("two"), "x", true);
  ASSERT_FALSE(failed.has_value());
  EXPECT_NE(failed.error().text().find("crashed (exit code 2) in greeting: cannot load libllama.so"),
            std::string::npos);
  EXPECT_EQ(text_of(runtimes_dir() / "x/runtime.json"), before);
  EXPECT_TRUE(verify_unchanged(*find("x")).has_value());
  EXPECT_EQ(count_builds("x"), 1);
  set_worker(greeting_script("7.2", proto::kVersion));
  ASSERT_TRUE(add_prefix(make_prefix("two"), "x", true).has_value());
  EXPECT_EQ(find("x")->version, "7.2");
  EXPECT_EQ(count_builds("x"), 1);
}

// The worker of an installed runtime is compiled anew by adding its own prefix: the libraries must survive that.
TEST_F(Install, AddingItsOwnPrefixKeepsIt) {
  InstallSpec spec;
  spec.requirement = make_wheel().string();
  spec.name = "x";
  const auto installed = install(spec, {});
  ASSERT_TRUE(installed.has_value()) << installed.error().text();
  const auto again = add_prefix(installed->prefix, "x", true);
  ASSERT_TRUE(again.has_value()) << again.error().text();
  EXPECT_EQ(again->prefix, installed->prefix);
  EXPECT_TRUE(verify_unchanged(*find("x")).has_value());
  spec.force = true;
  ASSERT_TRUE(install(spec, {}).has_value());
  EXPECT_EQ(count_builds("x"), 1) << "a new installation needs none of the old ones";
}

TEST_F(Install, WhatACrashLeftIsNoRuntimeAndGoesWithTheNext) {
  put(runtimes_dir() / "x/build-dead/prefix/lib/libllama.so", "half");
  EXPECT_TRUE(list()->empty());
  ASSERT_TRUE(add_prefix(make_prefix("one"), "x").has_value());
  EXPECT_EQ(count_builds("x"), 1);
}

TEST_F(Install, FailedBuildKeepsItsLogAndNothingElse) {
  set_worker("exit 0\n", "message(FATAL_ERROR \"could not find fmt\")");
  const auto failed = add_prefix(make_prefix("one"), "x");
  ASSERT_FALSE(failed.has_value());
  for (const char* const part : {"could not find fmt", "libfmt-dev", "install.log"}) {
    EXPECT_NE((failed.error().text() + failed.error().detail).find(part), std::string::npos) << part;
  }
  EXPECT_TRUE(list()->empty());
  EXPECT_EQ(count_builds("x"), 0);
  EXPECT_NE(text_of(runtimes_dir() / "x/install.log").find("could not find fmt"), std::string::npos);
}

TEST_F(Install, InterruptLeavesNoHalfRuntime) {
  set_worker("exit 0\n", "execute_process(COMMAND sh -c \"kill -INT " + std::to_string(::getpid()) + "; sleep 1000\")");
  const proc::InterruptGuard guard;
  const auto made = add_prefix(make_prefix("one"), "x");
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().kind, ErrorKind::interrupted);
  EXPECT_TRUE(list()->empty());
  EXPECT_EQ(count_builds("x"), 0);
}

TEST_F(Install, OneInstallationOfANameAtATime) {
  fs::create_directories(runtimes_dir() / "x");
  const int lock = ::open((runtimes_dir() / "x/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_EQ(::flock(lock, LOCK_EX | LOCK_NB), 0);
  const auto busy = add_prefix(make_prefix("one"), "x");
  ASSERT_FALSE(busy.has_value());
  EXPECT_NE(busy.error().message.find("another mia-perf"), std::string::npos);
  ::close(lock);
  EXPECT_TRUE(add_prefix(make_prefix("one"), "x").has_value());
}

TEST_F(Install, NeedsLibrariesAndHeaders) {
  EXPECT_NE(add_prefix("/nowhere").error().message.find("there is no folder '/nowhere'"), std::string::npos);
  put(root_ / "file", "");
  EXPECT_NE(add_prefix(root_ / "file").error().message.find("not a folder"), std::string::npos);
  fs::create_directories(root_ / "empty");
  EXPECT_NE(add_prefix(root_ / "empty").error().message.find("no libllama.so"), std::string::npos);
  const fs::path prefix = make_prefix("headless");
  fs::remove_all(prefix / "include");
  EXPECT_NE(add_prefix(prefix).error().text().find("--headers"), std::string::npos);
  EXPECT_FALSE(fs::exists(runtimes_dir() / "default/runtime.json"));
}

TEST_F(Install, TakesHeadersFromElsewhere) {
  const fs::path prefix = make_prefix("headless");
  fs::rename(prefix / "include", root_ / "headers");
  AddSpec spec;
  spec.prefix = prefix / "lib";
  spec.headers = root_ / "headers";
  spec.name = "x";
  const auto made = add(spec, {});
  ASSERT_TRUE(made.has_value()) << made.error().text();
  const fs::path include = fs::path(made->worker).parent_path() / "include";
  EXPECT_TRUE(fs::exists(include / "llama.h"));
  EXPECT_NE(
      text_of(runtimes_dir() / "x/install.log").find("with |" + include.string() + "|" + (prefix / "lib").string()),
      std::string::npos);
}

TEST_F(Install, BuildFolderKnowsItsSources) {
  const fs::path sources = root_ / "llama.cpp";
  put(sources / "include/llama.h", "// a header");
  put(sources / "ggml/include/ggml.h", "// a header");
  put(sources / "ggml/include/ggml-backend.h", "// a header");
  put(root_ / "elsewhere/CMakeCache.txt", "A:B=C\nCMAKE_HOME_DIRECTORY:INTERNAL=" + sources.string() + "\n");
  put(root_ / "elsewhere/bin/libllama.so", "llama");
  const auto made = add_prefix(root_ / "elsewhere");
  ASSERT_TRUE(made.has_value()) << made.error().text();
  const fs::path include = fs::path(made->worker).parent_path() / "include";
  EXPECT_TRUE(fs::exists(include / "llama.h"));
  EXPECT_TRUE(fs::exists(include / "ggml-backend.h"));
}

TEST_F(Install, FindsTheLibraryOfAPython) {
  const fs::path site = root_ / "venv/lib/python3/site-packages";
  fs::create_directories(site);
  fs::rename(make_prefix("p") / "lib", (fs::create_directories(site / "llama_cpp"), site / "llama_cpp/lib"));
  fs::rename(root_ / "p/include", site / "include");
  put(site / "llama_cpp_python-9.9.dist-info/METADATA", "");
  put_program(root_ / "venv/bin/python3", "echo " + (site / "llama_cpp").string() + "\n");
  AddSpec spec;
  spec.python = root_ / "venv";
  const auto made = add(spec, {});
  ASSERT_TRUE(made.has_value()) << made.error().text();
  EXPECT_EQ(made->package, "llama-cpp-python 9.9");
  EXPECT_EQ(made->prefix, (site / "llama_cpp").string());
  put_program(root_ / "venv/bin/python3", "echo\n");
  spec.name = "other";
  EXPECT_NE(add(spec, {}).error().text().find("pip install llama-cpp-python"), std::string::npos);
}

TEST_F(Install, OnlyKnownPackages) {
  for (const char* const requirement :
       {"", "numpy", "llama-cpp-python>=0.3", "llama-cpp-python==", "llama-cpp-python==1; rm -rf", "--help",
        "git+https://example.org/x", "/tmp/other-1.0.whl", "llama-cpp-python[server]==0.3.36"}) {
    InstallSpec spec;
    spec.requirement = requirement;
    const auto refused = install(spec, {});
    ASSERT_FALSE(refused.has_value()) << requirement;
    EXPECT_EQ(refused.error().kind, ErrorKind::usage) << requirement;
    EXPECT_NE(refused.error().text().find("llama-cpp-python==VERSION"), std::string::npos);
  }
  InstallSpec spec;
  spec.requirement = "/nowhere/llama_cpp_python-1.0-py3-none-any.whl";
  EXPECT_EQ(install(spec, {}).error().kind, ErrorKind::not_found);
  spec.requirement = "llama-cpp-python==0.3.36";
  spec.cmake_args = {"GGML_RPC=ON"};
  EXPECT_EQ(install(spec, {}).error().kind, ErrorKind::usage);
  EXPECT_FALSE(fs::exists(runtimes_dir()));
}

TEST_F(Install, InstallsAWheelWithLinksForCopies) {
  InstallSpec spec;
  spec.requirement = make_wheel().string();
  const auto made = install(spec, {});
  ASSERT_TRUE(made.has_value()) << made.error().text();
  EXPECT_EQ(made->name, "default");
  EXPECT_EQ(made->package, "llama-cpp-python 9.9");
  const fs::path libraries = library_dir(made->prefix);
  EXPECT_FALSE(fs::is_symlink(libraries / "libllama.so.0.5.0"));
  EXPECT_TRUE(fs::is_symlink(libraries / "libllama.so"));
  EXPECT_TRUE(fs::is_symlink(libraries / "libllama.so.0"));
  EXPECT_EQ(text_of(libraries / "libllama.so"), "llama");
  EXPECT_EQ(made->library_hashes.size(), 3U);
  EXPECT_FALSE(fs::exists(fs::path(made->prefix) / "llama_cpp"));
  EXPECT_TRUE(verify_unchanged(*find("")).has_value());
  spec.tools = true;
  spec.name = "other";
  EXPECT_EQ(install(spec, {}).error().kind, ErrorKind::usage);
}

TEST_F(Install, WheelWithoutHeadersIsRefused) {
  InstallSpec spec;
  spec.requirement = make_wheel(false).string();
  const auto refused = install(spec, {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::unsupported);
  EXPECT_EQ(count_builds("default"), 0);
}

// pip's cache knows nothing of CMAKE_ARGS: a build with arguments of its own must neither take from it nor add to it.
TEST_F(Install, TellsPipWhatToBuild) {
  const fs::path tools = root_ / "tools";
  put_program(tools / "python3",
              "echo \"args $CMAKE_ARGS\"; case \"$*\" in *--version*) exit 0;; esac; file=${CMAKE_ARGS##*INCLUDE=}; "
              "cat \"${file%% *}\"; echo \"call $*\"; exit 1\n");
  set("PATH", tools.string() + ":" + std::getenv("PATH"));
  InstallSpec spec;
  spec.requirement = "llama_cpp_python == 0.3.36";
  const std::string plain = install(spec, {}).error().detail;
  EXPECT_NE(plain.find("args -DLLAVA_BUILD=OFF -DCMAKE_PROJECT_llama.cpp_INCLUDE="), std::string::npos) << plain;
  EXPECT_NE(plain.find("llama-cpp-python==0.3.36"), std::string::npos);
  EXPECT_EQ(plain.find("--no-cache-dir"), std::string::npos);
  EXPECT_NE(plain.find("set(LLAMA_BUILD_COMMON OFF)"), std::string::npos) << plain;
  EXPECT_NE(plain.find("-mno-amx-tile"), std::string::npos) << "GCC bug 114098";
  spec.tools = true;
  spec.cmake_args = {"-DGGML_RPC=ON"};
  const std::string special = install(spec, {}).error().detail;
  EXPECT_NE(special.find("-DLLAMA_TOOLS_INSTALL=ON "), std::string::npos) << special;
  EXPECT_NE(special.find(" -DGGML_RPC=ON\n"), std::string::npos) << special;
  EXPECT_EQ(special.find("LLAMA_BUILD_COMMON"), std::string::npos) << "the tools need all of it";
  EXPECT_NE(special.find("-mno-amx-tile"), std::string::npos);
  EXPECT_NE(special.find("--no-cache-dir --no-binary llama-cpp-python"), std::string::npos);
}

TEST_F(Install, MissingToolsNameTheirPackages) {
  set("PATH", (root_ / "none").string());
  EXPECT_NE(add_prefix(make_prefix("one")).error().text().find("apt-get install g++ cmake"), std::string::npos);
  InstallSpec spec;
  spec.requirement = "llama-cpp-python";
  EXPECT_NE(install(spec, {}).error().text().find("apt-get install python3"), std::string::npos);
}

}  // namespace
}  // namespace mia::runtime
