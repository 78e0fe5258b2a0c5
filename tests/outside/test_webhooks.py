"""Contract section 3: what the three events say, and when they come."""

import json
import re
import subprocess

import pytest

from api import succeeded
from instants import iso, millis, now
from shapes import check_timer
from waiting import stays, until


def everything(url):
    """Events that all go to one receiver, each with secrets that the other ones must not learn."""
    return {
        "on_expire": {
            "webhook": f"{url}/expire?token=expire-token",
            "message": "expired!",
            "data": {"action": "cancel_build"},
            "headers": {"Authorization": "Bearer expire-credential"},
        },
        "on_progress": {
            "webhook": f"{url}/progress?token=progress-token",
            "message": "on its way",
            "data": {"step": 1},
            "headers": {"Authorization": "Bearer progress-credential"},
            "intervals": ["50%"],
        },
        "on_cancel": {
            "webhook": f"{url}/cancel?token=cancel-token",
            "message": "cancelled!",
            "data": {"undo": True},
            "headers": {"Authorization": "Bearer cancel-credential"},
        },
    }


LABELS = {"agent_id": "agent", "team": "team", "scenario": "s", "organizationId": "o", "projectId": "p"}
LABELS_SHOWN = {"agentId": "agent", "team": "team", "scenario": "s", "organizationId": "o", "projectId": "p"}


def test_an_expiry_tells_all_about_the_timer(api, receiver):
    timer = api.create("200ms", name="Build", metadata={"m": 1}, events=everything(receiver.url), **LABELS)
    hit = receiver.one(event="timer_expired")
    payload = hit.json
    assert set(payload) == {"event", "timer", "message", "data", "timestamp"}
    assert (payload["message"], payload["data"]) == ("expired!", {"action": "cancel_build"})
    told = check_timer(payload["timer"])
    assert told["status"] == "expired"
    assert LABELS_SHOWN.items() <= told.items()
    for field in ("id", "name", "duration", "startTime", "endTime", "createdAt", "expiresAt", "metadata"):
        assert told[field] == timer[field], field
    assert told == {**api.timer(timer), "events": told["events"]}
    assert 0 <= millis(told["expiredAt"]) - timer["endTime"] < 500
    assert 0 <= millis(payload["timestamp"]) - timer["endTime"] < 500
    assert (hit.method, hit.path) == ("POST", "/expire?token=expire-token")


def test_a_milestone_tells_which_and_the_timer_runs_on(api, receiver):
    timer = api.create("600ms", name="Build", metadata={"m": 1}, events=everything(receiver.url), **LABELS)
    hit = receiver.one(event="timer_progress")
    payload = hit.json
    assert set(payload) == {"event", "timer", "milestone", "message", "data", "timestamp"}
    assert (payload["milestone"], payload["message"], payload["data"]) == ("50%", "on its way", {"step": 1})
    told = check_timer(payload["timer"])
    assert (told["status"], told["metadata"]) == ("running", {"m": 1})
    assert LABELS_SHOWN.items() <= told.items()
    assert (told["startTime"], told["endTime"]) == (timer["startTime"], timer["endTime"])
    assert 0.5 <= told["progress"] < 1
    assert 0 <= millis(payload["timestamp"]) - (timer["startTime"] + 300) < 300
    assert 0 <= hit.at * 1000 - (timer["startTime"] + 300) < 400
    assert hit.path == "/progress?token=progress-token"


def test_a_cancellation_tells_what_was_cancelled_when_and_why(api, receiver):
    timer = api.create(name="Build", events=everything(receiver.url), metadata={"m": 1}, **LABELS)
    cancelled = api.cancel(timer, reason="Build completed early")
    hit = receiver.one()
    payload = hit.json
    assert payload == {
        "event": "timer_cancelled",
        "timer": {
            "id": timer["id"],
            "name": "Build",
            "status": "cancelled",
            "cancelledAt": cancelled["cancelledAt"],
            "reason": "Build completed early",
        },
        "message": "cancelled!",
        "data": {"undo": True},
        "timestamp": payload["timestamp"],
    }
    assert 0 <= millis(payload["timestamp"]) - millis(cancelled["cancelledAt"]) < 500
    assert hit.path == "/cancel?token=cancel-token"
    stays(lambda: len(receiver.hits) == 1, throughout=0.2, promise="a cancelled timer does nothing more")


def test_a_cancellation_without_a_reason_says_null(api, receiver):
    api.cancel(api.create(webhook=receiver.url))
    assert receiver.one().json["timer"]["reason"] is None


