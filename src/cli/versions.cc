// SPDX-License-Identifier: MIT
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/cli.h"
#include "proto/message.h"
#include "record/comparison.h"
#include "record/report.h"
#include "runtime/registry.h"
#include "store/store.h"

namespace mia::cli {
namespace {

constexpr std::string_view kCommit = MIA_COMMIT;
constexpr std::string_view kLibraries = MIA_LIBRARIES;  // "fmt=9.1.0 spdlog=1.10.0"

#ifdef __clang__
constexpr std::string_view kCompiler = __VERSION__;
#else
constexpr std::string_view kCompiler = "GCC " __VERSION__;
#endif

}  // namespace

Json versions_json() {
  Json json = {{"mia-perf", app::tool_version()},
               {"commit", kCommit.empty() ? Json(nullptr) : Json(kCommit)},
               {"protocol", proto::kVersion},
               {"report_schema", record::kReportSchema},
               {"compare_schema", record::kComparisonSchema},
               {"store_schema", store::schema_version()},
               {"compiler", kCompiler},
               {"libraries", Json::object()},
               {"runtimes", Json::array()}};
  for (const std::string& library : split(kLibraries, ' ')) {
    const std::size_t equals = library.find('=');
    json["libraries"][library.substr(0, equals)] = library.substr(equals + 1);
  }
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
  return kCommit.empty() ? fmt::format("mia-perf {}\n", app::tool_version())
                         : fmt::format("mia-perf {} ({})\n", app::tool_version(), kCommit);
}

}  // namespace mia::cli
