#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures the instrument itself on a real model: what it costs, and whether it gets from the runtime what the runtime's
own benchmark gets. Prints each figure beside its goal and, with --json FILE, keeps them. Never a test: nothing fails."""
import argparse
import json
import math
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

from bench_machine import MachineSections, say

MIB = 1 << 20


class Bench(MachineSections):
    def __init__(self, options):
        self.options = options
        self.bin = options.bin.resolve()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="mia-perf-bench-"))
        self.rows = []

    def row(self, what, value, unit, goal, detail=""):
        self.rows.append({"what": what, "value": value, "unit": unit, "goal": goal, "detail": detail})
        print(f"{what:44} {value:10.4g} {unit:8} goal {goal:12} {detail}", flush=True)

    def mia(self, *args, env=None):
        out = subprocess.run([self.bin / "mia-perf", *args, "--json"], cwd=self.dir, env={**os.environ, **(env or {})},
                             capture_output=True, text=True, check=False)
        if out.returncode != 0:
            raise SystemExit(f"mia-perf {' '.join(map(str, args))} ended with {out.returncode}:\n{out.stderr[-2000:]}")
        return json.loads(out.stdout)

    def runtime(self):
        """The runtime that brings llama-bench: --runtime, else the first that has it."""
        for runtime in self.mia("runtime", "list"):
            tool = pathlib.Path(runtime["prefix"]) / "bin" / "llama-bench"
            if tool.exists() and self.options.runtime in ("", runtime["name"]):
                return runtime, tool
        return None, None

    def model(self):
        if pathlib.Path(self.options.model).is_file():
            return self.options.model
        return next(m["path"] for m in self.mia("model", "list") if m["id"] == self.options.model and m.get("path"))

    # --- what the program costs ---------------------------------------------------------------------------------------
    def startup(self):
        times = []
        for _ in range(40):
            begin = time.perf_counter()
            subprocess.run([self.bin / "mia-perf", "--help"], stdout=subprocess.DEVNULL, check=True)
            times.append(1e3 * (time.perf_counter() - begin))
        self.row("mia-perf --help", statistics.median(times), "ms", "< 10", f"median of {len(times)}")

    def coordinator(self):
        """VmHWM of the program's own process, read until it ends: its workers are not in it."""
        process = subprocess.Popen([self.bin / "mia-perf", "run", "baseline", "--set", "n_threads=2", "--repeats", "3"],
                                   cwd=self.dir, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        peak = 0
        while process.poll() is None:
            for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    peak = int(line.split()[1])
            time.sleep(0.02)
        if process.returncode != 0:
            raise SystemExit(f"run baseline ended with {process.returncode}")
        self.row("coordinator peak memory", peak * 1024 / MIB, "MiB", "< 64", "run baseline, 3 repeats")
        report = json.loads((self.dir / "reports/perf_cpu_baseline.json").read_text())
        spawn = [trial["spawn_ms"] for trial in report["trials"] if trial["spawn_ms"] is not None]
        self.row("worker spawn to greeting", statistics.median(spawn), "ms", "< 50", f"median of {len(spawn)}, libraries loaded")

    def overhead(self):
        script = self.dir / "null.json"
        script.write_text(json.dumps({"provider": "null"}))
        report = self.mia("run", "baseline", "--repeats", "3", "--no-store", "--set", "workload.max_tokens=20000",
                          "--set", "workload.input=tokens", "--set", "max_output_tokens=20000",
                          env={"MIA_LLAMA_FAKE": "1", "MIA_FAKE_SCRIPT": str(script),
                               "MIA_PERF_FAKE_WORKER": str(self.bin / "mia-worker-fake")})
        gaps = []
        for trial in report["trials"]:
            stamps = trial["runs"][-1]["token_ns"]
            gaps += [b - a for a, b in zip(stamps, stamps[1:])]
        self.row("own time between tokens", statistics.mean(gaps) / 1e3, "us", "< 2",
                 f"null provider, mean of {len(gaps)}; p99 {sorted(gaps)[int(0.99 * len(gaps))] / 1e3:.2f} us")

    # --- against llama-bench ------------------------------------------------------------------------------------------
    def ours(self, runtime, prompt, tokens):
        report = self.mia("run", "baseline", "--repeats", "1", "--no-store", "--runtime", runtime["name"],
                          "-m", self.options.model, "--set", "workload.input=tokens",
                          "--set", f"workload.prompt_tokens={prompt}", "--set", f"workload.max_tokens={tokens}",
                          "--set", f"n_threads={self.options.threads}", "--set", "run.cache=as-is", "--set", f"run.runs={self.options.runs}",
                          "--set", "run.warmup_max=2", "--set", "run.canary=false", *self.layers("--set", "n_gpu_layers="))
        runs = [run for run in report["trials"][-1]["runs"] if not run["warm_up"]]
        if tokens > 2:
            return statistics.median(1e9 * (len(r["token_ns"]) - 1) / (r["token_ns"][-1] - r["token_ns"][0]) for r in runs)
        return statistics.median(1e9 * r["prompt_tokens"] / r["prefill_ns"] for r in runs)

    def theirs(self, runtime, tool, prompt, tokens):
        command = [tool, "-m", self.model_path, "-t", str(self.options.threads), "-p", str(prompt), "-n", str(tokens),
                   "-r", str(self.options.runs), "-o", "json", *self.layers("-ngl", "")]
        env = {**os.environ, "LD_LIBRARY_PATH": str(pathlib.Path(runtime["prefix"]) / "lib")}
        out = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        return statistics.median(json.loads(out.stdout)[0]["samples_ts"])

    def layers(self, flag, prefix):
        if self.options.layers is None:
            return []
        return [flag, f"{prefix}{self.options.layers}"]

    def decode(self):
        self.parity("decode against tg64", (1, 65), (0, 64))

    def prefill(self):
        self.parity("prefill against pp128", (128, 1), (128, 0))

    def parity(self, name, ours, theirs):
        """Pairs of fresh processes in coin-tossed order; each gives the median of its runs."""
        runtime, tool = self.runtime()
        if tool is None:
            say("no runtime with llama-bench: mia-perf runtime install llama-cpp-python==0.3.36 --name tools --tools")
            return
        self.model_path = self.model()
        ratios = self.in_pairs(name, lambda: self.ours(runtime, *ours), lambda: self.theirs(runtime, tool, *theirs),
                               self.options.pairs)
        low, high, level = median_interval(ratios)
        self.row(f"{name}, median ratio", statistics.median(ratios), "", ">= 0.99",
                 f"{100 * level:.1f} % interval {low:.4f} to {high:.4f}, {len(ratios)} pairs of fresh processes, {self.options.runs} runs each")


    # --- what a minute of measuring says ------------------------------------------------------------------------------
    def minute(self):
        """Two equal sides for 60 s: half-width of the 95 % interval of B's speed over A's, by t on the epochs of `compare`
        and by Welch's t on the calls of llama-bench that fit into the same time, A and B in turn."""
        runtime, tool = self.runtime()
        if tool is None:
            say("no runtime with llama-bench: mia-perf runtime install llama-cpp-python==0.3.36 --name tools --tools")
            return
        self.model_path = self.model()
        ours, theirs, ratios = [], [], []
        for turn in range(self.options.turns):
            say(f"minute: turn {turn + 1} of {self.options.turns}")
            halves = {}
            for arm in random.Random(self.options.seed + turn).sample(("ours", "theirs"), 2):
                halves[arm] = self.compared(turn) if arm == "ours" else self.called(runtime, tool)
            ours.append(halves["ours"])
            theirs.append(halves["theirs"])
            ratios.append(halves["ours"] / halves["theirs"])
        self.row("half-width after 60 s over llama-bench's", statistics.median(ratios), "", "<= 0.5",
                 f"median of {len(ratios)} turns; {100 * statistics.median(ours):.2f} % against {100 * statistics.median(theirs):.2f} %")

    def compared(self, turn):
        out = subprocess.run([self.bin / "mia-perf", "compare", "base", "base", "--all-epochs", "--max-epochs", "20", "--budget",
                              "60s", "--alpha", "5%", "--seed", str(turn + 1), "--set", f"n_threads={self.options.threads}",
                              "--out", str(self.dir / f"minute-{turn}"), "--json"], cwd=self.dir, capture_output=True, text=True,
                             check=False)
        speed = next(s for s in json.loads(out.stdout)["statistics"] if s["figure"] == "fast_quarter_ms")
        return student_quantile(0.975, speed["epochs"] - 1) * speed["sd"] / math.sqrt(speed["epochs"])

    def called(self, runtime, tool):
        arms, end = ([], []), time.monotonic() + 60
        while time.monotonic() < end:
            arm = min(arms, key=len)
            arm.append(math.log(self.theirs(runtime, tool, 0, 64)))
        means = [statistics.variance(arm) / len(arm) for arm in arms]
        freedom = sum(means) ** 2 / sum(m * m / (len(arm) - 1) for m, arm in zip(means, arms))
        return student_quantile(0.975, freedom) * math.sqrt(sum(means))


def student_quantile(p, freedom):
    """By bisection on the integral of the density (Simpson's rule)."""
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(freedom * math.pi)

    def below(x, steps=2000):
        width = x / steps
        ys = [scale * (1 + (i * width) ** 2 / freedom) ** (-(freedom + 1) / 2) for i in range(steps + 1)]
        return 0.5 + width / 3 * (ys[0] + ys[-1] + 4 * sum(ys[1:-1:2]) + 2 * sum(ys[2:-1:2]))

    low, high = 0.0, 1000.0
    while high - low > 1e-6 * max(low, 1e-3):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) < p else (low, middle)
    return low


