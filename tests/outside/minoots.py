"""The server under test: the release binary on a port and a data folder of its own."""

import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import requests

from api import Api
from waiting import until

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("MINOOTS_BINARY", ROOT / "target/release/minoots"))

# SIGTERM lets running attempts end for at most 20 s; a little is added for the process itself.
STOPS_WITHIN = 22


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _environment(settings):
    """This process's environment without a developer's own MINOOTS_ settings, and with the test's."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MINOOTS_")} | (settings or {})


def refuses_to_start(*options, environment=None):
    """Runs `minoots dev` with options under which it must not serve; gives its exit code and all that it said."""
    command = [BINARY, "dev", *options]
    try:
        done = subprocess.run(
            command, env=_environment(environment), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10
        )
    except subprocess.TimeoutExpired as served:
        raise AssertionError(f"{command} was to be refused, and served:\n{served.stdout}") from None
    return done.returncode, done.stdout + done.stderr


class Server:
    """`minoots dev` with `options`. It keeps its port, its data and its log when it is stopped and started again."""

    def __init__(self, folder, *options, environment=None, binary=BINARY):
        self.binary = binary
        self.folder = folder
        self.options = options
        self.environment = environment or {}
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "minoots.txt"
        self.process = None

    def start(self):
        assert Path(self.binary).exists(), f"{self.binary} is missing: cargo build --release"
        already_written = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "dev", "--port", str(self.port), "--data-dir", self.folder / "data", *self.options],
                cwd=self.folder,
                env=_environment(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            until(self._serves, within=20, promise="minoots dev serves")
            self.key = until(lambda: self._banner(already_written), within=5, promise="minoots dev prints its key")
        except BaseException as error:
            self.process.kill()
            self.process.wait()
            self.process = None
            raise AssertionError(f"{error}; it said:\n{self.said()}") from error
        self.api = Api(self.url, self.key)
        return self

    def _serves(self):
        assert self.process.poll() is None, f"minoots dev ended with {self.process.returncode}"
        try:
            return requests.get(f"{self.url}/health", timeout=5).status_code == 200
        except (requests.ConnectionError, requests.Timeout):
            return False

    def _banner(self, start):
        key = re.search(r"API key\s+(\S+)", self.log.read_bytes()[start:].decode())
        return key and key[1]

    def said(self):
        """All that the server printed and logged, over all its runs."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def stop(self, how=signal.SIGTERM):
        """SIGTERM, upon which it must end with 0 in time."""
        self.process.send_signal(how)
        code = self._ended(STOPS_WITHIN, f"ends within 20 s of {how.name}")
        assert code == 0, f"minoots dev must end with 0 upon {how.name}, ended with {code}:\n{self.said()[-3000:]}"

    def kill(self):
        """kill -9: no chance to write anything."""
        self.process.kill()
        self._ended(10, "ends upon SIGKILL")

    def _ended(self, within, promise):
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"minoots dev {promise}; it said:\n{self.said()[-3000:]}") from None
        finally:
            self.process = None

    def exchange(self, sent, within=10):
        """Sends these bytes on a connection of their own and gives all that is answered until the server hangs up."""
        got = b""
        with socket.create_connection(("127.0.0.1", self.port), within) as connection:
            try:
                connection.sendall(sent)
                while piece := connection.recv(65_536):
                    got += piece
            except ConnectionError:
                pass
        return got

    def send_and_hang_up(self, sent):
        """Sends these bytes and is gone before the answer."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
            connection.sendall(sent)

    def is_healthy(self):
        """Still the same process, and answering promptly."""
        assert self.process.poll() is None, f"minoots dev died with {self.process.returncode}:\n{self.said()[-3000:]}"
        return requests.get(f"{self.url}/health", timeout=5).json()["status"] == "healthy"

    def resident_megabytes(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024
