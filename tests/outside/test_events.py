"""Contract section 4: events, who is told of them, and what they say."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from api import faults, refused, succeeded
from endpoints import Endpoints
from instants import millis, now
from seeds import Seed
from shapes import check_timer
from waiting import stays, until


def types(receiver, count, **options):
    return sorted(hit.json["type"] for hit in receiver.wait(count, **options))


# Posting


def test_an_event_is_accepted_and_its_payload_is_as_promised(api, endpoints, family, receiver):
    endpoints.create(receiver.url, [f"{family}.*"])
    response = api.post("/events", {"type": f"{family}.paid", "data": {"amount": 12.5, "text": "Grüße 🚀"}})
    answer = succeeded(response, 202)
    assert set(answer) == {"success", "data"}
    assert set(answer["data"]) == {"eventId", "triggered"}
    assert answer["data"]["triggered"] == 1
    assert answer["data"]["eventId"].startswith("evt_")
    payload = receiver.one().json
    assert list(payload) == ["id", "type", "created", "data"]
    assert (payload["id"], payload["type"]) == (answer["data"]["eventId"], f"{family}.paid")
    assert payload["data"] == {"amount": 12.5, "text": "Grüße 🚀"}
    assert abs(millis(payload["created"]) - now()) < 5000


def test_every_subscribed_endpoint_gets_the_same_event_under_a_delivery_of_its_own(endpoints, family, receiver):
    for n in range(25):
        endpoints.create(f"{receiver.url}/{n}", [f"{family}.*"])
    assert endpoints.send(f"{family}.a")["triggered"] == 25
    hits = receiver.wait(25)
    assert len({hit.body for hit in hits}) == 1
    assert len({hit.headers["webhook-id"] for hit in hits}) == 25
    assert {hit.path for hit in hits} == {f"/{n}" for n in range(25)}
    stays(lambda: len(receiver.hits) == 25, throughout=0.3, promise="each endpoint once")


SUBSCRIPTIONS = [
    (["w.a"], ["w.a"]),
    (["w.a", "w.b"], ["w.a", "w.b"]),
    (["w.*"], ["w.a", "w.b", "w.a.deep", "w.a.deep.er"]),
    (["w.a.*"], ["w.a.deep", "w.a.deep.er"]),
    (["*"], ["w.a", "w.b", "w.a.deep", "w.a.deep.er", "wx.a"]),
    (["w.a", "w.*", "*"], ["w.a", "w.b", "w.a.deep", "w.a.deep.er", "wx.a"]),
    (["w.c"], []),
]


def test_an_endpoint_hears_exact_types_families_at_any_depth_or_everything_and_each_once(start_server, start_receiver):
    endpoints, receivers = Endpoints(start_server().api), []
    for subscribed, _ in SUBSCRIPTIONS:
        receivers.append(start_receiver())
        endpoints.create(receivers[-1].url, subscribed)
    for kind in ("w.a", "w.b", "w.a.deep", "w.a.deep.er", "wx.a"):
        assert endpoints.send(kind)["triggered"] == sum(kind in heard for _, heard in SUBSCRIPTIONS), kind
    for (subscribed, heard), receiver in zip(SUBSCRIPTIONS, receivers, strict=True):
        assert types(receiver, len(heard)) == sorted(heard), subscribed
    promised = sum(len(heard) for _, heard in SUBSCRIPTIONS)
    stays(lambda: sum(len(each.hits) for each in receivers) == promised, throughout=0.3, promise="nothing else")


@pytest.mark.parametrize("data", ["text", 5, None, [1], True], ids=repr)
def test_data_is_an_object(api, data):
    assert faults(refused(api.post("/events", {"type": "a.b", "data": data}), 400)) == ["data"]


@pytest.mark.parametrize("body", [{}, {"type": "a.b"}, {"data": {}}, [], "text", 5], ids=repr)
def test_type_and_data_are_required(api, body):
    problem = refused(api.post("/events", body), 400, "INVALID_REQUEST")
    if isinstance(body, dict):
        assert faults(problem) == [field for field in ("type", "data") if field not in body]


BAD_TYPES = ["", "a", "a.", ".a", "a..b", "A.b", "a b.c", "a-b.c", "ä.b", "a.*", "*", 5, None, ["a.b"], {"a": 1}]


@pytest.mark.parametrize("kind", BAD_TYPES, ids=repr)
def test_what_is_no_type_is_refused(api, kind):
    assert faults(refused(api.post("/events", {"type": kind, "data": {}}), 400, "INVALID_REQUEST")) == ["type"]


@pytest.mark.parametrize("kind", ["a.b", "a_1.b_2", "0.1", "invoice.paid.late", "_._", "timers.a", "webhook_x.a"])
def test_a_callers_own_types_are_taken(endpoints, kind):
    assert endpoints.send(kind)["triggered"] >= 0


RESERVED = [
    "timer.created",
    "timer.expired",
    "timer.own",
    "timer.a.b",
    "webhook.test",
    "webhook.disabled",
    "webhook.own",
]


@pytest.mark.parametrize("kind", RESERVED)
def test_what_the_service_says_by_itself_can_not_be_posted(api, kind):
    assert faults(refused(api.post("/events", {"type": kind, "data": {}}), 400, "INVALID_REQUEST")) == ["type"]


@pytest.mark.parametrize("identifier", ["a", "order-7_B", "9" * 64])
def test_an_id_may_be_chosen_and_the_same_event_again_triggers_nothing(endpoints, family, receiver, identifier):
    endpoints.create(receiver.url, [f"{family}.*"])
    event = {"data": {"a": 1, "b": [1.0]}, "id": f"{identifier[: 64 - 14]}-{family}"}
    assert endpoints.send(f"{family}.a", **event) == {"eventId": event["id"], "triggered": 1}
    for _ in range(3):
        assert endpoints.send(f"{family}.a", status=200, **event) == {"eventId": event["id"], "triggered": 0}
    assert receiver.one().json["id"] == event["id"]
    stays(lambda: len(receiver.hits) == 1, throughout=0.3, promise="one event")


def test_another_event_under_the_same_id_is_a_conflict(api, endpoints, family):
    endpoints.send(f"{family}.a", {"a": 1}, id=family)
    for kind, data in ((f"{family}.b", {"a": 1}), (f"{family}.a", {"a": 2}), (f"{family}.a", {})):
        refused(api.post("/events", {"type": kind, "data": data, "id": family}), 409, "CONFLICT")
    assert endpoints.send(f"{family}.a", {"a": 1}, status=200, id=family)["triggered"] == 0


def test_ids_are_a_scopes_own(api, endpoints, family):
    endpoints.send(f"{family}.a", {"a": 1}, id=family)
    assert Endpoints(api.test_mode()).send(f"{family}.a", {"a": 2}, id=family)["eventId"] == family


@pytest.mark.parametrize("identifier", ["", "a" * 65, "a b", "a.b", "ä", "a/b", 5, [], {}], ids=repr)
def test_a_bad_id_is_refused(api, identifier):
    assert faults(refused(api.post("/events", {"type": "a.b", "data": {}, "id": identifier}), 400)) == ["id"]


def test_of_many_at_once_with_one_id_one_is_accepted(api, endpoints, family, receiver):
    endpoints.create(receiver.url, [f"{family}.*"])
    body = {"type": f"{family}.a", "data": {}, "id": family}
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: api.post("/events", body), range(32)))
    assert sorted(answer.status_code for answer in answers) == [200] * 31 + [202]
    assert sum(answer.json()["data"]["triggered"] for answer in answers) == 1
    receiver.one()
    stays(lambda: len(receiver.hits) == 1, throughout=0.3, promise="one event")


def test_an_idempotency_key_makes_one_event(api, endpoints, family, receiver):
    endpoints.create(receiver.url, [f"{family}.*"])
    body = {"type": f"{family}.a", "data": {}}
    first, again = (api.post("/events", body, headers={"Idempotency-Key": family}) for _ in range(2))
    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    receiver.one()
    stays(lambda: len(receiver.hits) == 1, throughout=0.3, promise="one event")
    other = api.post("/events", {**body, "data": {"a": 1}}, headers={"Idempotency-Key": family})
    refused(other, 422, "IDEMPOTENCY_KEY_REUSED")


def test_data_may_have_64_kib_and_no_more(api, endpoints, family, receiver):
    endpoints.create(receiver.url, [f"{family}.*"])
    most = {"a": "x" * (64 * 1024 - 8)}
    assert len(json.dumps(most, separators=(",", ":"))) == 64 * 1024
    endpoints.send(f"{family}.a", most)
    assert receiver.one().json["data"] == most
    most["a"] += "x"
    refused(api.post("/events", {"type": f"{family}.a", "data": most}), 413, "PAYLOAD_TOO_LARGE")


def test_no_rendered_body_is_above_96_kib(api, endpoints, family, receiver):
    """In Python's form each of these characters takes twelve bytes."""
    endpoints.create(receiver.url, [f"{family}.*"], payloadFormat="python")
    emoji = {"a": "🚀" * 15_000}
    response = api.post("/events", {"type": f"{family}.a", "data": emoji})
    refused(response, 413, "PAYLOAD_TOO_LARGE")
    endpoints.send(f"{family}.a", {"a": "🚀" * 8_000})
    assert len(receiver.one().body) < 96 * 1024


