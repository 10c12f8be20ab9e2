# SPDX-License-Identifier: MIT
"""Where a token's time goes, on scripted times that are known."""
import unittest

from support import Case


class Decompose(Case):
    def test_parts_are_the_differences(self):
        # 20 tokens: 30 ms to the first, then 5, 7, 8 and 10 ms for each further one.
        times = {"queue": 5, "decode": 7, "sample": 8, "stream": 10, "prompt": 10}
        self.script(prefill_ms=20, tokenize_ms=0,
                    rules=[{"when": {"workload.name": name}, "token_ms": ms} for name, ms in times.items()])
        self.mia("run", "decompose", "--set", "max_tokens=20", "--set", "run.warmup_max=0")
        report = self.report("perf_decompose")
        by_name = {cell["requested"]["workload"]["name"]: cell for cell in report["cells"]}
        total = {name: cell["metrics"]["gen_latency_s"]["value"] * 1000 for name, cell in by_name.items()}
        parts = {part["name"]: part for part in report["time_parts"]}
        self.assertEqual(list(parts), ["prompt", "decode", "waits", "sampling", "text", "whole"])
        tokens = by_name["stream"]["metrics"]["tokens_out"]["value"]
        for name, ms in {"prompt": total["prompt"], "decode": total["queue"] - total["prompt"],
                         "waits": total["decode"] - total["queue"], "sampling": total["sample"] - total["decode"],
                         "text": total["stream"] - total["sample"], "whole": total["stream"]}.items():
            self.assertAlmostEqual(parts[name]["ms"], ms / tokens, places=6, msg=name)
            self.assertEqual(parts[name]["n"], 6)
        self.assertAlmostEqual(sum(part["share"] for name, part in parts.items() if name != "whole"), 1)
        self.assertGreater(parts["waits"]["ms"], 1)
        out, _ = self.mia("report", "last", "--format", "md")
        self.assertIn("Where a token's time goes", out)

    def test_each_mode_has_its_own_parts(self):
        self.script(token_ms=5)
        self.mia("run", "decompose", "--axis", "n_threads=1,2", "--set", "run.warmup_max=0", "--repeats", "1")
        modes = [part["mode"] for part in self.report("perf_decompose")["time_parts"]]
        self.assertEqual(modes, ["n_threads=1"] * 6 + ["n_threads=2"] * 6)


if __name__ == "__main__":
    unittest.main()
