"""Waiting on a condition, for a bounded time: the tests' only way to let time pass."""

import time


def until(probe, *, within=5.0, promise):
    """Polls `probe` until it is true and returns what it gave; fails naming the `promise` after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {promise}")
        time.sleep(0.01)


def stays(probe, *, throughout, promise):
    """Polls `probe` for `throughout` seconds; fails naming the `promise` at the first moment when it is false."""
    deadline = time.monotonic() + throughout
    while time.monotonic() < deadline:
        assert probe(), f"did not last {throughout} s: {promise}"
        time.sleep(0.02)
