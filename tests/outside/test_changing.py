"""Contract section 2: PATCH, pause, resume, fire and DELETE."""

import pytest

from api import faults, refused, succeeded
from instants import iso, millis, now
from shapes import check_timer
from waiting import stays, until

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
MOVING = {"updatedAt", "timeRemaining", "progress", "percentComplete"}


def but(timer, *fields):
    """The timer without these fields and what time changes by itself."""
    return {field: value for field, value in timer.items() if field not in MOVING | set(fields)}


def close(got, promised, within=2000):
    return abs(got - promised) < within


# PATCH


@pytest.mark.parametrize(
    "change",
    [
        {"name": "new"},
        {"name": "日本語"},
        {"metadata": {"z": 1, "a": [1.5]}},
        {"events": {"on_expire": {"webhook": "https://hooks.example.com/new", "data": {"a": 1}}}},
        {"events": {}},
        {"name": "new", "metadata": {"a": 1}, "events": {"on_progress": {"intervals": ["-10m"]}}},
    ],
    ids=lambda change: "+".join(change),
)
def test_a_change_changes_what_it_names_and_nothing_else(api, change):
    given = {
        "name": "old",
        "metadata": {"old": 1},
        "events": {"on_cancel": {"message": "old"}},
        "team": "t",
        "scenario": "s",
    }
    timer = api.create(**given)
    answer = succeeded(api.patch(f"/timers/{timer['id']}", change))
    assert set(answer) == {"success", "timer"}
    changed = check_timer(answer["timer"])
    assert but(changed, *change) == but(timer, *change)
    assert {field: changed[field] for field in change} == change
    assert but(api.timer(timer)) == but(changed)
    assert millis(changed["updatedAt"]) >= millis(timer["updatedAt"])


def test_a_change_of_nothing_changes_nothing(api):
    timer = api.create(name="n")
    assert but(api.change(timer)) == but(timer)


def test_metadata_changed_comes_back_exactly_as_given(api):
    timer = api.create()
    given = '"metadata":{"b":1.0,"a":1e2,"2":18446744073709551616,"1":-0}'
    assert given in api.patch(f"/timers/{timer['id']}", "{" + given + "}").text
    assert given in api.get(f"/timers/{timer['id']}").text


def test_a_duration_counts_anew_from_now(api):
    timer = api.create("2h")
    until(lambda: now() > timer["startTime"] + 20, promise="a moment passes")
    before = now()
    changed = check_timer(api.change(timer, duration="10m"))
    assert before - 1 <= changed["startTime"] <= now()
    assert changed["duration"] == 10 * MINUTE
    assert changed["endTime"] == changed["startTime"] + 10 * MINUTE
    assert changed["createdAt"] == timer["createdAt"]


def test_an_end_moves_and_the_start_stays(api):
    timer = api.create("2h")
    end = timer["startTime"] + 3 * HOUR
    changed = check_timer(api.change(timer, expiresAt=iso(end)))
    assert (changed["startTime"], changed["endTime"], changed["duration"]) == (timer["startTime"], end, 3 * HOUR)


@pytest.mark.parametrize(
    ("extend", "by"),
    [("15m", 15 * MINUTE), ("-5m", -5 * MINUTE), ("+1h", HOUR), (60_000, MINUTE), (-60_000, -MINUTE), ("-PT1H", -HOUR)],
)
def test_an_extension_moves_the_end_and_the_start_stays(api, extend, by):
    timer = api.create("2h")
    changed = check_timer(api.change(timer, extend=extend))
    assert changed["startTime"] == timer["startTime"]
    assert changed["endTime"] == timer["endTime"] + by
    assert changed["duration"] == timer["duration"] + by
    assert changed["timeRemaining"] <= timer["duration"] + by


def test_extensions_add_up(api):
    timer = api.create("1h")
    for _ in range(5):
        api.change(timer, extend="1m")
    assert api.change(timer, extend="-30s")["endTime"] == timer["endTime"] + 4.5 * MINUTE


