"""Pages of sites that the operator named may call the API from a browser, and no others."""

import pytest
import requests

APP = "https://app.example.com"
READABLE = {"retry-after", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "idempotent-replayed"}


@pytest.fixture(scope="module")
def open_server(start_servers):
    return start_servers("--allow-origin", APP)


def ask_first(server, origin):
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-api-key,content-type,idempotency-key",
    }
    return requests.options(f"{server.url}/timers", headers=asked, timeout=10)


def create(server, origin):
    headers = {"Origin": origin, "x-api-key": server.key}
    return requests.post(f"{server.url}/timers", headers=headers, json={"duration": "1h"}, timeout=10)


def test_a_browser_that_asks_first_is_told_what_pages_of_a_named_site_may_do(open_server):
    told = ask_first(open_server, APP)
    assert told.status_code == 204
    assert told.headers["Access-Control-Allow-Origin"] == APP
    assert "POST" in told.headers["Access-Control-Allow-Methods"].split(", ")
    allowed = set(told.headers["Access-Control-Allow-Headers"].split(", "))
    assert {"x-api-key", "authorization", "content-type", "idempotency-key"} <= allowed
    assert "Access-Control-Allow-Credentials" not in told.headers


def test_pages_of_a_named_site_call_and_read_the_answer(open_server):
    answer = create(open_server, APP)
    assert answer.status_code == 201
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    assert "origin" in answer.headers["Vary"].lower()
    assert set(answer.headers["Access-Control-Expose-Headers"].split(", ")) >= READABLE


def test_an_error_can_be_read_as_well(open_server):
    headers = {"Origin": APP}
    answer = requests.get(f"{open_server.url}/timers", headers=headers, timeout=10)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (401, APP)


@pytest.mark.parametrize("origin", ["https://evil.example", "http://app.example.com", f"{APP}.evil.example", "null"])
def test_other_sites_pages_are_refused_and_nothing_happens(open_server, origin):
    before = len(open_server.api.timers())
    for answer in ask_first(open_server, origin), create(open_server, origin):
        assert answer.status_code == 403
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert len(open_server.api.timers()) == before


def test_without_the_option_no_sites_pages_may_call(server):
    assert ask_first(server, APP).status_code == 403
    assert create(server, APP).status_code == 403
