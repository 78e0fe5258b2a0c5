"""Webhook endpoints on the deployed stack: events fanned out, retries, dead letters, redrive, replay, statistics."""

from datetime import datetime

import pytest
from api import refused
from endpoints import Endpoints
from standardwebhooks import Webhook
from waiting import until

from conftest import PATIENCE
from lateness import histogram


@pytest.fixture
def endpoints(api):
    """The account's endpoints; those made here are deleted, so that no later test is told of them."""
    endpoints = Endpoints(api)
    before = {webhook["id"] for webhook in endpoints.all(includeInactive="true")}
    yield endpoints
    for webhook in endpoints.all(includeInactive="true"):
        if webhook["id"] not in before:
            endpoints.delete(webhook)


def milliseconds(earlier, later):
    """Between two instants as the API writes them, or seconds since the epoch."""
    first, second = (at if isinstance(at, float) else datetime.fromisoformat(at).timestamp() for at in (earlier, later))
    return 1000 * (second - first)


def is_dead(deployment, delivery):
    """Waits until the delivery's message rests among the dead letters."""
    until(
        lambda: deployment.holds("DeliveryDeadLetters", delivery["id"]),
        within=PATIENCE,
        promise="SQS moves the message to the dead letters",
    )


def ended(endpoints, webhook, status):
    return endpoints.delivery(webhook, status, within=PATIENCE)


def test_an_event_reaches_each_subscribed_endpoint_once_signed_with_its_own_secret(endpoints, receive, report):
    receivers = [receive() for _ in range(3)]
    told = [endpoints.create(receivers[number % 3].url, ["session.*"], name=f"e{number}") for number in range(24)]
    other = endpoints.create(receivers[0].url, ["payment.completed"])
    sent = [endpoints.send("session.started", {"number": number}) for number in range(5)]
    assert {event["triggered"] for event in sent} == {24}
    for receiver in receivers:
        receiver.wait(40, within=PATIENCE)
    hits = [hit for receiver in receivers for hit in receiver.hits]
    assert len(hits) == 24 * 5, "each endpoint is told once"
    assert len({hit.headers["webhook-id"] for hit in hits}) == 24 * 5
    secrets = [Webhook(webhook["secret"]) for webhook in told]
    for hit in hits:
        assert sum(is_signed(secret, hit) for secret in secrets) == 1, "signed with one endpoint's secret"
    lateness = [milliseconds(hit.json["created"], hit.at) for hit in hits]
    report(histogram("event to endpoint", lateness))
    # A burst of 120, which the emulator works off at some hundred calls a second: what counts is that none is left.
    assert min(lateness) >= 0
    assert max(lateness) < 1000 * PATIENCE
    assert endpoints.deliveries(other) == []


def is_signed(secret, hit):
    try:
        secret.verify(hit.body, dict(hit.headers))
    except Exception:  # The library's own, of several kinds.
        return False
    return True


def test_an_event_sent_twice_is_told_once(endpoints, receiver):
    webhook = endpoints.create(receiver.url, ["order.paid"])
    assert endpoints.send("order.paid", {"n": 1}, id="order-1")["triggered"] == 1
    assert endpoints.send("order.paid", {"n": 1}, id="order-1", status=200)["triggered"] == 0
    refused(endpoints.api.post("/events", {"type": "order.paid", "data": {"n": 2}, "id": "order-1"}), 409, "CONFLICT")
    ended(endpoints, webhook, "SUCCESS")
    assert len(receiver.hits) == 1


def test_a_timers_life_is_told_to_endpoints_beside_its_own_webhook(endpoints, api, receive):
    own, receiver = receive(), receive()
    webhook = endpoints.create(receiver.url, ["timer.*"])
    timer = api.create("2s", webhook=own.url, events={"on_progress": {"intervals": ["50%"]}})
    cancelled = api.create("1h")
    api.cancel(cancelled)
    hits = receiver.wait(5, within=PATIENCE)
    seen = sorted((hit.json["data"]["timer"]["id"] == timer["id"], hit.json["type"]) for hit in hits)
    assert seen == [
        (False, "timer.cancelled"), (False, "timer.created"),
        (True, "timer.created"), (True, "timer.expired"), (True, "timer.progress"),
    ]  # fmt: skip
    assert own.one(within=PATIENCE).json["timer"]["id"] == timer["id"]
    endpoints.delivered(webhook, 5, within=PATIENCE)


def test_retries_keep_their_waits_and_statistics_agree_with_the_deliveries(endpoints, receive, report):
    receiver = receive(*[500] * 6, 200)
    webhook = endpoints.create(receiver.url, ["a.b"], maxRetries=2, retryDelay=2)
    for number in range(6):
        endpoints.send("a.b", {"number": number})
    endpoints.delivered(webhook, 6, within=PATIENCE)
    deliveries = endpoints.deliveries(webhook)
    assert [it["attempts"] for it in deliveries] == [2] * 6
    attempts = [attempt for it in deliveries for attempt in it["attemptLog"]]
    second = [it for it in attempts if it["attempt"] == 2]
    report(histogram("second attempt", [milliseconds(it["dueAt"], it["sentAt"]) for it in second]))
    for delivery in deliveries:
        first, again = delivery["attemptLog"]
        assert milliseconds(first["sentAt"], again["sentAt"]) >= 2_000, "no wait is shorter than stated"
        assert milliseconds(again["dueAt"], again["sentAt"]) >= 0, "never early"
    stats = endpoints.stats(webhook)
    counts = ("totalDeliveries", "successfulDeliveries", "failedDeliveries", "pendingDeliveries")
    assert [stats[name] for name in counts] == [6, 6, 0, 0]
    assert stats["successRate"] == 100
    assert {it["id"] for it in stats["recentDeliveries"]} == {it["id"] for it in deliveries}


