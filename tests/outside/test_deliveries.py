"""Contract section 4: the history of deliveries, its figures, and sending again."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from api import query, refused, succeeded
from endpoints import Endpoints
from instants import millis, now
from misbehaving import answers, closes_after_the_request
from shapes import check_delivery
from waiting import stays, until


def page(api, webhook, **parameters):
    return succeeded(api.get(f"/webhooks/{webhook['id']}/deliveries?" + query(parameters)))


# History


def test_a_delivery_tells_all_about_itself(endpoints, family, receiver):
    webhook = endpoints.create(f"{receiver.url}/in/here?token=secret", [f"{family}.*"], maxRetries=2)
    sent = endpoints.send(f"{family}.a")
    delivery = check_delivery(endpoints.delivered(webhook))
    hit = receiver.one()
    assert (delivery["id"], delivery["webhookId"]) == (hit.headers["webhook-id"], webhook["id"])
    assert (delivery["eventId"], delivery["eventType"]) == (sent["eventId"], f"{family}.a")
    assert delivery["url"] == f"{receiver.url}/in/here"
    assert (delivery["attempts"], delivery["maxAttempts"], delivery["responseCode"]) == (1, 3, 200)
    assert (delivery["responseBody"], delivery["errorMessage"], delivery["nextRetryAt"]) == ("", None, None)
    [attempt] = delivery["attemptLog"]
    assert abs(millis(attempt["sentAt"]) - hit.at * 1000) < 500
    assert 0 <= attempt["durationMs"] < 1000
    assert attempt["responseCode"] == 200
    assert abs(millis(delivery["deliveredAt"]) - now()) < 5000
    assert endpoints.one(delivery) == delivery


def test_every_attempt_is_in_the_log(endpoints, family, start_receiver):
    receiver = start_receiver(503, 200)
    webhook = endpoints.create(receiver.url, [f"{family}.*"], retryDelay=1)
    endpoints.send(f"{family}.a")
    delivery = check_delivery(endpoints.delivery(webhook, "SUCCESS"))
    assert [attempt["responseCode"] for attempt in delivery["attemptLog"]] == [503, 200]
    assert [bool(attempt.get("error")) for attempt in delivery["attemptLog"]] == [True, False]
    for attempt, hit in zip(delivery["attemptLog"], receiver.hits, strict=True):
        assert abs(millis(attempt["sentAt"]) - hit.at * 1000) < 500
    first, second = (millis(attempt["dueAt"]) for attempt in delivery["attemptLog"])
    assert 1000 <= second - first <= 1000 * 1.1 + 500


def test_an_attempt_without_an_answer_says_why(endpoints, family, misbehaving):
    webhook = endpoints.create(misbehaving(closes_after_the_request).url, [f"{family}.*"], maxRetries=0)
    endpoints.send(f"{family}.a")
    delivery = check_delivery(endpoints.delivery(webhook, "FAILED"))
    assert (delivery["attempts"], delivery["responseCode"], delivery["responseBody"]) == (1, None, None)
    assert delivery["errorMessage"]
    assert delivery["attemptLog"][0]["error"]


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b"it is taken", "it is taken"),
        ("Grüße 🚀".encode(), "Grüße 🚀"),
        (b"x" * 20_000, "x" * 10_000),
        (("🚀" * 11_000).encode(), "🚀" * 10_000),
        (b"\xff\xfe\x00ok", None),
        (b"", ""),
    ],
    ids=["text", "unicode", "long", "long unicode", "no text", "empty"],
)
def test_the_answers_first_10_000_characters_are_kept(endpoints, family, misbehaving, body, kept):
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    webhook = endpoints.create(misbehaving(answers(answer)).url, [f"{family}.*"])
    endpoints.send(f"{family}.a")
    found = endpoints.delivered(webhook)["responseBody"]
    assert found == kept if kept is not None else found.endswith("ok")


def test_history_is_newest_first_in_pages_that_may_be_filtered(api, endpoints, family, start_receiver):
    receiver = start_receiver(*[500, 200] * 10, 500)
    webhook = endpoints.create(receiver.url, [f"{family}.*"], maxRetries=0)
    sent = []
    for n in range(20):
        sent.append(endpoints.send(f"{family}.a", {"n": n})["eventId"])
        receiver.wait(n + 1)
    until(lambda: len(endpoints.deliveries(webhook, status="FAILED")) == 10, promise="half of them fail")
    answer = page(api, webhook, limit=8)
    assert set(answer) - {"count"} == {"success", "data", "nextCursor", "pagination"}
    assert answer["pagination"] == {"limit": 8, "nextCursor": answer["nextCursor"]}
    assert [each["eventId"] for each in answer["data"]] == sent[::-1][:8]
    rest = page(api, webhook, limit=100, cursor=answer["nextCursor"])
    assert [each["eventId"] for each in rest["data"]] == sent[::-1][8:]
    assert "nextCursor" not in rest
    assert rest["pagination"]["nextCursor"] is None
    for status, remainder in (("FAILED", 0), ("SUCCESS", 1)):
        found = endpoints.deliveries(webhook, status=status, limit=3)
        assert [each["eventId"] for each in found] == [each for n, each in enumerate(sent) if n % 2 == remainder][::-1]
        assert {check_delivery(each)["status"] for each in found} == {status}
    assert endpoints.deliveries(webhook, status="RETRYING") == []


def test_each_status_can_be_asked_for(endpoints, family, start_receiver, misbehaving):
    slow = misbehaving(lambda connection: (connection.request(), connection.until_closed()))
    sending = endpoints.create(slow.url, [f"{family}.sending"])
    retrying = endpoints.create(start_receiver(500).url, [f"{family}.retrying"], retryDelay=3600)
    endpoints.send(f"{family}.sending")
    endpoints.send(f"{family}.retrying")
    delivery = check_delivery(endpoints.delivery(sending, "SENDING"))
    assert (delivery["attempts"], delivery["lastAttemptAt"]) == (0, None)
    assert [each["id"] for each in endpoints.deliveries(sending, status="SENDING")] == [delivery["id"]]
    delivery = check_delivery(endpoints.delivery(retrying, "RETRYING"))
    assert 3600 <= (millis(delivery["nextRetryAt"]) - millis(delivery["lastAttemptAt"])) / 1000 <= 3600 * 1.1 + 1
    assert endpoints.deliveries(retrying, status="SENDING") == []


@pytest.mark.parametrize(
    "parameters", ["status=success", "status=DONE", "status=", "limit=0", "limit=-1", "limit=x", "cursor=x"]
)
def test_a_bad_filter_is_refused(api, endpoints, parameters):
    webhook = endpoints.create("https://hooks.example.com/")
    refused(api.get(f"/webhooks/{webhook['id']}/deliveries?{parameters}"), 400, "INVALID_REQUEST")


def test_another_lists_cursor_is_refused(api, endpoints, family, receiver):
    first, second = (endpoints.create(receiver.url, [f"{family}.*"]) for _ in range(2))
    for _ in range(2):
        endpoints.send(f"{family}.a")
    for webhook in (first, second):
        endpoints.delivered(webhook, count=2)
    cursor = page(api, first, limit=1)["nextCursor"]
    answer = api.get(f"/webhooks/{second['id']}/deliveries?" + query({"cursor": cursor}))
    if answer.status_code != 400:
        assert {each["webhookId"] for each in succeeded(answer)["data"]} <= {second["id"]}, "never another's deliveries"


def test_a_timers_own_delivery_is_read_by_its_id_too(api, endpoints, receiver):
    timer = api.fire(api.create(webhook=f"{receiver.url}/in?token=secret"))
    summary = api.delivery(timer)
    delivery = check_delivery(endpoints.one(summary))
    assert (delivery["timerId"], delivery["eventType"]) == (timer["id"], "timer_expired")
    assert (delivery["maxAttempts"], delivery["url"]) == (5, f"{receiver.url}/in")
    assert delivery["attempts"] == summary["attempts"]


@pytest.mark.parametrize("delivery_id", ["del_none", "x", "ü", "del_" + "0" * 300])
def test_an_unknown_delivery_is_not_found(api, delivery_id):
    refused(api.get(f"/deliveries/{delivery_id}"), 404, "DELIVERY_NOT_FOUND")
    refused(api.post(f"/deliveries/{delivery_id}/retry"), 404, "DELIVERY_NOT_FOUND")


def test_another_scopes_delivery_is_unknown(api, endpoints, family, receiver):
    webhook = endpoints.create(receiver.url, [f"{family}.*"])
    endpoints.send(f"{family}.a")
    delivery = endpoints.delivered(webhook)
    stranger = api.test_mode()
    refused(stranger.get(f"/deliveries/{delivery['id']}"), 404, "DELIVERY_NOT_FOUND")
    refused(stranger.post(f"/deliveries/{delivery['id']}/retry"), 404, "DELIVERY_NOT_FOUND")


# Sending again


def test_a_delivery_is_sent_again_under_its_id_with_the_same_bytes_and_a_new_plan(endpoints, family, start_receiver):
    receiver = start_receiver(500, 500, 500, 200)
    webhook = endpoints.create(receiver.url, [f"{family}.*"], retryDelay=1, maxRetries=1)
    endpoints.send(f"{family}.a", {"ratio": 1.0})
    failed = endpoints.delivery(webhook, "FAILED")
    assert (failed["attempts"], failed["maxAttempts"]) == (2, 2)
    again = endpoints.retry(failed)
    assert again["id"] == failed["id"]
    assert again["status"] in ("PENDING", "SENDING", "RETRYING")
    hits = receiver.wait(4)
    assert len({hit.headers["webhook-id"] for hit in hits}) == len({hit.body for hit in hits}) == 1
    assert [hit.headers["X-MINOOTS-Attempt"] for hit in hits] == ["1", "2", "3", "4"]
    delivery = check_delivery(endpoints.delivery(webhook, "SUCCESS"))
    assert (delivery["attempts"], len(delivery["attemptLog"])) == (4, 4)
    assert 1 <= hits[3].at - hits[2].at <= 1.1 + 0.5


def test_what_was_taken_is_sent_again_too(endpoints, family, receiver):
    webhook = endpoints.create(receiver.url, [f"{family}.*"])
    endpoints.send(f"{family}.a")
    endpoints.retry(endpoints.delivered(webhook))
    first, second = receiver.wait(2)
    assert first.body == second.body
    until(lambda: endpoints.delivered(webhook)["attempts"] == 2, promise="the second attempt is recorded")


def test_while_an_attempt_is_to_come_a_retry_is_a_conflict(api, endpoints, family, start_receiver, misbehaving):
    waiting = endpoints.create(start_receiver(500).url, [f"{family}.waiting"], retryDelay=3600)
    silent = misbehaving(lambda connection: (connection.request(), connection.until_closed()))
    sending = endpoints.create(silent.url, [f"{family}.sending"])
    for event, webhook, status in (("waiting", waiting, "RETRYING"), ("sending", sending, "SENDING")):
        endpoints.send(f"{family}.{event}")
        delivery = endpoints.delivery(webhook, status)
        refused(api.post(f"/deliveries/{delivery['id']}/retry"), 409, "CONFLICT")
        assert endpoints.one(delivery)["attempts"] == delivery["attempts"]


def test_a_timers_own_delivery_is_sent_again_unless_its_timer_was_cancelled(api, endpoints, start_receiver):
    receiver = start_receiver(410, 200)
    timer = api.fire(api.create(webhook=receiver.url))
    failed = api.delivery(timer, "FAILED")
    endpoints.retry(failed)
    first, second = receiver.wait(2)
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert api.delivery(timer)["attempts"] == 2

    failing = start_receiver(500)
    cancelled = api.create("10s", events={"on_progress": {"webhook": failing.url, "intervals": ["1%"]}})
    api.delivery(cancelled, "RETRYING")
    api.cancel(cancelled)
    stale = api.delivery(cancelled, "FAILED")
    assert endpoints.one(stale)["errorMessage"] == "timer cancelled"
    refused(api.post(f"/deliveries/{stale['id']}/retry"), 409, "CONFLICT")


def test_a_deleted_endpoints_delivery_is_not_sent_again(api, endpoints, family, start_receiver):
    receiver = start_receiver(500)
    webhook = endpoints.create(receiver.url, [f"{family}.*"], maxRetries=0)
    endpoints.send(f"{family}.a")
    failed = endpoints.delivery(webhook, "FAILED")
    endpoints.delete(webhook)
    api.post(f"/deliveries/{failed['id']}/retry")
    stays(lambda: len(receiver.hits) == 1, throughout=0.5, promise="nothing goes to a deleted endpoint")
    until(lambda: endpoints.one(failed)["status"] == "FAILED", promise="it is not left open")


def test_all_failed_deliveries_are_retried_or_those_of_one_endpoint(start_server, start_receiver):
    api = start_server().api
    endpoints = Endpoints(api)
    failing = start_receiver(500)
    one = endpoints.create(failing.url, ["a.one"], maxRetries=0)
    other = endpoints.create(failing.url, ["a.other"], maxRetries=0)
    timer = api.fire(api.create(webhook=start_receiver(410, 200).url))
    for _ in range(3):
        endpoints.send("a.one")
        endpoints.send("a.other")
    api.delivery(timer, "FAILED")

    def failed(webhook):
        return [each["attempts"] for each in endpoints.deliveries(webhook, status="FAILED")]

    until(lambda: failed(one) == failed(other) == [1] * 3, promise="six fail")
    assert endpoints.retry_failed(webhookId=one["id"]) == 3
    until(lambda: failed(one) == [2] * 3, promise="three are tried again")
    assert failed(other) == [1] * 3
    answer = succeeded(api.post("/webhooks/queue/retry-failed"))
    assert set(answer) == {"success", "data", "message"}
    assert answer["data"] == {"retried": 7}
    until(lambda: failed(one) == [3] * 3, promise="all are tried again")
    until(lambda: failed(other) == [2] * 3, promise="all are tried again")
    assert api.delivery(timer)["attempts"] == 2, "a timer's own webhook too"


def test_of_many_retries_at_once_each_delivery_is_sent_again_once(start_server, start_receiver):
    api = start_server().api
    endpoints = Endpoints(api)
    receiver = start_receiver(500)
    webhook = endpoints.create(receiver.url, maxRetries=0)
    for _ in range(10):
        endpoints.send("a.b")
    until(lambda: len(endpoints.deliveries(webhook, status="FAILED")) == 10, promise="ten fail")
    [chosen, *_] = endpoints.deliveries(webhook)
    released = start_receiver((200, {}))
    endpoints.change(webhook, url=released.url)
    with ThreadPoolExecutor(16) as pool:
        one = pool.map(lambda _: api.post(f"/deliveries/{chosen['id']}/retry").status_code, range(8))
        every = pool.map(lambda _: endpoints.retry_failed(), range(8))
        accepted, retried = list(one).count(200), sum(every)
    until(lambda: figures(endpoints, webhook) == (10, 10, 0, 0), promise="all are taken")
    attempts = sum(each["attempts"] for each in endpoints.deliveries(webhook))
    # What was taken in the meantime may be sent again: then it was accepted again.
    assert attempts == 10 + accepted + retried == 10 + len(released.hits)


def test_retry_failed_leaves_alone_what_is_taken_open_or_withdrawn(start_server, start_receiver):
    api = start_server().api
    endpoints = Endpoints(api)
    good, waiting = start_receiver(), start_receiver(500)
    taken = endpoints.create(good.url, ["a.taken"])
    open_ = endpoints.create(waiting.url, ["a.open"], retryDelay=3600)
    endpoints.send("a.taken")
    endpoints.send("a.open")
    endpoints.delivered(taken)
    endpoints.delivery(open_, "RETRYING")
    cancelled = api.create("10s", events={"on_progress": {"webhook": start_receiver(500).url, "intervals": ["1%"]}})
    api.delivery(cancelled, "RETRYING")
    api.cancel(cancelled)
    api.delivery(cancelled, "FAILED")
    assert endpoints.retry_failed() == 0
    assert (len(good.hits), len(waiting.hits)) == (1, 1)


def test_retry_failed_covers_more_than_a_page(start_server, start_receiver):
    endpoints = Endpoints(start_server().api)
    receiver = start_receiver(*[500] * 130, 200)
    webhook = endpoints.create(receiver.url, ["a.*"], maxRetries=0)
    for _ in range(130):
        endpoints.send("a.b")
    until(lambda: len(endpoints.deliveries(webhook, status="FAILED")) == 130, within=10, promise="all fail")
    assert endpoints.retry_failed() == 130
    until(lambda: len(endpoints.deliveries(webhook, status="SUCCESS")) == 130, within=10, promise="all are taken")
    assert endpoints.stats(webhook)["successfulDeliveries"] == 130


@pytest.mark.parametrize("body", ["[]", '"text"', '{"webhookId":5}', '{"webhookId":["whk_1"]}', "nonsense"], ids=repr)
def test_a_faulty_retry_of_all_is_refused(api, body):
    refused(api.post("/webhooks/queue/retry-failed", body), 400, "INVALID_REQUEST")


def test_a_retry_of_an_unknown_endpoints_failures_is_not_found(api):
    refused(api.post("/webhooks/queue/retry-failed", {"webhookId": "whk_none"}), 404, "WEBHOOK_NOT_FOUND")


# Figures


def counted(endpoints, webhook):
    """What the list says, for the figures to agree with."""
    found = endpoints.deliveries(webhook)
    by = {status: sum(each["status"] == status for each in found) for status in ("SUCCESS", "FAILED")}
    pending = len(found) - sum(by.values())
    return len(found), by["SUCCESS"], by["FAILED"], pending


def figures(endpoints, webhook):
    stats = endpoints.stats(webhook)
    names = ("totalDeliveries", "successfulDeliveries", "failedDeliveries", "pendingDeliveries")
    return tuple(stats[name] for name in names)


def agree(endpoints, webhook, promised):
    until(lambda: figures(endpoints, webhook) == promised, promise=f"figures {promised}")
    assert counted(endpoints, webhook) == promised


def test_figures_of_nothing_are_zero(endpoints):
    stats = endpoints.stats(endpoints.create("https://hooks.example.com/"))
    assert set(stats) == {
        *("totalDeliveries", "successfulDeliveries", "failedDeliveries", "pendingDeliveries"),
        *("successRate", "latency", "recentDeliveries"),
    }
    assert figures(endpoints, endpoints.create("https://hooks.example.com/")) == (0, 0, 0, 0)
    assert stats["successRate"] in (0, None, 100)
    assert set(stats["latency"]) == {"p50", "p99"}
    assert stats["recentDeliveries"] == []


def test_figures_agree_with_the_deliveries_through_failures_replays_and_deletion(endpoints, family, start_receiver):
    receiver = start_receiver(200, 200, 500, 200)
    webhook = endpoints.create(receiver.url, [f"{family}.*"], maxRetries=0)
    for n in range(3):
        endpoints.send(f"{family}.a")
        receiver.wait(n + 1)
    agree(endpoints, webhook, (3, 2, 1, 0))
    stats = endpoints.stats(webhook)
    assert stats["successRate"] == 66.67
    assert 0 <= stats["latency"]["p50"] <= stats["latency"]["p99"] < 5000
    assert [each["id"] for each in stats["recentDeliveries"]] == [each["id"] for each in endpoints.deliveries(webhook)]
    for each in stats["recentDeliveries"]:
        check_delivery(each)

    endpoints.retry(endpoints.deliveries(webhook, status="FAILED")[0])
    agree(endpoints, webhook, (3, 3, 0, 0))
    assert endpoints.stats(webhook)["successRate"] == 100
    endpoints.retry(endpoints.deliveries(webhook)[0])
    agree(endpoints, webhook, (3, 3, 0, 0))
    endpoints.delete(webhook)
    assert counted(endpoints, webhook) == (3, 3, 0, 0)


def test_what_is_open_counts_as_pending_and_ends_as_failed_when_the_endpoint_goes(endpoints, family, start_receiver):
    webhook = endpoints.create(start_receiver(500).url, [f"{family}.*"], retryDelay=3600)
    for _ in range(3):
        endpoints.send(f"{family}.a")
    until(lambda: len(endpoints.deliveries(webhook, status="RETRYING")) == 3, promise="three wait")
    agree(endpoints, webhook, (3, 0, 0, 3))
    endpoints.delete(webhook)
    until(lambda: counted(endpoints, webhook) == (3, 0, 3, 0), promise="they end FAILED")


def test_test_sends_are_no_part_of_the_figures(endpoints, start_receiver):
    webhook = endpoints.create(start_receiver(200, 500).url)
    before = endpoints.queue()
    endpoints.test(webhook)
    endpoints.test(webhook)
    assert figures(endpoints, webhook) == (0, 0, 0, 0)
    assert endpoints.queue() == before


def test_at_most_ten_recent_deliveries_are_shown(endpoints, family, receiver):
    webhook = endpoints.create(receiver.url, [f"{family}.*"])
    for _ in range(12):
        endpoints.send(f"{family}.a")
    endpoints.delivered(webhook, count=12)
    recent = endpoints.stats(webhook)["recentDeliveries"]
    assert [each["id"] for each in recent] == [each["id"] for each in endpoints.deliveries(webhook)[:10]]


def test_figures_are_right_after_kill_9(start_server, start_receiver):
    server = start_server()
    endpoints = Endpoints(server.api)
    receiver = start_receiver(500, 200)
    webhook = endpoints.create(receiver.url, ["a.*"], maxRetries=0)
    for _ in range(20):
        endpoints.send("a.b")
    receiver.wait(20)
    server.kill()
    server.start()
    until(lambda: figures(endpoints, webhook)[3] == 0, within=10, promise="all end")
    assert figures(endpoints, webhook) == counted(endpoints, webhook)
    assert figures(endpoints, webhook)[0] == 20
    queue = endpoints.queue()
    assert (queue["completed"], queue["failed"]) == figures(endpoints, webhook)[1:3]


def test_the_queue_counts_all_deliveries_of_the_caller(start_server, start_receiver, misbehaving):
    api = start_server().api
    endpoints = Endpoints(api)
    nothing = {"waiting": 0, "active": 0, "delayed": 0, "completed": 0, "failed": 0, "total": 0}
    assert endpoints.queue() == nothing
    silent = misbehaving(lambda connection: (connection.request(), connection.until_closed()))
    endpoints.create(start_receiver().url, ["a.good"])
    endpoints.create(start_receiver(500).url, ["a.bad"], maxRetries=0)
    endpoints.create(start_receiver(500).url, ["a.delayed"], retryDelay=3600)
    endpoints.create(silent.url, ["a.active"])
    for event in ("a.good", "a.good", "a.bad", "a.delayed", "a.active"):
        endpoints.send(event)
    # A timer's own webhook counts too.
    api.fire(api.create(webhook=start_receiver().url))
    promised = {"waiting": 0, "active": 1, "delayed": 1, "completed": 3, "failed": 1, "total": 6}
    until(lambda: endpoints.queue() == promised, promise=f"the queue is {promised}")
    assert Endpoints(api.test_mode()).queue() == nothing


def test_what_waits_for_its_turn_is_waiting(start_server, misbehaving):
    endpoints = Endpoints(start_server().api)
    silent = misbehaving(lambda connection: (connection.request(), connection.until_closed()))
    endpoints.create(silent.url, ["a.*"])
    for _ in range(25):
        endpoints.send("a.b")
    until(lambda: silent.count == 10, promise="ten at once")
    queue = until(lambda: (found := endpoints.queue())["total"] == 25 and found, promise="all are counted")
    assert (queue["active"], queue["waiting"], queue["delayed"]) == (10, 15, 0)


def test_one_endpoints_backlog_delays_no_other(endpoints, family, misbehaving, receiver):
    silent = misbehaving(lambda connection: (connection.request(), connection.until_closed()))
    endpoints.create(silent.url, [f"{family}.slow"])
    endpoints.create(receiver.url, [f"{family}.fast"])
    for _ in range(50):
        endpoints.send(f"{family}.slow")
    began = now()
    endpoints.send(f"{family}.fast")
    assert receiver.one().at * 1000 - began < 1000
