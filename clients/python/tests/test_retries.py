"""Against a server that misbehaves: what is tried again, when, and what the caller learns."""

import json
import time
import unittest
from datetime import datetime, timedelta, timezone
from email.utils import formatdate

from support import Case, abandoned, ok, problem

from minoots import (
    ApiConnectionError,
    ApiError,
    ConflictError,
    Minoots,
    MinootsError,
    NotFoundError,
    RateLimitError,
    ServerError,
)

TIMER = ok(timer={"id": "timer_1"}, deliveries=[])
FAILURES = {
    "a cut connection": "cut",
    "half an answer": "half",
    "500": problem(500, "INTERNAL_ERROR"),
    "503": problem(503, "SERVICE_UNAVAILABLE"),
    "502 of a proxy": (502, {}, b"Bad Gateway"),
}


class Retries(Case):
    def test_a_creation_is_repeated_under_the_same_idempotency_key_with_the_same_bytes(self):
        for name, failure in FAILURES.items():
            with self.subTest(name):
                server = self.scripted(failure, TIMER)
                self.assertEqual(server.client().timers.create("1h"), {"id": "timer_1"})
                first, second = server.requests
                self.assertRegex(first.headers["Idempotency-Key"], "^[0-9a-f]{32}$")
                self.assertEqual(second.headers["Idempotency-Key"], first.headers["Idempotency-Key"])
                self.assertEqual(second.body, first.body)
                self.assertGreaterEqual(server.waits[0], 0.24, "not at once")

    def test_a_firing_is_not_repeated_since_it_may_have_been_done(self):
        for name, failure in FAILURES.items():
            with self.subTest(name):
                server = self.scripted(failure, TIMER)
                with self.assertRaises(ApiConnectionError if isinstance(failure, str) else ServerError):
                    server.client().timers.fire("timer_1")
                self.assertEqual(len(server.requests), 1)

    def test_each_creation_has_an_idempotency_key_of_its_own_or_the_one_given(self):
        server = self.scripted(TIMER)
        timers = server.client().timers
        timers.create("1h")
        timers.create("1h")
        timers.create("1h", idempotency_key="order-7")
        first, second, third = (request.headers["Idempotency-Key"] for request in server.requests)
        self.assertNotEqual(first, second)
        self.assertEqual(third, "order-7")

    def test_every_call_that_creates_carries_an_idempotency_key_and_no_other_does(self):
        server = self.scripted(ok(timer={}, deliveries=[], results=[], data={}))
        client = server.client()
        client.timers.create_batch([])
        client.webhooks.create(name="n", url="https://example.com", events=["*"])
        client.events.send(type="a.b", data={})
        self.assertTrue(all(request.headers["Idempotency-Key"] for request in server.requests))
        server.requests.clear()
        client.timers.get("a")
        client.timers.update("a", extend="1m")
        client.timers.cancel("a")
        client.webhooks.regenerate_secret("a")
        client.webhooks.test("a")
        self.assertEqual([request.headers["Idempotency-Key"] for request in server.requests], [None] * 5)

    def test_retry_after_is_waited_for(self):
        for status in (429, 503):
            with self.subTest(status):
                server = self.scripted(problem(status, "X", Retry_After="1"), TIMER)
                server.client().timers.create("1h")
                self.assertGreaterEqual(server.waits[0], 0.99)

    def test_a_retry_after_longer_than_the_longest_wait_is_raised_at_once_with_its_seconds(self):
        for status in (429, 503):
            with self.subTest(status):
                server = self.scripted(problem(status, "X", Retry_After="60"), TIMER)
                with self.assertRaises(ApiError) as raised:
                    server.client().timers.get("a")
                self.assertEqual(raised.exception.retry_after, 60)
                self.assertEqual(len(server.requests), 1)

    def test_retry_after_may_be_a_date(self):
        server = self.scripted(problem(429, "X", Retry_After=formatdate(time.time() + 3600, usegmt=True)))
        with self.assertRaises(RateLimitError) as raised:
            server.client().timers.get("a")
        self.assertAlmostEqual(raised.exception.retry_after, 3600, delta=2)

    def test_what_was_refused_with_429_was_not_done_so_even_a_firing_is_repeated(self):
        server = self.scripted(problem(429, "RATE_LIMIT_EXCEEDED", Retry_After="0"), TIMER)
        server.client().timers.fire("a")
        self.assertEqual(len(server.requests), 2)

    def test_409_is_repeated_when_the_service_says_when_to_come_again_and_raised_when_not(self):
        busy = self.scripted(problem(409, "CONFLICT", Retry_After="0"), TIMER)
        busy.client().timers.create("1h")
        self.assertEqual(len(busy.requests), 2)
        taken = self.scripted(problem(409, "CONFLICT"), TIMER)
        with self.assertRaises(ConflictError):
            taken.client().timers.create("1h", id="a")
        self.assertEqual(len(taken.requests), 1)

    def test_retries_end_after_max_retries_with_the_last_error_and_wait_longer_each_time(self):
        server = self.scripted(problem(503, "SERVICE_UNAVAILABLE"))
        with self.assertRaises(ServerError):
            server.client(max_retries=2).timers.get("a")
        first, second = server.waits
        self.assertTrue(0.24 <= first < 0.7 and 0.49 <= second < 1.2, (first, second))
        with self.assertRaises(ServerError):
            server.client(max_retries=0).timers.get("a")
        self.assertEqual(len(server.requests), 4)

    def test_what_the_caller_got_wrong_is_not_repeated(self):
        server = self.scripted(problem(404, "TIMER_NOT_FOUND"))
        with self.assertRaises(NotFoundError) as raised:
            server.client().timers.get("a")
        error = raised.exception
        self.assertEqual((error.status, error.code, str(error)), (404, "TIMER_NOT_FOUND", "it is TIMER_NOT_FOUND"))
        self.assertEqual(error.details, [{"path": "name", "message": "is odd"}])
        self.assertEqual(len(server.requests), 1)

    def test_to_extend_a_timer_twice_is_not_the_same_as_once_so_a_lost_answer_is_told(self):
        server = self.scripted("cut", TIMER)
        with self.assertRaises(ApiConnectionError):
            server.client().timers.update("a", extend="15m")
        self.assertEqual(len(server.requests), 1)
        other = self.scripted("cut", TIMER)
        other.client().timers.update("a", duration="15m")
        self.assertEqual(len(other.requests), 2)

    def test_an_attempt_ends_after_the_time_limit(self):
        server = self.scripted("hang", TIMER)
        server.client(timeout=0.15).timers.get("a")
        self.assertEqual(len(server.requests), 2)
        hanging = self.scripted("hang")
        with self.assertRaisesRegex(ApiConnectionError, "timed out"):
            hanging.client(timeout=0.15, max_retries=0).timers.get("a")

    def test_where_nobody_listens_even_a_firing_is_repeated_since_it_was_never_sent(self):
        began = time.monotonic()
        with self.assertRaisesRegex(ApiConnectionError, "refused"):
            Minoots(api_key="k", base_url=abandoned(), max_retries=1).timers.fire("a")
        self.assertGreaterEqual(time.monotonic() - began, 0.24, "one wait between two attempts")

    def test_a_redirect_is_not_followed_so_the_key_stays_here(self):
        elsewhere = self.scripted(TIMER)
        for status in (301, 302, 307, 308):
            server = self.scripted((status, {"Location": elsewhere.url}, b""))
            for call in (lambda timers: timers.create("1h"), lambda timers: timers.get("a")):
                with self.assertRaises(ApiError) as raised:
                    call(server.client().timers)
                self.assertEqual(raised.exception.status, status)
        self.assertEqual(elsewhere.requests, [])

    def test_an_answer_that_is_not_the_apis_is_an_error_that_says_so(self):
        for status, body in ((200, b"<html>"), (418, b'{"teapot":true}'), (404, b"[]")):
            server = self.scripted((status, {}, body))
            with self.assertRaisesRegex(ApiError, "base_url") as raised:
                server.client().timers.get("a")
            self.assertEqual((raised.exception.status, raised.exception.code), (status, "UNKNOWN"))

    def test_an_id_stays_within_its_place_in_the_path_and_what_is_none_is_refused(self):
        server = self.scripted(TIMER)
        client = server.client()
        client.timers.get("a/b?c=d#e é")
        self.assertEqual(server.requests[0].path, "/timers/a%2Fb%3Fc%3Dd%23e%20%C3%A9")
        for identifier in ("", ".", "..", None, 7):
            for call in (client.timers.get, client.webhooks.delete):
                with self.assertRaises(ValueError):
                    call(identifier)
        self.assertEqual(len(server.requests), 1)

    def test_times_and_durations_are_written_as_the_api_reads_them(self):
        server = self.scripted(TIMER)
        timers = server.client().timers
        timers.create(timedelta(minutes=15, microseconds=1), data={"text": "Grüße 🚀"})
        timers.create(expires_at=datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc))
        first, second = (json.loads(request.body) for request in server.requests)
        self.assertEqual(first, {"duration": 900_001, "data": {"text": "Grüße 🚀"}})
        self.assertEqual(second, {"expiresAt": "2030-01-02T03:04:05+00:00"})
        for nonsense in (datetime(2030, 1, 1), float("nan")):
            with self.assertRaises(ValueError):
                timers.create("1h", data={"at": nonsense})
        with self.assertRaises(TypeError):
            timers.create("1h", data={"at": object()})

    def test_none_is_sent_where_it_is_a_change_and_left_out_where_it_is_not(self):
        server = self.scripted(ok(data={}))
        webhooks = server.client().webhooks
        webhooks.create(name="n", url="https://example.com", events=("a.b",), description=None)
        webhooks.update("a", description=None)
        bodies = [json.loads(request.body) for request in server.requests]
        self.assertEqual(bodies[0], {"name": "n", "url": "https://example.com", "events": ["a.b"]})
        self.assertEqual(bodies[1], {"description": None})

    def test_only_http_is_spoken(self):
        for base_url in ("file:///etc/passwd?", "ftp://example.com", "example.com"):
            with self.assertRaises(ValueError):
                Minoots(api_key="k", base_url=base_url).timers.get("a")

    def test_nonsense_options_are_refused(self):
        for options in ({"max_retries": -1}, {"timeout": float("nan")}, {"max_retry_wait": -1}):
            with self.assertRaises(ValueError):
                Minoots(api_key="k", **options)

    def test_errors_have_one_ancestor(self):
        server = self.scripted("cut", problem(404, "NOT_FOUND"))
        for _ in range(2):
            with self.assertRaises(MinootsError):
                server.client(max_retries=0).timers.get("a")


if __name__ == "__main__":
    unittest.main()
