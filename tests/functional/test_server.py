# SPDX-License-Identifier: MIT
"""A server program as a runtime, played by llama_server.py: settings become options, tokens get stamps, faults are outcomes."""
import json
import os
import pathlib
import shutil
import signal
import time
import unittest

import gguf_files
from support import Case
from test_model_files import TENSORS

HERE = pathlib.Path(__file__).parent


def is_alive(pid):
    try:
        return "Z" not in pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False


class Server(Case):
    def setUp(self):
        super().setUp()
        self.env["MIA_LLAMA_FAKE"] = "0"
        self.env["STANDIN_ARGS"] = str(self.dir / "args.json")
        self.program = self.dir / "some-name"
        shutil.copy(HERE / "llama_server.py", self.program)
        self.model = self.dir / "model.gguf"
        gguf_files.write(self.model, gguf_files.tiny(), TENSORS)
        self.mia("runtime", "add", str(self.program), "--name", "srv")

    def smoke(self, *more, fault="", code=0):
        self.env["STANDIN_FAULT"] = fault
        self.mia("run", "smoke", "--runtime", "srv", "-m", str(self.model), "--repeats", "1", "--set", "warmup_max=0",
                 "--set", "cache=as-is", "--set", "canary=false", *more, code=code)
        return self.report("perf_smoke")["trials"][0]

    def test_tells_what_it_is(self):
        runtime = self.mia_json("runtime", "list")[0]
        self.assertEqual((runtime["provider"], runtime["version"], runtime["commit"]), ("llama-server", "4711", "abcdef1"))
        self.assertEqual(runtime["program"], str(self.program))
        shutil.copy("/bin/true", self.dir / "llama-server")
        _, err = self.mia("runtime", "add", str(self.dir / "llama-server"), code=2)
        self.assertIn("no llama-server by its --version and --help", err)

    def test_settings_become_options_and_tokens_get_stamps(self):
        self.env["LLAMA_ARG_THREADS"] = "7"
        trial = self.smoke("--set", "n_threads=2", "--set", "n_batch=128", "--set", "flash_attn=on")
        self.assertEqual(trial["outcome"]["kind"], "ok", trial["outcome"])
        run = trial["runs"][-1]
        self.assertEqual(len(run["token_ns"]), run["tokens_out"])
        self.assertEqual(run["chunks"], run["tokens_out"] - 1)  # the stand-in sends two tokens in its first chunk
        self.assertGreater(trial["load_ms"], 100)
        self.assertEqual(trial["effective"]["llm.primary"]["n_threads"], 3)
        told = json.loads((self.dir / "args.json").read_text())
        text = " ".join(told["argv"])
        for part in ("--threads 2", "--batch-size 128", "--flash-attn on", "--host 127.0.0.1"):
            self.assertIn(part, text)
        self.assertIsNone(told["arg"])
        self.assertGreaterEqual(len(told["key"]), 32)
        self.assertNotIn(told["key"], text + (self.dir / "reports/perf_smoke.json").read_text())
        self.assertFalse(is_alive(told["pid"]))

    def test_what_it_does_not_have_is_refused(self):
        outcome = self.smoke("--set", "n_ubatch=64", code=4)["outcome"]
        self.assertEqual(outcome["kind"], "refused")
        self.assertIn("n_ubatch = 64: this server has no --ubatch-size", outcome["reason"])

    def test_faults_are_outcomes(self):
        for fault, kind, word in (("html", "invalid", "HTML"), ("redirect", "invalid", "redirects"),
                                  ("busy", "refused", "too many requests"), ("reset", "invalid", "ended after 1 tokens"),
                                  ("flood", "invalid", "longer than"), ("lie", "invalid", "timings count"),
                                  ("no_model", "refused", "the file is no GGUF"), ("die", "crashed", "last words")):
            with self.subTest(fault):
                trial = self.smoke(fault=fault, code=4)
                self.assertEqual(trial["outcome"]["kind"], kind, trial["outcome"])
                self.assertIn(word, json.dumps(trial["outcome"]) + trial["log_tail"])
                self.assertFalse(is_alive(json.loads((self.dir / "args.json").read_text())["pid"]))

    def test_a_stalled_stream_runs_into_the_limit_of_its_phase(self):
        outcome = self.smoke("--set", "timeout_s=3", fault="stall", code=4)["outcome"]
        self.assertEqual((outcome["kind"], outcome["phase"]), ("timed_out", "generate"))

    def test_no_server_outlives_the_program(self):
        self.env["STANDIN_FAULT"] = "stall"
        program = self.start("run", "smoke", "--runtime", "srv", "-m", str(self.model), "--set", "warmup_max=0")
        end = time.monotonic() + 60
        pid, before = 0, -1
        while not (pid == before and is_alive(pid)) and time.monotonic() < end:  # one that is stalled, not one that only told
            time.sleep(2)
            if (self.dir / "args.json").exists():
                before, pid = pid, json.loads((self.dir / "args.json").read_text())["pid"]
        self.assertTrue(is_alive(pid))
        os.kill(program.pid, signal.SIGKILL)
        program.communicate()
        while is_alive(pid) and time.monotonic() < end:
            time.sleep(0.05)
        self.assertFalse(is_alive(pid))


if __name__ == "__main__":
    unittest.main()
