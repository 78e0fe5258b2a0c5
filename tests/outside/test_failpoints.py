"""The end of the process between any two steps that must not depend on each other: at each failpoint of the code, in a
build that has them (`cargo build --features failpoints`)."""

import os
import random
import signal
import subprocess
import time

import pytest

from load import Load
from minoots import ROOT

BINARY = os.environ.get("MINOOTS_FAILPOINTS_BINARY", ROOT / "target/debug/minoots")
# How often the process dies at each; `make crash` asks for more.
DEATHS = int(os.environ.get("MINOOTS_DEATHS", "2"))
# The load comes there a few times a second; everywhere else, many times.
RARE = ("AfterDeactivation", "AfterReplay")
# Reached once in the life of a data folder.
WHILE_MAKING_A_DATABASE = ("DatabaseMade", "DatabaseNamed")


def _failpoints():
    asked = [BINARY, "dev", "--port", "not a port"]
    listed = subprocess.run(asked, env={"MINOOTS_DIES_AT": "?"}, capture_output=True, text=True, timeout=10)
    assert listed.returncode == 0, f"{BINARY} has no failpoints: cargo build --package minoots --features failpoints"
    return listed.stdout.split()


FAILPOINTS = _failpoints()


def dies(server, where):
    """Starts the server, so that it will die at that failpoint; false if it came there before it served anybody."""
    server.environment = {"MINOOTS_DIES_AT": where}
    try:
        server.start()
    except AssertionError as error:
        if f"ended with {-signal.SIGABRT}" not in str(error):
            raise
        return False
    finally:
        server.environment = {}
    return True


@pytest.mark.parametrize("failpoint", [name for name in FAILPOINTS if name not in WHILE_MAKING_A_DATABASE])
def test_whatever_was_answered_outlives_the_end_at(failpoint, start_server, start_receiver):
    seed = int(os.environ.get("MINOOTS_TEST_SEED", random.randrange(10**9)))
    load = Load(seed, start_receiver(), start_receiver(410), longest=1500)
    server = start_server(binary=BINARY)
    load.announcer.set_up(server.api)

    def end():
        code = server.process.wait(120)
        assert code == -signal.SIGABRT, f"the server was to die at {failpoint}, and ended with {code}"
        server.process = None

    for death in range(DEATHS):
        server.stop()
        if dies(server, f"{failpoint}:{load.rolls.randint(2, 6 if failpoint in RARE else 40) if death else 1}"):
            load.work_until(server.api, end)
        begun = time.time()
        server.start()
        load.after_the_crash(server.api)
        print(f"{failpoint}: serves again after {time.time() - begun:.2f} s")
    load.check(server.api)


@pytest.mark.parametrize("failpoint", WHILE_MAKING_A_DATABASE)
def test_a_database_that_is_cut_off_while_it_is_made_is_made_anew(failpoint, tmp_path, start_server):
    assert failpoint in FAILPOINTS
    server = start_server(binary=BINARY)
    server.stop()
    server.folder = tmp_path
    assert not dies(server, failpoint)
    server.start()
    assert server.api.create()["status"] == "running"
