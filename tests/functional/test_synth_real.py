# SPDX-License-Identifier: MIT
"""Synthetic files before others' eyes: llama.cpp loads and decodes them, the Python package gguf reads them, and
llama-quantize gives every tensor the type that ours has."""
import json
import os
import pathlib
import shutil
import subprocess
import unittest

from support import ROOT, RealCase
from worker_client import WorkerClient

GGUF_PYTHON = pathlib.Path(os.environ.get("MIA_GGUF_PYTHON", ROOT / "build/gguf/bin/python"))
QUANTS = ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_K_M", "Q4_K_M", "Q6_K", "MXFP4"]
FILE_TYPES = {"F32": "ALL_F32", "MXFP4": "MOSTLY_MXFP4_MOE"}
# A sixth layer of gemma-3 is the first that attends to everything; elsewhere two show all kinds of layers.
PRESETS = {"gpt-oss-20b": ("MXFP4", 2), "gpt-oss-120b": ("MXFP4", 1), "llama-3.2-1b": ("Q4_K_M", 2),
           "llama-3.1-8b": ("Q4_K_M", 2), "qwen3-0.6b": ("Q4_K_M", 2), "qwen3-30b-a3b": ("Q4_K_M", 2),
           "gemma-3-1b": ("Q4_K_M", 6)}
# The layers of the public models, where which tensors get more bits depends on their number, at a small width; experts
# count only where there are eight. Rows of 288 are no multiple of 256, as those of gpt-oss with 2880.
SHAPES = {
    "llama": "{architecture: llama, layers: 32, embedding: 256, heads: 4, kv_heads: 2, feed_forward: 256,"
             " vocabulary: 512}",
    "tied": "{architecture: llama, layers: 16, embedding: 256, heads: 4, kv_heads: 2, feed_forward: 256,"
            " vocabulary: 512, tied_output: true}",
    "odd": "{architecture: llama, layers: 16, embedding: 288, heads: 4, kv_heads: 2, head_dim: 64, feed_forward: 544,"
           " vocabulary: 512}",
    "qwen3": "{architecture: qwen3, layers: 28, embedding: 256, heads: 2, kv_heads: 1, head_dim: 128,"
             " feed_forward: 256, vocabulary: 512, tied_output: true}",
    "qwen3moe": "{architecture: qwen3moe, layers: 48, embedding: 256, heads: 4, kv_heads: 2, head_dim: 64,"
                " vocabulary: 512, experts: 3, experts_used: 2, expert_feed_forward: 256}",
    "mixtral": "{architecture: qwen3moe, layers: 6, embedding: 256, heads: 4, kv_heads: 2, head_dim: 64,"
               " vocabulary: 512, experts: 8, experts_used: 2, expert_feed_forward: 256}",
    "gpt-oss": "{architecture: gpt-oss, layers: 24, embedding: 288, heads: 4, kv_heads: 2, head_dim: 64,"
               " vocabulary: 512, experts: 3, experts_used: 2, expert_feed_forward: 288, sliding_window: 128}",
    "gemma3": "{architecture: gemma3, layers: 26, embedding: 288, heads: 2, kv_heads: 1, head_dim: 256,"
              " feed_forward: 512, vocabulary: 512, sliding_window: 512, tied_output: true}",
}
TEXT = " ".join(f"{word} {i} naïve — {chr(0x4e00 + i)}!?" for i in range(60) for word in ("the", "Zebra", "x=y;"))


