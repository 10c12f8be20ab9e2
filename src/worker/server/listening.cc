// SPDX-License-Identifier: MIT
#include "worker/server/listening.h"

#include <array>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "worker/server/http.h"

namespace mia::worker {
namespace {

constexpr double kPatienceS = 0.3;
constexpr std::size_t kShownModels = 3;

struct UsualPort {
  int port;
  std::string_view engine;  // whose port it is
  std::string_view path;    // what it is asked
};

// Sources: docs.ollama.com/faq and its API's /api/version; lmstudio.ai/docs/api (1234); llama.cpp's
// tools/server/README.md (8080); docs.vllm.ai (8000); koboldcpp's API documentation (5001, /api/extra/version).
constexpr std::array kUsualPorts{
    UsualPort{11434, "Ollama", "/api/version"},         UsualPort{1234, "LM Studio", "/v1/models"},
    UsualPort{8080, "llama-server", "/v1/models"},      UsualPort{8000, "vLLM", "/v1/models"},
    UsualPort{5001, "KoboldCpp", "/api/extra/version"},
};

// "a, b and 3 more"
std::string names_of(const Json& models) {
  std::vector<std::string> names;
  for (const Json& model : models) {
    if (names.size() < kShownModels) {
      names.push_back(one_line(get_string(model, "id").value_or("?"), 80));
    }
  }
  const std::string more =
      models.size() > names.size() ? fmt::format(" and {} more", models.size() - names.size()) : "";
  return names.empty() ? "no model" : join(names, ", ") + more;
}

// By its own answer: a list of models says who owns them, the others tell their version.
void recognise(const UsualPort& usual, const Json& told, Json& row) {
  const Json& models = get_member(told, "data");
  const auto version = get_string(told, "version");
  if (models.is_array()) {
    const std::string owner = models.empty() ? "" : get_string(models.front(), "owned_by").value_or("");
    row["engine"] = owner == "llamacpp" ? "llama-server" : owner == "vllm" ? "vLLM" : std::string(usual.engine);
    row["measured"] = "as it runs, with " + names_of(models);
  } else if (version) {
    row["engine"] = usual.engine;
    row["version"] = one_line(*version, 40);
    row["measured"] = "as it runs";
  }
}

}  // namespace

Json listening() {
  Json rows = Json::array();
  for (const UsualPort& usual : kUsualPorts) {
    const std::string url = fmt::format("http://127.0.0.1:{}", usual.port);
    Http http(url, "", -1, [] {});
    http.limit(kPatienceS);
    const Result<Json> told = http.get(usual.path);
    if (!told && told.error().kind == ErrorKind::not_found) {
      continue;
    }
    Json row = {
        {"url", url},
        {"engine", "unknown"},
        {"version", nullptr},
        {"measured", told ? "nothing: its answer is none of a known engine" : "nothing: " + told.error().message}};
    if (told) {
      recognise(usual, *told, row);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace mia::worker
