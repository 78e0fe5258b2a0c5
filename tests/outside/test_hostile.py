"""Hostile callers: each gets an error and nothing else, and the others are served as ever."""

import json
import random
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from api import problem_in, refused, succeeded
from waiting import stays

HUGE = 100_000_000


@pytest.fixture(autouse=True)
def unharmed(server):
    """After each of these tests the same process serves as ever, and promptly."""
    yield
    begun = time.monotonic()
    assert server.is_healthy()
    timer = server.api.create()
    assert server.api.timer(timer)["status"] == "running"
    assert time.monotonic() - begun < 2


def said(answer):
    """Status, headers and body of an answer in bytes."""
    head, body = answer.split(b"\r\n\r\n", 1)
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.title(): value for name, value in (line.split(": ", 1) for line in lines)}
    return int(first.split()[1]), headers, body


def head(server, path="/timers", method="POST", **headers):
    lines = {"Host": "x", "x-api-key": server.key, "Connection": "close", **headers}
    fields = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{fields}\r\n".encode()


@pytest.mark.parametrize("path", ["/timers", "/timers/batch", "/quick/wait", "/account/api-keys"])
@pytest.mark.parametrize("form", ["with a length", "in chunks"])
def test_a_huge_body_is_refused_and_costs_no_memory(server, path, form):
    before = server.resident_megabytes()
    piece = b"x" * 1_000_000
    chunked = form == "in chunks"
    framing = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": HUGE}
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        connection.sendall(head(server, path, **framing))
        answer = b""
        try:
            for _ in range(HUGE // len(piece)):
                connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
                assert server.resident_megabytes() < before + 60, "the body is kept in memory"
            connection.sendall(b"0\r\n\r\n" if chunked else b"")
            answer = received(connection)
        except ConnectionError:
            # It may hang up as soon as it has seen enough; what it answered before can then be lost on the way.
            answer = received(connection)
    if answer:
        status, headers, body = said(answer)
        assert (status, problem_in(headers, body, status)["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert server.resident_megabytes() < before + 60


def received(connection):
    got = b""
    try:
        while piece := connection.recv(65_536):
            got += piece
    except OSError:
        pass
    return got


def test_a_body_announced_as_huge_is_refused_before_it_is_sent(server):
    answer = server.exchange(head(server, **{"Content-Length": HUGE}))
    status, headers, body = said(answer)
    assert (status, problem_in(headers, body, status)["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")


DEEP = {
    "arrays": b"[" * 100_000,
    "closed arrays": b"[" * 100_000 + b"]" * 100_000,
    "objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "metadata": b'{"duration":"1h","metadata":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001,
    "data": b'{"duration":"1h","data":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    "an unknown field": b'{"duration":"1h","unknown":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a duration": b'{"duration":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "within a batch": b'{"timers":[{"duration":"1h","metadata":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}]}",
    "behind a string of brackets": b'{"duration":"1h","name":"[[[","metadata":{"a":' + b"[" * 100_000,
}


@pytest.mark.parametrize("body", DEEP.values(), ids=DEEP)
@pytest.mark.parametrize("path", ["/timers", "/timers/batch", "/quick/wait"])
def test_a_body_100_000_levels_deep_is_refused(api, path, body):
    refused(api.post(path, body), 400, "INVALID_REQUEST")


def test_brackets_within_a_string_are_no_levels(api):
    assert api.create(name="[" * 200, metadata={"a": '{"' * 1000})["name"] == "[" * 200


@pytest.mark.parametrize("body", [b'{"duration":"1h","name":"\\ud800"}', b'{"duration":"1h","metadata":{"\\udc00":1}}'])
def test_half_a_surrogate_is_refused(api, body):
    refused(api.post("/timers", body), 400, "INVALID_REQUEST")


def with_field(name, value):
    return f'{{"duration":"1h","{name}":{value}}}'


def listed(text, times):
    return ",".join([text] * times)


WIDE = {
    "keys": with_field("metadata", "{" + ",".join(f'"{n}":1' for n in range(100_000)) + "}"),
    "the same key": with_field("metadata", "{" + listed('"a":1', 100_000) + "}"),
    "items": with_field("metadata", '{"a":[' + listed("1", 200_000) + "]}"),
    "a long number": with_field("metadata", '{"a":0.' + "1" * 500_000 + "}"),
    "a long key": with_field("metadata", '{"' + "k" * 500_000 + '":1}'),
    "a long duration": '{"duration":"' + "1h" * 250_000 + '"}',
    "a long name": with_field("name", '"' + "n" * 500_000 + '"'),
    "a long URL": with_field("webhook", '"https://example.com/' + "u" * 500_000 + '"'),
    "many unknown fields": with_field("events", "{" + ",".join(f'"{n}":1' for n in range(20_000)) + "}"),
    "many faulty intervals": with_field("events", '{"on_progress":{"intervals":[' + listed("0", 100_000) + "]}}"),
}


@pytest.mark.parametrize("body", WIDE.values(), ids=WIDE)
def test_a_body_that_is_wide_is_refused_or_served_and_quickly(api, body):
    begun = time.monotonic()
    response = api.post("/timers", body)
    assert time.monotonic() - begun < 2
    if response.status_code != 201:
        assert response.status_code in (400, 413), response.text[:300]
        refused(response, response.status_code)
        assert len(response.content) < 200_000, "an error is no amplifier"


ANYTHING = [
    *(None, True, 0, -1, 1.5, 1e300, "", "x", "\0", "x" * 5000),
    *([], [[]], [None], {}, {"": None}, {"a": {"b": []}}),
]
FIELDS = [
    *("duration", "expiresAt", "name", "id", "agent_id", "agentId", "team", "scenario", "organizationId", "projectId"),
    *("metadata", "events", "webhook", "callback", "message", "data"),
]
INNER = ["webhook", "format", "message", "data", "headers", "intervals"]


def test_any_value_in_any_field_is_served_or_refused_and_never_an_internal_error(api):
    bodies = [{"duration": "1h", field: value} for field in FIELDS for value in ANYTHING]
    for event in ("on_expire", "on_progress", "on_cancel"):
        for field in INNER:
            bodies += [{"duration": "1h", "events": {event: {field: value}}} for value in ANYTHING]
        bodies += [{"duration": "1h", "events": {event: value}} for value in ANYTHING]
    with ThreadPoolExecutor(8) as pool:
        for body, response in zip(bodies, pool.map(lambda body: api.post("/timers", body), bodies), strict=True):
            assert response.status_code in (201, 400, 413), f"{body}: {response.text[:300]}"
            if response.status_code != 201:
                refused(response, response.status_code)


def test_any_value_in_any_field_of_a_change_is_served_or_refused(api):
    fields = [*FIELDS, "extend", "status", "startTime", "unknown"]
    bodies = [{field: value} for field in fields for value in ANYTHING]

    def change(body):
        return api.patch(f"/timers/{api.create()['id']}", body)

    with ThreadPoolExecutor(8) as pool:
        for body, response in zip(bodies, pool.map(change, bodies), strict=True):
            assert response.status_code in (200, 400, 413), f"{body}: {response.text[:300]}"
            if response.status_code != 200:
                refused(response, response.status_code)


def test_bodies_with_bytes_changed_at_random_are_served_or_refused(api):
    seed = random.randrange(10**9)
    print(f"seed {seed}")
    rolls = random.Random(seed)
    timer = {
        "duration": "6h30m",
        "name": "Ünïcode 💥",
        "metadata": {"a": [1.5e3, -0, None], "b": {"c": "\u0007"}},
        "events": {"on_progress": {"webhook": "https://example.com/a?b=c", "intervals": ["25%", "-30m"]}},
    }
    whole = json.dumps(timer, ensure_ascii=False).encode()

    def bent(_):
        body = bytearray(whole)
        for _ in range(rolls.randint(1, 4)):
            at = rolls.randrange(len(body))
            match rolls.randrange(3):
                case 0:
                    body[at] = rolls.randrange(256)
                case 1:
                    del body[at : at + rolls.randint(1, 9)]
                case 2:
                    body[at:at] = rolls.choice(
                        [b"{", b"[", b'"', b"\\", b"\0", b"\xff", b"9" * 30, b"e999", b",", b":"]
                    )
        return bytes(body)

    bodies = [bent(n) for n in range(1500)]
    with ThreadPoolExecutor(8) as pool:
        for body, response in zip(bodies, pool.map(lambda body: api.post("/timers", body), bodies), strict=True):
            assert response.status_code in (201, 400, 413), f"seed {seed}, body {body}: {response.text[:300]}"
            if response.status_code != 201:
                refused(response, response.status_code)


GARBAGE = {
    "nothing but zeros": b"\0" * 1000,
    "line breaks": b"\r\n" * 1000,
    "no HTTP": b"EHLO example.com\r\n\r\n",
    "a TLS greeting": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    "HTTP 2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP 9": b"GET /health HTTP/9.9\r\nHost: x\r\n\r\n",
    "a header without a colon": b"GET /health HTTP/1.1\r\nHost x\r\n\r\n",
    "NUL in a header": b"GET /health HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
    "a folded header": b"GET /health HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
    "two lengths": b"POST /timers HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "a negative length": b"POST /timers HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "an endless length": b"POST /timers HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    "length and chunks": b"POST /timers HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0",
    "a bad chunk": b"POST /timers HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n\r\n",
    "an endless line": b"GET /" + b"x" * 1_000_000,
    "an endless header": b"GET /health HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 1_000_000,
    "many headers": b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 50_000 + b"\r\n",
}


@pytest.mark.parametrize("sent", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_refused_or_hung_up_on(server, sent):
    with socket.create_connection(("127.0.0.1", server.port), 3) as connection:
        try:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            return
        answer = received(connection)
    if answer:
        assert answer.startswith(b"HTTP/1."), answer[:100]
        assert int(answer.split()[1]) in range(400, 500), answer[:300]


def test_requests_sent_without_waiting_are_answered_in_order(server):
    asks = [
        head(server, path, "GET", Connection="keep-alive") for path in ("/timers?limit=1", "/nowhere", "/account/usage")
    ]
    answer = server.exchange(b"".join(asks) + head(server, "/account/api-keys", "GET"))
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [b"200", b"404", b"200", b"200"]


def test_a_request_is_answered_though_the_next_one_has_only_begun(server):
    with socket.create_connection(("127.0.0.1", server.port), 3) as connection:
        connection.sendall(head(server, "/account/usage", "GET", Connection="keep-alive") + b"GET /tim")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")


def test_what_follows_a_closing_request_does_not_swallow_its_answer(server):
    answer = server.exchange(head(server, "/account/usage", "GET") + b"GET /tim")
    assert answer.startswith(b"HTTP/1.1 200")


def test_a_request_that_is_no_http_is_told_so(server):
    for sent in (b"nonsense\r\n\r\n", b"GET /\x7f HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nX: a\0b\r\n\r\n"):
        assert server.exchange(sent).startswith(b"HTTP/1.1 400")


STRANGE_PATHS = [
    *(
        "/%",
        "/%zz",
        "/timers/%",
        "/timers/%00",
        "/timers/%ff",
        "/timers/..",
        "//timers",
        "/timers//",
        "/./timers",
        "/\x7f",
    ),
    *(
        "/timers?limit=%ff",
        "/timers?limit=1&limit=2",
        "/timers?status=%00",
        "/timers?cursor=%ff%fe",
        "/timers?%",
        "/timers?&&=&",
    ),
    *("/timers?team=" + "x" * 5000, "/" + "x" * 20_000, "/timers?" + "a=b&" * 5000, "*", "http://example.com/timers"),
]


@pytest.mark.parametrize("path", STRANGE_PATHS, ids=lambda path: path[:20])
def test_a_strange_path_is_served_or_refused_in_the_one_shape(server, path):
    answer = server.exchange(head(server, path, "GET"))
    assert answer, "an answer"
    status, headers, body = said(answer)
    assert status == 200 or status in range(400, 500), answer[:300]
    if body and status not in (200, 414, 431):
        problem_in(headers, body, status)


@pytest.mark.parametrize("value", [b"\xff\xfe", b"mnt_live_\x80", b"a\tb", "schlüssel".encode()], ids=repr)
def test_a_key_of_strange_bytes_opens_nothing(server, value):
    answer = server.exchange(
        b"GET /timers HTTP/1.1\r\nHost: x\r\nConnection: close\r\nx-api-key: " + value + b"\r\n\r\n"
    )
    assert said(answer)[0] in (400, 401)


@pytest.mark.parametrize("key", ["", "x" * 10_000, "\t", "ü", "a\0b"], ids=lambda key: repr(key)[:8])
def test_a_strange_idempotency_key_is_served_or_refused(server, key):
    body = b'{"duration":"1h"}'
    sent = head(server, **{"Idempotency-Key": key, "Content-Length": len(body)}) + body
    assert said(server.exchange(sent))[0] in (201, 400, 431)


def test_hundreds_of_half_written_requests_hold_nobody_up(server, receiver):
    beginnings = [
        b"",
        b"P",
        b"POST /timers HTTP/1.1\r\nHost:",
        head(server, **{"Content-Length": 1000}) + b'{"duration":',
        head(server, **{"Transfer-Encoding": "chunked"}) + b"5\r\n{",
    ]
    with ExitStack() as held:
        for number in range(400):
            connection = held.enter_context(socket.create_connection(("127.0.0.1", server.port), 10))
            connection.sendall(beginnings[number % len(beginnings)])
        begun = time.monotonic()
        timer = server.api.create("200ms", webhook=receiver.url)
        assert time.monotonic() - begun < 0.5
        assert 0 <= receiver.one().late(timer) < 0.5
    assert server.is_healthy()


def test_a_request_dripped_byte_by_byte_is_served_and_holds_nobody_up(server, api):
    body = b'{"duration":"1h","name":"dripped"}'
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        for byte in head(server, **{"Content-Length": len(body)}) + body:
            connection.sendall(bytes([byte]))
        api.create()
        assert said(received(connection))[0] == 201


def test_callers_that_hang_up_before_the_answer_do_no_harm(server):
    for _ in range(300):
        server.send_and_hang_up(head(server, "/timers?limit=100", "GET"))
    assert server.is_healthy()


def test_callers_that_never_read_their_answers_cost_no_memory_and_delay_nobody(server, api, team, receiver):
    full = {"duration": "1h", "team": team, "metadata": {"a": "x" * 30_000}}
    succeeded(api.post("/timers/batch", {"timers": [full] * 100}))
    before = server.resident_megabytes()
    asks = head(server, "/timers?limit=100", "GET", Connection="keep-alive") * 50
    with ExitStack() as held:
        for _ in range(20):
            connection = held.enter_context(socket.create_connection(("127.0.0.1", server.port), 10))
            connection.sendall(asks)
        timer = api.create("300ms", webhook=receiver.url)
        # Each asks for 150 MB; a page or two for each is all that need be kept.
        stays(lambda: server.resident_megabytes() < before + 250, throughout=1, promise="memory stays bounded")
        assert 0 <= receiver.one().late(timer) < 0.5
