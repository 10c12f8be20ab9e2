# SPDX-License-Identifier: MIT
"""HTML reports in a real browser (Debian's chromium): what is drawn is what the JSON says, nothing leaves the page."""
import html.parser
import json
import subprocess
import unittest

from browser import CHROMIUM
from support import BIN, ROOT, Case

DRAWS = "d3js.org" in (BIN / "mia-perf").read_bytes().decode("latin-1")
HOSTILE = "</script><script>document.title='bad'</script>\"'><img src=x onerror=alert(1)>\u202egpj\u2028\x1b[31m" + "x" * 1_000_000


class Page(html.parser.HTMLParser):
    """The drawn page: per figure its caption, elements by class of mark, and all text."""

    def __init__(self, text):
        super().__init__()
        self.figures, self.text, self.tags, self.ready = [], "", [], None
        self.marks, self.links = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append(tag)
        if tag == "html":
            self.ready = attrs.get("data-ready")
        elif tag == "a":
            self.links.append(attrs.get("href", ""))
        elif tag == "figure":
            self.figures.append({"caption": "", "marks": {}, "svg": False})
            self.marks = []
        elif tag == "svg" and self.figures:
            self.figures[-1]["svg"] = True
        elif tag == "g":
            self.marks.append(attrs.get("class", ""))
        elif self.marks and "data-x" in attrs:
            point = {key[5:]: value for key, value in attrs.items() if key.startswith("data-")}
            self.figures[-1]["marks"].setdefault(self.marks[-1], []).append(point)

    def handle_endtag(self, tag):
        if tag == "g" and self.marks:
            self.marks.pop()

    def handle_data(self, data):
        if self.lasttag == "figcaption" and self.figures:
            self.figures[-1]["caption"] += data.strip()
        if self.lasttag not in ("script", "style"):
            self.text += data

    def figure(self, start):
        return next(figure for figure in self.figures if figure["caption"].startswith(start))


class Browsing(Case):
    def open(self, url):
        """What the browser shows, and what it logged. Nothing that it wants for itself leaves the machine."""
        if CHROMIUM is None:
            self.skipTest("no chromium is installed: ./dev setup")
        log = self.dir / "net.json"
        done = subprocess.run(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
             "--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", f"--user-data-dir={self.dir / 'profile'}",
             f"--log-net-log={log}", "--enable-logging=stderr", "--dump-dom", url],
            capture_output=True, text=True, timeout=300, check=True, env={**self.env, "HOME": str(self.dir)})
        console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        events = [event.get("params", {}) for event in json.loads(log.read_text())["events"]]
        # The page's own requests have its origin ("null" for a file), the browser's "not an origin".
        asked = [at["url"] for at in events if at.get("url") and at.get("initiator", "not an origin") != "not an origin"]
        return done.stdout, console, asked


