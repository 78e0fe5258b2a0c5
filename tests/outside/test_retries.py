"""Contract section 5: what counts as taken, when it is tried again, and when it is given up.

The waits beyond the first are too long to sit through here: what is promised next is read from `nextRetryAt`.
"""

import time
from email.utils import formatdate

import pytest

from instants import iso, millis, now
from misbehaving import closes_after_the_request, hangs
from signatures import minoots, standard
from waiting import until

HOUR = 3_600_000


def send(api, url):
    """An expiry to this address, now."""
    return api.fire(api.create(webhook=url))


def wait_before_retry(delivery, hit):
    """Seconds from the attempt, as the receiver saw it, to the next one as announced, in whole milliseconds.

    What an attempt began at and how long it took are each rounded down: up to two milliseconds are missing.
    """
    return (millis(delivery["nextRetryAt"]) + 2) / 1000 - hit.at


@pytest.mark.parametrize("status", [200, 201, 202, 204, 226, 299])
def test_a_2xx_is_success(api, start_receiver, status):
    timer = send(api, start_receiver(status).url)
    delivery = api.delivery(timer, "SUCCESS", "RETRYING", "FAILED")
    assert (delivery["status"], delivery["attempts"], delivery["responseCode"]) == ("SUCCESS", 1, status)
    assert delivery.get("nextRetryAt") is None


@pytest.mark.parametrize("status", [300, 301, 302, 304, 307, 308, 400, 401, 404, 409, 429, 500, 501, 503, 599])
def test_everything_else_is_tried_again_after_5_seconds_and_a_little(api, start_receiver, status):
    receiver = start_receiver(status)
    timer = send(api, receiver.url)
    delivery = api.delivery(timer, "SUCCESS", "RETRYING", "FAILED")
    assert (delivery["status"], delivery["attempts"], delivery["responseCode"]) == ("RETRYING", 1, status)
    assert 5 <= wait_before_retry(delivery, receiver.one()) <= 5.5 + 0.5


def test_no_answer_at_all_is_tried_again(api, misbehaving):
    timer = send(api, misbehaving(closes_after_the_request).url)
    delivery = api.delivery(timer, "RETRYING", "FAILED")
    assert (delivery["status"], delivery["attempts"], delivery.get("responseCode")) == ("RETRYING", 1, None)


def test_an_attempt_takes_no_longer_than_the_time_limit(start_server, misbehaving):
    api = start_server("--webhook-timeout", "1").api
    receiver = misbehaving(hangs)
    timer = send(api, receiver.url)
    assert api.delivery(timer, "SENDING")["attempts"] == 0
    delivery = api.delivery(timer, "RETRYING", "FAILED")
    assert (delivery["status"], delivery["attempts"], delivery.get("responseCode")) == ("RETRYING", 1, None)
    [connection] = receiver.connections
    assert 0.9 <= connection.ended - connection.began <= 1.5
    assert 5 <= millis(delivery["nextRetryAt"]) / 1000 - connection.ended <= 5.5 + 0.5


def test_an_end_by_410_is_final(api, start_receiver):
    receiver = start_receiver(410)
    timer = send(api, receiver.url)
    delivery = api.delivery(timer, "FAILED", "RETRYING")
    assert (delivery["status"], delivery["attempts"], delivery["responseCode"]) == ("FAILED", 1, 410)
    assert delivery.get("nextRetryAt") is None


@pytest.mark.parametrize(
    ("status", "retry_after", "seconds"),
    [
        (429, "60", 60),
        (503, "60", 60),
        (429, "3600", 3600),
        (503, " 120 ", 120),
        # It only ever lengthens the wait.
        (429, "1", 5),
        (429, "0", 5),
        # It counts on these two only.
        (500, "60", 5),
        (404, "60", 5),
        # What can't be read does not count.
        (503, "soon", 5),
        (503, "-60", 5),
        (503, "1.5", 5),
        (503, "", 5),
    ],
)
def test_retry_after_lengthens_the_wait(api, start_receiver, status, retry_after, seconds):
    assert max(5, seconds - 1) <= wait_asked_for(api, start_receiver, status, retry_after) <= seconds * 1.1 + 1


def test_retry_after_may_be_a_date(api, start_receiver):
    wait = wait_asked_for(api, start_receiver, 503, formatdate(time.time() + 600, usegmt=True))
    assert 598 <= wait <= 661
    assert 5 <= wait_asked_for(api, start_receiver, 503, formatdate(0, usegmt=True)) <= 6


def wait_asked_for(api, start_receiver, status, retry_after):
    receiver = start_receiver((status, {"Retry-After": retry_after}))
    timer = send(api, receiver.url)
    return wait_before_retry(api.delivery(timer, "RETRYING"), receiver.one())


@pytest.mark.parametrize("seconds", ["43200", "86400", "9" * 30])
def test_retry_after_counts_up_to_12_hours(api, start_receiver, seconds):
    wait = wait_asked_for(api, start_receiver, 503, seconds)
    assert 12 * 3600 - 1 <= wait <= 12 * 3600 + 1


