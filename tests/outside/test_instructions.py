"""What a creation and a delivery cost the server in instructions and allocations, under callgrind: no load moves that.

Time differs between machines and runs; this does not, but for how calls happen to share commits, and for the compiler.
What they are spent on: `callgrind_annotate --inclusive=yes` on the files that this test leaves behind.
"""

import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import requests

from api import Api, succeeded
from minoots import BINARY, free_port
from waiting import until

# Measured: instructions and allocations. valgrind knows no SHA instructions: signing a webhook takes 100,000 there, and
# in truth few.
CREATION = 131_000, 138
DELIVERY = 426_000, 252
# A dearer step fails, and so does one that has become so much cheaper that the figures above say nothing any more.
MARGIN = 0.15
SLACK = 0.35

ALLOCATE = {"mi_malloc_aligned", "mi_zalloc_aligned", "mi_realloc_aligned"}

COUNT = 300
KEY = "mnt_live_counted"


class Counted:
    """`minoots dev` under callgrind."""

    def __init__(self, folder):
        assert shutil.which("valgrind"), "valgrind is missing: apt-get install valgrind, or make packages"
        self.folder = folder
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", BINARY, "dev"]
        command += ["--port", str(port), "--data-dir", folder / "data", "--api-key", KEY]
        with open(folder / "log", "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        until(self._serves, within=120, promise="minoots dev serves under valgrind")

    def _serves(self):
        assert self.process.poll() is None, (self.folder / "log").read_text()
        try:
            return requests.get(f"{self.url}/health", timeout=10).status_code == 200
        except (requests.ConnectionError, requests.Timeout):
            return False

    def cost(self):
        """How many instructions it has executed, and how often it has asked for memory, since this was asked last."""
        known = set(self.folder.glob("out.*"))
        command = ["callgrind_control", "--dump", str(self.process.pid)]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        (written,) = until(
            lambda: [file for file in set(self.folder.glob("out.*")) - known if "totals:" in file.read_text()],
            within=60,
            promise="callgrind writes what it counted",
        )
        text = written.read_text()
        return int(re.search(r"^totals: (\d+)", text, re.MULTILINE)[1]), allocations(text)

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


def allocations(profile):
    """Calls of the allocator's functions; the names are given where they come up first, and numbers after that."""
    names = dict(re.findall(r"^c?fn=\((\d+)\) (.+)$", profile, re.MULTILINE))
    called = re.findall(r"^cfn=\((\d+)\).*\ncalls=(\d+)", profile, re.MULTILINE)
    found = sum(int(times) for function, times in called if names.get(function) in ALLOCATE)
    assert found, "the allocator's functions have other names now"
    return found


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    server = Counted(tmp_path_factory.mktemp("callgrind"))
    yield server
    server.stop()


def check(what, found, stated):
    for unit, in_all, each in zip(("instructions", "allocations"), found, stated, strict=True):
        each_found = in_all / COUNT
        print(f"{what}: {each_found:,.0f} {unit}")
        assert each_found <= each * (1 + MARGIN), (
            f"a {what} costs {each_found:,.0f} {unit}, stated are {each:,}: callgrind_annotate says what is dearer"
        )
        assert each_found >= each * (1 - SLACK), (
            f"a {what} costs only {each_found:,.0f} {unit}: well done; write that into this file instead of {each:,}"
        )


def test_a_creation_costs_no_more_than_stated(counted):
    api = Api(counted.url, KEY)
    data = {"action": "cancel_build", "repository": "acme/app"}

    def create(number):
        event = {"webhook": "http://127.0.0.1:9/", "message": f"build {number} has overrun its time", "data": data}
        api.create("24h", name=f"build {number}", events={"on_expire": event})

    with ThreadPoolExecutor(8) as callers:
        list(callers.map(create, range(50)))
        counted.cost()
        list(callers.map(create, range(COUNT)))
    check("creation", counted.cost(), CREATION)


def test_a_delivery_costs_no_more_than_stated(counted, start_receiver):
    api, receiver = Api(counted.url, KEY), start_receiver()
    api.create("1ms", webhook=receiver.url)
    receiver.wait(1, within=60)
    due = datetime.now(UTC) + timedelta(seconds=25)
    event = {"webhook": receiver.url, "message": "the build has overrun its time", "data": {"action": "cancel_build"}}
    timer = {"expiresAt": due.isoformat().replace("+00:00", "Z"), "events": {"on_expire": event}}
    for _ in range(COUNT // 100):
        succeeded(api.post("/timers/batch", {"timers": [timer] * 100}))
    counted.cost()
    assert time.time() < due.timestamp(), "creating them took until they were due: this machine is too busy"
    receiver.wait(COUNT + 1, within=120)
    check("delivery", counted.cost(), DELIVERY)
