# SPDX-License-Identifier: MIT
"""Every way a worker can die or lie: a typed outcome, the log tail kept, no orphan, and the tool goes on."""
import signal
import unittest

from support import Case

LIMIT = ["--set", "run.timeout_s=2"]


class Faults(Case):
    def strike(self, *extra, **fault):
        """The first trial has the fault, the second does not; gives the first."""
        self.script(rules=[{"when_trial": 1, "faults": [fault]}])
        self.mia("run", "--repeats", "2", *LIMIT, *extra)
        report = self.report()
        self.assertTrue(report["complete"])
        trials = report["trials"]
        self.assertEqual(trials[1]["outcome"]["kind"], "ok", trials[1]["outcome"])
        self.assertEqual(report["cells"][0]["metrics"]["load_ms"]["n"], 1 if trials[0]["outcome"]["kind"] != "ok" else 2)
        self.assert_no_orphans()
        return trials[0]

    def test_exit(self):
        for phase in ("greeting", "load", "probe", "context", "warm_up", "generate", "shutdown"):
            with self.subTest(phase):
                (self.dir / "counter").unlink(missing_ok=True)
                outcome = self.strike(phase=phase, kind="exit", code=7)["outcome"]
                self.assertEqual((outcome["kind"], outcome["exit_code"], outcome["phase"]), ("crashed", 7, phase))

    def test_fatal_signals(self):
        for name in ("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGTERM", "SIGKILL"):
            with self.subTest(name):
                (self.dir / "counter").unlink(missing_ok=True)
                number = int(getattr(signal, name))
                outcome = self.strike(phase="generate", kind="signal", signal=number)["outcome"]
                self.assertEqual((outcome["kind"], outcome["signal"]), ("crashed", number))

    def test_abort_keeps_the_text(self):
        trial = self.strike(phase="load", kind="abort", text="GGML_ASSERT(n > 0) failed")
        self.assertEqual(trial["outcome"]["signal"], int(signal.SIGABRT))
        self.assertIn("GGML_ASSERT(n > 0) failed", trial["log_tail"])

    def test_hang_in_each_phase(self):
        for phase in ("greeting", "load", "context", "warm_up", "generate", "shutdown"):
            with self.subTest(phase):
                (self.dir / "counter").unlink(missing_ok=True)
                trial = self.strike("--set", "run.timeout_s=0.5", phase=phase, kind="hang", ignore_term=True)
                self.assertEqual((trial["outcome"]["kind"], trial["outcome"]["phase"]), ("timed_out", phase))

    def test_a_model_that_is_there_already_has_no_load_time(self):
        self.script(load_phase=False)
        self.mia("run", "--repeats", "1", *LIMIT)
        report = self.report()
        self.assertFalse(report["runtimes"][0]["model_file"])
        self.assertIsNone(report["trials"][0]["load_ms"])
        load = report["cells"][0]["metrics"]["load_ms"]
        self.assertIsNone(load["value"])
        self.assertIn("no load phase", load["null_reason"])

    def test_slow_start_is_no_fault(self):
        trial = self.strike(phase="spawn", kind="slow", seconds=0.4)
        self.assertEqual(trial["outcome"]["kind"], "ok")
        self.assertGreater(trial["spawn_ms"], 390)

    def test_violations_are_invalid(self):
        cases = [("garbage", {}), ("huge_line", {"bytes": 1 << 30}), ("wrong_id", {}), ("wrong_type", {}),
                 ("unknown_type", {}), ("missing_member", {})]
        for kind, members in cases:
            with self.subTest(kind):
                (self.dir / "counter").unlink(missing_ok=True)
                outcome = self.strike("--set", "run.timeout_s=30", phase="generate", kind=kind, **members)["outcome"]
                self.assertEqual(outcome["kind"], "invalid")
                self.assertTrue(outcome["checks"])

    def test_wrong_version(self):
        outcome = self.strike(phase="greeting", kind="wrong_version", version=9)["outcome"]
        self.assertEqual(outcome["kind"], "invalid")
        self.assertIn("9", " ".join(outcome["checks"]))

    def test_half_line(self):
        outcome = self.strike(phase="generate", kind="half_line")["outcome"]
        self.assertEqual((outcome["kind"], outcome["phase"]), ("crashed", "generate"))

    def test_noise_on_stdout_is_kept_bounded(self):
        trial = self.strike(phase="load", kind="noise", stdout_bytes=20_000_000, stderr_bytes=20_000_000)
        self.assertEqual(trial["outcome"]["kind"], "ok")
        self.assertTrue(0 < len(trial["log_tail"]) <= 70_000)

    def test_grandchild_is_gone(self):
        for setsid in (False, True):
            with self.subTest(setsid=setsid):
                (self.dir / "counter").unlink(missing_ok=True)
                self.assertEqual(
                    self.strike(phase="load", kind="grandchild", seconds=60, setsid=setsid)["outcome"]["kind"], "ok")

    def test_refused_and_out_of_memory(self):
        for kind, expected in (("refuse", "refused"), ("out_of_memory", "out_of_memory")):
            self.script(faults=[{"phase": "load", "kind": kind, "text": "no such tensor", "nth": 0}])
            self.mia("run", "--repeats", "3", code=4)
            report = self.report()
            self.assertEqual(report["trials"][0]["outcome"]["kind"], expected)
            self.assertEqual(report["trials"][0]["outcome"]["reason"], "no such tensor")
            self.assertEqual(len(report["trials"]), 1, "a refusal is not tried again")

    def test_a_cell_that_always_crashes_is_a_row_and_others_run(self):
        self.script(rules=[{"when": {"n_threads": 2}, "faults": [{"phase": "generate", "kind": "signal", "nth": 0}]}])
        self.mia("run", "baseline", "--axis", "n_threads=1,2,3", "--repeats", "3", code=4)
        cells = {cell["key"]: cell for cell in self.report()["cells"]}
        self.assertEqual(cells["n_threads=1"]["outcomes"], {"ok": 3})
        self.assertEqual(cells["n_threads=3"]["outcomes"], {"ok": 3})
        self.assertEqual(cells["n_threads=2"]["outcomes"], {"crashed": 2})
        self.assertIn("SIGSEGV", cells["n_threads=2"]["failure"])


if __name__ == "__main__":
    unittest.main()
