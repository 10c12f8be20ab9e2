// SPDX-License-Identifier: MIT
#include <string>

#include <gtest/gtest.h>

#include "worker/server/api.h"

namespace mia::worker {
namespace {

struct Spoken {
  std::unique_ptr<Api> api;
  std::string stream;  // five tokens in four pieces
};

std::vector<Spoken> all() {
  std::vector<Spoken> spoken;
  spoken.push_back(
      {make_llama_api(),
       ": a comment\r\n\r\ndata: {\"content\":\"né\",\"tokens_predicted\":2}\r\n\r\n"
       "data: {\"content\":\"a\",\"tokens_predicted\":3}\n\ndata: {\"content\":\"\",\"tokens_predicted\":4}\n\n"
       "data: {\"content\":\"b\",\"tokens_predicted\":5}\n\n"
       "data: {\"content\":\"\",\"stop\":true,\"stop_type\":\"limit\",\"tokens_predicted\":5,"
       "\"tokens_evaluated\":7,\"timings\":{\"predicted_n\":5,\"cache_n\":0,\"prompt_ms\":0.001}}\n\n"});
  spoken.push_back(
      {make_openai_api(),
       "data: {\"choices\":[{\"text\":\"né\"}]}\n\ndata: {\"choices\":[{\"text\":\"a\"}]}\n\n"
       "data: {\"choices\":[{\"text\":\"b\"}]}\n\n"
       "data: {\"choices\":[{\"text\":\"c\",\"finish_reason\":\"length\"}]}\n\n"
       "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":5}}\n\ndata: [DONE]\n\n"});
  spoken.push_back(
      {make_ollama_api(),
       "{\"response\":\"né\",\"done\":false}\n{\"response\":\"a\",\"done\":false}\n"
       "{\"response\":\"b\",\"done\":false}\n{\"response\":\"c\",\"done\":false}\n"
       "{\"response\":\"\",\"done\":true,\"done_reason\":\"length\",\"prompt_eval_count\":7,\"eval_count\":5}\n"});
  return spoken;
}

TEST(ServerReception, UnderstandsAStreamWhereverItIsCut) {
  for (const Spoken& spoken : all()) {
    for (std::size_t cut = 0; cut <= spoken.stream.size(); ++cut) {
      Reception reception(spoken.api->dialect(), 1000, 5);
      ASSERT_TRUE(reception.take(std::string_view(spoken.stream).substr(0, cut), 10'000));
      ASSERT_TRUE(reception.take(std::string_view(spoken.stream).substr(cut), 20'000));
      const auto run = reception.finish();
      ASSERT_TRUE(run) << run.error().text() << " cut at " << cut;
      EXPECT_EQ(run->token_ns.size(), 5U);
      EXPECT_EQ(run->prompt_tokens, 7);
      EXPECT_TRUE(run->text->starts_with("néa")) << *run->text;
      EXPECT_EQ(run->token_ns.back(), cut == spoken.stream.size() ? 9'000 : run->token_ns.back());
    }
  }
}

TEST(ServerReception, SpreadsTokensThatOnlyTheEndCounts) {
  const auto api = make_openai_api();
  Reception reception(api->dialect(), 0, 6);
  const std::string piece = "data: {\"choices\":[{\"text\":\"x\"}]}\n\n";
  ASSERT_TRUE(reception.take(piece, 10));
  ASSERT_TRUE(reception.take(piece, 20));
  ASSERT_TRUE(reception.take(piece, 30));
  ASSERT_TRUE(
      reception.take("data: {\"choices\":[{\"text\":\"\",\"finish_reason\":\"length\"}],"
                     "\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":6}}\n\n",
                     31));
  const auto run = reception.finish();
  ASSERT_TRUE(run) << run.error().text();
  EXPECT_EQ(run->token_ns, (std::vector<std::int64_t>{10, 10, 20, 20, 30, 30}));
  EXPECT_EQ(run->chunks, 3);
}

TEST(ServerReception, DoesNotCountTheTokenThatEndsTheText) {
  const auto api = make_ollama_api();
  Reception reception(api->dialect(), 0, 9);
  ASSERT_TRUE(reception.take("{\"response\":\"x\",\"done\":false}\n", 10));
  ASSERT_TRUE(reception.take(
      "{\"response\":\"\",\"done\":true,\"done_reason\":\"stop\",\"prompt_eval_count\":1,\"eval_count\":2}\n", 20));
  const auto run = reception.finish();
  ASSERT_TRUE(run) << run.error().text();
  EXPECT_EQ(run->tokens_out, 1);
  EXPECT_EQ(run->stop_reason, "end_of_text");
}

}  // namespace
}  // namespace mia::worker
