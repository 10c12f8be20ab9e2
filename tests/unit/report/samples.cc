// SPDX-License-Identifier: MIT
#include "samples.h"

#include "../points.h"

#include "record/fields.h"

namespace mia::samples {
namespace {

constexpr double kNsPerMs = 1e6;

record::Machine machine() {
  record::Machine machine;
  machine.hostname = "bench";
  machine.os = "Debian GNU/Linux 12 (bookworm)";
  machine.kernel = "6.1.0";
  machine.cpu_model = "Test CPU";
  machine.logical_cpus = 4;
  machine.physical_cores = 2;
  machine.memory_bytes = std::int64_t{8} << 30U;
  machine.caches = {{3, 32 << 20, 1}};
  machine.gpus = {{"GPU", std::int64_t{12} << 30U, "581.08", "13.0", false}};
  machine.fingerprint = "0011223344556677";
  return machine;
}

record::RuntimeInfo runtime() {
  record::RuntimeInfo info;
  info.name = "default";
  info.version = "0.5.0-dev";
  info.commit = "abc1234";
  info.backends = {"CPU"};
  info.devices = {{"CPU", "Test CPU", "cpu", std::int64_t{8} << 30U, std::nullopt, ""}};
  info.library_hashes = {"libllama.so 1a2b"};
  info.capabilities = {"text", "tokens"};
  return info;
}

record::ModelInfo model(const std::string& id, std::int64_t file_bytes) {
  record::ModelInfo info;
  info.id = id;
  info.path = id + ".gguf";
  info.file_bytes = file_bytes;
  info.architecture = "llama";
  info.quantization = "Q4_1";
  info.layers = 24;
  info.types = {{"Q4_1", 210, file_bytes}};
  info.groups = {{"ffn", 90, 100, 100, 200}};
  return info;
}

record::Report with_modes(const std::string& scenario, const std::vector<std::string>& modes,
                          const std::vector<double>& speeds) {
  record::Report report = empty(scenario);
  for (std::size_t i = 0; i < speeds.size(); ++i) {
    const std::string mode = modes[i / 2];
    const std::string workload = i % 2 == 0 ? "short" : "long";
    record::CellReport& cell = add_cell(report, mode + " " + workload, workload, speeds[i]);
    (void)record::set_text(cell.requested, mode.substr(0, mode.find('=')), mode.substr(mode.find('=') + 1));
  }
  return report;
}

void name_models(record::Report& report, const std::vector<std::string>& ids) {
  report.models.clear();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    report.models.push_back(model(ids[i], static_cast<std::int64_t>(100 - 10 * i) << 20U));
  }
  for (std::size_t i = 0; i < report.cells.size(); ++i) {
    report.cells[i].model = ids[i / 2];
  }
}

}  // namespace

std::string hostile_text() {
  return std::string("<script>alert('x')</script>\"; DROP TABLE trials;-- | a\nb\r\n=cmd()\t`x` ") +
         "[l](javascript:1) " +
         "](http://e.example) ]]> & %0A::error::x \x1b[31m \x01 \xff\xfe \xe2\x80\xae \xc2\x9b ../../etc \"q\" 'p' " +
         std::string(200, 'A') + " **b** __u__ ~~s~~ </td></tr> <!-- -->";
}

record::Run run(std::int64_t tokens, double first_ms, double step_ms) {
  record::Run run;
  run.input = "text";
  run.prompt_tokens = 12;
  run.tokens_out = tokens;
  run.words_out = tokens - 4;
  run.prefill_ns = static_cast<std::int64_t>(first_ms * kNsPerMs / 2);
  for (std::int64_t i = 0; i < tokens; ++i) {
    run.token_ns.push_back(static_cast<std::int64_t>((first_ms + step_ms * static_cast<double>(i)) * kNsPerMs));
  }
  run.stop_reason = "length";
  return run;
}

record::Summary summary(double value) {
  record::Summary made;
  made.value = value;
  made.low = value * 0.98;
  made.high = value * 1.02;
  made.level = 0.9375;
  made.least = value * 0.97;
  made.most = value * 1.03;
  made.n = 5;
  return made;
}

record::Trial trial(const std::string& cell, std::int64_t position) {
  record::Trial made;
  made.id = "s1-" + std::to_string(position);
  made.cell = cell;
  made.position = position;
  made.started = "2026-11-24T10:41:47Z";
  made.requested = record::default_settings();
  made.effective.llm.n_threads = 4;
  made.phases.spawn_ms = 20;
  made.phases.load_ms = 2227;
  made.phases.time_to_ready_ms = 2300;
  made.cache = {"cold", "cold", 0.0};
  made.conditions.wall_s = 10;
  made.conditions.steal_s = 0.3;
  made.warm_up_steady = true;
  made.runs = {run(4, 50, 10), run(64, 40, 8)};
  made.runs.front().warm_up = true;
  made.peak_rss_bytes = std::int64_t{300} << 20U;
  made.buffers = {{"CPU", "model", 100 << 20}, {"CUDA0", "model", 50 << 20}, {"CUDA0", "kv", 7 << 20}};
  made.facts = {{"graph_splits", "2"}};
  made.timeout_s = 60;
  made.timeout_source = "first trial";
  return made;
}

