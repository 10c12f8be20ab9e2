# SPDX-License-Identifier: MIT
"""accept and gate: what passes, what fails the build, what is refused, and what no report can break."""
import csv
import io
import json
import sqlite3
import unittest
import xml.etree.ElementTree

from support import Case

HOSTILE = "<script>alert(1)</script>\"; DROP TABLE session; --\n::error::=cmd|' /C calc'!A0 \u202e\x1b[31m " + "x" * (1 << 20)


def check(report, name):
    return [line for line in report["checks"] if line["name"] == name]


class GateCase(Case):
    """A smoke report whose every time is virtual, so that its figures are exact."""

    def speed(self, token_ms, **members):
        self.script(token_ms=token_ms, prefill_ms=50, tokenize_ms=0, **members)

    def accept(self, token_ms=10):
        self.speed(token_ms)
        self.mia("run", "smoke")
        self.mia("accept", "last", "--reason", "test")

    def watched(self):
        """Enough sessions to know the noise between them, the last one accepted."""
        for token_ms in (10.02, 9.98, 10.01, 9.99, 10.01):
            self.speed(token_ms)
            self.mia("run", "smoke", "--repeats", "1")
        self.accept()

    def gate(self, *args, code=0):
        return self.mia_json("gate", *args, code=code)

    def smoke(self):
        return self.dir / "reports" / "perf_smoke.json"


class Gate(GateCase):
    def test_the_same_speed_passes_and_says_what_judged(self):
        self.watched()
        report = self.gate("--run", "smoke")
        judgement = report["judgement"]
        self.assertEqual(judgement["verdict"], "pass")
        self.assertIn("unpaired", judgement["statistic"])
        self.assertEqual(judgement["alpha"], 0.01)
        self.assertIs(report["regression_flag"], False)
        for name in ("short_tps_drop", "long_tps_drop", "p95_ratio_max", "p95_short_drift", "p95_ratio_rise"):
            line = check(report, name)[0]
            self.assertEqual(line["verdict"], "pass", line)
            self.assertIsNotNone(line["value"])
            self.assertIsNotNone(line["limit"])
        self.assertAlmostEqual(check(report, "baseline_tokens_per_s")[0]["limit"], 1 / (1 - 0.12) - 1)  # of time
        self.assertEqual(json.loads(self.smoke().read_text()), report)
        self.assertEqual(self.mia_json("report", "last")["judgement"], judgement)

    def test_a_slower_program_is_measured_again_and_fails(self):
        self.watched()
        self.speed(12)
        report = self.gate("--run", "smoke", code=1)
        self.assertIs(report["regression_flag"], True)
        line = check(report, "short_tps_drop")[0]
        self.assertEqual((line["verdict"], line["confirmation"]["verdict"]), ("fail", "fail"))
        self.assertGreater(line["value"], 0.12)
        self.assertNotEqual(line["confirmation"]["session"], report["session"])
        self.assertTrue((self.dir / "reports/perf_smoke_confirm.json").exists())
        self.assertEqual(json.loads(self.smoke().read_text())["session"], report["session"])

    def test_a_slow_moment_is_not_a_regression(self):
        self.watched()
        self.speed(14)
        self.mia("run", "smoke")
        self.speed(10)
        report = self.gate("last")
        self.assertEqual(report["judgement"]["verdict"], "pass")
        self.assertEqual(check(report, "short_tps_drop")[0]["confirmation"]["verdict"], "pass")
        self.assertIn("not confirmed", check(report, "short_tps_drop")[0]["text"])

    def test_an_unwatched_machine_cannot_fail_by_a_fifth(self):
        self.accept()
        self.speed(12)
        report = self.gate("--run", "smoke", code=3)
        line = check(report, "short_tps_drop")[0]
        self.assertEqual(line["verdict"], "unclear")
        self.assertIn("beyond the limit by less than the noise", line["text"])
        self.assertIs(report["regression_flag"], False)

    def test_no_confirm_judges_as_it_is(self):
        self.watched()
        self.speed(14)
        self.mia("run", "smoke")
        self.speed(10)
        report = self.gate("last", "--no-confirm", code=1)
        self.assertIsNone(check(report, "short_tps_drop")[0]["confirmation"])
        self.assertEqual(len(self.mia_json("history", "list")), 7, "nothing was measured again")

    def test_only_flagged_cells_are_measured_again(self):
        self.watched()
        self.speed(10, rules=[{"when": {"workload.max_tokens": 160}, "token_ms": 13}])
        report = self.gate("--run", "smoke", code=1)
        self.assertEqual(check(report, "long_tps_drop")[0]["verdict"], "fail")
        again = self.report("perf_smoke_confirm")
        flagged = {key for line in report["checks"] if line["confirmation"] for key in line["cells"]}
        self.assertEqual({cell["key"] for cell in again["cells"]}, flagged)

    def test_without_a_baseline_it_is_unclear(self):
        self.speed(10)
        report = self.gate("--run", "smoke", code=3)
        self.assertEqual(check(report, "baseline")[0]["verdict"], "unclear")
        self.gate("last", "--on-unclear", "pass")
        self.gate("last", "--no-baseline")

    def test_a_faster_program_passes(self):
        self.accept()
        self.speed(5)
        self.gate("--run", "smoke")

    def test_a_crash_is_a_failed_measurement(self):
        self.accept()
        self.speed(10, rules=[{"when": {"workload.max_tokens": 160}, "faults": [{"phase": "generate", "kind": "abort", "nth": 0}]}])
        report = self.gate("--run", "smoke", code=4)
        self.assertIn("unclear", {line["verdict"] for line in report["checks"]})

    def test_history_gives_the_noise(self):
        self.accept()
        line = check(self.gate("--run", "smoke", code=3), "baseline_tokens_per_s")[0]
        self.assertIn("5 % between sessions, assumed", line["text"])
        self.assertEqual(line["verdict"], "unclear", "an unwatched machine proves nothing")
        self.watched()
        line = check(self.gate("--run", "smoke"), "baseline_tokens_per_s")[0]
        self.assertIn("seen in 8", line["text"])
        self.assertEqual(line["verdict"], "pass")

    def test_a_wider_margin_is_proven_sooner(self):
        self.accept()
        self.gate("--run", "smoke", "--margin", "30%")
        self.mia("gate", "last", "--margin", "0", code=2)

    def test_against_names_another_report(self):
        self.watched()
        first = self.dir / "first.json"
        first.write_text(self.smoke().read_text())
        self.speed(12)
        self.mia("run", "smoke")
        self.mia("accept", "last")
        self.gate("last", "--no-confirm")
        report = self.gate("last", "--against", str(first), "--no-confirm", code=1)
        self.assertEqual(report["judgement"]["baseline"], json.loads(first.read_text())["session"])


