"""The template, deployed as it is to an emulator that checks permissions; timers through it from end to end.

Real binaries, started by what starts them on AWS: the HTTP API, the queues, the schedules, the rule of the sweep.
"""

import pytest
from api import Api, refused
from standardwebhooks import Webhook
from waiting import until

from conftest import PATIENCE, in_time
from lateness import histogram
from sam import ROOT

# The parameter DirectDelaySeconds of the deployment.
DIRECT = 5
# When the sweep has to have found what was missed.
SWEPT = 120


def delivered(receiver, timers, event="timer_expired"):
    """The first webhook of each timer's event."""
    ids = {timer["id"] for timer in timers}

    def first_of_each():
        hits = {}
        for hit in receiver.of(event):
            hits.setdefault(hit.json["timer"]["id"], hit)
        return hits if ids <= hits.keys() else None

    return until(
        first_of_each,
        within=PATIENCE,
        promise=f"{event} of {len(ids)} timers at {receiver.url}; came: {len(receiver.hits)}",
    )


def test_the_api_answers_without_a_key_only_that_it_is_well(deployment):
    nobody = Api(deployment.api_url, None)
    health = nobody.get("/health")
    assert (health.status_code, health.json()["status"]) == (200, "healthy")
    refused(nobody.get("/timers"), 401, "AUTH_REQUIRED")


def test_a_key_is_made_by_invoking_the_function_and_opens_one_account(deployment, api):
    other = Api(deployment.api_url, deployment.create_key("another", mode="test"))
    assert api.key.startswith("mnt_live_")
    assert other.key.startswith("mnt_test_")
    timer = api.create("1h")
    assert timer["id"] in {it["id"] for it in api.timers()}
    assert other.timers() == []
    refused(other.get(f"/timers/{timer['id']}"), 404, "TIMER_NOT_FOUND")
    api.cancel(timer)


def test_nobody_makes_a_key_over_http(deployment):
    nobody = Api(deployment.api_url, None)
    for path in "/", "/timers", "/account/api-keys":
        answer = nobody.post(path, {"openAccount": {"account": "acme"}})
        assert answer.status_code in (401, 404), answer.text
        assert "mnt_" not in answer.text


def test_what_is_near_comes_over_the_queue_alone_signed_and_never_early(deployment, api, receiver, report):
    before = deployment.schedules()
    timers = [
        api.create(f"{1500 + 100 * number}ms", webhook=receiver.url, data={"number": number}) for number in range(30)
    ]
    assert deployment.schedules() == before, "what is near makes no schedule"
    hits = delivered(receiver, timers)
    lateness = [1000 * hits[timer["id"]].late(timer) for timer in timers]
    report(histogram("direct", lateness))
    secret = Webhook(api.webhook_secret())
    for hit in hits.values():
        assert secret.verify(hit.body, dict(hit.headers))["event"] == "timer_expired"
    assert len(receiver.hits) == len(timers), "each webhook comes once"
    in_time(lateness)


def test_what_is_further_comes_over_a_schedule_that_deletes_itself(deployment, api, receiver, report):
    before = deployment.schedules()
    timers = [api.create(f"{12_000 + 250 * number}ms", webhook=receiver.url) for number in range(20)]
    made = deployment.schedules() - before
    assert len(made) == len(timers), "each timer that is further away has a schedule"
    hits = delivered(receiver, timers)
    lateness = [1000 * hits[timer["id"]].late(timer) for timer in timers]
    report(histogram("scheduled", lateness))
    assert not made & deployment.schedules(), "schedules that have gone off are gone"
    in_time(lateness)


def test_milestones_come_at_their_instants_and_then_the_end(api, receiver):
    events = {
        "on_progress": {"webhook": receiver.url, "intervals": ["25%", "50%", "-1s"]},
        "on_expire": {"webhook": receiver.url, "message": "over"},
    }
    timer = api.create("8s", events=events)
    delivered(receiver, [timer])
    seen = [(hit.event, hit.json.get("milestone")) for hit in receiver.hits]
    assert seen == [
        ("timer_progress", "25%"),
        ("timer_progress", "50%"),
        ("timer_progress", "-1s"),
        ("timer_expired", None),
    ]
    for hit, left in zip(receiver.hits, (6, 4, 1, 0), strict=True):
        assert 0 <= hit.late(timer) + left < 5, f"{hit.json.get('milestone')} came {hit.late(timer) + left} s late"


