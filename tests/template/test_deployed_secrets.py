"""What the deployed functions say: all that they logged and queued while every other test ran, metrics included, shows
nothing that callers entrusted to them. The last of the files, by its name."""

import json
from itertools import count

import pytest
import secrecy
from api import Api, refused, succeeded
from endpoints import Endpoints
from waiting import until

from conftest import PATIENCE
from crates import FUNCTIONS

QUEUES = ("DueQueue", "DueDeadLetters", "DeliveryQueue", "DeliveryDeadLetters", "ScheduleDeadLetters")
# What messages are made of: a timer's due time, an event, a delivery.
MESSAGES = (
    {"account", "mode", "timer", "epoch", "at", "path"},
    {"account", "mode", "event"},
    {"account", "mode", "delivery", "lane"},
)
# Of the account below: something that logs and messages may show.
ACCOUNT = "shown-in-logs-and-messages"


class Secrets:
    """Words that nothing else has, in each place of a request that may hold a secret."""

    def __init__(self):
        self._numbers = count(1)

    def word(self):
        word = f"secret-word-{next(self._numbers):04}"
        secrecy.entrusted.add(word)
        return word

    def url(self, receiver):
        return f"{receiver.url}/{self.word()}?token={self.word()}"

    def event(self, receiver):
        headers = {"Authorization": f"Bearer {self.word()}", "x-own": self.word()}
        data = {"password": self.word(), self.word(): [self.word()]}
        return {"webhook": self.url(receiver), "message": self.word(), "data": data, "headers": headers}

    def timer(self, receiver):
        """What makes a timer with an event of each kind."""
        events = {name: self.event(receiver) for name in ("on_progress", "on_expire", "on_cancel")}
        events["on_progress"]["intervals"] = ["50%"]
        return {"name": self.word(), "metadata": {"card": self.word()}, "team": self.word(), "events": events}

    def endpoint(self):
        headers = {"Authorization": self.word()}
        return {"name": self.word(), "description": self.word(), "headers": headers, "maxRetries": 1, "retryDelay": 1}


@pytest.fixture(scope="module")
def api(deployment):
    """An account whose name nothing else has."""
    return Api(deployment.api_url, deployment.create_key(ACCOUNT))


@pytest.fixture(scope="module")
def secrets():
    return Secrets()


def logged(deployment, function, *texts):
    """Waits until a line of a function's log has all of these texts."""
    until(
        lambda: any(all(text in line for text in texts) for line in deployment.log(function).splitlines()),
        within=PATIENCE,
        promise=f"{function} logs {texts}",
    )


def test_timers_with_secrets_in_every_place_go_their_way(api, receive, secrets):
    taking, refusing, nowhere = receive(), receive((500, {"x-why": secrets.word()}), 200), receive()
    nowhere.close()
    fired = [api.create("2s", **secrets.timer(taking)), api.create("7s", **secrets.timer(taking))]
    for receiver in refusing, nowhere:
        failing = api.create("1h", events={"on_expire": secrets.event(receiver)})
        api.fire(failing)
        api.delivery(failing, "RETRYING", "SUCCESS", within=PATIENCE)
    cancelled = api.create("1h", **secrets.timer(taking))
    api.change(cancelled, metadata={"changed": secrets.word()}, name=secrets.word())
    api.cancel(cancelled, reason=secrets.word())
    batch = {"timers": [{"duration": "1s", **secrets.timer(taking)} for _ in range(3)]}
    results = succeeded(api.post("/timers/batch", batch, headers={"idempotency-key": secrets.word()}))["results"]
    assert [result["status"] for result in results] == [201] * 3
    taking.wait(2 * (len(fired) + 3) + 1, within=PATIENCE)


def test_endpoints_with_secrets_in_every_place_are_told_of_events_with_secrets(deployment, api, receive, secrets):
    endpoints, kind = Endpoints(api), "secret.told"
    taking, refusing = receive(), receive(500)
    told = endpoints.create(secrets.url(taking), [kind], **secrets.endpoint())
    failing = endpoints.create(secrets.url(refusing), [kind], **secrets.endpoint())
    endpoints.rotate(told)
    for endpoint in told, failing:
        endpoints.test(endpoint)
    event = endpoints.send(kind, {"password": secrets.word(), "deeper": [{"token": secrets.word()}]})
    taking.wait(2, within=PATIENCE)
    dead = endpoints.delivery(failing, "FAILED", event=event, within=PATIENCE)
    until(
        lambda: deployment.holds("DeliveryDeadLetters", dead["id"]),
        within=PATIENCE,
        promise="what used up its attempts is a dead letter",
    )
    endpoints.retry(dead)
    endpoints.delete(failing)


