# SPDX-License-Identifier: MIT
"""Every parameter of a runtime as an axis, on a small mixture of experts: a value takes effect, which a field proves, or it
is refused with its reason."""
import contextlib
import ctypes
import json
import mmap
import os
import pathlib
import subprocess
import sys
import unittest

from support import RealCase, die_with_the_test
from worker_client import WorkerClient, WorkerFailed

# Experts of MXFP4, sinks, biases; rows that all types of the KV cache divide.
SHAPE = ("{architecture: gpt-oss, layers: 4, embedding: 256, heads: 4, kv_heads: 2, head_dim: 64, vocabulary: 512,"
         " experts: 6, experts_used: 2, expert_feed_forward: 256, sliding_window: 128}\n")
SETTINGS = {"run.repeats": 1, "run.cache": "as-is", "run.warmup_max": 0, "run.canary": "false", "n_threads": 2, "n_ctx": 128,
            "workload.input": "tokens", "workload.prompt_tokens": 32, "workload.max_tokens": 2}


def resident_share(path):
    """The share of the file's pages that the page cache holds."""
    size, page = path.stat().st_size, mmap.PAGESIZE
    libc = ctypes.CDLL(None, use_errno=True)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as mapped:
        start = ctypes.c_char.from_buffer(mapped)
        pages = (ctypes.c_ubyte * -(-size // page))()
        code = libc.mincore(ctypes.c_void_p(ctypes.addressof(start)), ctypes.c_size_t(size), pages)
        del start
    assert code == 0, os.strerror(ctypes.get_errno())
    return sum(flags & 1 for flags in pages) / len(pages)


def evict(path):
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def bytes_of(trial, kind, device=""):
    return sum(b["bytes"] for b in trial["buffers"] if b["kind"] == kind and device in b["device"])


@contextlib.contextmanager
def two_busy_processes():
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"], preexec_fn=die_with_the_test) for _ in range(2)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


class Axes(RealCase):
    def setUp(self):
        super().setUp()
        (self.dir / "shape.yaml").write_text(SHAPE)
        self.model = self.dir / "moe.gguf"
        self.mia("synth", "--shape", "shape.yaml", "--quant", "MXFP4", "-o", "moe.gguf")

    def run_mine(self, code, *options):
        process = self.start("run", "mine.yaml", "-m", str(self.model), "--no-store", "--runtime", self.runtime["name"], *options)
        out, err = self.end_of(process)
        self.assertIn(process.returncode, code if isinstance(code, tuple) else (code,), out + err)

    def sweep(self, axis, values, code=0, options=(), **settings):
        """A scenario file with this axis; the first trial of each value, also of those that became another's settings. `code` may be
        several: a busy machine has less within a budget."""
        lines = [f"  {key}: {value}\n" for key, value in {**SETTINGS, **settings}.items()]
        listed = ", ".join(f"'{value}'" for value in values)
        (self.dir / "mine.yaml").write_text(f"settings:\n{''.join(lines)}axes:\n  {axis}: [{listed}]\n")
        self.run_mine(code, *options)
        report = self.report("perf_mine")
        trials = {}
        for trial in report["trials"]:  # disturbed ones are repeated; the first has the graph
            trials.setdefault(trial["cell"], trial)
        found = {}
        for cell in report["cells"]:
            for point in [cell["point"], *cell["also"]]:
                value = point["settings"][0]["value"]
                found[value if isinstance(value, str) else json.dumps(value)] = trials.get(cell["key"])
        self.assertEqual(set(found), {str(value) for value in values})
        return {str(value): found[str(value)] for value in values}

    def effective(self, trial, name):
        self.assertEqual(trial["outcome"]["kind"], "ok", trial["outcome"])
        return trial["effective"]["llm.primary"].get(name)

    def assert_refused(self, trial, *words):
        self.assertEqual(trial["outcome"]["kind"], "refused", trial["outcome"])
        for word in words:
            self.assertIn(word, trial["outcome"]["reason"])

    def test_n_cpu_moe(self):
        trials = self.sweep("n_cpu_moe", [0, 2, 100])
        self.assertEqual([self.effective(trial, "n_cpu_moe") for trial in trials.values()], [0, 2, 4])
        # Three matrices and three biases of each layer.
        self.assertEqual([trial["facts"].get("overridden_tensors") for trial in trials.values()], [None, "12", "24"])

    def test_override_tensor(self):
        values = ["auto", r"blk\.1\.ffn_.*_exps=CPU", "nothing_here=CPU", "attn_q=CPU9", "[=CPU", "attn_q"]
        trials = self.sweep("override_tensor", values, code=4)
        self.assertNotIn("overridden_tensors", trials["auto"]["facts"])
        self.assertEqual(self.effective(trials[values[1]], "override_tensor"), values[1])
        self.assertEqual(trials[values[1]]["facts"]["overridden_tensors"], "6")
        self.assert_refused(trials["nothing_here=CPU"], "override_tensor", "names no tensor")
        self.assert_refused(trials["attn_q=CPU9"], "override_tensor", "'CPU9'", "CPU")
        self.assert_refused(trials["[=CPU"], "cannot load")
        self.assert_refused(trials["attn_q"], "override_tensor", "pattern=buffer type")

    def test_types_of_the_cache(self):
        for half in ("cache_type_k", "cache_type_v"):
            trials = self.sweep(half, ["f16", "q8_0", "q4_0"], flash_attn="on")
            for name, trial in trials.items():
                self.assertEqual(self.effective(trial, half), name)
            whole = bytes_of(trials["f16"], "kv")
            # Blocks of 32 take 64, 34 and 18 bytes; the other half stays f16. The log rounds to 10 KiB.
            self.assertAlmostEqual(bytes_of(trials["q8_0"], "kv") / whole, (64 + 34) / 128, delta=0.05)
            self.assertAlmostEqual(bytes_of(trials["q4_0"], "kv") / whole, (64 + 18) / 128, delta=0.05)
        trials = self.sweep("cache_type_v", ["f16", "q8_0"], code=4, flash_attn="off")
        self.assertEqual(self.effective(trials["f16"], "cache_type_v"), "f16")
        self.assert_refused(trials["q8_0"], "context")

    def test_flash_attention(self):
        trials = self.sweep("flash_attn", ["on", "off", "auto"], **{"run.graph": "true"})
        for wish in ("on", "off"):
            self.assertEqual(self.effective(trials[wish], "flash_attn"), wish)
            ops = {op["op"] for op in trials[wish]["graph"]["ops"]}
            self.assertEqual("FLASH_ATTN_EXT" in ops, wish == "on")
        self.assertIn(self.effective(trials["auto"], "flash_attn"), ("on", "off"))

    def test_batches_and_threads(self):
        trials = self.sweep("n_ubatch", [16, 64, 4096], n_batch=64)
        self.assertEqual([self.effective(trial, "n_ubatch") for trial in trials.values()], [16, 64, 64])
        self.assertLess(bytes_of(trials["16"], "compute"), bytes_of(trials["64"], "compute"))
        trials = self.sweep("n_threads_batch", [1, 2, 1024], code=4)
        self.assertEqual([self.effective(trials[n], "n_threads_batch") for n in ("1", "2")], [1, 2])
        self.assertEqual(self.effective(trials["1"], "n_threads"), 2)
        self.assert_refused(trials["1024"], "n_threads_batch", "512")

    def test_load_modes(self):
        trials = self.sweep("load_mode", ["mmap", "mlock", "none", "direct"], **{"run.cache": "cold"})
        for mode, trial in trials.items():
            mapped = bytes_of(trial, "model", "_Mapped")
            self.assertEqual(mapped > 0, mode in ("mmap", "mlock"), mode)
        self.assertEqual(self.effective(trials["mmap"], "load_mode"), "mmap")
        self.assertEqual(self.effective(trials["none"], "load_mode"), "none")
        # What the machine does not allow is not claimed.
        locked = "mlock_failed" not in trials["mlock"]["facts"]
        self.assertEqual(self.effective(trials["mlock"], "load_mode"), "mlock" if locked else "mmap")
        direct = "direct_io_failed" not in trials["direct"]["facts"]
        self.assertEqual(self.effective(trials["direct"], "load_mode"), "direct" if direct else "none")

    def test_load_modes_as_the_kernel_sees_them(self):
        for mode in ("mmap", "mlock", "none", "direct"):
            with self.subTest(mode):
                evict(self.model)
                with WorkerClient(self.runtime["worker"]) as worker:
                    loaded = worker.load(self.model, load_mode=mode)
                    status = pathlib.Path(f"/proc/{worker.pid}/status").read_text()
                locked = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmLck:"))
                self.assertEqual(locked > 0, mode == "mlock" and "mlock_failed" not in loaded["facts"])
                past_the_cache = mode == "direct" and "direct_io_failed" not in loaded["facts"]
                self.assertEqual(resident_share(self.model) < 0.5, past_the_cache, resident_share(self.model))

    def test_on_the_command_line_of_a_built_in_scenario(self):
        settings = [word for key, value in SETTINGS.items() for word in ("--set", f"{key}={value}")]
        report = self.mia_json("run", "baseline", "-m", str(self.model), "--no-store", "--runtime", self.runtime["name"],
                               *settings, "--axis", "n_cpu_moe=0,1", "--axis", "cache_type_k=f16,q8_0")
        got = {(trial["effective"]["llm.primary"]["n_cpu_moe"], trial["effective"]["llm.primary"]["cache_type_k"])
               for trial in report["trials"]}
        self.assertEqual(got, {(0, "f16"), (0, "q8_0"), (1, "f16"), (1, "q8_0")})

    def test_a_disturbed_trial_waits_until_the_others_of_its_round_had_their_turn(self):
        with two_busy_processes():
            self.sweep("n_ubatch", [1, 2, 4, 8], n_threads=1)
        trials = sorted(self.report("perf_mine")["trials"], key=lambda trial: trial["position"])
        first, again = trials[:4], trials[4:]
        self.assertEqual(len({trial["cell"] for trial in first}), 4, "one was repeated before the others began")
        self.assertEqual({trial["cell"] for trial in again}, {trial["cell"] for trial in first if trial["conditions"]["voided_by"]})
        self.assertTrue(again, "two busy processes disturbed nothing")

    def test_a_budget_that_is_used_up_repeats_nothing(self):
        with two_busy_processes():
            self.sweep("n_ubatch", [1, 2, 4, 8], n_threads=1, code=(0, 3), options=("--budget", "1s"))
        report = self.report("perf_mine")
        self.assertEqual(len({trial["cell"] for trial in report["trials"]}), len(report["trials"]), "one was repeated")
        if any(trial["outcome"]["kind"] != "ok" for trial in report["trials"]) or len(report["trials"]) < 4:
            self.skipTest("this machine is too busy for four trials within the budget")
        self.assertTrue(any(trial["conditions"]["voided_by"] for trial in report["trials"]), "two busy processes disturbed nothing")

    def test_a_budget_counts_the_look_at_the_machine(self):
        (self.dir / "mine.yaml").write_text("settings: {run.repeats: 4, run.cache: as-is, run.warmup_max: 0, n_threads: 1,"
                                            " workload.input: tokens, workload.prompt_tokens: 4, workload.max_tokens: 2}\n")
        self.run_mine((0, 3), "--budget", "1s")
        trials = self.report("perf_mine")["trials"]
        self.assertIn([trial["repeat"] for trial in trials], ([0], []), "the look alone watches the machine for a second")

    def test_a_worker_goes_on_after_a_refusal(self):
        with WorkerClient(self.runtime["worker"]) as worker:
            for wish in ({"override_tensor": "nothing_here=CPU"}, {"override_tensor": "=CPU"}):
                with self.assertRaisesRegex(WorkerFailed, "override_tensor"):
                    worker.load(self.model, **wish)
            worker.load(self.model, n_cpu_moe=1)


if __name__ == "__main__":
    unittest.main()
