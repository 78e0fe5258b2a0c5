"""A webhook receiver that keeps what it gets, with the time of arrival, and answers as told."""

import json
import sys
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat

from requests.structures import CaseInsensitiveDict

from waiting import until


@dataclass
class Hit:
    """One request: `at` is the time.time() at which its headers had arrived."""

    at: float
    method: str
    path: str
    headers: CaseInsensitiveDict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def event(self):
        return self.json["event"]

    def late(self, timer=None):
        """Seconds after the timer's end; negative is early."""
        return self.at - (timer or self.json["timer"])["endTime"] / 1000


class Receiver:
    """Answers the n-th request with the n-th of `answers` and all later ones with the last.

    An answer is a status or a pair of a status and headers.
    """

    def __init__(self, *answers):
        answers = answers or (200,)
        self._answers = chain(answers, repeat(answers[-1]))
        self._lock = threading.Lock()
        self._hits = []
        self.connections = 0
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def connected(self):
        with self._lock:
            self.connections += 1

    def take(self, hit):
        with self._lock:
            self._hits.append(hit)
            answer = next(self._answers)
        return answer if isinstance(answer, tuple) else (answer, {})

    @property
    def hits(self):
        with self._lock:
            return list(self._hits)

    def of(self, event):
        return [hit for hit in self.hits if hit.event == event]

    def wait(self, count=1, *, within=5.0, event=None):
        """The first `count` requests (of that event); fails when they don't come in time."""

        def seen():
            return self.of(event) if event else self.hits

        try:
            until(lambda: len(seen()) >= count, within=within, promise="")
        except AssertionError:
            came = [(hit.path, hit.body[:200]) for hit in self.hits]
            message = f"{count} webhook(s) {event or ''} promised at {self.url} within {within} s; came: {came}"
            raise AssertionError(message) from None
        return seen()[:count]

    def one(self, *, within=5.0, event=None):
        return self.wait(1, within=within, event=event)[0]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def handle_error(self, request, client_address):
        # A server that is killed resets its connections.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(receiver):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def setup(self):
            receiver.connected()
            super().setup()

        def _take(self):
            at = time.time()
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = CaseInsensitiveDict(self.headers.items())
            status, extra = receiver.take(Hit(at, self.command, self.path, headers, body))
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _take

        def log_message(self, *_):
            pass

    return Handler
