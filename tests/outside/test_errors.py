"""Contract section 1: every error is JSON, of one shape, with the right status, and names every fault."""

import pytest

from api import Api, faults, refused

MALFORMED = {
    "nothing": b"",
    "blanks": b"  \n ",
    "half an object": b'{"duration": "1h"',
    "a stray brace": b'{"duration": "1h"}}',
    "two objects": b'{"duration": "1h"} {"duration": "1h"}',
    "a comma too many": b'{"duration": "1h",}',
    "no quotes": b'{duration: "1h"}',
    "single quotes": b"{'duration': '1h'}",
    "a comment": b'{"duration": "1h" /* why */}',
    "NaN": b'{"duration": NaN}',
    "a form": b"duration=1h&name=x",
    "a line break in a string": b'{"duration": "1\nh"}',
    "bad UTF-8": b'{"duration": "1h", "name": "\xff\xfe"}',
    "overlong UTF-8": b'{"duration": "1h", "name": "\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"duration": "1h", "name": "\xed\xa0\x80"}',
    "UTF-16": '{"duration": "1h"}'.encode("utf-16"),
    "a number too large": b'{"duration": "1h", "metadata": {"x": 1e400}}',
    "NUL": b"\0",
}
NO_OBJECTS = {"null": b"null", "an array": b"[]", "a string": b'"1h"', "a number": b"3600000", "a boolean": b"true"}

TAKES_A_BODY = [
    ("POST", "/timers"),
    ("POST", "/quick/wait"),
    ("POST", "/timers/batch"),
    ("PATCH", "/timers/{id}"),
    ("PUT", "/account/api-keys/{key}"),
]


@pytest.fixture
def at(api):
    """Fills a timer's and a key's id into a path."""
    timer = api.create()
    key = api.post("/account/api-keys", {}).json()
    return lambda path: path.format(id=timer["id"], key=key["id"])


@pytest.mark.parametrize(("method", "path"), TAKES_A_BODY)
@pytest.mark.parametrize("body", (MALFORMED | NO_OBJECTS).values(), ids=MALFORMED | NO_OBJECTS)
def test_a_body_that_is_no_json_object_is_an_invalid_request(api, at, method, path, body):
    refused(api.call(method, at(path), body), 400, "INVALID_REQUEST")


def test_nothing_is_created_from_a_malformed_body(start_server):
    api = start_server().api
    for body in MALFORMED.values():
        refused(api.post("/timers", body), 400)
    assert api.timers() == []


@pytest.mark.parametrize("prefix", ["", "/api"])
@pytest.mark.parametrize(
    "path", ["/nowhere", "/timers/some/nowhere", "/timers/some/pause/now", "/quick", "/account", "/api/api/timers"]
)
def test_an_unknown_route_is_a_404_in_the_one_shape(server, api, prefix, path):
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        refused(Api(server.url + prefix, api.key).call(method, path), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/timers", {"GET", "POST"}),
        ("/timers/batch", {"POST"}),
        ("/timers/{id}", {"GET", "PATCH", "DELETE"}),
        ("/timers/{id}/pause", {"POST"}),
        ("/timers/{id}/resume", {"POST"}),
        ("/timers/{id}/fire", {"POST"}),
        ("/quick/wait", {"POST"}),
        ("/account/api-keys", {"GET", "POST"}),
        ("/account/api-keys/{key}", {"PUT", "DELETE"}),
        ("/account/usage", {"GET"}),
        ("/account/webhook-secret", {"GET"}),
        ("/account/webhook-secret/rotate", {"POST"}),
        ("/health", {"GET"}),
    ],
)
def test_a_wrong_method_is_a_405_that_says_which_are_right(api, at, path, allowed):
    # A timer may be called "batch", so what reads a timer by its id is no wrong method there.
    tried = {"GET", "POST", "PUT", "PATCH", "DELETE"} - allowed
    if path == "/timers/batch":
        tried = {"PUT"}
    for method in tried:
        response = api.call(method, at(path))
        refused(response, 405, "METHOD_NOT_ALLOWED")
        said = {name.strip() for name in response.headers["Allow"].split(",")}
        assert said >= allowed, f"Allow says {said}, promised {allowed}"
        assert method not in said


@pytest.mark.parametrize("method", ["BREW", "TRACE"])
def test_a_method_that_does_not_exist_is_a_405(api, method):
    refused(api.call(method, "/timers"), 405, "METHOD_NOT_ALLOWED")


