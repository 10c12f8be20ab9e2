# SPDX-License-Identifier: MIT
"""Models and engines that other programs have: found, named as what they are, and taken by -m."""
import hashlib
import json
import os
import pathlib
import socket
import threading
import unittest

import gguf_files
from gguf_files import TEXT, entry
from support import Case

TENSORS = [("token_embd.weight", (8, 10), 0, bytes(320)), ("blk.0.attn_q.weight", (8, 8), 0, bytes(256)),
           ("blk.1.attn_q.weight", (8, 8), 0, bytes(256)), ("output_norm.weight", (8,), 0, bytes(32))]
WEIGHTS = "application/vnd.ollama.image.model"


class FindCase(Case):
    def setUp(self):
        super().setUp()
        self.home = self.dir / "home"
        self.home.mkdir()
        for name in ("OLLAMA_MODELS", "HF_HOME", "HF_HUB_CACHE", "LLAMA_CACHE", "XDG_CACHE_HOME", "VIRTUAL_ENV", "CONDA_PREFIX"):
            self.env.pop(name, None)
        self.env["HOME"] = str(self.home)
        self.whole = gguf_files.write(self.dir / "whole.gguf", gguf_files.tiny(), TENSORS)

    def put(self, path, content=None):
        path = self.home / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.whole.read_bytes() if content is None else content)
        return path

    def ollama(self, name, layers=None, root=".ollama/models", text=None):
        """A pulled model: its manifest, and the blob that it names."""
        blob = "sha256-" + hashlib.sha256(self.whole.read_bytes()).hexdigest()
        self.put(f"{root}/blobs/{blob}")
        layers = layers or [{"mediaType": WEIGHTS, "digest": blob.replace("-", ":"), "size": self.whole.stat().st_size}]
        manifest = json.dumps({"schemaVersion": 2, "layers": layers}).encode() if text is None else text
        self.put(f"{root}/manifests/{name}", manifest)
        return self.home / root / "blobs" / blob

    def hub(self, repo, file, revision="a" * 40, main=True):
        """A file of a snapshot: a link to a blob."""
        folder = self.home / ".cache/huggingface/hub" / f"models--{repo.replace('/', '--')}"
        blob = self.put(folder / "blobs" / hashlib.sha256(f"{file}{revision}".encode()).hexdigest())
        link = folder / "snapshots" / revision / file
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(blob, link.parent))
        if main:
            self.put(folder / "refs/main", revision.encode())
        return link

    def found(self):
        return {model["name"]: model for model in self.mia_json("find")["models"]}

    def problem(self, name):
        return self.found()[name]["problem"]


