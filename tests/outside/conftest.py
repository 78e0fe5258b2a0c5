"""What the tests stand on: servers and receivers that are there when a test begins and gone when it ends."""

from contextlib import ExitStack

import pytest

from minoots import Server
from receiver import Receiver
from stage import Stage


def _servers(stack, folders):
    def start(*options, environment=None):
        server = Server(folders.mktemp("server"), *options, environment=environment)
        stack.callback(_put_away, server)
        return server.start()

    return start


def _put_away(server):
    if server.process:
        server.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with no options but its port and data folder, one for each test file."""
    with ExitStack() as stack:
        yield _servers(stack, tmp_path_factory)()


@pytest.fixture
def start_server(tmp_path_factory):
    """Starts further servers, with options and environment as given."""
    with ExitStack() as stack:
        yield _servers(stack, tmp_path_factory)


@pytest.fixture
def api(server):
    return server.api


@pytest.fixture
def start_receiver():
    """Starts receivers that give the answers told."""
    with ExitStack() as stack:

        def start(*answers):
            receiver = Receiver(*answers)
            stack.callback(receiver.close)
            return receiver

        yield start


@pytest.fixture
def receiver(start_receiver):
    """A receiver that answers 200."""
    return start_receiver()


@pytest.fixture
def team(request):
    """A name that nothing outside this test carries."""
    return request.node.nodeid[-250:]


@pytest.fixture
def stage(start_server, receiver, tmp_path):
    """Where a sample of the seeds is run: nothing else is on this server."""
    return Stage(tmp_path, start_server(), receiver)
