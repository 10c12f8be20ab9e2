// SPDX-License-Identifier: MIT
// A data folder of its own for each test, with prefixes and worker sources that need no compiler: the worker is a shell
// script that greets, and its build copies it.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "proc/interrupt.h"
#include "proto/message.h"
#include "runtime/registry.h"

namespace mia::runtime {

namespace fs = std::filesystem;

class World : public testing::Test {
 protected:
  void SetUp() override {
    { const proc::InterruptGuard fresh; }  // forgets the interrupt of an earlier test
    std::string name = (fs::temp_directory_path() / "mia-runtime-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    set("XDG_DATA_HOME", (root_ / "data").string());
    set("MIA_LLAMA_FAKE", "");
    set("MIA_PERF_FAKE_WORKER", "");
    set("LD_LIBRARY_PATH", "");
    set("MIA_PERF_WORKER_SRC", (root_ / "src").string());
    set_worker(greeting_script("7.1", proto::kVersion));
  }
  void TearDown() override {
    for (const auto& [name, value] : saved_) {
      value ? ::setenv(name.c_str(), value->c_str(), 1) : ::unsetenv(name.c_str());
    }
    std::error_code code;
    fs::remove_all(root_, code);
  }

  void set(const std::string& name, const std::string& value) {
    if (saved_.count(name) == 0) {
      const char* const before = std::getenv(name.c_str());
      saved_[name] = before == nullptr ? std::nullopt : std::optional<std::string>(before);
    }
    value.empty() ? ::unsetenv(name.c_str()) : ::setenv(name.c_str(), value.c_str(), 1);
  }

  static void put(const fs::path& file, const std::string& text) {
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  static void put_program(const fs::path& file, const std::string& script) {
    put(file, "#!/bin/sh\n" + script);
    fs::permissions(file, fs::perms::owner_all);
  }
  static std::string text_of(const fs::path& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
  }

  // Says hello and waits for the end of input.
  static std::string greeting_script(const std::string& version, int protocol) {
    proto::Greeting greeting;
    greeting.protocol = protocol;
    greeting.runtime.version = version;
    greeting.runtime.commit = "abc1234";
    greeting.runtime.backends = {"CPU"};
    greeting.runtime.devices = {{"CPU", "a test's CPU", "cpu", {}, {}, ""}};
    return "cat >&4 <<'E'\n" + proto::encode(0, proto::Reply(greeting)) + "\nE\nread -r line <&3\n";
  }

  // Worker sources whose build copies this script; `extra` is run when it is configured.
  void set_worker(const std::string& script, const std::string& extra = {}) {
    const fs::path folder = root_ / "src/worker/llama";
    put_program(folder / "worker.sh", script);
    put(folder / "CMakeLists.txt",
        "cmake_minimum_required(VERSION 3.25)\nproject(worker NONE)\n" + extra +
            "\nmessage(STATUS \"with ${MIA_LLAMA_PREFIX}|${MIA_LLAMA_INCLUDE}|${MIA_LLAMA_LIBDIR}\")\n"
            "configure_file(worker.sh ${CMAKE_BINARY_DIR}/mia-worker-llama COPYONLY)\n");
  }

  // An installation of a llama.cpp, as far as files go.
  fs::path make_prefix(const std::string& name) {
    const fs::path prefix = root_ / name;
    for (const char* const library : {"libllama.so", "libggml.so", "libggml-base.so", "libggml-cpu.so"}) {
      put(prefix / "lib" / library, std::string("content of ") + library);
    }
    for (const char* const header : {"llama.h", "ggml.h", "ggml-backend.h"}) {
      put(prefix / "include" / header, "// a header");
    }
    return prefix;
  }

  // A runtime as it is after `add`, without the work.
  record::RuntimeInfo make_runtime(const std::string& name) {
    record::RuntimeInfo runtime;
    runtime.name = name;
    runtime.prefix = make_prefix("prefix-" + name).string();
    runtime.version = "7.1";
    runtime.commit = "abc1234";
    runtime.worker = (runtimes_dir() / name / "build-1/mia-worker-llama").string();
    runtime.library_hashes = hash_libraries(fs::path(runtime.prefix) / "lib").value();
    put_program(runtime.worker, greeting_script("7.1", proto::kVersion));
    put(runtimes_dir() / name / "runtime.json", dump_json(record::to_json(runtime)));
    return runtime;
  }

  // Folders below a runtime's that an installation works in.
  static int count_builds(const std::string& name) {
    int count = 0;
    std::error_code code;
    for (fs::directory_iterator at(runtimes_dir() / name, code), end; !code && at != end; at.increment(code)) {
      count += at->path().filename().string().starts_with("build-") ? 1 : 0;
    }
    return count;
  }

  fs::path root_;

 private:
  std::map<std::string, std::optional<std::string>> saved_;
};

}  // namespace mia::runtime
