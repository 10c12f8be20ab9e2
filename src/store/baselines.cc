// SPDX-License-Identifier: MIT

#include "base/clock.h"
#include "base/text.h"
#include "store/impl.h"

namespace mia::store {

Status Store::accept(const record::Report& report, std::string_view reason) {
  const std::string key = model_key(report.models);
  const std::string& machine = report.machine.fingerprint;
  if (key.empty() || machine.empty() || report.scenario.empty()) {
    return fail(ErrorKind::usage,
                "the report cannot be a baseline: it does not say which model, machine and scenario it is of");
  }
  MIA_TRY_ASSIGN(const std::string text, storable(record::to_json(report), "the report"));
  return guarded("store the baseline", impl_->path, [&]() -> Status {
    Transaction transaction(impl_->sql);
    execute(impl_->sql,
            "insert into accepted (model_key, machine, scenario, session, accepted, reason, report_json)"
            " values (:key, :machine, :scenario, :session, :accepted, :reason, :report)",
            key, machine, report.scenario, report.session, utc_now(), reason, text);
    transaction.commit();
    return {};
  });
}

Result<std::optional<record::Report>> Store::baseline(std::string_view model, std::string_view machine,
                                                      std::string_view scenario) {
  return guarded("read the baseline", impl_->path, [&]() -> Result<std::optional<record::Report>> {
    std::string text;
    const bool found = read_row(impl_->sql,
                                "select report_json from accepted where model_key = :key and machine = :machine"
                                " and scenario = :scenario order by num desc limit 1",
                                std::tie(text), model, machine, scenario);
    if (!found) {
      return std::optional<record::Report>();
    }
    const auto where = fmt::format("the baseline of '{}' in '{}'", one_line(scenario, 100), impl_->path.string());
    MIA_TRY_ASSIGN(const Json json, stored(parse_json(text, kJsonLimits), where));
    MIA_TRY_ASSIGN(record::Report report, stored(record::report_from_json(json), where));
    return std::optional(std::move(report));
  });
}

Result<std::vector<BaselineRow>> Store::baselines() {
  return guarded("list baselines", impl_->path, [&]() -> Result<std::vector<BaselineRow>> {
    BaselineRow row;
    std::vector<BaselineRow> result;
    for_each_row(
        impl_->sql,
        "select model_key, machine, scenario, session, accepted, reason from accepted"
        " where num in (select max(num) from accepted group by model_key, machine, scenario) order by num desc",
        std::tie(row.model_key, row.machine, row.scenario, row.session, row.accepted, row.reason),
        [&] { result.push_back(row); });
    return result;
  });
}

}  // namespace mia::store
