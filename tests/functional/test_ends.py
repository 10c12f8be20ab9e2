# SPDX-License-Identifier: MIT
"""Ctrl-C, SIGKILL and resuming: nothing finished is lost, nothing is left running."""
import itertools
import os
import random
import signal
import time
import unittest

from support import Case, wait_for

ROUNDS = int(os.environ.get("MIA_TEST_KILLS", "12"))


def figures(report):
    """What must not depend on how often the run was killed."""
    return {
        cell["key"]: (cell["outcomes"], cell["metrics"]["tokens_per_s"]["value"], cell["metrics"]["load_ms"]["value"])
        for cell in report["cells"]
    }


class Ends(Case):
    def trials_begun(self):
        try:
            return int((self.dir / "counter").read_text())
        except (OSError, ValueError):
            return 0

    def test_interrupt_while_a_worker_hangs(self):
        for phase in ("greeting", "load", "probe", "context", "warm_up", "generate"):
            with self.subTest(phase):
                (self.dir / "counter").unlink(missing_ok=True)
                self.script(rules=[{"when_trial": 2, "faults": [{"phase": phase, "kind": "hang"}]}])
                process = self.start("run", "--repeats", "5")
                self.assertTrue(wait_for(lambda: self.trials_begun() >= 2))
                time.sleep(0.3)
                process.send_signal(signal.SIGINT)
                self.end_of(process)
                self.assertEqual(process.returncode, 130)
                self.assert_no_orphans()
                report = self.report()
                self.assertFalse(report["complete"])
                self.assertEqual([t["outcome"]["kind"] for t in report["trials"]], ["ok", "cancelled"])

    def test_interrupted_and_resumed_keeps_both_parts_in_the_store(self):
        self.script(rules=[{"when_trial": 3, "faults": [{"phase": "generate", "kind": "hang"}]}])
        process = self.start("run", "--repeats", "5")
        self.assertTrue(wait_for(lambda: self.trials_begun() >= 3))
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        self.end_of(process)
        _, err = self.mia("run", "--repeats", "5", "--resume")
        self.assertNotIn("store", err)
        for report in (self.report(), self.mia_json("report", "last")):
            self.assertTrue(report["complete"])
            self.assertEqual([t["outcome"]["kind"] for t in report["trials"]], ["ok", "ok", "cancelled", "ok", "ok", "ok"])

    def sweep_until_done(self, args, rng, most):
        """Starts the sweep anew each time it is killed; the kills it took."""
        kills = 0
        while True:
            process = self.start(*args, "--resume")
            if kills < most:
                time.sleep(rng.uniform(0.0, 0.3))
            if kills < most and process.poll() is None:
                process.kill()
                kills += 1
            _, err = self.end_of(process)
            if process.returncode == 0:
                return kills
            self.assertEqual(process.returncode, -signal.SIGKILL, err)

    def test_killed_at_random_and_resumed_gives_the_same_report(self):
        self.script(token_ms=[5, 6, 7], scale={"n_threads": {"2": 0.5, "3": 0.25}})
        sweep = ["run", "--axis", "n_threads=1,2,3", "--repeats", "4"]
        undisturbed = self.mia_json(*sweep, "--store", str(self.dir / "other.sqlite"))
        rng = random.Random(7)
        kills = 0
        for number in itertools.count():
            args = [*sweep, "--store", str(self.dir / f"{number}.sqlite")]
            kills += self.sweep_until_done(args, rng, ROUNDS - kills)
            report = self.mia_json("report", "last", *args[-2:])
            self.assertEqual(figures(report), figures(undisturbed))
            done = [(trial["cell"], trial["repeat"]) for trial in report["trials"]]
            self.assertEqual(len(done), len(set(done)), "a trial was repeated")
            self.assertEqual(len(done), 12, "a trial is missing")
            # A kill between the end of a session and that of the program lets the next start begin another.
            for session in self.mia_json("history", "list", *args[-2:]):
                self.assertEqual((session["state"], session["trials"]), ("complete", 12))
            if kills >= ROUNDS:
                break
        self.assert_no_orphans()

    def test_a_killed_run_leaves_a_valid_incomplete_report(self):
        self.script(rules=[{"when_trial": [3, 4], "faults": [{"phase": "generate", "kind": "hang"}]}])
        process = self.start("run", "--repeats", "5")
        self.assertTrue(wait_for(lambda: (self.dir / "reports/perf_cpu_baseline.json").exists()
                                 and len(self.report()["trials"]) == 2))
        process.kill()
        process.communicate()
        self.assertFalse(self.report()["complete"])
        self.assert_no_orphans()


class Stores(Case):
    def test_a_store_that_cannot_be_used_costs_exit_5_and_no_report(self):
        self.script()
        (self.dir / "bad.sqlite").write_bytes(b"this is no database at all, only text" * 100)
        _, err = self.mia("run", "--repeats", "2", "--store", "bad.sqlite", code=5)
        self.assertIn("bad.sqlite", err)
        self.assertEqual(len(self.report()["trials"]), 2)

    def test_sessions_are_listed_and_shown_again(self):
        self.script()
        self.mia("run", "--repeats", "2")
        sessions = self.mia_json("history", "list")
        self.assertEqual([s["state"] for s in sessions], ["complete"])
        for form in ("text", "md", "json", "csv", "jsonl"):
            out, _ = self.mia("report", "last", "--format", form)
            self.assertTrue(out.strip(), form)
        self.assertEqual(self.mia_json("report", sessions[0]["session"])["trials"], self.report()["trials"])


if __name__ == "__main__":
    unittest.main()
