# SPDX-License-Identifier: MIT
"""The procedures of the method: what is repeated before it is said, which files and tables come out."""
import json
import subprocess
import unittest

from support import ROOT, Case

LAYERS = "n_gpu_layers=0,6,12,24"


class Procedure(Case):
    def findings(self, report, name):
        return [finding for finding in report["findings"] if finding["id"] == name]

    def assert_valid(self, stem):
        check = subprocess.run(
            ["/usr/bin/python3", str(ROOT / "tests/schema/validate.py"), "--schema",
             str(ROOT / "schemas/report-v2.schema.json"), str(self.dir / "reports" / f"{stem}.json")],
            capture_output=True, text=True, check=False)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)


class Anomalies(Procedure):
    def slow(self, *layers):
        return [{"when": {"n_gpu_layers": n}, "token_ms": 30} for n in layers]

    def test_a_slow_mode_is_repeated_confirmed_and_replaced(self):
        self.script(rules=self.slow(12, 16), noise={"seed": 3, "trial": 0.01})
        report = self.mia_json("run", "long-context", "--axis", LAYERS)
        found = self.findings(report, "partial_offload_anomaly")
        self.assertEqual(len(found), 2, "short and long")
        for finding in found:
            self.assertEqual(finding["evidence"]["state"], "confirmed")
            self.assertEqual(finding["evidence"]["ending"], "use 10 instead")
            self.assertIn("p95_spread", finding["evidence"])
            self.assertIn("throttled_trials", finding["evidence"])
            self.assertIn("n_ctx", finding["evidence"])
        trials = {}
        for trial in report["trials"]:
            trials.setdefault(trial["cell"], []).append(trial["repeat"])
        for cell in ("n_gpu_layers=12 long", "n_gpu_layers=6 long", "n_gpu_layers=24 long"):
            self.assertEqual(sorted(trials[cell]), [0, 1, 2, 3, 4, 5], cell)
        self.assertEqual(sorted(trials["n_gpu_layers=0 long"]), [0, 1, 2], "no neighbour")
        self.assertEqual(sorted(trials["n_gpu_layers=10 long"]), [3, 4, 5])
        fresh = [t["cell"] for t in report["trials"] if t["repeat"] >= 3 and "=10" not in t["cell"]]
        self.assertNotEqual(fresh, sorted(fresh), "repeats are interleaved")
        self.assert_valid("perf_long_context")

    def test_noise_is_dismissed(self):
        # The first four workers only tell settings; the plan's own trials are 5 to 28.
        slow = [{**rule, "when_trial": list(range(1, 29))} for rule in self.slow(12)]
        self.script(rules=slow, noise={"seed": 3, "trial": 0.01})
        report = self.mia_json("run", "long-context", "--axis", LAYERS)
        endings = {finding["evidence"]["ending"] for finding in self.findings(report, "partial_offload_anomaly")}
        self.assertEqual(endings, {"was noise"})
        self.assertNotIn("n_gpu_layers=10", json.dumps([cell["key"] for cell in report["cells"]]))

    def test_a_mode_without_a_better_neighbour_is_excluded(self):
        self.script(rules=self.slow(10, 11, 12, 13, 14, 15, 16), noise={"seed": 3, "trial": 0.01})
        report = self.mia_json("run", "long-context", "--axis", LAYERS)
        endings = {finding["evidence"]["ending"] for finding in self.findings(report, "partial_offload_anomaly")}
        self.assertEqual(endings, {"exclude"})

    def test_a_context_that_is_too_large_is_found(self):
        self.script(rules=[{"when": {"n_gpu_layers": n, "n_ctx": 8192}, "token_ms": 30} for n in range(8, 17)],
                    noise={"seed": 3, "trial": 0.01})
        report = self.mia_json("run", "long-context", "--axis", LAYERS, "--set", "n_ctx=8192")
        endings = {finding["evidence"]["ending"] for finding in self.findings(report, "partial_offload_anomaly")}
        self.assertEqual(endings, {"use n_ctx=auto instead"})

    def test_without_an_anomaly_nothing_is_repeated(self):
        self.script(noise={"seed": 3, "trial": 0.01})
        report = self.mia_json("run", "long-context", "--axis", LAYERS)
        self.assertEqual(self.findings(report, "partial_offload_anomaly"), [])
        self.assertEqual(len(report["trials"]), 4 * 2 * 3)


