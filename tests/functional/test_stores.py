# SPDX-License-Identifier: MIT
"""A store that cannot be used costs the history and exit code 5, never the measurement or its report."""
import json
import os
import pathlib
import resource
import shutil
import signal
import sqlite3
import subprocess
import unittest

from support import BIN, Case, wait_for


class Broken(Case):
    def setUp(self):
        super().setUp()
        self.script()
        self.store = self.dir / "store.sqlite"

    def assert_one_sentence(self, *args, words=(), trials=3, **options):
        process = subprocess.run([str(BIN / "mia-perf"), "run", "--repeats", "3", "--store", str(self.store), *args],
                                 cwd=self.dir, env=self.env, capture_output=True, text=True, check=False, **options)
        self.assertEqual(process.returncode, 5, process.stdout + process.stderr)
        said = [line for line in process.stderr.splitlines() if "store" in line]
        self.assertTrue(said, process.stderr)
        for word in words:
            self.assertIn(word, said[-1])
        self.assertEqual(len(self.report()["trials"]), trials)
        self.assertTrue(self.report()["complete"])

    def filled(self):
        self.mia("run", "--repeats", "2", "--store", str(self.store))
        shutil.rmtree(self.dir / "reports")

    def assert_unreadable(self, *words):
        """The verbs that only read: one sentence and exit 5."""
        for verb in (["history", "list"], ["report", "last"], ["history", "trend", "load_ms"], ["gate", "last"]):
            _, err = self.mia(*verb, "--store", str(self.store), code=5)
            self.assertEqual(len(err.strip().splitlines()), 1, err)
            for word in ("store.sqlite", *words):
                self.assertIn(word, err)

    def test_what_cannot_be_read_is_said_by_every_verb(self):
        self.filled()
        with sqlite3.connect(self.store) as db:
            db.execute("pragma user_version = 99")
        db.close()
        self.assert_unreadable("99")
        self.store.write_bytes(b"a letter, not a database" * 100)
        self.assert_unreadable("not an SQLite database")
        self.assertEqual(self.store.read_bytes(), b"a letter, not a database" * 100, "left as it was")

    def test_read_only(self):
        self.filled()
        before = self.store.read_bytes()

        def as_nobody():
            os.setgid(65534)
            os.setuid(65534)

        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        if any(not folder.stat().st_mode & 0o001 for folder in BIN.resolve().parents):
            self.skipTest(f"another user cannot reach {BIN}")
        for name in (".", "store.sqlite"):
            os.chmod(self.dir / name, 0o555)
        (self.dir / "reports").mkdir()
        os.chmod(self.dir / "reports", 0o777)
        os.chmod(self.dir / "script.json", 0o644)
        del self.env["MIA_FAKE_COUNTER"]
        for name in ("-wal", "-shm"):
            pathlib.Path(str(self.store) + name).unlink(missing_ok=True)
        self.assert_one_sentence(words=["store.sqlite"], preexec_fn=as_nobody)
        self.assertEqual(self.store.read_bytes(), before)
        os.chmod(self.dir, 0o755)

    def test_truncated(self):
        self.filled()
        for name in ("-wal", "-shm"):
            pathlib.Path(str(self.store) + name).unlink(missing_ok=True)
        size = self.store.stat().st_size
        os.truncate(self.store, size // 2 // 4096 * 4096 - 1000)
        self.assert_one_sentence(words=["store.sqlite"])

    def test_newer_version(self):
        self.filled()
        with sqlite3.connect(self.store) as db:
            db.execute("pragma user_version = 99")
        db.close()
        self.assert_one_sentence(words=["99"])

    def test_a_place_that_cannot_be_written(self):
        self.store = pathlib.Path("/proc/mia-perf/store.sqlite")
        self.assert_one_sentence(words=["/proc/mia-perf"])

    def test_full_in_the_middle(self):
        # No file may grow beyond this: the report stays below it, the store's log does not.
        def small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (600 * 1024, 600 * 1024))

        self.assert_one_sentence("--axis", "n_threads=1,2,3,4,5,6,7,8,9,10", words=["store.sqlite"], trials=30,
                                 preexec_fn=small_files, restore_signals=False)

    def test_two_tools_on_one_store(self):
        first = self.start("run", "--repeats", "10", "--store", str(self.store))
        second = self.start("run", "--repeats", "10", "--store", str(self.store), "-o", "other")
        for process in (first, second):
            out, err = self.end_of(process)
            self.assertEqual(process.returncode, 0, out + err)
        sessions = self.mia_json("history", "list", "--store", str(self.store))
        self.assertEqual([s["trials"] for s in sessions], [10, 10])

    def test_a_killed_session_has_its_report_in_the_store(self):
        self.script(rules=[{"when_trial": [3], "faults": [{"phase": "generate", "kind": "hang"}]}])
        process = self.start("run", "--repeats", "5", "--store", str(self.store))
        self.assertTrue(wait_for(lambda: (self.dir / "reports/perf_cpu_baseline.json").exists()
                                 and len(self.report()["trials"]) == 2))
        process.kill()
        process.communicate()
        report = self.mia_json("report", "last", "--store", str(self.store))
        self.assertEqual(len(report["trials"]), 2)
        self.assertFalse(report["complete"])
        self.assert_no_orphans()


