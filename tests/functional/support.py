# SPDX-License-Identifier: MIT
"""Drives the real program with the scripted worker: one data folder per test, nothing shared with the user's. Limits of time
only end what hangs: on a busy machine a test that runs into one is skipped, and says so."""
import ctypes
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("MIA_PERF_BIN_DIR", ROOT / "build" / "dev" / "bin"))
HANGS = 300  # seconds after which a program hangs, or the machine is busy
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def die_with_the_test():
    """In the child, before the program: it ends when the test does, however the test ends."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def busy():
    """Why a limit of time says nothing here; "" where it does."""
    load, cpus = os.getloadavg()[0], len(os.sched_getaffinity(0))
    return f"the machine is busy: load {load:.1f} on {cpus} CPUs" if load > 1.5 * cpus else ""


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="mia-perf-test-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.mark = f"{self.id()}-{os.getpid()}"
        self.addCleanup(self.end_children)
        self.env = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("MIA_", "XDG_")) or key in ("MIA_PERF_BIN_DIR",)
        }
        self.env.update(
            XDG_DATA_HOME=str(self.dir / "data"),
            MIA_LLAMA_FAKE="1",
            MIA_PERF_FAKE_WORKER=str(BIN / "mia-worker-fake"),
            MIA_TEST_MARK=self.mark,
        )

    def script(self, **members):
        """The fake worker's script; a counter tells it which trial it is."""
        path = self.dir / "script.json"
        path.write_text(json.dumps(members))
        self.env["MIA_FAKE_SCRIPT"] = str(path)
        self.env["MIA_FAKE_COUNTER"] = str(self.dir / "counter")

    def start(self, *args, stderr=subprocess.PIPE, stdin=None):
        return subprocess.Popen(
            [str(BIN / "mia-perf"), *args],
            cwd=self.dir,
            env=self.env,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            preexec_fn=die_with_the_test,
        )

    def end_of(self, process, timeout=HANGS):
        """What it wrote to stdout and stderr."""
        try:
            return process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            if busy():
                self.skipTest(f"{' '.join(map(str, process.args[1:]))} took more than {timeout} s; {busy()}")
            raise

    def mia(self, *args, code=0, timeout=HANGS):
        process = self.start(*args)
        out, err = self.end_of(process, timeout)
        self.assertEqual(process.returncode, code, f"mia-perf {' '.join(args)}\n{out}\n{err}")
        return out, err

    def mia_json(self, *args, code=0, timeout=HANGS):
        return json.loads(self.mia(*args, "--json", code=code, timeout=timeout)[0])

    def report(self, stem="perf_cpu_baseline"):
        return json.loads((self.dir / "reports" / f"{stem}.json").read_text())

    def children(self):
        """Processes that carry this test's mark in their environment."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    if f"MIA_TEST_MARK={self.mark}".encode() in (entry / "environ").read_bytes():
                        state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
                        if state != "Z":
                            found.append((entry.name, (entry / "cmdline").read_bytes()))
                except OSError:
                    pass
        return found

    def end_children(self):
        for pid, _ in self.children():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass

    def assert_no_orphans(self, within=60.0):
        end = time.monotonic() + within
        while self.children() and time.monotonic() < end:
            time.sleep(0.02)
        self.assertEqual(self.children(), [])


class RealCase(Case):
    """With the runtimes and models that are installed for the user; store and lock are the test's own."""

    def setUp(self):
        super().setUp()
        for name in ("MIA_LLAMA_FAKE", "MIA_PERF_FAKE_WORKER"):
            self.env.pop(name)
        users = pathlib.Path(os.environ.get("XDG_DATA_HOME") or pathlib.Path.home() / ".local" / "share") / "mia-perf"
        own = self.dir / "data" / "mia-perf"
        own.mkdir(parents=True)
        for name in ("runtimes", "models"):
            if (users / name).is_dir():
                (own / name).symlink_to(users / name)
        self.runtimes = self.mia_json("runtime", "list")
        if not self.runtimes:
            self.skipTest("no runtime is installed: mia-perf runtime install llama-cpp-python==0.3.36")
        self.runtime = next((r for r in self.runtimes if r["name"] == "default"), self.runtimes[0])

    def tool(self, name):
        """A program of llama.cpp's beside one of the runtimes, and the environment that it needs."""
        for runtime in self.runtimes:
            program = pathlib.Path(runtime["prefix"]) / "bin" / name
            if program.exists():
                return program, dict(os.environ, LD_LIBRARY_PATH=str(program.parent.parent / "lib"))
        return self.skipTest(f"no runtime has {name}: mia-perf runtime install llama-cpp-python==0.3.36 --tools")


def wait_for(condition, seconds=HANGS):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False
