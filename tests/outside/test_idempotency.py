"""Contract section 1: Idempotency-Key."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from api import refused, succeeded
from instants import iso, now
from waiting import until

REPLAYED = "Idempotent-Replayed"


def post(api, path, body, key):
    return api.post(path, body, headers={"Idempotency-Key": key})


CREATES = {
    "/timers": '{"duration":"1h","name":"once"}',
    "/quick/wait": '{"duration":"1h","name":"once"}',
    "/timers/batch": '{"timers":[{"duration":"1h","name":"once"},{"duration":"soon"},{"duration":"1h","name":"once"}]}',
}


@pytest.mark.parametrize("path", CREATES)
def test_the_same_key_and_body_answer_the_first_answer_again(start_server, path):
    api = start_server().api
    first = post(api, path, CREATES[path], "k")
    made = len(api.timers())
    assert made == (2 if "batch" in path else 1)
    assert REPLAYED not in first.headers
    for _ in range(3):
        again = post(api, path, CREATES[path], "k")
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers[REPLAYED] == "true"
        assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert len(api.timers()) == made


def test_the_answer_stays_the_first_one_whatever_became_of_the_timer(api):
    body = {"duration": "1h"}
    first = post(api, "/timers", body, "ends")
    timer = succeeded(first, 201)["timer"]
    api.change(timer, name="renamed")
    api.cancel(timer)
    assert post(api, "/timers", body, "ends").content == first.content


@pytest.mark.parametrize("path", CREATES)
def test_another_body_under_the_same_key_is_refused(api, path):
    key = f"reused {path}"
    succeeded(post(api, path, CREATES[path], key), 201 if path == "/timers" else 200)
    for other in (
        '{"duration":"2h"}',
        CREATES[path] + " ",
        CREATES[path].replace("once", "twice"),
        "{}",
        "",
        "nonsense",
    ):
        refused(post(api, path, other, key), 422, "IDEMPOTENCY_KEY_REUSED")
    assert post(api, path, CREATES[path], key).headers[REPLAYED] == "true"


def test_the_first_answer_comes_again_even_if_the_body_would_be_refused_by_now(api):
    end = now() + 300
    body = {"expiresAt": iso(end), "id": "by-now-in-the-past"}
    first = post(api, "/timers", body, "past")
    timer = succeeded(first, 201)["timer"]
    until(lambda: api.timer(timer)["status"] == "expired", promise="it expires")
    again = post(api, "/timers", body, "past")
    assert (again.status_code, again.content) == (201, first.content)


def test_a_key_stands_for_one_route(api):
    body = '{"duration":"1h"}'
    timer = succeeded(post(api, "/timers", body, "routes"), 201)["timer"]
    other = succeeded(post(api, "/quick/wait", body, "routes"))["timer"]
    assert other["id"] != timer["id"]


def test_the_root_and_api_are_one_route(api):
    body = '{"duration":"1h"}'
    first = post(api, "/timers", body, "prefix")
    again = post(api, "/api/timers", body, "prefix")
    assert (again.content, again.headers[REPLAYED]) == (first.content, "true")


def test_a_key_stands_for_one_mode(api):
    body = '{"duration":"1h"}'
    live = succeeded(post(api, "/timers", body, "modes"), 201)["timer"]
    test = succeeded(post(api.test_mode(), "/timers", body, "modes"), 201)["timer"]
    assert test["id"] != live["id"]


def test_two_keys_of_one_account_and_mode_share(api):
    body = '{"duration":"1h"}'
    other = api.with_key(succeeded(api.post("/account/api-keys", {}), 201)["apiKey"])
    first = post(api, "/timers", body, "shared")
    assert post(other, "/timers", body, "shared").content == first.content


def test_keys_are_told_apart_to_the_last_letter(api):
    made = {post(api, "/timers", {"duration": "1h"}, key).json()["timer"]["id"] for key in ("a", "A", "aa", "a a", "ä")}
    assert len(made) == 5


def test_only_2xx_answers_are_kept(start_server):
    api = start_server("--max-timers", "1").api
    refused(post(api, "/timers", {"duration": "soon"}, "k"), 400)
    first = succeeded(post(api, "/timers", {"duration": "1h", "id": "t"}, "k"), 201)["timer"]
    refused(post(api, "/timers", {"duration": "1h"}, "over the limit"), 429, "QUOTA_EXCEEDED")
    refused(post(api, "/timers", {"duration": "1h", "id": "t"}, "taken"), 409, "CONFLICT")
    api.cancel(first)
    succeeded(post(api, "/timers", {"duration": "1h"}, "over the limit"), 201)


def test_without_a_key_every_post_makes_a_timer(api, team):
    for _ in range(3):
        succeeded(api.post("/timers", {"duration": "1h", "team": team}), 201)
    assert len(api.timers(team=team)) == 3


@pytest.mark.parametrize("path", CREATES)
def test_a_hundred_posts_at_once_make_one_timer(start_server, path):
    api = start_server().api
    with ThreadPoolExecutor(100) as pool:
        responses = list(pool.map(lambda _: post(api, path, CREATES[path], "k"), range(100)))
    served = [response for response in responses if response.ok]
    for response in responses:
        if not response.ok:
            refused(response, 409, "CONFLICT")
            assert int(response.headers["Retry-After"]) >= 0
    assert len([response for response in served if REPLAYED not in response.headers]) == 1
    assert len({response.content for response in served}) == 1
    assert len(api.timers()) == (2 if "batch" in path else 1)
    assert post(api, path, CREATES[path], "k").content == served[0].content


def test_a_hundred_different_bodies_at_once_under_one_key_make_one_timer(start_server):
    api = start_server().api
    with ThreadPoolExecutor(50) as pool:
        responses = list(pool.map(lambda n: post(api, "/timers", {"duration": "1h", "name": str(n)}, "k"), range(100)))
    [winner] = [response for response in responses if response.ok]
    for response in responses:
        if response is not winner:
            assert response.status_code in (409, 422), response.text
    assert [timer["id"] for timer in api.timers()] == [winner.json()["timer"]["id"]]


@pytest.mark.parametrize("path", CREATES)
def test_a_key_is_remembered_over_kill_9(start_server, path):
    server = start_server()
    first = post(server.api, path, CREATES[path], "k")
    made = len(server.api.timers())
    server.kill()
    server.start()
    again = post(server.api, path, CREATES[path], "k")
    assert (again.content, again.headers[REPLAYED]) == (first.content, "true")
    assert len(server.api.timers()) == made


def test_a_replay_sends_nothing_again(api, receiver):
    body = {"duration": "100ms", "webhook": receiver.url}
    timer = succeeded(post(api, "/timers", body, "sends once"), 201)["timer"]
    receiver.one()
    assert succeeded(post(api, "/timers", body, "sends once"), 201)["timer"] == timer
    api.delivery(timer)
    assert len(receiver.hits) == 1


def test_a_new_api_key_is_shown_once_and_not_in_the_replay(api):
    body = '{"name":"ci","mode":"test"}'
    first = succeeded(post(api, "/account/api-keys", body, "new key"), 201)
    again = post(api, "/account/api-keys", body, "new key")
    replay = succeeded(again, 201)
    assert again.headers[REPLAYED] == "true"
    assert replay == {field: value for field, value in first.items() if field != "apiKey"}
    assert first["apiKey"] not in again.text
    named = [key for key in succeeded(api.get("/account/api-keys"))["apiKeys"] if key.get("name") == "ci"]
    assert [key["id"] for key in named] == [first["id"]]


def test_a_retried_creation_after_a_lost_answer_makes_no_second_timer(start_server):
    server = start_server()
    body = '{"duration":"1h","name":"lost"}'
    # The answer is lost: the caller hangs up as soon as it has asked.
    head = (
        f"POST /timers HTTP/1.1\r\nHost: x\r\nx-api-key: {server.key}\r\nIdempotency-Key: lost\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )
    for _ in range(20):
        server.send_and_hang_up(head.encode())
    post(server.api, "/timers", body, "lost")
    until(lambda: post(server.api, "/timers", body, "lost").ok, promise="the answer")
    assert len(server.api.timers()) == 1
