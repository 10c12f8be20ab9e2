# SPDX-License-Identifier: MIT
"""Speaks the worker protocol (docs/worker-protocol.md) from Python, as another coordinator would."""
import json
import os
import subprocess

from support import die_with_the_test


class WorkerFailed(Exception):
    pass


class WorkerClient:
    def __init__(self, program, env=None):
        to_worker, self._write = os.pipe()
        self._read, from_worker = os.pipe()
        environment = dict(os.environ, **(env or {}), MIA_WORKER_IN=str(to_worker), MIA_WORKER_OUT=str(from_worker))
        self._process = subprocess.Popen([program], env=environment, pass_fds=(to_worker, from_worker),
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                         preexec_fn=die_with_the_test)
        self.pid = self._process.pid
        os.close(to_worker)
        os.close(from_worker)
        self._out = os.fdopen(self._write, "w", encoding="utf-8")
        self._in = os.fdopen(self._read, encoding="utf-8", errors="replace")
        self._id = 0
        self.greeting = json.loads(self._in.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._out.close()
        self._in.close()
        self._process.wait(timeout=60)

    def ask(self, kind, **members):
        self._id += 1
        self._out.write(json.dumps({"type": kind, "id": self._id, **members}) + "\n")
        self._out.flush()
        line = self._in.readline()
        reply = json.loads(line) if line else {"type": "failed", "outcome": {"reason": "the worker is gone"}}
        if reply["type"] == "failed":
            raise WorkerFailed(str(reply["outcome"]))
        return reply

    def load(self, model, **llm):
        return self.ask("load", model=str(model), settings={"llm.primary": llm})

    def probe(self, what, **arguments):
        return self.ask("probe", what=what, arguments=arguments)["result"]
