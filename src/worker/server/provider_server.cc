// SPDX-License-Identifier: MIT
// Kept equal to the worker of a libllama where the API allows it: one slot, nothing cached, the likeliest token or one
// by temperature and seed alone. A server chooses its tokens itself, so in tokens mode only the prompt is random.
#include "worker/server/provider_server.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/text.h"
#include "worker/llama/log_facts.h"
#include "worker/server/http.h"
#include "worker/server/options.h"
#include "worker/server/process.h"
#include "worker/server/reception.h"

namespace mia::worker {
namespace {

constexpr std::int64_t kContext = 4096;                // where nobody says how much is needed
constexpr std::int64_t kMargin = 8;                    // a server stops short of its last positions
constexpr auto kPause = std::chrono::milliseconds(5);  // between two looks whether the model is loaded
constexpr double kDeathWaitS = 0.5;                    // a server whose connection broke has this long to be gone

double ms_since(std::int64_t start) {
  return static_cast<double>(steady_ns() - start) / kNsPerMs;
}

std::string random_key() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

std::string after(std::string_view text, std::string_view mark, std::string_view ends) {
  const std::size_t at = text.find(mark);
  return at == std::string_view::npos
             ? std::string()
             : std::string(
                   trim(text.substr(at + mark.size(), text.find_first_of(ends, at + mark.size()) - at - mark.size())));
}

std::optional<std::int64_t> number_after(const std::vector<std::string>& lines, std::string_view mark) {
  for (const std::string& line : lines) {
    if (const std::size_t at = line.find(mark); at != std::string::npos) {
      std::string_view rest = trim(std::string_view(line).substr(at + mark.size()));
      rest.remove_prefix(rest.starts_with('=') ? 1 : 0);
      rest = trim(rest);
      const auto value = parse_int(rest.substr(0, rest.find_first_not_of("0123456789")));
      if (value) {
        return *value;
      }
    }
  }
  return std::nullopt;
}

// The last line that names an error.
std::string complaint(const std::vector<std::string>& lines) {
  std::string last;
  for (const std::string& line : lines) {
    const std::string text = lower(line);
    if ((contains(text, "error") || contains(text, "failed")) && (tells_cause(line) || last.empty())) {
      last = line;
    }
  }
  return one_line(last.empty() && !lines.empty() ? lines.back() : last, 400);
}

proto::Failed broken(std::string why) {
  proto::Failed reply = failed(record::OutcomeKind::invalid, "");
  reply.outcome.checks = {std::move(why)};
  return reply;
}

// "  CUDA0: NVIDIA H200 (143167 MiB, 142000 MiB free)"
std::vector<record::Device> devices_in(const std::string& text) {
  std::vector<record::Device> devices = {{"CPU", "", "cpu", std::nullopt, std::nullopt, ""}};
  for (const std::string& line : split(text, '\n')) {
    const std::size_t colon = line.find(": ");
    const std::size_t bracket = line.rfind(" (");
    if (line.starts_with("  ") && colon != std::string::npos && bracket != std::string::npos && bracket > colon) {
      const std::string name(trim(line.substr(0, colon)));
      devices.push_back({name, line.substr(colon + 2, bracket - colon - 2), name == "BLAS" ? "accel" : "gpu",
                         std::nullopt, std::nullopt, ""});
    }
  }
  return devices;
}

class ServerProvider : public Provider {
 public:
  explicit ServerProvider(const ServerProgram& program) : program_(program), help_(program.help) {}

  record::RuntimeInfo identity() override {
    record::RuntimeInfo runtime;
    runtime.provider = "llama-server";
    runtime.version = after(program_.version, "version: ", " (\n");
    runtime.commit = after(program_.version, "commit ", ")\n");
    if (runtime.commit.empty()) {
      runtime.commit = after(program_.version, "(", ")\n");
    }
    runtime.build_flags = one_line(after(program_.version, "built with ", "\n"));
    runtime.devices = devices_in(program_.devices);
    for (const record::Device& device : runtime.devices) {
      runtime.backends.push_back(device.name);
    }
    runtime.capabilities = {"text", "tokens", "warm_up", "probe:tokenize", "probe:detokenize"};
    return runtime;
  }

  proto::Reply load(const proto::Load& request) override {
    model_ = request.model;
    const std::int64_t start = steady_ns();
    if (auto failure = serve(request.settings, request.n_ctx > 0 ? request.n_ctx : kContext)) {
      return std::move(*failure);
    }
    const double load_ms = ms_since(start);
    const auto lines = process_->lines();
    return proto::ModelLoaded{load_ms, buffers_in(lines), facts_in(lines)};
  }

