"""Where samples are run: a server, a receiver, a folder, and stand-ins for the commands that a sample calls."""

import json
import os
import re
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from minoots import free_port
from waiting import until

NODE = Path(__file__).parent / "node"
DEPLOYED = "https://api-m3waemr5lq-uc.a.run.app"
# What loads the client that the samples of 001 call.
CLIENT = f"import {json.dumps(str(NODE / 'minoots.mjs'))};"
PROGRAMS = {"bash": ("bash", "sh"), "python": (sys.executable, "py"), "javascript": ("node", "mjs")}


class Stage:
    """Samples run here as printed, save for the base URL, the key and the hosts of their receivers.

    A receiver's host becomes a folder of the stage's own receiver (https://ci.example.com/x is
    http://127.0.0.1:PORT/ci.example.com/x), unless `hosts` names another address for it. Where the host decides the
    body's format, the substitution says the format in the host's stead.
    """

    def __init__(self, folder, server, receiver):
        self.folder = folder
        self.server = server
        self.api = server.api
        self.receiver = receiver
        self.hosts = {}
        self.commands = folder / "commands"
        self.commands.mkdir()
        self.environment = os.environ | {
            "PATH": f"{self.commands}:{os.environ['PATH']}",
            "NODE_PATH": str(NODE / "node_modules"),
            "MINOOTS_API_KEY": server.key,
            "MINOOTS_URL": server.url,
            "PYTHONUNBUFFERED": "1",
        }

    def stand_in(self, command, script="exit 0"):
        """Puts a command of this name first on the samples' PATH."""
        path = self.commands / command
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)

    def put_on(self, text):
        """The text with the addresses and the key of this stage."""
        text = text.replace(DEPLOYED, self.server.url).replace("YOUR_API_KEY", self.server.key)
        text = re.sub(r"(webhook: )('https://hooks\.slack\.com|this\.teamWebhook)", r"format: 'slack', \1\2", text)
        text = re.sub(r"('webhook': self\.slack_webhook)", r"'format': 'slack', \1", text)
        text = re.sub(r"(webhook: )('https://discord\.com)", r"format: 'discord', \1\2", text)
        return re.sub(r"https://([\w.-]+)", lambda match: self._address_of(match[1]), text)

    def _address_of(self, host):
        return self.hosts.get(host, f"{self.receiver.url}/{host}")

    def run(self, sample, *arguments, before="", after=""):
        """Runs the sample, between what it takes for granted and what calls it; gives what it printed."""
        done = self._run(sample, arguments, before, after)
        assert done.returncode == 0, f"{sample.heading} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def fails(self, sample, *arguments, before="", after=""):
        """Runs a sample that can't work the way it is printed or called; gives what it complained of."""
        done = self._run(sample, arguments, before, after)
        assert done.returncode != 0, f"{sample.heading} was expected to fail, and printed {done.stdout}"
        return done.stdout + done.stderr

    def value(self, sample, expression=None):
        """What the sample, or an expression after it, is worth in JavaScript. An elided object (`{ ... }`) is empty."""
        if expression is None:
            text = sample.text.replace("{ ... }", "{}")
            sample = replace(sample, language="javascript", text=f"const it = (\n{text});\n")
        return json.loads(self.run(sample, after=f"console.log(JSON.stringify({expression or 'it'}));"))

    def _run(self, sample, arguments, before, after):
        command = self._command(sample, arguments, before, after)
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def _command(self, sample, arguments, before, after):
        program, suffix = PROGRAMS[sample.language]
        if sample.language == "javascript":
            before = f"import {json.dumps(str(NODE / 'globals.mjs'))};\n{before}"
        path = self.folder / f"sample.{suffix}"
        path.write_text(self.put_on(f"{before}\n{sample.text}\n{after}\n"), encoding="utf-8")
        return [program, path, *arguments]

    @contextmanager
    def serving(self, sample, port, *, before="", after=""):
        """Runs a sample that receives webhooks on `port`; yields a function that reads what it has printed."""
        output = self.folder / "served.txt"
        with output.open("w") as file:
            command = self._command(sample, (), before, after)
            process = subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file
            )
        try:
            until(
                lambda: _accepts(port) or process.poll() is not None, within=20, promise="the sample's receiver listens"
            )
            assert process.poll() is None, f"{sample.heading} ended:\n{output.read_text()}"
            yield output.read_text
        finally:
            process.terminate()
            process.wait(10)

    def timers(self):
        """All timers by name, in the order of their creation."""
        return {timer["name"]: timer for timer in reversed(self.api.timers())}

    def only_timer(self):
        [timer] = self.timers().values()
        return timer

    def created(self, name):
        """The timer of this name, as soon as there is one."""
        return until(lambda: self.timers().get(name), within=5, promise=f"a timer is created by the name {name}")

    def of(self, timer, event):
        return [hit for hit in self.receiver.of(event) if hit.json["timer"]["id"] == timer["id"]]

    def expired(self, timer):
        """Fires the timer now, in place of the hours that the sample gives it; returns its webhook."""
        self.api.fire(timer)
        return self.awaited(timer, "timer_expired")[0]

    def posted(self, timer):
        """Fires the timer now; returns the request that follows, in whatever form its target takes."""
        before = len(self.receiver.hits)
        self.api.fire(timer)
        return self.receiver.wait(before + 1)[before]

    def lived(self, timer, duration="2s"):
        """Lets the timer run its course in `duration`; returns the webhooks of its milestones, and that of its end."""
        self.api.change(timer, duration=duration)
        expired = self.awaited(timer, "timer_expired")[0]
        return self.of(timer, "timer_progress"), expired

    def verdict(self, timer, event="timer_expired"):
        """The status with which the receiver answered the timer's event, read from the delivery's record."""

        def answers():
            return [each.get("responseCode") for each in self.api.deliveries(timer) if each["event"] == event]

        until(lambda: any(answers()), within=5, promise=f"{event} of {timer['name']} is attempted and recorded")
        return answers()[0]

    def delivered(self, timer, within=5):
        """The only delivery of the timer, as soon as it has been taken."""

        def taken():
            [delivery] = self.api.deliveries(timer)
            return delivery["status"] == "SUCCESS" and delivery

        return until(taken, within=within, promise=f"the webhook of {timer['name']} is taken")

    def awaited(self, timer, event, count=1):
        """The first webhooks of the timer's event."""
        promise = f"{count} {event} of {timer['name']} at {self.receiver.url}; came: {self.receiver.hits}"
        until(lambda: len(self.of(timer, event)) >= count, within=5, promise=promise)
        return self.of(timer, event)


def _accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def listener():
    """A port for a sample's own receiver, and its address."""
    port = free_port()
    return port, f"http://127.0.0.1:{port}"