class Models(FindCase):
    def test_each_place_gives_names_and_files(self):
        blob = self.ollama("registry.ollama.ai/library/qwen2.5/7b")
        self.ollama("hf.co/org/repo/Q4_K_M")
        studio = self.put(".lmstudio/models/lmstudio-community/Qwen-GGUF/Qwen-Q4.gguf")
        link = self.hub("Qwen/Qwen2.5-GGUF", "sub/qwen-q8.gguf")
        own = self.put(".cache/llama.cpp/ggml-org_tiny.gguf")
        gpt = self.put(".local/share/nomic.ai/GPT4All/tiny.gguf")
        expected = {"ollama:qwen2.5:7b": blob, "ollama:hf.co/org/repo:Q4_K_M": blob,
                    "lmstudio:lmstudio-community/Qwen-GGUF/Qwen-Q4": studio, "hf:Qwen/Qwen2.5-GGUF/sub/qwen-q8": link,
                    "llama.cpp:ggml-org_tiny": own, "gpt4all:tiny": gpt}
        found = self.found()
        self.assertEqual({name: model["path"] for name, model in found.items()},
                         {name: str(path) for name, path in expected.items()})
        for name, model in found.items():
            self.assertIsNone(model["problem"])
            self.assertEqual(model["how"], f"mia-perf run smoke -m {name}")
            self.assertEqual(model["file_bytes"], self.whole.stat().st_size)
            self.assertEqual(self.mia_json("model", "show", name)["path"], model["path"])
        out, _ = self.mia("find")
        self.assertIn("ollama:qwen2.5:7b", out)
        self.assertIn("-m takes these names", out)

    def test_the_names_stand_in_other_lists(self):
        studio = self.put(".lmstudio/models/p/r/x.gguf")
        self.put(".lmstudio/models/p/r/page.gguf", b"<html>Sign in</html>")
        listed = {model["id"]: model["path"] for model in self.mia_json("model", "list") if ":" in model["id"]}
        self.assertEqual(listed, {"lmstudio:p/r/x": str(studio)})
        self.assertEqual(self.mia_json("doctor")["found_models"], ["lmstudio:p/r/x"])
        self.assertIn("lmstudio:p/r/x", self.mia("doctor")[0])
        self.env.pop("MIA_LLAMA_FAKE")
        self.assertIn("mia-perf find", self.mia("runtime", "list")[0])

    def test_variables_say_where_to_look(self):
        self.env.update(OLLAMA_MODELS=str(self.home / "o"), HF_HOME=str(self.home / "h"), LLAMA_CACHE=str(self.home / "l"))
        self.ollama("registry.ollama.ai/library/a/latest", root="o")
        self.put("h/hub/models--o--r/snapshots/1/b.gguf")
        self.put("l/c.gguf")
        self.assertEqual(set(self.found()), {"ollama:a:latest", "hf:o/r/b", "llama.cpp:c"})
        self.env["LLAMA_CACHE"] = "l"
        folders = {f["folder"]: f["state"] for f in self.mia_json("find")["folders"]}
        self.assertIn("no absolute path", folders["l"])

    def test_a_folder_of_the_configuration_is_a_place(self):
        configs = self.dir / "configs"
        configs.mkdir()
        (configs / "base.yaml").write_text("models:\n  - id: mine\n    source: folder\n    file: ~/gguf\n")
        path = self.put("gguf/deep/x.gguf")
        self.assertEqual(self.found()["mine:deep/x"]["path"], str(path))
        self.assertEqual(self.mia_json("model", "show", "mine:deep/x")["path"], str(path))
        self.assertIn("mine:FILE", self.mia("model", "show", "mine", code=2)[1])

    def test_a_run_keeps_the_name_and_the_file(self):
        blob = self.ollama("registry.ollama.ai/library/qwen2.5/7b")
        self.mia("run", "smoke", "-m", "ollama:qwen2.5:7b", "--quiet")
        report = self.report("perf_smoke")
        self.assertEqual([(m["id"], m["path"]) for m in report["models"]], [("ollama:qwen2.5:7b", str(blob))])

    def test_a_split_model_is_one(self):
        folder = self.home / ".lmstudio/models/p/r"
        folder.mkdir(parents=True)
        parts = gguf_files.split(self.whole, folder, "big")
        model = self.found()["lmstudio:p/r/big"]
        self.assertEqual((model["path"], model["file_bytes"]), (str(parts[0]), sum(p.stat().st_size for p in parts)))
        parts[1].unlink()
        self.assertIn("part 2 of 3 of a split model is missing", self.problem("lmstudio:p/r/big"))

    def test_what_is_no_model_is_named_and_not_offered(self):
        root = ".lmstudio/models/p/r/"
        gguf_files.write(self.put(root + "mmproj.gguf"), [entry("general.architecture", TEXT, "clip")], TENSORS)
        self.put(root + "half.gguf.part", b"GGUF")
        self.put(root + "page.gguf", b"<!DOCTYPE html>\n<html>Sign in</html>")
        self.put(root + "m-00001-of-00002.safetensors", b"\x10\0\0\0\0\0\0\0{\"a\":{}}        ")
        self.put(root + "m-00002-of-00002.safetensors", b"\x10\0\0\0\0\0\0\0{\"a\":{}}        ")
        self.put(".cache/huggingface/hub/models--o--r/blobs/abc.incomplete", b"GGUF")
        os.mkfifo(self.home / root / "pipe.gguf")
        (self.home / root / "device.gguf").symlink_to("/dev/zero")
        (self.home / root / "gone.gguf").symlink_to("nowhere")
        words = {"lmstudio:p/r/mmproj": "a projector", "lmstudio:p/r/half.gguf.part": "not complete",
                 "lmstudio:p/r/page": "a web page", "lmstudio:p/r/m-00001-of-00002.safetensors": "a safetensors file",
                 "hf:o/r/abc.incomplete": "not complete", "lmstudio:p/r/pipe": "a FIFO",
                 "lmstudio:p/r/device": "a device", "lmstudio:p/r/gone": "there is nothing"}
        found = self.found()
        self.assertEqual(set(found), set(words))
        for name, word in words.items():
            self.assertIn(word, found[name]["problem"])
            self.assertIsNone(found[name]["how"])
            self.assertIn(name, self.mia("find")[0].split("Not measured")[1].replace("\n", ""))
        self.assertIn("not complete", self.mia("run", "smoke", "-m", "lmstudio:p/r/half.gguf.part", code=2)[1])

    def test_hostile_manifests_say_what_they_are(self):
        base = "registry.ollama.ai/library/"
        layer = {"mediaType": WEIGHTS, "digest": "sha256:" + "../" * 20 + "etc/passwd"}
        self.ollama(base + "up/x", [layer])
        self.ollama(base + "short/x", [{"mediaType": WEIGHTS, "digest": "sha256:12"}])
        self.ollama(base + "away/x", [{"mediaType": WEIGHTS, "digest": "sha256:" + "0" * 64}])
        self.ollama(base + "none/x", [{"mediaType": "text/plain", "digest": 7}, "layer", 5])
        self.ollama(base + "text/x", text=b"no JSON")
        self.ollama(base + "list/x", text=b"[1]")
        self.ollama(base + "deep/x", text=b"[" * 100_000)
        self.ollama(base + "huge/x", text=b"{" + b" " * (1 << 20))
        self.ollama(base + "bad\x1b[31m\nname/x")
        os.mkfifo(self.home / ".ollama/models/manifests" / base / "up" / "pipe")
        words = {"up:x": "names no digest", "short:x": "names no digest", "away:x": "not there", "none:x": "no GGUF weights",
                 "text:x": "no JSON", "list:x": "no GGUF weights", "deep:x": "no JSON", "huge:x": "larger than",
                 "up:pipe": "no regular file", "bad\x1b[31m\nname:x": "name the file"}
        found = self.found()
        self.assertEqual(set(found), {"ollama:" + name for name in words})
        for name, word in words.items():
            self.assertIn(word, found["ollama:" + name]["problem"])
        out, err = self.mia("find")
        self.assertNotIn("\x1b", out + err)

    def test_folders_that_cannot_be_read_are_told(self):
        (self.home / ".ollama").mkdir()
        (self.home / ".ollama/models").symlink_to("models")
        self.put(".lmstudio/models", b"a file")
        inner = self.put(".cache/llama.cpp/a.gguf").parent
        (inner / "loop").symlink_to(inner)
        if os.geteuid() != 0:
            (inner / "closed").mkdir(mode=0)
            self.addCleanup((inner / "closed").chmod, 0o700)
        result = self.mia_json("find")
        states = {pathlib.Path(f["folder"]).relative_to(self.home).as_posix(): f["state"]
                  for f in result["folders"] if f["folder"].startswith(str(self.home))}
        self.assertIn("cannot be read", states[".ollama/models"])
        self.assertEqual(states[".lmstudio/models"], "is no folder")
        self.assertEqual(states[".cache/llama.cpp"], "1")
        self.assertEqual(states[".cache/huggingface/hub"], "not there")
        if os.geteuid() != 0:
            self.assertIn("cannot be read", states[".cache/llama.cpp/closed"])

    def test_too_many_entries_end_the_reading(self):
        folder = self.home / ".cache/llama.cpp"
        folder.mkdir(parents=True)
        for i in range(20_050):
            (folder / f"{i:05}").touch()
        states = {f["folder"]: f["state"] for f in self.mia_json("find")["folders"]}
        self.assertIn("more was not read", states[str(folder)])

    def test_no_home_is_no_error(self):
        self.env["HOME"] = "relative"
        self.assertIsInstance(self.mia_json("find")["models"], list)


