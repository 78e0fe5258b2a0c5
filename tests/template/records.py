"""Keeps what the emulator forgets: all that functions write, after their answers too, and all messages received."""

import json

from ministack.core.lambda_runtime import ProvidedWorker
from ministack.services import sqs

pump = ProvidedWorker._pump_output
collect = sqs._collect_msgs


class Copied:
    """A process's output, each line of which is written to a file as well."""

    def __init__(self, output, file):
        self._output, self._file = output, file

    def readline(self):
        line = self._output.readline()
        self._file.write(line)
        return line

    def close(self):
        self._output.close()


def keep_in(folder):
    """One file for each function, of all its processes' lines, and one of all messages, as JSON."""
    folder.mkdir()
    messages = (folder / "messages").open("ab", buffering=0)

    def pump_copied(worker, output, lines):
        with (folder / f"{worker.func_name}.log").open("ab", buffering=0) as file:
            pump(worker, Copied(output, file), lines)

    def collect_noted(queue, *rest):
        collected = collect(queue, *rest)
        for message in collected:
            noted = {"queue": queue["name"], **message}
            messages.write(json.dumps(noted, default=str).encode() + b"\n")
        return collected

    ProvidedWorker._pump_output = pump_copied
    sqs._collect_msgs = collect_noted
