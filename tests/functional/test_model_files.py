# SPDX-License-Identifier: MIT
"""Model files as people have them: in parts, of other kinds, behind broken links, with names of any bytes."""
import json
import os
import pathlib
import shutil
import subprocess
import unittest

import gguf_files
from gguf_files import BOOL, TEXT, entry
from support import BIN, Case

TENSORS = [("token_embd.weight", (8, 10), 0, bytes(320)), ("blk.0.attn_q.weight", (8, 8), 0, bytes(256)),
           ("blk.1.attn_q.weight", (8, 8), 0, bytes(256)), ("output_norm.weight", (8,), 0, bytes(32))]


class ModelFiles(Case):
    def whole(self, name="whole.gguf"):
        return gguf_files.write(self.dir / name, gguf_files.tiny(), TENSORS)

    def refused(self, *args):
        out, err = self.mia(*args, code=2)
        self.assertEqual(out, "")
        return err.strip()

    def test_a_split_model_has_the_figures_of_the_whole_file(self):
        whole = self.mia_json("model", "show", str(self.whole()))
        for empty in (False, True):
            parts = gguf_files.split(self.dir / "whole.gguf", self.dir, f"parts{empty}", first_is_empty=empty)
            for part in parts:
                shown = self.mia_json("model", "show", str(part))
                for key in ("parameters", "tensor_bytes", "bytes_per_token", "layers", "groups", "types"):
                    self.assertEqual(shown[key], whole[key], key)
                self.assertEqual(shown["path"], str(parts[0]))
                self.assertEqual(shown["parts"], [str(p) for p in parts])
                self.assertEqual(shown["file_bytes"], sum(p.stat().st_size for p in parts))
        self.assertIn("in 3 files", self.mia("model", "show", str(parts[1]))[0])

    def test_a_missing_or_foreign_part_is_named(self):
        parts = gguf_files.split(self.whole(), self.dir, "m")
        for named in (parts[0], parts[1]):
            parts[2].rename(self.dir / "away")
            self.assertIn("part 3 of 3 of a split model is missing", self.refused("model", "show", str(named)))
            self.assertIn("part 3 of 3 of a split model is missing", self.refused("run", "smoke", "-m", str(named)))
            (self.dir / "away").rename(parts[2])
        shutil.copy(parts[1], parts[2])
        self.assertIn("m-00003-of-00003.gguf' does not belong to the split model", self.refused("model", "show", str(parts[0])))

    def test_a_split_model_is_listed_once_and_found_by_its_name(self):
        models = self.dir / "data/mia-perf/models"
        models.mkdir(parents=True)
        parts = gguf_files.split(self.whole(), models, "big")
        listed = [m for m in self.mia_json("model", "list") if m["id"].startswith("big")]
        self.assertEqual([(m["id"], m["path"], m["file_bytes"]) for m in listed],
                         [("big", str(parts[0]), sum(p.stat().st_size for p in parts))])
        self.assertEqual(self.mia_json("model", "show", "big")["path"], str(parts[0]))

    def test_what_is_no_model_is_named_alike_by_show_and_run(self):
        kinds = {
            "lora": gguf_files.write(self.dir / "lora.gguf", gguf_files.tiny(general__type=(TEXT, "adapter")), TENSORS),
            "mmproj": gguf_files.write(self.dir / "mmproj.gguf", [entry("general.architecture", TEXT, "clip")], TENSORS),
            "imatrix": gguf_files.write(self.dir / "imatrix.gguf", [entry("general.type", TEXT, "imatrix")], TENSORS),
            "lfs": self.file("lfs.gguf", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1048576\n"),
            "page": self.file("page.gguf", b"<!DOCTYPE html>\n<html>Sign in</html>"),
            "safetensors": self.file("safetensors.gguf", b"\x10\0\0\0\0\0\0\0{\"a\":{}}        "),
            "old": self.file("old.gguf", b"tjgg" + bytes(range(1, 100))),
            "empty": self.file("empty.gguf", b""),
        }
        words = {"lora": "an adapter (LoRA)", "mmproj": "a projector", "imatrix": "an importance matrix",
                 "lfs": "a Git LFS pointer to 1 MiB", "page": "a web page", "safetensors": "a safetensors file",
                 "old": "a GGJT file", "empty": "an empty file"}
        for kind, file in kinds.items():
            shown = self.refused("model", "show", str(file))
            self.assertIn(words[kind], shown)
            self.assertIn("; ", shown, "what to do")
            self.assertIn(shown.split("error: ")[1], self.refused("run", "smoke", "-m", str(file)))

    def file(self, name, content):
        path = self.dir / name
        path.write_bytes(content)
        return path

    def test_an_encoder_is_shown_and_not_run(self):
        bert = gguf_files.write(self.dir / "bert.gguf", gguf_files.tiny("bert", bert__attention__causal=(BOOL, 0)), TENSORS)
        self.assertIn("encoder: gives vectors", self.mia("model", "show", str(bert))[0])
        self.assertIn("is an encoder (bert)", self.refused("run", "smoke", "-m", str(bert)))

    def test_a_link_to_nowhere_and_what_is_no_file(self):
        (self.dir / "x.gguf").symlink_to("gone.gguf")
        said = self.refused("model", "show", "x.gguf")
        self.assertIn("'x.gguf' is a link to 'gone.gguf', where there is nothing", said)
        self.assertNotIn("did you mean", said)
        (self.dir / "round.gguf").symlink_to("round.gguf")
        self.assertIn("'round.gguf' is a link that leads back to itself", self.refused("model", "show", "round.gguf"))
        os.mkfifo(self.dir / "pipe.gguf")
        self.assertIn("is a FIFO", self.refused("model", "show", "pipe.gguf"))
        (self.dir / "folder.gguf").mkdir()
        self.assertIn("is a folder", self.refused("model", "show", "folder.gguf"))

    def test_what_is_plainly_a_path_is_no_name_of_the_scripted_model(self):
        os.mkfifo(self.dir / "pipe.gguf")
        for name, said in (("./pipe.gguf", "is a FIFO"), ("pipe.gguf", "is a FIFO"), (".", "is a folder"),
                           ("/dev/zero", "is a device"), ("/nowhere/a.gguf", "there is no model file"),
                           ("../nothing-of-this-name", "there is no model file")):
            with self.subTest(name):
                self.assertIn(said, self.refused("run", "smoke", "--repeats", "1", "-m", name))
                self.assertIn(said, self.mia("compare", "base", f"model:{name}", code=2)[1])
        self.mia("run", "smoke", "--repeats", "1", "-m", "org/name")

    def test_a_path_of_any_bytes_is_measured_and_its_report_is_json(self):
        name = os.fsencode(str(self.dir)) + b"/m\xfcller\xff.gguf"
        os.rename(self.whole(), name)
        for args in ((b"model", b"show", name), (b"run", b"smoke", b"-m", name)):
            done = subprocess.run([os.fsencode(str(BIN / "mia-perf")), *args, b"--json"], cwd=self.dir, env=self.env,
                                  capture_output=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            json.loads(done.stdout)  # valid UTF-8, too
        self.assertIn("smoke", self.mia("history")[0])

    def test_terminals_that_understand_no_escapes_get_none(self):
        script = shutil.which("script")
        if script is None:
            self.skipTest("script(1) is not there")
        for term in ("dumb", ""):
            self.env.update(TERM=term, COLORTERM="truecolor")
            for args in ("run smoke", "model show none.gguf"):
                out = subprocess.run([script, "-qec", f"{BIN / 'mia-perf'} {args}", "/dev/null"], cwd=self.dir,
                                     env=self.env, capture_output=True, check=False).stdout
                self.assertIn(b"mia-perf" if "none" in args else b"smoke", out)
                self.assertNotIn(b"\x1b", out)


class Homeless(Case):
    def setUp(self):
        super().setUp()
        self.env.pop("XDG_DATA_HOME")

    def test_without_home_data_lies_in_the_accounts_home_or_nowhere(self):
        self.env.pop("HOME", None)
        self.mia("config", "list")
        self.env["XDG_DATA_HOME"] = "data"
        self.assertIn("XDG_DATA_HOME is 'data'", self.mia("model", "list", code=2)[1])

    def test_an_account_without_a_home_is_told_what_to_set(self):
        if os.geteuid() != 0:
            self.skipTest("only root becomes another account")
        self.env.pop("HOME", None)
        program = pathlib.Path(shutil.copy(BIN / "mia-perf", self.dir))
        self.dir.chmod(0o755)
        done = subprocess.run([str(program), "model", "list"], user=54321, cwd="/", env=self.env, capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("set XDG_DATA_HOME", done.stderr)

    def test_no_program_is_taken_from_where_others_may_write(self):
        self.env["XDG_DATA_HOME"] = str(self.dir / "data")
        open_folder = self.dir / "open"
        open_folder.mkdir()
        open_folder.chmod(0o777)
        worker = shutil.copy(BIN / "mia-worker-fake", open_folder)
        self.env["MIA_PERF_FAKE_WORKER"] = str(worker)
        err = self.mia("run", "smoke", code=2)[1]
        self.assertIn("every account may write there", err)
        self.assertIn("chmod go-w", err)
        open_folder.chmod(0o755)
        self.mia("run", "smoke")


if __name__ == "__main__":
    unittest.main()