class Names(FindCase):
    def refused(self, name, *verb):
        return self.mia(*(verb or ("model", "show")), name, code=2)[1]

    def test_a_beginning_is_enough_where_one_model_goes_on(self):
        blob = self.ollama("registry.ollama.ai/library/tiny/latest")
        self.ollama("registry.ollama.ai/library/tiny/7b")
        link = self.hub("org/name", "only.gguf")
        gguf_files.write(self.put(link.parent / "mmproj.gguf"), [entry("general.architecture", TEXT, "clip")], TENSORS)
        for name, path in {"ollama:tiny": blob, "hf:org/name": link, "hf:org/name/only.gguf": link}.items():
            self.assertEqual(self.mia_json("model", "show", name)["path"], str(path))

    def test_an_ambiguous_name_lists_the_candidates(self):
        self.hub("org/name", "q4.gguf")
        self.hub("org/name", "q8.gguf")
        for verb in (("model", "show"), ("run", "smoke", "-m"), ("roofline", "-m")):
            err = self.refused("hf:org/name", *verb)
            self.assertIn("could be each of 2 models", err)
            self.assertIn("hf:org/name/q4, hf:org/name/q8", err)
        self.put(".lmstudio/models/p/r/x.gguf")
        self.put(".cache/lm-studio/models/p/r/x.gguf")
        self.assertIn(".cache/lm-studio/models/p/r/x.gguf", self.refused("lmstudio:p/r/x"))

    def test_revisions_are_told_apart(self):
        self.hub("org/name", "q4.gguf", "b" * 40, main=False)
        main = self.hub("org/name", "q4.gguf", "a" * 40)
        self.assertEqual(set(self.found()), {"hf:org/name/q4", "hf:org/name@bbbbbbbb/q4"})
        self.assertEqual(self.mia_json("model", "show", "hf:org/name/q4")["path"], str(main))

    def test_a_near_miss_says_what_it_could_mean(self):
        self.ollama("registry.ollama.ai/library/qwen2.5/7b")
        for name in ("ollama:qwen25:7b", "ollama:qwen", "qwen2.5:7b", "Qwen2.5", "ollama:library/qwen2.5:7b"):
            self.assertIn("did you mean", self.refused(name))
            self.assertIn("ollama:qwen2.5:7b", self.refused(name))
        self.assertIn("ollama:qwen2.5:7b", self.refused("ollama:qwen25:7b", "run", "smoke", "-m"))
        self.assertIn("mia-perf find", self.refused("hf:nothing/like/it"))

    def test_a_service_and_a_person_may_have_the_same_model(self):
        self.ollama("registry.ollama.ai/library/a/latest")
        self.env["OLLAMA_MODELS"] = str(self.home / "service")
        first = self.ollama("registry.ollama.ai/library/a/latest", root="service")
        self.assertEqual(self.mia_json("model", "show", "ollama:a")["path"], str(first))


