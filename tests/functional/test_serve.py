# SPDX-License-Identifier: MIT
"""`mia-perf serve`: pages over the store, what runs now, and who may ask. Nothing here waits for a time, only for what is seen."""
import base64
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import sqlite3
import subprocess
import unittest
import urllib.parse

from browser import CHROMIUM, Tab
from support import BIN, ROOT, Case, wait_for
from test_html import HOSTILE, Browsing, Page

HANG = {"rules": [{"when_trial": 3, "faults": [{"phase": "generate", "kind": "hang"}]}]}


class Served(Browsing):
    def serve(self, *args):
        self.server = self.start("serve", "--port", "0", *args)
        self.addCleanup(self.server.communicate)
        self.addCleanup(self.server.kill)
        self.url = self.server.stdout.readline().strip()
        self.assertTrue(self.url.startswith("http://"), self.url)
        parts = urllib.parse.urlsplit(self.url)
        self.port = parts.port
        return parts

    def ask(self, path, method="GET", **headers):
        """Status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        self.addCleanup(connection.close)
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()

    def page(self, path, status=200):
        found, headers, body = self.ask(path)
        self.assertEqual((found, headers["Content-Type"]), (status, "text/html; charset=utf-8"), body[-500:])
        return Page(body)

    def api(self, path, status=200):
        found, headers, body = self.ask(path)
        self.assertEqual((found, headers["Content-Type"]), (status, "application/json"), body)
        return json.loads(body)

    def valid(self, path):
        """The answer, which fits the schema."""
        out = self.dir / "answer.json"
        out.write_text(json.dumps(self.api(path)))
        done = subprocess.run(["python3", str(ROOT / "tests/schema/validate.py"), "--schema",
                               str(ROOT / "schemas/serve-v1.schema.json"), str(out)], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return json.loads(out.read_text())

    def begin(self):
        """A session that hangs in its third trial."""
        self.script(**HANG)
        session = self.start("run", "--repeats", "5")
        self.addCleanup(session.communicate)
        self.addCleanup(session.kill)
        return session


class Pages(Served):
    def test_sessions_are_listed_found_and_shown_as_their_html_report(self):
        self.script(token_ms=10)
        self.mia("run", "baseline", "--repeats", "3")
        report = self.report()
        id = report["session"]
        self.serve()
        self.assertIn(id, self.page("/").text)
        for words, is_found in ((id[:8], True), (report["models"][0]["id"].upper(), True), ("baseline FAKE", True),
                                (report["started"][:10], True), ("no-such-model", False), ("baseline nothing", False)):
            self.assertEqual(id in self.page("/?q=" + urllib.parse.quote(words)).text, is_found, words)
        out = self.dir / "page.html"
        self.mia("report", id, "--format", "html", "-o", str(out))
        shown, alone = self.page("/result/" + id), Page(out.read_text())
        self.assertEqual([figure["caption"] for figure in shown.figures], [figure["caption"] for figure in alone.figures])
        self.assertIn(report["sentence"], shown.text)
        self.assertEqual(self.api("/api/result/" + id)["content_hash"], report["content_hash"])
        self.assertEqual([row["id"] for row in self.valid("/api/sessions")["sessions"]], [id])
        self.assertIn("over time", self.page("/trend").text)
        self.assertEqual(self.valid("/api/trend?metric=load_ms")["metric"], "load_ms")
        self.assertIn("cores", self.page("/machine").text)
        self.page("/result/nothing", 404)
        self.page("/trend?metric=nothing", 400)
        self.assertIn("nothing", self.api("/api/result/nothing", 404)["error"])
        self.page("/favicon.ico", 404)

    def test_sessions_stand_side_by_side(self):
        self.script(token_ms=10)
        self.mia("run", "baseline", "--repeats", "2")
        first = self.report()["session"]
        self.script(token_ms=20)
        self.mia("run", "baseline", "--repeats", "2")
        second = self.report()["session"]
        self.serve()
        page = self.page(f"/compare?ids={first}&ids={second}")
        self.assertIn(first, page.text)
        self.assertIn(second, page.text)
        self.assertIn("A tok/s", page.text)
        self.assertIn("B tok/s", page.text)
        self.page("/compare", 400)
        self.page("/compare?ids=" + ",".join([first] * 9), 400)

    def test_a_comparison_has_its_page(self):
        self.script(noise={"run": 0.01, "trial": 0.005}, scale={"n_threads": {"1": 1.05}})
        self.end_of(self.start("compare", "base", "set:n_threads=2", "--max-epochs", "5"))  # whatever the verdict
        self.serve()
        row, = self.api("/api/sessions")["sessions"]
        self.assertEqual(row["kind"], "comparison")
        self.assertIn("B against A", "".join(figure["caption"] for figure in self.page("/result/" + row["id"]).figures))
        self.page("/compare?ids=" + row["id"], 400)

    def test_what_the_store_lacks_is_said_on_the_page(self):
        self.serve()
        self.assertIn("there is no store", self.page("/").text)
        self.assertEqual(self.api("/api/running")["running"], [])
        self.assertFalse((self.dir / "data/mia-perf/store.sqlite").exists(), "a server makes no store")
        self.script()
        self.mia("run", "baseline", "--repeats", "1")
        store = self.dir / "data/mia-perf/store.sqlite"
        self.assertIn("baseline", self.page("/").text)
        before = store.read_bytes()
        self.page("/trend")
        self.assertEqual(store.read_bytes(), before, "a server writes nothing")
        with sqlite3.connect(store) as db:
            db.execute("pragma user_version = 99")
        db.close()
        self.assertIn("99", self.page("/", 503).text)
        with sqlite3.connect(store) as db:
            db.execute("pragma user_version = 1")
        db.close()
        self.assertIn("older", self.page("/", 503).text)
        store.write_bytes(b"this is no database" * 1000)
        for path in ("/", "/trend", "/result/last"):
            self.assertIn("store.sqlite", self.page(path, 503).text)
        self.assertIn("store.sqlite", self.api("/api/sessions", 503)["error"])
        for make in (os.mkfifo, os.mkdir):
            store.unlink()
            make(store)
            self.assertIn("is no file, so no store", self.page("/", 503).text)

    def test_hostile_names_stay_text(self):
        self.script()
        self.mia("run", "baseline", "--repeats", "2")
        store = self.dir / "data/mia-perf/store.sqlite"
        evil = HOSTILE[:2000]
        with sqlite3.connect(store) as db:
            db.execute("update session set scenario = ?, models_json = ?", (evil, json.dumps([{"id": evil}])))
            db.execute("update session set id = ?", ("\"><img src=x>/../?#%00",))
        db.close()
        self.serve()
        _, _, body = self.ask("/")
        for part in ("<img", "\u202e", "\u2028", "\x1b"):
            self.assertNotIn(part, body)
        page = Page(body)
        self.assertIn("</script><script>document.title='bad'", page.text)
        link, = [to for to in page.links if to.startswith("/result/")]
        self.assertEqual(self.ask(link)[0], 200)
        shown, console, _ = self.open(self.url)
        self.assertIn("</script><script>document.title='bad'", Page(shown).text)
        self.assertNotIn("img", Page(shown).tags)
        self.assertEqual([line for line in console if "favicon" not in line], [])


class Export(Browsing):
    def setUp(self):
        super().setUp()
        self.script(token_ms=10)
        self.mia("run", "baseline", "--repeats", "2")
        self.site = self.dir / "site"

    def test_a_folder_of_pages_whose_links_lead_to_them(self):
        session = self.report()["session"]
        committed = next((ROOT / "docs/results/h200").glob("perf_gpu_smoke.json*"))
        out, _ = self.mia("export", "last", str(committed), "-o", str(self.site))
        self.assertEqual(out.strip(), str(self.site / "index.html"))
        index = Page((self.site / "index.html").read_text())
        self.assertEqual(len(index.links), 2)
        self.assertIn(f"{session}.html", index.links)
        for link in index.links:
            page = Page((self.site / link).read_text())
            self.assertEqual(page.links, ["index.html"])
            self.assertTrue(page.figures)
        self.assertIn(self.report()["sentence"], index.text)
        shown, console, asked = self.open((self.site / index.links[0]).resolve().as_uri())
        self.assertEqual((console, asked), ([], []))

    def test_only_its_own_files_are_replaced(self):
        self.mia("export", "last", "-o", str(self.site))
        first = set(self.site.iterdir())
        self.script(token_ms=20)
        self.mia("run", "baseline", "--repeats", "1")
        self.mia("export", "last", "-o", str(self.site))
        self.assertEqual(len(set(self.site.iterdir()) - first), 1)
        self.assertEqual(len(list(self.site.iterdir())), 3, "the page that was left out is gone")
        (self.site / "notes.txt").write_text("mine")
        before = {path: path.read_bytes() for path in self.site.iterdir()}
        _, err = self.mia("export", "last", "-o", str(self.site), code=2)
        self.assertIn("notes.txt", err)
        self.assertEqual({path: path.read_bytes() for path in self.site.iterdir()}, before)

    def test_what_cannot_be_found_leaves_nothing(self):
        _, err = self.mia("export", "last", "nothing", "-o", str(self.site), code=2)
        self.assertIn("nothing", err)
        self.assertFalse(self.site.exists())


class Live(Served):
    def test_what_runs_is_seen_while_it_runs(self):
        self.serve()
        stream = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        self.addCleanup(stream.close)
        stream.request("GET", "/events")
        events = stream.getresponse()
        self.assertEqual(events.headers["Content-Type"], "text/event-stream")

        def until(condition):
            """The first JSON of the stream that the condition holds for."""
            while line := events.readline().decode():
                if line.startswith("data: {"):
                    running = json.loads(line[6:])["running"]
                    if condition(running):
                        return running
            return self.fail("the stream ended")

        until(lambda running: running == [])
        session = self.begin()
        one, = until(lambda running: running and running[0]["figures"] and "3/5" in running[0]["doing"])
        self.assertEqual(one["trials"], 2)
        self.assertEqual((one["verb"], one["what"], one["pid"], one["planned"]), ("run", "baseline", session.pid, 5))
        self.assertAlmostEqual(one["figures"][0]["tokens_per_s"], self.report()["tokens_per_s"], delta=1e-6)
        self.assertIn("baseline", one["doing"])
        self.valid("/api/running")
        self.assertIn("3/5", self.page("/").text)
        self.assertIn(one["session"], self.page("/").text)
        session.kill()
        until(lambda running: running == [])
        self.assertIn("running", self.api("/api/sessions")["sessions"][0]["state"])

    def test_the_page_lives(self):
        if CHROMIUM is None:
            self.skipTest("no chromium is installed: ./dev setup")
        self.serve()
        tab = Tab(self.dir, self.env)
        self.addCleanup(tab.close)
        tab.call("Page.navigate", url=self.url)
        live = lambda: tab.evaluate("document.getElementById('live')?.innerText") or ""
        self.assertTrue(wait_for(lambda: "Nothing is measured" in live()))
        session = self.begin()
        self.assertTrue(wait_for(lambda: "[3/5]" in live() and "cell so far" in live()), live())
        session.kill()
        self.assertTrue(wait_for(lambda: "Nothing is measured" in live()))
        self.assertEqual(tab.complaints(), [])
        self.assertTrue(tab.requests() and all(url.startswith(self.url) for url in tab.requests()), tab.requests())

    def test_other_processes_files_are_not_trusted(self):
        folder = self.dir / "data/mia-perf/running"
        folder.mkdir(parents=True)
        os.mkfifo(folder / "1.json")
        (folder / "2.json").symlink_to("/dev/zero")
        (folder / "3.json").write_text(json.dumps({"pid": 3, "doing": "dead"}))
        self.serve()
        self.assertEqual(self.api("/api/running")["running"], [])


class Doors(Served):
    def test_only_addresses_of_this_machine_are_answered(self):
        self.serve()
        for host in ("evil.example", f"evil.example:{self.port}", "127.0.0.1.evil.example", "10.0.0.5", "", "localhost@evil"):
            self.assertEqual(self.ask("/", Host=host)[0], 403, host)
        for host in ("localhost", f"127.0.0.1:{self.port}", "[::1]:1"):
            self.assertEqual(self.ask("/", Host=host)[0], 200, host)
        for raw in (b"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n"):
            self.assertIn(b" 403 ", self.raw(raw))

    def raw(self, request):
        with socket.create_connection(("127.0.0.1", self.port), timeout=300) as connection:
            try:
                connection.sendall(request)
                answer = b""
                while part := connection.recv(65536):
                    answer += part
            except ConnectionError:
                pass
            return answer

    def test_requests_are_bounded_and_only_read(self):
        self.serve()
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            status, headers, _ = self.ask("/", method=method)
            self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD"), method)
        status, headers, body = self.ask("/", method="HEAD")
        self.assertEqual((status, body), (200, ""))
        self.assertGreater(int(headers["Content-Length"]), 1000)
        self.assertIn(b" 431 ", self.raw(b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        self.assertIn(b" 431 ", self.raw(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 9000 + b"\r\n\r\n"))
        self.assertIn(b" 400 ", self.raw(b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello"))
        self.raw(b"\x16\x03\x01 not http \r\n\r\n")
        self.assertEqual(self.ask("/%00")[0], 400)
        held = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(100)]
        self.addCleanup(lambda: [one.close() for one in held])
        status = pathlib.Path(f"/proc/{self.server.pid}/status").read_text()
        self.assertLess(int(re.search(r"VmRSS:\s+(\d+)", status)[1]), 128 * 1024)
        for one in held:
            one.close()
        self.assertTrue(wait_for(lambda: self.works()))

    def works(self):
        try:
            return self.ask("/")[0] == 200
        except OSError:
            return False

    def test_answers_say_what_a_page_may_do(self):
        self.serve()
        _, headers, _ = self.ask("/")
        policy = headers["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertIn("frame-ancestors 'none'", policy)
        self.assertNotIn("unsafe", policy)
        self.assertEqual((headers["X-Content-Type-Options"], headers["Set-Cookie"], headers["Access-Control-Allow-Origin"]),
                         ("nosniff", None, None))

    def test_beyond_this_machine_a_token_is_needed(self):
        parts = self.serve("--listen", "0.0.0.0")
        self.assertRegex(parts.password, "^[0-9a-f]{32}$")
        self.assertEqual(self.ask("/")[0], 401)
        self.assertEqual(self.ask("/events")[0], 401)
        self.assertEqual(self.ask("/", Authorization="Bearer " + parts.password[:-1])[0], 401)
        self.assertEqual(self.ask("/", Authorization="Bearer " + parts.password)[0], 200)
        user = base64.b64encode(f"mia:{parts.password}".encode()).decode()
        self.assertEqual(self.ask("/", Authorization="Basic " + user)[0], 200)
        self.assertEqual(self.ask("/", Authorization="Basic " + user, Host="rebound.example")[0], 403)

    def test_a_port_that_is_taken_is_one_sentence(self):
        self.serve()
        _, err = self.mia("serve", "--port", str(self.port), code=2)
        self.assertEqual(len(err.strip().splitlines()), 1, err)
        self.assertIn(f"port {self.port}: another program has it", err)
        _, err = self.mia("serve", "--listen", "somewhere", code=2)
        self.assertIn("no address", err)

    def test_an_address_that_nobody_learns_ends_it(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([str(BIN / "mia-perf"), "serve", "--port", "0"], cwd=self.dir, env=self.env, stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=300, check=False)
        self.assertEqual(done.returncode, 5)
        self.assertIn("No space left on device", done.stderr)

    def test_signals_end_it(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 0)):
            self.serve()
            listener = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
            listener.request("GET", "/events")
            listener.getresponse()
            self.server.send_signal(number)
            self.end_of(self.server)
            self.assertEqual(self.server.returncode, code)
            listener.close()

    def test_a_killed_server_loses_nothing(self):
        session = self.begin()
        self.serve()
        self.assertTrue(wait_for(lambda: any(one["trials"] == 2 for one in self.api("/api/running")["running"])))
        self.server.kill()
        self.server.wait()
        session.send_signal(signal.SIGINT)
        self.end_of(session)
        self.mia("run", "--repeats", "5", "--resume")
        self.assertTrue(self.mia_json("report", "last")["complete"])


if __name__ == "__main__":
    unittest.main()