class Real(RealCase):
    def synth(self, name, *args):
        self.mia("synth", *args, "-o", name, timeout=300)
        return self.dir / name

    def need(self, gib):
        if shutil.disk_usage(self.dir).free < gib << 30:
            self.skipTest(f"needs {gib} GiB of free space")

    def gguf(self, *args):
        if not GGUF_PYTHON.exists():
            self.skipTest(f"no Python with the package gguf at {GGUF_PYTHON}; ./dev test makes one")
        done = subprocess.run([GGUF_PYTHON, ROOT / "tools/check_gguf.py", *args], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout.strip()

    def types(self, *paths):
        return [json.loads(line) for line in self.gguf("--types", *paths).splitlines()]

    def decode(self, model, n_ctx=64):
        """Loads and decodes; every logit of the scored positions is finite, or the perplexity would not be a number."""
        with WorkerClient(self.runtime["worker"]) as worker:
            worker.load(model, n_threads=2)
            result = worker.probe("logits", text=TEXT, n_ctx=n_ctx, chunks=2)
            self.assertIsInstance(result["perplexity"], float)
            self.assertGreater(result["perplexity"], 1)
            return result


class EveryQuantization(Real):
    def setUp(self):
        super().setUp()
        self.paths = {quant: self.synth(f"tiny-{quant}.gguf", "tiny", "--quant", quant) for quant in QUANTS}

    def test_tiny_loads_decodes_and_is_finite(self):
        for quant, path in self.paths.items():
            with self.subTest(quant):
                self.decode(path)
        self.gguf(*self.paths.values())
        for quant, said in zip(QUANTS, self.types(*self.paths.values())):
            self.assertEqual(said["file_type"], FILE_TYPES.get(quant, f"MOSTLY_{quant}"))
            self.assertTrue(said["synthetic"])

    def test_text_goes_in_and_comes_out(self):
        with WorkerClient(self.runtime["worker"]) as worker:
            worker.load(self.paths["Q8_0"])
            ids = worker.probe("tokenize", text=TEXT)["ids"]
            self.assertEqual(worker.probe("detokenize", ids=ids)["text"], TEXT)

    def test_llama_bench_names_the_quantization(self):
        program, env = self.tool("llama-bench")
        names = {"Q4_K_M": "Q4_K - Medium", "Q5_K_M": "Q5_K - Medium", "F32": "all F32", "MXFP4": "MXFP4 MoE"}
        models = [word for path in self.paths.values() for word in ("-m", path)]
        done = subprocess.run([program, *models, "-p", "1", "-n", "0", "-r", "1", "-o", "json"], env=env,
                              capture_output=True, text=True, check=True)
        said = {pathlib.Path(row["model_filename"]).name: row["model_type"] for row in json.loads(done.stdout)}
        for quant, path in self.paths.items():
            self.assertIn(names.get(quant, quant), said[path.name])


class EveryPreset(Real):
    def test_loads_decodes_and_is_finite(self):
        self.need(4)
        for preset, (quant, layers) in PRESETS.items():
            with self.subTest(preset):
                path = self.synth("preset.gguf", preset, "--quant", quant, "--layers", str(layers), "--force")
                self.decode(path)
                self.gguf("--most-bytes", "4000000", path)
                if preset == "gpt-oss-20b":
                    self.experts_are_chosen_evenly(path)

    def experts_are_chosen_evenly(self, path):
        histogram = self.mia_json("model", "show", str(path), "--expert-histogram", timeout=300)["expert_histogram"]
        self.assertEqual(len(histogram["layers"]), 2)
        for layer in histogram["layers"]:
            self.assertEqual(sum(layer["counts"]), histogram["tokens"] * 4)
        self.assertGreater(histogram["least_of_even"], 0)
        self.assertGreater(histogram["effective_experts"], 0.8 * 32)


class AgainstTheQuantizer(Real):
    def test_every_tensor_has_the_type_that_llama_quantize_gives(self):
        program, env = self.tool("llama-quantize")
        for name, text in SHAPES.items():
            (self.dir / "shape.yaml").write_text(text + "\n")
            source = self.synth("f16.gguf", "--shape", "shape.yaml", "--quant", "F16", "--force")
            ours, theirs = [], []
            for quant in QUANTS[2:]:
                ours.append(self.synth(f"ours-{quant}.gguf", "--shape", "shape.yaml", "--quant", quant, "--force"))
                theirs.append(self.dir / f"theirs-{quant}.gguf")
                wanted = "MXFP4_MOE" if quant == "MXFP4" else quant
                done = subprocess.run([program, source, theirs[-1], wanted], env=env, capture_output=True, text=True,
                                      check=False)
                self.assertEqual(done.returncode, 0, done.stderr[-2000:])
            said = self.types(*ours, *theirs)
            for quant, one, other in zip(QUANTS[2:], said[:len(ours)], said[len(ours):]):
                with self.subTest(f"{name} {quant}"):
                    self.assertEqual({t["name"]: (t["shape"], t["type"]) for t in one["tensors"]},
                                     {t["name"]: (t["shape"], t["type"]) for t in other["tensors"]})
                    self.assertEqual(one["file_type"], other["file_type"])


if __name__ == "__main__":
    unittest.main()