def test_data_nests_at_most_32_levels(api, endpoints, family, receiver):
    def nested(levels):
        return '{"a":' * levels + "1" + "}" * levels

    endpoints.create(receiver.url, [f"{family}.*"])
    deep = f'{{"type":"{family}.a","data":{nested(31)}}}'
    succeeded(api.post("/events", deep), 202)
    assert receiver.one().json["data"] == json.loads(nested(31))
    refused(api.post("/events", f'{{"type":"{family}.a","data":{nested(33)}}}'), 400)


@pytest.mark.parametrize("text", [r'"\ud800"', r'"\udc00\ud800"', '{"\\ud83d":1}'])
def test_half_a_character_is_refused_or_arrives_as_something_whole(api, endpoints, family, receiver, text):
    endpoints.create(receiver.url, [f"{family}.*"])
    answer = api.post("/events", f'{{"type":"{family}.a","data":{{"a":{text}}}}}')
    if answer.status_code == 202:
        assert json.dumps(receiver.one().json).encode()
    else:
        refused(answer, 400, "INVALID_REQUEST")


def test_only_those_who_were_subscribed_when_it_was_accepted_are_told(endpoints, family, start_receiver):
    before, after = start_receiver(), start_receiver()
    endpoints.create(before.url, [f"{family}.*"])
    endpoints.send(f"{family}.a")
    endpoints.create(after.url, [f"{family}.*"])
    before.one()
    stays(lambda: after.hits == [], throughout=0.3, promise="who comes later is not told")


