"""What the tests stand on: servers and receivers that are there when a test begins and gone when it ends."""

import hashlib
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

import secrecy
from endpoints import Endpoints
from minoots import Server
from misbehaving import Misbehaving
from receiver import Receiver
from stage import Stage


def _servers(stack, folders):
    def start(*options, **settings):
        server = Server(folders.mktemp("server"), *options, **settings)
        server.start()
        stack.callback(_put_away, server)
        return server

    return start


def _put_away(server):
    if server.process:
        server.stop()
    _LOGS.append(server.log)


# Of all servers of this run, which have ended.
_LOGS = []


@pytest.fixture(scope="session", autouse=True)
def _nothing_entrusted_is_logged():
    """When all tests are over: no server of any of them logged what a caller had entrusted to it."""
    yield
    logs = {log: log.read_text(errors="replace") for log in _LOGS if log.exists()}
    leaks = {log: found for log, said in logs.items() if (found := secrecy.leaks(said))}
    assert not leaks, f"{len(leaks)} of {len(logs)} servers logged what they must not: {leaks}"


@pytest.fixture
def start_server(tmp_path_factory):
    """Starts further servers, with options and environment as given."""
    with ExitStack() as stack:
        yield _servers(stack, tmp_path_factory)


@pytest.fixture(scope="module")
def start_servers(tmp_path_factory):
    """Starts servers that stay for a whole test file."""
    with ExitStack() as stack:
        yield _servers(stack, tmp_path_factory)


@pytest.fixture(scope="module")
def server(start_servers):
    """A server with no options but its port and data folder, one for each test file."""
    return start_servers()


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


@pytest.fixture(scope="session")
def _names_library(tmp_path_factory):
    library = tmp_path_factory.mktemp("names") / "names.so"
    source = Path(__file__).parent / "names.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True, timeout=60)
    return library


@pytest.fixture(scope="session")
def false_names(_names_library):
    """The environment of a server to which host names lead where the test says, as under an attacker's DNS."""

    def environment(addresses):
        table = "".join(f" {name}={address}" for name, address in addresses.items())
        return {"LD_PRELOAD": str(_names_library), "FALSE_NAMES": table + " "}

    return environment


@pytest.fixture
def misbehaving():
    """Starts receivers that do as told with each connection."""
    with ExitStack() as stack:

        def start(behave, **where):
            receiver = Misbehaving(behave, **where)
            stack.callback(receiver.close)
            return receiver

        yield start


@pytest.fixture
def endpoints(api):
    """Webhook endpoints and events, as the server's key."""
    return Endpoints(api)


@pytest.fixture
def family(request):
    """The first word of event types that no other test of the server has."""
    return "t" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]