  proto::Reply make_context(const proto::MakeContext& request) override {
    const std::int64_t start = steady_ns();
    const std::int64_t needed = request.settings.llm.n_ctx.value_or(request.n_ctx);
    if (needed > n_ctx_ || request.settings.llm != settings_.llm) {
      if (auto failure = serve(request.settings, std::max(needed, n_ctx_))) {
        return std::move(*failure);
      }
    }
    proto::ContextReady ready;
    ready.create_ms = ms_since(start);
    const auto lines = process_->lines();
    ready.facts = facts_in(lines);
    record::LlmSettings& llm = ready.effective.llm;
    add_told(llm, settings_.llm, ready.facts, buffers_in(lines));
    llm.n_threads = number_after(lines, "n_threads = ");
    llm.n_threads_batch = number_after(lines, "n_threads_batch = ");
    llm.n_batch = number_after(lines, "llama_context: n_batch ");
    llm.n_ubatch = number_after(lines, "llama_context: n_ubatch ");
    llm.n_ctx = told_context();
    if (std::ranges::none_of(devices_in(program_.devices), record::is_gpu) && !program_.devices.empty()) {
      llm.n_gpu_layers = 0;
    }
    return ready;
  }

  proto::Reply generate(const proto::Generate& request) override {
    const record::WorkloadSettings& workload = request.settings.workload;
    if (!workload.sample.value_or(true) || !workload.wait.value_or(true)) {
      return refused("a server chooses and sends each token itself: workload.sample and workload.wait must be true");
    }
    const bool tokens = workload.input == "tokens";
    Json body = {{"n_predict", request.max_tokens},
                 {"stream", true},
                 {"cache_prompt", false},
                 {"return_tokens", true},
                 {"samplers", {"temperature"}},
                 {"seed", request.seed},
                 {"temperature", workload.temperature.value_or(0)},
                 {"ignore_eos", tokens || workload.ignore_eos.value_or(false)}};
    if (tokens) {
      const auto prompt = random_prompt(request);
      if (!prompt) {
        return failure(prompt.error());
      }
      body["prompt"] = *prompt;
    } else {
      body["prompt"] = request.prompt;
    }
    Reception reception(steady_ns(), request.max_tokens);
    const Status sent = http_->stream(
        "/completion", body, [&](std::string_view bytes, std::int64_t now) { return reception.take(bytes, now); });
    auto run = reception.finish();
    if (!sent && !reception.is_broken()) {
      run = sent.failure();
    }
    process_->take_log();
    if (!run) {
      return failure(run.error());
    }
    if (tokens && run->prompt_tokens != request.prompt_tokens) {
      return broken(fmt::format("the server read {} tokens of the {} that it was sent", run->prompt_tokens,
                                request.prompt_tokens));
    }
    run->input = tokens ? "tokens" : "text";
    if (tokens) {
      run->text.reset();
      run->words_out.reset();
    }
    return proto::Generated{std::move(*run)};
  }

  proto::Reply probe(const proto::Probe& request) override {
    if (http_ == nullptr) {
      return refused("no model is loaded; this probe needs one");
    }
    if (request.what == "detokenize") {
      const auto told = http_->post("/detokenize", Json{{"tokens", get_member(request.arguments, "ids")}});
      return told ? proto::Reply(proto::Probed{Json{{"text", get_string(*told, "content").value_or("")}}})
                  : failure(told.error());
    }
    if (request.what != "tokenize") {
      return refused(fmt::format("a server has no probe '{}'", one_line(request.what, 80)));
    }
    const auto ids = tokenize(get_string(request.arguments, "text").value_or(""),
                              get_bool(request.arguments, "special").value_or(true));
    return ids ? proto::Reply(proto::Probed{Json{{"ids", *ids}, {"count", ids->size()}}}) : failure(ids.error());
  }

  void unload() override {
    http_.reset();
    process_.reset();
  }

 private:
  // A fresh server that has loaded the model; nullopt when all is well.
  std::optional<proto::Reply> serve(const record::Settings& settings, std::int64_t n_ctx) {
    unload();
    settings_ = settings;
    n_ctx_ = settings.llm.n_ctx.value_or(n_ctx);
    record::Settings asked = settings;
    asked.llm.n_ctx = settings.llm.n_ctx ? *settings.llm.n_ctx : n_ctx + kMargin;
    const auto options = options_of(asked, help_);
    const auto port = free_port();
    if (!options || !port) {
      return refused(options ? port.error().text() : options.error().text());
    }
    std::vector<std::string> argv = {program_.path,        "--model", model_, "--host", "127.0.0.1", "--port",
                                     std::to_string(*port)};
    argv.insert(argv.end(), options->begin(), options->end());
    // One request at a time, no page for browsers, no memory of earlier prompts, and a log that tells what was made of
    // the settings.
    for (const auto& [name, value] : {std::pair("--parallel", "1"),
                                      {"--no-webui", ""},
                                      {"--cache-ram", "0"},
                                      {"--log-verbosity", "4"},
                                      {"--no-log-prefix", ""},
                                      {"--no-log-timestamps", ""},
                                      {"--offline", ""}}) {
      if (help_.has(name)) {
        argv.emplace_back(name);
        if (*value != '\0') {
          argv.emplace_back(value);
        }
      }
    }
    const std::string key = random_key();
    auto process = ServerProcess::start(argv, key);
    if (!process) {
      return refused(process.error().text());
    }
    process_ = std::move(*process);
    http_ = std::make_unique<Http>(*port, key, process_->log_fd(), [this] { process_->take_log(); });
    return wait_until_loaded();
  }