BAD_ENDS = [
    ({"duration": "soon"}, "duration"),
    ({"duration": 0}, "duration"),
    ({"duration": "367d"}, "duration"),
    ({"expiresAt": "2001-09-09T01:46:40Z"}, "expiresAt"),
    ({"expiresAt": "tomorrow"}, "expiresAt"),
    ({"expiresAt": "2099-01-01T00:00:00Z"}, "expiresAt"),
    ({"extend": "-2h"}, "extend"),
    ({"extend": "-1h"}, "extend"),
    ({"extend": "366d"}, "extend"),
    ({"extend": "long"}, "extend"),
    ({"extend": []}, "extend"),
    ({"extend": 1e300}, "extend"),
]


@pytest.mark.parametrize(("change", "field"), BAD_ENDS, ids=[str(change) for change, _ in BAD_ENDS])
@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
def test_a_bad_end_is_refused_and_nothing_of_the_change_is_done(api, change, field, paused):
    timer = api.create("1h")
    if paused:
        timer = api.pause(timer)
    problem = refused(api.patch(f"/timers/{timer['id']}", {"name": "new", **change}), 400, "INVALID_DURATION")
    assert faults(problem) == [field]
    assert but(api.timer(timer)) == but(timer)


@pytest.mark.parametrize(
    "together",
    [("duration", "expiresAt"), ("duration", "extend"), ("expiresAt", "extend"), ("duration", "expiresAt", "extend")],
)
def test_two_new_ends_together_are_refused(api, together):
    timer = api.create("1h")
    ends = {"duration": "2h", "expiresAt": iso(now() + 2 * HOUR), "extend": "1h"}
    change = {field: ends[field] for field in together}
    refused(api.patch(f"/timers/{timer['id']}", change), 400, "INVALID_DURATION")
    assert but(api.timer(timer)) == but(timer)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"name": 5}, 400, "INVALID_REQUEST"),
        ({"name": "n" * 257}, 400, "INVALID_REQUEST"),
        ({"metadata": []}, 400, "INVALID_REQUEST"),
        ({"metadata": {"a": "x" * 32_768}}, 413, "PAYLOAD_TOO_LARGE"),
        ({"events": []}, 400, "INVALID_REQUEST"),
        ({"events": {"on_expire": {"webhook": "ftp://example.com/"}}}, 400, "INVALID_WEBHOOK_URL"),
        ({"events": {"on_expire": {"headers": {"Host": "x"}}}}, 400, "INVALID_REQUEST"),
        ({"events": {"on_progress": {"intervals": ["-2h"]}}}, 400, "INVALID_REQUEST"),
        ({"events": {"on_progress": {"intervals": ["100%"]}}}, 400, "INVALID_REQUEST"),
        ({"events": {"on_cancel": {"message": "m" * 4097}}}, 400, "INVALID_REQUEST"),
    ],
)
def test_a_change_obeys_the_same_rules_as_a_creation(api, change, status, code):
    timer = api.create("1h", name="n", metadata={"a": 1})
    refused(api.patch(f"/timers/{timer['id']}", {"extend": "1h", **change}), status, code)
    assert but(api.timer(timer)) == but(timer)


def test_old_data_and_new_metadata_count_together(api):
    timer = api.create(events={"on_expire": {"data": {"a": "x" * 20_000}}})
    refused(api.patch(f"/timers/{timer['id']}", {"metadata": {"a": "x" * 20_000}}), 413, "PAYLOAD_TOO_LARGE")


def test_a_moved_timer_expires_at_its_new_end_only(api, receiver):
    events = {"on_expire": {"webhook": receiver.url}}
    later, sooner = api.create("300ms", events=events), api.create("1h", events=events)
    moved = {timer["id"]: timer for timer in (api.change(later, extend="700ms"), api.change(sooner, duration="600ms"))}
    hits = receiver.wait(2)
    stays(lambda: len(receiver.hits) == 2, throughout=0.3, promise="each expires once")
    for hit in hits:
        timer = moved[hit.json["timer"]["id"]]
        assert hit.json["timer"]["endTime"] == timer["endTime"]
        assert 0 <= hit.late(timer) < 0.5