class Limits(GateCase):
    def test_the_limits_of_the_measured_plan_judge(self):
        self.speed(10)
        scenario = "checks: [thresholds]\nsettings: {{run.repeats: 1, {}}}\nworkloads:\n  short: {{max_tokens: 64}}\n{}"
        for limit, more in (("perf.thresholds.short_tps_min: 1000", ""),
                            ("p95_ratio_max: 0.5", "  long: {max_tokens: 96}\n")):
            with self.subTest(limit):
                (self.dir / "mine.yaml").write_text(scenario.format(limit, more))
                name = limit.split(":")[0].split(".")[-1]
                ran = self.mia_json("run", "mine.yaml")
                self.assertEqual([line["verdict"] for line in check(ran, name)], ["fail"])
                for args in (["last"], [str(self.dir / "reports" / "perf_mine.json")], ["--run", "mine.yaml"]):
                    report = self.gate(*args, "--no-baseline", "--no-confirm", code=1)
                    self.assertEqual(check(report, name)[0]["limit"], float(limit.split()[-1]), args)
                self.gate("last", "--no-baseline", "--no-confirm", "--set", f"{name}=2000" if "min" in name else f"{name}=0.1", code=1)
                typed = self.gate("last", "--no-baseline", "--set", f"{name}=1.5")
                self.assertEqual(check(typed, name)[0]["limit"], 1.5)

    def test_what_judged_nothing_is_unclear(self):
        self.speed(10)
        (self.dir / "mine.yaml").write_text("settings: {run.repeats: 1}\nworkloads:\n  short: {max_tokens: 8}\n")
        report = self.gate("--run", "mine.yaml", "--no-baseline", code=3)
        self.assertEqual(report["judgement"]["verdict"], "unclear")
        self.assertIn("could be judged", check(report, "limits")[0]["text"])
        self.mia("accept", "last", "--reason", "test")
        self.gate("last", code=3)
        self.gate("last", "--set", "short_tps_min=1")

    def test_a_budget_ends_what_hangs(self):
        self.script(faults=[{"phase": "generate", "kind": "hang", "nth": 0}])
        report = self.gate("--run", "smoke", "--no-baseline", "--budget", "1s", code=3)
        self.assertEqual(report["judgement"]["verdict"], "unclear")
        self.assertEqual([finding["id"] for finding in report["findings"] if finding["id"] == "budget"], ["budget"])
        self.assertIn("judged by less than was asked for", report["judgement"]["sentence"])
        self.assert_no_orphans()

    def test_the_profile_of_the_reports_model_judges(self):
        self.speed(250)
        self.mia("run", "smoke", "-m", "gpt-oss-20b-mxfp4")
        report = self.gate("last", "--no-baseline", "--no-confirm", code=1)
        self.assertEqual(report["judgement"]["profile"], "gpt-oss-20b")
        self.assertEqual(check(report, "long_tps_min")[0]["limit"], 7.5)
        self.assertEqual(check(report, "long_tps_min")[0]["verdict"], "fail")
        self.assertEqual(check(report, "load_ms_max")[0]["limit"], 11000)

    def test_a_run_records_the_limits_of_the_model_that_it_measures(self):
        scenario = self.dir / "mine.yaml"
        scenario.write_text("settings: {llm.primary.id: gpt-oss-20b-mxfp4, run.repeats: 1}\n")
        for what in (["smoke", "-m", "gpt-oss-20b-mxfp4"], ["smoke", "--set", "llm.primary.id=gpt-oss-20b-mxfp4"],
                     [str(scenario)], ["smoke", "-m", "one", "-m", "gpt-oss-20b-mxfp4"]):
            with self.subTest(what):
                self.mia("run", *what, "--repeats", "1")
                limits = json.loads(self.mia("report", "last", "--json")[0])["settings"]["perf.thresholds"]
                self.assertEqual((limits["load_ms_max"], limits["long_tps_min"]), (11000, 7.5))
        self.mia("run", str(scenario), "--repeats", "1", "-m", "another")
        limits = json.loads(self.mia("report", "last", "--json")[0])["settings"]["perf.thresholds"]
        self.assertEqual(limits["load_ms_max"], "auto")

    def test_profile_names_another(self):
        self.speed(10)
        self.mia("run", "smoke")
        report = self.gate("last", "--no-baseline", "--profile", "legacy")
        self.assertEqual(report["judgement"]["profile"], "legacy")
        self.assertEqual(check(report, "load_ms_max")[0]["limit"], 4000)

    def test_set_overrides_a_limit(self):
        self.speed(10)
        self.mia("run", "smoke")
        self.gate("last", "--no-baseline", "--no-confirm", "--set", "short_tps_min=1000", code=1)


