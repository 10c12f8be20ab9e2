# SPDX-License-Identifier: MIT
"""mia-perf tune with scripted workers: what is found, what is kept, what falls out, and every way it can end."""
import json
import signal
import subprocess
import unittest

from support import ROOT, Case, wait_for

# ubatch 128 reads and writes in 0.8 of the time; on every machine the values 64 to 256 are tried for a chat.
BETTER = {"n_ubatch": {"128": 0.8}}
QUIET = {"run": 0.003, "trial": 0.001}


class Tune(Case):
    def tune(self, *args, code=0, **more):
        return self.mia_json("tune", "--seed", "5", *args, code=code, **more)

    def document(self):
        return json.loads((self.dir / "reports" / "perf_tune.json").read_text())

    def assert_valid(self):
        for schema, path in (("tune-v1", "perf_tune.json"), ("compare-v1", "perf_tune_pairs.json")):
            if (self.dir / "reports" / path).exists():
                check = subprocess.run(
                    ["/usr/bin/python3", str(ROOT / "tests/schema/validate.py"), "--schema",
                     str(ROOT / f"schemas/{schema}.schema.json"), str(self.dir / "reports" / path)],
                    capture_output=True, text=True, check=False)
                self.assertEqual(check.returncode, 0, check.stdout + check.stderr)

    def race(self, found, name):
        return next(r for r in found["races"] if r["field"].endswith(name))

    def level(self, found, name, value):
        return next(l for l in self.race(found, name)["levels"] if l["value"] == value)

    def test_the_best_value_is_found_and_certified(self):
        self.script(noise=QUIET, scale=BETTER)
        found = self.tune()
        self.assertEqual([(s["field"], s["value"]) for s in found["chosen"]], [("llm.primary.n_ubatch", 128)])
        self.assertEqual(found["against_present"]["verdict"], "faster")
        self.assertEqual(found["against_present"]["alpha"], 0.01)
        self.assertEqual([s["name"] for s in found["against_present"]["statistics"]], ["turn"])
        self.assertLess(found["against_present"]["interval"]["high_percent"], -15)
        self.assertTrue(found["sentence"].startswith("use n_ubatch=128"), found["sentence"])
        self.assertTrue(self.level(found, "n_ubatch", 128)["won"])
        self.assertLess(self.level(found, "n_ubatch", 128)["effect_percent"], -15)
        self.assertIn("--ubatch-size 128", found["commands"][0])
        self.assertIn("n_ubatch=128", found["commands"][2])
        self.assertTrue(found["complete"])
        self.assert_valid()
        self.assert_no_orphans()

    def test_nothing_better_keeps_what_is_there(self):
        self.script(noise=QUIET)
        found = self.tune()
        self.assertEqual((found["chosen"], found["tried"], found["against_present"]), ([], [], None))
        self.assertTrue(found["sentence"].startswith("keep your settings: nothing beat them"), found["sentence"])
        self.assertIn("raced: n_threads", found["sentence"])
        self.assertIn("% less time would have been seen", found["sentence"])
        self.assertEqual(found["not_raced"], [])
        race = self.race(found, "n_ubatch")
        self.assertLess(race["noticeable_percent"], 0)
        self.assertEqual(len(self.level(found, "n_ubatch", 128)["effects_percent"]), self.level(found, "n_ubatch", 128)["blocks"])
        self.assert_valid()

    def test_people_get_what_mattered_and_commands(self):
        self.script(noise=QUIET, scale=BETTER)
        out, err = self.mia("tune", "--seed", "5")
        for text in ("what mattered", "n_ubatch: 128 instead of auto", "no difference seen: n_threads", "how sure",
                     "llama-server --model", "llama_cpp.Llama(", "use n_ubatch=128", "reports/perf_tune.json"):
            self.assertIn(text, out)
        self.assertNotIn("first token", out)  # only limits speak of it
        self.assertNotIn(" -c ", out)  # the context of a turn is no advice
        self.assertIn("fell out", err)
        self.assertIn("use n_ubatch=128", (self.dir / "reports" / "perf_tune.md").read_text())

    def test_a_crash_falls_out_and_memory_prunes_what_is_larger(self):
        self.script(noise=QUIET, scale=BETTER, rules=[
            {"when": {"flash_attn": "on"}, "faults": [{"phase": "generate", "kind": "abort", "text": "GGML_ASSERT"}]},
            {"when": {"n_ubatch": 64}, "faults": [{"phase": "context", "kind": "out_of_memory", "text": "no room"}]}])
        found = self.tune()
        crashed = self.level(found, "flash_attn", "on")
        self.assertEqual(crashed["standing"], "failed")
        self.assertIn("crashed", crashed["why"])
        self.assertIn("not tried: n_ubatch=64 ran out of memory", self.level(found, "n_ubatch", 256)["why"])
        self.assertEqual(found["chosen"], [])
        self.assertIn("flash_attn=on fell out: ", (self.dir / "reports" / "perf_tune.md").read_text())

    def test_settings_that_cannot_run_are_an_error_and_leave_no_process(self):
        self.script(faults=[{"phase": "load", "kind": "abort", "text": "bad model"}])
        found = self.tune(code=4)
        self.assertIn("no settings could run", found["sentence"])
        self.assert_no_orphans()

    def test_what_cannot_matter_is_not_tried(self):
        plan = self.mia_json("tune", "--dry-run")
        values = {row["parameter"]: row["values"] for row in plan["space"]}
        self.assertNotIn("n_batch", values)  # a prompt of 256 tokens is one batch anyway
        self.assertEqual(values["n_ubatch"], "64, 128, 256")
        self.assertNotIn("n_gpu_layers", values)
        longer = self.mia_json("tune", "--dry-run", "--for", "long-prompt")
        self.assertIn("n_batch", [row["parameter"] for row in longer["space"]])

    def test_limits_choose_among_what_meets_them(self):
        self.script(noise=QUIET, scale={"n_ubatch": {"128": 0.8}})  # 100 tok/s, with 128: 125
        found = self.tune("--min-tok-s", "110")
        self.assertTrue(found["meets_limits"])
        self.assertIn("decode", (self.dir / "reports" / "perf_tune.md").read_text())
        self.assertEqual([s["value"] for s in found["chosen"]], [128])
        missed = self.tune("--min-tok-s", "1000", code=1)
        self.assertFalse(missed["meets_limits"])
        self.assertIn("comes nearest", missed["sentence"])
        self.assertIn("of the 1000 asked for", missed["sentence"])
        self.assertNotIn("nothing beat", missed["sentence"])
        self.assertIn("mia-perf tune --explain FILE", self.mia("report", "reports/perf_tune.json", code=2)[1])

    def test_what_is_proven_is_written(self):
        configs = self.dir / "configs"
        configs.mkdir()
        (configs / "base.yaml").write_text("llm:\n  primary:\n    id: scripted\n")
        self.script(noise=QUIET, scale=BETTER)
        self.mia("tune", "--seed", "5", "--apply")
        written = (configs / "overrides.local.yaml").read_text()
        self.assertIn("n_ubatch: 128", written)
        again, err = self.mia("tune", "--seed", "5", "--apply")
        self.assertIn("keep your settings", again)
        self.assertIn("nothing to apply", err)

    def test_the_proof_is_kept_in_the_history(self):
        self.script(noise=QUIET, scale=BETTER)
        found = self.tune()
        self.assertIn(found["against_present"]["session"], self.mia("history")[0])

    def test_a_race_is_explained_block_by_block(self):
        self.script(noise=QUIET, scale=BETTER)
        found = self.tune()
        blocks = self.level(found, "n_ubatch", 128)["effects_percent"]
        out, _ = self.mia("tune", "--explain", "reports/perf_tune.json")
        self.assertIn("llm.primary.n_ubatch: time of a turn against auto", out)
        self.assertIn(f"{blocks[-1]:+.1f}", out)
        self.assertIn("taken", out)
        self.assertIn(found["sentence"][:40], out)
        path = self.dir / "reports" / "perf_tune.json"
        path.write_text(path.read_text().replace('"taken"', '"x"').replace('"tune"', '"other"'))
        self.assertIn("not a perf_tune.json", self.mia("tune", "--explain", str(path), code=2)[1])
        path.write_text(json.dumps({**found, "sentence": "use poll=0"}))
        self.assertIn("content_hash", self.mia("tune", "--explain", str(path), code=2)[1])
        self.assertIn("none.json", self.mia("tune", "--explain", "none.json", code=2)[1])

    def test_a_budget_too_small_for_a_pair_is_a_sentence(self):
        _, err = self.mia("tune", "--budget", "0.001s", code=2)
        self.assertIn("does not hold one pair of turns", err)
        self.assert_no_orphans()

    def test_the_budget_ends_a_turn_that_hangs(self):
        self.script(faults=[{"phase": "generate", "kind": "hang", "ignore_term": True, "nth": 3}])
        found = self.tune("--budget", "2s", code=3)
        self.assertFalse(found["complete"])
        self.assertTrue(any("the budget of 2.0 s ended the race" in note for note in found["notes"]), found["notes"])
        self.assert_no_orphans()

    def test_wrong_words(self):
        for args, text in ((("--for", "poems"), "chat, long-prompt and long-answer"), (("--ctx", "100"), "384 tokens long"),
                           (("--budget", "soon"), "--budget"), (("--max-ttft", "-1s"), "--max-ttft"), (("--max-ttft", "0s"), "--max-ttft"),
                           (("--min-tok-s", "0"), "--min-tok-s"), (("--min-tok-s", "nan"), "no speed above 0"),
                           (("--budget", "99999999999999h"), "--budget")):
            self.assertIn(text, self.mia("tune", *args, code=2)[1])

    def test_an_interrupt_ends_with_what_is_known(self):
        self.script(noise=QUIET, rules=[{"when": {"n_ubatch": 64}, "faults": [{"phase": "load", "kind": "hang", "seconds": 600}]}])
        process = self.start("tune", "--json")
        wait_for(lambda: int((self.dir / "counter").read_text() or 0) >= 4 if (self.dir / "counter").exists() else False)
        wait_for(lambda: self.hanging())
        process.send_signal(signal.SIGINT)
        out, err = self.end_of(process)
        self.assertEqual(process.returncode, 130, err)
        found = json.loads(out)
        self.assertFalse(found["complete"])
        self.assertTrue(found["sentence"].startswith("interrupted"), found["sentence"])
        self.assertEqual(found["races"][0]["field"], "llm.primary.n_threads")
        self.assert_no_orphans()

    def hanging(self):
        """The worker that hangs in its load is the newest of several."""
        return len(self.children()) >= 3


if __name__ == "__main__":
    unittest.main()