def test_another_scopes_endpoints_are_not_told(api, endpoints, family, start_receiver):
    live, test = start_receiver(), start_receiver()
    other = Endpoints(api.test_mode())
    endpoints.create(live.url, [f"{family}.*"])
    other.create(test.url, [f"{family}.*"])
    assert endpoints.send(f"{family}.live")["triggered"] == 1
    assert other.send(f"{family}.test")["triggered"] == 1
    assert (types(live, 1), types(test, 1)) == ([f"{family}.live"], [f"{family}.test"])
    stays(lambda: len(live.hits) == len(test.hits) == 1, throughout=0.3, promise="each its own")


def test_an_event_without_subscribers_triggers_nothing(endpoints, family):
    assert endpoints.send(f"{family}.a")["triggered"] == 0


def test_a_thousand_endpoints_are_told_each_once(start_server, receiver):
    endpoints = Endpoints(start_server().api)
    for n in range(1000):
        endpoints.create(f"{receiver.url}/{n}", ["a.*"])
    assert len(endpoints.all()) == 1000
    assert endpoints.send("a.b")["triggered"] == 1000
    assert len({hit.path for hit in receiver.wait(1000, within=20)}) == 1000
    until(lambda: endpoints.queue()["completed"] == 1000, promise="all are recorded")
    assert len(receiver.hits) == 1000


