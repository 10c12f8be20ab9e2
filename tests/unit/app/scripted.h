// SPDX-License-Identifier: MIT
// A folder with a configuration, a data folder and a store of its own, and the scripted worker: whole sessions without
// a terminal.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "app/observer.h"
#include "app/plan_request.h"
#include "app/run_session.h"
#include "base/json.h"
#include "host/topology.h"

namespace mia::app::testing {

// Keeps what it is told.
class Listener : public Observer {
 public:
  void doing(std::string_view text, bool /*lasting*/) override { begun.emplace_back(text); }
  void still(std::string_view /*text*/, double /*seconds*/) override {}
  void say(std::string_view text) override { said.emplace_back(text); }
  void warn(std::string_view text) override { warned.emplace_back(text); }
  void done() override { ++ended; }

  std::vector<std::string> begun;
  std::vector<std::string> said;
  std::vector<std::string> warned;
  int ended = 0;
};

class ScriptedSession : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "mia-app-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    dir = name;
    std::filesystem::create_directories(dir / "configs");
    write("configs/base.yaml", "llm:\n  primary:\n    id: scripted\n");
    ::setenv("XDG_DATA_HOME", (dir / "data").c_str(), 1);
    ::setenv("MIA_LLAMA_FAKE", "1", 1);
    ::setenv("MIA_PERF_FAKE_WORKER", MIA_WORKER_FAKE, 1);
    script({{"token_ms", 10}});
    scope.config_dir = (dir / "configs").string();
    scope.store = (dir / "store.sqlite").string();
  }

  void TearDown() override {
    ::unsetenv("MIA_FAKE_SCRIPT");
    std::filesystem::remove_all(dir);
  }

  void write(const std::string& file, std::string_view text) const { std::ofstream(dir / file) << text; }

  void script(const Json& members) const {
    write("script.json", dump_json(members));
    ::setenv("MIA_FAKE_SCRIPT", (dir / "script.json").c_str(), 1);
  }

  [[nodiscard]] Result<SessionRequest> request_for(const std::string& scenario) {
    SessionRequest request;
    request.machine = host::inspect();
    PlanRequest plan;
    plan.scenario = (dir / scenario).string();
    MIA_TRY_ASSIGN(request.plan, plan_of(plan, {scope, listener}, request.machine));
    request.out = dir / "reports";
    request.store = scope.store;
    std::filesystem::create_directories(request.out);
    return request;
  }

  std::filesystem::path dir;
  Scope scope;
  Listener listener;
};

}  // namespace mia::app::testing
