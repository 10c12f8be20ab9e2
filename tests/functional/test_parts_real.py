# SPDX-License-Identifier: MIT
"""A real model in several files."""
import unittest

import gguf_files
from support import RealCase


class RealParts(RealCase):
    def test_a_split_model_is_measured_as_the_whole_file_is(self):
        present = [m for m in self.mia_json("model", "list") if m["id"] == "smollm2-135m" and m["path"]]
        if not present:
            self.skipTest("mia-perf model get smollm2-135m")
        parts = gguf_files.split(present[0]["path"], self.dir, "smollm", first_is_empty=True)
        args = ("--repeats", "2", "--set", "n_threads=2", "--set", "run.warmup_max=1", "--set", "workload.max_tokens=8",
                "--store", str(self.dir / "store.sqlite"))
        model = self.mia_json("model", "show", present[0]["path"])
        report = self.mia_json("run", "baseline", "-m", str(parts[2]), *args, timeout=300)
        measured = report["models"][0]
        for key in ("parameters", "tensor_bytes", "bytes_per_token"):
            self.assertEqual(measured[key], model[key])
        self.assertEqual(measured["file_bytes"], sum(p.stat().st_size for p in parts))
        self.assertGreater(measured["file_bytes"], model["tensor_bytes"])
        for trial in report["trials"]:
            self.assertIn(trial["cache_state"], ("cold", "unknown"))


if __name__ == "__main__":
    unittest.main()