class Refused(GateCase):
    def error(self, *args, code=2):
        return self.mia(*args, code=code)[1]

    def edited(self, change):
        """A report file changed by hand, hash and all."""
        report = json.loads(self.smoke().read_text())
        change(report)
        path = self.dir / "edited.json"
        path.write_text(json.dumps(report))
        return str(path)

    def test_another_configuration_is_named(self):
        self.accept()
        self.mia("run", "smoke", "--set", "n_threads=7")
        err = self.error("gate", "last")
        self.assertIn("n_threads=7", err)
        self.assertIn("settings differs", err)

    def test_another_machine_is_named(self):
        self.accept()

        def move(report):
            report["environment"].update(fingerprint="feed", cpu_model="Another CPU")
        err = self.error("gate", self.edited(move), "--allow-edited")
        self.assertIn("machine differs", err)
        self.assertIn("Another CPU", err)

    def test_another_runtime_class_is_named(self):
        self.accept()

        def swap(report):
            report["runtimes"][0]["provider"] = "llama"
        err = self.error("gate", self.edited(swap), "--allow-edited")
        self.assertIn("runtime class differs", err)

    def test_what_cannot_be_confirmed_here(self):
        self.accept()

        def slow(report):
            report["environment"]["fingerprint"] = "feed"
            for cell in report["cells"]:
                cell["metrics"]["tokens_per_s"]["value"] = 1
        path = self.edited(slow)
        err = self.error("gate", path, "--allow-edited", "--no-baseline", "--set", "short_tps_min=5")
        self.assertIn("--no-confirm", err)
        self.error("gate", path, "--allow-edited", "--no-baseline", "--set", "short_tps_min=5", "--no-confirm", code=1)

    def test_an_edited_report(self):
        self.accept()
        path = self.edited(lambda report: report["cells"][0]["metrics"]["tokens_per_s"].update(value=1e9))
        for verb in ("gate", "accept"):
            err = self.error(verb, path)
            self.assertIn("changed after it was written", err)
            self.assertIn("--allow-edited", err)
        self.mia("accept", path, "--allow-edited")

    def test_reports_that_are_none(self):
        self.accept()
        whole = self.smoke().read_text()
        cases = {
            "half": whole[: len(whole) // 2],
            "empty": "",
            "list": "[]",
            "schema": self_schema(whole, 99),
            "no_cells": json.dumps({"schema": 1}),
            "nan": whole.replace('"schema": 2', '"schema": 2, "drift_share": NaN', 1),
            "deep": "[" * 100000,
        }
        for name, text in cases.items():
            with self.subTest(name):
                path = self.dir / f"{name}.json"
                path.write_text(text)
                for verb in ("gate", "accept"):
                    self.assertIn(f"{name}.json", self.error(verb, str(path)))
        self.assertIn("schema 99", self.error("gate", str(self.dir / "schema.json")))

    def test_a_session_that_did_not_finish(self):
        self.accept()
        path = self.edited(lambda report: report.update(complete=False))
        for verb in ("gate", "accept"):
            self.assertIn("did not finish", self.error(verb, path, "--allow-edited"))

    def test_usage(self):
        self.assertIn("which report", self.error("accept"))
        self.assertIn("--run", self.error("gate"))
        self.assertIn("--run", self.error("gate", "last", "--run", "smoke"))
        self.error("gate", "last", "--on-unclear", "maybe")
        self.assertIn("no session", self.error("gate", "last").lower())

    def test_what_is_asked_for_is_looked_up_before_anything_is_measured(self):
        self.speed(10)
        (self.dir / "folder").mkdir()
        for args, said in ((("--margin", "banana"), "--margin"), (("--against", "no-such"), "no-such"),
                           (("--junit", "folder"), "--junit: 'folder' is a folder"),
                           (("--markdown", "/proc/none/gate.md"), "--markdown"), (("--html", "folder"), "--html")):
            with self.subTest(args[0]):
                self.assertIn(said, self.error("gate", "--run", "smoke", *args))
        self.assertEqual(self.mia_json("history"), [])
        self.assertFalse(self.smoke().exists())

    def test_deliberate_slowness_is_seen_and_is_no_baseline(self):
        self.watched()
        report = self.gate("--run", "smoke", "--set", "inject_slow=0.5", code=1)
        self.assertEqual(check(report, "short_tps_drop")[0]["verdict"], "fail")
        self.assertIn("slowed down on purpose", self.error("accept", "last"))

    def test_accept_shows_old_and_new(self):
        self.accept()
        self.speed(20)
        self.mia("run", "smoke")
        out, _ = self.mia("accept", "last", "--reason", "a slower machine")
        self.assertRegex(out, r"smoke short +\d+\.\d\d +\d+\.\d\d +-4\d\.\d")

    def test_a_failed_cell_is_no_baseline(self):
        self.speed(10, faults=[{"phase": "load", "kind": "abort"}])
        self.mia("run", "smoke", code=4)
        self.assertIn("no speed", self.error("accept", "last"))


def self_schema(text, number):
    return text.replace('"schema": 2,', f'"schema": {number},', 1)


class Formats(GateCase):
    def outputs(self, *args, code):
        summary = self.dir / "summary.md"
        summary.write_text("before\n")
        self.env["GITHUB_STEP_SUMMARY"] = str(summary)
        out, _ = self.mia("gate", *args, "--junit", str(self.dir / "ci/gate.xml"), "--markdown", str(self.dir / "ci/gate.md"),
                          "--github", code=code)
        return out, summary.read_text()

    def test_junit_markdown_and_annotations(self):
        self.watched()
        self.speed(12)
        out, summary = self.outputs("--run", "smoke", code=1)
        suite = xml.etree.ElementTree.parse(self.dir / "ci/gate.xml").getroot()
        self.assertGreaterEqual(int(suite.get("failures")), 2)
        names = [case.get("name") for case in suite.iter("testcase")]
        self.assertIn("short_tps_drop", names)
        self.assertIn("baseline_tokens_per_s: smoke short", names)
        self.assertEqual(len(names), len(set(names)))
        self.assertIn("unpaired", suite.find(".//system-out").text)
        self.assertTrue(summary.startswith("before\n"))
        self.assertIn("| short_tps_drop |", summary)
        self.assertIn("Regression", (self.dir / "ci/gate.md").read_text())
        self.assertIn("::error title=mia-perf short_tps_drop::", out)

    def test_a_gate_that_could_not_judge_says_so_to_the_build(self):
        out, summary = self.outputs("last", code=2)
        suite = xml.etree.ElementTree.parse(self.dir / "ci/gate.xml").getroot()
        self.assertEqual((suite.get("tests"), suite.get("errors"), suite.get("failures")), ("1", "1", "0"))
        self.assertIn("no session", suite.find(".//error").get("message"))
        self.assertIn("Nothing was judged", (self.dir / "ci/gate.md").read_text())
        self.assertIn("Nothing was judged", summary)
        self.assertIn("::error title=mia-perf gate::", out)

    def test_json_stays_one_document_beside_annotations(self):
        self.watched()
        self.speed(12)
        out, err = self.mia("gate", "--run", "smoke", "--github", "--json", code=1)
        self.assertEqual(json.loads(out)["judgement"]["verdict"], "fail")
        self.assertIn("::error title=", err)

    def test_hostile_names_break_no_format_and_no_store(self):
        self.accept()
        report = json.loads(self.smoke().read_text())
        report["scenario"] = report["session"] = HOSTILE
        report["models"][0].update(id=HOSTILE, display_name=HOSTILE)
        report["runtimes"][0].update(name=HOSTILE, version=HOSTILE)
        for cell in report["cells"]:
            cell["model"] = cell["failure"] = HOSTILE
            cell["point"] = {"scenario": HOSTILE, "settings": [], "workload": HOSTILE}
        path = self.dir / "hostile.json"
        path.write_text(json.dumps(report))
        self.mia("accept", str(path), "--allow-edited", "--reason", HOSTILE[:1000])
        report["session"] = "later"
        for trial in report["trials"]:
            for run in trial["runs"]:
                run["token_ns"] = [2 * stamp for stamp in run["token_ns"]]
        path.write_text(json.dumps(report))
        out, summary = self.outputs(str(path), "--allow-edited", "--no-confirm", code=1)
        self.assertNotIn("\x1b", out)
        self.assertNotIn("<script>", summary)
        for line in out.splitlines():
            self.assertFalse(line.startswith("::error::"), line[:100])
        xml.etree.ElementTree.parse(self.dir / "ci/gate.xml")
        self.assertEqual(json.loads(self.mia("gate", str(path), "--allow-edited", "--no-confirm", "--json", code=1)[0])
                         ["scenario"], HOSTILE.encode("utf-8", "replace").decode())
        rows = list(csv.reader(io.StringIO(self.mia("report", str(path), "--allow-edited", "--format", "csv")[0]), strict=True))
        self.assertEqual({len(row) for row in rows}, {len(rows[0])})
        baselines = self.mia_json("accept", "--list")
        self.assertEqual(len(baselines), 2)
        with sqlite3.connect(self.dir / "data/mia-perf/store.sqlite") as store:
            self.assertEqual(store.execute("pragma integrity_check").fetchone()[0], "ok")
            self.assertEqual(store.execute("select count(*) from session").fetchone()[0], 1)

    def test_one_sample_and_no_tokens_are_judged(self):
        self.speed(10)
        self.mia("run", "smoke", "--repeats", "1")
        self.mia("accept", "last")
        self.mia("run", "smoke", "--repeats", "1")
        report = self.gate("last", "--margin", "30%")
        self.assertIn("samples of 1 and 1", check(report, "baseline_tokens_per_s")[0]["text"])
        empty = json.loads(self.smoke().read_text())
        empty["session"] = "empty"
        for trial in empty["trials"]:
            for run in trial["runs"]:
                run.update(token_ns=[], tokens_out=0)
        for cell in empty["cells"]:
            for name in ("tokens_per_s", "p95_decode_ms", "load_ms"):
                cell["metrics"][name].update(value=None, null_reason="no tokens")
        path = self.dir / "empty.json"
        path.write_text(json.dumps(empty))
        report = self.gate(str(path), "--allow-edited", code=3)
        self.assertEqual({line["verdict"] for line in check(report, "baseline_tokens_per_s")}, {"unclear"})


if __name__ == "__main__":
    unittest.main()
