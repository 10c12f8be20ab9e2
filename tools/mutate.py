#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Puts deliberate bugs into a copy of the tree, one at a time, and sees whether the unit tests notice.

Each entry of the list names a file, a text that stands in it once, what to write instead, and the test program that must go
red. Exit 1: more survived than --most-survivors allows. Exit 2: an entry does not fit the sources, or the tests are red
without any bug.
"""
import argparse
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
TEST_TIMEOUT_S = 300


def copy_tree(to):
    """Tracked files and new ones that git does not ignore; unchanged files keep their time, so little is built again."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, check=True).stdout.decode().split("\0")
    kept = set()
    for name in filter(None, listed):
        source, target = ROOT / name, to / name
        if not source.is_file():
            continue
        kept.add(target)
        if target.exists() and target.read_bytes() == source.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    for path in list(to.rglob("*")):
        if path.is_file() and path not in kept and to / "build" not in path.parents:
            path.unlink()


def misfits(entries, tree):
    for number, entry in enumerate(entries, 1):
        path = tree / entry["file"]
        found = path.read_text(encoding="utf-8").count(entry["find"]) if path.exists() else 0
        if found != 1:
            yield f"entry {number} ({entry['why']}): its text stands {found} times in {entry['file']}"
        if entry["find"] == entry["replace"]:
            yield f"entry {number} ({entry['why']}): changes nothing"


def run(command, cwd, timeout=None):
    try:
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return None


class Tree:
    def __init__(self, path, options):
        self.path, self.jobs, self.under = path, options.jobs, shlex.split(options.under)

    def configure(self):
        done = run(["cmake", "--preset", "dev", "-DMIA_WERROR=OFF"], self.path)
        if done.returncode != 0:
            sys.exit(f"mutate.py: cannot configure the copy\n{done.stderr}")

    def build(self, targets):
        return run(["cmake", "--build", "--preset", "dev", "-j", str(self.jobs), "--target", *targets], self.path)

    def test(self, target):
        """None: green. Else the first test that failed, or how the program ended."""
        program = str(self.path / "build/dev/bin" / target)
        done = run([*self.under, program, "--gtest_fail_fast", "--gtest_brief=1"], self.path, TEST_TIMEOUT_S)
        if done is None:
            return "timed out"
        if done.returncode == 0:
            return None
        for line in done.stdout.splitlines():
            if line.startswith("[  FAILED  ] ") and "." in line:
                return line.split()[3].rstrip(",")
        return f"ended with {done.returncode}"

    def verdict(self, entry):
        """(caught | survived | does not build, by what)"""
        path = self.path / entry["file"]
        before = path.read_text(encoding="utf-8")
        path.write_text(before.replace(entry["find"], entry["replace"]), encoding="utf-8")
        try:
            built = self.build([entry["target"]])
            if built.returncode != 0:
                return "does not build", next((line for line in built.stdout.splitlines() if "error:" in line), "")
            failed = self.test(entry["target"])
            return ("caught", failed) if failed else ("survived", "")
        finally:
            path.write_text(before, encoding="utf-8")


def markdown(results):
    rooms = {}
    for entry, verdict, _ in results:
        room = entry["file"].split("/")[1]
        caught, total = rooms.get(room, (0, 0))
        rooms[room] = (caught + (verdict == "caught"), total + 1)
    lines = ["# Deliberate bugs", "",
             "`./dev mutate` puts each bug of `tests/mutations.json` into a copy of the sources and runs the unit tests of its room.",
             "A survivor is a gap in the tests. Made by that command; not written by hand.", "",
             "| room | bugs | caught |", "| --- | ---: | ---: |"]
    lines += [f"| {room} | {total} | {caught} |" for room, (caught, total) in sorted(rooms.items())]
    caught, total = (sum(column) for column in zip(*rooms.values()))
    lines += [f"| all | {total} | {caught} ({100 * caught / total:.1f} %) |", "",
              "| file | bug | verdict | first test that went red |", "| --- | --- | --- | --- |"]
    lines += [f"| {entry['file'][4:]} | {entry['why']} | {verdict} | {by} |" for entry, verdict, by in results]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", type=pathlib.Path, default=ROOT / "tests/mutations.json")
    parser.add_argument("--tree", type=pathlib.Path, default=ROOT / "build/mutants", help="where the copy lies")
    parser.add_argument("--only", default="", help="entries whose file or reason contains this")
    parser.add_argument("--out", type=pathlib.Path, help="write the table here (Markdown)")
    parser.add_argument("--most-survivors", type=float, default=0.05, help="share of the entries")
    parser.add_argument("--under", default="", help="run the test programs under this command: 'nice -n 10'")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    entries = [entry for entry in json.loads(options.list.read_text())
               if options.only in entry["file"] or options.only in entry["why"]]
    if not entries:
        parser.error(f"no entry contains '{options.only}'")
    options.tree.mkdir(parents=True, exist_ok=True)
    copy_tree(options.tree)
    wrong = list(misfits(entries, options.tree))
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        return 2
    tree = Tree(options.tree, options)
    tree.configure()
    targets = sorted({entry["target"] for entry in entries})
    built = tree.build(targets)
    red = {target: tree.test(target) for target in targets} if built.returncode == 0 else {"build": built.stdout[-2000:]}
    if any(red.values()):
        print(f"mutate.py: not green without a bug: {red}", file=sys.stderr)
        return 2
    results = []
    for number, entry in enumerate(entries, 1):
        began = time.monotonic()
        verdict, by = tree.verdict(entry)
        results.append((entry, verdict, by))
        print(f"[{number}/{len(entries)}] {verdict:8} {entry['file']}: {entry['why']} ({by}; {time.monotonic() - began:.0f} s)",
              flush=True)
    caught = sum(verdict == "caught" for _, verdict, _ in results)
    print(f"{caught} of {len(results)} caught ({100 * caught / len(results):.1f} %)")
    if options.out:
        options.out.write_text(markdown(results))
    if any(verdict == "does not build" for _, verdict, _ in results):
        return 2
    return 1 if len(results) - caught > options.most_survivors * len(results) else 0


if __name__ == "__main__":
    sys.exit(main())
