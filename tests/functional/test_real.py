# SPDX-License-Identifier: MIT
"""A real model through a real libllama: the runtime and the model that `./dev test` installs."""
import json
import re
import subprocess
import unittest

from support import ROOT, RealCase, busy


class Real(RealCase):
    def setUp(self):
        super().setUp()
        self.short = ["--repeats", "2", "--set", "n_threads=2", "--set", "run.warmup_max=2", "--store",
                      str(self.dir / "store.sqlite")]

    def test_baseline_on_the_real_model(self):
        report = self.mia_json("run", "baseline", *self.short, timeout=300)
        self.assertEqual(report["cells"][0]["outcomes"].get("ok", 0) >= 2, True)
        self.assertGreater(report["tokens_out"], 0)
        self.assertGreater(report["words_out"], 0)
        for trial in report["trials"]:
            self.assertEqual(trial["effective"]["llm.primary"]["n_threads"], 2)
            self.assertIn(trial["cache_state"], ("cold", "unknown"))
            self.assertIsNotNone(trial["cache_resident_fraction"])
            for run in trial["runs"]:
                self.assertEqual(run["token_ns"], sorted(run["token_ns"]))
                self.assertEqual(len(run["token_ns"]), run["tokens_out"])
        check = subprocess.run(
            ["/usr/bin/python3", str(ROOT / "tests/schema/validate.py"), "--schema", str(ROOT / "schemas/report-v2.schema.json"),
             str(self.dir / "reports/perf_cpu_baseline.json")],
            capture_output=True, text=True, check=False)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)

    def test_a_scenario_about_a_gpu_says_what_is_missing(self):
        if any(device["type"] in ("gpu", "igpu") for device in self.runtime["devices"]):
            self.skipTest("this runtime has a GPU")
        _, err = self.mia("run", "gpu-smoke", "--dry-run", code=2)
        self.assertIn(f"runtime {self.runtime['name']} saw none", err)
        self.assertIn("mia-perf doctor", err)

    def test_greedy_text_is_the_same_every_time(self):
        report = self.mia_json("run", "baseline", *self.short, timeout=300)
        texts = {run["text"] for trial in report["trials"] for run in trial["runs"] if not run["warm_up"]}
        self.assertEqual(len(texts), 1)

    def test_tokens_mode_gives_the_asked_count(self):
        report = self.mia_json("run", "baseline", *self.short, "--set", "workload.input=tokens",
                               "--set", "workload.max_tokens=24", timeout=300)
        self.assertEqual(report["tokens_out"], 24)

    def test_a_context_that_cannot_be_is_an_outcome(self):
        self.mia("run", "baseline", *self.short, "--set", "n_ctx=16000000", code=4, timeout=300)
        kind = json.loads((self.dir / "reports/perf_cpu_baseline.json").read_text())["trials"][0]["outcome"]["kind"]
        self.assertIn(kind, ("refused", "out_of_memory", "crashed"))

    def compare(self, b):
        """Within two minutes; a machine that is too busy for five epochs by then says nothing of us."""
        process = self.start("compare", "base", b, "--set", "n_threads=2", "--max-epochs", "5", "--budget", "2m", "--json")
        out, err = self.end_of(process)
        found = json.loads(out)
        if process.returncode == 3 and found["epochs"] < 5:
            self.skipTest(f"only {found['epochs']} epochs counted on this busy machine")
        if found["outcome"]["kind"] == "timed_out" and busy():
            self.skipTest(f"a run was timed out; {busy()}")
        self.assertEqual(process.returncode, 1, err)
        return found

    def test_a_slowed_down_side_is_found(self):
        if "inject" not in self.runtime["capabilities"]:
            self.skipTest("the installed worker is older than workload.inject_*: mia-perf runtime add --force")
        found = self.compare("set:inject_slow=0.5,n_gpu_layers=99")
        self.assertEqual(found["verdict"], "slower")
        if not any(device["type"] in ("gpu", "igpu") for device in self.runtime["devices"]):
            self.assertTrue(any("n_gpu_layers=99 has no effect" in note for note in found["notes"]), found["notes"])
        self.assertGreater(found["statistics"][0]["effect"]["percent"], 20)
        check = subprocess.run(
            ["/usr/bin/python3", str(ROOT / "tests/schema/validate.py"), "--schema",
             str(ROOT / "schemas/compare-v1.schema.json"), str(self.dir / "reports/compare.json")],
            capture_output=True, text=True, check=False)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)

    def test_runtime_check(self):
        lines = self.mia_json("runtime", "check")
        self.assertTrue(all(line["ok"] for line in lines), lines)


class Quality(Real):
    def test_perplexity_agrees_with_llama_perplexity_and_a_model_with_itself(self):
        tool, env = self.tool("llama-perplexity")
        path = self.mia_json("model", "show", "smollm2-135m")["path"]
        report = self.mia_json("run", "quant-compare", "-m", "smollm2-135m", "-m", path, "--repeats", "1", "--set",
                               "n_threads=2", "--set", "workload.max_tokens=2", "--set", "run.warmup_max=0", "--set",
                               "run.canary=false", "--set", "run.quality_chunks=2", "--store",
                               str(self.dir / "store.sqlite"), timeout=600)
        first, again = report["quality"]
        self.assertEqual(again["perplexity"], first["perplexity"])
        self.assertAlmostEqual(again["mean_kl_divergence"], 0, places=6)
        self.assertEqual(again["same_top_fraction"], 1)
        said = subprocess.run([tool, "-m", path, "-f", ROOT / "scenarios/quality-text.txt", "-c", "512", "--chunks", "2", "-t", "2"],
                              env=env, capture_output=True, text=True, timeout=600, check=True)
        estimate = re.search(r"Final estimate: PPL = ([0-9.]+)", said.stdout + said.stderr)
        self.assertAlmostEqual(first["perplexity"], float(estimate.group(1)), delta=1e-3 * first["perplexity"])


if __name__ == "__main__":
    unittest.main()
