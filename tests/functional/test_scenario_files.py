# SPDX-License-Identifier: MIT
"""The scenario format: its schema and its parser agree, and every built-in scenario satisfies both."""
import json
import pathlib
import re
import shlex
import unittest

import jsonschema

from support import ROOT, Case

SCHEMA = json.loads((ROOT / "schemas/scenario-v1.schema.json").read_text())
BUILT_IN = sorted((ROOT / "scenarios").glob("*.yaml"))

# JSON is YAML: what stands here is a scenario file as it is.
GOOD = [
    {},
    {"title": "t", "name": "n", "report": "perf_x", "order": "sequential"},
    {"report": "my-numbers_2", "table": "long-context"},
    {"axes": {"n_threads": [1, "auto", "physical", "half"], "llm.primary.n_batch": {"from": 32, "to": 512, "factor": 2}}},
    {"axes": {"n_gpu_layers": [0, "25%", "auto"], "llm.n_ctx": {"from": 512, "to": 1024, "step": 256}}},
    {"axes": {"cache_type_k": ["f16", "q8_0"], "flash_attn": ["on", "off", "auto"], "offload_kqv": [True, False]}},
    {"axes": {"workload.max_tokens": [8, 16], "run.cache": ["cold", "warm"], "n_threads": 2}},
    {"settings": {"run.repeats": 2, "run.timeout_s": 1.5, "temperature": "0.5", "poll": None}},
    {"workloads": {"mine": {"max_tokens": 4, "prompt": "hello"}, "yours": {"input": "tokens", "workload.seed": 3}}},
    {"checks": ["thresholds", "recommendation", "anomalies", "quality"], "needs": "gpu"},
    {"parts": ["baseline", "latency"], "checks": []},
]
BAD = [
    [],
    "text",
    {"titel": "t"},
    {"title": 5},
    {"title": ["t"]},
    {"report": {}},
    {"report": "../perf_x"},
    {"report": "my numbers"},
    {"table": "pivot"},
    {"table": ["plain"]},
    {"order": "random"},
    {"needs": "luck"},
    {"needs": ""},
    {"checks": "thresholds"},
    {"checks": ["threshold"]},
    {"parts": "baseline"},
    {"parts": [1]},
    {"quality": True},
    {"settings": ["run.repeats"]},
    {"settings": {"run.repeat": 2}},
    {"settings": {"run.repeats": 0}},
    {"settings": {"run.repeats": 2.5}},
    {"settings": {"run.repeats": "many"}},
    {"settings": {"run.repeats": [1]}},
    {"settings": {"run.cache": "hot"}},
    {"settings": {"run.canary": "perhaps"}},
    {"settings": {"run.quality_file": {"a": 1}}},
    {"settings": {"seed": 3}},
    {"axes": []},
    {"axes": {"n_thread": [1]}},
    {"axes": {"n_threads": []}},
    {"axes": {"n_threads": [0]}},
    {"axes": {"n_threads": [True]}},
    {"axes": {"n_threads": [[1]]}},
    {"axes": {"n_batch": ["half"]}},
    {"axes": {"n_ctx": ["25%"]}},
    {"axes": {"n_threads": {"from": 1}}},
    {"axes": {"n_threads": {"from": 1, "to": 2, "by": 1}}},
    {"axes": {"n_threads": {"from": 1, "to": 4, "step": 1, "factor": 2}}},
    {"axes": {"n_threads": {"from": "1", "to": "4"}}},
    {"axes": {"n_threads": {"from": 1, "to": 4, "step": 0}}},
    {"axes": {"n_threads": {"from": 1, "to": 4, "factor": 1}}},
    {"axes": {"n_threads": list(range(1, 258))}},
    {"axes": {"flash_attn": ["maybe"]}},
    {"workloads": ["short"]},
    {"workloads": {"short": 64}},
    {"workloads": {"short": {"tokens": 64}}},
    {"workloads": {"short": {"max_tokens": -1}}},
    {"workloads": {"short": {"prompt": ["a"]}}},
]


def plain_yaml(text):
    """The YAML that the built-in scenarios use, read without our parser: nested mappings, flow values, folded text."""
    import yaml  # only here: the other tests need no module for it

    return yaml.safe_load(text)


class ScenarioFiles(Case):
    validator = jsonschema.Draft202012Validator(SCHEMA)

    def parse(self, document):
        path = self.dir / "mine.yaml"
        path.write_text(json.dumps(document))
        process = self.start("run", str(path), "--dry-run")
        _, err = self.end_of(process)
        return process.returncode, err

    def test_the_schema_is_one_and_is_what_the_program_prints(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)
        out, _ = self.mia("config", "list", "--scenario-schema")
        self.assertEqual(json.loads(out), SCHEMA)

    def test_every_built_in_scenario_satisfies_it(self):
        self.assertGreaterEqual(len(BUILT_IN), 8)
        for path in BUILT_IN:
            with self.subTest(path.name):
                self.validator.validate(plain_yaml(path.read_text()))

    def test_both_take_what_is_good(self):
        self.script()
        for document in GOOD:
            with self.subTest(json.dumps(document)):
                self.validator.validate(document)
                code, err = self.parse(document)
                self.assertEqual(code, 0, err)

    def test_both_refuse_what_is_bad(self):
        self.script()
        for document in BAD:
            with self.subTest(json.dumps(document)[:80]):
                self.assertFalse(self.validator.is_valid(document), "the schema takes it")
                code, err = self.parse(document)
                self.assertEqual(code, 2, err)
                self.assertTrue(re.search(r"mine\.yaml", err), err)
                self.assertEqual(len(err.strip().splitlines()), 1, err)

    def test_its_report_has_its_name_and_a_command_that_works(self):
        self.script()
        folder = self.dir / "my files"
        folder.mkdir()
        (folder / "own.yaml").write_text("report: my_numbers\ntable: tuning\naxes:\n  n_threads: [1, half]\n")
        self.mia("run", "my files/own.yaml", "-m", "my model.gguf", "--repeats", "1")
        self.assertEqual(sorted(path.name for path in (self.dir / "reports").iterdir()), ["my_numbers.json", "my_numbers.md"])
        first = self.report("my_numbers")
        self.assertIn("tps", first["rows"][0], "the shape of the table is the scenario's")
        command = (self.dir / "reports/my_numbers.md").read_text().split("## How to repeat it\n\n    ")[1]
        self.mia(*shlex.split(command)[1:])
        again = self.report("my_numbers")
        self.assertEqual([cell["key"] for cell in again["cells"]], [cell["key"] for cell in first["cells"]])
        self.assertNotEqual(again["session"], first["session"])

    def test_ranges_and_axes_over_any_parameter(self):
        self.script()
        path = pathlib.Path(self.dir / "mine.yaml")
        path.write_text("axes:\n  n_ctx: {from: 512, to: 2048, factor: 2}\n  poll: {from: 0, to: 100, step: 50}\n")
        plan = self.mia_json("run", str(path), "--dry-run")
        self.assertEqual(len(plan["cells"]), 9)
        for cell in plan["cells"]:
            self.assertGreater(cell["expected_s"], 0)
            self.assertGreater(cell["expected_memory_bytes"], 0)


if __name__ == "__main__":
    unittest.main()
