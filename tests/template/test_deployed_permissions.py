"""What the functions may do, seen when all other tests of the deployed stack have run."""

import pytest


def test_no_call_was_refused_for_lack_of_a_permission(deployment, api):
    """After all other tests: the emulator holds the functions' calls to their roles."""
    log = deployment.emulator.log.read_text()
    assert "AccessDenied" not in log, [line for line in log.splitlines() if "AccessDenied" in line][:5]


def test_a_call_that_a_role_does_not_allow_is_refused(deployment, api):
    """Or else the test before this one would see nothing."""
    with (
        deployment.without("ExpiryHandlerRole", "dynamodb:Query"),
        pytest.raises(AssertionError, match="ExpiryHandlerFunction failed"),
    ):
        deployment.invoke("ExpiryHandlerFunction", {"source": "aws.events"})
