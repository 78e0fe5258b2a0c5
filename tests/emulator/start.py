"""Runs the emulator until standard input ends: whoever started it need not live to stop it."""

import os
import signal
import sys
import threading

from ministack import app
from ministack.services import scheduler


def stop_with_starter():
    sys.stdin.buffer.read()
    # Its functions' processes are in the same group.
    os.killpg(0, signal.SIGKILL)


os.setpgid(0, 0)
threading.Thread(target=stop_with_starter, daemon=True).start()
scheduler._SCHEDULE_TICK_INTERVAL = 1
sys.argv = ["ministack"]
app.main()