def test_changed_events_are_what_is_sent(api, start_receiver):
    old, new = start_receiver(), start_receiver()
    timer = api.create(events={"on_expire": {"webhook": old.url, "data": {"old": 1}}}, metadata={"old": 1})
    api.change(timer, name="new", metadata={"new": 1}, events={"on_expire": {"webhook": new.url, "message": "new"}})
    api.fire(timer)
    payload = new.one().json
    assert (payload["message"], payload["data"]) == ("new", {})
    assert (payload["timer"]["name"], payload["timer"]["metadata"]) == ("new", {"new": 1})
    assert old.hits == []


# Milestones after a move


def milestones(receiver):
    return [hit.json["milestone"] for hit in receiver.of("timer_progress")]


def test_shares_refer_to_the_new_end_and_what_fired_stays_fired(api, receiver):
    timer = api.create("800ms", events={"on_progress": {"webhook": receiver.url, "intervals": ["25%", "50%", "75%"]}})
    receiver.wait(1)
    moved = api.change(timer, extend="800ms")
    until(lambda: api.timer(timer)["status"] == "expired", promise="it expires")
    hits = receiver.wait(3)
    stays(lambda: len(receiver.hits) == 3, throughout=0.2, promise="no milestone fires twice")
    assert milestones(receiver) == ["25%", "50%", "75%"]
    for hit, share in zip(hits[1:], (0.5, 0.75), strict=True):
        due = moved["startTime"] + share * 1600
        assert 0 <= hit.at * 1000 - due < 400, f"{hit.json['milestone']} came {hit.at * 1000 - due} ms after it was due"


def test_times_before_the_end_move_with_it(api, receiver):
    timer = api.create("1h", events={"on_progress": {"webhook": receiver.url, "intervals": ["-200ms", "-30m"]}})
    moved = api.change(timer, duration="500ms")
    hit = receiver.one()
    assert hit.json["milestone"] == "-200ms"
    assert 0 <= hit.at * 1000 - (moved["endTime"] - 200) < 400
    until(lambda: api.timer(timer)["status"] == "expired", promise="it expires")
    assert milestones(receiver) == ["-200ms"]


def test_milestones_that_the_new_end_has_left_behind_are_skipped(api, receiver):
    events = {"on_progress": {"webhook": receiver.url, "intervals": ["10%", "20%", "80%"]}}
    timer = api.create("1h", events=events)
    until(lambda: now() > timer["startTime"] + 300, promise="a moment passes")
    api.change(timer, expiresAt=iso(timer["startTime"] + 1000))
    until(lambda: api.timer(timer)["status"] == "expired", promise="it expires")
    receiver.wait(1)
    stays(lambda: milestones(receiver) == ["80%"], throughout=0.2, promise="10% and 20% were past when the end moved")


def test_a_duration_anew_does_not_fire_again_what_fired(api, receiver):
    timer = api.create("800ms", events={"on_progress": {"webhook": receiver.url, "intervals": ["25%", "60%"]}})
    receiver.wait(1)
    api.change(timer, duration="600ms")
    until(lambda: api.timer(timer)["status"] == "expired", promise="it expires")
    receiver.wait(2)
    stays(lambda: milestones(receiver) == ["25%", "60%"], throughout=0.2, promise="each milestone once")


def test_milestones_wait_while_a_timer_is_paused(api, receiver):
    timer = api.create("600ms", events={"on_progress": {"webhook": receiver.url, "intervals": ["50%"]}})
    api.pause(timer)
    stays(lambda: receiver.hits == [], throughout=0.8, promise="a paused timer fires nothing")
    resumed = api.resume(timer)
    hit = receiver.one()
    assert 0 <= hit.at * 1000 - (resumed["startTime"] + 300) < 400


# Pause and resume


