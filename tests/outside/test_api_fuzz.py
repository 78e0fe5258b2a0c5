"""Whatever the document allows is answered as it says, and whatever it forbids is refused as it says: no 5xx, no
undocumented status, no answer that is not of its schema. `make fuzz-api` looks for longer."""

import re

import pytest

from fuzzing import fuzz


# The first phases of a run, which try each operation's examples and the bounds of its values, take half a minute.
@pytest.mark.parametrize(("mode", "seconds"), [("live", 45), ("test", 35)])
def test_every_answer_to_generated_requests_is_as_documented(server, api, mode, seconds):
    key = api.post("/account/api-keys", {"mode": mode}).json()["apiKey"]
    code, said = fuzz(server, key, seconds)
    assert code == 0, said[-20_000:]
    assert re.search(r"Operations: +(\d+) selected / \1 total", said), said[-5000:]
    assert int(re.search(r"(\d+) generated", said)[1]) > 300, said[-5000:]
    assert server.is_healthy()
    assert "panicked" not in server.said()
