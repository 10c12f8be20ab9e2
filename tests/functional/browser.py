# SPDX-License-Identifier: MIT
"""A tab of Debian's chromium that stays open, driven by the DevTools protocol over a WebSocket of our own: for pages that change."""
import base64
import http.client
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import urllib.parse

CHROMIUM = shutil.which("chromium")


class Tab:
    def __init__(self, home, env):
        self.process = subprocess.Popen(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
             "--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", f"--user-data-dir={home / 'tab'}",
             "--remote-debugging-port=0", "about:blank"],
            stderr=subprocess.PIPE, text=True, env={**env, "HOME": str(home)})
        while not (found := re.search(r"listening on ws://127\.0\.0\.1:(\d+)/", line := self.process.stderr.readline())):
            if not line:
                raise RuntimeError("chromium did not start")
        listing = http.client.HTTPConnection("127.0.0.1", int(found[1]))
        listing.request("GET", "/json/list")
        page = next(one for one in json.loads(listing.getresponse().read()) if one["type"] == "page")
        listing.close()
        self.seen, self.number = [], 0
        self.connect(urllib.parse.urlsplit(page["webSocketDebuggerUrl"]))
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def connect(self, url):
        self.socket = socket.create_connection(("127.0.0.1", url.port), timeout=300)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        self.stream = self.socket.makefile("rb")
        while self.stream.readline().strip():
            pass

    def message(self):
        """The next message: chromium sends each in one frame."""
        _, length = self.stream.read(2)
        if length >= 126:
            size = 2 if length == 126 else 8
            length = int.from_bytes(self.stream.read(size), "big")
        return json.loads(self.stream.read(length))

    def call(self, method, **params):
        self.number += 1
        text = json.dumps({"id": self.number, "method": method, "params": params}).encode()
        head = struct.pack("!BBH", 0x81, 0x80 | 126, len(text)) if len(text) >= 126 else bytes((0x81, 0x80 | len(text)))
        self.socket.sendall(head + bytes(4) + text)  # a mask of zeros
        while (answer := self.message()).get("id") != self.number:
            self.seen.append(answer)
        return answer["result"]

    def evaluate(self, expression):
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)["result"].get("value")

    def complaints(self):
        """What the page said on the console, but for the icon that browsers ask for."""
        entries = [event["params"]["entry"] for event in self.seen if event.get("method") == "Log.entryAdded"]
        told = [entry["text"] for entry in entries if "favicon" not in entry.get("url", "")]
        return told + [event["params"] for event in self.seen
                       if event.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown")]

    def requests(self):
        return [event["params"]["request"]["url"] for event in self.seen if event.get("method") == "Network.requestWillBeSent"]

    def close(self):
        self.stream.close()
        self.socket.close()
        self.process.terminate()
        self.process.communicate()
