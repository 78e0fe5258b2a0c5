"""Whatever the document allows is answered as it says, and whatever it forbids is refused as it says: no 5xx, no
undocumented status, no answer that is not of its schema. `make fuzz-api` looks for longer."""

import re

import pytest

from fuzzing import fuzz

# Each operation's examples and the bounds of each of its values, the same ones each time. What random requests find is
# left to `make fuzz-api`: a find there is no fault of the change under test.
EVERY_DAY = ["--phases", "examples,coverage", "--generation-deterministic"]


# The first phases of a run, which try each operation's examples and the bounds of its values, take half a minute.
@pytest.mark.parametrize(("mode", "seconds"), [("live", 45), ("test", 35)])
def test_every_answer_to_generated_requests_is_as_documented(start_server, mode, seconds):
    # A server for each: a live key may revoke the others.
    server = start_server()
    key = server.api.post("/account/api-keys", {"mode": mode}).json()["apiKey"]
    code, said = fuzz(server, key, seconds, *EVERY_DAY)
    assert code == 0, said[-20_000:]
    assert re.search(r"Operations: +(\d+) selected / \1 total", said), said[-5000:]
    assert int(re.search(r"(\d+) generated", said)[1]) > 300, said[-5000:]
    assert server.is_healthy()
    assert "panicked" not in server.said()
