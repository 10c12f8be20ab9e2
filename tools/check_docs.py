#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the documents: README within 90 lines, relative links lead somewhere, ./dev verbs exist, and the registry is
the one that the program prints (where it is built). Exit 1 names each problem."""
import argparse
import pathlib
import re
import subprocess
import sys

LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")


def problems(root, program):
    lines = (root / "README.md").read_text(encoding="utf-8").splitlines()
    if len(lines) > 90:
        yield f"README.md: {len(lines)} lines, at most 90"
    dev = (root / "dev").read_text(encoding="utf-8")
    documents = [root / "README.md", root / "CONTRIBUTING.md", root / "CHANGELOG.md", *sorted((root / "docs").rglob("*.md"))]
    for path in documents:
        text = path.read_text(encoding="utf-8")
        for target in LINK.findall(text):
            if not (path.parent / target).exists():
                yield f"{path}: link to {target}, which is not there"
        for verb in re.findall(r"\./dev ([a-z]+)", text):
            if verb != "help" and f"cmd_{verb}()" not in dev:
                yield f"{path}: ./dev {verb} does not exist"
    if program.exists():
        printed = subprocess.run([program, "config", "list", "--markdown"], capture_output=True, text=True, check=True).stdout
        if printed != (root / "docs/config-registry.md").read_text(encoding="utf-8"):
            yield "docs/config-registry.md: differs from mia-perf config list --markdown"
        printed = subprocess.run([program, "config", "list", "--scenario-schema"], capture_output=True, text=True, check=True).stdout
        if printed != (root / "schemas/scenario-v1.schema.json").read_text(encoding="utf-8"):
            yield "schemas/scenario-v1.schema.json: differs from mia-perf config list --scenario-schema"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path("."))
    parser.add_argument("--program", type=pathlib.Path, default=pathlib.Path("build/dev/bin/mia-perf"))
    arguments = parser.parse_args()
    found = list(problems(arguments.root, arguments.program))
    print("\n".join(found) if found else "documents: good")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
