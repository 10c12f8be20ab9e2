# SPDX-License-Identifier: MIT
"""A server program as a runtime, played by llama_server.py: settings become options, tokens get stamps, faults are outcomes."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest

import gguf_files
from support import Case, wait_for
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


class Running(Case):
    """A server that runs already, at its address."""

    KEY = "sk-0123456789abcdef"

    def setUp(self):
        super().setUp()
        self.asked = self.dir / "asked.jsonl"
        self.env.update(MIA_LLAMA_FAKE="0", SRV_KEY=self.KEY, STANDIN_ASKED=str(self.asked))
        self.file = gguf_files.write(self.dir / "model.gguf", gguf_files.tiny(), TENSORS)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.model = str(self.file)
        self.server = None
        self.addCleanup(self.stop)

    def stop(self):
        if self.server:
            self.server.kill()
            self.server.wait()

    def serve(self, fault="", api="llama-server", *more):
        self.stop()
        self.model = {"openai": "tiny-chat", "ollama": "tiny"}.get(api, str(self.file))
        self.server = subprocess.Popen(
            [sys.executable, str(HERE / "llama_server.py"), "--port", str(self.port), "--model", str(self.file), *more],
            env={**self.env, "LLAMA_API_KEY": self.KEY, "STANDIN_FAULT": fault, "STANDIN_API": api}, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)

        def listens():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0
        self.assertTrue(wait_for(listens))

    def add(self, *more, address=None, code=0):
        return self.mia("runtime", "add", address or f"http://127.0.0.1:{self.port}", "--name", "srv", *more, code=code)

    def run_smoke(self, *more, code=0):
        return self.mia("run", "smoke", "--runtime", "srv", "-m", self.model, "--repeats", "1", "--only", "short", "--set",
                        "warmup_max=0", "--set", "canary=false", *more, code=code)

    def smoke(self, *more, code=0):
        out, err = self.run_smoke(*more, code=code)
        self.assertNotIn(self.KEY, out + err)
        return self.report("perf_smoke")["trials"][0]

    def assert_key_is_nowhere(self):
        for path in self.dir.rglob("*"):
            if path.is_file():
                self.assertNotIn(self.KEY.encode(), path.read_bytes(), path)

    def test_it_is_measured_as_it_runs(self):
        self.serve()
        self.add("--key-env", "SRV_KEY")
        runtime = self.mia_json("runtime", "list")[0]
        self.assertEqual((runtime["program"], runtime["version"], runtime["commit"], runtime["missing"]),
                         (f"http://127.0.0.1:{self.port}", "b4711", "abcdef1", None))
        trial = self.smoke()
        self.assertEqual(trial["outcome"]["kind"], "ok", trial["outcome"])
        run = trial["runs"][-1]
        self.assertEqual((len(run["token_ns"]), run["chunks"]), (run["tokens_out"], run["tokens_out"] - 1))
        self.assertTrue(run["text"].startswith("né né"), run["text"])
        for unseen in (trial["load_ms"], trial["peak_rss_bytes"], trial["conditions"]["other_cpu_s"]):
            self.assertIsNone(unseen)
        self.assertEqual(trial["requested"]["llm.primary"]["n_threads"], "auto")  # only the scenario suggests it
        self.assertEqual(trial["effective"]["llm.primary"]["n_ctx"], 512)
        self.assertIsNone(self.server.poll())
        self.assertIn(f"127.0.0.1:{self.port}", self.mia("runtime", "check", "srv")[0])
        self.assert_key_is_nowhere()

    def test_what_cannot_be_changed_any_more_is_refused(self):
        self.serve()
        self.add("--key-env", "SRV_KEY")
        run = ("run", "smoke", "--runtime", "srv", "-m", self.model)
        for asked in (("--set", "n_threads=2"), ("--axis", "n_threads=1,2")):
            err = self.mia(*run, *asked, code=2)[1]
            self.assertRegex(err, "n_threads=.: runtime srv, a server that runs already, does not take n_threads")
        mine = self.dir / "mine.yaml"
        mine.write_text("settings: {n_batch: 64}\n")
        self.assertIn("does not take n_batch", self.mia("run", str(mine), *run[2:], code=2)[1])
        self.assertIn("n_batch", self.mia("run", "cpu-tuning", *run[2:], code=2)[1])
        arm = f"runtime:srv+model:{self.model}"
        compared = self.mia("compare", arm + "+set:n_threads=2", arm, "--budget", "5s", code=4)
        self.assertIn("n_threads = 2: this server, which runs already, does not take it", "".join(compared))
        self.assertIn("the server runs with 512", self.smoke("--set", "n_ctx=1024", code=4)["outcome"]["reason"])
        self.model = str(gguf_files.write(self.dir / "other.gguf", gguf_files.tiny(), TENSORS))
        self.assertIn("has loaded", self.smoke(code=4)["outcome"]["reason"])

    def test_any_openai_server(self):
        self.serve(api="openai")
        self.add("--key-env", "SRV_KEY")
        runtime = self.mia_json("runtime", "list")[0]
        self.assertEqual((runtime["provider"], runtime["load_phase"], runtime["model_file"]), ("openai", False, False))
        trial = self.smoke("--set", "run.runs=2")
        self.assertEqual(trial["outcome"]["kind"], "ok", trial["outcome"])
        for run in trial["runs"]:
            self.assertEqual((run["tokens_out"], len(run["token_ns"]), run["chunks"]), (64, 64, 63))  # by its usage
            self.assertEqual(run["token_ns"], sorted(run["token_ns"]))
        bodies = [json.loads(text)["body"] for text in self.asked.read_text().splitlines()]
        self.assertEqual(len({body["prompt"][:8] for body in bodies}), len(bodies))  # no cache has seen it
        self.assertTrue(all(body["cache_prompt"] is False and body["stream_options"]["include_usage"] for body in bodies))
        self.model = "nobody"
        self.assertIn("no model 'nobody'; it has other, tiny-chat", self.smoke(code=4)["outcome"]["reason"])
        self.assert_key_is_nowhere()

    def test_ollama(self):
        self.serve(api="ollama")
        self.add("--key-env", "SRV_KEY")
        self.assertEqual(self.mia_json("runtime", "list")[0]["version"], "0.5.7")
        trial = self.smoke("--set", "n_threads=3", "--set", "n_ctx=1024")
        self.assertEqual(trial["outcome"]["kind"], "ok", trial["outcome"])
        self.assertEqual((trial["load_ms"], trial["load_ms_source"]), (500, "event"))
        self.assertEqual(trial["runs"][-1]["tokens_out"], 64)
        self.assertEqual(trial["effective"]["llm.primary"]["n_ctx"], 1024)
        first, second, third = (json.loads(text)["body"] for text in self.asked.read_text().splitlines())
        self.assertEqual((first["keep_alive"], "prompt" in first), (0, False))
        self.assertEqual(second["options"], {"num_ctx": 1024, "num_thread": 3, "num_predict": 1})
        self.assertEqual((third["raw"], third["options"]["num_ctx"], third["options"]["num_predict"]), (True, 1024, 64))
        self.assertIn("does not take n_ubatch", self.run_smoke("--set", "n_ubatch=64", code=2)[1])
        self.assertIn("text alone", self.smoke("--set", "workload.input=tokens", code=4)["outcome"]["reason"])
        self.assert_key_is_nowhere()

    def test_faults_are_outcomes(self):
        half = ("reset", "invalid", "in the middle of an event")
        few = ("lie", "invalid", "counts 60 tokens, and sent 64 pieces")
        for api, faults in (
                ("llama-server", (
                    half, ("html", "invalid", "HTML"), ("redirect", "invalid", "redirects"), ("busy", "refused", "too many requests"),
                    ("loading", "refused", "Loading model"), ("leak", "refused", "the key *** may not"),
                    ("flood", "invalid", "longer than"), ("cached", "invalid", "12 tokens of the prompt from its cache"),
                    ("error", "refused", "the runner is gone"), ("lie", "invalid", "timings count"), ("die", "invalid", "ended after"))),
                ("openai", (half, few, ("uncounted", "invalid", "counts no tokens"))),
                ("ollama", (half, few, ("again", "invalid", "loaded the model once more")))):
            self.serve(api=api)
            self.add("--key-env", "SRV_KEY", "--force")
            for fault, kind, word in faults:
                with self.subTest(api=api, fault=fault):
                    self.serve(fault, api)
                    outcome = self.smoke(code=4)["outcome"]
                    self.assertEqual(outcome["kind"], kind, outcome)
                    self.assertIn(word, json.dumps(outcome))
        self.stop()
        self.assertIn("nobody answers", self.smoke(code=4)["outcome"]["reason"])
        self.assert_key_is_nowhere()

    def test_a_stalled_stream_runs_into_the_limit_of_its_phase(self):
        self.serve()
        self.add("--key-env", "SRV_KEY")
        self.serve("stall")
        outcome = self.smoke("--set", "timeout_s=3", code=4)["outcome"]
        self.assertEqual((outcome["kind"], outcome["phase"]), ("timed_out", "generate"))

    def test_what_is_no_such_server_is_not_added(self):
        for address in ("http://example.org:80", "http://user:pass@127.0.0.1:80", "ftp://127.0.0.1:80", "http://127.0.0.1:0"):
            self.assertIn("is no address of a server on this machine", self.add(address=address, code=2)[1])
        self.assertIn("no server that is known answers", self.add(code=2)[1])
        self.serve()
        self.assertIn("Invalid API Key", self.add(code=2)[1])
        self.assertIn("NO_SUCH_KEY", self.add("--key-env", "NO_SUCH_KEY", code=2)[1])
        self.assertIn("GET /api/version", self.add("--key-env", "SRV_KEY", "--api", "ollama", code=2)[1])
        self.assertIn("go with the address", self.mia("runtime", "add", str(self.dir), "--api", "openai", code=2)[1])
        self.assertEqual(self.mia_json("runtime", "list"), [])

    def test_another_version_is_not_measured_under_the_old_one(self):
        self.serve(api="ollama")
        self.add("--key-env", "SRV_KEY")
        self.serve()
        self.assertEqual(self.smoke(code=4)["outcome"]["kind"], "refused")

    def test_a_certificate_that_nobody_trusts(self):
        certificate = self.dir / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(certificate), "-out",
                        str(self.dir / "public.pem"), "-subj", "/CN=localhost", "-days", "1"], check=True, capture_output=True)
        certificate.write_text(certificate.read_text() + (self.dir / "public.pem").read_text())
        self.serve("", "openai", "--tls", str(certificate))
        err = self.add("--key-env", "SRV_KEY", address=f"https://localhost:{self.port}", code=2)[1]
        self.assertIn("its certificate is not trusted here", err)


if __name__ == "__main__":
    unittest.main()
