# SPDX-License-Identifier: MIT
"""import: files of another tool kept, shown and compared, and never believed more than they can carry."""
import json
import sqlite3
import unittest

from support import ROOT, Case

FILES = ROOT / "tests/fixtures/llama-bench"


def row(test_tokens=128, speed=40.0, **more):
    samples = more.pop("samples", [speed, speed * 1.001, speed * 0.999])
    return {"build_commit": "abc", "build_number": 1, "cpu_info": "CPU", "gpu_info": "", "model_filename": "m.gguf",
            "n_prompt": 0, "n_gen": test_tokens, "n_depth": 0, "avg_ts": speed, "stddev_ts": 0.1, "samples_ts": samples, **more}


class Import(Case):
    def write(self, name, rows):
        path = self.dir / name
        path.write_text("".join(json.dumps(one) + "\n" for one in rows))
        return str(path)

    def test_every_fixture_is_kept_once(self):
        paths = sorted(FILES.iterdir())
        self.assertGreaterEqual(len(paths), 17)
        for path in paths:
            shown = self.mia_json("import", str(path))
            self.assertEqual(shown["file"]["tool"], "llama-bench")
            self.assertEqual(shown["file"]["format"], path.suffix[1:])
            self.mia("import", str(path))
        listed = self.mia_json("import", "--list")
        self.assertEqual(len(listed), len(paths))
        by_id = self.mia_json("import", listed[0]["id"][:8])
        self.assertEqual(by_id["file"]["id"], listed[0]["id"])

    def test_unknown_fields_are_kept_in_the_store(self):
        self.mia("import", self.write("a.jsonl", [row(future_field={"deep": [1, 2]})]))
        with sqlite3.connect(self.dir / "data/mia-perf/store.sqlite") as store:
            fields = json.loads(store.execute("select fields_json from import_row").fetchone()[0])
        self.assertEqual(fields["future_field"], {"deep": [1, 2]})

    def test_generations_are_compared_across_formats(self):
        compared = self.mia_json("import", str(FILES / "gen2025-depth.json"), "--against", str(FILES / "gen2025.csv"))
        self.assertIs(compared["paired"], False)
        self.assertEqual([line["test"] for line in compared["comparisons"]], ["pp512"])
        self.assertTrue(any("tg128 @ d4096" in text for text in compared["not_compared"]))
        self.assertTrue(compared["comparisons"][0]["a"]["means_only"])

    def test_a_small_difference_of_two_calls_is_unclear_and_says_why(self):
        old = self.write("old.jsonl", [row(speed=40)])
        new = self.write("new.jsonl", [row(speed=38.5)])
        line = self.mia_json("import", new, "--against", old)["comparisons"][0]
        self.assertEqual(line["verdict"], "unclear")
        self.assertIs(line["session_sd_assumed"], True)
        text, _ = self.mia("import", new, "--against", old)
        self.assertIn("unpaired", text)
        self.assertIn("mia-perf compare", text)

    def test_many_calls_show_their_own_noise(self):
        old = self.write("old.jsonl", [row(speed=40 + 0.1 * (i % 3)) for i in range(12)])
        for speed, verdict in ((36, "slower"), (44, "faster"), (40.1, "same")):
            new = self.write("new.jsonl", [row(speed=speed)])
            line = self.mia_json("import", new, "--against", old)["comparisons"][0]
            self.assertEqual(line["verdict"], verdict, line["sentence"])
            self.assertEqual(line["sessions"], 12)

    def test_what_else_differs_is_said(self):
        old = self.write("old.jsonl", [row()])
        new = self.write("new.jsonl", [row(cpu_info="Another CPU", model_filename="n.gguf")])
        notes = " ".join(self.mia_json("import", new, "--against", old)["notes"])
        self.assertIn("Another CPU", notes)
        self.assertIn("n.gguf", notes)

    def test_bad_files_are_refused_in_one_sentence(self):
        good = (FILES / "gen2025.json").read_text()
        for name, text in {"half.json": good[:len(good) // 2], "half.jsonl": json.dumps(row()) + "\n" + json.dumps(row())[:40],
                           "nan.json": good.replace("309.2", "NaN"), "empty.json": "[]", "none.txt": "hello",
                           "zero.jsonl": json.dumps(row(test_tokens=0)), "table.md": "| model | t/s |\n"}.items():
            with self.subTest(name):
                (self.dir / name).write_text(text)
                _, err = self.mia("import", str(self.dir / name), code=2)
                self.assertIn(name, err)
        self.assertEqual(self.mia_json("import", "--list"), [])
        self.assertIn("--list", self.mia("import", "no-such-file", code=2)[1])

    def test_hostile_names_stay_names(self):
        evil = "<script>\"; DROP TABLE session; --\n\x1b[31m" + "x" * (1 << 20)
        out, _ = self.mia("import", self.write("evil.jsonl", [row(model_filename=evil, cpu_info=evil)]))
        self.assertNotIn("\x1b", out)
        self.assertEqual(self.mia_json("import", self.mia_json("import", "--list")[0]["id"])["samples"][0]["model"], evil)


if __name__ == "__main__":
    unittest.main()