record::CellReport& add_cell(record::Report& report, const std::string& label, std::string_view workload,
                             double speed) {
  record::CellReport cell;
  cell.key = "cell" + std::to_string(report.cells.size());
  cell.point = record::point_of(label);
  cell.requested = report.settings;
  cell.requested.workload.name = std::string(workload);
  cell.requested.workload.max_tokens = workload == "long" ? 512 : 64;
  cell.effective.llm.n_threads = 4;
  cell.model = report.models.front().id;
  cell.runtime = report.runtimes.front().name;
  cell.cache_state = "cold";
  cell.outcomes = {{"ok", 5}};
  for (const auto& [name, value] : {std::pair{"load_ms", 2227.0},
                                    {"gen_latency_s", 64 / speed},
                                    {"tokens_per_s", speed},
                                    {"tokens_out", 64.0},
                                    {"words_out", 60.0},
                                    {"p50_decode_ms", 7.9},
                                    {"p95_decode_ms", 9.5},
                                    {"mean_decode_ms", 8.0},
                                    {"sample_count", 63.0},
                                    {"peak_rss_bytes", 314572800.0},
                                    {"decode_tok_s", speed * 1.1}}) {
    cell.metrics[name] = summary(value);
  }
  cell.histogram = {{8, 40}, {16, 20}, {32, 3}};
  report.trials.push_back(trial(cell.key, static_cast<std::int64_t>(report.trials.size())));
  return report.cells.emplace_back(std::move(cell));
}

void crash(record::Report& report, record::CellReport& cell) {
  cell.outcomes = {{"crashed", 5}};
  cell.failure = "crashed (SIGSEGV) in load";
  cell.metrics.clear();
  cell.histogram.clear();
  cell.delta = cell.delta_low = cell.delta_high = std::nullopt;
  for (record::Trial& trial : report.trials) {
    if (trial.cell == cell.key) {
      trial.outcome = {record::OutcomeKind::crashed, record::Phase::load, 11, std::nullopt, "", {}, ""};
      trial.runs.clear();
      trial.phases = {};
    }
  }
}

record::Report empty(const std::string& scenario) {
  record::Report report;
  report.scenario = scenario;
  report.session = "s1";
  report.started = "2026-11-24T10:41:47Z";
  report.finished = "2026-11-24T10:44:47Z";
  report.complete = true;
  report.tool_version = "0.1.0";
  report.plan_hash = "8899aabbccddeeff";
  report.machine = machine();
  report.runtimes = {runtime()};
  report.models = {model("smollm2-135m", std::int64_t{100} << 20U)};
  report.settings = record::default_settings();
  report.stem = record::stem_of_scenario(report.scenario);
  report.table = *record::table_of_scenario(report.scenario);
  report.sentence = "It writes at a steady pace.";
  return report;
}

record::Report baseline() {
  record::Report report = empty("baseline");
  record::CellReport& cell = add_cell(report, "baseline", "short", 120.5);
  cell.metrics["energy_j_per_token"].null_reason = "no GPU was seen";
  cell.roofline_tok_s = 240;
  cell.efficiency = 0.5;
  report.drift_share = 0.04;
  report.regression_flag = true;
  report.recommendation = record::settings_of("n_threads=2");
  report.findings = {
      {"auto_threads_penalty", record::Severity::warning, "auto gave 4 threads on 2 cores.", {{"n", "4"}}},
      {"fast_disk", record::Severity::info, "The disk is fast.", {}}};
  report.checks = {{"load_ms_max", "fail", 2227, 2000, "ms", "slower than the limit"},
                   {"short_tps_min", "pass", 120.5, 5, "tok/s", ""},
                   {"long_tps_min", "skipped", std::nullopt, std::nullopt, "tok/s", "no long workload"},
                   {"short_tps_drop", "unclear", 0.01, 0.12, "", "too few trials"}};
  report.checks[0].cells = {cell.key};
  report.checks[0].confirmation = record::Confirmation{"20261124-104147-1a2b", "fail", 2231.0};
  record::Judgement judgement;
  judgement.verdict = "fail";
  judgement.profile = "legacy";
  judgement.baseline = "20261123-090000-beef";
  judgement.baseline_started = "2026-11-23T09:00:00Z";
  judgement.statistic = "tokens_per_s: unpaired";
  judgement.alpha = 0.01;
  judgement.sentence = "Regression: 1 of 3 lines failed (load_ms_max).";
  report.judgement = judgement;
  return report;
}

