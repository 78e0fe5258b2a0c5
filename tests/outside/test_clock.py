"""Time under control in `minoots dev`: a six-hour timer is tried out in a second."""

import json
import threading
import time
from datetime import datetime, timedelta

import pytest

from api import ABSENT, refused, succeeded
from endpoints import Endpoints
from minoots import refuses_to_start
from signatures import standard
from verifiers import ALL, Received
from waiting import until


@pytest.fixture
def clocked(start_server):
    """A server whose clock no other test moves."""
    return start_server()


def clock(api):
    return succeeded(api.with_key(None).get("/dev/clock"))


def set_clock(api, **wish):
    return succeeded(api.with_key(None).post("/dev/clock", wish))


def advance(api, by):
    return set_clock(api, advance=by)


def instant(text):
    return datetime.fromisoformat(text)


def ahead(api):
    """How far the server's clock is ahead of this machine's, in seconds."""
    return instant(clock(api)["now"]).timestamp() - time.time()


def test_clock_is_the_machines_until_it_is_set(clocked):
    shown = clock(clocked.api)
    assert shown["speed"] == 1
    assert shown["offset"] == pytest.approx(0, abs=50)
    assert ahead(clocked.api) == pytest.approx(0, abs=1)


def test_six_hours_pass_in_a_second_with_all_that_is_due_on_the_way(clocked, receiver):
    api = clocked.api
    to = {"webhook": receiver.url}
    timer = api.create("6h30m", events={"on_progress": {**to, "intervals": ["50%", "-1m"]}, "on_expire": to})
    begun = time.monotonic()
    advance(api, "6h30m")
    assert time.monotonic() - begun < 3
    # The answer comes when all that was due has been delivered.
    assert [hit.json.get("milestone", "end") for hit in receiver.hits] == ["50%", "-1m", "end"]
    ended = api.timer(timer)
    assert (ended["status"], ended["expiredAt"]) == ("expired", timer["expiresAt"])


def test_what_is_due_on_the_way_happens_in_order_at_its_own_instant(clocked, receiver):
    api = clocked.api
    timers = [api.create(f"{minutes}m", webhook=f"{receiver.url}/{minutes}") for minutes in (50, 10, 40, 20, 30)]
    advance(api, "1h")
    assert [hit.path for hit in receiver.hits] == ["/10", "/20", "/30", "/40", "/50"]
    for timer in timers:
        [delivery] = api.deliveries(timer)
        [attempt] = succeeded(api.get(f"/deliveries/{delivery['id']}"))["data"]["attemptLog"]
        assert attempt["sentAt"] == attempt["dueAt"] == timer["expiresAt"]


def test_retries_come_in_their_places_between_other_events(clocked, start_receiver):
    receiver = start_receiver(500, 500, 200)
    api = clocked.api
    first = api.create("1h", webhook=f"{receiver.url}/failing")
    api.create("1h10s", webhook=f"{receiver.url}/other")
    advance(api, "2h")
    assert [hit.path for hit in receiver.hits] == ["/failing", "/failing", "/other", "/failing"]
    delivery = api.delivery(first)
    log = succeeded(api.get(f"/deliveries/{delivery['id']}"))["data"]["attemptLog"]
    waits = [instant(later["dueAt"]) - instant(earlier["sentAt"]) for earlier, later in zip(log, log[1:], strict=False)]
    assert [round(wait.total_seconds()) for wait in waits] == [5, pytest.approx(25, abs=3)]
    assert all(attempt["sentAt"] == attempt["dueAt"] for attempt in log)


def test_what_a_receiver_starts_on_the_way_has_its_place_too(clocked, start_receiver):
    """An agent that is woken sets the next timer: a chain of hours runs through in one call."""
    api = clocked.api
    receiver = start_receiver()
    taken = receiver.take

    def take(hit):
        if hit.path == "/first":
            api.create("2h", webhook=f"{receiver.url}/second")
        return taken(hit)

    receiver.take = take
    first = api.create("1h", webhook=f"{receiver.url}/first")
    advance(api, "3h")
    assert [hit.path for hit in receiver.hits] == ["/first", "/second"]
    assert instant(receiver.hits[1].json["timer"]["expiresAt"]) == instant(first["expiresAt"]) + timedelta(hours=2)


def test_events_reach_their_endpoints_before_the_clock_goes_on(clocked, receiver):
    api = clocked.api
    Endpoints(api).create(f"{receiver.url}/endpoint", ["timer.*"])
    for hours in (3, 1, 2):
        api.create(f"{hours}h", name=f"{hours}")
    receiver.wait(3)
    advance(api, "4h")
    expired = [hit.json for hit in receiver.hits if hit.json["type"] == "timer.expired"]
    assert [event["data"]["timer"]["name"] for event in expired] == ["1", "2", "3"]
    assert [event["created"] for event in expired] == [event["data"]["timer"]["expiresAt"] for event in expired]