def test_pausing_freezes_what_remains(api):
    timer = api.create("1h")
    answer = succeeded(api.post(f"/timers/{timer['id']}/pause"))
    assert set(answer) == {"success", "timer"}
    paused = check_timer(answer["timer"])
    assert (paused["status"], paused["endTime"], paused["expiresAt"]) == ("paused", None, None)
    assert close(paused["timeRemaining"], HOUR)
    stays(lambda: api.timer(timer) == paused, throughout=0.1, promise="nothing moves while paused")


def test_resuming_moves_start_and_end_on_by_the_pause(api):
    timer = api.create("1h")
    paused = api.pause(timer)
    until(lambda: now() > millis(paused["updatedAt"]) + 200, promise="a moment passes")
    resumed = check_timer(api.resume(timer))
    pause = resumed["startTime"] - timer["startTime"]
    assert pause >= 200
    assert close(pause, now() - millis(paused["updatedAt"]))
    assert resumed["endTime"] == timer["endTime"] + pause
    assert (resumed["status"], resumed["duration"]) == ("running", timer["duration"])


def test_pausing_twice_and_resuming_twice_change_nothing(api):
    timer = api.create("1h")
    assert but(api.resume(timer)) == but(timer)
    paused = api.pause(timer)
    assert api.pause(timer) == paused
    resumed = api.resume(timer)
    again = api.resume(timer)
    assert but(again) == but(resumed)
    assert again["updatedAt"] == resumed["updatedAt"]


def test_a_paused_timer_does_not_expire_until_what_remained_has_passed(api, receiver):
    timer = api.create("300ms", events={"on_expire": {"webhook": receiver.url}})
    paused = api.pause(timer)
    stays(lambda: receiver.hits == [], throughout=0.6, promise="a paused timer does not expire")
    resumed = api.resume(timer)
    assert close(resumed["endTime"] - now(), paused["timeRemaining"], within=200)
    assert 0 <= receiver.one().late(resumed) < 0.5


def test_pauses_add_up(api):
    timer = api.create("1h")
    for _ in range(5):
        api.pause(timer)
        resumed = api.resume(timer)
    assert resumed["endTime"] - resumed["startTime"] == HOUR
    assert close(resumed["endTime"], now() + HOUR)


@pytest.mark.parametrize(
    ("change", "remaining"),
    [
        (lambda: {"duration": "10m"}, 10 * MINUTE),
        (lambda: {"extend": "15m"}, 75 * MINUTE),
        (lambda: {"extend": "-15m"}, 45 * MINUTE),
        (lambda: {"expiresAt": iso(now() + 20 * MINUTE)}, 20 * MINUTE),
    ],
    ids=["duration", "extend", "shorten", "expiresAt"],
)
def test_while_paused_a_change_changes_what_remains(api, change, remaining):
    timer = api.create("1h")
    api.pause(timer)
    changed = check_timer(api.change(timer, **change()))
    assert (changed["status"], changed["endTime"]) == ("paused", None)
    assert close(changed["timeRemaining"], remaining)
    assert api.timer(timer)["timeRemaining"] == changed["timeRemaining"]
    assert close(api.resume(timer)["endTime"], now() + remaining)


def test_a_paused_timer_may_be_renamed_and_stays_paused(api):
    timer = api.create("1h")
    paused = api.pause(timer)
    assert but(api.change(timer, name="new"), "name") == but(paused, "name")


# Fire


@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
def test_firing_expires_it_now_and_skips_its_milestones(api, receiver, paused):
    events = {
        "on_expire": {"webhook": receiver.url},
        "on_progress": {"webhook": receiver.url, "intervals": ["25%", "-1ms"]},
    }
    timer = api.create("1h", events=events)
    if paused:
        api.pause(timer)
    before = now()
    answer = succeeded(api.post(f"/timers/{timer['id']}/fire"))
    assert set(answer) == {"success", "timer"}
    fired = check_timer(answer["timer"])
    assert fired["status"] == "expired"
    assert before - 1 <= millis(fired["expiredAt"]) <= now()
    assert receiver.one(event="timer_expired").json["timer"]["id"] == timer["id"]
    stays(lambda: len(receiver.hits) == 1, throughout=0.2, promise="milestones not yet fired are skipped")
    assert api.timer(timer) == fired