  // 503 and 429 while it loads, 200 after.
  std::optional<proto::Reply> wait_until_loaded() {
    constexpr long kLoaded = 200;
    constexpr long kBusy = 429;
    constexpr long kLoading = 503;
    while (true) {
      const auto status = http_->status_of("/health");
      process_->take_log();
      if (const auto ended = process_->ended(0)) {
        return died(*ended);
      }
      if (status && *status == kLoaded) {
        const auto props = http_->get("/props");  // with the key: it is really ours
        props_ = props ? *props : Json::object();
        return props ? std::nullopt : std::optional(failure(props.error()));
      }
      if (status && *status != kLoading && *status != kBusy) {
        return broken(fmt::format("GET /health: status {}, which is no answer of llama-server", *status));
      }
      std::this_thread::sleep_for(kPause);
    }
  }

  // While it loads, an exit is an answer: it could not. A signal is the trial's end.
  proto::Reply died(int status) {
    process_->take_log();
    const auto lines = process_->lines();
    if ((status & 0x7f) != 0) {
      end_as(status);
    }
    const std::string why = fmt::format("the server left while it loaded: {}", complaint(lines));
    unload();
    return std::ranges::any_of(lines, tells_out_of_memory) ? out_of_memory(why) : refused(why);
  }

  // A server that is gone takes this process along: its end is the outcome, its last words are on stderr.
  proto::Reply failure(const Error& error) {
    const bool is_gone = error.kind == ErrorKind::io || error.kind == ErrorKind::not_found;
    if (const auto ended = process_->ended(is_gone ? kDeathWaitS : 0)) {
      process_->take_log();
      end_as(*ended);
    }
    return error.kind == ErrorKind::unsupported ? proto::Reply(refused("the server refuses: " + error.text()))
                                                : proto::Reply(broken(error.text()));
  }

  Result<std::vector<std::int64_t>> tokenize(const std::string& text, bool special) {
    MIA_TRY_ASSIGN(
        const Json told,
        http_->post("/tokenize", Json{{"content", text}, {"add_special", true}, {"parse_special", special}}));
    std::vector<std::int64_t> ids;
    for (const Json& id : get_member(told, "tokens")) {
      if (!id.is_number_integer()) {
        return fail(ErrorKind::protocol, "POST /tokenize: no list of tokens");
      }
      ids.push_back(id.get<std::int64_t>());
    }
    return ids;
  }

  // As the worker of a libllama draws them: the model's beginning token first.
  Result<std::vector<std::int64_t>> random_prompt(const proto::Generate& request) {
    MIA_TRY_ASSIGN(const Json models, http_->get("/v1/models"));
    const Json& list = get_member(models, "data");
    const auto size =
        list.is_array() && !list.empty() ? get_int(get_member(list.front(), "meta"), "n_vocab") : std::nullopt;
    if (size.value_or(0) <= 0) {
      return fail(ErrorKind::unsupported, "it does not tell how many tokens its model knows; take workload.input=text");
    }
    MIA_TRY_ASSIGN(const auto first, tokenize("", true));
    std::mt19937_64 random(static_cast<std::uint64_t>(request.seed));
    std::vector<std::int64_t> prompt(static_cast<std::size_t>(request.prompt_tokens));
    for (std::int64_t& token : prompt) {
      token = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(*size));
    }
    if (!prompt.empty() && !first.empty()) {
      prompt.front() = first.front();
    }
    return prompt;
  }

  [[nodiscard]] std::optional<std::int64_t> told_context() const {
    return get_int(get_member(props_, "default_generation_settings"), "n_ctx");
  }

  ServerProgram program_;
  ServerHelp help_;
  std::string model_;
  record::Settings settings_;  // that the server was started with
  std::int64_t n_ctx_ = 0;
  Json props_;
  std::unique_ptr<ServerProcess> process_;
  std::unique_ptr<Http> http_;
};

}  // namespace

Result<ServerProgram> ServerProgram::from_environment() {
  const char* const path = std::getenv("MIA_SERVER_PROGRAM");
  const char* const told = std::getenv("MIA_SERVER_TOLD");
  if (path == nullptr || told == nullptr) {
    return fail(ErrorKind::usage, "MIA_SERVER_PROGRAM and MIA_SERVER_TOLD are not set; mia-perf starts this program");
  }
  std::stringstream text;
  text << std::ifstream(told).rdbuf();
  MIA_TRY_ASSIGN(const Json json, context(parse_json(text.str()), told));
  return ServerProgram{path, get_string(json, "version").value_or(""), get_string(json, "help").value_or(""),
                       get_string(json, "devices").value_or("")};
}

std::unique_ptr<Provider> make_server_provider(const ServerProgram& program) {
  return std::make_unique<ServerProvider>(program);
}

}  // namespace mia::worker
