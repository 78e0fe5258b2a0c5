"""Contract section 2: a change that raced with a firing loses or wins as a whole, and of two changes one is first."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from api import refused, succeeded
from instants import millis, now
from waiting import stays, until

TIMERS = 60


def race(api, receiver, change):
    """Has `change(timer)` meet the expiry of each of many timers; gives each timer with the change's answer."""
    batch = [{"duration": f"{random.randint(150, 350)}ms", "webhook": receiver.url} for _ in range(TIMERS)]
    timers = [result["timer"] for result in succeeded(api.post("/timers/batch", {"timers": batch}))["results"]]

    def meet(timer):
        # Spread around the end, as near to it as a caller can aim.
        moment = timer["endTime"] + random.uniform(-15, 5)
        waited = threading.Event()
        while now() < moment:
            waited.wait(max(0, moment - now()) / 1000)
        return change(timer)

    with ThreadPoolExecutor(TIMERS) as pool:
        return list(zip(timers, pool.map(meet, timers), strict=True))


def settled(api, timers):
    """Waits until every timer has ended; gives them by id."""
    for timer in timers:
        until(lambda timer=timer: api.timer(timer)["status"] in ("expired", "cancelled"), promise="the timer ends")
    return {timer["id"]: api.timer(timer) for timer in timers}


def expiries(receiver):
    told = {}
    for hit in receiver.of("timer_expired"):
        told.setdefault(hit.json["timer"]["id"], []).append(hit)
    return told


def delivered(api, timers):
    for timer in timers:
        until(
            lambda timer=timer: {d["status"] for d in api.deliveries(timer)} <= {"SUCCESS", "FAILED"},
            promise="it is sent",
        )


def test_a_cancellation_that_meets_the_expiry_wins_or_loses_as_a_whole(api, receiver):
    outcomes = race(api, receiver, lambda timer: api.delete(f"/timers/{timer['id']}"))
    timers = settled(api, [timer for timer, _ in outcomes])
    delivered(api, timers.values())
    told = expiries(receiver)
    cancelled = {hit.json["timer"]["id"] for hit in receiver.of("timer_cancelled")}
    for timer, response in outcomes:
        if response.status_code == 200:
            assert timers[timer["id"]]["status"] == "cancelled"
            assert timer["id"] in cancelled
            assert timer["id"] not in told, "a cancelled timer's expiry is never told"
        else:
            refused(response, 409, "INVALID_TIMER_STATUS")
            assert timers[timer["id"]]["status"] == "expired"
            assert timer["id"] not in cancelled
            assert len(told[timer["id"]]) == 1


@pytest.mark.parametrize("field", ["extend", "duration"])
def test_a_move_that_meets_the_expiry_wins_or_loses_as_a_whole(api, receiver, field):
    outcomes = race(api, receiver, lambda timer: api.patch(f"/timers/{timer['id']}", {field: "400ms"}))
    timers = settled(api, [timer for timer, _ in outcomes])
    delivered(api, timers.values())
    told = expiries(receiver)
    for timer, response in outcomes:
        [hit] = told[timer["id"]]
        if response.status_code == 200:
            end = succeeded(response)["timer"]["endTime"]
            assert end > timer["endTime"]
        else:
            refused(response, 409, "INVALID_TIMER_STATUS")
            end = timer["endTime"]
        assert hit.json["timer"]["endTime"] == end, "the expiry of an earlier end is never told after the change"
        assert hit.at * 1000 >= end


def test_a_pause_that_meets_the_expiry_wins_or_loses_as_a_whole(api, receiver):
    outcomes = race(api, receiver, lambda timer: api.post(f"/timers/{timer['id']}/pause"))
    paused = [timer for timer, response in outcomes if response.status_code == 200]
    lost = [timer for timer, response in outcomes if response.status_code != 200]
    receiver.wait(len(lost))
    stays(lambda: len(receiver.hits) == len(lost), throughout=0.3, promise="what is paused does not expire")
    assert set(expiries(receiver)) == {timer["id"] for timer in lost}
    for timer in paused:
        assert api.timer(timer)["status"] == "paused"
        assert api.timer(timer)["timeRemaining"] >= 0
        api.resume(timer)
    hits = receiver.wait(TIMERS)
    assert len({hit.json["timer"]["id"] for hit in hits}) == TIMERS