def median_interval(values):
    """Order statistics around the median with at least 95 % coverage by the binomial."""
    ordered = sorted(values)
    n = len(ordered)
    rank = 0
    for k in range(n // 2):
        if 1 - 2 * sum(math.comb(n, i) for i in range(k + 1)) / 2**n >= 0.95:
            rank = k
    level = 1 - 2 * sum(math.comb(n, i) for i in range(rank + 1)) / 2**n
    return ordered[rank], ordered[n - 1 - rank], level


SECTIONS = ("startup", "coordinator", "overhead", "store", "bandwidth", "decode", "prefill", "minute")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}; all without")
    parser.add_argument("--bin", type=pathlib.Path, default=pathlib.Path("build/dev/bin"))
    parser.add_argument("--runtime", default="")
    parser.add_argument("--model", default="smollm2-135m", help="a catalogue id that is installed, or a file")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--layers", type=int, help="n_gpu_layers of both programs")
    parser.add_argument("--pairs", type=int, default=24)
    parser.add_argument("--turns", type=int, default=4, help="turns of `minute`, two minutes each")
    parser.add_argument("--runs", type=int, default=5, help="measured runs of each process")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=pathlib.Path, help="keep the figures here")
    options = parser.parse_args()
    unknown = set(options.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"no section '{unknown.pop()}'; there are {', '.join(SECTIONS)}")
    bench = Bench(options)
    for section in options.sections or SECTIONS:
        getattr(bench, section)()
    if options.json:
        options.json.write_text(json.dumps(bench.rows, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
