# SPDX-License-Identifier: MIT
"""Synthetic models, what a token must read, and the limits of the machine; no runtime is needed."""
import hashlib
import os
import pathlib
import shutil
import signal
import unittest

from support import Case, wait_for

SHAPE = {"architecture": "llama", "layers": 2, "embedding": 256, "heads": 4, "feed_forward": 256, "vocabulary": 400}


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


class Synth(Case):
    def synth(self, *args, code=0):
        return self.mia("synth", *args, code=code)

    def write_shape(self, name="mine.yaml", **changes):
        shape = {key: value for key, value in {**SHAPE, **changes}.items() if value is not None}
        path = self.dir / name
        path.write_text("".join(f"{key}: {value}\n" for key, value in shape.items()))
        return str(path)

    def models(self):
        folder = self.dir / "data/mia-perf/models"
        return sorted(p.name for p in folder.iterdir()) if folder.exists() else []

    def test_list_names_every_preset_its_source_and_sizes(self):
        presets = {p["name"]: p for p in self.mia_json("synth", "--list")}
        self.assertLessEqual({"gpt-oss-20b", "gpt-oss-120b", "llama-3.2-1b", "llama-3.1-8b", "qwen3-0.6b",
                              "qwen3-30b-a3b", "gemma-3-1b", "tiny"}, set(presets))
        for preset in presets.values():
            self.assertTrue(preset["source"])
            self.assertGreater(preset["file_bytes"]["F32"], preset["file_bytes"]["Q4_K_M"])
        for quant, gib in (("MXFP4", 11.27), ("Q4_K_M", 14.71)):
            self.assertAlmostEqual(presets["gpt-oss-20b"]["file_bytes"][quant] / 2**30, gib, delta=gib * 0.02)
        self.assertIn("gpt-oss-20b", self.synth("--list")[0])

    def test_the_same_seed_gives_the_same_bytes(self):
        for name, seed in (("a", "7"), ("b", "7"), ("c", "8")):
            self.synth("tiny", "--quant", "Q4_K_M", "--seed", seed, "-o", name + ".gguf")
        self.assertEqual(digest(self.dir / "a.gguf"), digest(self.dir / "b.gguf"))
        self.assertNotEqual(digest(self.dir / "a.gguf"), digest(self.dir / "c.gguf"))

    def test_the_default_file_is_found_by_its_name(self):
        result = self.mia_json("synth", "tiny", "--quant", "mxfp4")
        self.assertEqual(self.models(), ["tiny-mxfp4.gguf"])
        shown = self.mia_json("model", "show", "tiny-mxfp4")
        self.assertEqual(shown["file_bytes"], result["file_bytes"])
        self.assertTrue(shown["synthetic"])
        self.assertEqual(shown["quantization"], "MXFP4")
        self.synth("tiny", "--quant", "MXFP4", "--layers", "1")
        self.assertIn("tiny-mxfp4-1layers.gguf", self.models())

    def test_a_file_that_is_there_stays_unless_forced(self):
        path = self.dir / "mine.gguf"
        path.write_text("precious")
        _, err = self.synth("tiny", "--quant", "F16", "-o", "mine.gguf", code=2)
        self.assertIn("--force", err)
        self.assertEqual(path.read_text(), "precious")
        self.synth("tiny", "--quant", "F16", "-o", "mine.gguf", "--force")
        self.assertGreater(path.stat().st_size, 1000)

    def test_like_copies_types_and_takes_a_name(self):
        self.synth("tiny", "--quant", "Q4_K_M")
        self.synth("--like", "tiny-q4_k_m", "--seed", "3", "-o", "copy.gguf")
        source, copy = (self.mia_json("model", "show", name) for name in ("tiny-q4_k_m", "./copy.gguf"))
        self.assertEqual(source["types"], copy["types"])
        self.assertEqual(source["groups"], copy["groups"])
        self.assertEqual(source["tokenizer_hash"], copy["tokenizer_hash"])

    def test_what_is_asked_for_must_be_clear(self):
        for args, words in (
                ([], "--list"),
                (["tiny"], "--quant"),
                (["tiny", "--quant", "Q9"], "Q4_K_M"),
                (["tini", "--quant", "F16"], "tiny"),
                (["tiny", "--like", "tiny", "--quant", "F16"], "one of the three"),
                (["tiny", "--quant", "F16", "--layers", "1000"], "layers is 1000"),
                (["--like", "nothing-here"], "nothing-here"),
                (["--shape", "nothing.yaml", "--quant", "F16"], "nothing.yaml")):
            _, err = self.synth(*args, code=2)
            self.assertIn(words, err, args)
            self.assertEqual(len(err.strip().splitlines()), 1, err)
        self.assertEqual(self.models(), [])

    def test_shapes_from_a_file_are_not_trusted(self):
        for changes, words in (
                ({"layers": 10**30}, "layers"),
                ({"layers": -1}, "layers is -1"),
                ({"layers": 1000}, "layers is 1000, but must be from 1 to 512"),
                ({"embedding": 2**62}, "embedding"),
                ({"embedding": "256.5"}, "embedding"),
                ({"vocabulary": 0}, "vocabulary is 0"),
                ({"heads": 0}, "heads is 0"),
                ({"heads": 3, "kv_heads": 2, "head_dim": 64}, "kv_heads"),
                ({"rope_base": ".nan"}, "rope_base"),
                ({"rms_epsilon": ".inf"}, "rms_epsilon"),
                ({"architecture": "\"\\x1b[31m\""}, "architecture"),
                ({"layers": None}, "'layers' is missing"),
                ({"layer": 2}, "did you mean 'layers'"),
                ({"layers": "[1, 2]"}, "single value"),
                ({"layers": "*nothing"}, "mine.yaml")):
            _, err = self.synth("--shape", self.write_shape(**changes), "--quant", "F16", code=2)
            self.assertIn(words, err, changes)
            self.assertRegex(err, r"mine\.yaml:\d+: ")
            self.assertEqual(len(err.strip().splitlines()), 1, err)
            self.assertNotIn("\x1b", err)
        self.assertEqual(self.models(), [])

    def test_more_than_the_disk_is_refused_before_anything_is_written(self):
        shape = self.write_shape(layers=512, embedding=131072, feed_forward=1048576, heads=1024)
        _, err = self.synth("--shape", shape, "--quant", "F32", "-o", "out/big.gguf", code=2)
        self.assertRegex(err, r"has .* free, the file needs .* TiB")
        self.assertEqual(list((self.dir / "out").iterdir()), [])

    def test_an_own_shape_becomes_a_model(self):
        self.synth("--shape", self.write_shape(), "--quant", "Q8_0", "-o", "own.gguf")
        shown = self.mia_json("model", "show", "./own.gguf")
        self.assertEqual((shown["layers"], shown["embedding"], shown["vocabulary"]), (2, 256, 400))

    def test_an_interrupt_leaves_nothing(self):
        if shutil.disk_usage(self.dir).free < 7 << 30:
            self.skipTest("needs 7 GiB of free space")
        process = self.start("synth", "llama-3.2-1b", "--quant", "F32", "-o", "out/large.gguf")
        self.addCleanup(process.kill)
        self.assertTrue(wait_for(lambda: (self.dir / "out").exists() and any((self.dir / "out").iterdir())))
        process.send_signal(signal.SIGINT)
        _, err = self.end_of(process)
        self.assertEqual(process.returncode, 130, err)
        self.assertEqual(list((self.dir / "out").iterdir()), [])

    def test_get_writes_a_model_of_the_catalogue(self):
        configs = self.dir / "configs"
        configs.mkdir()
        (configs / "base.yaml").write_text(
            "models:\n  - id: small\n    source: synth:tiny:Q4_0\n    file: small.gguf\n")
        out, _ = self.mia("model", "get", "small")
        self.assertTrue(pathlib.Path(out.strip()).is_file())
        self.assertEqual(self.mia_json("model", "show", "small")["quantization"], "Q4_0")


