"""Never early, and hardly late. How late in detail is measured by benches/precision.py."""

import random

from api import succeeded

# Where tests run other things run too; on an idle machine it is a few milliseconds.
LATENESS = 0.25


def check(receiver, timers, within):
    hits = {hit.json["timer"]["id"]: hit for hit in receiver.wait(len(timers), within=within)}
    late = [hits[timer["id"]].late(timer) for timer in timers]
    assert min(late) >= 0, f"{sum(each < 0 for each in late)} came early, the earliest by {-min(late) * 1000:.3f} ms"
    assert sorted(late)[len(late) // 2] <= LATENESS, f"lateness: {sorted(late)}"


def test_timers_of_3_and_10_seconds_are_never_early_and_hardly_late(api, receiver):
    check(
        receiver, [api.create(duration, webhook=receiver.url) for duration in ("3s", "10s", 3_001, "9.999s")], within=12
    )


def test_timers_of_any_length_are_never_early(api, receiver):
    batch = [{"duration": random.randint(1, 2000), "webhook": receiver.url} for _ in range(100)]
    timers = [result["timer"] for result in succeeded(api.post("/timers/batch", {"timers": batch}))["results"]]
    check(receiver, timers, within=5)


def test_a_timer_made_in_between_does_not_wait_for_one_that_is_due_later(api, receiver, start_receiver):
    for duration in ("1h", "2s", "30m"):
        api.create(duration, webhook=receiver.url)
    soon = start_receiver()
    timer = api.create("50ms", webhook=soon.url)
    assert 0 <= soon.one(within=1).late(timer) <= LATENESS


def test_milestones_are_never_early(api, receiver):
    events = {"on_progress": {"webhook": receiver.url, "intervals": ["33.333333%", "-300ms", "66.666667%"]}}
    timer = api.create(1001, events=events)
    due = {"33.333333%": 1001 * 0.33333333, "66.666667%": 1001 * 0.66666667, "-300ms": 701}
    for hit in receiver.wait(3):
        late = hit.at * 1000 - timer["startTime"] - due[hit.json["milestone"]]
        assert 0 <= late <= LATENESS * 1000, f"{hit.json['milestone']} came {late} ms after it was due"
