#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Poses as llama-server, or by STANDIN_API as another server (openai, ollama). STANDIN_FAULT says what goes wrong; the arguments
are left in the file STANDIN_ARGS, what it was asked in STANDIN_ASKED. What Ollama answers is written after docs.ollama.com/api."""
import http.server
import json
import os
import signal
import ssl
import sys
import time

HELP = """-t,    --threads N                      number of CPU threads
-c,    --ctx-size N                     size of the prompt context
-b,    --batch-size N                   logical batch
-np,   --parallel N                     slots
-m,    --model FNAME                    model path
--host HOST                             address
--port PORT                             port
-fa,   --flash-attn [on|off|auto]       flash attention
--no-webui                              no page
"""
API = os.environ.get("STANDIN_API", "llama-server")
FAULT = os.environ.get("STANDIN_FAULT", "")
KEY = os.environ.get("LLAMA_API_KEY", "")
BEGAN = time.monotonic()
TEXT = "né "


def argument(name):
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else ""


def event(**members):
    return b"data: " + json.dumps(members, ensure_ascii=False).encode() + b"\r\n\r\n"


def line(**members):
    return json.dumps(members, ensure_ascii=False).encode() + b"\n"


class Answer:
    """What the API sends for the i-th of the tokens, and at the end; FAULT lie: it counts others than it sends."""

    def __init__(self, body, prompt):
        self.prompt = prompt
        options = body.get("options", body)
        self.count = next(options[name] for name in ("n_predict", "max_tokens", "num_predict") if name in options)
        self.told = self.count + (1 if API == "llama-server" else -4) * (FAULT == "lie")
        self.cached = 12 * (FAULT == "cached")

    def piece(self, i):
        if API == "openai":
            return event(choices=[{"index": 0, "text": TEXT, "finish_reason": None}])
        if API == "ollama":
            return line(model="tiny:latest", response=TEXT, done=False)
        return event(content=TEXT, tokens=[7], stop=False, tokens_predicted=i, tokens_evaluated=self.prompt)

    def end(self):
        if API == "openai":
            usage = {"prompt_tokens": self.prompt, "completion_tokens": self.told,
                     "prompt_tokens_details": {"cached_tokens": self.cached}}
            return (event(choices=[{"index": 0, "text": "", "finish_reason": "length"}]) +
                    (b"" if FAULT == "uncounted" else event(choices=[], usage=usage)) + b"data: [DONE]\n\n")
        if API == "ollama":
            return line(model="tiny:latest", response="", done=True, done_reason="length", prompt_eval_count=self.prompt,
                        prompt_eval_duration=10_000, eval_count=self.told, eval_duration=1, prompt_eval_cached_count=self.cached,
                        load_duration=400_000_000 if FAULT == "again" else 20_000_000)
        return event(content="", tokens=[], stop=True, tokens_predicted=self.count, tokens_evaluated=self.prompt,
                     stop_type="limit", timings={"cache_n": self.cached, "prompt_n": self.prompt, "prompt_ms": 0.01,
                                                 "predicted_n": self.told, "predicted_ms": 1})


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, body, status=200, kind="application/json", **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path == "/health":
            loading = time.monotonic() - BEGAN < 0.2
            return self.answer({"error": {"message": "Loading model"}}, 503) if loading else self.answer({"status": "ok"})
        if KEY and self.headers["Authorization"] != f"Bearer {KEY}":
            return self.answer({"error": {"message": "Invalid API Key"}}, 401)
        if FAULT == "loading":
            return self.answer({"error": {"message": "Loading model"}}, 503)
        known = {
            "llama-server": {
                "/props": {"default_generation_settings": {"n_ctx": 512}, "total_slots": 1, "build_info": "b4711-abcdef1",
                           "model_path": argument("--model")},
                "/v1/models": {"data": [{"id": argument("--model"), "owned_by": "llamacpp", "meta": {"n_vocab": 1000}}]}},
            "openai": {"/v1/models": {"data": [{"id": "other"}, {"id": "tiny-chat", "owned_by": f"standin {KEY}", "max_model_len": 4096}]}},
            "ollama": {"/api/version": {"version": "0.5.7"}, "/api/tags": {"models": [{"name": "tiny:latest"}]},
                       "/api/ps": {"models": [{"name": "tiny:latest", "context_length": 1024}]}}}[API]
        return self.answer(known[self.path]) if self.path in known else self.answer({"error": "not found"}, 404)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if path := os.environ.get("STANDIN_ASKED"):
            with open(path, "a", encoding="utf-8") as file:
                print(json.dumps({"path": self.path, "body": body}), file=file)
        if self.path == "/tokenize":
            return self.answer({"tokens": [1] + [7] * len(body["content"].split())})
        if not body["stream"]:
            return self.answer({"done": True, **({"load_duration": 500_000_000} if "prompt" in body else {"done_reason": "unload"})})
        if FAULT == "html":
            return self.answer(b"<html>It works</html>", kind="text/html")
        if FAULT == "redirect":
            return self.answer(b"", 302, Location="http://127.0.0.1:1/")
        if FAULT == "leak":
            return self.answer({"error": {"message": f"the key {KEY} may not do this"}}, 403)
        if FAULT == "busy":
            return self.answer({"error": {"message": "too many requests"}}, 429)
        return self.stream(body)

    def stream(self, body):
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson" if API == "ollama" else "text/event-stream")
        self.end_headers()
        self.wfile.write(b"\n" if API == "ollama" else b": a comment\n\n")
        answer = Answer(body, len(body["prompt"]) if isinstance(body["prompt"], list) else 1 + len(body["prompt"].split()))
        for i in range(1, answer.count + 1):
            if FAULT == "reset" and i == 3:
                self.wfile.write(answer.piece(i)[:-9])
                return
            if FAULT == "die" and i == 3:
                print("standin: these are my last words", file=sys.stderr, flush=True)
                os.kill(os.getpid(), signal.SIGSEGV)
            if FAULT == "stall" and i == 3:
                time.sleep(60)
            if FAULT == "flood" and i == 3:
                for _ in range(20):
                    self.wfile.write(b"x" * (1 << 20))
                return
            if FAULT == "error" and i == 3:
                self.wfile.write(line(error="the runner is gone") if API == "ollama" else event(error={"message": "the runner is gone"}))
                return
            if i == 2 and FAULT != "lie":
                continue  # two tokens in one chunk
            piece = answer.piece(i)
            half = piece.index(b"\xc3") + 1  # cut in the middle of a character
            self.wfile.write(piece[:half])
            self.wfile.flush()
            self.wfile.write(piece[half:])
            time.sleep(0.002)
        self.wfile.write(answer.end())


def main():
    if "--version" in sys.argv:
        print("version: 4711 (abcdef1)\nbuilt with a stand-in for tests", file=sys.stderr)
    elif "--help" in sys.argv:
        print(HELP)
    else:
        if path := os.environ.get("STANDIN_ARGS"):
            with open(path, "w", encoding="utf-8") as file:
                json.dump({"argv": sys.argv[1:], "pid": os.getpid(), "key": KEY, "arg": os.environ.get("LLAMA_ARG_THREADS")}, file)
        if FAULT == "no_model":
            sys.exit("error: failed to load model, the file is no GGUF")
        print("system_info: n_threads = 3 (n_threads_batch = 3) / 4", file=sys.stderr, flush=True)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", int(argument("--port"))), Server)
        if certificate := argument("--tls"):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        server.serve_forever()


main()
