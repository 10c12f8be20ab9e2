// SPDX-License-Identifier: MIT
#include "app/gate.h"

#include <algorithm>
#include <utility>

#include "app/find_report.h"
#include "app/gate_baseline.h"
#include "app/run_session.h"
#include "app/setup.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/text.h"
#include "host/topology.h"
#include "judge/gate.h"
#include "record/fields.h"
#include "report/write.h"

namespace mia::app {
namespace {

// Of the report's own model, whichever one is configured now.
Result<config::Loaded> load_for(const Scope& scope, const record::Report& report) {
  config::LoadSpec spec;
  spec.config_dir = scope.config_dir;
  spec.set = scope.set;
  spec.profile = scope.profile;
  for (const record::ModelInfo& model : report.models) {
    spec.models.push_back(model.id);
  }
  return config::load(spec);
}

// Those of the measured plan. The files in force only fill what it left open; a profile or a limit that is typed for
// the gate itself stands above both.
Status take_limits(const Scope& scope, const record::Report& report, judge::GateOptions& options) {
  MIA_TRY_ASSIGN(config::Loaded loaded, load_for(scope, report));
  options.profile = loaded.profile;
  for (const record::Field& field : record::fields()) {
    const record::Value planned = record::get(report.settings, field);
    const bool is_limit = field.key.starts_with("perf.thresholds.");
    const bool is_typed = std::ranges::count(loaded.fixed, &field, &config::Assignment::field) > 0;
    if (is_limit && !is_typed && scope.profile.empty() && record::is_set(planned)) {
      record::set(loaded.settings, field, planned);
    }
  }
  options.limits = loaded.settings.thresholds;
  return {};
}

// The time that a drop of the speed costs: 12 % less speed is 13.6 % more time.
double time_of_drop(double drop) {
  constexpr double kMost = 0.99;
  return 1 / (1 - std::min(drop, kMost)) - 1;
}

// What a request names, looked up before anything is measured.
struct Named {
  std::optional<double> margin;
  std::optional<record::Report> against;
};

Result<Named> look_up(const Scope& scope, const GateRequest& request) {
  Named named;
  if (!request.margin.empty()) {
    MIA_TRY_ASSIGN(named.margin, context(parse_fraction(request.margin), "--margin"));
    if (*named.margin <= 0 || *named.margin > 1) {
      return fail(ErrorKind::usage, "--margin {}: more than 0 and at most 100 %", one_line(request.margin, 40));
    }
  }
  if (!request.no_baseline && !request.against.empty()) {
    MIA_TRY_ASSIGN(named.against, context(find_report(scope, request.against, request.allow_edited), "--against"));
  }
  MIA_TRY(open_store(scope));
  return named;
}

// A slowdown that the limits allow need not be told from none.
void take_margins(const Named& named, judge::GateOptions& options) {
  judge::BaselineOptions& baseline = options.baseline;
  if (named.margin) {
    baseline.unpaired.margin = *named.margin;
    return;
  }
  const record::ThresholdSettings& limits = options.limits;
  baseline.unpaired.margin = limits.short_tps_drop ? time_of_drop(*limits.short_tps_drop) : baseline.unpaired.margin;
  baseline.margins["long"] = limits.long_tps_drop ? time_of_drop(*limits.long_tps_drop) : baseline.unpaired.margin;
}

Failure cannot_confirm(const std::string& why) {
  return with_hint(fail(ErrorKind::usage, "a line failed and cannot be confirmed here: {}", why),
                   "run the gate where the report was measured, or judge it as it is with --no-confirm");
}

// The same machine, runtimes and models as in the report, or a fresh measurement would say nothing of it.
Status require_same(const record::Report& report, const measure::Plan& plan, const record::Machine& machine) {
  if (machine.fingerprint != report.machine.fingerprint) {
    return cannot_confirm(
        fmt::format("it was measured on machine {}, this is {}", report.machine.fingerprint, machine.fingerprint));
  }
  for (const measure::PlannedCell& cell : plan.cells) {
    const record::RuntimeInfo& runtime = cell.subject.runtime;
    const bool same_runtime = std::ranges::any_of(report.runtimes, [&](const record::RuntimeInfo& then) {
      return then.name == runtime.name && then.version == runtime.version && then.commit == runtime.commit &&
             then.library_hashes == runtime.library_hashes;
    });
    if (!same_runtime) {
      return cannot_confirm(
          fmt::format("runtime '{}' is another one now ({} {})", runtime.name, runtime.version, runtime.commit));
    }
    if (std::ranges::count(report.models, cell.subject.model.header_hash, &record::ModelInfo::header_hash) == 0) {
      return cannot_confirm(fmt::format("model '{}' is another file now", one_line(cell.subject.model.id, 100)));
    }
  }
  return {};
}

// Measured, written and stored like any other session. `stem`: of the report files, "" = the scenario's own.
Result<SessionEnd> measure_plan(const Caller& caller, const GateRequest& request, measure::Plan plan,
                                const record::Machine& machine, const std::string& stem) {
  MIA_TRY(context(ensure_writable_dir(request.out), "report folder"));
  SessionRequest session;
  session.plan = std::move(plan);
  session.machine = machine;
  session.out = request.out;
  session.stem = stem;
  session.store = caller.scope.store;
  session.budget_s = request.budget_s;
  session.turn = {.verb = "gate", .wait_s = request.wait_s};
  MIA_TRY_ASSIGN(SessionEnd end, carry_out(std::move(session), caller.observer));
  if (end.interrupted) {
    return fail(ErrorKind::interrupted, "interrupted: nothing was judged");
  }
  if (end.store_error) {
    return Failure{*end.store_error};
  }
  return end;
}

Status confirm_flagged(const Caller& caller, const GateRequest& request, record::Report& report,
                       const record::Report* accepted, const judge::GateOptions& options) {
  const std::vector<std::string> flagged = judge::flagged_cells(report);
  if (flagged.empty() || request.no_confirm) {
    return {};
  }
  caller.observer.say(
      fmt::format("{} Measuring again: {}", report.judgement->sentence, one_line(join(flagged, ", "), 300)));
  const record::Machine machine = host::inspect();
  MIA_TRY_ASSIGN(const Configured configured, configure(caller.scope));
  SubjectFinder finder(configured.catalogue);
  MIA_TRY_ASSIGN(measure::Plan plan, measure::make_plan_again(report, flagged, [&](const record::Settings& settings) {
                   return finder.find(settings);
                 }));
  MIA_TRY(require_same(report, plan, machine));
  const std::string stem = report::stem_of(report) + "_confirm";
  MIA_TRY_ASSIGN(const SessionEnd end, measure_plan(caller, request, std::move(plan), machine, stem));
  judge::confirm(report, end.report, accepted, options);
  return {};
}

Result<std::optional<record::Report>> reference_of(const GateRequest& request, Named named, store::Store& store,
                                                   const record::Report& report) {
  if (request.no_baseline) {
    return std::optional<record::Report>();
  }
  if (!named.against) {
    return find_baseline(store, report);
  }
  MIA_TRY(require_comparable(*named.against, report));
  return std::move(named.against);
}

Status judge_whole(const Caller& caller, const GateRequest& request, Named named, record::Report& report) {
  if (!report.complete) {
    return with_hint(fail(ErrorKind::usage, "session {} did not finish", one_line(report.session, 100)),
                     "only whole reports are judged: run --resume goes on");
  }
  judge::GateOptions options;
  options.need_baseline = !request.no_baseline;
  MIA_TRY(take_limits(caller.scope, report, options));
  take_margins(named, options);
  MIA_TRY_ASSIGN(store::Store store, open_store(caller.scope));
  MIA_TRY_ASSIGN(const std::optional<record::Report> accepted, reference_of(request, std::move(named), store, report));
  MIA_TRY_ASSIGN(options.noise, noise_from_history(store, report));
  options.baseline.noise = options.noise.speed;
  const record::Report* const reference = accepted ? &*accepted : nullptr;
  judge::judge_report(report, reference, options);
  return confirm_flagged(caller, request, report, reference, options);
}

// The report that was measured for the gate says how it was judged, in its files and in the store.
Status keep_judged(const Caller& caller, const GateRequest& request, const record::Report& report) {
  MIA_TRY(report::write_report(report, request.out));
  MIA_TRY_ASSIGN(store::Store store, open_store(caller.scope));
  return store.finish_session(report.session, "complete", &report);
}

}  // namespace

Result<record::Report> gate(const Caller& caller, const GateRequest& request) {
  const bool runs = !request.plan.scenario.empty();
  if (runs == !request.what.empty()) {
    return fail(ErrorKind::usage,
                "say which report to judge (a file, a session id, or last), or measure one with --run");
  }
  MIA_TRY_ASSIGN(Named named, look_up(caller.scope, request));
  const std::int64_t began = steady_ns();
  record::Report report;
  if (runs) {
    const record::Machine machine = host::inspect();
    MIA_TRY_ASSIGN(measure::Plan plan, plan_of(request.plan, caller, machine));
    MIA_TRY_ASSIGN(SessionEnd end, measure_plan(caller, request, std::move(plan), machine, ""));
    report = std::move(end.report);
  } else {
    MIA_TRY_ASSIGN(report, find_report(caller.scope, request.what, request.allow_edited));
  }
  GateRequest rest = request;
  if (rest.budget_s) {
    *rest.budget_s -= static_cast<double>(steady_ns() - began) / kNsPerS;
  }
  MIA_TRY(judge_whole(caller, rest, std::move(named), report));
  if (runs) {
    MIA_TRY(keep_judged(caller, request, report));
  }
  return report;
}

}  // namespace mia::app
