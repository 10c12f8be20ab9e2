# SPDX-License-Identifier: MIT
import os
import pathlib
import json
import re
import shlex
import subprocess
import unittest

from support import BIN, Case

VERBS = ["run", "find", "compare", "tune", "replay", "accept", "gate", "report", "report before-after", "history", "history list", "history show", "history trend", "import", "runtime",
         "runtime install", "runtime add", "runtime list", "runtime check", "model", "model list", "model get",
         "model show", "synth", "roofline", "config", "config list", "config show", "config check", "doctor", "completions"]


class Help(Case):
    def test_every_verb_has_help_with_an_example(self):
        for verb in VERBS:
            out, _ = self.mia(*verb.split(), "--help")
            self.assertIn("example: mia-perf", out, verb)
            self.assertLessEqual(max(map(len, out.splitlines())), 80, verb)

    def test_versions(self):
        versions = self.mia_json("--version")
        for key in ("mia-perf", "protocol", "report_schema", "compiler", "libraries", "runtimes"):
            self.assertIn(key, versions)

    def test_completions_know_the_verbs(self):
        for shell in ("bash", "zsh", "fish"):
            out, _ = self.mia("completions", shell)
            self.assertIn("runtime", out)
            self.assertIn("--repeats", out)

    def test_bash_completes_what_may_follow(self):
        script, _ = self.mia("completions", "bash")
        for words, wanted in ((["run", "baseline", "--se"], "--set"), (["run", "long"], "long-context"),
                              (["--set", "n_threads=2", "run", "--resu"], "--resume"), (["model", "sh"], "show")):
            line = " ".join(f"'{word}'" for word in ["mia-perf", *words])
            out = subprocess.run(["bash", "-c", f'{script}\nCOMP_WORDS=({line}); COMP_CWORD={len(words)}; _mia_perf; '
                                                'echo "${COMPREPLY[@]}"'], capture_output=True, text=True, check=True)
            self.assertIn(wanted, out.stdout.split(), words)