def test_a_firing_that_meets_the_expiry_makes_one_expiry(api, receiver):
    outcomes = race(api, receiver, lambda timer: api.post(f"/timers/{timer['id']}/fire"))
    settled(api, [timer for timer, _ in outcomes])
    receiver.wait(TIMERS)
    stays(lambda: len(receiver.hits) == TIMERS, throughout=0.3, promise="one expiry each")
    assert len(expiries(receiver)) == TIMERS
    assert {response.status_code for _, response in outcomes} <= {200, 409}


def test_of_many_cancellations_at_once_one_counts(api, receiver):
    timer = api.create(webhook=receiver.url)
    with ThreadPoolExecutor(20) as pool:
        responses = list(pool.map(lambda n: api.delete(f"/timers/{timer['id']}", {"reason": str(n)}), range(40)))
    answered = [succeeded(response)["timer"] for response in responses]
    assert all(seen == answered[0] for seen in answered)
    receiver.one()
    stays(lambda: len(receiver.hits) == 1, throughout=0.2, promise="one cancellation is told")


def test_of_many_firings_at_once_one_counts(api, receiver):
    timer = api.create(webhook=receiver.url)
    with ThreadPoolExecutor(20) as pool:
        responses = list(pool.map(lambda _: api.post(f"/timers/{timer['id']}/fire"), range(40)))
    codes = [response.status_code for response in responses]
    assert (codes.count(200), codes.count(409)) == (1, 39)
    receiver.one()
    stays(lambda: len(receiver.hits) == 1, throughout=0.2, promise="one expiry is told")


def test_a_few_changes_at_once_are_all_made_one_after_the_other(api):
    timer = api.create("1h")
    with ThreadPoolExecutor(4) as pool:
        responses = list(pool.map(lambda _: api.patch(f"/timers/{timer['id']}", {"extend": "1m"}), range(80)))
    ends = {succeeded(response)["timer"]["endTime"] for response in responses}
    assert ends == {timer["endTime"] + n * 60_000 for n in range(1, 81)}
    assert api.timer(timer)["endTime"] == timer["endTime"] + 80 * 60_000


def test_of_very_many_changes_at_once_each_is_made_or_refused_as_a_whole(api):
    timer = api.create("1h")
    with ThreadPoolExecutor(40) as pool:
        responses = list(pool.map(lambda _: api.patch(f"/timers/{timer['id']}", {"extend": "1m"}), range(80)))
    made = [succeeded(response)["timer"]["endTime"] for response in responses if response.ok]
    for response in responses:
        if not response.ok:
            refused(response, 409, "CONFLICT")
    assert sorted(made) == [timer["endTime"] + n * 60_000 for n in range(1, len(made) + 1)]
    assert api.timer(timer)["endTime"] == timer["endTime"] + len(made) * 60_000


def test_cancelling_and_firing_at_once_has_one_winner(api, receiver):
    timers = [api.create(webhook=receiver.url) for _ in range(30)]

    def call(job):
        timer, verb = job
        path = f"/timers/{timer['id']}"
        return api.delete(path) if verb == "cancel" else api.post(f"{path}/fire")

    jobs = [(timer, verb) for timer in timers for verb in ("cancel", "fire")]
    with ThreadPoolExecutor(20) as pool:
        codes = [response.status_code for response in pool.map(call, jobs)]
    for timer, cancelled, fired in zip(timers, codes[::2], codes[1::2], strict=True):
        assert sorted((cancelled, fired)) == [200, 409]
        assert api.timer(timer)["status"] == ("cancelled" if cancelled == 200 else "expired")
        assert millis(api.timer(timer)["updatedAt"]) <= now()
    receiver.wait(30)
    stays(lambda: len(receiver.hits) == 30, throughout=0.2, promise="one event each")
