# SPDX-License-Identifier: MIT
"""mia-perf compare with scripted workers: every verdict and its exit code, every way it can end, and its report."""
import gzip
import json
import signal
import subprocess
import unittest

from support import ROOT, Case, wait_for

SLOWER = {"n_threads": {"1": 1.05}}


class Compare(Case):
    def document(self):
        return json.loads((self.dir / "reports" / "compare.json").read_text())

    def compare(self, *args, code=0, **more):
        return self.mia_json("compare", *args, code=code, **more)

    def assert_valid(self):
        check = subprocess.run(
            ["/usr/bin/python3", str(ROOT / "tests/schema/validate.py"), "--schema",
             str(ROOT / "schemas/compare-v1.schema.json"), str(self.dir / "reports/compare.json")],
            capture_output=True, text=True, check=False)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)

    def test_the_same_thing_is_the_same(self):
        self.script(noise={"run": 0.01, "trial": 0.005})
        found = self.compare("base", "base")
        self.assertEqual((found["verdict"], found["statistic"], found["stopped"]), ("same", "speed", "decided"))
        self.assertEqual((found["a"], found["b"]), ("base (A)", "base (B)"))
        self.assertLess(abs(found["effect"]["percent"]), 3)
        self.assertGreater(found["pairs"], 4 * found["epochs"])
        self.assertEqual(found["voided"], {"epochs": 0, "pairs": 0, "reasons": {}})
        self.assertNotIn("epoch_table", found)
        self.assert_valid()
        self.assert_no_orphans()

    def test_a_slower_side_is_found_and_is_a_regression(self):
        self.script(noise={"run": 0.01, "trial": 0.005}, scale=SLOWER)
        found = self.compare("set:n_threads=2", "set:n_threads=1", code=1)
        self.assertEqual(found["verdict"], "slower")
        self.assertLess(found["interval"]["low_percent"], 5)
        self.assertGreater(found["interval"]["high_percent"], 5)
        self.assertGreater(found["interval"]["low_percent"], 0)
        self.assertIn("set:n_threads=1 is", found["sentence"])
        self.assertGreater(found["arms"]["a"]["decode_tok_s"], found["arms"]["b"]["decode_tok_s"])
        self.assertEqual(found["arms"]["b"]["effective"]["llm.primary"]["n_threads"], 1)
        self.assert_valid()

    def test_the_other_way_round_it_is_faster(self):
        self.script(noise={"run": 0.01, "trial": 0.005}, scale=SLOWER)
        found = self.compare("set:n_threads=1", "set:n_threads=2")
        self.assertEqual(found["verdict"], "faster")
        self.assertLess(found["interval"]["high_percent"], 0)

    def test_noise_is_unclear_and_says_what_it_would_take(self):
        self.script(noise={"trial": 0.4})
        found = self.compare("base", "base", "--max-epochs", "8", code=3)
        self.assertEqual(found["verdict"], "unclear")
        self.assertGreater(found["needed_epochs"], 8)
        self.assertGreater(found["mde"]["percent"], 3)
        self.assert_valid()

    def test_a_budget_holds_five_epochs_and_says_whether_it_can_suffice(self):
        self.script(noise={"trial": 0.4, "run": 0.01})
        found = self.compare("base", "base", "--budget", "20s", code=3)
        self.assertGreaterEqual(found["epochs"], 5)
        self.assertRegex(found["sentence"], r"about \d+ epochs \(.*s.*\) would show 3 % in 9 of 10")
        self.assertTrue(any(note.startswith("restarts differ more than runs do") for note in found["notes"]), found["notes"])

    def test_how_long_a_verdict_takes_is_known_from_earlier_comparisons(self):
        nothing = self.mia_json("compare", "--plan", "3%", code=3)
        self.assertEqual(nothing["by"], [])
        self.assertIn("compare once", nothing["sentence"])
        self.script(noise={"run": 0.01, "trial": 0.005})
        self.compare("base", "base")
        known = self.mia_json("compare", "--plan", "3%")
        self.assertEqual([(row["a"], row["b"]) for row in known["by"]], [("base (A)", "base (B)")])
        self.assertGreaterEqual(known["by"][0]["epochs"], 5)
        finer = self.mia_json("compare", "--plan", "0.5%")
        self.assertGreater(finer["by"][0]["epochs"], known["by"][0]["epochs"])
        out, _ = self.mia("compare", "--plan", "3%")
        self.assertIn("to find 3 % in 9 of 10 takes about", out)
        _, err = self.mia("compare", "base", code=2)
        self.assertIn("compare needs A and B", err)

    def test_people_get_a_table_and_the_sentence(self):
        self.script(noise={"run": 0.01})
        out, err = self.mia("compare", "base", "base")
        self.assertIn("fastest 25 % of tokens", out)
        self.assertIn("base (B) is as fast as base (A) within ±3 %", out)
        self.assertIn("reports/compare.json", out)
        self.assertIn("epoch 5", err)

    def test_a_setting_that_was_not_honoured_is_said(self):
        out, _ = self.mia("compare", "base", "set:n_ctx=512,n_batch=4096", "--max-epochs", "5")
        self.assertIn("n_batch=4096: asked for n_batch=4096, the runtime took 512", out)
        self.assertNotIn("n_ctx=512, the runtime took", out)

    def test_both_runs_of_a_pair_compute_the_same_and_coins_mirror(self):
        self.compare("base", "base", "--seed", "7")
        first = self.document()["epoch_table"]
        self.compare("base", "base", "--seed", "7")
        again = self.document()["epoch_table"]
        places = [[(p["a_first"], p["trace_seed"]) for p in e["pairs"]] for e in first]
        self.assertEqual(places, [[(p["a_first"], p["trace_seed"]) for p in e["pairs"]] for e in again])
        for pairs in places:
            for even, odd in zip(pairs[::2], pairs[1::2]):
                self.assertNotEqual(even[0], odd[0])
        self.assertEqual(len({seed for pairs in places for _, seed in pairs}), sum(map(len, places)))
        self.assertEqual({a for pairs in places for a, _ in pairs}, {True, False})

    def test_every_epoch_starts_both_processes_anew_with_other_padding(self):
        self.script()
        self.compare("base", "base")
        table = self.document()["epoch_table"]
        self.assertEqual(int((self.dir / "counter").read_text()), 2 * len(table))
        self.assertGreater(len({(e["padding_a_bytes"], e["padding_b_bytes"]) for e in table}), 1)

    def test_warm_up_runs_are_not_counted(self):
        self.script(warm_up_factors=[4, 2, 1.5], noise={"run": 0.002})
        found = self.compare("base", "base")
        self.assertLess(max(s["sd"] for s in found["statistics"]), 0.02)
        self.assertTrue(all(e["warm_up_runs"] > 3 and e["steady"] for e in self.document()["epoch_table"]))

    def test_alternating_processes_say_so(self):
        self.script(noise={"run": 0.005})
        found = self.compare("base", "base", "--alternate")
        self.assertEqual(found["design"], "alternating processes")
        self.assertTrue(any("one at a time" in note for note in found["notes"]))
        self.assertTrue(all({p["a_first"] for p in e["pairs"]} == {e["a_started"]} for e in self.document()["epoch_table"]))

    def test_a_second_process_that_does_not_fit_makes_them_alternate(self):
        self.script(rules=[{"when_trial": 2, "faults": [{"phase": "load", "kind": "out_of_memory", "text": "no room"}]}])
        found = self.compare("base", "base")
        self.assertEqual((found["design"], found["verdict"]), ("alternating processes", "same"))

    def test_every_epoch_is_recorded_when_asked(self):
        found = self.compare("base", "base", "--all-epochs", "--max-epochs", "9")
        self.assertEqual((found["verdict"], found["epochs"]), ("same", 5))
        self.assertEqual(len(self.document()["epoch_table"]), 9)

    def test_an_arm_that_dies_is_named(self):
        self.script(rules=[{"when": {"n_threads": 1},
                            "faults": [{"phase": "generate", "kind": "abort", "nth": 9, "text": "GGML_ASSERT failed"}]}])
        out, err = self.mia("compare", "set:n_threads=2", "set:n_threads=1", "--json", code=4)
        found = json.loads(out)
        self.assertEqual((found["verdict"], found["outcome_of"]), ("unclear", "b"))
        self.assertEqual((found["outcome"]["kind"], found["outcome"]["phase"]), ("crashed", "generate"))
        self.assertIn("GGML_ASSERT failed", found["log_tail"])
        self.assertIn("set:n_threads=1: crashed (SIGABRT) in generate", err)
        self.assertGreater(len(self.document()["epoch_table"][0]["pairs"]), 0)
        self.assert_valid()
        self.assert_no_orphans()

    def test_a_worker_that_cannot_be_slowed_down_says_so(self):
        out, err = self.mia("compare", "base", "set:inject_slow=0.1", "--json", code=4)
        self.assertEqual((json.loads(out)["outcome"]["kind"], json.loads(out)["outcome_of"]), ("refused", "b"))
        self.assertIn("runtime add --force", err)

    def test_an_arm_that_hangs_is_timed_out(self):
        self.script(rules=[{"when": {"n_threads": 1}, "faults": [{"phase": "context", "kind": "hang"}]}])
        found = self.compare("set:n_threads=2", "set:n_threads=1", "--set", "run.timeout_s=0.5", code=4)
        self.assertEqual((found["outcome"]["kind"], found["outcome"]["phase"]), ("timed_out", "context"))
        self.assert_no_orphans()

    def test_interrupt_keeps_what_was_learnt(self):
        self.script(faults=[{"phase": "generate", "kind": "slow", "seconds": 0.03, "nth": 0}])
        process = self.start("compare", "base", "base", "--json")
        path = self.dir / "reports" / "compare.json"
        self.assertTrue(wait_for(path.exists))
        process.send_signal(signal.SIGINT)
        out, _ = self.end_of(process)
        self.assertEqual(process.returncode, 130)
        self.assertEqual(json.loads(out)["verdict"], "unclear")
        document = self.document()
        self.assertGreaterEqual(len(document["epoch_table"]), 1)
        self.assertEqual(len(document["epoch_table"][0]["pairs"]), 8)
        self.assert_valid()
        self.assert_no_orphans()

    def test_the_budget_ends_an_epoch_that_would_pass_it(self):
        self.script(rules=[{"when": {"n_threads": 1}, "faults": [{"phase": "warm_up", "kind": "hang", "nth": 0},
                                                                 {"phase": "generate", "kind": "hang", "nth": 0}]}])
        found = self.compare("base", "set:n_threads=1", "--budget", "1s", code=3)
        self.assertEqual(found["verdict"], "unclear")
        self.assertIn("budget", found["stopped"])
        self.assert_no_orphans()

    def test_it_is_kept_in_the_history_and_shown_again(self):
        self.script(noise={"run": 0.01, "trial": 0.005}, scale=SLOWER)
        self.mia("run", "--repeats", "1")
        self.mia("compare", "set:n_threads=2", "set:n_threads=1", "--seed", "3", code=1)
        first = self.document()
        shown = self.compare("base", "base", "--seed", "3")
        listed = self.mia_json("history")
        self.assertEqual([entry["kind"] for entry in listed], ["comparison", "comparison", "session"])
        self.assertEqual([entry.get("verdict") for entry in listed], ["same", "slower", None])
        self.assertEqual(listed[1]["session"], first["session"])
        self.assertEqual((listed[1]["a"], listed[1]["state"]), ("set:n_threads=2", "complete"))
        self.assertEqual(listed[1]["sentence"], first["sentence"])
        self.assertEqual(len(self.mia_json("history", "list", "--limit", "2")), 2)
        text, _ = self.mia("history")
        self.assertIn("compare set:n_threads=2 set:n_threads=1", text)
        self.assertIn("slower", text)
        # The file of the first is gone, what it said is not.
        self.assertEqual(self.mia_json("report", first["session"]), first)
        again, _ = self.mia("report", first["session"])
        self.assertIn(first["sentence"].split(":")[0], " ".join(again.split()))
        self.assertIn("# set:n_threads=1", self.mia("report", first["session"], "--format", "md")[0])
        self.assertEqual(self.mia_json("report", "last")["session"], shown["session"])
        self.assertEqual(self.mia_json("history", "show", first["session"])["verdict"], "slower")
        self.assertEqual(self.mia("report", "reports/compare.json")[0], self.mia("report", "last")[0])
        self.assertIn("text, md, html or json", self.mia("report", "last", "--format", "csv", code=2)[1])
        self.assertIn("beginning of", self.mia("report", "2", code=2)[1])
        self.mia("gate", first["session"], code=2)

    def test_nothing_is_kept_where_nothing_should_be(self):
        self.script(noise={"run": 0.01, "trial": 0.005})
        self.compare("base", "base", "--no-store")
        self.assertEqual(self.mia_json("history"), [])

    def test_an_interrupted_comparison_says_so_in_the_history(self):
        self.script(faults=[{"phase": "generate", "kind": "slow", "seconds": 0.03, "nth": 0}])
        process = self.start("compare", "base", "base")
        self.assertTrue(wait_for((self.dir / "reports" / "compare.json").exists))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        self.assertEqual(process.returncode, 130)
        self.assertFalse(self.document()["complete"])
        self.assertEqual([entry["state"] for entry in self.mia_json("history")], ["interrupted"])

    def test_a_committed_recording_is_read_and_written_without_a_loss(self):
        path = ROOT / "docs/results/h200/compare_10_12.json.gz"
        document = json.loads(gzip.decompress(path.read_bytes()))
        again = self.mia_json("report", str(path), "--allow-edited")
        again["content_hash"] = document["content_hash"]

        def kept(old, new, where=""):
            """Newer versions may know more, never other things."""
            if isinstance(old, dict):
                for key, value in old.items():
                    self.assertIn(key, new, where)
                    kept(value, new[key], f"{where}.{key}")
            elif isinstance(old, list):
                self.assertEqual(len(new), len(old), where)
                for at, pair in enumerate(zip(old, new)):
                    kept(*pair, f"{where}[{at}]")
            else:
                self.assertEqual(new, old, where)

        kept(document, again)
        self.assertIn("changed after it was written", self.mia("report", str(path), code=2)[1])
        self.assertIn("changed after it was written", self.mia("replay", str(path), code=2)[1])
        self.assertEqual(self.mia_json("replay", str(path), "--allow-edited", "--draws", "10")["recording"]["pairs"], 46)

    def test_workloads_of_scenarios_are_other_ones(self):
        self.script(noise={"run": 0.01, "trial": 0.005})
        _, err = self.mia("compare", "base", "base", "--workload", "short", code=2)
        self.assertIn("which scenarios ask for", err)
        self.compare("base", "base", "--workload", "prefill")
        workload = self.document()["arms"]["a"]["requested"]["workload"]
        self.assertEqual((workload["name"], workload["prompt_tokens"], workload["max_tokens"]), ("prefill", 512, 1))

    def test_the_budget_ends_it(self):
        self.script(faults=[{"phase": "generate", "kind": "slow", "seconds": 0.1, "nth": 0}])
        found = self.compare("base", "base", "--budget", "1s", code=3)
        self.assertEqual(found["stopped"], "the budget of 1.0 s ended it")

    def test_models_with_odd_names(self):
        name = 'a+b<script>"; DROP\n'
        out, err = self.mia("compare", "base", f"model:{name}", "--json", code=0)
        self.assertEqual(json.loads(out)["arms"]["b"]["model"]["id"], name)
        self.assertNotIn("\n\n", err)

    def test_mixed_sides(self):
        self.compare("runtime:fake+model:m+set:n_threads=3,override_tensor=a=CPU,b=CPU", "base")
        llm = self.document()["arms"]["a"]["requested"]["llm.primary"]
        self.assertEqual((llm["id"], llm["n_threads"], llm["override_tensor"]), ("m", 3, "a=CPU,b=CPU"))

    def test_bad_input_is_one_sentence(self):
        cases = [(["base"], "B"), (["base", "old"], "no side of a comparison"), (["base", "set:threads=2"], "n_threads"),
                 (["base", "set:n_threads=many"], "n_threads"), (["base", "base", "--margin", "90%"], "margin"),
                 (["base", "base", "--alpha", "x"], "--alpha"), (["base", "base", "--max-epochs", "2"], "max-epochs"),
                 (["base", "base", "--workload", "huge"], "decode, long-decode and prefill"),
                 (["base", "base", "--budget", "soon"], "--budget"), (["runtime:none", "base"], "none"),
                 (["base", "model:"], "model:")]
        for args, word in cases:
            with self.subTest(args):
                if args[0] == "runtime:none":
                    self.env.pop("MIA_LLAMA_FAKE")
                out, err = self.mia("compare", *args, code=2)
                self.env["MIA_LLAMA_FAKE"] = "1"
                self.assertIn(word, out + err)
                self.assertFalse((self.dir / "reports" / "compare.json").exists())


if __name__ == "__main__":
    unittest.main()