EVERYTHING_WRONG = {
    "events": {
        "on_cancel": {"webhook": 5, "format": "xml"},
        "on_progress": {"webhook": "https://user:pass@example.com/", "intervals": "50%"},
        "on_expire": {"webhook": "ftp://example.com/", "message": 5, "data": [], "headers": {"Host": "x"}},
    },
    "metadata": [],
    "projectId": True,
    "organizationId": {},
    "scenario": [],
    "team": 5,
    "agent_id": "a" * 257,
    "id": "no blanks please",
    "name": "n" * 257,
    "duration": "soon",
}
PATHS_IN_ORDER = [
    *("duration", "name", "id", "agent_id", "team", "scenario", "organizationId", "projectId", "metadata"),
    *("events.on_expire.webhook", "events.on_expire.message", "events.on_expire.data"),
    "events.on_expire.headers",
    *("events.on_progress.webhook", "events.on_progress.intervals"),
    *("events.on_cancel.webhook", "events.on_cancel.format"),
]


def test_every_fault_is_named_with_its_path_in_the_order_of_the_fields(api):
    problem = refused(api.post("/timers", EVERYTHING_WRONG), 400, "INVALID_DURATION")
    # A header's path may go on with its name.
    named = ["events.on_expire.headers" if ".headers" in path else path for path in faults(problem)]
    assert named == PATHS_IN_ORDER


@pytest.mark.parametrize(
    ("right", "code"),
    [
        ([], "INVALID_DURATION"),
        (["duration"], "INVALID_REQUEST"),
        (["duration", "name", "id", "agent_id", "team", "scenario", "organizationId", "projectId", "metadata"], None),
    ],
)
def test_the_code_is_that_of_the_first_fault(api, right, code):
    body = {field: value for field, value in EVERYTHING_WRONG.items() if field not in right}
    refused(api.post("/timers", body | {"duration": body.get("duration", "1h")}), 400, code or "INVALID_WEBHOOK_URL")


def test_a_fault_under_a_shorthand_is_named_where_it_was_written(api):
    problem = refused(api.post("/timers", {"duration": "1h", "webhook": "ftp://x.org/", "message": 5, "data": 6}), 400)
    assert faults(problem) == ["webhook", "message", "data"]
    problem = refused(api.post("/timers", {"duration": "1h", "callback": "ftp://x.org/"}), 400, "INVALID_WEBHOOK_URL")
    assert faults(problem) == ["callback"]


def test_every_fault_says_in_words_what_is_wrong(api):
    problem = refused(api.post("/timers", EVERYTHING_WRONG), 400)
    for detail in problem["error"]["details"]:
        assert len(detail["message"].split()) >= 3, detail
    assert problem["error"]["message"] == problem["message"]


def test_a_change_names_every_fault_too(api, at):
    body = {"extend": "soon", "name": 5, "metadata": [], "events": {"on_expire": {"webhook": "ftp://example.com/"}}}
    problem = refused(api.patch(at("/timers/{id}"), body), 400, "INVALID_DURATION")
    assert faults(problem) == ["extend", "name", "metadata", "events.on_expire.webhook"]


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/timers/timer_unknown", "TIMER_NOT_FOUND"),
        ("PATCH", "/timers/timer_unknown", "TIMER_NOT_FOUND"),
        ("DELETE", "/timers/timer_unknown", "TIMER_NOT_FOUND"),
        ("POST", "/timers/timer_unknown/pause", "TIMER_NOT_FOUND"),
        ("POST", "/timers/timer_unknown/resume", "TIMER_NOT_FOUND"),
        ("POST", "/timers/timer_unknown/fire", "TIMER_NOT_FOUND"),
        ("PUT", "/account/api-keys/key_unknown", "NOT_FOUND"),
        ("DELETE", "/account/api-keys/key_unknown", "NOT_FOUND"),
    ],
)
def test_an_unknown_id_is_a_404(api, method, path, code):
    body = {"name": "x"} if method in ("PATCH", "PUT") else {}
    refused(api.call(method, path, body), 404, code)


STRANGE_IDS = ["%00", "%ff", "..%2f..%2fetc%2fpasswd", "a%20b", "%F0%9F%8D%85", "'%20OR%201=1", "x" * 1000, "%2e%2e"]


@pytest.mark.parametrize("strange", STRANGE_IDS, ids=lambda text: text[:12])
def test_a_strange_id_is_an_error_in_the_one_shape(api, strange):
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/fire")):
        response = api.call(method, f"/timers/{strange}{path}")
        assert response.status_code in (400, 404), response.text
        refused(response, response.status_code)
