"""What the tests stand on. The receivers and the API's caller are those of tests/outside."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "outside"))

from api import Api
from receiver import Receiver

from emulator import Deployment, Emulator, build
from lateness import percentile

# On a busy machine the emulator takes a while; what counts is checked by times of arrival.
PATIENCE = 60


def in_time(milliseconds):
    """The goal on a quiet machine is 150 ms at the median and a second for 99 of 100; a busy one is given more."""
    assert min(milliseconds) >= 0, "never early"
    assert percentile(milliseconds, 0.5) < 1_000
    assert percentile(milliseconds, 0.99) < 5_000


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
    """The stack, with five seconds for what is near, so that both ways to a due time are short enough for a test.

    It logs as much as a deployment can, which test_deployed_secrets.py looks through.
    """
    return Deployment(
        emulator,
        built,
        "minoots-test",
        Architecture="x86_64",
        AllowedWebhooks="local",
        DirectDelaySeconds=5,
        DeletionProtection="false",
        LogLevel="TRACE",
    )


@pytest.fixture(scope="session")
def api(deployment):
    return Api(deployment.api_url, deployment.create_key("acme"))


@pytest.fixture
def receive():
    """Starts receivers that give the answers told."""
    receivers = []

    def start(*answers):
        receivers.append(Receiver(*answers))
        return receivers[-1]

    yield start
    for receiver in receivers:
        receiver.close()


@pytest.fixture
def receiver(receive):
    return receive()


@pytest.fixture
def report(capsys):
    """Prints what is to be seen when the tests pass, too."""

    def show(text):
        with capsys.disabled():
            print(f"\n{text}")

    return show
