"""kill -9 at random moments under load: what was answered holds, and nothing is told twice under two names."""

import os
import random
import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import requests

from api import succeeded
from instants import millis, now
from waiting import until

KILLS = 50
CALLERS = 4
EXTENSION = 700


class Known:
    """What its only caller knows of a timer: the last answer, and the call that was never answered."""

    def __init__(self, name, body):
        self.name = name
        self.body = body
        self.timer = None
        self.unanswered = "create"
        self.asked_at = now()
        self.touched = False

    def create(self, api):
        response = api.post("/timers", self.body, headers={"Idempotency-Key": self.name})
        self.answered(succeeded(response, 201)["timer"])

    def ask(self, verb, call):
        """Makes a call that may never be answered."""
        self.unanswered, self.asked_at, self.touched = verb, now(), True
        response = call()
        if response.status_code == 200:
            self.answered(response.json()["timer"])
        else:
            # It had fallen due before it was asked.
            assert response.status_code == 409, response.text
            self.unanswered = None

    def answered(self, timer):
        self.timer, self.unanswered = timer, None

    def check(self, api):
        """The timer is as last answered, or as the unanswered call would have made it; then that is known too."""
        seen = api.timer(self.timer)
        explanations = [self._as_answered(seen)]
        if self.unanswered:
            explanations.append(self._as_asked(seen))
        assert any(explanations), f"{self.name}: answered {self.timer}, then asked {self.unanswered}, and found {seen}"
        self.answered(seen)

    def _as_answered(self, seen):
        before = self.timer
        if before["status"] == "running":
            return seen["name"] == before["name"] and runs_until(before["endTime"], seen)
        moment = {"paused": "timeRemaining", "expired": "expiredAt", "cancelled": "cancelledAt"}[before["status"]]
        return (seen["status"], seen[moment], seen["name"]) == (before["status"], before[moment], before["name"])

    def _as_asked(self, seen):
        before = self.timer
        match self.unanswered:
            case "cancel":
                return seen["status"] == "cancelled" and millis(seen["cancelledAt"]) >= self.asked_at - 1
            case "pause":
                return seen["status"] == "paused"
            case "resume":
                end = self.asked_at + before["timeRemaining"]
                return seen["status"] in ("running", "expired") and seen["endTime"] >= end - 1
            case "extend":
                return runs_until(before["endTime"] + EXTENSION, seen)
            case "rename":
                return seen["name"] == self.name + "!" and runs_until(before["endTime"], seen)
            case "fire":
                return seen["status"] == "expired" and self.asked_at - 1 <= millis(seen["expiredAt"]) <= now()
        return False


def runs_until(end, seen):
    """It runs towards this end, or expired at it."""
    return seen["status"] in ("running", "expired") and seen["endTime"] == end


class Caller:
    """Works on timers of its own until the server is gone."""

    def __init__(self, number, rolls, url):
        self.number = number
        self.rolls = rolls
        self.url = url
        self.known = []

    def work(self, api):
        try:
            while True:
                self._step(api)
        except requests.RequestException:
            return

    def _step(self, api):
        alive = [known for known in self.known[-30:] if known.timer and not known.unanswered]
        alive = [known for known in alive if known.timer["status"] in ("running", "paused")]
        if not alive or self.rolls.random() < 0.5:
            self._create(api)
        else:
            self._change(api, self.rolls.choice(alive))

    def _create(self, api):
        duration = self.rolls.choice([self.rolls.randint(1, 300), self.rolls.randint(300, 4000), 3_600_000])
        name = f"caller {self.number} timer {len(self.known)}"
        events = {
            "on_expire": {"webhook": f"{self.url}/expire", "data": {"n": len(self.known), "pi": 3.140}},
            "on_progress": {"webhook": f"{self.url}/progress", "intervals": ["50%"]},
        }
        known = Known(name, {"name": name, "duration": duration, "events": events if self.rolls.random() < 0.7 else {}})
        self.known.append(known)
        known.create(api)

    def _change(self, api, known):
        path = f"/timers/{known.timer['id']}"
        verbs = {
            "cancel": lambda: api.delete(path),
            "pause": lambda: api.post(f"{path}/pause"),
            "extend": lambda: api.patch(path, {"extend": EXTENSION}),
            "rename": lambda: api.patch(path, {"name": known.name + "!"}),
            "fire": lambda: api.post(f"{path}/fire"),
        }
        if known.timer["status"] == "paused":
            verbs = {"cancel": verbs["cancel"], "resume": lambda: api.post(f"{path}/resume")}
        verb = self.rolls.choice(list(verbs))
        known.ask(verb, verbs[verb])


