# SPDX-License-Identifier: MIT
"""history trend: sessions as points, level changes named, filters."""
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

    def test_wrong_names(self):
        self.measure(10)
        self.assertIn("load_ms", self.mia("history", "trend", "load_mss", code=2)[1])
        self.assertIn("--since", self.mia("history", "trend", "load_ms", "--since", "yesterday", code=2)[1])


if __name__ == "__main__":
    unittest.main()
