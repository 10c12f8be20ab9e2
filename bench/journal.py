#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a long session costs beside its trials: the time from trial to trial of the scripted worker at the beginning and at
the end of a session of 10,000, and the time in which its report is printed from the store. The trials in between are copies
that are put into the store by SQL; the last ones are measured by run --resume."""
import argparse
import json
import os
import pathlib
import signal
import sqlite3
import statistics
import subprocess
import tempfile
import time

CELLS = 50
SCENARIO = """name: journal
axes: {n_threads: [%s]}
settings: {run.repeats: %d, run.warmup_max: 2}
workloads:
  short: {max_tokens: 64}
"""


class Bench:
    def __init__(self, program, folder, trials):
        self.program, self.folder = program, pathlib.Path(folder)
        self.repeats = max(2, trials // CELLS)
        self.env = dict(os.environ, XDG_DATA_HOME=str(self.folder / "data"), MIA_LLAMA_FAKE="1",
                        MIA_PERF_FAKE_WORKER=str(pathlib.Path(program).with_name("mia-worker-fake")))
        threads = ",".join(str(n) for n in range(1, CELLS + 1))
        (self.folder / "journal.yaml").write_text(SCENARIO % (threads, self.repeats))

    def run(self, *more, stop_after=None):
        """From each trial's beginning to the next one's: seconds, and those that the coordinator computed."""
        process = subprocess.Popen([self.program, "run", "journal.yaml", *more], cwd=self.folder, env=self.env, text=True,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        begun = []
        for line in process.stderr:
            if line.startswith("["):
                computed_ns = int(pathlib.Path(f"/proc/{process.pid}/schedstat").read_text().split()[0])
                begun.append((time.monotonic(), computed_ns / 1e9))
                if len(begun) == stop_after:
                    process.send_signal(signal.SIGINT)
        process.wait()
        return [(after[0] - before[0], after[1] - before[1]) for before, after in zip(begun, begun[1:])]

    def fill(self, missing):
        """All trials of the plan but the last `missing`, as copies of the first round."""
        database = sqlite3.connect(self.folder / "data" / "mia-perf" / "store.sqlite")
        database.execute("pragma foreign_keys = on")
        (session,), = database.execute("select num from session")
        rows = database.execute("select * from trial where session = ? and repeat = 0 and outcome = 'ok' order by position",
                                (session,)).fetchall()
        database.execute("delete from trial where session = ? and not (repeat = 0 and outcome = 'ok')", (session,))
        names = [column[1] for column in database.execute("pragma table_info(trial)")]
        num = max(row[0] for row in rows)
        position = len(rows)
        for repeat in range(1, self.repeats):
            for row in rows:
                if position >= CELLS * self.repeats - missing:
                    break
                num += 1
                copy = dict(zip(names, row), num=num, id=f"copy-{position}", repeat=repeat, position=position)
                database.execute(f"insert into trial ({','.join(names)}) values ({','.join('?' * len(names))})",
                                 [copy[name] for name in names])
                (text,), = database.execute("select json from trial_json where trial = ?", (row[0],))
                trial = dict(json.loads(text), id=copy["id"], repeat=repeat, position=position)
                database.execute("insert into trial_json values (?, ?)", (num, json.dumps(trial, separators=(",", ":"))))
                database.execute("insert into trial_value select ?, metric, value from trial_value where trial = ?",
                                 (num, row[0]))
                database.execute("insert into run select ?, n, warm_up, prompt_tokens, tokens_out, prefill_ns, token_ns"
                                 " from run where trial = ?", (num, row[0]))
                position += 1
        database.commit()
        database.close()

    def report(self):
        seconds = []
        for _ in range(3):
            began = time.monotonic()
            subprocess.run([self.program, "report", "last"], cwd=self.folder, env=self.env, check=True,
                           stdout=subprocess.DEVNULL)
            seconds.append(time.monotonic() - began)
        return min(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default="build/dev/bin/mia-perf")
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--last", type=int, default=40, help="trials at the end that are measured")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(str(pathlib.Path(arguments.program).resolve()), folder, arguments.trials)
        first = bench.run(stop_after=CELLS + 2)
        bench.fill(arguments.last)
        last = bench.run("--resume")
        result = {"trials": CELLS * bench.repeats, "report_s": bench.report()}
        for when, trials in (("first", first), ("last", last)):
            wall, computed = zip(*trials)
            result[when] = {"median_ms": 1000 * statistics.median(wall), "computed_ms": 1000 * statistics.mean(computed)}
    if arguments.json:
        print(json.dumps(result))
    else:
        print(f"a session of {result['trials']} trials; its report is printed in {result['report_s']:.2f} s")
        for when in ("first", "last"):
            print("from trial to trial, {}: {median_ms:.1f} ms, of which the coordinator computes {computed_ms:.2f} ms"
                  .format(when, **result[when]))


if __name__ == "__main__":
    main()
