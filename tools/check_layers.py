#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that every include in src/ is on the allow-list of docs/architecture.md. Exit 1 names each that is not."""
import argparse
import pathlib
import re
import sys

ROOMS = {
    "base": "",
    "record": "base stats",
    "config": "base record",
    "stats": "base",
    "proto": "base record",
    "proc": "base",
    "client": "base record proto proc",
    "host": "base record stats",
    "model": "base record config proc",
    "runtime": "base record proto proc client",
    "measure": "base record config stats proto proc client host model",
    "store": "base record",
    "imports": "base record store",
    "judge": "base record config stats",
    "document": "base record",
    "report": "base record document",
    "app": "base record config stats proto proc client host model runtime measure store imports judge document report",
    "serve": "base record store document report app",
    "cli": "base record config stats proto proc client host model runtime measure store imports judge document report app serve",
    "worker": "base record proto stats",
}
LIBRARIES = {
    "yaml-cpp/": ("config",),
    "soci": ("store",),
    "sqlite3": ("store",),
    "uv.h": ("proc",),
    "hwloc": ("host",),
    "CLI/": ("cli",),
    "boost/math": ("stats",),
    "boost/asio": ("serve",),
    "boost/beast": ("serve",),
    "boost/": ("stats", "serve"),
    "spdlog/": ("base",),
    "xxhash": ("base", "model"),
    "zlib": ("report",),
    "llama": ("worker/llama",),
    "ggml": ("worker/llama",),
    "curl/": ("worker/server",),
}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def problems(src):
    for path in sorted(src.rglob("*")):
        if path.suffix not in (".h", ".cc"):
            continue
        inside = path.relative_to(src)
        room = inside.parts[0]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            kind, name = match.groups()
            where = f"{path}:{number}"
            if room not in ROOMS:
                yield f"{where}: room '{room}' is not known"
            elif kind == '"' and "/" in name and name.split("/")[0] in ROOMS:
                other = name.split("/")[0]
                if other != room and other not in ROOMS[room].split():
                    yield f"{where}: {room} may not include {other}"
            elif kind == "<":
                for prefix, owners in LIBRARIES.items():
                    if name.startswith(prefix) and not any(str(inside).startswith(o + "/") for o in owners):
                        yield f"{where}: <{name}> belongs to {', '.join(owners)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--src", type=pathlib.Path, default=pathlib.Path("src"))
    found = list(problems(parser.parse_args().src))
    print("\n".join(found) if found else "layers: good")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
