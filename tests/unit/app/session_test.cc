// SPDX-License-Identifier: MIT
#include "app/run_session.h"

#include <algorithm>

#include "app/find_report.h"
#include "app/gate.h"
#include "scripted.h"
#include "store/store.h"

namespace mia::app {
namespace {
using testing::ScriptedSession;

TEST_F(ScriptedSession, IsRunAndJudgedWithoutATerminal) {
  write("own.yaml", "name: own\nsettings: {run.repeats: 2}\nworkloads:\n  short: {max_tokens: 8}\n");
  auto request = request_for("own.yaml");
  ASSERT_TRUE(request) << request.error().text();
  const auto end = carry_out(std::move(*request), listener);
  ASSERT_TRUE(end) << end.error().text();
  EXPECT_TRUE(end->report.complete);
  EXPECT_EQ(end->report.trials.size(), 2U);
  ASSERT_EQ(end->files.size(), 1U);
  EXPECT_TRUE(std::filesystem::exists(end->files.front()));
  EXPECT_FALSE(listener.begun.empty());
  EXPECT_EQ(listener.ended, 1);

  const auto stored = find_report(scope, end->report.session, false);
  ASSERT_TRUE(stored) << stored.error().text();
  EXPECT_EQ(stored->trials.size(), 2U);

  scope.set = {"perf.thresholds.short_tps_min=1"};
  GateRequest gated;
  gated.what = "last";
  gated.no_baseline = true;
  const auto judged = gate({scope, listener}, gated);
  ASSERT_TRUE(judged) << judged.error().text();
  EXPECT_EQ(judged->judgement->verdict, "pass");
  EXPECT_EQ(judged->session, end->report.session);
  EXPECT_TRUE(listener.warned.empty());
}

// Looks into the store whenever a trial begins.
class StoreWatcher : public testing::Listener {
 public:
  explicit StoreWatcher(const Scope& scope) : scope_(scope) {}
  void doing(std::string_view text, bool lasting) override {
    if (lasting) {
      auto store = open_store(scope_);
      const auto sessions =
          store ? store->sessions().value_or(std::vector<store::SessionRow>()) : std::vector<store::SessionRow>();
      stored.push_back(sessions.empty() ? -1 : sessions.front().trials);
    }
    Listener::doing(text, lasting);
  }
  std::vector<std::int64_t> stored;

 private:
  const Scope& scope_;
};

TEST_F(ScriptedSession, KeepsEachTrialBeforeTheNextBegins) {
  write("own.yaml", "name: own\nsettings: {run.repeats: 4}\nworkloads:\n  short: {max_tokens: 8}\n");
  auto request = request_for("own.yaml");
  ASSERT_TRUE(request) << request.error().text();
  StoreWatcher watcher(scope);
  ASSERT_TRUE(carry_out(std::move(*request), watcher));
  EXPECT_EQ(watcher.stored, (std::vector<std::int64_t>{0, 1, 2, 3}));
}

TEST_F(ScriptedSession, EndsWithItsBudget) {
  write("own.yaml", "name: own\nsettings: {run.repeats: 2}\nworkloads:\n  short: {max_tokens: 8}\n");
  script({{"faults", {{{"phase", "generate"}, {"kind", "hang"}, {"nth", 0}}}}});
  auto request = request_for("own.yaml");
  ASSERT_TRUE(request) << request.error().text();
  request->budget_s = 0.5;
  const auto end = carry_out(std::move(*request), listener);
  ASSERT_TRUE(end) << end.error().text();
  EXPECT_FALSE(end->interrupted);
  EXPECT_TRUE(has_unmeasured_cell(end->report));
  EXPECT_FALSE(has_failed_cell(end->report));
  EXPECT_EQ(std::ranges::count(end->report.findings, "budget", &record::Finding::id), 1);
  EXPECT_FALSE(listener.said.empty());
}

TEST_F(ScriptedSession, TellsWhatMakesAPlanWorthLess) {
  write("two.yaml", "name: two\nworkloads:\n  short: {max_tokens: 8}\n  long: {max_tokens: 16}\n");
  scope.set = {"workload.max_tokens=4"};
  ASSERT_TRUE(request_for("two.yaml"));
  ASSERT_EQ(listener.warned.size(), 1U);
  EXPECT_NE(listener.warned.front().find("workload.max_tokens=4 holds for every workload"), std::string::npos);
}

// Seen as a test that failed where a run and two comparisons fitted into one second.
TEST_F(ScriptedSession, TheLastResultIsTheComparisonOfTheSameSecond) {
  store::Session session;
  session.row.id = "s1";
  session.row.state = "complete";
  session.row.started = "2026-01-01T00:00:00Z";
  session.row.finished = "2026-01-01T00:00:02Z";
  record::Comparison comparison;
  comparison.session = "c1";
  comparison.started = session.row.started;
  comparison.finished = "2026-01-01T00:00:01Z";
  store::Store store = *open_store(scope);
  ASSERT_TRUE(store.begin_session(session));
  ASSERT_TRUE(store.add_comparison(comparison));
  const auto found = find_result(scope, "last", false, Trials::whole);
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_TRUE(std::holds_alternative<record::Comparison>(*found));
  session.row.id = "s2";
  session.row.started = "2026-01-01T00:00:01Z";
  ASSERT_TRUE(store.begin_session(session));
  // The later one is meant, though it has no report yet.
  const auto later = find_result(scope, "last", false, Trials::whole);
  ASSERT_FALSE(later);
  EXPECT_NE(later.error().text().find("session s2 has no report yet"), std::string::npos) << later.error().text();
}

}  // namespace
}  // namespace mia::app
