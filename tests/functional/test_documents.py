# SPDX-License-Identifier: MIT
"""What README and the recipes tell people to type is typed here, with the scripted worker."""
import re
import shlex
import shutil
import time
import unittest

from support import ROOT, Case

DOCUMENTS = ["README.md", "docs/reading-the-output.md", "docs/recipes/from-llama-bench.md", "docs/recipes/tune-my-assistant.md",
             "docs/recipes/ci.md", "docs/recipes/tune.md", "docs/recipes/find.md", "docs/recipes/validate.md"]
# What needs more than this test has: other programs, the network, hours. They are parsed, and say in one sentence what is missing.
ELSEWHERE = {
    "mia-perf runtime install": None,  # the network
    "mia-perf model get": None,
    "mia-perf runtime add": "there is no",
    "mia-perf run smoke -m ollama:qwen2.5:7b": "ollama:qwen2.5:7b",
}


def commands(path):
    """Lines of code blocks, and words in backticks of tables, that begin with the program; with the exit codes that fit."""
    text = (ROOT / path).read_text()
    rows = "".join(re.findall(r"^\|.*$", text, re.M))
    found = re.findall(r"^(?:    )?(mia-perf .+)$", text, re.M) + re.findall(r"`(mia-perf [^`]+)`", rows)
    for line in found:
        promised = re.search(r"#.*exit code (\d)", line)
        yield (re.sub(r"\s+#.*", "", line).strip().replace("-m MODEL", "-m smollm2-135m"),
               (int(promised[1]),) if promised else (0, 1, 3))


class Documents(Case):
    def setUp(self):
        super().setUp()
        self.script(token_ms=10, tokenize_ms=0)
        fixtures = ROOT / "tests" / "fixtures" / "llama-bench"
        for name in ("results.jsonl", "old.jsonl", "new.jsonl"):
            shutil.copy(fixtures / "gen2025.jsonl", self.dir / name)
        configs = self.dir / "configs"
        configs.mkdir()
        shutil.copy(ROOT / "configs" / "base.yaml", configs)
        for _ in range(6):  # the noise between sessions is known from five on
            self.mia("run", "smoke")

    def test_every_command_does_what_the_page_says(self):
        for document in DOCUMENTS:
            lines = list(commands(document))
            self.assertTrue(lines, document)
            for line, codes in lines:
                with self.subTest(f"{document}: {line}"):
                    self.type(line, codes)

    def type(self, line, codes):
        elsewhere = next((said for start, said in ELSEWHERE.items() if line.startswith(start)), "")
        if elsewhere is None:
            return
        if " last" in line:
            time.sleep(1.1)  # of one second the comparison is the last, which has no CSV
            self.mia("run", "smoke", "--repeats", "1")
        process = self.start(*shlex.split(line)[1:])
        out, err = self.end_of(process)
        if elsewhere:
            self.assertEqual(process.returncode, 2, err)
            self.assertIn(elsewhere, err)
        else:
            self.assertIn(process.returncode, codes, f"{out}\n{err}")
        self.assertNotIn("defect of mia-perf", err)


if __name__ == "__main__":
    unittest.main()