def after_the_crash(api, known):
    """Asks again for what was not answered, as a caller who retries blindly, and checks the rest."""
    if known.timer is None:
        known.create(api)
    known.check(api)


def test_fifty_kills_lose_nothing_and_invent_nothing(start_server, receiver):
    seed = int(os.environ.get("MINOOTS_TEST_SEED", random.randrange(10**9)))
    print(f"MINOOTS_TEST_SEED={seed}")
    rolls = random.Random(seed)
    server = start_server()
    callers = [Caller(number, random.Random(rolls.random()), receiver.url) for number in range(CALLERS)]
    for _ in range(KILLS):
        begun = [len(caller.known) for caller in callers]
        with ThreadPoolExecutor(CALLERS) as pool:
            working = [pool.submit(caller.work, server.api) for caller in callers]
            threading.Event().wait(rolls.choice([0, rolls.uniform(0, 0.1), rolls.uniform(0.1, 1)]))
            server.kill()
        for work in working:
            work.result()
        server.start()
        recent = [
            known for caller, start in zip(callers, begun, strict=True) for known in caller.known[max(0, start - 30) :]
        ]
        for known in recent:
            after_the_crash(server.api, known)
    everything = [known for caller in callers for known in caller.known]
    check_all(server.api, receiver, everything)
    print(f"{KILLS} kills, {len(everything)} timers, {len(receiver.hits)} webhooks")
    assert len(everything) > 500, "this was no load"


def check_all(api, receiver, everything):
    last = max((known.timer["endTime"] for known in everything if soon(known)), default=now())
    until(lambda: now() > last, within=10, promise="the last short timer falls due")
    until(
        lambda: not [k for k in everything if soon(k) and api.timer(k.timer)["status"] == "running"],
        promise="all expire",
    )
    for known in everything:
        known.check(api)
    listed = [timer["name"].rstrip("!") for timer in api.timers()]
    assert sorted(listed) == sorted(known.name for known in everything), "each timer exists, and exists once"
    for known in everything:
        until(lambda known=known: settled(api, known), within=10, promise=f"{known.name}'s deliveries arrive")
    check_webhooks(receiver.hits, everything)


def soon(known):
    return known.timer["status"] == "running" and known.timer["endTime"] < now() + 10_000


def settled(api, known):
    return all(
        delivery["status"] == "SUCCESS" for delivery in api.deliveries(known.timer) if not given_up(known, delivery)
    )


def given_up(known, delivery):
    """A milestone's delivery that was open when its timer was cancelled or moved."""
    return known.touched and delivery["event"] == "timer_progress" and delivery["status"] == "FAILED"


def check_webhooks(hits, everything):
    told, bytes_of = defaultdict(list), defaultdict(set)
    for hit in hits:
        payload = hit.json
        told[payload["timer"]["id"], payload["event"], payload.get("milestone")].append(hit)
        bytes_of[hit.headers["webhook-id"]].add(hit.body)
    for key, same in told.items():
        assert len({hit.headers["webhook-id"] for hit in same}) == 1, f"{key} was delivered under several ids"
    for id, bodies in bytes_of.items():
        assert len(bodies) == 1, f"{id} was delivered with several bodies: {bodies}"
    for known in everything:
        timer, has_webhook = known.timer, bool(known.body["events"])
        expired = told.get((timer["id"], "timer_expired", None), [])
        assert bool(expired) == (has_webhook and timer["status"] == "expired"), f"{timer} was told of by {expired}"
        cancelled = told.get((timer["id"], "timer_cancelled", None), [])
        assert bool(cancelled) == (has_webhook and timer["status"] == "cancelled"), (
            f"{timer} was told of by {cancelled}"
        )
        for hit in expired:
            assert hit.late(timer) >= 0, f"{timer} was told of {-hit.late(timer)} s early"
            assert hit.json["timer"]["endTime"] == timer["endTime"]
        # A timer of 1 ms has no room for a milestone before its end.
        if has_webhook and not known.touched and timer["status"] == "expired" and timer["duration"] > 2:
            [*progress] = told.get((timer["id"], "timer_progress", "50%"), [])
            assert progress, f"the milestone of {timer} was lost"
            assert all(hit.at * 1000 >= timer["startTime"] + timer["duration"] / 2 for hit in progress)
