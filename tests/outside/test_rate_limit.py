"""Contract section 1: 429 under --rate-limit, and none without it."""

import pytest

from api import Api, refused
from waiting import until

LIMIT = 5


@pytest.fixture
def limited(start_server):
    return start_server("--rate-limit", str(LIMIT))


def first_refusal(api):
    """Calls until it is told to wait; fails if it never is."""
    for _ in range(100):
        response = api.get("/timers")
        if response.status_code == 429:
            return response
    raise AssertionError(f"100 requests at once under --rate-limit {LIMIT} were all served")


def test_who_calls_too_often_is_told_when_to_come_back(limited):
    response = first_refusal(limited.api)
    refused(response, 429, "RATE_LIMIT_EXCEEDED")
    assert int(response.headers["Retry-After"]) >= 1
    assert int(response.headers["RateLimit-Limit"]) == LIMIT
    assert int(response.headers["RateLimit-Remaining"]) == 0
    assert 0 <= int(response.headers["RateLimit-Reset"]) <= int(response.headers["Retry-After"]) + 1


def test_who_waits_as_told_is_served_again(limited):
    wait = int(first_refusal(limited.api).headers["Retry-After"])
    within = wait + 1
    until(lambda: limited.api.get("/timers").status_code == 200, within=within, promise="served after Retry-After")


def test_a_refused_call_has_no_effect(limited):
    made = 0
    for _ in range(4 * LIMIT):
        made += limited.api.post("/timers", {"duration": "1h"}).status_code == 201
    assert 0 < made < 4 * LIMIT
    until(lambda: limited.api.get("/health").status_code == 200, within=5, promise="health")
    until(lambda: limited.api.get("/timers").status_code == 200, within=5, promise="served again")
    until(
        lambda: (response := limited.api.get("/timers")).ok and response.json()["count"] == made, within=5, promise=made
    )


def test_one_keys_limit_is_not_another_keys(limited):
    other = limited.api.test_mode()
    first_refusal(limited.api)
    assert other.get("/timers").status_code == 200


def test_a_limit_can_come_from_the_environment(start_server):
    first_refusal(start_server(environment={"MINOOTS_RATE_LIMIT": str(LIMIT)}).api)


def test_there_is_no_limit_unless_one_is_asked_for(api):
    assert {api.get("/timers").status_code for _ in range(300)} == {200}


def test_health_is_never_limited(limited):
    first_refusal(limited.api)
    assert {Api(limited.url, None).get("/health").status_code for _ in range(5 * LIMIT)} == {200}
