"""Hostile receivers: each costs one time-limited attempt and no memory, and delays nobody else."""

import threading

import pytest

import misbehaving as bad
from api import succeeded
from instants import millis, now
from waiting import stays, until

LIMIT = 2


@pytest.fixture(scope="module")
def server(start_servers):
    return start_servers("--webhook-timeout", str(LIMIT))


BROKEN = {
    "reads nothing": bad.silent,
    "hangs": bad.hangs,
    "drips its headers": bad.drips_headers,
    "floods with headers": bad.floods_headers,
    "floods with one header": bad.floods_one_header,
    "closes at once": bad.closes_at_once,
    "closes after the request": bad.closes_after_the_request,
    "resets": bad.resets,
    "answers garbage": bad.answers(b"\0\1\2\3" * 1000),
    "answers no HTTP": bad.answers(b"220 smtp.example.com ESMTP\r\n"),
    "answers TLS": bad.answers(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200)),
    "answers half a line": bad.answers(b"HTTP/1.1 20"),
    "answers half its headers": bad.answers(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "answers a code that is none": bad.answers(b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"),
    "answers 1xx for ever": bad.answers(b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000),
    "answers HTTP 2": bad.answers(b"\0\0\0\4\0\0\0\0\0"),
}


@pytest.mark.parametrize("behave", BROKEN.values(), ids=BROKEN)
def test_one_attempt_within_the_time_limit_and_no_success(server, api, misbehaving, behave):
    before = server.resident_megabytes()
    receiver = misbehaving(behave)
    begun = now()
    timer = api.fire(api.create(webhook=receiver.url))
    delivery = api.delivery(timer, "SUCCESS", "RETRYING", "FAILED")
    assert now() - begun < (LIMIT + 1) * 1000
    assert (delivery["status"], delivery["attempts"]) == ("RETRYING", 1)
    assert millis(delivery["nextRetryAt"]) - now() > 4000, "the wait begins when the attempt ended"
    assert server.resident_megabytes() < before + 30
    assert receiver.count == 1


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize(
    "behave", [bad.drips_a_body, bad.floods_a_body, bad.floods_in_chunks], ids=lambda b: b.__name__
)
def test_a_body_without_an_end_is_not_waited_for_or_kept(server, api, misbehaving, status, behave):
    before = server.resident_megabytes()
    receiver = misbehaving(behave(status))
    begun = now()
    timer = api.fire(api.create(webhook=receiver.url))
    delivery = api.delivery(timer, "SUCCESS", "RETRYING", "FAILED")
    assert now() - begun < (LIMIT + 1) * 1000
    assert delivery["attempts"] == 1
    assert delivery["status"] in (["SUCCESS", "RETRYING"] if status == 200 else ["RETRYING"])
    until(lambda: receiver.connections[0].ended, promise="the server hangs up")
    assert server.resident_megabytes() < before + 30


def test_a_hundred_floods_at_once_cost_no_memory(server, api, misbehaving):
    before = server.resident_megabytes()
    receiver = misbehaving(bad.floods_a_body(200))
    batch = [{"duration": "300ms", "webhook": receiver.url}] * 100
    timers = [result["timer"] for result in succeeded(api.post("/timers/batch", {"timers": batch}))["results"]]
    most = before

    def done():
        nonlocal most
        most = max(most, server.resident_megabytes())
        return receiver.count == 100 and all(api.deliveries(timer)[0]["attempts"] == 1 for timer in timers)

    until(done, within=20, promise="one attempt each")
    assert most < before + 100, "100 answers of 100 MB, of which at most 64 kB are read"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_loopback_never_gets_there(api, misbehaving, start_receiver, status):
    canary = start_receiver()
    receiver = misbehaving(bad.redirects(status, canary.url + "/canary"))
    timer = api.fire(api.create(webhook=receiver.url))
    assert api.delivery(timer, "RETRYING", "SUCCESS")["status"] == "RETRYING"
    stays(lambda: canary.hits == [], throughout=0.3, promise="no redirect is followed")


def test_a_dead_host_delays_no_other(server, api, misbehaving, receiver):
    dead = misbehaving(bad.hangs, host="127.0.0.2")
    batch = [{"duration": "300ms", "webhook": dead.url}] * 100
    for _ in range(5):
        succeeded(api.post("/timers/batch", {"timers": batch}))
    until(lambda: dead.count >= 10, promise="the dead host is being tried")
    timers = [api.create("100ms", webhook=receiver.url) for _ in range(20)]
    for hit in receiver.wait(len(timers), within=3):
        assert 0 <= hit.late() < 0.5, "a healthy receiver beside 500 attempts that hang"
    assert server.is_healthy()


def test_many_dead_hosts_delay_no_other(api, misbehaving, receiver):
    dead = [misbehaving(bad.hangs, host=f"127.0.1.{number}") for number in range(1, 41)]
    batch = [{"duration": "300ms", "webhook": host.url} for host in dead for _ in range(5)]
    for start in (0, 100):
        succeeded(api.post("/timers/batch", {"timers": batch[start : start + 100]}))
    until(lambda: all(host.count for host in dead), promise="each dead host is being tried")
    timers = [api.create("100ms", webhook=receiver.url) for _ in range(20)]
    for hit in receiver.wait(len(timers), within=3):
        assert 0 <= hit.late() < 0.5, "a healthy receiver beside 40 hosts that hang"


def test_dead_hosts_with_more_webhooks_than_are_sent_at_once_delay_no_other(start_server, misbehaving, receiver):
    """20 hosts, 100 webhooks each: more than may be under way in all, if each may have 64 at once."""
    api = start_server("--webhook-timeout", "20").api
    dead = [misbehaving(bad.hangs, host=f"127.0.2.{number}") for number in range(1, 21)]
    for host in dead:
        succeeded(api.post("/timers/batch", {"timers": [{"duration": "300ms", "webhook": host.url}] * 100}))
    until(lambda: sum(host.count for host in dead) >= 80, within=15, promise="each has all that it may")
    timers = [api.create("100ms", webhook=receiver.url) for _ in range(20)]
    for hit in receiver.wait(len(timers), within=5):
        assert 0 <= hit.late() < 1, "a healthy receiver beside 20 hosts that hang"


def test_a_slow_receiver_within_the_limit_is_heard_out(api, misbehaving):
    answer = threading.Event()
    receiver = misbehaving(bad.answers_when(answer))
    timer = api.fire(api.create(webhook=receiver.url))
    until(lambda: receiver.count == 1, promise="the attempt has begun")
    stays(lambda: api.deliveries(timer)[0]["status"] == "SENDING", throughout=LIMIT / 2, promise="it is waited for")
    answer.set()
    assert api.delivery(timer)["attempts"] == 1


def test_the_beginning_of_an_answers_body_does_not_matter(api, misbehaving):
    receiver = misbehaving(bad.answers(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n\xff\xfe\0\r\n\0"))
    assert api.delivery(api.fire(api.create(webhook=receiver.url)))["responseCode"] == 200


def test_no_memory_is_left_behind(server, api, misbehaving):
    receivers = [misbehaving(behave) for behave in (bad.closes_at_once, bad.resets, bad.answers(b"\0" * 10_000))]
    before = server.resident_megabytes()
    batch = [{"duration": 1, "webhook": receiver.url} for receiver in receivers for _ in range(33)]
    for _ in range(10):
        succeeded(api.post("/timers/batch", {"timers": batch}))
    until(lambda: sum(receiver.count for receiver in receivers) >= 900, within=20, promise="all are tried")
    assert server.resident_megabytes() < before + 60