def test_what_used_up_its_attempts_rests_in_the_dead_letter_queue_and_is_sent_again_when_its_owner_asks(
    deployment, endpoints, receive
):
    receiver = receive(500, 500, 200)
    webhook = endpoints.create(receiver.url, ["a.b"], maxRetries=1, retryDelay=1)
    endpoints.send("a.b")
    failed = ended(endpoints, webhook, "FAILED")
    assert (failed["attempts"], failed["maxAttempts"], failed["responseCode"]) == (2, 2, 500)
    is_dead(deployment, failed)
    assert len(receiver.hits) == 2, "the receives on the way there are no attempts"
    assert endpoints.stats(webhook)["failedDeliveries"] == 1
    refused(endpoints.api.post("/deliveries/del_unknown/retry"), 404, "DELIVERY_NOT_FOUND")
    endpoints.retry(failed)
    taken = ended(endpoints, webhook, "SUCCESS")
    assert (taken["id"], taken["attempts"]) == (failed["id"], 3)
    assert len({hit.headers["webhook-id"] for hit in receiver.hits}) == 1
    assert [endpoints.stats(webhook)[name] for name in ("successfulDeliveries", "failedDeliveries")] == [1, 0]


def test_all_that_failed_is_sent_again_at_once(endpoints, receive):
    receiver = receive(*[500] * 8, 200)
    webhook = endpoints.create(receiver.url, ["a.b"], maxRetries=0)
    for _ in range(8):
        endpoints.send("a.b")
    until(
        lambda: len(endpoints.deliveries(webhook, status="FAILED")) == 8,
        within=PATIENCE,
        promise="all eight are given up",
    )
    assert endpoints.retry_failed(webhookId=webhook["id"]) == 8
    endpoints.delivered(webhook, 8, within=PATIENCE)
    assert endpoints.retry_failed(webhookId=webhook["id"]) == 0


def test_what_an_operator_puts_back_is_not_sent_if_it_was_given_up_and_is_dead_again(deployment, endpoints, receive):
    receiver, sqs = receive(500), deployment.emulator.client("sqs")
    webhook = endpoints.create(receiver.url, ["a.b"], maxRetries=0)
    endpoints.send("a.b")
    failed = ended(endpoints, webhook, "FAILED")
    is_dead(deployment, failed)
    redrive(deployment, sqs)
    is_dead(deployment, failed)
    assert len(receiver.hits) == 1, "what was given up stays so until its owner asks"
    assert endpoints.one(failed)["status"] == "FAILED"


def redrive(deployment, sqs):
    """What StartMessageMoveTask does, which the emulator lacks."""
    dead, alive = deployment.outputs["DeliveryDeadLettersUrl"], deployment.outputs["DeliveryQueueUrl"]
    for _ in range(deployment.waiting("DeliveryDeadLetters")[0]):
        [message] = sqs.receive_message(QueueUrl=dead, MaxNumberOfMessages=1)["Messages"]
        sqs.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])
        sqs.send_message(QueueUrl=alive, MessageBody=message["Body"], MessageGroupId="moved")


def test_what_was_not_told_for_another_reason_is_no_dead_letter(deployment, endpoints, receive):
    gone, refusing = receive(410), receive(500)
    leaving = endpoints.create(gone.url, ["a.b"])
    deleted = endpoints.create(refusing.url, ["a.b"], maxRetries=5, retryDelay=3)
    assert endpoints.send("a.b")["triggered"] == 2
    refused_for_good = ended(endpoints, leaving, "FAILED")
    assert endpoints.get(leaving)["active"] is False
    assert "410" in endpoints.get(leaving)["disabledReason"]
    waiting = ended(endpoints, deleted, "RETRYING")
    endpoints.delete(deleted)
    assert endpoints.one(waiting)["status"] == "FAILED"
    for delivery in refused_for_good, waiting:
        until(
            lambda it=delivery: not deployment.holds("DeliveryQueue", it["id"]),
            within=PATIENCE,
            promise="its message is done with",
        )
        assert not deployment.holds("DeliveryDeadLetters", delivery["id"])
    assert len(refusing.hits) == 1


def test_a_test_send_is_answered_with_what_came_of_it(endpoints, receive):
    taking = endpoints.create(receive(204).url, ["a.b"])
    refusing = endpoints.create(receive(500).url, ["a.b"])
    assert (endpoints.test(taking)["responseCode"], endpoints.test(refusing)["responseCode"]) == (204, 500)
    assert endpoints.stats(taking)["totalDeliveries"] == 0, "tests are no part of the statistics"