class Engines(FindCase):
    def engines(self, name):
        return [engine for engine in self.mia_json("find")["engines"] if engine["engine"] == name]

    def program(self, path, mode=0o755):
        program = self.put(path, b"#!/bin/sh\ntouch started\n")
        program.chmod(mode)
        return program

    def test_programs_are_found_once_and_not_started(self):
        server = self.program("tools/llama-server")
        kobold = self.program(".local/bin/koboldcpp-linux-x64")
        self.program("tools/llama-server.txt", 0o644)
        self.program("tools/llama-serverless")
        os.mkfifo(self.home / "tools/lms", 0o755)
        (self.home / "links").mkdir()
        (self.home / "links/llama-server").symlink_to(server)
        self.env["PATH"] = f"{self.home}/tools:{self.home}/links:relative::{self.env['PATH']}"
        mine = [e for e in self.engines("llama-server") if e["where"].startswith(str(self.home))]
        self.assertEqual([(e["where"], e["how"]) for e in mine], [(str(server), f"mia-perf runtime add {server}")])
        self.assertEqual([e["where"] for e in self.engines("koboldcpp")], [str(kobold)])
        self.assertEqual(list(self.dir.rglob("started")), [])

    def test_a_program_in_an_odd_folder_is_quoted(self):
        server = self.program("it's\x1b[31m here/llama-server")
        self.env["PATH"] = f"{server.parent}:{self.env['PATH']}"
        how = next(e["how"] for e in self.engines("llama-server") if e["where"] == str(server))
        self.assertEqual(how, "mia-perf runtime add '" + str(server).replace("'", "'\\''") + "'")
        self.assertNotIn("\x1b", self.mia("find")[0])

    def test_python_environments_with_a_libllama(self):
        inside = "lib/python3.11/site-packages"
        for folder in ("env", ".local/share/pipx/venvs/llama", ".local/share/uv/tools/x", "miniconda3/envs/ml", ".venv-a"):
            self.put(f"{folder}/{inside}/llama_cpp/lib/libllama.so", b"ELF")
            (self.home / folder / inside / "llama_cpp_python-0.3.36.dist-info").mkdir()
        self.put(f".local/share/uv/tools/none/{inside}/other/x", b"")
        self.env["VIRTUAL_ENV"] = str(self.home / "env")
        found = self.engines("llama-cpp-python")
        self.assertEqual({e["where"] for e in found},
                         {str(self.home / f) for f in ("env", ".local/share/pipx/venvs/llama", ".local/share/uv/tools/x",
                                                       "miniconda3/envs/ml", ".venv-a")})
        self.assertEqual(found[0]["version"], "0.3.36")
        self.assertEqual(found[0]["how"], f"mia-perf runtime add --python {found[0]['where']}")

    def listen(self, port, answer):
        """Answers each connection with these bytes; None: takes it and says nothing."""
        server = socket.socket()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", port))
        except OSError:
            self.skipTest(f"port {port} is taken")
        server.listen()
        held = []

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                    held.append(connection)
                    if answer is not None:
                        connection.recv(4096)
                        connection.sendall(answer)
                        connection.close()
                except OSError:
                    if server.fileno() < 0:
                        return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()

        def stop():
            server.shutdown(socket.SHUT_RDWR)
            server.close()
            thread.join()
            for connection in held:
                connection.close()

        self.addCleanup(stop)

    @staticmethod
    def http(body, kind="application/json", status="200 OK"):
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        return head.encode() + body

    def test_what_listens_is_named_by_its_answer(self):
        self.listen(11434, self.http(b'{"version":"0.5.7"}'))
        models = {"object": "list", "data": [{"id": "tiny\x1b[31m", "owned_by": "llamacpp"}]}
        self.listen(8080, self.http(json.dumps(models).encode()))
        self.listen(1234, self.http(b"<html>It works</html>", "text/html"))
        self.listen(8000, b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:11434/api/version\r\nContent-Length: 0\r\n\r\n")
        self.listen(5001, None)
        at = {e["where"]: e for e in self.mia_json("find")["engines"] if e["where"].startswith("http")}
        self.assertEqual({url.rsplit(":", 1)[1]: e["engine"] for url, e in at.items()},
                         {"11434": "Ollama", "8080": "llama-server", "1234": "unknown", "8000": "unknown", "5001": "unknown"})
        self.assertEqual(at["http://127.0.0.1:11434"]["version"], "0.5.7")
        self.assertIn("tiny", at["http://127.0.0.1:8080"]["measured"])
        self.assertIn("HTML", at["http://127.0.0.1:1234"]["measured"])
        self.assertIn("redirects", at["http://127.0.0.1:8000"]["measured"])
        self.assertNotIn("\x1b", self.mia("find")[0])

    def test_an_answer_without_end_is_bounded(self):
        self.listen(11434, b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + b" " * (9 << 20))
        row = next(e for e in self.mia_json("find")["engines"] if e["where"].endswith(":11434"))
        self.assertEqual(row["engine"], "unknown")


if __name__ == "__main__":
    unittest.main()
