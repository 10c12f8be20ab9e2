// SPDX-License-Identifier: MIT
#include "runtime/check.h"

#include <algorithm>

#include "world.h"

namespace mia::runtime {
namespace {

class Check : public World {
 protected:
  // "what" of the lines that failed, in order.
  static std::vector<std::string> failures(const std::vector<CheckLine>& lines) {
    std::vector<std::string> names;
    for (const CheckLine& line : lines) {
      if (!line.ok) {
        names.push_back(line.what);
      }
    }
    return names;
  }
  static std::string text_of_line(const std::vector<CheckLine>& lines, const std::string& what) {
    const auto found = std::find_if(lines.begin(), lines.end(), [&](const auto& line) { return line.what == what; });
    return found == lines.end() ? std::string("absent") : found->text;
  }
};

using Names = std::vector<std::string>;

TEST_F(Check, SoundRuntimePassesEverything) {
  make_runtime("a");
  const auto lines = check("a");
  ASSERT_TRUE(lines.has_value());
  EXPECT_EQ(failures(*lines), Names{});
  EXPECT_EQ(lines->size(), 4U);
  EXPECT_EQ(text_of_line(*lines, "devices"), "CPU (a test's CPU)");
}

TEST_F(Check, UnknownRuntimeIsAnError) {
  EXPECT_EQ(check("a").error().kind, ErrorKind::not_found);
}

TEST_F(Check, OtherVersionThanRecorded) {
  put_program(make_runtime("a").worker, greeting_script("7.2", proto::kVersion));
  const auto lines = check("a");
  EXPECT_EQ(failures(*lines), Names{"version"});
  EXPECT_NE(text_of_line(*lines, "version").find("7.2"), std::string::npos);
}

TEST_F(Check, AGpuThatIsNotSeenAnyMoreIsNoSoundRuntime) {
  record::RuntimeInfo runtime = make_runtime("a");
  runtime.devices = {{"CUDA0", "a test's GPU", "gpu", {}, {}, ""}};
  put(runtimes_dir() / "a" / "runtime.json", dump_json(record::to_json(runtime)));
  set("CUDA_VISIBLE_DEVICES", "");
  ::setenv("CUDA_VISIBLE_DEVICES", "", 1);
  const auto lines = check("a");
  EXPECT_EQ(failures(*lines), Names{"devices"});
  EXPECT_NE(text_of_line(*lines, "devices").find("CUDA_VISIBLE_DEVICES is ''"), std::string::npos);
}

TEST_F(Check, OtherProtocol) {
  put_program(make_runtime("a").worker, greeting_script("7.1", proto::kVersion + 1));
  const auto lines = check("a", "model.gguf");
  EXPECT_EQ(failures(*lines), Names{"worker"});
  EXPECT_NE(text_of_line(*lines, "worker").find("speaks protocol"), std::string::npos);
}

TEST_F(Check, ChangedLibraryAndDeadWorkerAreLines) {
  const record::RuntimeInfo runtime = make_runtime("a");
  put(fs::path(runtime.prefix) / "lib/libggml.so", "another");
  put_program(runtime.worker, "echo symbol lookup error >&2; exit 127\n");
  const auto lines = check("a");
  EXPECT_EQ(failures(*lines), (Names{"libraries", "worker"}));
  EXPECT_NE(text_of_line(*lines, "worker").find("crashed (exit code 127) in greeting: symbol lookup error"),
            std::string::npos);
}

TEST_F(Check, WorkerThatSpeaksNonsense) {
  put_program(make_runtime("a").worker, "echo nonsense >&4; sleep 1000\n");
  EXPECT_EQ(failures(*check("a")), Names{"worker"});
}

// Answers by script: the replies of a run, whatever is asked.
std::string decoding_worker(const std::string& greeting, const proto::Reply& last) {
  std::string script = greeting.substr(0, greeting.rfind("read "));
  std::int64_t id = 0;
  for (const proto::Reply& reply : {proto::Reply(proto::ModelLoaded{}), proto::Reply(proto::ContextReady{}), last}) {
    script += "read -r line <&3\ncat >&4 <<'E'\n" + proto::encode(++id, reply) + "\nE\n";
  }
  return script + "read -r line <&3\n";
}

TEST_F(Check, DecodesWithAModel) {
  proto::Generated done;
  done.run.input = "tokens";
  done.run.prompt_tokens = 8;
  done.run.tokens_out = 4;
  done.run.token_ns = {1'000'000, 2'000'000, 3'000'000, 12'000'000};
  done.run.stop_reason = "length";
  const record::RuntimeInfo runtime = make_runtime("a");
  put_program(runtime.worker, decoding_worker(greeting_script("7.1", proto::kVersion), done));
  const auto lines = check("a", "model.gguf");
  EXPECT_EQ(failures(*lines), Names{});
  EXPECT_EQ(text_of_line(*lines, "decode"), "4 tokens in 12 ms with 1 thread");
  done.run.tokens_out = 1;
  done.run.token_ns = {1'000'000};
  put_program(runtime.worker, decoding_worker(greeting_script("7.1", proto::kVersion), done));
  EXPECT_EQ(failures(*check("a", "model.gguf")), Names{"decode"});
}

TEST_F(Check, RefusedDecodeSaysWhy) {
  proto::Failed failed;
  failed.outcome.kind = record::OutcomeKind::refused;
  failed.outcome.reason = "no such thing";
  put_program(make_runtime("a").worker, decoding_worker(greeting_script("7.1", proto::kVersion), failed));
  EXPECT_NE(text_of_line(*check("a", "model.gguf"), "decode").find("no such thing"), std::string::npos);
}

}  // namespace
}  // namespace mia::runtime
