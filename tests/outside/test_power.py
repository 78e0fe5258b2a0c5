"""The power goes off: what was not synced vanishes or tears, and whatever was answered is there all the same."""

import os
import random
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

import disk
from load import Load
from minoots import Server

# How many of the states that a power cut may leave are tried; `make crash` tries more.
STATES = int(os.environ.get("MINOOTS_POWER_CUTS", "40"))
# How long the server is under load before.
SECONDS = float(os.environ.get("MINOOTS_POWER_SECONDS", "3"))


@pytest.fixture(scope="module")
def noting(tmp_path_factory):
    """The environment of a server whose writes to a folder are noted."""
    library = tmp_path_factory.mktemp("disk") / "disk.so"
    source = Path(__file__).parent / "disk.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True, timeout=60)

    def environment(folder, **more):
        return {
            "LD_PRELOAD": str(library),
            "DISK_FOLDER": str(folder / "data"),
            "DISK_LOG": str(folder / "notes"),
            **more,
        }

    return environment


class Witness:
    """Creates and cancels timers of an hour, some of them large, and remembers when which answer came."""

    def __init__(self, number, rolls):
        self.number = number
        self.rolls = rolls
        self.answers = []

    def work(self, api, until):
        mine = []
        while time.time() < until:
            if mine and self.rolls.random() < 0.3:
                timer = api.cancel(mine.pop(self.rolls.randrange(len(mine))))
            else:
                padding = "x" * self.rolls.choice([0, 0, 10, 2000, 30_000])
                timer = api.create("1h", metadata={"padding": padding})
                mine.append(timer)
            self.answers.append((time.time() * 1_000_000, timer))


def answered(witnesses, moment):
    """The last answer of each timer that its caller had at this moment."""
    known = {}
    for witness in witnesses:
        known.update({timer["id"]: timer for at, timer in witness.answers if at < moment})
    return known


def test_whatever_was_answered_outlives_a_power_cut(noting, tmp_path):
    seed = int(os.environ.get("MINOOTS_TEST_SEED", random.randrange(10**9)))
    print(f"MINOOTS_TEST_SEED={seed}")
    dice = random.Random(seed)
    server = Server(tmp_path, environment=noting(tmp_path))
    server.start()
    witnesses = [Witness(number, random.Random(dice.random())) for number in range(4)]
    threads = [threading.Thread(target=each.work, args=[server.api, time.time() + SECONDS]) for each in witnesses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    server.kill()
    notes = disk.read(tmp_path / "notes")
    kept = 0
    for number in range(STATES):
        # Half of them in the first moments, when files are made.
        moment = dice.randint(1, dice.choice([len(notes), min(len(notes), 3000)]))
        folder = tmp_path / f"state-{number}"
        folder.mkdir()
        disk.Disk(notes, tmp_path / "data", moment).leave(folder / "data", dice)
        left = Server(folder)
        left.start()
        known = answered(witnesses, notes[moment - 1].at)
        kept += len(known)
        found = {timer["id"]: timer for timer in left.api.timers()}
        for id, timer in known.items():
            assert id in found, f"power cut {number} after note {moment} of {len(notes)}: {timer} is lost"
            # What was not answered yet may have happened.
            if timer["status"] == "cancelled":
                assert found[id]["cancelledAt"] == timer["cancelledAt"], f"{timer} became {found[id]}"
            assert found[id]["metadata"] == timer["metadata"], f"{id} is damaged"
        assert left.api.create()["status"] == "running"
        left.kill()
    print(f"{STATES} power cuts within {len(notes)} notes; {kept} answers held")
    assert kept > 20 * STATES, "this was no load"


def test_what_is_not_synced_does_not_count_as_kept(noting, tmp_path):
    """Without this, the test above might take for synced what is not, and would show nothing."""
    server = Server(tmp_path, environment=noting(tmp_path))
    server.start()
    timer = server.api.create()
    server.kill()
    notes = [note for note in disk.read(tmp_path / "notes")]
    last = max(number for number, note in enumerate(notes) if note.kind == "S")
    # As if the disk had only pretended to sync the answer.
    notes[last].begun = -1
    lost = 0
    for number in range(8):
        folder = tmp_path / f"state-{number}"
        folder.mkdir()
        disk.Disk(notes, tmp_path / "data", len(notes)).leave(folder / "data", random.Random(number))
        left = Server(folder)
        try:
            left.start()
        except AssertionError:
            lost += 1
            continue
        lost += timer["id"] not in [each["id"] for each in left.api.timers()]
        left.kill()
    assert lost > 0


@pytest.mark.parametrize("sync", [40, 60, 100])
def test_whatever_was_answered_outlives_the_end_between_write_and_sync(noting, sync, start_server, start_receiver):
    load = Load(random.randrange(10**9), start_receiver(), start_receiver(410), longest=1500)
    server = start_server()
    load.announcer.set_up(server.api)
    server.stop()
    server.environment = noting(server.folder, DISK_KILL_AT=str(sync))
    server.start()

    def end():
        assert server.process.wait(30) == -signal.SIGKILL, "the server was to die before a sync"
        server.process = None

    load.work_until(server.api, end)
    server.environment = {}
    server.start()
    load.after_the_crash(server.api)
    load.check(server.api)
