// SPDX-License-Identifier: MIT
#include "worker/session.h"

#include <functional>
#include <new>
#include <stdexcept>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace mia::worker {
namespace {

// Does what the test says and notes what it was asked.
class ScriptedProvider : public Provider {
 public:
  std::vector<std::string> calls;
  std::function<proto::Reply()> on_load = [] { return proto::ModelLoaded{}; };
  std::function<proto::Reply()> on_context = [] { return proto::ContextReady{}; };
  std::function<proto::Reply()> on_generate = [] { return proto::Generated{}; };

  record::RuntimeInfo identity() override { return {}; }
  proto::Reply load(const proto::Load&) override {
    calls.emplace_back("load");
    return on_load();
  }
  proto::Reply make_context(const proto::MakeContext&) override {
    calls.emplace_back("context");
    return on_context();
  }
  proto::Reply generate(const proto::Generate&) override {
    calls.emplace_back("generate");
    return on_generate();
  }
  proto::Reply probe(const proto::Probe&) override { return proto::Probed{}; }
  void unload() override { calls.emplace_back("unload"); }
};

record::Outcome outcome_of(const proto::Reply& reply) {
  const auto* const failed = std::get_if<proto::Failed>(&reply);
  return failed == nullptr ? record::Outcome{} : failed->outcome;
}

void expect_refused(const proto::Reply& reply, record::Phase phase) {
  EXPECT_EQ(outcome_of(reply).kind, record::OutcomeKind::refused);
  EXPECT_EQ(outcome_of(reply).phase, phase);
  EXPECT_NE(outcome_of(reply).reason, "");
}

TEST(Session, RefusesRequestsOutOfOrderWithoutAskingTheProvider) {
  ScriptedProvider provider;
  Session session(provider);
  expect_refused(session.answer(proto::MakeContext{}), record::Phase::context);
  expect_refused(session.answer(proto::Generate{}), record::Phase::generate);
  expect_refused(session.answer(proto::WarmUp{}), record::Phase::warm_up);
  EXPECT_TRUE(outcome_of(session.answer(proto::Load{})).ok());
  expect_refused(session.answer(proto::Load{}), record::Phase::load);
  expect_refused(session.answer(proto::Generate{}), record::Phase::generate);
  EXPECT_TRUE(outcome_of(session.answer(proto::MakeContext{})).ok());
  EXPECT_TRUE(outcome_of(session.answer(proto::Generate{})).ok());
  EXPECT_EQ(provider.calls, (std::vector<std::string>{"load", "context", "generate"}));
}

TEST(Session, AFailedStepDoesNotCountAsDone) {
  ScriptedProvider provider;
  Session session(provider);
  provider.on_load = [] { return refused("no"); };
  expect_refused(session.answer(proto::Load{}), record::Phase::load);
  expect_refused(session.answer(proto::MakeContext{}), record::Phase::context);
  provider.on_load = [] { return proto::ModelLoaded{}; };
  (void)session.answer(proto::Load{});
  (void)session.answer(proto::MakeContext{});
  provider.on_context = [] { return refused("no"); };
  (void)session.answer(proto::MakeContext{});
  expect_refused(session.answer(proto::Generate{}), record::Phase::generate);
}

TEST(Session, UnloadForgetsModelAndContext) {
  ScriptedProvider provider;
  Session session(provider);
  (void)session.answer(proto::Load{});
  (void)session.answer(proto::MakeContext{});
  EXPECT_TRUE(std::holds_alternative<proto::Unloaded>(session.answer(proto::Unload{})));
  expect_refused(session.answer(proto::Generate{}), record::Phase::generate);
  expect_refused(session.answer(proto::MakeContext{}), record::Phase::context);
  EXPECT_TRUE(outcome_of(session.answer(proto::Load{})).ok());
}

TEST(Session, ExceptionsBecomeOutcomes) {
  ScriptedProvider provider;
  Session session(provider);
  provider.on_load = []() -> proto::Reply { throw std::bad_alloc(); };
  const record::Outcome memory = outcome_of(session.answer(proto::Load{}));
  EXPECT_EQ(memory.kind, record::OutcomeKind::out_of_memory);
  EXPECT_EQ(memory.phase, record::Phase::load);
  provider.on_load = []() -> proto::Reply { throw std::runtime_error("bad tensor"); };
  const record::Outcome other = outcome_of(session.answer(proto::Load{}));
  EXPECT_EQ(other.kind, record::OutcomeKind::refused);
  EXPECT_EQ(other.reason, "bad tensor");
}

TEST(Session, AContextThatBreaksOnTheWayIsNoContext) {
  ScriptedProvider provider;
  Session session(provider);
  (void)session.answer(proto::Load{});
  (void)session.answer(proto::MakeContext{});
  provider.on_context = []() -> proto::Reply { throw std::bad_alloc(); };
  (void)session.answer(proto::MakeContext{});
  expect_refused(session.answer(proto::Generate{}), record::Phase::generate);
}

// A provider ready to generate runs with the given medians, in order.
void follow(ScriptedProvider& provider, Session& session, std::vector<std::int64_t> intervals) {
  (void)session.answer(proto::Load{});
  (void)session.answer(proto::MakeContext{});
  provider.on_generate = [left = std::move(intervals), next = std::size_t{0}]() mutable -> proto::Reply {
    const std::int64_t step = left.at(next++);
    record::Run run;
    run.input = "text";
    run.token_ns = {0, step, 2 * step};
    run.tokens_out = 3;
    run.text = "some words";
    return proto::Generated{run};
  };
}

TEST(Session, WarmUpRunsUntilSteady) {
  ScriptedProvider provider;
  Session session(provider);
  follow(provider, session, {300, 200, 100, 101, 100, 7});
  const proto::Reply reply = session.answer(proto::WarmUp{{}, 10});
  const auto& warmed = std::get<proto::WarmedUp>(reply);
  EXPECT_TRUE(warmed.steady);
  ASSERT_EQ(warmed.runs.size(), 5U);
  EXPECT_EQ(warmed.runs[0].token_ns[1], 300);
  for (const record::Run& run : warmed.runs) {
    EXPECT_TRUE(run.warm_up);
    EXPECT_EQ(run.text, std::nullopt) << "the text of a warm-up run is of no use";
  }
}

TEST(Session, WarmUpGivesUpAfterItsMostRuns) {
  ScriptedProvider provider;
  Session session(provider);
  follow(provider, session, {300, 200, 100, 50});
  const proto::Reply reply = session.answer(proto::WarmUp{{}, 3});
  EXPECT_FALSE(std::get<proto::WarmedUp>(reply).steady);
  EXPECT_EQ(std::get<proto::WarmedUp>(reply).runs.size(), 3U);
}

TEST(Session, AFailedWarmUpRunIsAFailureOfTheWarmUp) {
  ScriptedProvider provider;
  Session session(provider);
  follow(provider, session, {});
  provider.on_generate = [] { return out_of_memory("no KV cache"); };
  const record::Outcome outcome = outcome_of(session.answer(proto::WarmUp{{}, 3}));
  EXPECT_EQ(outcome.kind, record::OutcomeKind::out_of_memory);
  EXPECT_EQ(outcome.phase, record::Phase::warm_up);
}

}  // namespace
}  // namespace mia::worker