@pytest.mark.parametrize("event", ["on_expire", "on_progress", "on_cancel"])
def test_a_receiver_learns_only_its_own_event_and_no_credentials(api, receiver, event):
    events = everything(receiver.url)
    timer = api.create("300ms", events=events)
    if event == "on_cancel":
        api.cancel(timer)
    own = events[event]
    [hit] = until(
        lambda: [hit for hit in receiver.hits if own["webhook"].endswith(hit.path)], promise=f"the webhook of {event}"
    )
    assert hit.headers["Authorization"] == own["headers"]["Authorization"]
    if event != "on_cancel":
        shown = {field: value for field, value in own.items() if field != "headers"}
        assert hit.json["timer"]["events"] == {event: shown}
    for secret in (
        "credential",
        *({"expire-token", "progress-token", "cancel-token"} - {own["webhook"].split("=")[1]}),
    ):
        assert secret not in hit.body.decode()


def test_data_is_empty_and_message_null_when_not_given(api, receiver):
    timer = api.create(
        "400ms",
        events={
            "on_expire": {"webhook": receiver.url},
            "on_progress": {"webhook": receiver.url, "intervals": ["50%"]},
            "on_cancel": {"webhook": receiver.url},
        },
    )
    for event in ("timer_progress", "timer_expired"):
        hit = receiver.one(event=event)
        assert (hit.json["message"], hit.json["data"]) == (None, {})
        assert b'"data":{}' in hit.body
    assert hit.json["timer"]["id"] == timer["id"]
    api.cancel(api.create(events={"on_cancel": {"webhook": receiver.url}}))
    hit = receiver.one(event="timer_cancelled")
    assert (hit.json["message"], hit.json["data"]) == (None, {})


def test_each_event_is_one_post(api, receiver):
    timers = [api.create("400ms", events=everything(receiver.url)) for _ in range(20)]
    receiver.wait(40)
    stays(lambda: len(receiver.hits) == 40, throughout=0.5, promise="each event once")
    told = sorted((hit.json["timer"]["id"], hit.event) for hit in receiver.hits)
    assert told == sorted((timer["id"], event) for timer in timers for event in ("timer_expired", "timer_progress"))


# Cancellation without a webhook of its own


def test_without_on_cancel_the_expiry_webhook_hears_of_it_but_never_the_expirys_orders(api, receiver):
    events = everything(receiver.url)
    del events["on_cancel"]
    api.cancel(api.create(events=events), reason="r")
    hit = receiver.one()
    assert (hit.event, hit.path) == ("timer_cancelled", "/expire?token=expire-token")
    assert (hit.json["message"], hit.json["data"]) == (None, {})
    assert set(hit.json["timer"]) == {"id", "name", "status", "cancelledAt", "reason"}
    assert "Authorization" not in hit.headers
    for order in ("expired!", "cancel_build", "credential"):
        assert order not in hit.body.decode()


def test_on_cancel_without_a_webhook_lends_the_expiry_webhook_its_own_message_and_data(api, receiver):
    events = everything(receiver.url)
    del events["on_cancel"]["webhook"]
    api.cancel(api.create(events=events))
    hit = receiver.one()
    assert hit.path == "/expire?token=expire-token"
    assert (hit.json["message"], hit.json["data"]) == ("cancelled!", {"undo": True})
    assert "expire-credential" not in str(hit.headers)


@pytest.mark.parametrize(
    "events", [{}, {"on_cancel": {"message": "m"}}, {"on_progress": {"intervals": ["50%"]}}], ids=str
)
def test_without_any_webhook_a_cancellation_is_silent(api, events):
    timer = api.create(events=events)
    api.cancel(timer)
    assert api.deliveries(timer) == []


def test_the_progress_webhook_hears_of_no_cancellation(api, receiver):
    timer = api.create(events={"on_progress": {"webhook": receiver.url, "intervals": ["50%"]}})
    api.cancel(timer)
    assert api.deliveries(timer) == []


# Milestones


def test_milestones_come_in_order_each_once_and_by_their_names(api, receiver):
    intervals = ["75%", "-100ms", 25, "50%", 25.0, "25%", "-PT0.2S", "62.50%"]
    timer = api.create("1s", events={"on_progress": {"webhook": receiver.url, "intervals": intervals}})
    due = {"25%": 250, "50%": 500, "62.5%": 625, "75%": 750, "-PT0.2S": 800, "-100ms": 900}
    receiver.wait(len(due))
    until(lambda: api.timer(timer)["status"] == "expired", promise="it expires")
    stays(lambda: len(receiver.hits) == len(due), throughout=0.2, promise="doubles fire once")
    hits = {hit.json["milestone"]: hit for hit in receiver.hits}
    assert sorted(hits, key=lambda name: hits[name].json["timestamp"]) == list(due)
    for name, offset in due.items():
        late = hits[name].at * 1000 - timer["startTime"] - offset
        assert 0 <= late < 400, f"{name} came {late} ms after it was due"
    assert len({hit.headers["webhook-id"] for hit in receiver.hits}) == len(due)


def test_milestones_need_no_webhook(api):
    timer = api.create("200ms", events={"on_progress": {"intervals": ["50%"]}})
    until(lambda: api.timer(timer)["status"] == "expired", promise="it expires")
    assert api.deliveries(timer) == []


