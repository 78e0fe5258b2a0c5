"""The command line: run in a pipe, and in a terminal."""

import os
import pty
import re
import select
import signal
import subprocess
import time
from contextlib import contextmanager

from minoots import BINARY
from waiting import until


class Cli:
    """`minoots` as somebody whose folder, home and environment are these."""

    def __init__(self, folder, server=None, **settings):
        self.folder = folder
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MINOOTS_", "XDG_"))}
        self.environment = inherited | {"HOME": str(folder), "TERM": "xterm-256color"}
        if server:
            self.environment |= {"MINOOTS_BASE_URL": server.url, "MINOOTS_API_KEY": server.key}
        self.environment |= settings

    def run(self, *arguments, stdin="", timeout=30):
        """What it printed, in a pipe, and how it ended."""
        return subprocess.run(
            [BINARY, *map(str, arguments)],
            cwd=self.folder,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def __call__(self, *arguments, **options):
        """What it printed to standard output; it must end with 0."""
        done = self.run(*arguments, **options)
        assert done.returncode == 0, f"minoots {arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def fails(self, code, *arguments, **options):
        """What it complained of; it must end with this code, and print no data."""
        done = self.run(*arguments, **options)
        assert done.returncode == code, f"minoots {arguments} ended with {done.returncode}, not {code}:\n{done.stderr}"
        return done.stderr

    def in_terminal(self, *arguments, within=30):
        """All that a terminal showed, escape sequences included, and the exit code."""
        process, screen = self._terminal(arguments)
        shown, deadline = b"", time.monotonic() + within
        while time.monotonic() < deadline:
            if select.select([screen], [], [], 0.1)[0]:
                try:
                    piece = os.read(screen, 65_536)
                except OSError:  # The other side of the terminal is closed.
                    break
                if not piece:
                    break
                shown += piece
        os.close(screen)
        try:
            code = process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"minoots {arguments} did not end; it showed {shown!r}") from None
        return shown.decode(errors="replace"), code

    def _terminal(self, arguments):
        screen, other = pty.openpty()
        process = subprocess.Popen(
            [BINARY, *map(str, arguments)],
            cwd=self.folder,
            env=self.environment,
            stdin=other,
            stdout=other,
            stderr=other,
            start_new_session=True,
        )
        os.close(other)
        return process, screen

    @contextmanager
    def serving(self, *arguments, ready):
        """Runs a command that goes on until it is told to stop; yields it once it has said what `ready` matches."""
        out, err = self.folder / "out.txt", self.folder / "err.txt"
        with out.open("w") as stdout, err.open("w") as stderr:
            process = subprocess.Popen(
                [BINARY, *map(str, arguments)],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )
        running = Running(process, out, err)
        try:
            running.found = until(
                lambda: re.search(ready, err.read_text() + out.read_text()) or process.poll() is not None,
                within=20,
                promise=f"minoots {arguments} says {ready}",
            )
            assert process.poll() is None, f"minoots {arguments} ended:\n{err.read_text()}"
            yield running
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(10)


class Running:
    """A command that goes on."""

    def __init__(self, process, out, err):
        self.process = process
        self.out = out
        self.err = err

    def lines(self, count, within=10):
        """The first lines of its data, as soon as there are so many."""

        def enough():
            lines = self.out.read_text().splitlines()
            return lines if len(lines) >= count else None

        return until(enough, within=within, promise=f"{count} lines; it said {self.err.read_text()!r}")


def without_colours(text):
    """The text without escape sequences."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
