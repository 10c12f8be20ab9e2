// SPDX-License-Identifier: MIT
// Every line that is not exactly a message is an error of kind protocol that names what is wrong.
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "proto/message.h"

namespace mia::proto {
namespace {

using Cases = std::vector<std::pair<std::string, std::string>>;  // line, part of the error's text

template <class Decode>
void expect_violations(const Cases& cases, Decode decode) {
  for (const auto& [line, part] : cases) {
    const auto incoming = decode(line);
    ASSERT_FALSE(incoming.has_value()) << line.substr(0, 200);
    EXPECT_EQ(incoming.error().kind, ErrorKind::protocol) << line.substr(0, 200);
    EXPECT_NE(incoming.error().message.find(part), std::string::npos)
        << "'" << incoming.error().message << "' for " << line.substr(0, 200);
  }
}

std::string nested(int depth) {
  return R"({"type":"unload","id":1,"x":)" + std::string(static_cast<std::size_t>(depth - 1), '[') +
         std::string(static_cast<std::size_t>(depth - 1), ']') + "}";
}

std::string padded(std::size_t size) {
  const std::string head = R"({"type":"unload","id":1,"x":")";
  return head + std::string(size - head.size() - 2, 'x') + "\"}";
}

TEST(Violation, OfTheFrame) {
  expect_violations(
      {
          {"", "not valid JSON"},
          {"\xFF\xFE", "not valid JSON"},
          {R"({"type":"unload","id":1)", "not valid JSON"},
          {R"({"type":"unload","id":1} {})", "not valid JSON"},
          {"[]", "not an object"},
          {"null", "not an object"},
          {R"({"id":1})", "'type'"},
          {R"({"type":7,"id":1})", "'type'"},
          {R"({"type":"launch","id":1})", "unknown message type 'launch'"},
          {R"({"type":"bye","id":1})", "unknown message type 'bye'"},
          {R"({"type":"unload"})", "'id'"},
          {R"({"type":"unload","id":"1"})", "'id'"},
          {R"({"type":"unload","id":1.5})", "'id'"},
          {R"({"type":"unload","id":-1})", "'id' is -1"},
          {R"({"type":"unload","id":9007199254740993})", "'id'"},
          {R"({"type":"unload","id":1,"x":18446744073709551615})", "beyond 64 bits"},
          {R"({"type":"unload","id":1,"x":1e999})", "not valid JSON"},
      },
      decode_request);
}

TEST(Violation, NestingAndLengthHaveExactLimits) {
  EXPECT_TRUE(decode_request(nested(kMaxNesting)).has_value());
  EXPECT_TRUE(decode_request(padded(kMaxLine)).has_value());
  expect_violations({{nested(kMaxNesting + 1), "nested"}, {padded(kMaxLine + 1), "over the limit"}}, decode_request);
}

TEST(Violation, OfRequests) {
  expect_violations(
      {
          {R"({"type":"load","id":1,"settings":{}})", "'model'"},
          {R"({"type":"load","id":1,"model":"","settings":{}})", "'model'"},
          {R"({"type":"load","id":1,"model":"a\u0000b","settings":{}})", "'model'"},
          {R"({"type":"load","id":1,"model":"m"})", "'settings'"},
          {R"({"type":"load","id":1,"model":"m","settings":[]})", "'settings'"},
          {R"({"type":"load","id":1,"model":"m","settings":{"llm.primary":[]}})", "section"},
          {R"({"type":"load","id":1,"model":"m","settings":{"llm.primary":{"n_threads":"8"}}})", "n_threads"},
          {R"({"type":"load","id":1,"model":"m","settings":{"llm.primary":{"n_threads":0}}})", "n_threads"},
          {R"({"type":"load","id":1,"model":"m","settings":{"llm.primary":{"n_threads":1.5}}})", "n_threads"},
          {R"({"type":"load","id":1,"model":"m","settings":{"llm.primary":{"flash_attn":"maybe"}}})", "maybe"},
          {R"({"type":"load","id":1,"model":"m","settings":{"llm.primary":{"offload_kqv":1}}})", "offload_kqv"},
          {R"({"type":"context","id":1,"settings":{}})", "'n_ctx'"},
          {R"({"type":"context","id":1,"settings":{},"n_ctx":-1})", "'n_ctx' is -1"},
          {R"({"type":"context","id":1,"settings":{},"n_ctx":99999999999})", "'n_ctx'"},
          {R"({"type":"probe","id":1,"arguments":{}})", "'what'"},
          {R"({"type":"probe","id":1,"what":"graph","arguments":[]})", "'arguments'"},
          {R"({"type":"probe","id":1,"what":")" + std::string(200, 'x') + R"(","arguments":{}})", "'what'"},
      },
      decode_request);
}

// A generate or warm_up request with one member replaced.
std::string generate_with(const std::string& type, const std::string& key, const std::string& value) {
  Json json =
      Json::parse(R"({"id":1,"settings":{},"prompt":"p","max_tokens":8,"prompt_tokens":8,"seed":1,"max_runs":3})");
  json["type"] = type;
  json[key] = Json::parse(value);
  return json.dump();
}

TEST(Violation, OfGenerateAndWarmUp) {
  for (const char* const type : {"generate", "warm_up"}) {
    ASSERT_TRUE(decode_request(generate_with(type, "seed", "2")).has_value());
    expect_violations(
        {
            {generate_with(type, "prompt", "7"), "'prompt'"},
            {generate_with(type, "max_tokens", "0"), "'max_tokens' is 0"},
            {generate_with(type, "max_tokens", "1000001"), "'max_tokens'"},
            {generate_with(type, "prompt_tokens", "-1"), "'prompt_tokens'"},
            {generate_with(type, "seed", "-1"), "'seed'"},
            {generate_with(type, "seed", "null"), "'seed'"},
            {generate_with(type, "settings", "null"), "'settings'"},
        },
        decode_request);
  }
  expect_violations({{generate_with("warm_up", "max_runs", "0"), "'max_runs'"},
                     {generate_with("warm_up", "max_runs", "1001"), "'max_runs'"}},
                    decode_request);
}

TEST(Violation, OfReplies) {
  expect_violations(
      {
          {R"({"type":"load","id":1,"model":"m","settings":{}})", "unknown message type 'load'"},
          {R"({"type":"greeting","id":0,"runtime":{}})", "'protocol'"},
          {R"({"type":"greeting","id":0,"protocol":1})", "'runtime'"},
          {R"({"type":"greeting","id":0,"protocol":1,"runtime":{"version":5}})", "'version'"},
          {R"({"type":"greeting","id":0,"protocol":1,"runtime":{"devices":[1]}})", "devices"},
          {R"({"type":"model_loaded","id":1,"load_ms":-1})", "'load_ms'"},
          {R"({"type":"model_loaded","id":1,"load_ms":"fast"})", "'load_ms'"},
          {R"({"type":"model_loaded","id":1,"buffers":{}})", "'buffers'"},
          {R"({"type":"model_loaded","id":1,"buffers":[7]})", "'device'"},
          {R"({"type":"model_loaded","id":1,"buffers":[{"device":"CPU","kind":"kv","bytes":-1}]})", "'bytes'"},
          {R"({"type":"model_loaded","id":1,"facts":[]})", "'facts'"},
          {R"({"type":"model_loaded","id":1,"facts":{"a":1}})", "'facts'"},
          {R"({"type":"context_ready","id":1,"effective":{}})", "'create_ms'"},
          {R"({"type":"context_ready","id":1,"create_ms":1})", "'effective'"},
          {R"({"type":"context_ready","id":1,"create_ms":1,"effective":{"llm.primary":{"n_ctx":"x"}}})", "n_ctx"},
          {R"({"type":"probed","id":1})", "'result'"},
          {R"({"type":"warmed_up","id":1,"runs":[]})", "'steady'"},
          {R"({"type":"warmed_up","id":1,"steady":true,"runs":7})", "'runs'"},
          {R"({"type":"failed","id":1})", "'outcome'"},
          {R"({"type":"failed","id":1,"outcome":{"kind":"sad"}})", "outcome"},
          {R"({"type":"failed","id":1,"outcome":{"kind":"ok"}})", "'ok'"},
          {R"({"type":"failed","id":1,"outcome":{"kind":"crashed"}})", "'crashed'"},
      },
      decode_reply);
}

// A generated reply whose run has some members replaced.
std::string run_with(const std::string& patch) {
  Json json = Json::parse(
      R"({"type":"generated","id":1,"run":{"input":"tokens","prompt_tokens":4,"tokens_out":2,"prefill_ns":5,
          "token_ns":[5,9],"stop_reason":"length"}})");
  json["run"].merge_patch(Json::parse(patch));
  return json.dump();
}

