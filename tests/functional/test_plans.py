# SPDX-License-Identifier: MIT
"""What `run` says before and while it measures, what ends it early, and what the store tells of it afterwards."""
import csv
import io
import json
import os
import unittest

from support import Case

SWEEP = ["run", "--axis", "n_threads=1,2,3"]


class Plans(Case):
    def test_a_dry_run_tells_time_and_memory_of_each_cell(self):
        self.script()
        out, _ = self.mia(*SWEEP, "--axis", "n_ctx=512,8192", "--repeats", "4", "--dry-run")
        rows = [line for line in out.splitlines() if line.startswith("n_threads=")]
        self.assertEqual(len(rows), 6)
        for row in rows:
            self.assertRegex(row, r" 4  +[0-9.]+ \w+  +[0-9.]+ [KMGT]?i?B$")
        self.assertRegex(out, r"^24 trials, about .+; plan [0-9a-f]+")
        plan = self.mia_json(*SWEEP, "--axis", "n_ctx=512,8192", "--repeats", "4", "--dry-run")
        each = [cell["expected_s"] for cell in plan["cells"]]
        self.assertAlmostEqual(plan["expected_s"], 4 * sum(each))
        self.assertTrue(all(cell["expected_memory_bytes"] > 0 for cell in plan["cells"]))

    def test_a_set_that_flattens_the_workloads_is_named(self):
        self.script()
        for options, warned in ((["--set", "workload.max_tokens=8"], True), (["--set", "n_threads=2"], False)):
            for scenario in ("long-context", "probe"):
                _, err = self.mia("run", scenario, *options, "--dry-run")
                self.assertEqual("workload.max_tokens=8 holds for every workload of long-context" in err, warned, err)

    def test_a_value_stands_once_in_an_axis(self):
        self.script()
        _, err = self.mia("run", "--axis", "n_threads=1,2,1", "--dry-run", code=2)
        self.assertIn("has the value 1 twice", err)

    def test_a_share_of_layers_is_at_most_all(self):
        self.script()
        self.mia("run", "--axis", "n_gpu_layers=0,100%", "--dry-run")
        _, err = self.mia("run", "--axis", "n_gpu_layers=0,150%", "--dry-run", code=2)
        self.assertIn("150% is no share of the layers", err)

    def test_only_keeps_cells_by_their_name(self):
        self.script()
        report = self.mia_json(*SWEEP, "--repeats", "1", "--only", "=2", "--only", "=3")
        self.assertEqual([cell["key"] for cell in report["cells"]], ["n_threads=2", "n_threads=3"])
        _, err = self.mia(*SWEEP, "--only", "=7", code=2)
        self.assertIn("--only", err)

    def test_progress_names_trial_and_time_left(self):
        self.script()
        _, err = self.mia(*SWEEP, "--repeats", "2")
        lines = [line for line in err.splitlines() if line.startswith("[")]
        self.assertEqual([line.split("]")[0] for line in lines], [f"[{n}/6" for n in range(1, 7)])
        self.assertNotIn("left", lines[0], "nothing is known yet")
        for line in lines[1:]:
            self.assertRegex(line, r"\] n_threads=[123] repeat [12], .+ left$")

    def test_progress_on_a_terminal_is_one_line_and_quiet_is_none(self):
        self.script()
        for quiet in (False, True):
            master, slave = os.openpty()
            process = self.start(*(["-q"] if quiet else []), *SWEEP, "--repeats", "1", stderr=slave)
            os.close(slave)
            shown = b""
            try:
                while piece := os.read(master, 65536):
                    shown += piece
            except OSError:  # the terminal's other end is closed
                pass
            os.close(master)
            self.end_of(process)
            self.assertEqual(process.returncode, 0)
            if quiet:
                self.assertEqual(shown, b"")
            else:
                self.assertIn(b"\r\x1b[K[2/3] ", shown)
                self.assertTrue(shown.endswith(b"\r\x1b[K"), shown[-100:])

    def test_a_sequential_plan_takes_no_budget(self):
        (self.dir / "mine.yaml").write_text("order: sequential\naxes: {n_threads: [1, 2]}\n")
        self.script()
        _, err = self.mia("run", "mine.yaml", "--budget", "1s", code=2)
        self.assertIn("sequential", err)
        self.assertEqual(len(err.strip().splitlines()), 1)
        self.assertFalse((self.dir / "counter").exists())


