# SPDX-License-Identifier: MIT
"""Sections of tools/bench.py that need no model: what the memory gives by mia-perf and by tools of Debian's that count the
same bytes, and how large a store may become."""
import json
import os
import random
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time

# The kernel of likwid-bench that does what ours of this name does: loads alone, of this width.
LOADS = {"avx512": "load_avx512", "avx2": "load_avx", "plain": "load"}
STORED = 100_000
SESSION = 10_000  # the most that a plan may have


def say(text):
    print(text, file=sys.stderr, flush=True)


class MachineSections:
    # --- the memory, against others -----------------------------------------------------------------------------------
    def in_pairs(self, name, ours, theirs, pairs):
        """Ratios of ours to theirs in coin-tossed order."""
        coin, ratios = random.Random(self.options.seed), []
        for pair in range(pairs):
            say(f"{name}: pair {pair + 1} of {pairs}")
            values = {arm: (ours if arm == "ours" else theirs)() for arm in coin.sample(("ours", "theirs"), 2)}
            ratios.append(values["ours"] / values["theirs"])
            say(f"  ours {values['ours']:.2f}, theirs {values['theirs']:.2f}, ratio {ratios[-1]:.4f}")
        return ratios

    def bandwidth(self):
        """Medians of passes against means, as these tools give them; what a roofline takes is the best pass."""
        rows = self.by_threads()
        if shutil.which("likwid-bench"):
            for row in rows:
                self.against_likwid(row["threads"], row["bytes"], LOADS[row["kernel"]])
        if shutil.which("mbw"):
            self.against_mbw(rows[0]["bytes"])
        if not shutil.which("likwid-bench") and not shutil.which("mbw"):
            say("neither likwid-bench nor mbw is here: apt-get install likwid mbw")

    def by_threads(self):
        return self.mia("roofline", "--seconds", "1")["by_threads"]

    def against_likwid(self, threads, size, kernel):
        best = []

        def ours():
            row = next(row for row in self.by_threads() if row["threads"] == threads)
            best.append(row["gb_s"] / row["median_gb_s"])
            return row["median_gb_s"]

        def theirs():
            out = subprocess.run(["likwid-bench", "-t", kernel, "-W", f"N:{size // 1024}kB:{threads}"], capture_output=True,
                                 text=True, check=True)
            return float(re.search(r"MByte/s:\s+([0-9.]+)", out.stdout).group(1)) / 1e3

        ratios = self.in_pairs(f"reads by {threads} threads", ours, theirs, 11)
        self.row(f"reads by {threads} threads over likwid-bench's", statistics.median(ratios), "", "0.9 to 1.1",
                 f"{kernel}, {size >> 20} MiB, {len(ratios)} pairs from {min(ratios):.3f} to {max(ratios):.3f}; our best pass is "
                 f"{100 * statistics.median(best) - 100:.1f} % above our median")

    def against_mbw(self, size):
        """mbw's MEMCPY counts each byte once, though it is read and written; our copy by memcpy counts alike."""
        program = self.bin / "host_bench"
        if not program.exists():
            say("no host_bench: cmake --preset dev -DMIA_BUILD_BENCH=ON, or ./dev bench bandwidth")
            return
        copied = []

        def ours():
            out = subprocess.run([program, "--benchmark_filter=copy_memory", "--benchmark_format=json"], capture_output=True,
                                 text=True, check=True)
            return json.loads(out.stdout)["benchmarks"][0]["bytes_per_second"] / 1e9

        def theirs():
            out = subprocess.run(["mbw", "-q", "-t0", "-n", "20", str(size >> 20)], capture_output=True, text=True, check=True)
            copied.append(float(re.search(r"AVG.*Copy:\s+([0-9.]+) MiB/s", out.stdout).group(1)) * (1 << 20) / 1e9)
            return copied[-1]

        ratios = self.in_pairs("copies by one thread", ours, theirs, 11)
        self.row("copies by one thread over mbw's", statistics.median(ratios), "", "0.9 to 1.1",
                 f"memcpy of {size >> 20} MiB, {len(ratios)} pairs from {min(ratios):.3f} to {max(ratios):.3f}")
        read = self.by_threads()[0]["median_gb_s"]
        self.row("mbw's bytes, read and written, over reads", 2 * statistics.median(copied) / read, "", "none",
                 f"one thread: 2 x {statistics.median(copied):.2f} GB/s moved by memcpy, {read:.2f} GB/s read")

    # --- a large store ------------------------------------------------------------------------------------------------
    def store(self):
        program = self.bin / "store_bench"
        if program.exists():
            out = subprocess.run([program, "--benchmark_filter=^add_trial/64/", "--benchmark_format=json"], capture_output=True,
                                 text=True, check=True)
            rate = json.loads(out.stdout)["benchmarks"][0]["items_per_second"]
            self.row("trials that the store takes", rate, "1/s", ">= 2000", "64 tokens each, one committed after the other")
        else:
            say("no store_bench: cmake --preset dev -DMIA_BUILD_BENCH=ON, or ./dev bench store")
        path, session = self.large_store()
        at = ["--store", str(path)]
        self.wall(f"trend of {STORED} stored trials", "<= 1000", "history", "trend", "tokens_per_s", *at)
        self.wall(f"gate beside {STORED} stored trials", "<= 100", "gate", session, *at)
        self.wall(f"report beside {STORED} stored trials", "<= 1000", "report", session, *at)
        self.wall(f"report of one session of {SESSION} trials", "<= 1000", "report", "last", *at)
        path.unlink()

    def wall(self, what, goal, *args):
        times = []
        for _ in range(5):
            begin = time.perf_counter()
            done = subprocess.run([self.bin / "mia-perf", *args], cwd=self.dir, env=self.fake_env(), capture_output=True, text=True,
                                  check=False)
            times.append(1e3 * (time.perf_counter() - begin))
            if done.returncode not in (0, 1, 3):  # a gate may find what it likes
                raise SystemExit(f"mia-perf {' '.join(args)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
        self.row(what, statistics.median(times), "ms", goal, f"median of {len(times)} calls of the program")

    def fake_env(self):
        script = self.dir / "virtual.json"
        script.write_text(json.dumps({"token_ms": 10, "prefill_ms": 50, "noise": {"seed": 1, "trial": 0.01}}))
        return {**os.environ, "MIA_LLAMA_FAKE": "1", "MIA_FAKE_SCRIPT": str(script),
                "MIA_PERF_FAKE_WORKER": str(self.bin / "mia-worker-fake")}

    def large_store(self):
        """Sessions of scripted times, the last one accepted, and copies of one of them; its path and the accepted session."""
        path = self.dir / "large.sqlite"
        for _ in range(6):
            self.mia("run", "smoke", "--store", str(path), env=self.fake_env())
        session = self.mia("history", "list", "--store", str(path))[0]["session"]
        self.mia("accept", session, "--reason", "bench", "--store", str(path))
        with sqlite3.connect(path) as db:
            multiply(db, session)
            count = db.execute("select count(*) from trial").fetchone()[0]
        db.close()
        say(f"a store of {count} trials, {path.stat().st_size >> 20} MiB")
        return path, session


def columns(db, table, without):
    return ", ".join(row[1] for row in db.execute(f"pragma table_info({table})") if row[1] not in without)


def multiply(db, session):
    """New sessions of SESSION trials each, made of this one's, until there are STORED trials."""
    number, = db.execute("select num from session where id = ?", (session,)).fetchone()
    own = [row[0] for row in db.execute("select num from trial where session = ?", (number,))]
    rest = {name: columns(db, name, without) for name, without in
            (("session", ("num", "id", "started")), ("trial", ("num", "session", "id")), ("trial_value", ("trial",)),
             ("trial_json", ("trial",)), ("run", ("trial",)))}
    next_num = db.execute("select max(num) from trial").fetchone()[0] + 1
    for copy in range(STORED // SESSION):
        db.execute(f"insert into session (id, started, {rest['session']}) select id || '-' || ?, substr(started, 1, 10) ||"
                   f" 'T23:59:' || ? || 'Z', {rest['session']} from session where num = ?", (copy, 10 + copy, number))
        new_session = db.execute("select last_insert_rowid()").fetchone()[0]
        for n in range(SESSION):
            old = own[n % len(own)]
            db.execute(f"insert into trial (num, session, id, {rest['trial']}) select ?, ?, id || '-' || ?, {rest['trial']}"
                       " from trial where num = ?", (next_num, new_session, n, old))
            for table in ("trial_value", "trial_json", "run"):
                db.execute(f"insert into {table} (trial, {rest[table]}) select ?, {rest[table]} from {table} where trial = ?",
                           (next_num, old))
            next_num += 1
