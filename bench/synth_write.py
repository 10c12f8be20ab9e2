#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How fast `mia-perf synth` writes, against dd copying the same number of bytes from a prepared buffer in memory to the
same disk. Both take the file's room at once (fallocate), write into it and end when the data is on the disk (fdatasync). In
pairs of coin-tossed order, from a disk without other writes; prints the median of the pairs' ratios and the largest memory of
the writer."""
import argparse
import json
import os
import pathlib
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time


def timed(argv):
    begin = time.monotonic()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default="build/dev/bin/mia-perf")
    parser.add_argument("--dir", default=".", help="folder on the disk that is measured")
    parser.add_argument("--preset", default="llama-3.2-1b")
    parser.add_argument("--quant", default="F16")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    program = str(pathlib.Path(arguments.program).resolve())
    with tempfile.TemporaryDirectory(dir=arguments.dir) as folder, tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
        ours, theirs = pathlib.Path(folder, "synth.gguf"), pathlib.Path(folder, "dd.gguf")
        synth = [program, "-q", "synth", arguments.preset, "--quant", arguments.quant, "-o", str(ours), "--force"]
        timed(synth)
        size = ours.stat().st_size
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
        if shutil.disk_usage(memory).free < size + (1 << 30):
            sys.exit(f"/dev/shm has no room for a buffer of {size} bytes; choose a smaller --preset or --quant")
        buffer = pathlib.Path(memory, "buffer")
        shutil.copyfile(ours, buffer)
        copy = ["sh", "-c", f"fallocate -l {size} '{theirs}' && dd if='{buffer}' of='{theirs}' bs=8M conv=notrunc,fdatasync"]
        times = {"synth": [], "dd": []}
        coin = random.Random(1)
        for _ in range(arguments.pairs):
            for name in coin.sample(["synth", "dd"], 2):
                for path in (ours, theirs):
                    path.unlink(missing_ok=True)
                os.sync()
                times[name].append(timed(synth if name == "synth" else copy))
    rates = {name: size / statistics.median(seconds) for name, seconds in times.items()}
    ratios = [theirs / ours for ours, theirs in zip(times["synth"], times["dd"])]
    result = {"bytes": size, "pairs": arguments.pairs, "synth_b_s": rates["synth"], "dd_b_s": rates["dd"],
              "ratio": statistics.median(ratios), "ratios": ratios, "peak_rss_bytes": peak, "seconds": times}
    if arguments.json:
        print(json.dumps(result))
    else:
        print(f"synth {rates['synth'] / 1e9:.2f} GB/s, dd {rates['dd'] / 1e9:.2f} GB/s: {100 * result['ratio']:.0f} %, "
              f"pairs from {100 * min(ratios):.0f} to {100 * max(ratios):.0f} %; {size / 2**30:.2f} GiB, "
              f"{arguments.pairs} pairs; the writer held {peak / 2**20:.0f} MiB at most")


if __name__ == "__main__":
    main()