class LongContext(Procedure):
    def test_degradation_and_curve(self):
        self.script(tokenize_ms=0, prefill_ms=100, token_ms=[10] * 256 + [20] * 256)
        report = self.mia_json("run", "long-context")
        row = report["rows"][0]
        short, long = 64 / (0.1 + 63 * 0.01), 512 / (0.1 + 256 * 0.01 + 255 * 0.02)
        self.assertAlmostEqual(row["short_tps"], short, places=6)
        self.assertAlmostEqual(row["long_tps"], long, places=6)
        self.assertAlmostEqual(row["degradation"], long / short, places=6)
        self.assertAlmostEqual(row["delta_percent"], 100 * (long / short - 1), places=6)
        self.assertEqual(row["decode_curve_tok_s"][0], 100)
        self.assertEqual(row["decode_curve_tok_s"][-1], 50)
        prompt = report["trials"][0]["runs"][0]["prompt_tokens"]
        self.assertEqual(row["decode_curve_depth"][-1], prompt + 512)
        page = (self.dir / "reports/perf_long_context.md").read_text()
        self.assertRegex(page, r"100\.0 [▁-█]+ 50\.0")
        self.assert_valid("perf_long_context")


class Latency(Procedure):
    def test_two_files_and_the_table_of_both(self):
        self.script(tokenize_ms=0, prefill_ms=100, token_ms=[10] * 9 + [30])
        report = self.mia_json("run", "latency")
        short = self.report("perf_latency_short")
        long = self.report("perf_latency_long")
        self.assertEqual((short["tokens_out"], long["tokens_out"]), (64, 512))
        for one in (short, long):
            self.assertEqual(one["p50_decode_ms"], 10)
            self.assertEqual(one["p95_decode_ms"], 30)
            self.assertEqual(one["sample_count"], one["tokens_out"] - 1)
            counts = [bucket["count"] for bucket in one["cells"][0]["histogram"]]
            self.assertEqual(sum(counts), 3 * one["sample_count"])
        row = report["rows"][0]
        self.assertEqual(row["p95_long_over_short"], 1)
        self.assertAlmostEqual(row["tps_long_over_short"], long["tokens_per_s"] / short["tokens_per_s"], places=9)
        for stem in ("perf_latency", "perf_latency_short", "perf_latency_long"):
            self.assert_valid(stem)

    def test_switches_of_the_environment(self):
        self.script()
        out, _ = self.mia("run", "--repeats", "1")
        self.assertNotIn("inter-token latency", out)
        for switch in ("MIA_PERF_LATENCY_DIST", "MIA_PERF_STREAM_LATENCY"):
            self.env[switch] = "1"
            out, _ = self.mia("run", "--repeats", "1")
            self.assertIn("inter-token latency", out, switch)
            self.assertIn("p95", out, switch)
            del self.env[switch]


def logits(perplexity, divergence=None):
    result = {"perplexity": perplexity, "perplexity_error": 0.1, "scored_tokens": 1020}
    if divergence is not None:
        result.update(mean_kl_divergence=divergence, same_top_fraction=0.9)
    return {"logits": result}


