// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "worker/server/events.h"
#include "worker/server/options.h"

namespace mia::worker {
namespace {

using Options = std::vector<std::string>;

TEST(ServerOptions, ASwitchAloneIsGivenOnlyWhereItIsMeant) {
  const ServerHelp help("-t,    --threads N      threads\n--cpu-strict            strict\n");
  record::Settings settings;
  settings.llm.n_threads = 3;
  settings.llm.cpu_strict = false;
  EXPECT_EQ(*options_of(settings, help), (Options{"--threads", "3"}));
  settings.llm.cpu_strict = true;
  EXPECT_EQ(*options_of(settings, help), (Options{"--threads", "3", "--cpu-strict"}));
}

TEST(ServerOptions, WhatTheServerLacksIsRefusedByName) {
  record::Settings settings;
  settings.llm.n_threads = 3;
  const auto refused = options_of(settings, ServerHelp("--port N\n"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unsupported);
  EXPECT_NE(refused.error().text().find("--threads"), std::string::npos) << refused.error().text();
}

TEST(EventReader, PutsTogetherWhatWasCutAnywhere) {
  const std::string stream = ": note\r\ndata: {\"a\":\"\xC3\xA9\"}\r\n\r\ndata: one\ndata: two\n\n";
  for (std::size_t step = 1; step <= stream.size(); ++step) {
    EventReader reader(1000, Framing::events);
    Options events;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      ASSERT_TRUE(reader.append(std::string_view(stream).substr(at, step)));
      for (std::string& event : reader.take()) {
        events.push_back(std::move(event));
      }
    }
    EXPECT_EQ(events, (Options{"{\"a\":\"\xC3\xA9\"}", "one\ntwo"})) << step;
    EXPECT_FALSE(reader.is_half());
  }
}

TEST(EventReader, AnEventThatNeverEndsIsNotKept) {
  EventReader reader(1000, Framing::events);
  EXPECT_TRUE(reader.append("data: " + std::string(500, 'x')));
  EXPECT_FALSE(reader.append(std::string(600, 'x')));
}

}  // namespace
}  // namespace mia::worker
