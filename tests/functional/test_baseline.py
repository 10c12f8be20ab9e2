# SPDX-License-Identifier: MIT
import json
import subprocess
import sys
import unittest

from support import ROOT, Case

SEED_FIELDS = [
    "load_ms", "load_ms_source", "gen_latency_s", "tokens_per_s", "tokens_out", "words_out", "llama_cpp_version",
    "cfg_max_output_tokens", "ttft_ms", "prefill_tok_s", "decode_tok_s", "p50_decode_ms", "p95_decode_ms",
    "mean_decode_ms", "sample_count", "peak_rss_bytes",
]


class Baseline(Case):
    def test_virtual_times_come_out_exactly(self):
        self.script(load_ms=250, prefill_ms=100, tokenize_ms=0, token_ms=20, words=["one", "two"])
        report = self.mia_json("run", "baseline", "--repeats", "3")
        self.assertEqual(report["load_ms"], 250)
        self.assertEqual(report["load_ms_source"], "event")
        self.assertEqual(report["tokens_out"], 64)
        self.assertEqual(report["sample_count"], 63)
        self.assertEqual(report["ttft_ms"], 100)
        self.assertAlmostEqual(report["gen_latency_s"], 0.1 + 63 * 0.02, places=9)
        self.assertAlmostEqual(report["tokens_per_s"], 64 / (0.1 + 63 * 0.02), places=6)
        self.assertAlmostEqual(report["decode_tok_s"], 50.0, places=6)
        self.assertEqual(report["p50_decode_ms"], 20)
        self.assertEqual(report["p95_decode_ms"], 20)

    def test_seed_fields_stand_at_the_top(self):
        self.script()
        report = self.mia_json("run")
        for field in SEED_FIELDS:
            self.assertIn(field, report)
        self.assertEqual(report["cfg_max_output_tokens"], 1024)

    def test_load_without_event_is_manual(self):
        self.script(load_ms=None)
        report = self.mia_json("run", "--repeats", "1")
        self.assertEqual(report["load_ms_source"], "manual")
        self.assertGreater(report["load_ms"], 0)

    def test_report_files_agree_with_stdout_and_schema(self):
        self.script()
        shown = self.mia_json("run", "--repeats", "2")
        written = self.report()
        self.assertEqual(written, shown)
        self.assertTrue(written["complete"])
        self.assertEqual(len(written["trials"]), 2)
        self.assertEqual(len(written["trials"][0]["runs"][-1]["token_ns"]), 64)
        self.assertTrue((self.dir / "reports" / "perf_cpu_baseline.md").read_text().startswith("#"))
        check = subprocess.run(
            ["/usr/bin/python3", str(ROOT / "tests/schema/validate.py"), "--schema", str(ROOT / "schemas/report-v2.schema.json"),
             str(self.dir / "reports/perf_cpu_baseline.json")],
            capture_output=True, text=True, check=False)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)

    def test_tokens_mode_has_no_words(self):
        self.script()
        report = self.mia_json("run", "--set", "workload.input=tokens", "--repeats", "1")
        self.assertIsNone(report["words_out"])
        self.assertEqual(report["trials"][0]["runs"][-1]["input"], "tokens")

    def test_closing_sentence_names_too_many_threads(self):
        self.script(n_threads_auto=999)
        out, _ = self.mia("run", "--repeats", "1")
        self.assertIn('"auto" gave 999 threads', " ".join(out.split()))

    def test_percentile_without_enough_samples_is_null_with_the_reason(self):
        self.script()
        report = self.mia_json("run", "--repeats", "1", "--set", "workload.max_tokens=32")
        self.assertIsNone(report["p95_decode_ms"])
        self.assertIn("59", json.dumps(report["cells"][0]["metrics"]["p95_decode_ms"]))


if __name__ == "__main__":
    unittest.main()