def test_an_accepted_event_reaches_all_its_endpoints_through_kill_9(start_server, receiver):
    server = start_server()
    endpoints = Endpoints(server.api)
    for n in range(200):
        endpoints.create(f"{receiver.url}/{n}", ["a.*"])
    sent = [endpoints.send("a.b", {"n": n}) for n in range(5)]
    server.kill()
    assert [each["triggered"] for each in sent] == [200] * 5
    server.start()

    def told():
        return {(hit.path, hit.json["id"]) for hit in receiver.hits}

    until(lambda: len(told()) == 1000, within=20, promise="200 endpoints are told of 5 events")
    ids = {(hit.path, hit.json["id"]): hit.headers["webhook-id"] for hit in receiver.hits}
    assert all(ids[hit.path, hit.json["id"]] == hit.headers["webhook-id"] for hit in receiver.hits), "one delivery each"


# The catalogue


def test_the_catalogue_has_every_type_with_a_description(api):
    answer = succeeded(api.get("/webhooks/events"))
    assert set(answer) == {"success", "data"}
    catalogue = answer["data"]
    assert all(set(each) == {"event", "description"} and each["description"] for each in catalogue)
    names = [each["event"] for each in catalogue]
    documented = re.findall(r"^- `([a-z_.]+)` - ", Seed("003").text, re.MULTILINE)
    own = ["webhook.test", "webhook.disabled"]
    own += [f"timer.{what}" for what in ("created", "progress", "expired", "cancelled")]
    assert len(documented) == 23
    assert sorted(names) == sorted(documented + own)


# Timers' events


def test_timers_tell_endpoints_of_their_life_beside_their_own_webhooks(start_server, start_receiver):
    api = start_server().api
    told, own = start_receiver(), start_receiver()
    Endpoints(api).create(told.url, ["timer.*"])
    events = {
        "on_expire": {"webhook": f"{own.url}/?t=expire-token", "headers": {"Authorization": "credential"}},
        "on_progress": {"webhook": own.url, "intervals": ["50%", "-100ms"]},
    }
    timer = api.create("600ms", name="Build", metadata={"m": 1}, events=events, team="t")
    hits = told.wait(4)
    assert [hit.json["type"] for hit in hits] == ["timer.created", "timer.progress", "timer.progress", "timer.expired"]
    assert [hit.json["data"].get("milestone") for hit in hits] == [None, "50%", "-100ms", None]
    assert [hit.json["data"]["timer"]["status"] for hit in hits] == ["running", "running", "running", "expired"]
    for hit in hits:
        assert set(hit.json["data"]) <= {"timer", "milestone"}
        shown = hit.json["data"]["timer"]
        assert "events" not in shown, "T without its events: they hold others' secret URLs"
        check_timer({**shown, "events": {}})
        assert (shown["id"], shown["name"], shown["metadata"], shown["team"]) == (timer["id"], "Build", {"m": 1}, "t")
        assert hit.headers["X-Webhook-Event"] == hit.headers["X-MINOOTS-Event"] == hit.json["type"]
        for secret in ("expire-token", "credential"):
            assert secret not in hit.body.decode()
    assert sorted(hit.event for hit in own.wait(3)) == ["timer_expired", "timer_progress", "timer_progress"]
    for hit, due in zip(hits[1:], (300, 500, 600), strict=True):
        assert 0 <= hit.at * 1000 - timer["startTime"] - due < 400
    stays(lambda: len(told.hits) == 4, throughout=0.3, promise="each once")


def test_a_cancellation_is_told_with_its_reason(start_server, receiver):
    api = start_server().api
    Endpoints(api).create(receiver.url, ["timer.cancelled"])
    timer = api.create(metadata={"m": 1})
    cancelled = api.cancel(timer, reason="done early")
    api.cancel(timer)
    payload = receiver.one().json
    shown = payload["data"]["timer"]
    assert (payload["type"], shown["status"], shown["reason"]) == ("timer.cancelled", "cancelled", "done early")
    assert shown["cancelledAt"] == cancelled["cancelledAt"]
    stays(lambda: len(receiver.hits) == 1, throughout=0.3, promise="told once, and of nothing else")