def test_a_cancelled_timer_has_no_schedule_and_says_only_that_it_was_cancelled(deployment, api, receiver):
    before = deployment.schedules()
    far = api.create("1h", webhook=receiver.url)
    assert len(deployment.schedules() - before) == 1
    near = api.create("2s", webhook=receiver.url)
    for timer in far, near:
        assert api.cancel(timer, reason="done early")["status"] == "cancelled"
    assert deployment.schedules() == before, "a cancelled timer's schedule is gone"
    delivered(receiver, [far, near], "timer_cancelled")
    # The near one's message can't be taken back, and must lead to nothing. A later timer marks that it has come.
    delivered(receiver, [api.create("3s", webhook=receiver.url)])
    assert receiver.of("timer_expired")[0].json["timer"]["id"] not in (far["id"], near["id"])
    assert len(receiver.of("timer_expired")) == 1


def test_a_timer_that_is_moved_fires_at_its_new_end_only(deployment, api, receiver):
    timer = api.create("1h", webhook=receiver.url)
    moved = api.change(timer, duration="3s")
    hit = delivered(receiver, [timer])[timer["id"]]
    assert hit.late(moved) >= 0
    later = api.change(api.create("2s", webhook=receiver.url), extend="4s")
    hit = delivered(receiver, [later])[later["id"]]
    assert hit.late(later) >= 0, "the message for the earlier end came, and was dropped"
    assert len(receiver.hits) == 2


def test_a_failed_attempt_is_repeated_by_the_queue_after_its_wait_until_it_is_taken(api, receive):
    receiver = receive(500, 503, 200)
    timer = api.create("1s", webhook=receiver.url)
    first, second, third = receiver.wait(3, within=PATIENCE + 30)
    assert [hit.headers["X-MINOOTS-Attempt"] for hit in (first, second, third)] == ["1", "2", "3"]
    assert len({hit.headers["webhook-id"] for hit in (first, second, third)}) == 1
    assert len({hit.body for hit in (first, second, third)}) == 1
    assert second.at - first.at >= 5, "no wait is shorter than stated"
    assert third.at - second.at >= 25, "no wait is shorter than stated"
    [delivery] = until(
        lambda: [it for it in api.deliveries(timer) if it["status"] == "SUCCESS"],
        within=PATIENCE,
        promise="the third attempt counts",
    )
    assert delivery["attempts"] == 3


def test_what_its_receiver_says_is_gone_is_given_up_at_once_and_is_no_dead_letter(deployment, api, receive):
    receiver = receive(410)
    timer = api.create("1s", webhook=receiver.url)
    [delivery] = until(
        lambda: [it for it in api.deliveries(timer) if it["status"] == "FAILED"],
        within=PATIENCE,
        promise="410 ends a delivery at once",
    )
    assert (delivery["attempts"], delivery["responseCode"]) == (1, 410)
    until(
        lambda: not deployment.holds("DeliveryQueue", delivery["id"]),
        within=PATIENCE,
        promise="its message is done with",
    )
    assert not deployment.holds("DeliveryDeadLetters", delivery["id"])
    assert len(receiver.hits) == 1


def test_what_was_never_armed_is_found_by_the_sweep(deployment, api, receiver, report):
    sqs = deployment.emulator.client("sqs")
    timers = [api.create("4s", webhook=receiver.url) for _ in range(3)]
    sqs.purge_queue(QueueUrl=deployment.outputs["DueQueueUrl"])
    hits = until(
        lambda: {hit.json["timer"]["id"]: hit for hit in receiver.hits} if len(receiver.hits) == len(timers) else None,
        within=SWEPT + PATIENCE,
        promise="the sweep, run every minute by its rule, finds what nothing woke",
    )
    lateness = [1000 * hits[timer["id"]].late(timer) for timer in timers]
    report(histogram("swept", lateness))
    assert min(lateness) >= 0
    assert max(lateness) < 1000 * SWEPT


SAMPLES = {
    "api-function-url.json": "ApiFunction",
    "api-http.json": "ApiFunction",
    "api-rest.json": "ApiFunction",
    "delivery.json": "DeliveryFunction",
    "expiry-handler-due.json": "ExpiryHandlerFunction",
    "expiry-handler-open-account.json": "ExpiryHandlerFunction",
    "expiry-handler-sweep.json": "ExpiryHandlerFunction",
}


def test_every_sample_event_is_tried():
    assert {path.name for path in (ROOT / "events").iterdir()} == SAMPLES.keys()


@pytest.mark.parametrize(("sample", "function"), SAMPLES.items())
def test_a_sample_event_is_understood(deployment, api, sample, function):
    event = (ROOT / "events" / sample).read_text().replace("mnt_live_YOUR_API_KEY", api.key)
    answer = deployment.invoke(function, event.encode())
    if sample == "expiry-handler-open-account.json":
        assert answer["apiKey"].startswith("mnt_live_")
    elif function == "ApiFunction":
        expected = {"api-http.json": 201, "api-rest.json": 200, "api-function-url.json": 404}[sample]
        assert answer["statusCode"] == expected, answer
    elif "sweep" not in sample:
        assert answer == {"batchItemFailures": []}, "what names nothing known is done with"
