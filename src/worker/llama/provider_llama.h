// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <vector>

#include "worker/llama/generate.h"
#include "worker/llama/handles.h"
#include "worker/llama/logs.h"
#include "worker/provider.h"

namespace mia::worker {

// A llama.cpp of the prefix that this program was compiled against.
class LlamaProvider : public Provider {
 public:
  // Loads the backends; error kind unsupported when the libraries are not those that the program was compiled against.
  [[nodiscard]] static Status prepare(LogBook& logs);

  explicit LlamaProvider(LogBook& logs) : logs_(logs) {}

  [[nodiscard]] record::RuntimeInfo identity() override;
  [[nodiscard]] proto::Reply load(const proto::Load& request) override;
  [[nodiscard]] proto::Reply make_context(const proto::MakeContext& request) override;
  [[nodiscard]] proto::Reply generate(const proto::Generate& request) override;
  [[nodiscard]] proto::Reply probe(const proto::Probe& request) override;
  void unload() override;

 private:
  // Tokens that the workload needs; a refusal when it cannot be told.
  [[nodiscard]] Result<std::int64_t> needed_context(const proto::MakeContext& request) const;

  LogBook& logs_;
  ModelPtr model_;
  Engine engine_;
  Chosen chosen_;
  record::Settings settings_;  // of the last load or context
  std::map<std::string, std::string> load_facts_;
  std::vector<record::BufferSize> load_buffers_;
};

}  // namespace mia::worker