class Streams(Case):
    def to_full(self, args, stream):
        with open("/dev/full", "w", encoding="utf-8") as full:
            streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: full}
            return subprocess.run([str(BIN / "mia-perf"), *args], cwd=self.dir, env=self.env, text=True, check=False, **streams)

    def test_a_result_that_cannot_be_written_is_an_error(self):
        for args in (["config", "list"], ["--help"], ["--version", "--json"]):
            done = self.to_full(args, "stdout")
            self.assertEqual(done.returncode, 5, args)
            self.assertIn("cannot write the result to stdout: No space left on device", done.stderr)

    def test_a_file_that_cannot_be_written_is_no_wrong_usage(self):
        self.script()
        self.mia("run", "smoke", "--repeats", "1")
        self.assertIn("No space left on device", self.mia("report", "last", "-o", "/dev/full", code=5)[1])
        self.assertIn("is a folder", self.mia("report", "last", "-o", ".", code=2)[1])

    def test_progress_that_cannot_be_written_costs_nothing(self):
        self.script()
        done = self.to_full(["run", "--repeats", "2", "--json"], "stderr")
        self.assertEqual(done.returncode, 0)
        self.assertTrue(json.loads(done.stdout)["complete"])

    def test_a_closed_stderr_is_nobody_elses_file(self):
        self.script()
        line = f"exec '{BIN / 'mia-perf'}' run --repeats 2 --json 2>&-"
        done = subprocess.run(["bash", "-c", line], cwd=self.dir, env=self.env, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(len(json.loads(done.stdout)["trials"]), 2)
        self.assertEqual(len(self.mia_json("history", "list")), 1)

    def test_a_report_that_cannot_be_written_is_printed_all_the_same(self):
        self.script()
        (self.dir / "reports/perf_cpu_baseline.json").mkdir(parents=True)
        out, err = self.mia("run", "--repeats", "2", "--store", "my trials.db", code=5)
        self.assertIn("tok/s", out)
        again = re.search(r"mia-perf (report \S+ --store 'my trials.db') shows it again", err)
        shown, _ = self.mia(*shlex.split(again[1]))
        self.assertIn("tok/s", shown)


class Errors(Case):
    def error(self, *args, code=2):
        _, err = self.mia(*args, code=code)
        return err

    def test_unknown_key_names_the_nearest(self):
        self.assertIn("n_threads", self.error("run", "--set", "n_thread=2"))

    def test_impossible_threads(self):
        for value in ("0", "10000"):
            err = self.error("run", "--set", f"n_threads={value}")
            self.assertIn("n_threads", err)
            self.assertIn(value, err)

    def test_wrong_type_names_file_and_line(self):
        configs = self.dir / "configs"
        configs.mkdir()
        (configs / "base.yaml").write_text("llm:\n  primary:\n    n_threads: many\n")
        self.assertIn("base.yaml:3", self.error("run"))

    def test_unknown_environment_key(self):
        self.env["MIA__LLM__PRIMARY__N_TREADS"] = "2"
        self.assertIn("n_threads", self.error("config", "show"))

    def test_config_show_of_one_key_and_of_a_misspelt_variable(self):
        self.env["MIA_LLM_PRIMARY_N_THREADS"] = "2"
        out, err = self.mia("config", "show", "n_threads")
        self.assertEqual([line.split()[0] for line in out.splitlines()[2:]], ["llm.primary.n_threads"])
        self.assertIn("MIA_LLM_PRIMARY_N_THREADS", err)
        self.assertIn("perf.thresholds.short_tps_min", self.mia("config", "show", "perf.thresholds")[0])
        self.assertIn("there is no key or group 'thread'", self.error("config", "show", "thread"))

    def test_a_seed_is_not_negative(self):
        for verb in (["compare", "base", "base"], ["tune"], ["synth", "smollm2-135m"], ["replay", "x"]):
            self.assertIn("--seed", self.error(*verb, "--seed", "-1"))

    def test_unknown_scenario(self):
        self.assertIn("cpu-tuning", self.error("run", "cpu-tunin"))

    def test_missing_model_says_what_is_there(self):
        self.env.pop("MIA_LLAMA_FAKE")
        err = self.error("model", "show", "smollm-135m")
        self.assertIn("smollm2-135m", err)

    def test_unwritable_report_folder_is_found_before_the_first_load(self):
        (self.dir / "file").write_text("")
        self.script()
        self.assertIn("file", self.error("run", "-o", "file/reports"))
        self.assertFalse((self.dir / "counter").exists())

    def test_prompt_twice(self):
        (self.dir / "p.txt").write_text("hello")
        err = self.error("run", "--set", "workload.prompt=a", "--set", "workload.prompt_file=p.txt")
        self.assertIn("prompt_file", err)

    def test_scenario_file_errors_have_lines(self):
        path = self.dir / "mine.yaml"
        path.write_text("title: mine\naxes:\n  n_thread: [1, 2]\n")
        self.assertIn("mine.yaml:3", self.error("run", str(path)))
        path.write_text("title: mine\naxis:\n  n_threads: [1, 2]\n")
        self.assertIn("axes", self.error("run", str(path)))


class Scenarios(Case):
    def test_equal_settings_are_measured_once(self):
        self.script(n_threads_auto=4)
        report = self.mia_json("run", "--axis", "n_threads=auto,4,8", "--repeats", "2")
        self.assertEqual([cell["key"] for cell in report["cells"]], ["n_threads=auto", "n_threads=8"])
        self.assertEqual(report["cells"][0]["also"][0]["settings"], [{"field": "llm.primary.n_threads", "value": 4}])
        self.assertEqual(len(report["trials"]), 4)
        self.assertEqual(len(report["rows"]), 3)

    def test_repeats_are_interleaved_by_the_seed(self):
        self.script()
        first = self.mia_json("run", "--axis", "n_threads=1,2,3", "--repeats", "3")
        order = [(t["repeat"], t["cell"]) for t in first["trials"]]
        self.assertEqual([r for r, _ in order], sorted(r for r, _ in order))
        again = self.mia_json("run", "--axis", "n_threads=1,2,3", "--repeats", "3")
        self.assertEqual(order, [(t["repeat"], t["cell"]) for t in again["trials"]])

    def test_tuning_recommends_and_applies(self):
        configs = self.dir / "configs"
        configs.mkdir()
        (configs / "overrides.local.yaml").write_text("# mine\nworkload:\n  seed: 7  # lucky\n")
        self.script(scale={"n_threads": {"8": 0.5}}, noise={"seed": 1, "trial": 0.01})
        out, _ = self.mia("run", "cpu-tuning", "--axis", "n_threads=auto,8", "--axis", "n_batch=256", "--repeats", "6",
                          "--apply")
        text = (configs / "overrides.local.yaml").read_text()
        self.assertIn("n_threads: 8", text)
        self.assertIn("# mine", text)
        self.assertIn("seed: 7  # lucky", text)
        self.assertTrue((configs / "overrides.local.yaml.bak").exists())
        self.assertIn("auto_threads_penalty", str(self.report("perf_cpu_tuning")["findings"]))

    def test_nothing_is_applied_within_noise(self):
        (self.dir / "configs").mkdir()
        self.script(noise={"seed": 1, "trial": 0.05})
        self.mia("run", "cpu-tuning", "--axis", "n_threads=auto,8", "--axis", "n_batch=256", "--repeats", "6", "--apply")
        self.assertEqual(self.report("perf_cpu_tuning")["recommendation"], [])
        self.assertFalse((self.dir / "configs/overrides.local.yaml").exists())

    def test_dry_run_measures_nothing(self):
        self.script()
        plan = self.mia_json("run", "cpu-tuning", "--dry-run")
        self.assertEqual(len(plan["cells"]), 21)
        self.assertFalse((self.dir / "counter").exists())

    def test_every_built_in_scenario_ends(self):
        self.script(token_ms=2)
        for name in sorted(p.stem for p in (pathlib.Path(BIN).parents[2] / "scenarios").glob("*.yaml")):
            models = ["-m", "a", "-m", "b"] if name == "quant-compare" else []
            self.mia("run", name, "--repeats", "1", *models)
            self.assertTrue(any((self.dir / "reports").iterdir()), name)


if __name__ == "__main__":
    unittest.main()
