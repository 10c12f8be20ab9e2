// SPDX-License-Identifier: MIT
#include "app/gate_judge.h"

#include <algorithm>
#include <utility>

#include "app/find_report.h"
#include "app/gate_baseline.h"
#include "app/setup.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "host/topology.h"
#include "judge/gate.h"
#include "report/write.h"

namespace mia::app {
namespace {

// The limits of the report's own model, whichever one is configured now.
Status take_limits(const Scope& scope, const record::Report& report, judge::GateOptions& options) {
  config::LoadSpec spec;
  spec.config_dir = scope.config_dir;
  spec.set = scope.set;
  spec.profile = scope.profile;
  MIA_TRY_ASSIGN(config::Loaded loaded, config::load(spec));
  if (scope.profile.empty()) {
    const auto entry = std::ranges::find_if(loaded.catalogue, [&](const config::ModelEntry& one) {
      return !one.profile.empty() && std::ranges::count(report.models, one.id, &record::ModelInfo::id) > 0;
    });
    const std::string profile = entry == loaded.catalogue.end() ? "" : entry->profile;
    if (profile != loaded.profile && !report.models.empty()) {
      spec.set.push_back("llm.primary.id=" + report.models.front().id);
      spec.profile = profile;
      MIA_TRY_ASSIGN(loaded, config::load(spec));
    }
  }
  options.limits = loaded.settings.thresholds;
  options.profile = loaded.profile;
  return {};
}

// A slowdown that the limits allow need not be told from none.
Status take_margins(const GateRequest& request, judge::GateOptions& options) {
  judge::BaselineOptions& baseline = options.baseline;
  if (request.margin.empty()) {
    baseline.unpaired.margin = options.limits.short_tps_drop.value_or(baseline.unpaired.margin);
    baseline.margins["long"] = options.limits.long_tps_drop.value_or(baseline.unpaired.margin);
    return {};
  }
  MIA_TRY_ASSIGN(baseline.unpaired.margin, context(parse_fraction(request.margin), "--margin"));
  if (baseline.unpaired.margin <= 0 || baseline.unpaired.margin > 1) {
    return fail(ErrorKind::usage, "--margin {}: more than 0 and at most 100 %", one_line(request.margin, 40));
  }
  return {};
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

Status confirm_flagged(const Scope& scope, const GateRequest& request, record::Report& report,
                       const record::Report* accepted, const judge::GateOptions& options, Observer& observer) {
  const std::vector<std::string> flagged = judge::flagged_cells(report);
  if (flagged.empty() || request.no_confirm) {
    return {};
  }
  observer.say(fmt::format("{} Measuring again: {}", report.judgement->sentence, one_line(join(flagged, ", "), 300)));
  const record::Machine machine = host::inspect();
  MIA_TRY_ASSIGN(const Configured configured, configure(scope));
  SubjectFinder finder(configured.catalogue);
  MIA_TRY_ASSIGN(measure::Plan plan, measure::make_plan_again(report, flagged, [&](const record::Settings& settings) {
                   return finder.find(settings);
                 }));
  MIA_TRY(require_same(report, plan, machine));
  const std::string stem = report::stem_for(report.scenario) + "_confirm";
  MIA_TRY_ASSIGN(const SessionEnd end, measure_for_gate(scope, request, std::move(plan), machine, stem, observer));
  judge::confirm(report, end.report, accepted, options);
  return {};
}

Result<std::optional<record::Report>> reference_of(const Scope& scope, const GateRequest& request, store::Store& store,
                                                   const record::Report& report) {
  if (request.no_baseline) {
    return std::optional<record::Report>();
  }
  if (request.against.empty()) {
    return find_baseline(store, report);
  }
  MIA_TRY_ASSIGN(record::Report named, find_report(scope, request.against, request.allow_edited));
  MIA_TRY(require_comparable(named, report));
  return std::optional(std::move(named));
}

}  // namespace

Result<SessionEnd> measure_for_gate(const Scope& scope, const GateRequest& request, measure::Plan plan,
                                    const record::Machine& machine, const std::string& stem, Observer& observer) {
  MIA_TRY(context(ensure_writable_dir(request.out), "report folder"));
  SessionRequest session;
  session.plan = std::move(plan);
  session.machine = machine;
  session.out = request.out;
  session.stem = stem;
  session.store = scope.store;
  MIA_TRY_ASSIGN(SessionEnd end, carry_out(std::move(session), observer));
  if (end.interrupted) {
    return fail(ErrorKind::interrupted, "interrupted: nothing was judged");
  }
  if (end.store_error) {
    return Failure{*end.store_error};
  }
  return end;
}

Status judge_for_gate(const Scope& scope, const GateRequest& request, record::Report& report, Observer& observer) {
  if (!report.complete) {
    return with_hint(fail(ErrorKind::usage, "session {} did not finish", one_line(report.session, 100)),
                     "only whole reports are judged: run --resume goes on");
  }
  judge::GateOptions options;
  options.need_baseline = !request.no_baseline;
  MIA_TRY(take_limits(scope, report, options));
  MIA_TRY(take_margins(request, options));
  MIA_TRY_ASSIGN(store::Store store, open_store(scope));
  MIA_TRY_ASSIGN(const std::optional<record::Report> accepted, reference_of(scope, request, store, report));
  MIA_TRY_ASSIGN(options.baseline.noise, noise_from_history(store, report, options.baseline.metric));
  const record::Report* const reference = accepted ? &*accepted : nullptr;
  judge::judge_report(report, reference, options);
  return confirm_flagged(scope, request, report, reference, options, observer);
}

}  // namespace mia::app