record::Report cpu_tuning() {
  record::Report report = empty("cpu-tuning");
  const std::vector<std::pair<std::string, double>> cells = {{"n_threads=4 n_batch=128", 6.34},
                                                             {"n_threads=16 n_batch=512", 1.0},
                                                             {"n_threads=8 n_batch=256", 6.69},
                                                             {"n_threads=auto n_batch=128", 3.60}};
  for (const auto& [label, speed] : cells) {
    record::CellReport& cell = add_cell(report, label, "short", speed);
    const std::size_t gap = label.find(' ');
    (void)record::set_text(cell.requested, "n_threads", label.substr(10, gap - 10));
    (void)record::set_text(cell.requested, "n_batch", label.substr(gap + 9));
    cell.effective.llm.n_threads = cell.requested.llm.n_threads.value_or(16);
    cell.delta = speed / 6.56 - 1;
    cell.delta_low = *cell.delta - 0.01;
    cell.delta_high = *cell.delta + 0.01;
  }
  crash(report, report.cells[1]);
  return report;
}

record::Report long_context() {
  record::Report report = with_modes("long-context", {"n_gpu_layers=0", "n_gpu_layers=6"}, {6.69, 2.95, 4.08, 3.85});
  record::Trial& slowing = report.trials[1];  // the long workload with 0 layers
  slowing.runs = {run(128, 40, 8)};
  for (std::size_t i = 64; i < slowing.runs[0].token_ns.size(); ++i) {
    slowing.runs[0].token_ns[i] = slowing.runs[0].token_ns[i - 1] + 16'000'000;
  }
  return report;
}

record::Report latency() {
  record::Report report = with_modes("latency", {"n_gpu_layers=0", "n_gpu_layers=12"}, {2.35, 3.41, 3.41, 3.56});
  const std::vector<double> p95 = {259.04, 201.64, 176.52, 199.03};
  for (std::size_t i = 0; i < p95.size(); ++i) {
    report.cells[i].metrics["p95_decode_ms"] = summary(p95[i]);
  }
  return report;
}

record::Report quant_compare() {
  record::Report report = with_modes("quant-compare", {"id=q4km", "id=mxfp4"}, {2.744, 3.775, 5.327, 7.890});
  name_models(report, {"q4km", "mxfp4"});
  report.cells[2].delta = 0.94;  // by pairs of repeats; without any pair there is no ratio
  report.cells[3].delta = 1.09;
  record::Quality first;
  first.model = "q4km";
  first.runtime = report.cells[0].runtime;
  first.text = "built-in";
  first.perplexity = 12.345;
  first.scored_tokens = 1020;
  first.divergence_null_reason = "it is the model that others are compared with";
  record::Quality second = first;
  second.model = "mxfp4";
  second.base = "q4km";
  second.divergence_null_reason = "the models share no tokenizer";
  report.quality = {first, second};
  return report;
}

record::Report probe() {
  record::Report report = cpu_tuning();
  report.scenario = "probe";
  report.stem.clear();
  report.table = record::TableShape::plain;
  for (record::CellReport& cell : report.cells) {
    cell.key = "cpu-tuning/" + cell.key;
    cell.part = "cpu-tuning";
  }
  for (const record::CellReport& cell : latency().cells) {
    report.cells.push_back(cell);
    report.cells.back().key = "latency/" + cell.key;
    report.cells.back().part = "latency";
  }
  report.parts = {{"cpu-tuning", "Threads", "Use n_threads=8.", record::settings_of("n_threads=8"), "", true,
                   record::TableShape::tuning},
                  {"latency", "Token latency", "Steady.", {}, "", true, record::TableShape::latency},
                  {"gpu-smoke", "GPU smoke", "", {}, "needs a GPU"}};
  return report;
}

record::Report hostile() {
  record::Report report = baseline();
  const std::string text = hostile_text();
  report.scenario = text;
  report.session = text;
  report.sentence = text;
  report.recommendation = {{record::find_field("llm.primary.id"), text}};
  report.machine.hostname = report.machine.cpu_model = report.machine.os = text;
  report.runtimes[0].name = report.runtimes[0].version = report.runtimes[0].commit = text;
  report.models[0].id = report.models[0].display_name = report.models[0].quantization = text;
  report.settings.llm.id = text;
  add_cell(report, text, "short", 1);
  for (record::CellReport& cell : report.cells) {
    cell.failure = cell.model = cell.runtime = text;
    cell.point = {text, {}, text};
    cell.outcomes = {{"ok", 4}, {"crashed", 1}};
    cell.metrics["words_out"] = {};
    cell.metrics["words_out"].null_reason = text;
  }
  for (record::Finding& finding : report.findings) {
    finding.id = finding.text = text;
    finding.evidence = {{text, text}};
  }
  for (record::Check& check : report.checks) {
    check.name = check.text = check.unit = text;
    check.cells = {text};
  }
  report.checks[0].confirmation->session = text;
  report.judgement->profile = report.judgement->baseline = text;
  report.judgement->statistic = report.judgement->sentence = text;
  for (record::Trial& trial : report.trials) {
    trial.id = "=1+1";
    trial.log_tail = trial.outcome.reason = text;
    trial.runs[1].text = text;
    trial.conditions.voided_by = {text};
    trial.facts = {{text, text}};
  }
  return report;
}

}  // namespace mia::samples