class Show(Case):
    def test_depth_adds_the_cache(self):
        self.mia("synth", "tiny", "--quant", "F16", "-o", "t.gguf")
        shallow = self.mia_json("model", "show", "./t.gguf")
        deep = self.mia_json("model", "show", "./t.gguf", "--depth", "100")
        # 2 layers, 1 KV head for 2 query heads of 64: keys and values of 2 bytes, each multiplied by both.
        self.assertEqual(shallow["at_depth"]["bytes_per_token"], shallow["bytes_per_token"])
        self.assertEqual(deep["at_depth"]["kv_bytes"], 100 * 2 * 2 * 64 * 2)
        self.assertEqual(deep["at_depth"]["kv_multiply_adds"], 100 * 2 * 2 * 2 * 64)
        self.assertEqual(deep["at_depth"]["bytes_per_token"], deep["bytes_per_token"] + deep["at_depth"]["kv_bytes"])
        self.assertEqual(sum(group["bytes_per_token"] for group in deep["groups"]), deep["bytes_per_token"])
        text, _ = self.mia("model", "show", "./t.gguf", "--depth", "100")
        self.assertIn("KV cache (f16) at depth 100", text)

    def test_experts_are_read_by_their_share(self):
        (self.dir / "moe.yaml").write_text(
            "{architecture: gpt-oss, layers: 1, embedding: 96, heads: 4, kv_heads: 2, head_dim: 32, vocabulary: 400,\n"
            " experts: 8, experts_used: 2, expert_feed_forward: 64, sliding_window: 128}\n")
        self.mia("synth", "--shape", "moe.yaml", "--quant", "MXFP4", "-o", "moe.gguf")
        shown = self.mia_json("model", "show", "./moe.gguf")
        groups = {group["name"]: group for group in shown["groups"]}
        self.assertEqual(groups["experts"]["bytes_per_token"] * 8, groups["experts"]["bytes"] * 2)
        # One row of 96 Q8_0 weights: 3 blocks of 34 bytes.
        self.assertEqual(groups["embedding"]["bytes_per_token"], 3 * 34)
        self.assertIn("experts (2 of 8)", self.mia("model", "show", "./moe.gguf")[0])

    def test_expert_histogram_of_a_scripted_worker(self):
        self.mia("synth", "tiny", "--quant", "F16", "-o", "t.gguf")
        self.script(probes={"experts": {"experts": 4, "tokens": 100, "layers": [
            {"layer": 0, "counts": [50, 50, 50, 50]}, {"layer": 1, "counts": [200, 0, 0, 0]}]}})
        histogram = self.mia_json("model", "show", "./t.gguf", "--expert-histogram")["expert_histogram"]
        self.assertAlmostEqual(histogram["layers"][0]["effective_experts"], 4)
        self.assertAlmostEqual(histogram["layers"][1]["effective_experts"], 1)
        self.assertEqual(histogram["least_of_even"], 0)
        self.assertEqual(histogram["most_of_even"], 4)
        text, _ = self.mia("model", "show", "./t.gguf", "--expert-histogram")
        self.assertRegex(text, r"never +3 ")
        self.assertRegex(text, r"0.75 to 1 +4 ")
        self.assertRegex(text, r"2 to 4 +1 ")

    def test_expert_histogram_believes_no_nonsense(self):
        self.mia("synth", "tiny", "--quant", "F16", "-o", "t.gguf")
        for result in ({}, {"experts": 4, "layers": []}, {"experts": 4, "layers": [{"layer": 0, "counts": [1]}]},
                       {"experts": 1, "layers": [{"layer": 0, "counts": [-1]}]},
                       {"experts": 1, "layers": [{"layer": 0, "counts": [0]}]}):
            self.script(probes={"experts": result})
            _, err = self.mia("model", "show", "./t.gguf", "--expert-histogram", code=2)
            self.assertIn("experts", err)