class Html(Browsing):
    def browse(self, path):
        """The page after its script ran: quiet on the console, and alone."""
        shown, console, asked = self.open(path.resolve().as_uri())
        self.assertEqual((console, asked), ([], []))
        return Page(shown)

    def page_of(self, path):
        out = self.dir / "page.html"
        self.mia("report", str(path), "--format", "html", "-o", str(out), "--allow-edited")
        return self.browse(out)

    def drawn(self):
        if not DRAWS:
            self.skipTest("this build has no chart library: configure again with a network")

    def test_run_writes_the_page_and_its_points_are_those_of_the_report(self):
        self.drawn()
        self.script(token_ms=[10, 20], prefill_ms=100)
        _, err = self.mia("run", "baseline", "--repeats", "5", "--html")
        self.assertIn("perf_cpu_baseline.html", err)
        report = self.report()
        page = self.browse(self.dir / "reports" / "perf_cpu_baseline.html")
        self.assertIsNotNone(page.ready)
        self.assertTrue(all(figure["svg"] for figure in page.figures))
        cells = page.figure("Cells")["marks"]
        self.assertEqual(len(cells["intervals"]), 1)
        cell = report["cells"][0]
        self.assertAlmostEqual(float(cells["intervals"][0]["x"]), report["tokens_per_s"], delta=1e-5 * report["tokens_per_s"])
        self.assertEqual(cells["intervals"][0]["y"], cell["key"])
        self.assertEqual(len(cells["dots"]), 5)
        ends = [at for run in report["trials"][0]["runs"] if not run["warm_up"] for at in run["token_ns"]]
        self.assertEqual(len(page.figure("One run")["marks"]["dots"]), len(ends) - 1)
        self.assertEqual(len(page.figure("Trials in")["marks"]["dots"]), 5)
        self.assertEqual(page.text.count(report["sentence"]), 1)
        self.assertLess((self.dir / "reports" / "perf_cpu_baseline.html").stat().st_size, 1_000_000)

    def test_a_page_that_asked_for_something_would_be_seen(self):
        path = self.dir / "leak.html"
        path.write_text('<img src="http://127.0.0.1:9/x.png"><script>console.error("seen")</script>')
        _, console, asked = self.open(path.resolve().as_uri())
        self.assertEqual(asked, ["http://127.0.0.1:9/x.png"])
        self.assertTrue(any("seen" in line for line in console))

    def test_two_axes_are_a_map_with_every_cell(self):
        self.drawn()
        self.script(token_ms=10)
        self.mia("run", "cpu-tuning", "--axis", "n_threads=1,2", "--axis", "n_batch=32,64,128", "--repeats", "1", "--html")
        path = next((self.dir / "reports").glob("*.json"))
        report = json.loads(path.read_text())
        marks = self.page_of(path).figure("tok/s over n_threads and n_batch")["marks"]["cells"]
        self.assertEqual(len(marks), len(report["cells"]))
        values = sorted(cell["metrics"]["tokens_per_s"]["value"] for cell in report["cells"])
        for shown, value in zip(sorted(float(mark["value"]) for mark in marks), values, strict=True):
            self.assertAlmostEqual(shown, value, delta=1e-5 * value)

    def test_committed_reports_are_drawn(self):
        self.drawn()
        captions = {
            "h200/perf_gpu_smoke.json": ("tok/s over n_gpu_layers", "GPU memory", "Decode speed, and what memory"),
            "h200/perf_probe.json": ("tok/s over n_threads and n_batch", "Decode speed over the depth", "From the start"),
            "h200/perf_decompose.json": ("Where a token's time goes", "Inter-token latency: how often"),
            "h200/compare_10_12.json": ("B against A", "The interval, epoch by epoch", "Pair by pair"),
        }
        for name, wanted in captions.items():
            path = next((ROOT / "docs/results").glob(name + "*"))
            page = self.page_of(path)
            self.assertTrue(page.figures and all(figure["svg"] for figure in page.figures), name)
            for caption in wanted:
                page.figure(caption)

    def test_disturbed_trials_are_marked_with_their_reason(self):
        self.drawn()
        path = next((ROOT / "docs/results/h200").glob("perf_gpu_smoke.json*"))
        marked = self.page_of(path).figure("Cells")["marks"]["dots marked"]
        self.assertEqual([("memory bandwidth went from" in mark["marked"]) for mark in marked], [True])

    def test_hostile_names_stay_text(self):
        self.script(token_ms=10)
        self.mia("run", "baseline", "--repeats", "5")
        report = self.report()
        cell = report["cells"][0]
        for place in (report, report["models"][0], report["runtimes"][0], cell):
            for key, value in place.items():
                if isinstance(value, str) and key in ("scenario", "title", "sentence", "display_name", "version", "name"):
                    place[key] = HOSTILE
        report["findings"] = [{"id": "x", "severity": "warning", "text": HOSTILE, "evidence": {HOSTILE: HOSTILE}}]
        for trial in report["trials"]:
            trial["conditions"]["voided_by"] = [HOSTILE]
        path = self.dir / "hostile.json"
        path.write_text(json.dumps(report))
        page = self.page_of(path)
        raw = (self.dir / "page.html").read_text()
        self.assertLess(len(raw), 1_000_000)
        for part in ("<img", "\u202e", "\u2028", "\x1b"):
            self.assertNotIn(part, raw.split("<script>/*!")[0])
        self.assertNotIn("img", page.tags)
        self.assertEqual(page.tags.count("script"), 2 if DRAWS else 0)
        self.assertIn("</script><script>document.title='bad'", page.text)

    def test_without_javascript_sentences_and_tables_are_there(self):
        path = next((ROOT / "docs/results/h200").glob("perf_gpu_smoke.json*"))
        self.page_of(path)
        page = Page((self.dir / "page.html").read_text())  # before its script runs: what is there without one
        self.assertNotIn("svg", page.tags)
        self.assertIn("Use n_gpu_layers=auto: 19.52 times", page.text)
        self.assertIn("261.79 [251.67, 263.07]", page.text)
        self.assertGreater(page.tags.count("table"), 5)

    def test_ten_thousand_trials_are_thinned_and_it_says_so(self):
        self.drawn()
        self.script(token_ms=10)
        self.mia("run", "baseline", "--repeats", "5")
        report = self.report()
        trial = report["trials"][0]
        report["trials"] = [dict(trial, id=f"t{i}", position=i, repeat=i) for i in range(10_000)]
        path = self.dir / "many.json"
        path.write_text(json.dumps(report))
        page = self.page_of(path)
        self.assertLess((self.dir / "page.html").stat().st_size, 3_000_000)
        drawn = len(page.figure("Cells")["marks"]["dots"])
        self.assertLessEqual(drawn, 1500)
        self.assertIn(f"{drawn} of 10000 trials are drawn", page.text)

    def test_a_page_that_cannot_be_written_is_an_error(self):
        self.script(token_ms=10)
        self.mia("run", "baseline", "--repeats", "1")
        _, err = self.mia("report", "last", "--format", "html", "-o", "/proc/nothing/page.html", code=2)
        self.assertIn("/proc/nothing", err)


if __name__ == "__main__":
    unittest.main()
