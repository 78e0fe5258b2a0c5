"""What the tests stand on. Only the standard library, so that they run on every Python that the package supports."""

import json
import os
import secrets
import socket
import threading
import time
import unittest
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from minoots import Minoots


class Request:
    def __init__(self, handler):
        self.at = time.monotonic()
        self.method = handler.command
        self.path = handler.path
        self.headers: Message = handler.headers
        self.body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))


class Scripted:
    """Does as told with the n-th request, and as told last with all further ones.

    A step is an answer `(status, headers, body)`, or what to do with the connection: `"cut"`, `"half"` (in the middle
    of an answer) or `"hang"`.
    """

    def __init__(self, *steps):
        self.requests = []
        self.closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, steps))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def client(self, **options):
        return Minoots(**{"api_key": "mnt_test_scripted", "base_url": self.url, **options})

    @property
    def waits(self):
        return [second.at - first.at for first, second in zip(self.requests, self.requests[1:])]

    def close(self):
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(script, steps):
    class Handler(BaseHTTPRequestHandler):
        def _take(self):
            script.requests.append(Request(self))
            step = steps[min(len(script.requests), len(steps)) - 1]
            if step == "hang":
                script.closing.wait()
            elif step == "half":
                self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"success":')
            elif step != "cut":
                self._answer(*step)
            self.close_connection = True

        def _answer(self, status, headers, body):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_DELETE = _take

        def log_message(self, *_):
            pass

    return Handler


def ok(**answer):
    return 200, {}, json.dumps({"success": True, **answer}).encode()


def problem(status, code, **headers):
    error = {"code": code, "message": f"it is {code}", "details": [{"path": "name", "message": "is odd"}]}
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, headers, json.dumps({"success": False, "error": error, "message": error["message"]}).encode()


class Case(unittest.TestCase):
    """A test that starts servers, which end with it."""

    def scripted(self, *steps):
        server = Scripted(*steps)
        self.addCleanup(server.close)
        return server

    def receiver(self, status=200):
        return self.scripted((status, {}, b""))

    def until(self, probe, promise):
        """What `probe` gives as soon as it is true."""
        deadline = time.monotonic() + 5
        while True:
            found = probe()
            if found:
                return found
            if time.monotonic() > deadline:
                self.fail(f"not within 5 s: {promise}")
            time.sleep(0.01)


def running():
    """A client of the server that the tests are run against: `minoots dev`, with its key in the environment."""
    for name in ("MINOOTS_BASE_URL", "MINOOTS_API_KEY"):
        if not os.environ.get(name):
            raise RuntimeError(f"{name} is not set: these tests talk to a running server")
    return Minoots()


def unique():
    """A name that nothing else on the server has."""
    return "t" + secrets.token_hex(8)


def abandoned():
    """An address where a server was, and is no more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"
