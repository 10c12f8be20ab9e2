// SPDX-License-Identifier: MIT
// Things to store, and places to store them.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "record/fields.h"
#include "store/store.h"

namespace mia::store::testing {

// A folder that is gone after the test.
class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "mia-store-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path file(std::string_view name = "store.sqlite") const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline Store must_open(const std::filesystem::path& path) {
  auto store = Store::open(path);
  EXPECT_TRUE(store) << store.error().text();
  return std::move(*store);
}

inline record::ModelInfo sample_model(const std::string& id) {
  record::ModelInfo model;
  model.id = id;
  model.path = "/models/" + id + ".gguf";
  model.header_hash = "hash-of-" + id;
  model.layers = 30;
  return model;
}

inline Session sample_session(const std::string& id, const std::string& started = "2026-01-01T00:00:00Z") {
  Session session;
  session.row = {.id = id,
                 .scenario = "baseline",
                 .started = started,
                 .finished = "",
                 .state = "running",
                 .plan_hash = "plan-1",
                 .machine = "machine-1",
                 .tool_version = "0.1.0",
                 .title = "a title",
                 .trials = 0,
                 .planned = 12};
  session.plan_json = R"({"cells":[{"key":"a"},{"key":"b"}],"seed":7})";
  session.machine.hostname = "host";
  session.machine.fingerprint = "machine-1";
  session.machine.logical_cpus = 2;
  session.runtimes.push_back({});
  session.runtimes.back().name = "stock";
  session.runtimes.back().version = "0.5.0";
  session.runtimes.back().commit = "abc123";
  session.models.push_back(sample_model("smol"));
  session.settings = record::default_settings();
  return session;
}

// Token n comes after 100 + n milliseconds: each trial of its own length.
inline record::Run sample_run(std::int64_t tokens, bool warm_up = false) {
  record::Run run;
  run.warm_up = warm_up;
  run.input = "text";
  run.prompt_tokens = 11;
  run.tokens_out = tokens;
  run.words_out = tokens / 2;
  run.prefill_ns = 90'000'000;
  for (std::int64_t n = 0; n < tokens; ++n) {
    run.token_ns.push_back(100'000'000 + n * 1'000'003);
  }
  run.stop_reason = "length";
  run.text = "what came out";
  return run;
}

inline record::Trial sample_trial(const std::string& session, std::int64_t position, std::int64_t tokens = 16) {
  record::Trial trial;
  trial.id = fmt::format("{}/{}", session, position);
  trial.cell = position % 2 == 0 ? "a" : "b";
  trial.repeat = position / 2;
  trial.position = position;
  trial.started = fmt::format("2026-01-01T00:{:02}:{:02}Z", position / 60 % 60, position % 60);
  trial.requested = record::default_settings();
  trial.requested.llm.id = "smol";
  trial.requested.llm.n_threads = 2;
  trial.effective.llm.n_threads = 2;
  trial.phases.load_ms = 100.25 + static_cast<double>(position);
  trial.cache.state = "cold";
  trial.cache.resident_fraction = 0.0;
  trial.conditions.wall_s = 1.5;
  trial.runs = {sample_run(4, true), sample_run(tokens), sample_run(tokens + 1)};
  trial.peak_rss_bytes = 123456789;
  trial.facts["graph_splits"] = "1";
  trial.log_tail = "last line\n";
  return trial;
}

template <class T>
std::string text_of(const T& value) {
  return dump_json(record::to_json(value));
}

// Runs `body` in a child process and gives its wait status. The child never comes back into the test.
template <class Body>
int in_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

// Root may write anywhere; a test of permissions must be somebody else.
inline void become_nobody() {
  constexpr uid_t kNobody = 65534;
  if (::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) {
    ::_exit(99);
  }
}

}  // namespace mia::store::testing
