// SPDX-License-Identifier: MIT
// Each message comes through text unchanged.
#include "proto/message.h"

#include <gtest/gtest.h>

#include "record/fields.h"

namespace mia::proto {
namespace {

record::Settings some_settings() {
  record::Settings settings;
  EXPECT_TRUE(record::set_text(settings, "llm.primary.n_threads", "8"));
  EXPECT_TRUE(record::set_text(settings, "llm.primary.flash_attn", "on"));
  EXPECT_TRUE(record::set_text(settings, "llm.primary.offload_kqv", "false"));
  EXPECT_TRUE(record::set_text(settings, "workload.temperature", "0.7"));
  return settings;
}

template <class Message>
Message through_text(std::int64_t id, const Message& message) {
  const auto incoming = decode_request(encode(id, Request(message)));
  EXPECT_TRUE(incoming.has_value()) << incoming.error().text();
  EXPECT_EQ(incoming->id, id);
  return std::get<Message>(incoming->request);
}

template <class Message>
Message reply_through_text(std::int64_t id, const Message& message) {
  const auto incoming = decode_reply(encode(id, Reply(message)));
  EXPECT_TRUE(incoming.has_value()) << incoming.error().text();
  EXPECT_EQ(incoming->id, id);
  return std::get<Message>(incoming->reply);
}

void expect_same(const record::Settings& a, const record::Settings& b) {
  EXPECT_EQ(record::describe(record::difference(a, b)), "");
}

record::Run some_run() {
  record::Run run;
  run.input = "text";
  run.prompt_tokens = 7;
  run.token_ns = {5, 9, 9, 14};
  run.tokens_out = 4;
  run.words_out = 3;
  run.tokenize_ns = 2;
  run.prefill_ns = 3;
  run.stop_reason = "end_of_text";
  run.text = "a \"quoted\" text\nü";
  run.major_faults = 0;
  return run;
}

void expect_same(const record::Run& a, const record::Run& b) {
  EXPECT_EQ(record::to_json(a), record::to_json(b));
}

TEST(Message, LoadComesThrough) {
  const Load load{"/models/with \"quotes\" and ü.gguf", some_settings()};
  const Load read = through_text(3, load);
  EXPECT_EQ(read.model, load.model);
  expect_same(read.settings, load.settings);
  EXPECT_EQ(read.settings.llm.n_threads, 8);
  EXPECT_EQ(read.settings.llm.n_batch, std::nullopt) << "what was not asked stays not asked";
  const std::string latin1 = "/models/m\xfcller\xff.gguf";
  EXPECT_EQ(through_text(4, Load{latin1, some_settings()}).model, latin1) << "a path may be any bytes";
}

TEST(Message, ContextComesThrough) {
  const MakeContext read = through_text(4, MakeContext{some_settings(), 576});
  EXPECT_EQ(read.n_ctx, 576);
  expect_same(read.settings, some_settings());
}

TEST(Message, GenerateComesThrough) {
  const Generate read = through_text(5, Generate{some_settings(), "line\nline\t\"", 64, 128, 42});
  EXPECT_EQ(read.prompt, "line\nline\t\"");
  EXPECT_EQ(read.max_tokens, 64);
  EXPECT_EQ(read.prompt_tokens, 128);
  EXPECT_EQ(read.seed, 42);
  expect_same(read.settings, some_settings());
}

TEST(Message, WarmUpComesThrough) {
  const WarmUp read = through_text(6, WarmUp{Generate{some_settings(), "p", 1, 0, 0}, 3});
  EXPECT_EQ(read.max_runs, 3);
  EXPECT_EQ(read.generate.prompt, "p");
  EXPECT_EQ(read.generate.max_tokens, 1);
}

TEST(Message, ProbeComesThrough) {
  const Probe read = through_text(7, Probe{"logits", Json{{"text", "x"}, {"n_ctx", 512}}});
  EXPECT_EQ(read.what, "logits");
  EXPECT_EQ(read.arguments, (Json{{"text", "x"}, {"n_ctx", 512}}));
}

TEST(Message, RequestsWithoutMembersComeThrough) {
  (void)through_text(8, Unload{});
  (void)through_text(9, Shutdown{});
}

TEST(Message, GreetingComesThrough) {
  Greeting greeting;
  greeting.runtime.version = "0.5.0-dev";
  greeting.runtime.backends = {"CPU", "CUDA"};
  greeting.runtime.devices = {{"CUDA0", "a GPU", "gpu", 1 << 20, std::nullopt, "0000:c1:00.0"}};
  const Greeting read = reply_through_text(0, greeting);
  EXPECT_EQ(read.protocol, kVersion);
  EXPECT_EQ(record::to_json(read.runtime), record::to_json(greeting.runtime));
}

TEST(Message, OfAnotherVersionOnlyTheNumberIsRead) {
  const auto incoming = decode_reply(R"({"type":"greeting","id":0,"protocol":7,"runtime":"a new shape"})");
  ASSERT_TRUE(incoming.has_value()) << incoming.error().text();
  EXPECT_EQ(std::get<Greeting>(incoming->reply).protocol, 7);
}

TEST(Message, ModelLoadedComesThrough) {
  const ModelLoaded read = reply_through_text(1, ModelLoaded{12.5, {{"CPU", "model", 96573850}}, {{"a", "b"}}});
  EXPECT_EQ(read.load_ms, 12.5);
  ASSERT_EQ(read.buffers.size(), 1U);
  EXPECT_EQ(read.buffers[0].device, "CPU");
  EXPECT_EQ(read.buffers[0].kind, "model");
  EXPECT_EQ(read.buffers[0].bytes, 96573850);
  EXPECT_EQ(read.facts.at("a"), "b");
  EXPECT_EQ(reply_through_text(1, ModelLoaded{}).load_ms, std::nullopt);
}

TEST(Message, ContextReadyComesThrough) {
  const ContextReady read = reply_through_text(2, ContextReady{some_settings(), 3.25, {}, {}});
  EXPECT_EQ(read.create_ms, 3.25);
  expect_same(read.effective, some_settings());
}

TEST(Message, RunsComeThrough) {
  expect_same(reply_through_text(3, Generated{some_run()}).run, some_run());
  record::Run warm = some_run();
  warm.warm_up = true;
  const WarmedUp read = reply_through_text(4, WarmedUp{true, {warm, warm}});
  EXPECT_TRUE(read.steady);
  ASSERT_EQ(read.runs.size(), 2U);
  expect_same(read.runs[1], warm);
}

TEST(Message, OtherRepliesComeThrough) {
  EXPECT_EQ(reply_through_text(5, Probed{Json{{"ids", {1, 2}}}}).result, (Json{{"ids", {1, 2}}}));
  (void)reply_through_text(6, Unloaded{});
  (void)reply_through_text(7, Bye{});
  Failed failed;
  failed.outcome.kind = record::OutcomeKind::out_of_memory;
  failed.outcome.phase = record::Phase::load;
  failed.outcome.reason = "unable to allocate";
  const Failed read = reply_through_text(8, failed);
  EXPECT_EQ(record::to_json(read.outcome), record::to_json(failed.outcome));
}

TEST(Message, IsOneLineWhateverTheTextsHold) {
  EXPECT_EQ(encode(1, Request(Generate{{}, "a\nb\r\n", 1, 1, 1})).find('\n'), std::string::npos);
}

TEST(Message, InvalidUtf8IsReplacedNotRefused) {
  const Generate read = through_text(1, Generate{{}, "a\xFFz", 1, 1, 1});
  EXPECT_EQ(read.prompt, "a\xEF\xBF\xBDz");
}

TEST(Message, UnknownMembersAreIgnored) {
  EXPECT_TRUE(decode_request(R"({"type":"unload","id":1,"later":{"x":[1]}})").has_value());
  EXPECT_TRUE(decode_request(R"({"type":"load","id":1,"model":"m","settings":{"llm.primary":{"later":1}}})"));
}

TEST(Message, EachRequestOpensItsPhase) {
  EXPECT_EQ(phase_of(Load{}), record::Phase::load);
  EXPECT_EQ(phase_of(MakeContext{}), record::Phase::context);
  EXPECT_EQ(phase_of(Generate{}), record::Phase::generate);
  EXPECT_EQ(phase_of(WarmUp{}), record::Phase::warm_up);
  EXPECT_EQ(phase_of(Probe{}), record::Phase::probe);
  EXPECT_EQ(phase_of(Unload{}), record::Phase::unload);
  EXPECT_EQ(phase_of(Shutdown{}), record::Phase::shutdown);
}

}  // namespace
}  // namespace mia::proto
