#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes docs/pictures/*.svg anew: single pictures of committed reports, drawn by the program's own page in chromium."""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/functional"))
from browser import Tab  # noqa: E402

# Name of the file, report, beginning of the figure's title.
PICTURES = (
    ("gpu-layers", "docs/results/h200/perf_gpu_smoke.json", "tok/s over n_gpu_layers"),
    ("threads-and-batch", "docs/results/h200/perf_probe.json", "tok/s over n_threads and n_batch"),
)
WIDTH = 760


def style():
    """The page's colours, and its font, for a picture that stands alone."""
    css = (ROOT / "src/document/page/page.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", css, re.S)[:2]
    squeeze = lambda text: re.sub(r"\s+", " ", text).strip()
    return (f":root {{ {squeeze(light)} }} @media (prefers-color-scheme: dark) {{ :root {{ {squeeze(dark)} }} }} "
            "svg { background: var(--paper); color: var(--ink); font: 12px system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; "
            "--plot-background: var(--paper); }")


def standalone(svg):
    svg = re.sub(r' data-[a-z]+="[^"]*"', "", svg)
    svg = re.sub(r"<style>.*?</style>", "", svg, flags=re.S)
    svg = re.sub(r"(\d+\.\d\d)\d+", r"\1", svg)
    # On the page what stands out over the edge is seen.
    svg = re.sub(r'height="(\d+)" viewBox="0 0 (\d+) \d+"',
                 lambda at: f'height="{int(at[1]) + 8}" viewBox="0 0 {at[2]} {int(at[1]) + 8}"', svg, count=1)
    return svg.replace(">", f"><style>{style()}</style>", 1) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/dev/bin/mia-perf")
    program = parser.parse_args().program
    out = ROOT / "docs/pictures"
    out.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = pathlib.Path(folder)
        tab = Tab(home, dict(os.environ))
        try:
            tab.call("Emulation.setDeviceMetricsOverride", width=WIDTH, height=600, deviceScaleFactor=1, mobile=False)
            for name, report, title in PICTURES:
                page = home / f"{name}.html"
                path = next(ROOT.glob(report + "*"))
                subprocess.run([program, "report", path, "--format", "html", "-o", page], check=True, capture_output=True)
                tab.call("Page.navigate", url=page.as_uri())
                svg = None
                while svg is None:
                    svg = tab.evaluate(
                        "document.documentElement.dataset.ready && new XMLSerializer().serializeToString([...document."
                        f"querySelectorAll('figure')].find(one => one.innerText.startsWith({title!r})).querySelector('svg'))")
                (out / f"{name}.svg").write_text(standalone(svg), encoding="utf-8")
                print(out / f"{name}.svg")
        finally:
            tab.close()


if __name__ == "__main__":
    main()
