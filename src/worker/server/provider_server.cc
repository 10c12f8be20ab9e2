// SPDX-License-Identifier: MIT
// A program that is started for each model that is loaded, with one slot, and asked by its own API.
#include "worker/server/provider_server.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/text.h"
#include "worker/llama/log_facts.h"
#include "worker/server/api.h"
#include "worker/server/options.h"
#include "worker/server/process.h"

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
  explicit ServerProvider(const ServerProgram& program)
      : program_(program), help_(program.help), api_(make_llama_api()) {}

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
    auto run = ask(*api_, *http_, request);
    process_->take_log();
    return run ? proto::Reply(proto::Generated{std::move(*run)}) : failure(run.error());
  }

  proto::Reply probe(const proto::Probe& request) override {
    if (http_ == nullptr) {
      return refused("no model is loaded; this probe needs one");
    }
    auto told = api_->probe(*http_, request);
    return told ? proto::Reply(proto::Probed{std::move(*told)}) : failure(told.error());
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
    http_ = std::make_unique<Http>(fmt::format("http://127.0.0.1:{}", *port), key, process_->log_fd(),
                                   [this] { process_->take_log(); });
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
        return reply_to({ErrorKind::protocol,
                         fmt::format("GET /health: status {}, which is no answer of llama-server", *status), ""});
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
    return reply_to(error);
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
  std::unique_ptr<Api> api_;
};

}  // namespace

std::unique_ptr<Provider> make_server_provider(const ServerProgram& program) {
  return std::make_unique<ServerProvider>(program);
}

}  // namespace mia::worker