class Roofline(Case):
    def test_limits_follow_from_bandwidth_and_bytes(self):
        self.mia("synth", "tiny", "--quant", "F16", "-o", "t.gguf")
        limits = self.mia_json("roofline", "-m", "./t.gguf", "--seconds", "0.05", "--depth", "64")
        threads = limits["by_threads"]
        self.assertEqual(threads[0]["threads"], 1)
        self.assertEqual(limits["per_thread_gb_s"], threads[0]["gb_s"])
        self.assertEqual(limits["saturated_gb_s"], max(row["gb_s"] for row in threads))
        model = limits["model"]
        deep = self.mia_json("model", "show", "./t.gguf", "--depth", "64")["at_depth"]["bytes_per_token"]
        self.assertEqual(model["bytes_per_token"], deep)
        self.assertAlmostEqual(model["roofline_tok_s"], limits["saturated_gb_s"] * 1e9 / deep, places=3)
        size = (self.dir / "t.gguf").stat().st_size
        self.assertAlmostEqual(model["load_limit_warm_ms"], 1000 * size / model["cached_read_b_s"], places=6)

    def test_without_a_model_the_machine_alone(self):
        limits = self.mia_json("roofline", "--seconds", "0.05")
        self.assertIsNone(limits["model"])
        self.assertGreater(limits["saturated_gb_s"], 0)
        self.assertIn("no model", self.mia("roofline", "--seconds", "0.05")[0])
        self.assertIn("nothing-here", self.mia("roofline", "-m", "nothing-here", code=2)[1])

    def test_two_do_not_measure_at_once(self):
        first = self.start("roofline", "--seconds", "20")
        self.addCleanup(first.kill)
        lock = self.dir / "data/mia-perf/measuring.lock"
        self.assertTrue(wait_for(lambda: lock.exists() and str(first.pid) in lock.read_text()))
        refused = self.mia("roofline", "--seconds", "0.05", code=2)[1]
        self.assertIn(f"mia-perf roofline (process {first.pid} since ", refused)
        self.assertIn(str(first.pid), self.mia("roofline", "--seconds", "0.05", "--wait=0.2s", code=2)[1])
        said = self.dir / "said"
        with said.open("w") as stream:
            waiting = self.start("roofline", "--seconds", "0.05", "--wait", "--json", stderr=stream)
        self.assertTrue(wait_for(lambda: f"waiting for mia-perf roofline (process {first.pid}" in said.read_text()))
        os.kill(first.pid, signal.SIGKILL)
        first.communicate()
        self.assertEqual((self.end_of(waiting)[0] != "", waiting.returncode), (True, 0))
        self.mia("roofline", "--seconds", "0.05")


if __name__ == "__main__":
    unittest.main()