# Cancel


def test_a_cancelled_timer_says_when_and_why_and_stays_readable(api, team):
    timer = api.create(team=team)
    before = now()
    answer = succeeded(api.delete(f"/timers/{timer['id']}", {"reason": "no longer needed"}))
    assert set(answer) == {"success", "timer", "message"}
    cancelled = check_timer(answer["timer"])
    assert (cancelled["status"], cancelled["reason"]) == ("cancelled", "no longer needed")
    assert before - 1 <= millis(cancelled["cancelledAt"]) <= now()
    assert api.timer(timer) == cancelled
    assert api.timers(team=team) == [cancelled]


def test_cancelling_twice_answers_the_same(api):
    timer = api.create()
    first = api.delete(f"/timers/{timer['id']}", {"reason": "first"})
    again = api.delete(f"/timers/{timer['id']}", {"reason": "second"})
    assert succeeded(first)["timer"] == succeeded(again)["timer"]
    assert succeeded(api.delete(f"/timers/{timer['id']}"))["timer"]["reason"] == "first"


def test_a_paused_timer_can_be_cancelled(api):
    timer = api.create()
    api.pause(timer)
    assert check_timer(api.cancel(timer))["status"] == "cancelled"


NO_REASON = {
    "nothing": b"",
    "blanks": b"  ",
    "an empty object": b"{}",
    "null": b"null",
    "half an object": b'{"reason": "x',
    "text": b"because",
    "a form": b"reason=because",
    "bad UTF-8": b'{"reason": "\xff"}',
    "NUL": b"\0",
    "a deep array": b"[" * 100_000,
}


@pytest.mark.parametrize("body", NO_REASON.values(), ids=NO_REASON)
def test_an_empty_or_unreadable_body_is_no_reason(api, body):
    timer = api.create()
    cancelled = succeeded(api.delete(f"/timers/{timer['id']}", body))["timer"]
    assert cancelled["status"] == "cancelled"
    assert "reason" not in cancelled or cancelled["reason"] is None


@pytest.mark.parametrize("reason", ["r" * 1024, "é" * 512, "日本語 💥\n"], ids=lambda reason: reason[:2])
def test_a_reason_may_have_1_kib(api, reason):
    assert api.cancel(api.create(), reason=reason)["reason"] == reason


def test_a_longer_reason_is_refused_and_the_timer_runs_on(api):
    timer = api.create()
    refused(api.delete(f"/timers/{timer['id']}", {"reason": "r" * 1025}), 400, "INVALID_REQUEST")
    assert api.timer(timer)["status"] == "running"


def test_an_expired_timer_cannot_be_cancelled(api):
    timer = api.create()
    api.fire(timer)
    refused(api.delete(f"/timers/{timer['id']}"), 409, "INVALID_TIMER_STATUS")
    assert api.timer(timer)["status"] == "expired"


@pytest.mark.parametrize("end", ["fire", "cancel"])
@pytest.mark.parametrize(
    ("method", "path"), [("PATCH", ""), ("POST", "/pause"), ("POST", "/resume"), ("POST", "/fire")]
)
def test_a_timer_that_has_ended_takes_no_change(api, receiver, end, method, path):
    timer = api.create(events={"on_expire": {"webhook": receiver.url}})
    ended = getattr(api, end)(timer)
    for body in ({"name": "new"}, {"duration": "1h"}) if method == "PATCH" else ({},):
        refused(api.call(method, f"/timers/{timer['id']}{path}", body), 409, "INVALID_TIMER_STATUS")
    assert api.timer(timer) == ended
    receiver.wait(1)
    stays(lambda: len(receiver.hits) == 1, throughout=0.1, promise="nothing more is sent")
