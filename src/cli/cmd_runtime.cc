// SPDX-License-Identifier: MIT
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/here.h"
#include "app/setup.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/progress_line.h"
#include "document/json.h"
#include "proc/interrupt.h"
#include "runtime/check.h"
#include "runtime/install.h"
#include "runtime/registry.h"

namespace mia::cli {
namespace {

int show(const record::RuntimeInfo& runtime, const Common& common) {
  if (common.json) {
    print_json(record::to_json(runtime));
  } else {
    std::string text = fmt::format("runtime {}: {} {}", runtime.name,
                                   runtime.provider == "llama" ? "llama.cpp" : runtime.provider, runtime.version);
    text += runtime.commit.empty() ? "" : fmt::format(" ({})", runtime.commit);
    text += runtime.backends.empty() ? "" : ", " + join(runtime.backends, ", ");
    text += runtime.own_process ? "" : ", running at " + runtime.program;
    print(one_line(text) + "\n");
  }
  return kOk;
}

Json list_json(const std::vector<record::RuntimeInfo>& runtimes) {
  Json json = Json::array();
  for (const record::RuntimeInfo& runtime : runtimes) {
    const std::string missing = runtime::missing_part(runtime);
    json.push_back(record::to_json(runtime));
    json.back()["missing"] = missing.empty() ? Json(nullptr) : Json(missing);
    json.back()["cure"] = missing.empty() ? Json(nullptr) : Json(runtime::cure_of(runtime));
  }
  return json;
}

Result<int> list_runtimes(const Common& common) {
  std::vector<std::string> warnings;
  MIA_TRY_ASSIGN(const auto runtimes, runtime::list(&warnings));
  for (const std::string& warning : warnings) {
    log::warn(warning);
  }
  if (runtimes.empty() && !common.json) {
    print(warnings.empty()
              ? "no runtime yet; install one: mia-perf runtime install llama-cpp-python==0.3.36, or see what is here: "
                "mia-perf find\n"
              : "no runtime that can be used\n");
  } else {
    cli::show(common, app::runtimes_document(runtimes), list_json(runtimes));
  }
  return kOk;
}

template <class Work>
Result<int> with_progress(const Common& common, Work work) {
  const proc::InterruptGuard guard;
  ProgressLine line;
  auto runtime = work([&](std::string_view text) { line.doing(text, true); });
  line.done();
  if (!runtime) {
    return runtime.failure();
  }
  return show(*runtime, common);
}

Result<int> check_runtime(const Common& common, const std::string& name) {
  std::filesystem::path model;
  MIA_TRY_ASSIGN(const app::Configured configured, configured_for(common));
  const record::Settings& settings = configured.loaded.settings;
  if (const auto found = model::resolve(settings.llm.id.value_or(""), configured.catalogue)) {
    model = *found;
  }
  MIA_TRY_ASSIGN(const auto lines, runtime::check(name, model));
  bool ok = true;
  document::Table table{{{"ok", "ok"}, {"what", "what"}, {"text", "found"}}};
  for (const runtime::CheckLine& line : lines) {
    ok = ok && line.ok;
    table.rows.push_back({line.ok, line.what, line.text});
  }
  const char* const untried =
      model.empty() ? "no model is present, so nothing was decoded: mia-perf model get smollm2-135m" : "";
  cli::show(common, {"", {{"", {table}}}, untried}, document::to_json(table));
  return ok ? kOk : kMeasurementFailed;
}

void add_install(CLI::App& verb, Cli& cli) {
  CLI::App* const install = verb.add_subcommand("install", "build a llama.cpp package with pip and a worker for it");
  auto spec = std::make_shared<runtime::InstallSpec>();
  install->add_option("package", spec->requirement, "llama-cpp-python==0.3.36, a wheel or an sdist of it")->required();
  install->add_option("--name", spec->name, "name of the runtime");
  install->add_flag("--tools", spec->tools, "also llama-bench, llama-server, llama-perplexity, llama-quantize");
  install->add_flag("--cuda", spec->cuda, "build the CUDA backend");
  install->add_option("--cmake-arg", spec->cmake_args, "further argument for llama.cpp's CMake: -DGGML_RPC=ON");
  install->add_flag("--force", spec->force, "replace the runtime of that name");
  install->footer("example: mia-perf runtime install llama-cpp-python==0.3.36 --tools --name tools");
  install->callback([&cli, spec] {
    cli.action = [&cli, spec] {
      return with_progress(cli.common, [&](const auto& progress) { return runtime::install(*spec, progress); });
    };
  });
}

void add_add(CLI::App& verb, Cli& cli) {
  CLI::App* const add = verb.add_subcommand("add", "use a llama.cpp or a server that is here already");
  auto spec = std::make_shared<runtime::AddSpec>();
  add->add_option("prefix", spec->prefix,
                  "install prefix, build folder, folder with libllama.so, the program llama-server, or the address of "
                  "one that runs (http://127.0.0.1:8080)");
  add->add_option("--api", spec->api, "of an address: the API that is measured; without it the first that it speaks")
      ->check(CLI::IsMember({"llama-server", "openai", "ollama"}));
  add->add_option("--key-env", spec->key_env, "of an address: the variable that holds the server's key");
  add->add_option("--python", spec->python, "virtual environment with llama_cpp");
  add->add_option("--headers", spec->headers, "folder of llama.h, where the prefix has none");
  add->add_option("--name", spec->name, "name of the runtime");
  add->add_flag("--force", spec->force, "replace the runtime of that name");
  add->footer("example: mia-perf runtime add ~/llama.cpp/build --name mine");
  add->callback([&cli, spec] {
    cli.action = [&cli, spec]() -> Result<int> {
      if (spec->prefix.empty() == spec->python.empty()) {
        return fail(ErrorKind::usage, "runtime add needs a folder or program, or --python VENV, one of the two");
      }
      return with_progress(cli.common, [&](const auto& progress) { return runtime::add(*spec, progress); });
    };
  });
}

}  // namespace

void add_runtime(Cli& cli) {
  CLI::App* const verb = cli.app.add_subcommand("runtime", "install, add, list and check runtimes (llama.cpp builds)");
  verb->require_subcommand(1);
  verb->footer("example: mia-perf runtime list");
  add_install(*verb, cli);
  add_add(*verb, cli);
  CLI::App* const list_verb = verb->add_subcommand("list", "what is installed");
  list_verb->footer("example: mia-perf runtime list --json");
  list_verb->callback([&cli] { cli.action = [&cli] { return list_runtimes(cli.common); }; });
  auto name = std::make_shared<std::string>();
  CLI::App* const check_verb = verb->add_subcommand("check", "does it load, agree with its record and decode?");
  check_verb->add_option("name", *name, "runtime; without it the default one");
  check_verb->footer("example: mia-perf runtime check default");
  check_verb->callback([&cli, name] { cli.action = [&cli, name] { return check_runtime(cli.common, *name); }; });
  CLI::App* const remove_verb = verb->add_subcommand("remove", "delete an installed runtime");
  remove_verb->add_option("name", *name, "runtime")->required();
  remove_verb->footer("example: mia-perf runtime remove old");
  remove_verb->callback([&cli, name] {
    cli.action = [name]() -> Result<int> {
      MIA_TRY(runtime::remove(*name));
      return kOk;
    };
  });
}

}  // namespace mia::cli
