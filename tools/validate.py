#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Is the error rate of `mia-perf compare` what it says? Records comparisons of equal sides and of sides slowed down on
purpose, in three environments; judges the recordings again by fresh coins; writes the table of docs/trust.md.

  list     the recordings, which exist, and what the others will take
  record   what is missing (each slice takes a few minutes at most; stopping and starting again loses one slice)
  judge    every recording by the program's own test, and by the rules of other tools
  simulate made-up comparisons by the program's own test (bench/judge_simulation.cc): where the rules themselves err
  write    docs/trust.md from the judgement and the simulation, of those two what there is
  all      the four of them
"""
import argparse
import json
import math
import os
import pathlib
import random
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- made by tools/validate.py -->", "<!-- end -->"
SIMULATED, END_SIMULATED = "<!-- simulated by tools/validate.py -->", "<!-- end of the simulation -->"
ENVIRONMENTS = {
    "quiet": "nothing else runs",
    "cpu": "a program that computes on one CPU, on for 4 s and off for 8 s on average (exponential)",
    "memory": "a program that copies memory, on for 4 s and off for 8 s on average (exponential)",
}
MEAN_ON_S, MEAN_OFF_S = 4.0, 8.0


class Recording:
    """One name, one environment, one kind of B; its epochs are recorded in slices."""

    def __init__(self, name, environment, b, slices, epochs, slowdown=None):
        self.name, self.environment, self.b = name, environment, b
        self.slices, self.epochs, self.slowdown = slices, epochs, slowdown


def recordings(quick):
    short = 6 if quick else 20
    injected = 6 if quick else 12
    plan = [Recording(f"{env}-equal", env, "base", 1 if quick else n, short)
            for env, n in (("quiet", 3), ("cpu", 2), ("memory", 2))]
    plan += [Recording(f"quiet-slow-{p}", "quiet", f"set:inject_slow={p / 100:g}", 1, injected, p / 100)
             for p in ((3,) if quick else (1, 2, 3, 5, 10))]
    if not quick:
        plan += [Recording(f"{env}-slow-3", env, "set:inject_slow=0.03", 1, injected, 0.03) for env in ("cpu", "memory")]
        plan += [Recording("quiet-read", "quiet", "set:inject_read_mb=2", 1, injected)]
    plan += [Recording("quiet-stall", "quiet", "set:inject_stall=0.01", 1, short)]
    return plan


class Hog:
    """Disturbs the machine while it lives."""

    def __init__(self, kind):
        self.kind, self.process = kind, None

    def __enter__(self):
        if self.kind != "quiet":
            self.process = subprocess.Popen([sys.executable, __file__, "hog", self.kind])
        return self

    def __exit__(self, *unused):
        if self.process:
            self.process.kill()
            self.process.wait()


def hog(kind):
    rng = random.Random(1)
    blocks = (bytearray(1 << 27), bytearray(1 << 27)) if kind == "memory" else None
    parent = os.getppid()
    while os.getppid() == parent:
        end = time.monotonic() + rng.expovariate(1 / MEAN_ON_S)
        while time.monotonic() < end:
            if blocks:
                blocks[0][:] = blocks[1]
            else:
                sum(range(20000))
        time.sleep(rng.expovariate(1 / MEAN_OFF_S))


class Validation:
    def __init__(self, options):
        self.mia, self.out, self.draws = options.mia, options.out, 300 if options.quick else options.draws
        self.only, self.plan = options.only, recordings(options.quick)
        self.simulation, self.simulated_draws = options.simulation, 200 if options.quick else 10000
        self.trust = self.out / "trust.md" if options.quick else ROOT / "docs" / "trust.md"
        threads = options.threads or len(os.sched_getaffinity(0))
        self.settings = ["--set", f"n_threads={threads}"]
        for extra in options.set:
            self.settings += ["--set", extra]

    def path(self, recording, part):
        return self.out / f"{recording.name}-{part + 1}" / "compare.json"

    def is_done(self, recording, part):
        try:
            document = json.loads(self.path(recording, part).read_text())
        except (OSError, ValueError):
            return False
        return document["complete"] and len(document["epoch_table"]) == recording.epochs

    def record_command(self, recording, part):
        return [self.mia, "compare", "base", recording.b, *self.settings, "--all-epochs",
                "--max-epochs", str(recording.epochs), "--seed", str(part + 1), "--budget", "1h",
                "--out", str(self.path(recording, part).parent)]

    def slices(self):
        """First slices first, so that a recording cut short has something of everything."""
        every = [(r, part) for part in range(max(r.slices for r in self.plan)) for r in self.plan if part < r.slices]
        return [(r, part) for r, part in every if self.only in f"{r.name}-{part + 1}"]

    def list(self):
        for recording, part in self.slices():
            state = "there" if self.is_done(recording, part) else f"missing, {recording.epochs} epochs"
            print(f"{self.path(recording, part).parent.name:20} {state}")

    def record(self):
        for recording, part in self.slices():
            if self.is_done(recording, part):
                continue
            command = self.record_command(recording, part)
            print(f"[{recording.environment}] {shlex.join(command)}", file=sys.stderr)
            with Hog(recording.environment):
                code = subprocess.run([*command, "--json"], stdout=subprocess.DEVNULL, check=False).returncode
            if code not in (0, 1, 3) or not self.is_done(recording, part):
                sys.exit(f"validate.py: recording {recording.name} ended with {code}")

    def files(self, recording):
        return [str(self.path(recording, part)) for part in range(recording.slices) if self.is_done(recording, part)]

    def replay(self, recording, *arguments):
        files = self.files(recording)
        command = [self.mia, "replay", *files, *arguments, "--draws", str(self.draws)]
        found = json.loads(subprocess.run([*command, "--json"], stdout=subprocess.PIPE, check=True).stdout)
        shown = ["mia-perf", "replay", *(os.path.relpath(f, ROOT) for f in files), *command[2 + len(files):]]
        return {"command": shlex.join(shown), **found}

    def judge(self):
        """Everything that the tables need, in one file."""
        missing = [f"{r.name}-{part + 1}" for r, part in self.slices() if not self.is_done(r, part)]
        results = {"missing": missing, "draws": self.draws, "equal": {}, "margin2": {}, "injected": {}, "stall": {}, "machine": None}
        for recording in self.plan:
            if not self.files(recording):
                print(f"{recording.name} is not recorded yet: left out", file=sys.stderr)
                continue
            print(f"judging {recording.name}", file=sys.stderr)
            if recording.name.endswith("-equal"):
                results["equal"][recording.environment] = self.replay(recording, "--slowdown", "0,1%,2%,3%,5%,10%")
                results["margin2"][recording.environment] = self.replay(recording, "--margin", "2%", "--slowdown", "2%")
            elif recording.slowdown:
                results["injected"][recording.name] = {
                    "asked": recording.slowdown,
                    **self.replay(recording, "--slowdown", "0", "--recorded", f"{recording.slowdown:g}")}
            else:
                results["stall"][recording.name] = self.replay(recording, "--slowdown", "0", "--no-coins")
            results["machine"] = self.about(recording)
        (self.out / "results.json").write_text(json.dumps(results, indent=1))

    def about(self, recording):
        document = json.loads(pathlib.Path(self.files(recording)[0]).read_text())
        machine, arm = document["environment"], document["arms"]["a"]
        return {"cpu": machine["cpu_model"], "cpus": machine["allowed_cpus"], "virtualization": machine["virtualization"],
                "model": arm["model"]["id"], "runtime": arm["runtime"]["version"], "tool": document["tool_version"],
                "threads": arm["requested"]["llm.primary"]["n_threads"],
                "tokens": arm["requested"]["workload"]["max_tokens"], "date": document["started"][:10]}

    def simulate(self):
        command = [self.simulation, str(self.simulated_draws), "1"]
        print(f"simulating: {shlex.join(command)}", file=sys.stderr)
        found = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
        (self.out / "simulation.json").write_bytes(found)

    def write(self):
        text = (ROOT / "docs" / "trust.md").read_text()
        for file, made, begin, end in (("results.json", tables, BEGIN, END),
                                       ("simulation.json", simulation_tables, SIMULATED, END_SIMULATED)):
            try:
                found = json.loads((self.out / file).read_text())
            except FileNotFoundError:
                print(f"{self.out / file} is not there: its part of the page stays", file=sys.stderr)
                continue
            before, rest = text.split(begin)
            text = before + begin + "\n" + "\n".join(made(found)) + "\n" + end + rest.split(end)[1]
        self.trust.write_text(text)
        print(f"wrote {self.trust}", file=sys.stderr)


def percent(share, bounds=True):
    text = f"{100 * share['share']:.1f}"
    return f"{text} [{100 * share['low']:.1f}, {100 * share['high']:.1f}]" if bounds else text


def row_of(result, slowdown):
    return next(row for row in result["rows"] if math.isclose(row["slowdown"], slowdown, abs_tol=1e-9))


def tables(results):
    about = results["machine"]
    yield (f"\nMeasured on {about['date']}: {about['cpu']}, {about['cpus']} CPUs"
           f"{', ' + about['virtualization'] if about['virtualization'] else ''}; {about['model']} with llama.cpp "
           f"{about['runtime']}, {about['threads']} threads, runs of {about['tokens']} tokens; mia-perf {about['tool']}.\n")
    if results["missing"]:
        yield f"Not recorded yet, so not judged here: {', '.join(results['missing'])}.\n"
    yield from equal_table(results)
    yield from injected_table(results)
    yield from rival_table(results)
    yield from health_table(results)
    yield "\n### The commands\n\n```"
    for group in ("equal", "margin2", "injected", "stall"):
        for name, result in results[group].items():
            yield f"{result['command']}  # {name}"
    yield "```"


def equal_table(results):
    yield f"### Equal sides, and B slowed down by a factor ({results['draws']} draws in each place)\n"
    yield "| environment | B slower by | slower (%) | same (%) | faster (%) | unclear (%) | epochs |"
    yield "|---|---|---|---|---|---|---|"
    for environment, result in results["equal"].items():
        for row in result["rows"]:
            v = row["verdicts"]
            yield (f"| {environment} | {100 * row['slowdown']:g} % | {percent(v['slower'])} | {percent(v['same'])} | "
                   f"{percent(v['faster'])} | {percent(v['unclear'])} | {row['mean_epochs']:.1f} |")
    for environment, result in results["margin2"].items():
        row = result["rows"][0]
        v = row["verdicts"]
        yield (f"| {environment}, `--margin 2%` | 2 % | {percent(v['slower'])} | {percent(v['same'])} | {percent(v['faster'])} | "
               f"{percent(v['unclear'])} | {row['mean_epochs']:.1f} |")


def injected_table(results):
    yield "\n### B slowed down inside its token loop\n"
    yield "| recording | asked | measured | slower (%) | same (%) | unclear (%) | epochs | experience slower (%) |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, result in [*results["injected"].items(), *results["stall"].items()]:
        health, row = result["recording"], result["rows"][0]
        v = row["verdicts"]
        asked = f"{100 * result['asked']:g} %" if "asked" in result else "–"
        experience = max((figure["slower"] for name, figure in row["figures"].items() if name in EXPERIENCE),
                         key=lambda share: share["share"])
        yield (f"| {name} | {asked} | {health['effect_percent']:+.2f} % [{health['low_percent']:+.2f}, {health['high_percent']:+.2f}] | "
               f"{percent(v['slower'])} | {percent(v['same'])} | {percent(v['unclear'])} | {row['mean_epochs']:.1f} | {percent(experience)} |")


EXPERIENCE = ("gen_latency_s", "p95_decode_ms")


def rival_table(results):
    yield "\n### The same recordings judged by the rules of other tools\n"
    rules = [rival["rule"] for rival in next(iter(results["equal"].values()))["rows"][0]["rivals"]]
    yield "| environment | rule | runs per side | equal sides called different (%) | 3 % found (%) | 5 % found (%) | 10 % found (%) |"
    yield "|---|---|---|---|---|---|---|"
    for environment, result in results["equal"].items():
        for i, rule in enumerate(rules):
            at = {slowdown: row_of(result, slowdown)["rivals"][i] for slowdown in (0, 0.03, 0.05, 0.1)}
            yield (f"| {environment} | {rule} | {at[0]['runs']} | {percent(at[0]['any'])} | {percent(at[0.03]['slower'])} | "
                   f"{percent(at[0.05]['slower'])} | {percent(at[0.1]['slower'])} |")
        v = {s: row_of(result, s)["verdicts"] for s in (0, 0.03, 0.05, 0.1)}
        wrong = v[0]["slower"]["share"] + v[0]["faster"]["share"]
        pairs = row_of(result, 0.03)["mean_pairs"]
        yield (f"| {environment} | mia-perf compare | {pairs:.0f} on average at 3 % | {100 * wrong:.1f} | {percent(v[0.03]['slower'])} | "
               f"{percent(v[0.05]['slower'])} | {percent(v[0.1]['slower'])} |")


def health_table(results):
    yield "\n### The recordings\n"
    yield "| recording | epochs | pairs | disturbed | voided pairs | sd of runs | sd of pairs | sd of epochs | Ljung-Box p | fresh comparisons: same / wrong / all |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    groups = [*((f"{name}-equal", r) for name, r in results["equal"].items()), *results["injected"].items(), *results["stall"].items()]
    for name, result in groups:
        h, once = result["recording"], result["once"]
        voided = ", ".join(f"{count} {reason}" for reason, count in h["voided"].items()) or "0"
        p = "–" if h["independence_p"] is None else f"{h['independence_p']:.2f}"
        fresh = "–"
        if name.endswith("-equal"):
            v = once["verdicts"]
            fresh = f"{v['same']['hits']} / {v['slower']['hits'] + v['faster']['hits']} / {once['draws']}"
        yield (f"| {name} | {h['epochs']} | {h['pairs']} | {h['disturbed']} | {voided} | {100 * h['run_cv']:.1f} % | {100 * h['pair_sd']:.1f} % | "
               f"{100 * h['epoch_sd']:.2f} % | {p} | {fresh} |")


def simulation_tables(rows):
    """One line a cell: its rows are of no slowdown, 3 % and 10 %."""
    yield from simulated("epochs of equal sides", [row for row in rows if "mean_seconds" not in row])
    yield ("\nComparisons of a budget, with as many pairs in an epoch as the program's rule gives it: a start of both sides takes 2 s where a "
           "pair takes 0.5 s, and 2.5 s where it takes 1.3 s. `±` is half of the 95 % interval when it ended.\n")
    yield from simulated("budget, pairs and epochs", [row for row in rows if "mean_seconds" in row])


def simulated(title, rows):
    timed = "mean_seconds" in rows[0]
    yield (f"| {title} | called different | called same | 3 % slower found | 3 % slower called same | 10 % slower found | epochs |"
           + (" seconds | ± |" if timed else ""))
    yield "|---|---|---|---|---|---|---|" + ("---|---|" if timed else "")
    for equal, three, ten in zip(rows[0::3], rows[1::3], rows[2::3]):
        yield (f"| {equal['epochs']} | {100 * (equal['slower'] + equal['faster']):.2f} | {100 * equal['same']:.1f} | "
               f"{100 * three['slower']:.1f} | {100 * three['same']:.1f} | {100 * ten['slower']:.1f} | {equal['mean_epochs']:.1f} |"
               + (f" {equal['mean_seconds']:.0f} | {equal['mean_half_width_percent']:.2f} % |" if timed else ""))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["list", "record", "judge", "simulate", "write", "all", "hog"], nargs="?", default="all")
    parser.add_argument("kind", nargs="?", choices=list(ENVIRONMENTS), help=argparse.SUPPRESS)
    parser.add_argument("--mia", default=str(ROOT / "build/dev/bin/mia-perf"), help="the program")
    parser.add_argument("--simulation", default=str(ROOT / "build/dev/bin/judge_simulation"), help="its program")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/validate", help="folder of the recordings")
    parser.add_argument("--only", default="", help="recordings whose name contains this")
    parser.add_argument("--quick", action="store_true", help="a tenth of the recording: does everything work?")
    parser.add_argument("--draws", type=int, default=3000)
    parser.add_argument("--threads", type=int, help="of the model; without it all CPUs")
    parser.add_argument("--set", action="append", default=[], help="passed on to compare: key=value")
    options = parser.parse_args()
    if options.what == "hog":
        hog(options.kind)
        return
    options.out = options.out / "quick" if options.quick else options.out
    options.out.mkdir(parents=True, exist_ok=True)
    validation = Validation(options)
    for step in ("record", "judge", "simulate", "write") if options.what == "all" else (options.what,):
        getattr(validation, step)()


if __name__ == "__main__":
    main()