class Ends(Case):
    def test_larger_than_one_without_memory_is_refused_unless_forced(self):
        for key, low, mid, high in (("n_ctx", 1024, 2048, 4096), ("n_batch", 128, 256, 512), ("n_ubatch", 64, 128, 256),
                                    ("n_gpu_layers", 4, 8, 16)):
            with self.subTest(key):
                self.script(rules=[{"when": {key: mid}, "faults": [{"phase": "context", "kind": "out_of_memory", "nth": 0}]}])
                sweep = ["run", "--axis", f"{key}={low},{mid},{high}", "--repeats", "3"]
                self.mia(*sweep, code=4)
                cells = {cell["key"]: cell for cell in self.report()["cells"]}
                self.assertEqual(cells[f"{key}={low}"]["outcomes"], {"ok": 3})
                self.assertEqual(cells[f"{key}={mid}"]["outcomes"], {"out_of_memory": 1})
                self.assertEqual(cells[f"{key}={high}"]["outcomes"].get("refused"), 1)
                refused = [t for t in self.report()["trials"] if t["outcome"]["kind"] == "refused"]
                self.assertIn(f"{key}={mid} ran out of memory already; --force", refused[0]["outcome"]["reason"])
                self.mia(*sweep, "--force", code=4)
                cells = {cell["key"]: cell for cell in self.report()["cells"]}
                self.assertEqual(cells[f"{key}={high}"]["outcomes"], {"ok": 3})

    def test_limits_of_phases_say_where_they_came_from(self):
        self.script()
        trials = self.mia_json("run", "--repeats", "2")["trials"]
        self.assertIn("a slow machine's pace", trials[0]["timeout_source"])
        self.assertGreaterEqual(trials[0]["timeout_s"], 60)
        self.assertRegex(trials[1]["timeout_source"], r"10 x the slowest similar \w+ \(.+ s for this work\), at least 30 s")
        self.assertLess(trials[1]["timeout_s"], trials[0]["timeout_s"])
        fixed = self.mia_json("run", "--repeats", "1", "--set", "run.timeout_s=7")["trials"][0]
        self.assertEqual((fixed["timeout_s"], fixed["timeout_source"]), (7, "run.timeout_s"))

    def test_what_a_phase_took_is_the_next_ones_limit(self):
        # The second trial hangs: its limit is the least one, 30 s, from the first one.
        self.script(rules=[{"when_trial": 2, "faults": [{"phase": "load", "kind": "hang"}]}])
        self.mia("run", "--repeats", "2")
        outcome = self.report()["trials"][1]["outcome"]
        self.assertEqual((outcome["kind"], outcome["phase"]), ("timed_out", "load"))
        self.assertRegex(outcome["reason"], r"no answer within 30(\.0)? s, the limit from 10 x the slowest similar load")


class Stored(Case):
    def setUp(self):
        super().setUp()
        self.script(token_ms=10, prefill_ms=50, tokenize_ms=0)
        self.mia(*SWEEP, "--repeats", "2")
        self.first = self.mia_json("history", "list")[0]["session"]

    def test_csv_and_json_lines_have_every_trial(self):
        trials = self.report()["trials"]
        out, _ = self.mia("report", self.first, "--format", "csv")
        rows = list(csv.DictReader(io.StringIO(out)))
        runs = [run for trial in trials for run in trial["runs"]]
        self.assertEqual(len(rows), len(runs))
        self.assertEqual({row["session"] for row in rows}, {self.first})
        self.assertEqual(sorted({row["trial"] for row in rows}), sorted(trial["id"] for trial in trials))
        out, _ = self.mia("report", self.first, "--format", "jsonl")
        lines = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([line["id"] for line in lines if "id" in line], [trial["id"] for trial in trials])

    def test_history_lists_the_newest_first_and_shows_one_by_a_prefix(self):
        self.mia("run", "smoke", "--repeats", "1")
        sessions = self.mia_json("history", "list")
        self.assertEqual([session["scenario"] for session in sessions], ["smoke", "baseline"])
        self.assertEqual(sessions[1]["trials"], 6)
        self.assertEqual(len(self.mia_json("history", "list", "--limit", "1")), 1)
        shown, _ = self.mia("history", "show", self.first)
        self.assertEqual(shown, self.mia("report", self.first)[0])
        self.assertEqual(self.mia_json("history", "show", self.first[:-1])["session"], self.first)
        _, err = self.mia("history", "show", "nothing", code=2)
        self.assertIn("nothing", err)

    def test_before_and_after_of_a_change(self):
        self.script(token_ms=8, prefill_ms=50, tokenize_ms=0)
        before = self.dir / "before.json"
        (self.dir / "reports/perf_cpu_baseline.json").rename(before)
        self.mia(*SWEEP, "--repeats", "2")
        after = str(self.dir / "reports/perf_cpu_baseline.json")
        table = self.mia_json("report", "before-after", str(before), after)
        self.assertEqual(table, json.loads(self.mia("report", "before-after", str(before), after, "--format", "json")[0]))
        # Of two sessions, too: 64 tokens are 50 ms and 63 intervals.
        old, new = 64 / (0.05 + 63 * 0.01), 64 / (0.05 + 63 * 0.008)
        text, _ = self.mia("report", "before-after", self.first, "last")
        self.assertIn(f"{100 * (new / old - 1):.1f}", text)
        self.assertIn("| ", self.mia("report", "before-after", str(before), after, "--format", "md")[0])
        _, err = self.mia("report", "before-after", str(before), after, "--format", "csv", code=2)
        self.assertIn("--format", err)


if __name__ == "__main__":
    unittest.main()
