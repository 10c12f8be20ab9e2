// SPDX-License-Identifier: MIT
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"

#include "record/fields.h"
#include "store/types.h"

namespace mia::store {
namespace {

constexpr std::size_t kLabelBytes = 200;

// Only what decides the speed: neither names nor how often, in which order and by which limits it is measured.
record::Settings deciding(const record::Settings& settings) {
  record::Settings result;
  result.llm = settings.llm;
  result.llm.id.reset();
  result.workload = settings.workload;
  result.workload.name.reset();
  result.workload.seed.reset();
  result.run.cache = settings.run.cache;
  return result;
}

}  // namespace

std::string configuration_key(const record::Settings& requested) {
  return hash_hex(dump_json(record::to_json(deciding(requested), true)));
}

std::string configuration_label(const record::Settings& requested) {
  const std::string text =
      record::describe(record::difference(deciding(record::default_settings()), deciding(requested)));
  return text.empty() ? "defaults" : one_line(text, kLabelBytes);
}

std::string model_key(const std::vector<record::ModelInfo>& models) {
  std::vector<std::string> hashes;
  hashes.reserve(models.size());
  for (const record::ModelInfo& model : models) {
    hashes.push_back(model.header_hash);
  }
  return join(hashes, "+");
}

}  // namespace mia::store
