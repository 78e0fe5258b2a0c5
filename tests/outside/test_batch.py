"""Contract section 2: POST /timers/batch."""

import pytest

from api import faults, refused, succeeded
from shapes import check_timer


def batch(api, *timers):
    answer = succeeded(api.post("/timers/batch", {"timers": timers}))
    assert set(answer) == {"success", "results"}
    assert len(answer["results"]) == len(timers)
    return answer["results"]


def test_a_batch_makes_timers_in_order(api, team):
    results = batch(api, *({"duration": "1h", "name": str(n), "team": team} for n in range(100)))
    for number, result in enumerate(results):
        assert set(result) == {"status", "timer"}
        assert result["status"] == 201
        assert check_timer(result["timer"])["name"] == str(number)
    assert len({result["timer"]["id"] for result in results}) == 100
    assert {timer["id"] for timer in api.timers(team=team)} == {result["timer"]["id"] for result in results}


def test_a_faulty_timer_spoils_none_of_the_others(api, team):
    results = batch(
        api,
        {"duration": "1h", "team": team},
        {"duration": "soon", "name": 5, "team": team},
        {"duration": "1h", "webhook": "ftp://example.com/", "team": team},
        "no timer",
        None,
        {"duration": "1h", "data": {"a": "x" * 40_000}, "team": team},
        {"duration": "2h", "team": team},
    )
    assert [result["status"] for result in results] == [201, 400, 400, 400, 400, 413, 201]
    codes = [result["error"]["code"] for result in results if "error" in result]
    invalid = "INVALID_REQUEST"
    assert codes == ["INVALID_DURATION", "INVALID_WEBHOOK_URL", invalid, invalid, "PAYLOAD_TOO_LARGE"]
    assert len(results[1]["error"]["details"]) == 2
    for result in results:
        assert set(result) in ({"status", "timer"}, {"status", "error"})
        assert "error" not in result or result["error"]["message"]
    assert [timer["duration"] for timer in api.timers(team=team)] == [7_200_000, 3_600_000]


def test_an_id_twice_in_a_batch_is_a_conflict_the_second_time(api):
    api.create(id="before-the-batch")
    results = batch(
        api,
        {"duration": "1h", "id": "batched"},
        {"duration": "2h", "id": "batched"},
        {"duration": "1h", "id": "before-the-batch"},
        {"duration": "1h"},
    )
    assert [result["status"] for result in results] == [201, 409, 409, 201]
    assert [result["error"]["code"] for result in results[1:3]] == ["CONFLICT", "CONFLICT"]
    assert api.timer({"id": "batched"})["duration"] == 3_600_000


def test_a_batch_stops_at_the_accounts_limit(start_server):
    api = start_server("--max-timers", "3").api
    results = batch(api, *({"duration": "1h"} for _ in range(5)))
    assert [result["status"] for result in results] == [201, 201, 201, 429, 429]
    assert {result["error"]["code"] for result in results[3:]} == {"QUOTA_EXCEEDED"}
    assert len(api.timers()) == 3


def test_a_batch_has_at_most_100_timers(api, team):
    problem = refused(
        api.post("/timers/batch", {"timers": [{"duration": "1h", "team": team}] * 101}), 400, "INVALID_REQUEST"
    )
    assert faults(problem) == ["timers"]
    assert api.timers(team=team) == []


@pytest.mark.parametrize("timers", [None, {}, "1h", 5, {"duration": "1h"}], ids=repr)
def test_timers_is_a_list(api, timers):
    problem = refused(api.post("/timers/batch", {"timers": timers}), 400, "INVALID_REQUEST")
    assert faults(problem) == ["timers"]


def test_a_batch_without_timers_is_refused(api):
    refused(api.post("/timers/batch", {"duration": "1h"}), 400, "INVALID_REQUEST")


def test_a_batch_may_be_full_of_full_timers(api, team):
    full = {"duration": "1h", "team": team, "metadata": {"a": "x" * (32 * 1024 - 8)}}
    assert {result["status"] for result in batch(api, *[full] * 100)} == {201}


def test_each_of_a_batch_fires(api, receiver):
    results = batch(api, *({"duration": "300ms", "webhook": receiver.url, "name": str(n)} for n in range(100)))
    hits = receiver.wait(100)
    assert sorted(hit.json["timer"]["id"] for hit in hits) == sorted(result["timer"]["id"] for result in results)
    assert all(hit.late() >= 0 for hit in hits)
