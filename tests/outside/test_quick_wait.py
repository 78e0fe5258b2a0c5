"""Contract section 2: POST /quick/wait."""

import pytest

from api import faults, refused, succeeded
from shapes import check_timer


def wait(api, **fields):
    answer = succeeded(api.post("/quick/wait", fields))
    assert set(answer) == {"success", "timer"}
    return check_timer(answer["timer"])


def test_a_quick_wait_needs_nothing_but_a_duration(api):
    timer = wait(api, duration="5m")
    assert (timer["duration"], timer["name"], timer["events"]) == (300_000, timer["id"], {})
    assert api.timer(timer)["status"] == "running"


def test_a_quick_wait_calls_back(api, receiver):
    timer = wait(
        api,
        duration="200ms",
        name="tea",
        agent_id="kettle",
        team="kitchen",
        callback=receiver.url + "/tea",
        message="Tea!",
    )
    assert (timer["name"], timer["agentId"], timer["team"]) == ("tea", "kettle", "kitchen")
    assert timer["events"] == {"on_expire": {"webhook": receiver.url + "/tea", "message": "Tea!"}}
    hit = receiver.one(event="timer_expired")
    assert hit.path == "/tea"
    assert (hit.json["message"], hit.json["data"], hit.json["timer"]["id"]) == ("Tea!", {}, timer["id"])
    assert 0 <= hit.late() < 0.5


@pytest.mark.parametrize(
    ("fields", "code", "path"),
    [
        ({}, "INVALID_DURATION", "duration"),
        ({"duration": "soon"}, "INVALID_DURATION", "duration"),
        ({"duration": "1h", "callback": "ftp://example.com/"}, "INVALID_WEBHOOK_URL", "callback"),
        ({"duration": "1h", "message": 5}, "INVALID_REQUEST", "message"),
        ({"duration": "1h", "name": []}, "INVALID_REQUEST", "name"),
        ({"duration": "1h", "team": {}}, "INVALID_REQUEST", "team"),
        ({"duration": "1h", "agent_id": 5}, "INVALID_REQUEST", "agent_id"),
    ],
)
def test_a_quick_wait_is_checked_like_a_timer(api, fields, code, path):
    assert faults(refused(api.post("/quick/wait", fields), 400, code)) == [path]


def test_a_quick_wait_counts_against_the_accounts_limit(start_server):
    api = start_server("--max-timers", "1").api
    wait(api, duration="1h")
    refused(api.post("/quick/wait", {"duration": "1h"}), 429, "QUOTA_EXCEEDED")
