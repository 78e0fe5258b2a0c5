"""Runs the emulator until standard input ends: whoever started it need not live to stop it.

`POST /clock` with seconds since the epoch hands it the time that queues and schedules go by from then on: until then it is
the system's. What is due then has gone off when it is answered.
"""

import os
import signal
import sys
import threading
import time

from ministack import app
from ministack.services import scheduler, sqs


def stop_with_starter():
    sys.stdin.buffer.read()
    # Its functions' processes are in the same group.
    os.killpg(0, signal.SIGKILL)


class Clock:
    sleep = staticmethod(time.sleep)
    handed_in = None

    def time(self):
        return time.time() if self.handed_in is None else self.handed_in


clock = Clock()
answered_by_emulator = app.app
tick = scheduler._tick_schedules
ticking = threading.Lock()


def tick_alone():
    # The emulator's own thread ticks too, and what two do at once goes off twice.
    with ticking:
        tick()


async def answer(scope, receive, send):
    if scope["type"] != "http" or scope["path"] != "/clock":
        return await answered_by_emulator(scope, receive, send)
    clock.handed_in = float((await receive())["body"])
    tick_alone()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})


os.setpgid(0, 0)
threading.Thread(target=stop_with_starter, daemon=True).start()
sqs.time = scheduler.time = clock
scheduler._SCHEDULE_TICK_INTERVAL = 1
scheduler._tick_schedules = tick_alone
app.app = answer
sys.argv = ["ministack"]
app.main()
