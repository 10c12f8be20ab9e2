// SPDX-License-Identifier: MIT
#include <nlohmann/json.hpp>

#include "cli/app.h"
#include "proto/message.h"
#include "record/report.h"
#include "runtime/registry.h"

namespace mia::cli {

Json versions_json() {
  Json json = {{"mia-perf", tool_version()},
               {"protocol", proto::kVersion},
               {"report_schema", record::kReportSchema},
               {"compiler", __VERSION__},
               {"runtimes", Json::array()}};
  json["libraries"] = {{"nlohmann-json", fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR,
                                                     NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH)},
                       {"fmt", FMT_VERSION}};
  if (const auto runtimes = runtime::list()) {
    for (const record::RuntimeInfo& runtime : *runtimes) {
      json["runtimes"].push_back({{"name", runtime.name},
                                  {"llama_cpp", runtime.version},
                                  {"commit", runtime.commit},
                                  {"package", runtime.package}});
    }
  }
  return json;
}

std::string versions_text() {
  return fmt::format("mia-perf {}\n", tool_version());
}

}  // namespace mia::cli
