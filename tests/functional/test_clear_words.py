# SPDX-License-Identifier: MIT
"""What a person reads: one clear sentence for what is wrong, a caveat where one is due, and nothing a terminal obeys."""
import json
import os
import pathlib
import pty
import resource
import signal
import subprocess
import unittest

from support import BIN, Case, die_with_the_test, wait_for


class Words(Case):
    def error(self, *args, code=2):
        """stderr, which must be one line with our prefix."""
        _, err = self.mia(*args, code=code)
        lines = err.strip().splitlines()
        self.assertEqual(len(lines), 1, err)
        self.assertTrue(lines[0].startswith("mia-perf: error: "), err)
        return lines[0]

    def on_terminal(self, *args, answer=None, until=None):
        """The program with stdin and stderr on a terminal of its own; its exit code and what it wrote there."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen([str(BIN / "mia-perf"), *args], cwd=self.dir, env=self.env, stdin=theirs,
                                   stdout=subprocess.PIPE, stderr=theirs, text=True, preexec_fn=die_with_the_test)
        os.close(theirs)
        self.addCleanup(process.kill)
        seen = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            seen += piece
            if answer is not None and b"[y/N]" in seen:
                os.write(ours, answer.encode())
                answer = None
            if until is not None and until in seen:
                process.send_signal(signal.SIGINT)
                until = None
        self.end_of(process)
        os.close(ours)
        return process.returncode, seen.decode(errors="replace")


class TypedWords(Words):
    def test_unknown_verbs_and_options_name_the_nearest(self):
        for args, words in (
                (["rnu"], ["no verb 'rnu'", "did you mean 'run'?"]),
                (["modle", "list"], ["no verb 'modle'", "'model'"]),
                (["model", "lsit"], ["mia-perf model has no verb 'lsit'", "'list'"]),
                (["run", "--repeat", "3"], ["mia-perf run has no option '--repeat'", "'--repeats'"]),
                (["run", "--quite"], ["no option '--quite'", "'--quiet'"]),
                (["run", "baseline", "twice"], ["mia-perf run takes no further word 'twice'"]),
                (["run", "--repeats", "many"], ["--repeats", "many"]),
                (["model"], ["needs one of list, get, show"]),
                (["model", "get"], ["id is required", "mia-perf model get --help"]),
                (["report", "last", "--format", "pdf"], ["--format", "pdf"])):
            err = self.error(*args)
            for word in words:
                self.assertIn(word, err, args)

    def test_axes_that_contradict_something_are_refused(self):
        for args, words in (
                (["--axis", "n_threads=1", "--axis", "n_threads=2"], ["n_threads=2", "has an axis already"]),
                (["--axis", "n_threads=1,2", "--set", "n_threads=4"], ["n_threads=1,2", "fixes that key"]),
                (["long-context", "--axis", "max_tokens=8,16"], ["workload.max_tokens", "workloads of long-context"]),
                (["decompose", "--axis", "stream=true,false"], ["workload.stream", "workloads of decompose"]),
                (["--axis", "n_gpu_layers=-5%"], ["-5%", "0% to 100%"]),
                (["--axis", "n_gpu_layers=101%"], ["101%", "0% to 100%"]),
                (["--resume", "--no-store"], ["--resume", "--no-store"])):
            err = self.error("run", *args, "--dry-run")
            for word in words:
                self.assertIn(word, err, args)

    def test_a_comparison_is_told_from_a_report(self):
        (self.dir / "compare.json").write_text('{"kind": "comparison", "schema": 1, "sentence": "B is faster"}')
        for args in (["gate", "compare.json"], ["accept", "compare.json"], ["report", "before-after", "compare.json", "last"]):
            err = self.error(*args)
            self.assertIn("a comparison, not a report", err)
            self.assertIn("B is faster", err)
        self.assertIn("comparison: 'verdict' is missing", self.error("report", "compare.json"))

    def test_a_setting_says_what_it_takes(self):
        self.assertIn("must be an integer from 1 to 1024 or auto, not 'many'", self.error("run", "--set", "n_threads=many"))

    def test_paths_that_lead_nowhere_name_their_neighbours(self):
        self.script()
        self.mia("run", "--repeats", "1")
        (self.dir / "prompt.txt").write_text("hello")
        (self.dir / "mine.yaml").write_text("title: mine\n")
        (self.dir / "old.jsonl").write_text("{}\n")
        near = "did you mean 'reports/perf_cpu_baseline.json'?"
        for args, words in (
                (["report", "reports/perf_cpu_baselin.json"], near),
                (["gate", "reports/perf_cpu_baselin.json"], near),
                (["gate", "last", "--against", "reports/perf_cpu_baselin.json"], near),
                (["accept", "reports/perf_cpu_baselin.json"], near),
                (["report", "nowhere/x.json"], "there is no folder 'nowhere' either"),
                (["report", "reports"], "perf_cpu_baseline.json"),
                (["report", "zzz"], "neither a report file nor a session 'zzz'"),
                (["run", "--set", "workload.prompt_file=promt.txt"], "did you mean 'prompt.txt'?"),
                (["run", "quant-compare", "-m", "a", "-m", "b", "--set", "run.quality_file=promt.txt"], "'prompt.txt'"),
                (["run", "mnie.yaml"], "did you mean 'mine.yaml'?"),
                (["config", "check", "mnie.yaml"], "did you mean 'mine.yaml'?"),
                (["import", "odl.jsonl"], "did you mean 'old.jsonl'?")):
            self.assertIn(words, self.error(*args), args)

    def test_models_that_lead_nowhere_name_their_neighbours(self):
        self.mia("synth", "tiny", "--quant", "F16", "-o", "there.gguf")
        self.env.pop("MIA_LLAMA_FAKE")
        self.assertIn("did you mean './there.gguf'?", self.error("model", "show", "./ther.gguf"))
        self.assertIn("did you mean 'there.gguf'?", self.error("roofline", "-m", "ther.gguf"))

    def test_a_damaged_report_is_no_library_text(self):
        self.script()
        self.mia("run", "--repeats", "1")
        path = self.dir / "reports/perf_cpu_baseline.json"
        path.write_text(path.read_text()[:200])
        err = self.error("report", str(path))
        self.assertIn("not valid JSON (line ", err)
        self.assertIn("mia-perf report SESSION", err)
        self.assertNotIn("json.exception", err)


class Sentences(Words):
    def test_failed_trials_are_in_the_closing_sentence(self):
        self.script(rules=[{"when_trial": 1, "faults": [{"phase": "generate", "kind": "signal"}]}])
        out, _ = self.mia("run", "--repeats", "3")
        self.assertTrue(self.report()["sentence"].endswith("1 of 3 trials failed."), self.report()["sentence"])
        self.assertIn("1 of 3 trials failed.", " ".join(out.split()))
        self.assertIn("1 of 3 trials failed.", (self.dir / "reports/perf_cpu_baseline.md").read_text())

    def test_an_unfinished_run_says_so(self):
        self.script(rules=[{"when_trial": 2, "faults": [{"phase": "generate", "kind": "hang"}]}])
        process = self.start("run", "--repeats", "3")
        self.assertTrue(wait_for(lambda: (self.dir / "reports/perf_cpu_baseline.json").exists()))  # of the first trial
        process.send_signal(signal.SIGINT)
        self.end_of(process)
        self.assertIn("The run did not finish.", self.report()["sentence"])

    def test_when_nothing_could_be_measured_the_cause_is_said_once(self):
        self.script(faults=[{"phase": "load", "kind": "refuse", "text": "no such tensor", "nth": 0}])
        out, _ = self.mia("run", "--repeats", "3", code=4)
        self.assertEqual(out.count("no such tensor"), 1, out)
        self.assertIn("Nothing could be measured: refused in load: no such tensor.", " ".join(out.split()))
        self.assertNotIn("median", out.replace("medians", ""))
        page = (self.dir / "reports/perf_cpu_baseline.md").read_text()
        self.assertEqual(page.count("no such tensor"), 1, page)

    def test_a_cause_is_noted_once(self):
        self.script(faults=[{"phase": "load", "kind": "exit", "code": 7, "nth": 0}])
        out, err = self.mia("run", "--repeats", "3", code=4)
        self.assertEqual(err.count("exit code 7"), 1, err)
        self.assertIn("failed again, in the same way", err)
        self.assertEqual(out.count("exit code 7"), 1, out)

    def test_the_configurations_limit_is_not_the_workloads(self):
        self.script()
        report = self.mia_json("run", "--repeats", "1", "--set", "workload.max_tokens=32")
        self.assertEqual((report["cfg_max_output_tokens"], report["tokens_out"]), (1024, 32))
        report = self.mia_json("run", "--repeats", "1", "--set", "llm.primary.max_output_tokens=48")
        self.assertEqual((report["cfg_max_output_tokens"], report["tokens_out"]), (48, 48))


class Progress(Words):
    """A load of many seconds: something must be seen to go on."""
    def slow_load(self, seconds):
        self.script(faults=[{"phase": "load", "kind": "slow", "seconds": seconds, "nth": 0}])
        return ["run", "--repeats", "1", "--set", "run.timeout_s=120"]

    def test_a_terminal_shows_the_phase_and_its_time(self):
        code, seen = self.on_terminal(*self.slow_load(60), until=b"loading the model, 2 s")
        self.assertIn("[1/1] baseline repeat 1: loading the model, 1 s", seen)
        self.assertEqual(code, 130)

    def test_elsewhere_a_line_comes_now_and_then(self):
        _, err = self.mia(*self.slow_load(13))
        self.assertRegex(err, r"loading the model, 1[0-2] s\n")
        self.assertLess(len(err.splitlines()), 8, err)
        _, err = self.mia("-q", *self.slow_load(0.1))
        self.assertEqual(err, "")


class Synthetic(Words):
    def setUp(self):
        super().setUp()
        (self.dir / "configs").mkdir()
        (self.dir / "configs/base.yaml").write_text(
            "models:\n  - id: small\n    source: synth:tiny:Q4_0\n    file: small.gguf\n"
            "  - id: large\n    source: synth:llama-3.2-1b:F32\n    file: large.gguf\n")
        self.models = self.dir / "data/mia-perf/models"

    def test_what_is_written_is_said_first(self):
        out, err = self.mia("model", "get", "small")
        self.assertRegex(err, r"'small' is synthetic.*random weights.* [KM]iB will be written to '.*small\.gguf'")
        self.assertTrue(pathlib.Path(out.strip()).is_file())
        self.assertNotIn("synthetic", self.mia("model", "get", "small")[1])

    def test_much_of_it_needs_a_yes(self):
        _, err = self.mia("model", "get", "large", code=2)
        self.assertIn("'large' is synthetic", err)
        self.assertRegex(err, r"error: writing .* GiB .*--yes")
        self.assertFalse(self.models.exists())

    def test_a_terminal_is_asked(self):
        for answer in ("n\n", "\n"):
            code, seen = self.on_terminal("model", "get", "large", answer=answer)
            self.assertEqual(code, 2, seen)
            self.assertIn("nothing was written", seen)
        self.assertFalse(self.models.exists())

    def test_the_list_tells_them_apart(self):
        self.mia("model", "get", "small")
        listed = {entry["id"]: entry for entry in self.mia_json("model", "list")}
        self.assertIs(listed["small"]["synthetic"], True)
        self.assertIs(listed["large"]["synthetic"], True)
        self.assertGreater(listed["large"]["bytes_to_come"], 4 << 30)
        self.assertIs(listed["smollm2-135m"]["synthetic"], False)
        self.assertIsNone(listed["smollm2-135m"]["bytes_to_come"])
        out, _ = self.mia("model", "list")
        self.assertRegex(out, r"large +synthetic +would be [0-9.]+ GiB +mia-perf model get large")


class ControlCharacters(Words):
    EVIL = "a\x1b[2J\nb\x07\x9bc"

    def assert_clean(self, text):
        for bad in "\x1b\x07\x9b\r":
            self.assertNotIn(bad, text)

    def test_names_of_files_and_models(self):
        folder = self.dir / "data/mia-perf/models"
        folder.mkdir(parents=True)
        self.mia("synth", "tiny", "--quant", "F16", "-o", "t.gguf")
        path = folder / (self.EVIL + ".gguf")
        path.write_bytes((self.dir / "t.gguf").read_bytes())
        for args in (["model", "list"], ["model", "show", str(path)]):
            out, err = self.mia(*args)
            self.assert_clean(out + err)
            self.assertIn("a\\x1b[2J b\\x07\\u{9b}c", out)
        self.script()
        out, err = self.mia("run", "--repeats", "1", "-m", str(path))
        self.assert_clean(out + err)
        self.assert_clean((self.dir / "reports/perf_cpu_baseline.md").read_text())

    def test_error_sentences(self):
        self.script()
        for args in (["model", "show", "./" + self.EVIL], ["report", self.EVIL + ".json"], ["run", self.EVIL],
                     ["run", "--set", self.EVIL + "=1"], [self.EVIL], ["run", "--" + self.EVIL],
                     ["runtime", "add", "./" + self.EVIL], ["import", self.EVIL], ["config", "check", self.EVIL]):
            self.assert_clean(self.error(*args))

    def test_words_of_a_worker(self):
        self.script(faults=[{"phase": "load", "kind": "refuse", "text": self.EVIL, "nth": 0}])
        out, err = self.mia("run", "--repeats", "1", code=4)
        self.assert_clean(out + err)
        self.assert_clean((self.dir / "reports/perf_cpu_baseline.md").read_text())


class Runtimes(Words):
    def setUp(self):
        super().setUp()
        self.env.pop("MIA_LLAMA_FAKE")
        self.folder = self.dir / "data/mia-perf/runtimes/mine"
        self.folder.mkdir(parents=True)

    def test_a_corrupt_record_is_one_sentence_with_its_cure(self):
        (self.folder / "runtime.json").write_text('{"name": "mine", ')
        for err in (self.mia("runtime", "list")[1], self.error("runtime", "check", "mine"), self.error("run", "--runtime", "mine")):
            self.assertIn("mine/runtime.json", err)
            self.assertIn("not valid JSON (column 18)", err)
            self.assertIn("mia-perf runtime remove mine", err)
            self.assertNotIn("parse_error", err)

    def test_a_library_that_moved_is_missing(self):
        (self.folder / "worker").write_text("#!/bin/sh\n")
        (self.folder / "worker").chmod(0o755)
        prefix = self.dir / "llama"
        (self.folder / "runtime.json").write_text(json.dumps(
            {"name": "mine", "prefix": str(prefix), "worker": str(self.folder / "worker"), "version": "9.9",
             "library_hashes": ["libllama.so 0"]}))
        listed = self.mia_json("runtime", "list")[0]
        self.assertEqual(listed["missing"], str(prefix))
        self.assertEqual(listed["cure"], "mia-perf runtime add DIR --name mine --force")
        out, _ = self.mia("runtime", "list")
        self.assertIn(f"mine: missing: {prefix}; run mia-perf runtime add DIR --name mine --force", out)
        (prefix / "lib").mkdir(parents=True)
        (prefix / "lib/libllama.so").write_text("library")
        self.assertIsNone(self.mia_json("runtime", "list")[0]["missing"])
        self.assertNotIn("missing", self.mia("runtime", "list")[0])


    def record(self, name, prefix):
        folder = self.folder.parent / name
        folder.mkdir(exist_ok=True)
        (folder / "worker").write_text("#!/bin/sh\n")
        (folder / "worker").chmod(0o755)
        (folder / "runtime.json").write_text(json.dumps(
            {"name": name, "prefix": str(prefix), "worker": str(folder / "worker"), "version": "9.9"}))

    def test_one_that_others_use_is_not_removed(self):
        self.record("mine", self.folder / "prefix")
        self.record("borrower", self.folder / "prefix")
        err = self.error("runtime", "remove", "mine")
        self.assertIn("runtime 'borrower' uses the libraries of 'mine'", err)
        self.mia("runtime", "remove", "borrower")
        self.mia("runtime", "remove", "mine")
        self.assertFalse(self.folder.exists())

    def test_a_broken_one_is_not_none(self):
        (self.folder / "runtime.json").write_text("{")
        out, _ = self.mia("runtime", "list")
        self.assertEqual(out, "no runtime that can be used\n")

    def test_the_switch_of_the_scripted_worker_is_yes_or_no(self):
        self.env["MIA_LLAMA_FAKE"] = "2"
        self.assertIn("environment MIA_LLAMA_FAKE: '2' is neither yes nor no", self.error("run"))


class Files(Words):
    def test_a_scenario_is_no_configuration(self):
        (self.dir / "mine.yaml").write_text("title: mine\naxes: {n_threads: [1, 2]}\n")
        self.assertIn("mia-perf run mine.yaml --dry-run checks it", self.error("config", "check", "mine.yaml"))

    def test_models_of_the_catalogue_are_checked(self):
        (self.dir / "base.yaml").write_text("models:\n  - id: a\n    source: ftp:x\n  - id: b\n    file: ../../b.gguf\n")
        out, _ = self.mia("config", "check", "base.yaml", code=2)
        self.assertIn("base.yaml:3: source must be pypi:PACKAGE==VERSION, synth:PRESET:QUANT or folder, not 'ftp:x'", out)
        self.assertIn("base.yaml:5: file '../../b.gguf' leads out of the folder", out)

    def test_a_named_folder_without_configuration_is_an_error(self):
        (self.dir / "empty").mkdir()
        self.assertIn("no base.yaml", self.error("config", "show", "--config", "empty"))


class Limits(Words):
    def under(self, kind, value, *args):
        def lower():
            resource.setrlimit(kind, (value, value))
        process = subprocess.run([str(BIN / "mia-perf"), *args], cwd=self.dir, env=self.env, preexec_fn=lower,
                                 capture_output=True, text=True)
        return process.returncode, process.stderr

    def test_too_few_open_files_is_a_sentence(self):
        code, err = self.under(resource.RLIMIT_NOFILE, 8, "run", "--repeats", "1")
        self.assertEqual(code, 2, err)
        self.assertIn("only 8 files may be open here", err)

    def test_a_limit_on_file_sizes_is_no_signal(self):
        self.script()
        code, err = self.under(resource.RLIMIT_FSIZE, 2000, "run", "--repeats", "1")
        self.assertEqual(code, 5, err)
        self.assertIn("File too large", err)


class Ends(Words):
    def hanging(self):
        self.script(faults=[{"phase": "load", "kind": "hang", "nth": 0}])
        counter = self.dir / "counter"
        counter.unlink(missing_ok=True)
        process = self.start("run", "--repeats", "3")
        self.addCleanup(process.kill)
        self.assertTrue(wait_for(lambda: counter.exists() and counter.read_bytes()))
        return process

    def test_an_end_before_the_first_trial_keeps_the_earlier_report(self):
        self.script()
        self.mia("run", "--repeats", "2")
        before = self.report()
        for what in (signal.SIGINT, signal.SIGHUP):
            process = self.hanging()
            process.send_signal(what)
            self.end_of(process)
            self.assertEqual(process.returncode, 130)
            self.assertEqual(self.report(), before)
        self.assertIn("interrupted", self.mia("history", "list")[0])

    def test_a_killed_session_is_unfinished(self):
        process = self.hanging()
        process.kill()
        self.end_of(process)
        out, _ = self.mia("history", "list")
        self.assertRegex(out, r"unfinished +0/3")


class Versions(Words):
    def test_every_version_is_text(self):
        versions = self.mia_json("--version")
        self.assertEqual(set(versions["libraries"]),
                         {"Boost", "CLI11", "fmt", "hwloc", "libcurl", "libuv", "nlohmann-json", "SOCI", "spdlog", "SQLite",
                          "xxhash", "yaml-cpp", "zlib"})
        for name, version in versions["libraries"].items():
            self.assertRegex(version, r"^\d+\.\d+", name)
        self.assertRegex(versions["compiler"], r"^(GCC|Clang).*\d+\.\d+")
        for name in ("protocol", "report_schema", "compare_schema", "store_schema"):
            self.assertGreaterEqual(versions[name], 1, name)
        if versions["commit"] is not None:
            self.assertRegex(versions["commit"], r"^[0-9a-f]{12}$")


if __name__ == "__main__":
    unittest.main()
