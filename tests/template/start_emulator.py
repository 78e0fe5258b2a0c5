"""Runs the emulator of tests/emulator with two settings more, so that it does what AWS does."""

import runpy
import threading
import time
from pathlib import Path

from ministack.core.concurrency import esm_wake
from ministack.services import lambda_svc

STARTER = Path(__file__).parents[2] / "tests/emulator/start.py"

concurrency_of = lambda_svc._sqs_esm_concurrency


def concurrency_as_a_number(mapping, *rest):
    """CloudFormation turns a parameter's text into the number that a property takes; the emulator does not."""
    if scaling := mapping.get("ScalingConfig"):
        scaling["MaximumConcurrency"] = int(scaling["MaximumConcurrency"])
    return concurrency_of(mapping, *rest)


def look_for_delayed_messages_at_once():
    """A long poll on AWS returns when a delay ends; the emulator looks once a second unless it is woken."""
    while True:
        esm_wake.set()
        time.sleep(0.02)


lambda_svc._sqs_esm_concurrency = concurrency_as_a_number
lambda_svc._ESM_IDLE_WAKE_GAP_SECONDS = 0.01
threading.Thread(target=look_for_delayed_messages_at_once, daemon=True).start()
runpy.run_path(str(STARTER), run_name="__main__")
