#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks sizes (functions 60 lines, files 500, headers 200), silenced checks without a reason, leftovers and paths of
one machine in the tracked files. Exit 1 names each."""
import argparse
import pathlib
import re
import subprocess
import sys

LEFTOVER = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
SILENCED = re.compile(r"NOLINT\S*(?P<reason>.*)$|GTEST_SKIP\(\)(?P<skip>.*)$")
MACHINE = re.compile(r"(^|[^\w./])/(work|farm|root)/")


def tracked(root, patterns):
    out = subprocess.run(["git", "ls-files", "-z", "--", *patterns], cwd=root, capture_output=True, check=True).stdout
    return [root / name for name in out.decode().split("\0") if name and (root / name).exists()]


def sizes(files):
    for path in files:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        limit = 200 if path.suffix == ".h" and "src" in path.parts else 500
        if lines > limit:
            yield f"{path}: {lines} lines, at most {limit}"


def functions(files):
    if not files:
        return
    out = subprocess.run(
        ["ctags", "-x", "--kinds-C++=f", "--fields=+ne", "--_xformat=%{line} %{end} %{input} %{name}", *map(str, files)],
        capture_output=True, text=True, check=True).stdout
    for line in out.splitlines():
        first, last, path, name = line.split(" ", 3)
        if last.isdigit() and int(last) - int(first) + 1 > 60:
            yield f"{path}:{first}: {name} has {int(last) - int(first) + 1} lines, at most 60"


def texts(files):
    for path in files:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(lines, 1):
            if LEFTOVER.search(line):
                yield f"{path}:{number}: leftover: {line.strip()[:80]}"
            if MACHINE.search(line):
                yield f"{path}:{number}: path of one machine: {line.strip()[:80]}"
            silenced = SILENCED.search(line) if path.suffix in (".h", ".cc") and "NOLINTEND" not in line else None
            if silenced and len(re.sub(r"\([^)]*\)|[:\s]", "", silenced.group("reason") or silenced.group("skip") or "")) < 3:
                yield f"{path}:{number}: silenced without a reason beside it"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path("."))
    root = parser.parse_args().root
    code = tracked(root, ["*.h", "*.cc", "*.py"])
    cpp = [path for path in code if path.suffix != ".py"]
    found = [*sizes(code), *functions([p for p in cpp if "src" in p.parts]),
             *texts(tracked(root, ["src", "tests", "bench", "*.md", "dev", "configs", "scenarios"]))]
    print("\n".join(found) if found else "limits: good")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