def test_milestones_without_a_webhook_are_told_to_endpoints(start_server, receiver):
    api = start_server().api
    Endpoints(api).create(receiver.url, ["timer.progress"])
    api.create("200ms", events={"on_progress": {"intervals": ["25%", "75%"]}})
    assert [hit.json["data"]["milestone"] for hit in receiver.wait(2)] == ["25%", "75%"]


def test_every_way_to_make_and_to_end_a_timer_is_told(start_server, receiver):
    api = start_server().api
    Endpoints(api).create(receiver.url, ["timer.*"])
    succeeded(api.post("/timers/batch", {"timers": [{"duration": "1h"}, {"duration": "soon"}, {"duration": "1h"}]}))
    succeeded(api.post("/quick/wait", {"duration": "1h"}))
    assert types(receiver, 3) == ["timer.created"] * 3
    fired = api.create()
    api.fire(api.pause(fired))
    assert types(receiver, 5)[-2:] == ["timer.created", "timer.expired"]
    moved = api.create("1h")
    api.change(moved, duration="100ms")
    hits = receiver.wait(7)
    assert [hit.json["type"] for hit in hits[5:]] == ["timer.created", "timer.expired"]
    assert hits[6].json["data"]["timer"]["id"] == moved["id"]
    stays(lambda: len(receiver.hits) == 7, throughout=0.2, promise="changes and pauses are no events")


def test_a_timer_made_again_under_an_idempotency_key_is_told_once(start_server, receiver):
    api = start_server().api
    Endpoints(api).create(receiver.url, ["timer.created"])
    for _ in range(3):
        succeeded(api.post("/timers", {"duration": "1h"}, headers={"Idempotency-Key": "k"}), 201)
    receiver.one()
    stays(lambda: len(receiver.hits) == 1, throughout=0.3, promise="one timer, one event")


def test_timers_events_survive_kill_9(start_server, receiver):
    server = start_server()
    Endpoints(server.api).create(receiver.url, ["timer.*"])
    timers = [server.api.create("1s") for _ in range(20)]
    server.kill()
    server.start()

    def told():
        return {(hit.json["type"], hit.json["data"]["timer"]["id"]) for hit in receiver.hits}

    promised = {(kind, timer["id"]) for timer in timers for kind in ("timer.created", "timer.expired")}
    until(lambda: told() == promised, within=10, promise="each timer's creation and expiry is told")


def test_a_test_modes_timers_are_told_to_test_modes_endpoints_only(start_server, start_receiver):
    api = start_server().api
    live, test = start_receiver(), start_receiver()
    other = api.test_mode()
    Endpoints(api).create(live.url, ["timer.*"])
    Endpoints(other).create(test.url, ["timer.*"])
    other.create()
    test.one()
    stays(lambda: live.hits == [], throughout=0.3, promise="live endpoints hear nothing of test timers")


# Projects


def test_a_project_is_made_and_told(start_server, receiver):
    api = start_server().api
    Endpoints(api).create(receiver.url, ["project.*"])
    body = {"name": "Apollo 🚀", "description": "to the moon", "settings": {"stages": [1, 2.0]}}
    answer = succeeded(api.post("/projects", body), 201)
    assert set(answer) == {"success", "data", "message"}
    assert body.items() <= answer["data"].items()
    assert answer["data"]["id"]
    payload = receiver.one().json
    assert payload["type"] == "project.created"
    assert payload["data"]["id"] == answer["data"]["id"]
    assert (payload["data"]["name"], payload["data"]["description"]) == ("Apollo 🚀", "to the moon")


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": 5}, {"name": "n", "description": 5}, {"name": "n", "settings": 5}, []], ids=repr
)
def test_a_faulty_project_is_refused(api, body):
    refused(api.post("/projects", body), 400, "INVALID_REQUEST")


def test_an_idempotency_key_makes_one_project(start_server, receiver):
    api = start_server().api
    Endpoints(api).create(receiver.url, ["project.*"])
    first, again = (api.post("/projects", {"name": "n"}, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert first.content == again.content
    assert again.headers["Idempotent-Replayed"] == "true"
    receiver.one()
    stays(lambda: len(receiver.hits) == 1, throughout=0.3, promise="one project, one event")