def test_the_retry_comes_with_the_same_id_and_bytes_and_is_signed_anew(api, start_receiver):
    receiver = start_receiver(500, 500, 200)
    timer = api.create(events={"on_expire": {"webhook": receiver.url, "data": {"a": 1.0}, "headers": {"X-Own": "1"}}})
    api.fire(timer)
    first, second = receiver.wait(2, within=8)
    assert 5 <= second.at - first.at <= 5.5 + 0.5
    assert second.headers["webhook-id"] == first.headers["webhook-id"]
    assert second.body == first.body
    assert (first.headers["X-MINOOTS-Attempt"], second.headers["X-MINOOTS-Attempt"]) == ("1", "2")
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) in (5, 6)
    secret = api.webhook_secret()
    for hit in (first, second):
        assert hit.headers["webhook-signature"] == standard(secret, hit)
        assert hit.headers["X-MINOOTS-Signature"] == minoots(secret, hit)
        assert hit.headers["X-Own"] == "1"
        assert hit.headers["Content-Length"] == str(len(hit.body))
    delivery = until(
        lambda: [found for found in api.deliveries(timer) if found["attempts"] == 2 and found["status"] == "RETRYING"],
        promise="the second failure is recorded",
    )[0]
    assert 25 <= wait_before_retry(delivery, second) <= 27.5 + 0.5


def test_a_retry_that_is_taken_ends_the_delivery(api, start_receiver):
    receiver = start_receiver(500, 200)
    timer = send(api, receiver.url)
    receiver.wait(2, within=8)
    delivery = api.delivery(timer)
    assert (delivery["attempts"], delivery["responseCode"]) == (2, 200)
    assert delivery.get("nextRetryAt") is None


def test_a_retry_survives_kill_9(start_server, start_receiver):
    server, receiver = start_server(), start_receiver(500, 200)
    timer = send(server.api, receiver.url)
    before = server.api.delivery(timer, "RETRYING")
    server.kill()
    server.start()
    assert server.api.delivery(timer, "RETRYING") == before
    first, second = receiver.wait(2, within=8)
    assert second.at >= millis(before["nextRetryAt"]) / 1000
    assert second.body == first.body
    assert second.headers["webhook-id"] == first.headers["webhook-id"]
    assert second.headers["X-MINOOTS-Attempt"] == "2"
    assert server.api.delivery(timer)["attempts"] == 2


ENDS = {
    "cancelled": lambda api, timer: api.cancel(timer),
    "extended": lambda api, timer: api.change(timer, extend="1h"),
    "begun anew": lambda api, timer: api.change(timer, duration="2h"),
    "moved": lambda api, timer: api.change(timer, expiresAt=iso(now() + HOUR)),
}


def test_what_is_still_to_be_retried_is_given_up_when_its_timer_is_cancelled_or_moved(api, start_receiver):
    receivers = {end: start_receiver(500) for end in ENDS}
    events = {end: {"on_progress": {"webhook": receivers[end].url, "intervals": ["1%"]}} for end in ENDS}
    timers = {end: api.create("10s", events=events[end]) for end in ENDS}
    for end, change in ENDS.items():
        receivers[end].one()
        api.delivery(timers[end], "RETRYING")
        change(api, timers[end])
        delivery = api.delivery(timers[end], "FAILED")
        assert (delivery["attempts"], delivery.get("nextRetryAt")) == (1, None), end
    last = max(receiver.one().at for receiver in receivers.values())
    until(lambda: time.time() > last + 5.5 + 0.5, within=8, promise="the retries would have come")
    for end, receiver in receivers.items():
        assert len(receiver.hits) == 1, f"no attempt begins after it was answered that the timer was {end}"


def test_an_expirys_retries_go_on_whatever_is_asked_of_the_expired_timer(api, start_receiver):
    receiver = start_receiver(500, 200)
    timer = send(api, receiver.url)
    api.delivery(timer, "RETRYING")
    assert api.delete(f"/timers/{timer['id']}").status_code == 409
    receiver.wait(2, within=8)
    assert api.delivery(timer)["attempts"] == 2


def test_a_cancellations_delivery_is_retried_too(api, start_receiver):
    receiver = start_receiver(500, 200)
    timer = api.create(webhook=receiver.url)
    api.cancel(timer)
    api.cancel(timer)
    assert {hit.event for hit in receiver.wait(2, within=8)} == {"timer_cancelled"}
    assert api.delivery(timer)["attempts"] == 2


def test_a_receiver_that_was_not_there_is_found_when_it_comes(api, misbehaving, start_receiver):
    away = misbehaving(hangs)
    away.close()
    timer = send(api, away.url)
    delivery = api.delivery(timer, "RETRYING")
    assert (delivery["attempts"], delivery.get("responseCode")) == (1, None)
    back = misbehaving(closes_after_the_request, port=away.port)
    until(lambda: back.count == 1, within=8, promise="the second attempt")
