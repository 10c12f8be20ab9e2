#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Poses as llama-server. STANDIN_FAULT says what goes wrong; the arguments are left in the file STANDIN_ARGS."""
import http.server
import json
import os
import signal
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
FAULT = os.environ.get("STANDIN_FAULT", "")
KEY = os.environ.get("LLAMA_API_KEY", "")
BEGAN = time.monotonic()


def event(**members):
    return b"data: " + json.dumps(members).encode() + b"\r\n\r\n"


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
        if self.headers["Authorization"] != f"Bearer {KEY}":
            return self.answer({"error": {"message": "Invalid API Key"}}, 401)
        if self.path == "/props":
            return self.answer({"default_generation_settings": {"n_ctx": 512}, "total_slots": 1})
        return self.answer({"data": [{"meta": {"n_vocab": 1000}}]})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/tokenize":
            return self.answer({"tokens": [1] + [7] * len(body["content"].split())})
        if FAULT == "html":
            return self.answer(b"<html>It works</html>", kind="text/html")
        if FAULT == "redirect":
            return self.answer(b"", 302, Location="http://127.0.0.1:1/")
        if FAULT == "busy":
            return self.answer({"error": {"message": "too many requests"}}, 429)
        return self.stream(body)

    def stream(self, body):
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b": a comment\n\n")
        count = body["n_predict"]
        prompt = len(body["prompt"]) if isinstance(body["prompt"], list) else 1 + len(body["prompt"].split())
        for i in range(1, count + 1):
            if FAULT == "reset" and i == 3:
                self.wfile.write(b'data: {"tokens_pre')
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
            if i == 2 and FAULT != "lie":
                continue  # two tokens in one chunk
            piece = event(content="né "[:3], tokens=[7], stop=False, tokens_predicted=i, tokens_evaluated=prompt)
            self.wfile.write(piece[:20])  # cut anywhere
            self.wfile.flush()
            self.wfile.write(piece[20:])
            time.sleep(0.002)
        self.wfile.write(event(content="", tokens=[], stop=True, tokens_predicted=count, tokens_evaluated=prompt, stop_type="limit",
                               timings={"cache_n": 0, "prompt_n": prompt, "prompt_ms": 0.01,
                                        "predicted_n": count + (FAULT == "lie"), "predicted_ms": 1}))


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
        http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Server).serve_forever()


main()