class Models(Procedure):
    def compare(self, b, *args):
        configs = self.dir / "configs"
        configs.mkdir(exist_ok=True)
        (configs / "base.yaml").write_text("# ours\nllm:\n  primary:\n    id: a.gguf  # chosen in spring\n")
        self.script(probes=logits(20.0), rules=[{"when": {"model": "b.gguf"}, **b}], noise={"seed": 5, "trial": 0.01})
        report = self.mia_json("run", "quant-compare", "-m", "a.gguf", "-m", "b.gguf", "--decide", *args)
        return report, (configs / "base.yaml").read_text()

    def test_models_at_several_settings_are_held_against_each_other_at_the_same_ones(self):
        report, _ = self.compare({"token_ms": 5, "probes": logits(20.1, 0.01)}, "--axis", "n_threads=1,2")
        self.assertRegex(report["sentence"], r"b.gguf runs at 1.\d\d to \d.\d\d times the speed of a.gguf, by the settings "
                                             r"\(2 compared\)")

    def test_a_clear_verdict_is_written_with_its_reason(self):
        report, text = self.compare({"token_ms": 5, "probes": logits(20.1, 0.01)})
        self.assertEqual(report["recommendation"], [{"field": "llm.primary.id", "value": "b.gguf"}])
        self.assertIn("id: b.gguf", text)
        self.assertIn("# ours", text)
        self.assertIn("times the speed", text)
        row = report["rows"][1]
        self.assertGreater(row["short_ratio"], 1.5)
        self.assertGreater(row["short_ratio_low"], 1.5)
        self.assertEqual(row["mean_kl_divergence"], 0.01)
        self.assertEqual(row["perplexity"], 20.1)
        self.assertEqual([q["base"] for q in report["quality"]], ["", "a.gguf"])
        self.assert_valid("compare_models")

    def test_a_name_with_blanks_is_one_value(self):
        for name in ("b.gguf", "our best b.gguf"):
            configs = self.dir / "configs"
            configs.mkdir(exist_ok=True)
            (configs / "base.yaml").write_text("llm:\n  primary:\n    id: a.gguf\n")
            self.script(probes=logits(20.0), rules=[{"when": {"model": name}, "token_ms": 5, "probes": logits(20.1, 0.01)}],
                        noise={"seed": 5, "trial": 0.01})
            self.mia("run", "quant-compare", "-m", "a.gguf", "-m", name, "--decide", "--apply")
            for file in ("base.yaml", "overrides.local.yaml"):
                self.assertRegex((configs / file).read_text(), f"id: [\"']?{name}", file)

    def test_worse_quality_is_not_decided_for(self):
        report, text = self.compare({"token_ms": 5, "probes": logits(21.0, 0.2)})
        self.assertEqual(report["recommendation"], [])
        self.assertIn("perplexity_rise", report["sentence"])
        self.assertIn("id: a.gguf  # chosen in spring", text)

    def test_unknown_quality_is_not_decided_for(self):
        report, text = self.compare({"token_ms": 5, "probes": {}})
        self.assertEqual(report["recommendation"], [])
        self.assertIsNone(report["rows"][1]["perplexity"])
        self.assertTrue(report["quality"][1]["null_reason"])
        self.assertIn("id: a.gguf", text)

    def test_noise_is_not_decided_for(self):
        report, text = self.compare({"token_ms": 10, "probes": logits(20.0, 0.0)})
        self.assertEqual(report["recommendation"], [])
        self.assertIn("id: a.gguf", text)

    def test_one_model_is_an_error(self):
        self.script()
        _, err = self.mia("run", "quant-compare", "-m", "a.gguf", code=2)
        self.assertIn("-m A -m B", err)

    def test_paths_are_no_parts(self):
        self.script(probes=logits(20.0))
        report = self.mia_json("run", "quant-compare", "-m", "here/a.gguf", "-m", "there/b.gguf", "--repeats", "1")
        self.assertEqual({row["part"] for row in report["rows"]}, {"quant-compare"})


