"""What the tests stand on. The receivers and the API's caller are those of tests/outside."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "outside"))

from emulator import Deployment, Emulator, build


@pytest.fixture(scope="session")
def built():
    return build()


@pytest.fixture(scope="session")
def emulator(tmp_path_factory):
    emulator = Emulator(tmp_path_factory.mktemp("emulator"))
    yield emulator
    emulator.stop()


@pytest.fixture(scope="session")
def deployment(emulator, built):
    """The stack, with five seconds for what is near, so that both ways to a due time are short enough for a test."""
    return Deployment(
        emulator,
        built,
        "minoots-test",
        Architecture="x86_64",
        AllowedWebhooks="local",
        DirectDelaySeconds=5,
        DeletionProtection="false",
        LogLevel="DEBUG",
    )