class Comparisons(Broken):
    """A store costs a comparison its place in the history, never its verdict."""

    def setUp(self):
        super().setUp()
        self.script(noise={"run": 0.01, "trial": 0.005}, scale={"n_threads": {"1": 1.05}})

    def assert_verdict_stands(self, *words, **options):
        for sides, code, verdict in ((("base", "base"), 5, "same"), (("set:n_threads=2", "set:n_threads=1"), 1, "slower")):
            process = subprocess.run([str(BIN / "mia-perf"), "compare", *sides, "--store", str(self.store)], cwd=self.dir,
                                     env=self.env, capture_output=True, text=True, timeout=60, check=False, **options)
            self.assertEqual(process.returncode, code, process.stdout + process.stderr)
            said = [line for line in process.stderr.splitlines() if "store" in line]
            self.assertIn(len(said), (1, 2), "before measuring where it is known then, and at the end\n" + process.stderr)
            for word in words:
                self.assertTrue(all(word in line for line in said), said)
            document = json.loads((self.dir / "reports" / "compare.json").read_text())
            self.assertEqual((document["verdict"], document["complete"]), (verdict, True))

    def test_what_cannot_be_opened(self):
        self.store.write_bytes(b"a letter, not a database" * 100)
        self.assert_verdict_stands("not an SQLite database")
        self.store.unlink()
        self.filled()
        with sqlite3.connect(self.store) as db:
            db.execute("pragma user_version = 99")
        db.close()
        self.assert_verdict_stands("99")

    def test_a_place_that_cannot_be_written(self):
        self.store = pathlib.Path("/proc/mia-perf/store.sqlite")
        self.assert_verdict_stands("/proc/mia-perf")

    def test_full(self):
        self.filled()
        # A reader of an earlier state holds the log back, so that what comes next is appended to it.
        writer, reader = sqlite3.connect(self.store), sqlite3.connect(self.store)
        self.addCleanup(writer.close)
        self.addCleanup(reader.close)
        reader.execute("begin")
        reader.execute("select count(*) from session").fetchone()
        writer.execute("pragma wal_autocheckpoint = 0")
        writer.execute("update session set title = ?", ("x" * 2_000_000,))
        writer.commit()
        limit = pathlib.Path(f"{self.store}-wal").stat().st_size  # far above the report

        def small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        self.assert_verdict_stands("store.sqlite", preexec_fn=small_files, restore_signals=False)

    def test_read_only(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        if any(not folder.stat().st_mode & 0o001 for folder in BIN.resolve().parents):
            self.skipTest(f"another user cannot reach {BIN}")
        self.filled()
        for name in ("-wal", "-shm"):
            pathlib.Path(str(self.store) + name).unlink(missing_ok=True)
        before = self.store.read_bytes()
        (self.dir / "reports").mkdir()
        for name, mode in ((".", 0o555), ("store.sqlite", 0o444), ("reports", 0o777), ("script.json", 0o644)):
            os.chmod(self.dir / name, mode)
        self.addCleanup(os.chmod, self.dir, 0o755)
        del self.env["MIA_FAKE_COUNTER"]

        def as_nobody():
            os.setgid(65534)
            os.setuid(65534)

        self.assert_verdict_stands("store.sqlite", preexec_fn=as_nobody)
        self.assertEqual(self.store.read_bytes(), before)

    def test_an_older_store_learns_to_keep_them(self):
        self.filled()
        with sqlite3.connect(self.store) as db:
            db.execute("drop table comparison")
            db.execute("pragma user_version = 2")
        db.close()
        self.mia("compare", "base", "base", "--store", str(self.store))
        kinds = [entry["kind"] for entry in self.mia_json("history", "--store", str(self.store))]
        self.assertEqual(kinds, ["comparison", "session"])


if __name__ == "__main__":
    unittest.main()