# The bytes

UNTIDY = (
    '{ "z":1.0, "a":[1e2,1E+2,-0,-0.0,0.10,1e21,1e-7,123456789.000,5e-324,1.7976931348623157e308,9007199254740991],'
    '"long":0.1000000000000000055511151231257827,"":null,"10":"ten","9":"nine","01":"no index","-1":"neither",'
    '"4294967294":"the last index","4294967295":"no index","__proto__":{"b":1,"a":2},"constructor":{},'
    '"text":"\\u00e9 \\ud83d\\udca5 \\/ \\" \\\\ \\b\\f\\n\\r\\t \\u0000\\u001f\\u007f\\u2028\\u2029",'
    '"nested":{"y":{"x":[[],{}]}} }'
)


def send(api, receiver, event, data, metadata="{}"):
    """Has data and metadata of this text delivered; gives the request that came."""
    body = (
        f'{{"duration":"1h","metadata":{metadata},"events":{{"{event}":{{"webhook":"{receiver.url}","data":{data}}}}}}}'
    )
    timer = succeeded(api.post("/timers", body), 201)["timer"]
    (api.cancel if event == "on_cancel" else api.fire)(timer)
    return receiver.one()


@pytest.mark.parametrize("event", ["on_expire", "on_cancel"])
def test_javascript_can_parse_a_body_and_write_it_again_without_changing_a_byte(api, receiver, event):
    hit = send(api, receiver, event, UNTIDY, UNTIDY)
    script = (
        "const body = require('fs').readFileSync(0, 'utf8');"
        "const again = JSON.stringify(JSON.parse(body));"
        "if (again !== body) { console.log(`sent:\\n${body}\\nwritten again:\\n${again}`); process.exit(1); }"
    )
    done = subprocess.run(["node", "-e", script], input=hit.body, capture_output=True, timeout=30)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()


def test_values_arrive_with_what_was_sent(api, receiver):
    hit = send(api, receiver, "on_expire", UNTIDY, UNTIDY)
    given = json.loads(UNTIDY)
    assert hit.json["data"] == hit.json["timer"]["metadata"] == given
    assert hit.json["timer"]["events"]["on_expire"]["data"] == given


def test_keys_arrive_in_the_callers_order_save_that_array_indices_come_first(api, receiver):
    hit = send(api, receiver, "on_expire", '{"z":1,"10":2,"a":3,"9":4,"01":5,"m":6}', '{"y":1,"x":{"w":1,"v":2,"3":3}}')
    assert b'"data":{"9":4,"10":2,"z":1,"a":3,"01":5,"m":6}' in hit.body
    assert b'"metadata":{"y":1,"x":{"3":3,"w":1,"v":2}}' in hit.body


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        *(
            ("1.0", "1"),
            ("1e2", "100"),
            ("-0", "0"),
            ("-0.0", "0"),
            ("0.10", "0.1"),
            ("1E-7", "1e-7"),
            ("1e21", "1e+21"),
        ),
        *(("9007199254740993", "9007199254740993"), ("18446744073709551616", "18446744073709551616")),
        ("-9007199254740993", "-9007199254740993"),
        ("12345678901234567890123456789", "12345678901234567890123456789"),
    ],
)
def test_numbers_are_written_as_javascript_does_unless_that_loses_digits(api, receiver, given, sent):
    hit = send(api, receiver, "on_expire", f'{{"n":{given}}}')
    assert f'"data":{{"n":{sent}}}'.encode() in hit.body


def test_a_body_is_compact_utf_8(api, receiver):
    hit = send(api, receiver, "on_expire", '{ "ü" : [ 1 , 2 ] , "e" : "\\u00e9" }')
    assert '"data":{"ü":[1,2],"e":"é"}'.encode() in hit.body
    assert not re.search(rb"[\n\t]", hit.body)


def test_the_largest_data_arrives_whole(api, receiver):
    data = {"a": "x" * (32 * 1024 - 8 - 2)}
    api.fire(api.create(webhook=receiver.url, data=data))
    hit = receiver.one()
    assert hit.json["data"] == data
    assert len(hit.body) < 96 * 1024


def test_any_text_arrives_as_it_was_given(api, receiver):
    text = "line\nfeed 💥 \u202e \u0000 \"quoted\" </script> 'single' \\ back"
    api.fire(api.create(webhook=receiver.url, message=text, name=text, metadata={text: text}))
    payload = receiver.one().json
    assert payload["message"] == payload["timer"]["name"] == payload["timer"]["metadata"][text] == text


def test_a_timestamp_is_iso_in_utc_and_not_before_the_event(api, receiver):
    timer = api.create("100ms", webhook=receiver.url)
    stamp = receiver.one().json["timestamp"]
    assert iso(millis(stamp)) == stamp
    assert timer["endTime"] <= millis(stamp) <= now() + 1
