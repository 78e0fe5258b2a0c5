"""Callers that work on timers and events of their own until the server is gone, and remember every answer: the log by
which a server that died is judged."""

import random
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import requests

from api import succeeded
from endpoints import Endpoints
from instants import millis, now
from waiting import until

EXTENSION = 700

# What endpoints are told of timers, each event at one of its own: an endpoint takes so many deliveries a second.
LIFE = ("timer.created", "timer.expired")
ENDPOINT_PACE = 100


class Known:
    """What its only caller knows of a timer: the last answer, and the call that was never answered."""

    def __init__(self, name, body):
        self.name = name
        self.body = body
        self.timer = None
        self.unanswered = "create"
        self.asked_at = now()
        self.touched = False
        self.cancellation_known_at = None

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
        if timer["status"] == "cancelled" and self.cancellation_known_at is None:
            self.cancellation_known_at = now()

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

    def __init__(self, number, rolls, url, longest):
        self.number = number
        self.rolls = rolls
        self.url = url
        self.longest = longest
        self.known = []
        self.judged = 0

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
        duration = self.rolls.choice([self.rolls.randint(1, 300), self.rolls.randint(300, self.longest), 3_600_000])
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

    def after_the_crash(self, api):
        """Asks again for what was not answered, as a caller who retries blindly, and checks what it worked on."""
        for known in self.known[max(0, self.judged - 30) :]:
            if known.timer is None:
                known.create(api)
            known.check(api)
        self.judged = len(self.known)


class Announcer:
    """Announces events to endpoints of its own, and has deliveries sent again, until the server is gone."""

    def __init__(self, rolls, receiver, gone):
        self.rolls = rolls
        self.receiver = receiver
        self.gone = gone
        self.asked = []
        self.accepted = set()
        self.told_gone = 0
        self.replays = defaultdict(int)

    def set_up(self, api):
        endpoints = Endpoints(api)
        for name in ("one", "two"):
            endpoints.create(f"{self.receiver.url}/{name}", ["crash.happened"], name=name)
        for event in LIFE:
            endpoints.create(f"{self.receiver.url}/{event}", [event], name=event)

    def work(self, api):
        try:
            while True:
                self._step(api)
        except requests.RequestException:
            return

    def _step(self, api):
        roll = self.rolls.random()
        if roll < 0.6:
            self.asked.append(f"event-{len(self.asked)}")
            self._announce(api, self.asked[-1])
        elif roll < 0.8:
            self._replay(api)
        else:
            # It answers 410: whoever sends to it deactivates it.
            Endpoints(api).create(f"{self.gone.url}/{self.told_gone}", ["crash.gone"], name=f"gone {self.told_gone}")
            Endpoints(api).send("crash.gone")
            self.told_gone += 1

    def _announce(self, api, id):
        body = {"type": "crash.happened", "data": {"of": id}, "id": id}
        response = api.post("/events", body)
        assert response.status_code in (200, 202), response.text
        self.accepted.add(id)

    def _replay(self, api):
        hits = [hit for hit in self.receiver.hits[-50:] if hit.path in ("/one", "/two")]
        if not hits:
            return
        id = self.rolls.choice(hits).headers["webhook-id"]
        response = api.post(f"/deliveries/{id}/retry")
        if response.status_code == 200:
            self.replays[id] += 1
        else:
            assert response.status_code == 409, f"an attempt is still to come, or {response.text}"

    def after_the_crash(self, api):
        for id in self.asked:
            if id not in self.accepted:
                self._announce(api, id)

    def check(self, api):
        """Each event reached each endpoint, under one id, and as often as it was sent again."""
        for path in ("/one", "/two"):
            until(lambda path=path: self._ids(path).keys() >= self.accepted, within=20, promise=f"all arrive at {path}")
            for event, ids in self._ids(path).items():
                assert event in self.accepted, f"{event} was never announced"
                assert len(ids) == 1, f"{event} was delivered to {path} under {ids}"
        for id, times in self.replays.items():
            until(
                lambda id=id, times=times: self._count(id) > times, within=20, promise=f"{id} is sent {1 + times} times"
            )
        Endpoints(api).send("crash.gone")
        until(lambda: not self._still_active(api), within=20, promise="endpoints that answer 410 are deactivated")

    def _ids(self, path):
        ids = defaultdict(set)
        for hit in self.receiver.hits:
            if hit.path == path:
                ids[hit.json["id"]].add(hit.headers["webhook-id"])
        return ids

    def _count(self, id):
        return sum(hit.headers["webhook-id"] == id for hit in self.receiver.hits)

    def _still_active(self, api):
        return [each for each in Endpoints(api).all() if each["name"].startswith("gone")]


