// SPDX-License-Identifier: MIT
#include "report/tuning_commands.h"

#include <gtest/gtest.h>

#include "record/fields.h"

namespace mia::report {
namespace {

TEST(LaunchCommands, NameWhatDiffersAndQuoteThePath) {
  record::Settings settings = record::default_settings();
  settings.llm.n_threads = 2;
  settings.llm.flash_attn = "off";
  settings.llm.op_offload = false;
  record::ModelInfo model;
  model.path = "/a model's\n.gguf";
  const auto commands = launch_commands(settings, model);
  ASSERT_EQ(commands.size(), 3U);
  EXPECT_NE(commands[0].find("--threads 2 --flash-attn off --no-op-offload"), std::string::npos) << commands[0];
  EXPECT_EQ(commands[2],
            "llama_cpp.Llama(model_path=\"/a model's\\n.gguf\", n_threads=2, flash_attn=False, op_offload=False)");
}

TEST(LaunchCommands, DefaultsNeedNothing) {
  record::ModelInfo model;
  model.path = "/m.gguf";
  EXPECT_EQ(launch_commands(record::default_settings(), model)[0], "llama-server --model /m.gguf");
}

}  // namespace
}  // namespace mia::report