TEST(Violation, OfRuns) {
  ASSERT_TRUE(decode_reply(run_with("{}")).has_value());
  expect_violations(
      {
          {R"({"type":"generated","id":1})", "'run'"},
          {run_with(R"({"token_ns":[9,5]})"), "'token_ns"},
          {run_with(R"({"token_ns":[-1,5]})"), "'token_ns"},
          {run_with(R"({"token_ns":[5]})"), "tokens_out is 2"},
          {run_with(R"({"token_ns":["a","b"]})"), "'token_ns"},
          {run_with(R"({"prefill_ns":-5})"), "negative"},
          {run_with(R"({"prompt_tokens":-5})"), "negative"},
          {run_with(R"({"tokenize_ns":-5})"), "negative"},
          {run_with(R"({"prefill_ns":1.5})"), "'prefill_ns'"},
          {run_with(R"({"input":"voice"})"), "'voice'"},
          {R"({"type":"warmed_up","id":1,"steady":true,"runs":[{"input":"text","tokens_out":0,"token_ns":[]}]})",
           "warm-up"},
      },
      decode_reply);
}

TEST(Violation, ATranscriptCutAnywhereIsNeverAMessage) {
  const std::string line = run_with("{}");
  for (std::size_t length = 0; length < line.size(); ++length) {
    EXPECT_FALSE(decode_reply(line.substr(0, length)).has_value()) << length;
  }
}

}  // namespace
}  // namespace mia::proto
