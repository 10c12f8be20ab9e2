// SPDX-License-Identifier: MIT
#include <cmath>

#include <nlohmann/json.hpp>

#include "proto/message.h"
#include "record/fields.h"

namespace mia::proto {
namespace {

Json buffers_to_json(const std::vector<record::BufferSize>& buffers) {
  Json list = Json::array();
  for (const record::BufferSize& buffer : buffers) {
    list.push_back({{"device", buffer.device}, {"kind", buffer.kind}, {"bytes", buffer.bytes}});
  }
  return list;
}

Json generate_to_json(const Generate& generate, const char* type) {
  return Json{{"type", type},
              {"settings", record::to_json(generate.settings, true)},
              {"prompt", generate.prompt},
              {"max_tokens", generate.max_tokens},
              {"prompt_tokens", generate.prompt_tokens},
              {"seed", generate.seed}};
}

// JSON holds UTF-8 only and a path may be any bytes: such a one travels as the list of its bytes.
Json path_to_json(const std::string& path) {
  try {
    static_cast<void>(Json(path).dump());
    return path;
  } catch (const Json::type_error&) {
    return std::vector<std::uint8_t>(path.begin(), path.end());
  }
}

struct RequestWriter {
  Json operator()(const Load& load) const {
    return Json{{"type", "load"},
                {"model", path_to_json(load.model)},
                {"n_ctx", load.n_ctx},
                {"settings", record::to_json(load.settings, true)}};
  }
  Json operator()(const MakeContext& make) const {
    return Json{{"type", "context"}, {"n_ctx", make.n_ctx}, {"settings", record::to_json(make.settings, true)}};
  }
  Json operator()(const Generate& generate) const { return generate_to_json(generate, "generate"); }
  Json operator()(const WarmUp& warm_up) const {
    Json json = generate_to_json(warm_up.generate, "warm_up");
    json["max_runs"] = warm_up.max_runs;
    return json;
  }
  Json operator()(const Probe& probe) const {
    return Json{{"type", "probe"}, {"what", probe.what}, {"arguments", probe.arguments}};
  }
  Json operator()(const Unload&) const { return Json{{"type", "unload"}}; }
  Json operator()(const Shutdown&) const { return Json{{"type", "shutdown"}}; }
};

struct ReplyWriter {
  Json operator()(const Greeting& greeting) const {
    return Json{{"type", "greeting"}, {"protocol", greeting.protocol}, {"runtime", record::to_json(greeting.runtime)}};
  }
  Json operator()(const ModelLoaded& loaded) const {
    return Json{{"type", "model_loaded"},
                {"load_ms", loaded.load_ms ? Json(*loaded.load_ms) : Json(nullptr)},
                {"buffers", buffers_to_json(loaded.buffers)},
                {"facts", loaded.facts}};
  }
  Json operator()(const ContextReady& ready) const {
    return Json{{"type", "context_ready"},
                {"effective", record::to_json(ready.effective, true)},
                {"create_ms", ready.create_ms},
                {"buffers", buffers_to_json(ready.buffers)},
                {"facts", ready.facts}};
  }
  Json operator()(const Generated& generated) const {
    return Json{{"type", "generated"}, {"run", record::to_json(generated.run)}};
  }
  Json operator()(const WarmedUp& warmed) const {
    Json runs = Json::array();
    for (const record::Run& run : warmed.runs) {
      runs.push_back(record::to_json(run));
    }
    return Json{{"type", "warmed_up"}, {"steady", warmed.steady}, {"runs", std::move(runs)}};
  }
  Json operator()(const Probed& probed) const { return Json{{"type", "probed"}, {"result", probed.result}}; }
  Json operator()(const Unloaded&) const { return Json{{"type", "unloaded"}}; }
  Json operator()(const Bye&) const { return Json{{"type", "bye"}}; }
  Json operator()(const Failed& failed) const {
    return Json{{"type", "failed"}, {"outcome", record::to_json(failed.outcome)}};
  }
};

std::string finish(std::int64_t id, Json json) {
  json["id"] = id;
  return dump_json(json);
}

}  // namespace

record::Phase phase_of(const Request& request) {
  struct Visitor {
    record::Phase operator()(const Load&) const { return record::Phase::load; }
    record::Phase operator()(const MakeContext&) const { return record::Phase::context; }
    record::Phase operator()(const Generate&) const { return record::Phase::generate; }
    record::Phase operator()(const WarmUp&) const { return record::Phase::warm_up; }
    record::Phase operator()(const Probe&) const { return record::Phase::probe; }
    record::Phase operator()(const Unload&) const { return record::Phase::unload; }
    record::Phase operator()(const Shutdown&) const { return record::Phase::shutdown; }
  };
  return std::visit(Visitor{}, request);
}

std::string encode(std::int64_t id, const Request& request) {
  return finish(id, std::visit(RequestWriter{}, request));
}

std::string encode(std::int64_t id, const Reply& reply) {
  return finish(id, std::visit(ReplyWriter{}, reply));
}

}  // namespace mia::proto
