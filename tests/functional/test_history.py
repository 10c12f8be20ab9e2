# SPDX-License-Identifier: MIT
"""history trend: sessions as points, level changes named, filters."""
import json
import unittest

from support import Case


class Trend(Case):
    def measure(self, token_ms, *args):
        self.script(token_ms=token_ms, prefill_ms=50, tokenize_ms=0)
        self.mia("run", "--repeats", "2", *args)

    def test_a_step_is_found_where_it_is(self):
        speeds = [10, 10.05, 9.95, 10, 10.02, 9.98, 12, 12.05, 11.95, 12, 12.02, 11.98]
        for token_ms in speeds:
            self.measure(token_ms)
        trend = self.mia_json("history", "trend", "decode_tok_s")
        self.assertEqual(trend["unit"], "tok/s")
        series = trend["series"][0]
        self.assertEqual(len(series["points"]), len(speeds))
        self.assertEqual([point["trials"] for point in series["points"]], [2] * len(speeds))
        self.assertAlmostEqual(series["points"][0]["value"], 100, places=6)
        changes = series["change_points"]
        self.assertEqual([change["index"] for change in changes], [6])
        self.assertEqual(changes[0]["session"], series["points"][6]["session"])
        self.assertAlmostEqual(changes[0]["change_percent"], 100 * (10 / 12 - 1), delta=0.5)
        self.assertEqual(changes[0]["direction"], "worse")
        text, _ = self.mia("history", "trend", "decode_tok_s")
        self.assertIn("▁", text)
        self.assertIn("█", text)
        self.assertIn("worse", text)
        self.assertEqual(self.mia_json("history", "trend", "p50_decode_ms")["series"][0]["change_points"][0]["direction"], "worse")

    def test_a_shift_too_young_to_be_a_change_is_an_alarm(self):
        for token_ms in (10, 10.05, 9.95, 10, 10.02, 9.98, 10.01, 9.97, 10.03):
            self.measure(token_ms)
        self.assertIsNone(self.mia_json("history", "trend", "decode_tok_s")["series"][0]["alarm"])
        self.assertNotIn("may have shifted", self.mia("history", "trend", "decode_tok_s")[0])
        self.measure(12)
        series = self.mia_json("history", "trend", "decode_tok_s")["series"][0]
        self.assertEqual(series["change_points"], [])
        self.assertEqual(series["alarm"]["index"], 9)
        self.assertIn("may have shifted", self.mia("history", "trend", "decode_tok_s")[0])

    def test_configurations_and_models_are_apart_and_filtered(self):
        self.measure(10)
        self.measure(10, "--set", "n_threads=2")
        self.measure(10, "-m", "other")
        self.assertEqual(len(self.mia_json("history", "trend", "load_ms")["series"]), 3)
        only = self.mia_json("history", "trend", "load_ms", "--model", "other")["series"]
        self.assertEqual([series["model"] for series in only], ["other"])
        label = [series["label"] for series in self.mia_json("history", "trend", "load_ms")["series"]]
        self.assertIn("n_threads=2", label)
        self.assertEqual(self.mia_json("history", "trend", "load_ms", "--machine", "none")["series"], [])
        self.assertEqual(self.mia_json("history", "trend", "load_ms", "--since", "2999-01-01")["series"], [])
        self.assertEqual(len(self.mia_json("history", "trend", "load_ms", "--since", "2000-01-01")["series"]), 3)

    def imported(self, name, speeds, **more):
        path = self.dir / name
        path.write_text("".join(
            json.dumps({"build_commit": "abc", "cpu_info": "A processor", "model_filename": "m.gguf", "n_prompt": 0, "n_gen": 128,
                        "avg_ts": speed, "samples_ts": [speed], "test_time": f"2026-01-{day:02}T10:00:00Z", **more}) + "\n"
            for day, speed in enumerate(speeds, 1)))
        return self.mia_json("import", str(path))["file"]["id"]

    def test_imported_results_are_history_beside_ours(self):
        self.measure(10)
        speeds = [100, 101, 99, 100, 100.5, 99.5, 80, 80.5, 79.5, 80, 80.2, 79.8]
        file = self.imported("a.jsonl", speeds)
        self.imported("longer.jsonl", [*speeds, 80.1])  # what both hold counts once
        series = self.mia_json("history", "trend", "decode_tok_s")["series"]
        self.assertEqual([one["tool"] for one in series], [None, "llama-bench"])
        self.assertEqual(len(series[1]["points"]), 13)
        self.assertEqual(series[1]["change_points"][0]["session"], file + ":7")
        self.assertEqual(series[1]["change_points"][0]["direction"], "worse")
        text, _ = self.mia("history", "trend", "decode_tok_s")
        self.assertIn("imported from llama-bench", text)
        listed = {row["session"]: row for row in self.mia_json("history")}
        self.assertEqual(listed[file]["state"], "imported")
        self.assertEqual(listed[file]["started"], "2026-01-01T10:00:00Z")
        for verb in (["report"], ["history", "show"]):
            self.assertIn("a file of llama-bench that was imported", self.mia(*verb, file, code=2)[1])

    def test_what_is_forgotten_counts_nowhere_and_is_seen(self):
        for token_ms in (10, 20, 10):
            self.measure(token_ms)
        points = self.mia_json("history", "trend", "decode_tok_s")["series"][0]["points"]
        bad = points[1]["session"]
        self.mia("history", "forget", bad, code=2)
        self.mia("history", "forget", "no-such", "--reason", "x", code=2)
        self.mia("history", "forget", bad, "--reason", "a backup ran")
        trend = self.mia_json("history", "trend", "decode_tok_s")
        self.assertEqual([point["session"] for point in trend["series"][0]["points"]], [points[0]["session"], points[2]["session"]])
        self.assertEqual(trend["forgotten"][0]["reason"], "a backup ran")
        for command in (["history"], ["history", "trend", "decode_tok_s"], ["history", "forget"]):
            self.assertIn("a backup ran", self.mia(*command)[0])
        listed = {row["session"]: row["forgotten"] for row in self.mia_json("history")}
        self.assertEqual(listed[bad], "a backup ran")
        self.mia("history", "forget", "last", "--reason", "and another")
        self.assertEqual({row["session"] for row in self.mia_json("history", "forget")}, {bad, points[2]["session"]})
        self.mia("history", "forget", "last", "--undo")
        self.mia("history", "forget", bad, "--undo")
        self.assertEqual(len(self.mia_json("history", "trend", "decode_tok_s")["series"][0]["points"]), 3)
        self.assertEqual(self.mia_json("history", "forget"), [])

    def test_imported_calls_are_forgotten_by_file_or_row(self):
        file = self.imported("a.jsonl", [100, 50, 100])
        self.mia("history", "forget", file[:6] + ":2", "--reason", "throttled")
        series = self.mia_json("history", "trend", "decode_tok_s")["series"]
        self.assertEqual([point["value"] for point in series[0]["points"]], [100, 100])
        self.mia("history", "forget", file, "--reason", "another machine")
        self.assertEqual(self.mia_json("history", "trend", "decode_tok_s")["series"], [])
        self.assertIn("another machine", self.mia("history", "trend", "decode_tok_s")[0])

    def test_wrong_names(self):
        self.measure(10)
        self.assertIn("load_ms", self.mia("history", "trend", "load_mss", code=2)[1])
        self.assertIn("--since", self.mia("history", "trend", "load_ms", "--since", "yesterday", code=2)[1])


if __name__ == "__main__":
    unittest.main()
