"""Contract section 3: the headers of a delivery, and what is the same in all its attempts."""

import re
import time

import pytest
from standardwebhooks import Webhook

from signatures import minoots, standard
from waiting import until


@pytest.fixture
def delivered(api, receiver):
    """Has one webhook delivered; gives the timer and the request that came."""

    def deliver(event="on_expire", **action):
        events = {event: {"webhook": receiver.url + "/hook", **action}}
        if event == "on_progress":
            events[event]["intervals"] = ["50%"]
        timer = api.create("300ms" if event == "on_progress" else "1h", events=events)
        if event != "on_progress":
            (api.cancel if event == "on_cancel" else api.fire)(timer)
        return timer, receiver.one()

    return deliver


EVENTS = {"on_expire": "timer_expired", "on_progress": "timer_progress", "on_cancel": "timer_cancelled"}


@pytest.mark.parametrize("event", EVENTS)
def test_every_delivery_carries_the_headers_of_the_table(api, delivered, event):
    timer, hit = delivered(event)
    headers = hit.headers
    assert headers["Content-Type"] == "application/json"
    assert headers["Content-Length"] == str(len(hit.body))
    assert "Transfer-Encoding" not in headers
    assert re.fullmatch(r"\S+/\d\S*", headers["User-Agent"])
    [delivery] = api.deliveries(timer)
    assert headers["webhook-id"] == headers["X-MINOOTS-Delivery"] == delivery["id"]
    assert headers["X-MINOOTS-Attempt"] == "1"
    assert headers["X-MINOOTS-Event"] == EVENTS[event] == hit.event
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 5


@pytest.mark.parametrize("event", EVENTS)
def test_every_delivery_is_signed_both_ways(api, delivered, event):
    _, hit = delivered(event, data={"text": "é💥"})
    secret = api.webhook_secret()
    assert hit.headers["X-MINOOTS-Signature"] == minoots(secret, hit)
    assert hit.headers["webhook-signature"] == standard(secret, hit)
    assert Webhook(secret).verify(hit.body, {name.lower(): value for name, value in hit.headers.items()}) == hit.json


def test_the_headers_of_endpoints_are_not_on_timers_webhooks(delivered):
    _, hit = delivered()
    for name in ("X-Webhook-Signature", "X-Webhook-Timestamp", "X-Webhook-ID", "X-Webhook-Event"):
        assert name not in hit.headers


@pytest.mark.parametrize("event", EVENTS)
def test_the_callers_own_headers_are_sent_as_given(delivered, event):
    own = {"Authorization": "Bearer abc", "X-Custom": "with  blanks; and=signs", "x_y~!": "1", "Accept": "text/plain"}
    _, hit = delivered(event, headers=own)
    assert {name: hit.headers[name] for name in own} == own


def test_no_header_asks_for_or_carries_more_than_is_promised(delivered):
    _, hit = delivered()
    for name in ("Cookie", "Referer", "Authorization", "Accept-Encoding", "Expect", "Origin", "Transfer-Encoding"):
        assert name not in hit.headers


def test_no_cookie_comes_back(api, start_receiver):
    receiver = start_receiver((200, {"Set-Cookie": "session=secret; Path=/"}))
    for _ in range(2):
        api.fire(api.create(webhook=receiver.url))
    assert all("Cookie" not in hit.headers for hit in receiver.wait(2))


def test_each_delivery_has_an_id_of_its_own(api, receiver):
    for _ in range(10):
        api.fire(api.create(webhook=receiver.url))
    assert len({hit.headers["webhook-id"] for hit in receiver.wait(10)}) == 10


def test_many_deliveries_share_connections(api, start_receiver):
    # Reuse shows in what a receiver counts: connections, not requests.
    receiver = start_receiver()
    for _ in range(20):
        timer = api.create(webhook=receiver.url)
        api.fire(timer)
        api.delivery(timer)
    assert receiver.connections < 20


SUMMARY = {"id", "event", "status", "attempts", "responseCode", "nextRetryAt"}


def test_a_timer_shows_how_its_deliveries_went(api, start_receiver):
    receiver = start_receiver(202)
    timer = api.create("300ms", events={
        "on_expire": {"webhook": receiver.url},
        "on_progress": {"webhook": receiver.url, "intervals": ["50%"]},
    })  # fmt: skip
    assert api.deliveries(timer) == []
    receiver.wait(2)
    deliveries = until(
        lambda: [d for d in [api.deliveries(timer)] if len(d) == 2 and {each["status"] for each in d} == {"SUCCESS"}],
        promise="both deliveries succeed",
    )[0]
    assert sorted(delivery["event"] for delivery in deliveries) == ["timer_expired", "timer_progress"]
    for delivery in deliveries:
        assert set(delivery) <= SUMMARY
        assert (delivery["attempts"], delivery["responseCode"]) == (1, 202)
        assert delivery.get("nextRetryAt") is None
        assert delivery["id"] in [hit.headers["webhook-id"] for hit in receiver.hits]


def test_a_timer_whose_receiver_is_away_shows_that_it_will_be_tried_again(api, start_receiver):
    timer = api.create(webhook=start_receiver(503).url)
    api.fire(timer)
    delivery = api.delivery(timer, "RETRYING")
    assert (delivery["event"], delivery["attempts"], delivery["responseCode"]) == ("timer_expired", 1, 503)
    assert delivery["nextRetryAt"]
