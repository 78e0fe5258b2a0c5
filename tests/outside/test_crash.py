"""kill -9 at random moments under load: what was answered holds, and nothing is told twice under two names."""

import os
import random
import threading

from load import Load

# A fraction of the 200 of `make crash`.
KILLS = int(os.environ.get("MINOOTS_KILLS", "24"))


def test_whatever_was_answered_outlives_kill_9(start_server, start_receiver):
    seed = int(os.environ.get("MINOOTS_TEST_SEED", random.randrange(10**9)))
    load = Load(seed, start_receiver(), start_receiver(410))
    server = start_server()
    load.announcer.set_up(server.api)

    def kill():
        threading.Event().wait(load.rolls.choice([0, load.rolls.uniform(0, 0.1), load.rolls.uniform(0.1, 1)]))
        server.kill()

    for _ in range(KILLS):
        load.work_until(server.api, kill)
        server.start()
        load.after_the_crash(server.api)
    load.check(server.api)
    print(f"{KILLS} kills")
    assert len(load.timers) > 8 * KILLS, "this was no load"