def test_what_is_refused_held_secrets_too(api, receiver, secrets):
    wrong = Api(api.url, f"mnt_live_{secrets.word()}")
    refused(wrong.get("/timers"), 401, "INVALID_API_KEY")
    url = f"https://{secrets.word()}:{secrets.word()}@example.com/{secrets.word()}"
    refused(api.post("/timers", {"duration": "1h", "webhook": url}), 400, "INVALID_WEBHOOK_URL")
    refused(api.post("/timers", {"duration": secrets.word(), **secrets.timer(receiver)}), 400, "INVALID_DURATION")
    refused(api.post("/timers", f'{{"message": "{secrets.word()}", '), 400, "INVALID_REQUEST")
    refused(api.get(f"/timers?cursor={secrets.word()}"), 400, "INVALID_REQUEST")


def test_what_aws_refuses_to_the_functions_is_logged_without_secrets(deployment, api, receiver, secrets):
    """Errors' causes are what is logged of them."""
    with deployment.without("ApiRole", "dynamodb:PutItem"):
        for path, body in (
            ("/timers", {"duration": "1h", **secrets.timer(receiver)}),
            ("/webhooks", {"url": secrets.url(receiver), "events": ["a.b"], **secrets.endpoint()}),
            ("/account/api-keys", {"name": secrets.word()}),
        ):
            assert api.post(path, body).status_code >= 500
    logged(deployment, "ApiFunction", "a request failed", "AccessDenied")
    timer = api.create("3s", events={"on_expire": secrets.event(receiver)})
    with deployment.without("ExpiryHandlerRole", "dynamodb:GetItem", "dynamodb:BatchGetItem"):
        logged(deployment, "ExpiryHandlerFunction", timer["id"], "it comes again", "AccessDenied")
    timer = api.create("1h", events={"on_expire": secrets.event(receiver)})
    with deployment.without("DeliveryRole", "dynamodb:GetItem", "dynamodb:BatchGetItem"):
        api.fire(timer)
        logged(deployment, "DeliveryFunction", timer["id"], "an attempt could not be made", "AccessDenied")


def test_what_is_looked_for_is_found_where_it_is(deployment, monkeypatch):
    """Or else the tests after this one might see nothing: here the account's name is taken for a secret."""
    monkeypatch.setattr(secrecy, "entrusted", {ACCOUNT})
    for function in FUNCTIONS:
        assert secrecy.leaks(deployment.log(function)) == {ACCOUNT}, (
            f"{function} logs whose timers and webhooks it is at"
        )
    received = deployment.received()
    for queue in "DueQueue", "DeliveryQueue":
        name = deployment.outputs[f"{queue}Url"].split("/")[-1]
        assert secrecy.leaks(json.dumps([it for it in received if it["queue"] == name])) == {ACCOUNT}, queue
    assert secrecy.leaks(deployment.resting("DeliveryDeadLetters")) == {ACCOUNT}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_nothing_entrusted_is_logged(deployment, function):
    log = deployment.log(function)
    assert secrecy.leaks(log) == set()
    assert "AWS4-HMAC" not in log, "a signed request"


def test_what_was_looked_through_is_all_levels_and_all_metrics(deployment):
    deployment.invoke("ExpiryHandlerFunction", {"source": "aws.events"})
    until(
        lambda: {"Missed", "Repaired"} <= {metric["Name"] for metric in measured(deployment)},
        within=PATIENCE,
        promise="the sweep says what it found",
    )
    assert {"Lateness", "FirstAttemptLateness", "Attempts"} <= {metric["Name"] for metric in measured(deployment)}
    levels = {line["level"] for line in lines(deployment) if "level" in line}
    assert levels >= {"DEBUG", "INFO", "WARN", "ERROR"}


def lines(deployment):
    """What the functions wrote, each line of which is JSON."""
    return [json.loads(line) for function in FUNCTIONS for line in deployment.log(function).splitlines()]


def measured(deployment):
    groups = [group for line in lines(deployment) for group in line.get("_aws", {}).get("CloudWatchMetrics", [])]
    return [metric for group in groups for metric in group["Metrics"]]


def is_a_message(text):
    body = json.loads(text)
    return set(body) in MESSAGES and all(isinstance(it, (str, int)) and len(str(it)) <= 128 for it in body.values())


def test_messages_are_ids_and_instants_and_nothing_entrusted(deployment):
    received = deployment.received()
    assert [message for message in received if not is_a_message(message["body"])] == []
    assert secrecy.leaks(json.dumps(received)) == set()
    assert {queue: secrecy.leaks(deployment.resting(queue)) for queue in QUEUES} == dict.fromkeys(QUEUES, set())


def test_schedules_hold_a_message_and_nothing_entrusted(deployment, api, receiver, secrets):
    before = deployment.schedules()
    api.create("1h", **secrets.timer(receiver))
    made = deployment.schedules() - before
    assert len(made) == 2, "one for the milestone and one for the end"
    scheduler, group = deployment.emulator.client("scheduler"), deployment.outputs["ScheduleGroupName"]
    for name in made:
        schedule = scheduler.get_schedule(GroupName=group, Name=name)
        assert is_a_message(schedule["Target"]["Input"])
        assert secrecy.leaks(json.dumps(schedule, default=str)) == set()
