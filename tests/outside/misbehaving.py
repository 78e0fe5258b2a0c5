"""Receivers that do what a webhook receiver should not, one connection at a time."""

import re
import socket
import struct
import threading
import time
from contextlib import suppress

MEGABYTE = b"x" * 1_000_000


class Misbehaving:
    """Accepts connections and leaves each to `behave(connection)` in a thread of its own.

    `behave` may wait on `connection.closing`, which is set when the receiver is put away. A peer that hangs up ends it.
    """

    def __init__(self, behave, host="127.0.0.1", port=0):
        self._behave = behave
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self.connections = []
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=4096)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://{host}:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            connection = Connection(accepted, self._closing)
            with self._lock:
                self.connections.append(connection)
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection):
        try:
            self._behave(connection)
        except OSError:
            pass
        finally:
            connection.ended = time.time()
            connection.socket.close()

    @property
    def count(self):
        with self._lock:
            return len(self.connections)

    def close(self):
        self._closing.set()
        with suppress(OSError):
            # An accept under way is not woken by close alone.
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self.connections:
            connection.hang_up()


class Connection:
    """One accepted connection; `began` and `ended` are time.time()."""

    def __init__(self, accepted, closing):
        self.socket = accepted
        self.closing = closing
        self.began = time.time()
        self.ended = None

    def request(self):
        """Reads one whole request and gives its bytes."""
        got = b""
        while b"\r\n\r\n" not in got:
            got += self._more()
        head, body = got.split(b"\r\n\r\n", 1)
        length = int(re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)[1])
        while len(body) < length:
            body += self._more()
        return head + b"\r\n\r\n" + body

    def _more(self):
        piece = self.socket.recv(65_536)
        if not piece:
            raise ConnectionError("the peer has hung up")
        return piece

    def send(self, text):
        self.socket.sendall(text)

    def until_closed(self):
        """Says nothing until the peer hangs up."""
        while not self.closing.is_set() and self.socket.recv(65_536):
            pass

    def hang_up(self):
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)


def silent(connection):
    """Takes the connection and reads nothing."""
    connection.closing.wait()


def hangs(connection):
    connection.request()
    connection.until_closed()


def drips_headers(connection):
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not connection.closing.wait(1):
        connection.send(b"x")


def drips_a_body(status):
    def behave(connection):
        connection.request()
        connection.send(b"HTTP/1.1 %d Status\r\nContent-Length: 100000\r\n\r\n" % status)
        while not connection.closing.wait(1):
            connection.send(b"x")

    return behave


def floods_a_body(status):
    """100 MB, as long as the peer takes them."""

    def behave(connection):
        connection.request()
        connection.send(b"HTTP/1.1 %d Status\r\nContent-Length: 100000000\r\n\r\n" % status)
        for _ in range(100):
            connection.send(MEGABYTE)

    return behave


def floods_in_chunks(status):
    def behave(connection):
        connection.request()
        connection.send(b"HTTP/1.1 %d Status\r\nTransfer-Encoding: chunked\r\n\r\n" % status)
        for _ in range(100):
            connection.send(b"%x\r\n%s\r\n" % (len(MEGABYTE), MEGABYTE))

    return behave


def floods_headers(connection):
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\n")
    for number in range(100_000):
        connection.send(b"X-%d: %s\r\n" % (number, b"x" * 1000))


def floods_one_header(connection):
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
    for _ in range(100):
        connection.send(MEGABYTE)


def redirects(status, to):
    def behave(connection):
        connection.request()
        connection.send(b"HTTP/1.1 %d Elsewhere\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (status, to.encode()))
        connection.until_closed()

    return behave


def closes_at_once(connection):
    connection.hang_up()


def closes_after_the_request(connection):
    connection.request()


def resets(connection):
    connection.request()
    # To close with unsent data thrown away is to send RST.
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def answers(text):
    """These bytes, and then it hangs up."""

    def behave(connection):
        connection.request()
        connection.send(text)

    return behave


def answers_when(event, text=b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"):
    """As soon as the event is set; and says that it hangs up then, so that no second request is sent into the void."""

    def behave(connection):
        connection.request()
        event.wait()
        connection.send(text)

    return behave