class Probe(Procedure):
    def test_parts_sentences_and_what_was_left_out(self):
        self.script(n_threads_auto=16, scale={"n_threads": {"8": 0.5}}, noise={"seed": 2, "trial": 0.01})
        report = self.mia_json("run", "probe")
        parts = {part["name"]: part for part in report["parts"]}
        for name in ("baseline", "cpu-tuning", "long-context", "latency"):
            self.assertTrue(parts[name]["sentence"], name)
            self.assertEqual(parts[name]["left_out"], "")
        for name in ("gpu-smoke", "quant-compare"):
            self.assertTrue(parts[name]["left_out"], name)
        self.assertIn({"field": "llm.primary.n_threads", "value": 8}, parts["cpu-tuning"]["recommendation"])
        self.assertIn({"field": "llm.primary.n_threads", "value": 8}, report["recommendation"])
        names = {check["name"]: check for check in report["checks"]}
        self.assertEqual(names["p95_ratio_max"]["verdict"], "pass")
        self.assertTrue(names["p95_ratio_max"]["text"].startswith("latency"))
        self.assertIsNone(report["regression_flag"])
        page = (self.dir / "reports/perf_probe.md").read_text()
        self.assertIn("Left out: gpu-smoke", page)
        self.assert_valid("perf_probe")

    def test_several_models_bring_the_comparison(self):
        self.script(probes=logits(20.0))
        report = self.mia_json("run", "probe", "-m", "a.gguf", "-m", "b.gguf", "--repeats", "1", "--only", "baseline",
                               "--only", "quant-compare")
        self.assertEqual({cell["model"] for cell in report["cells"] if cell["part"] == "baseline"}, {"a.gguf"})
        self.assertEqual({cell["model"] for cell in report["cells"] if cell["part"] == "quant-compare"},
                         {"a.gguf", "b.gguf"})


class Confirmation(Procedure):
    def test_a_lucky_cell_is_refuted(self):
        # Fast in the plan's own six trials (2 to 7; the first worker only tells settings), not after them.
        self.script(rules=[{"when": {"n_threads": 8}, "when_trial": list(range(1, 8)), "token_ms": 5}],
                    noise={"seed": 5, "trial": 0.01})
        report = self.mia_json("run", "cpu-tuning", "--axis", "n_threads=4,8", "--axis", "n_batch=256")
        self.assertEqual(report["recommendation"], [])
        self.assertIn("do not bear it out", report["sentence"])
        self.assertEqual(len(report["trials"]), 6 + 12)

    def test_after_a_lucky_cell_the_next_best_is_tried(self):
        self.script(rules=[{"when": {"n_threads": 8}, "when_trial": list(range(1, 11)), "token_ms": 4},
                           {"when": {"n_threads": 16}, "token_ms": 7}], noise={"seed": 5, "trial": 0.01})
        report = self.mia_json("run", "cpu-tuning", "--axis", "n_threads=4,8,16", "--axis", "n_batch=256")
        self.assertEqual(report["recommendation"], [{"field": "llm.primary.n_threads", "value": 16},
                                                    {"field": "llm.primary.n_batch", "value": 256}])
        self.assertEqual(len(report["trials"]), 9 + 12 + 12)

    def test_the_budget_drops_rounds_and_says_so(self):
        self.script()
        report = self.mia_json("run", "--axis", "n_threads=1,2,3", "--repeats", "5", "--budget", "1ms")
        self.assertEqual([t["repeat"] for t in report["trials"]], [0, 0, 0])
        self.assertIn("1 of 5 repeats", self.findings(report, "budget")[0]["text"])

    def test_the_budget_ends_what_would_pass_it(self):
        self.script(rules=[{"when": {"n_threads": 2}, "faults": [{"phase": "generate", "kind": "hang", "nth": 0}]}])
        self.mia("run", "--axis", "n_threads=1,2", "--repeats", "5", "--budget", "1s", code=3)
        report = self.report()
        self.assertIn("cells have no trial", self.findings(report, "budget")[0]["text"])
        self.assertEqual({t["outcome"]["kind"]: t["outcome"]["reason"] for t in report["trials"]},
                         {"ok": "", "cancelled": "the budget was used up"})
        self.assert_no_orphans()

    def test_a_time_out_says_where_its_limit_came_from(self):
        self.script(faults=[{"phase": "generate", "kind": "hang", "nth": 0}])
        self.mia("run", "--repeats", "1", "--set", "run.timeout_s=0.3", "--set", "run.warmup_max=0", code=4)
        self.assertIn("run.timeout_s", self.report()["trials"][0]["outcome"]["reason"])

    def test_scripted_times_have_no_share_of_the_wall(self):
        self.script()
        self.assertIsNone(self.mia_json("run", "--repeats", "1")["measured_share"])


if __name__ == "__main__":
    unittest.main()