class Load:
    """All callers of one server; `longest` is how many milliseconds a short timer runs at most."""

    def __init__(self, seed, receiver, gone, callers=4, longest=4000):
        print(f"MINOOTS_TEST_SEED={seed}")
        self.rolls = random.Random(seed)
        self.receiver = receiver
        numbers = range(callers)
        self.callers = [Caller(number, self._dice(), f"{receiver.url}/timer", longest) for number in numbers]
        self.announcer = Announcer(self._dice(), receiver, gone)
        self.workers = [*self.callers, self.announcer]

    def _dice(self):
        return random.Random(self.rolls.random())

    def work_until(self, api, gone):
        """Works while `gone` runs, which must make the server go away."""
        with ThreadPoolExecutor(len(self.workers)) as pool:
            working = [pool.submit(worker.work, api) for worker in self.workers]
            gone()
        for work in working:
            work.result()

    def after_the_crash(self, api):
        for worker in self.workers:
            worker.after_the_crash(api)

    @property
    def timers(self):
        return [known for caller in self.callers for known in caller.known]

    def check(self, api):
        """Everything that was ever answered holds."""
        check_all(api, self.receiver, self.timers)
        self.announcer.check(api)
        check_told(self.receiver, self.timers)
        print(f"{len(self.timers)} timers, {len(self.announcer.asked)} events, {len(self.receiver.hits)} webhooks")


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
    check_webhooks([hit for hit in receiver.hits if hit.path.startswith("/timer/")], everything)


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
        if known.cancellation_known_at:
            check_silence(known, told)
        for hit in expired:
            assert hit.late(timer) >= 0, f"{timer} was told of {-hit.late(timer)} s early"
            assert hit.json["timer"]["endTime"] == timer["endTime"]
        # A timer of 1 ms has no room for a milestone before its end.
        if has_webhook and not known.touched and timer["status"] == "expired" and timer["duration"] > 2:
            [*progress] = told.get((timer["id"], "timer_progress", "50%"), [])
            assert progress, f"the milestone of {timer} was lost"
            assert all(hit.at * 1000 >= timer["startTime"] + timer["duration"] / 2 for hit in progress)


def check_silence(known, told):
    """No attempt of a milestone's event began once the cancellation was known."""
    for hit in told.get((known.timer["id"], "timer_progress", "50%"), []):
        # In whole seconds, rounded down.
        begun = int(hit.headers["webhook-timestamp"]) * 1000
        assert begun <= known.cancellation_known_at, (
            f"{known.timer} was cancelled, and told of its milestone at {begun}"
        )


def check_told(receiver, everything):
    """The endpoints that listen to timers heard of each creation and each expiry, each under one id."""

    def heard(event):
        ids = defaultdict(set)
        for hit in receiver.hits:
            if hit.path == f"/{event}":
                assert hit.json["type"] == event
                ids[hit.json["data"]["timer"]["id"]].add(hit.headers["webhook-id"])
        return ids

    created = {known.timer["id"] for known in everything}
    expired = {known.timer["id"] for known in everything if known.timer["status"] == "expired"}
    for event, timers in zip(LIFE, (created, expired), strict=True):
        within = 20 + len(timers) / ENDPOINT_PACE
        until(
            lambda event=event, timers=timers: heard(event).keys() >= timers, within=within, promise=f"{event} is told"
        )
        assert heard(event).keys() == timers, f"{event} was told of timers to which it did not happen"
        assert all(len(ids) == 1 for ids in heard(event).values()), f"{event} was told under several ids"
