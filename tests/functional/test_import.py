# SPDX-License-Identifier: MIT
"""import: files of another tool kept, shown and compared, and never believed more than they can carry."""
import json
import sqlite3
import subprocess
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
        compared = self.mia_json("import", str(FILES / "gen2025-depth.json"), "--against", str(FILES / "gen2025.csv"), code=3)
        self.assertIs(compared["paired"], False)
        self.assertEqual([line["test"] for line in compared["comparisons"]], ["pp512"])
        self.assertTrue(any("tg128 @ d4096" in text for text in compared["not_compared"]))
        self.assertTrue(compared["comparisons"][0]["a"]["means_only"])

    def test_a_small_difference_of_two_calls_is_unclear_and_says_why(self):
        old = self.write("old.jsonl", [row(speed=40)])
        new = self.write("new.jsonl", [row(speed=38.5)])
        line = self.mia_json("import", new, "--against", old, code=3)["comparisons"][0]
        self.assertEqual(line["verdict"], "unclear")
        self.assertIs(line["session_sd_assumed"], True)
        text, _ = self.mia("import", new, "--against", old, code=3)
        self.assertIn("unpaired", text)
        self.assertIn("mia-perf compare", text)

    def test_many_calls_show_their_own_noise(self):
        old = self.write("old.jsonl", [row(speed=40 + 0.1 * (i % 3)) for i in range(12)])
        for speed, verdict, code in ((36, "slower", 1), (44, "faster", 0), (40.1, "same", 0)):
            new = self.write("new.jsonl", [row(speed=speed)])
            compared = self.mia_json("import", new, "--against", old, code=code)
            self.assertEqual(compared["verdict"], verdict)
            line = compared["comparisons"][0]
            self.assertEqual(line["verdict"], verdict, line["sentence"])
            self.assertEqual(line["sessions"], 12)

    def test_what_differs_is_not_compared_unless_asked(self):
        old = self.write("old.jsonl", [row()])
        new = self.write("new.jsonl", [row(cpu_info="Another CPU", model_filename="n.gguf", build_commit="def")])
        _, err = self.mia("import", new, "--against", old, code=2)
        self.assertIn("Another CPU against CPU", err)
        self.assertIn("--ignore cpu_info --ignore model_filename", err)
        compared = self.mia_json("import", new, "--against", old, "--ignore", "machine", "--ignore", "model_filename", code=3)
        self.assertEqual(compared["notes"], ["build_commit differs: abc before, def now"])

    def test_rows_that_differ_are_lines_of_their_own(self):
        for column in ("build_commit", "backends", "gpu_info", "devices", "tensor_split", "cpu_mask", "model_size", "repack", "mla_attn"):
            with self.subTest(column):
                path = self.write(column + ".jsonl", [row(speed=40, **{column: "1"}), row(speed=80, **{column: "2"})])
                shown = self.mia_json("import", path)
                self.assertEqual([line["mean"] for line in shown["samples"]], [40, 80])
                self.assertEqual(shown["differing"], [column])
                self.assertIn(column + "=2", self.mia("import", path)[0])
                self.assertEqual([line["n"] for line in self.mia_json("import", path, "--ignore", column)["samples"]], [6])

    def test_two_builds_of_one_file_are_compared(self):
        path = self.write("two.jsonl", [row(speed=40, test_time="2026-03-02T10:00:00Z", build_commit="bbb", build_number=2),
                                        row(speed=80, test_time="2026-03-01T10:00:00Z")])
        compared = self.mia_json("import", path, "--by", "build_commit", code=1)
        self.assertEqual(compared["verdict"], "slower")
        self.assertEqual([compared["comparisons"][0][side]["columns"]["build_commit"] for side in "ab"], ["abc", "bbb"])
        self.assertIn("build_number differs: 1 before, 2 now", compared["notes"])
        self.mia("import", path, "--by", "build", "--now", "a", code=0)
        self.assertIn("build_commit", self.mia("import", path, "--by", "build_comit", code=2)[1])
        three = self.write("three.jsonl", [row(build_commit=name) for name in "xyz"])
        self.assertIn("--before VALUE --now VALUE", self.mia("import", three, "--by", "build_commit", code=2)[1])
        self.mia("import", three, "--by", "build_commit", "--before", "x", "--now", "z", code=3)

    def test_lines_are_named_and_one_sentence_is_for_all(self):
        old = self.write("old.jsonl", [row(speed=40 * n, n_threads=n) for n in (1, 2, 4)])
        new = self.write("new.jsonl", [row(speed=40 * n / (3 if n == 2 else 1), n_threads=n, gpu_info=gpu) for n, gpu in ((1, ""), (2, ""), (4, ""))])
        text, _ = self.mia("import", new, "--against", old, code=1)
        for threads in (1, 2, 4):
            self.assertIn(f"n_threads={threads}", text)
        self.assertIn("slower: of 3 lines 1 slower, 2 unclear; most of all tg128 n_threads=2", " ".join(text.split()))

    def test_the_same_measurement_counts_once(self):
        one = row(test_time="2026-03-01T10:00:00Z")
        path = self.write("dup.jsonl", [one, one, row(test_time="2026-03-01T10:00:01Z")])
        self.assertEqual(self.mia_json("import", path)["repeated_rows"], 1)
        text, _ = self.mia("import", path)
        self.assertIn("1 row is the same measurement", text)
        self.assertIn("(n=6)", text)

    def test_a_figure_that_is_none_is_null_with_the_reason(self):
        path = self.dir / "bad.jsonl"
        lines = [json.dumps(row(speed=40, samples=[40]))]
        lines += [lines[0].replace('"avg_ts": 40', f'"avg_ts": {bad}').replace("[40]", f"[{bad}]").replace("128", str(n))
                  for n, bad in enumerate(("0", "-3", "nan", "-inf", "null", "1e308", "1e-300"), 1)]
        path.write_text("\n".join(lines))
        shown = self.mia_json("import", str(path))
        self.assertEqual([line["mean"] for line in shown["samples"]], [40] + [None] * 7)
        self.assertIn("avg_ts is '0'", shown["samples"][1]["problem"])
        self.assertIn("row 2 (line 2)", self.mia("import", str(path))[0].replace("\n  ", " "))

    def test_every_way_in_which_results_lie_about(self):
        lines = [json.dumps(row(speed=speed, test_time=f"2026-03-01T10:00:0{n}Z")) for n, speed in enumerate((40.0, 41.0))]
        both = "[\n" + ",\n".join(lines) + "\n]\n"
        names = [name for name in row() if name != "samples_ts"]
        cells = [[str(json.loads(line)[name]) for name in names] for line in lines]
        quoted = [",".join(f'"{cell}"' for cell in line) for line in cells]
        chatter = "ggml_cuda_init: found 1 CUDA devices:\n  Device 0: Example, compute capability 8.9, VMM: yes\n"
        with sqlite3.connect(self.dir / "made.sqlite") as made:
            made.execute(f"create table test ({', '.join(names)})")
            made.executemany(f"insert into test values ({', '.join('?' * len(names))})", cells)
            dump = "\n".join(made.iterdump())
        made.close()
        table = "| model | test | t/s |\n| --- | --- | --: |\n| m | tg128 | 40.00 ± 0.1 |\n| m | tg 128 | 41.00 ± 0.1 |\n\nbuild: abc (1)\n"
        for name, data in {
            "bom.json": "\ufeff" + both, "utf16.json": both.encode("utf-16"), "utf16be.jsonl": "\n".join(lines).encode("utf-16-be"),
            "noise.json": chatter + both + chatter, "noise.jsonl": lines[0] + "\n" + chatter + lines[1],
            "two.json": f"[{lines[0]}]\n[{lines[1]}]", "wrapped.json": json.dumps({"results": [json.loads(line) for line in lines]}),
            "again.csv": "\n".join([",".join(names), quoted[0], ",".join(names), quoted[1]]), "crlf.csv": "\r\n".join([",".join(names), *quoted, ""]),
            "tabs.tsv": "\n".join("\t".join(line) for line in [names, *cells]), "dump.sql": dump,
            "made.sqlite": (self.dir / "made.sqlite").read_bytes(), "table.md": "I see:\n" + table, "quote.md": "> " + table.replace("\n", "\n> "),
        }.items():
            with self.subTest(name):
                (self.dir / name).write_bytes(data if isinstance(data, bytes) else data.encode())
                shown = self.mia_json("import", str(self.dir / name))
                self.assertEqual([line["test"] for line in shown["samples"]], ["tg128"])
                self.assertEqual(shown["samples"][0]["mean"], 40.5)
                self.assertEqual(shown["samples"][0]["calls"], 2)
                self.assertEqual(shown["samples"][0]["columns"]["build_commit"], "abc")

    def test_standard_input(self):
        process = self.start("import", "-", "--json", stdin=subprocess.PIPE)
        out, err = process.communicate(json.dumps(row()), timeout=60)
        self.assertEqual(process.returncode, 0, err)
        self.assertEqual(json.loads(out)["file"]["source"], "standard input")

    def test_bad_files_are_refused_in_one_sentence(self):
        good = (FILES / "gen2025.json").read_text()
        for name, text in {"half.json": good[:len(good) // 2], "half.jsonl": json.dumps(row()) + "\n" + json.dumps(row())[:40],
                           "open.json": good.rstrip().rstrip("]"), "empty.json": "[]", "none.txt": "hello",
                           "zero.jsonl": json.dumps(row(test_tokens=0)), "table.md": "| model | t/s |\n", "page.html": "<!DOCTYPE html>"}.items():
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