def test_signatures_carry_the_machines_time_so_that_receivers_take_them(clocked, receiver):
    api = clocked.api
    advance(api, "30d")
    api.fire(api.create(webhook=receiver.url))
    hit = receiver.one()
    assert int(hit.headers["webhook-timestamp"]) == pytest.approx(time.time(), abs=5)
    assert hit.headers["webhook-signature"] == standard(api.webhook_secret(), hit)
    assert instant(hit.json["timestamp"]).timestamp() == pytest.approx(time.time() + 30 * 86_400, abs=30)
    for library in ALL:
        assert Received(hit.headers, hit.body).answer(library, api.webhook_secret()) is True


def test_time_passes_as_fast_as_it_is_told(clocked, receiver):
    api = clocked.api
    assert set_clock(api, speed=3_600)["speed"] == 3_600
    timer = api.create("1h30m", webhook=receiver.url)
    hit = receiver.one()
    assert instant(hit.json["timestamp"]) == instant(timer["expiresAt"])
    set_clock(api, speed=1)
    assert ahead(api) > 5_000


def test_time_stands_still_at_speed_none_and_moves_when_told(start_server, receiver):
    api = start_server("--speed", "0").api
    before = clock(api)["now"]
    api.create("1s", webhook=receiver.url)
    assert api.create("1h")["createdAt"] == before == clock(api)["now"]
    assert advance(api, "999ms")["now"] == (instant(before) + timedelta(milliseconds=999)).isoformat().replace(
        "000+00:00", "Z"
    )
    assert receiver.hits == []
    advance(api, 1)
    assert len(receiver.hits) == 1


def test_clock_goes_to_an_instant(clocked, receiver):
    api = clocked.api
    timer = api.create("6h", webhook=receiver.url)
    shown = set_clock(api, to=timer["expiresAt"], speed=0)
    assert shown["now"] == timer["expiresAt"]
    assert len(receiver.hits) == 1


def test_clock_never_goes_back(clocked):
    api = clocked.api
    advance(api, "1d")
    before = instant(clock(api)["now"])
    refused(api.post("/dev/clock", {"to": "2024-01-01T00:00:00Z"}), 400, "INVALID_REQUEST")
    refused(api.post("/dev/clock", {"advance": "-1h"}), 400, "INVALID_REQUEST")
    set_clock(api, speed=0)
    set_clock(api, speed=1)
    assert instant(clock(api)["now"]) >= before


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_clock_goes_on_from_where_it_was_after_a_restart(clocked, receiver, how):
    timer = clocked.api.create("3h", webhook=receiver.url)
    advance(clocked.api, "2h")
    getattr(clocked, how)()
    clocked.start()
    assert ahead(clocked.api) == pytest.approx(7_200, abs=30)
    assert "Clock" in clocked.said()
    assert clocked.api.timer(timer)["timeRemaining"] == pytest.approx(3_600_000, abs=30_000)
    assert receiver.hits == []
    advance(clocked.api, "1h")
    assert len(receiver.hits) == 1


def test_a_fast_clock_that_is_killed_leaves_nothing_in_the_future(start_server):
    server = start_server("--speed", "10000")
    created = until(lambda: server.api.create(), within=5, promise="a timer")["createdAt"]
    server.kill()
    server.options = ()
    server.start()
    assert instant(clock(server.api)["now"]) >= instant(created)


def test_old_records_are_deleted_when_their_time_has_passed(start_server):
    api = start_server("--retention-days", "1").api
    timer = api.fire(api.create(id="used-again"))
    advance(api, "1d")
    advance(api, "2m")
    until(
        lambda: api.get(f"/timers/{timer['id']}").status_code == 404,
        within=5,
        promise="a timer that ended a day ago is deleted",
    )


def test_two_who_move_the_clock_do_so_one_after_the_other(clocked, receiver):
    api = clocked.api
    api.create("90m", webhook=receiver.url)
    movers = [threading.Thread(target=advance, args=(api, "1h")) for _ in range(2)]
    for mover in movers:
        mover.start()
    for mover in movers:
        mover.join(20)
    assert ahead(api) == pytest.approx(7_200, abs=30)
    assert len(receiver.hits) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"advance":"soon"}', b'{"advance":"400d"}', b'{"speed":-1}', b'{"speed":1e9}', b'{"sped":1}'],
    ids=repr,
)
def test_what_the_clock_does_not_take_is_refused_with_what_it_takes(api, body):
    assert refused(api.post("/dev/clock", body), 400, "INVALID_REQUEST")["detail"]


def test_pages_of_other_sites_can_not_set_the_clock(api, server):
    headers = {"Origin": "https://evil.example", "Content-Type": "text/plain"}
    refused(api.post("/dev/clock", json.dumps({"speed": 0}), headers=headers), 403, "INSUFFICIENT_PERMISSIONS")
    succeeded(api.post("/dev/clock", {"speed": 1}, headers={"Origin": server.url}))


def test_other_methods_are_refused(api):
    refused(api.delete("/dev/clock", ABSENT), 405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("speed", ["-1", "100001", "fast", "NaN"])
def test_a_speed_that_is_none_is_refused(tmp_path, speed):
    code, said = refuses_to_start("--data-dir", str(tmp_path / "data"), f"--speed={speed}")
    assert code not in (0, 101)
    assert "--speed" in said
