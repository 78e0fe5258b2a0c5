"""Contract section 1: where the API is served, who may call it, and how a body is read."""

import pytest

from api import Api, refused, succeeded

ROUTES = [
    ("POST", "/timers"),
    ("GET", "/timers"),
    ("POST", "/timers/batch"),
    ("GET", "/timers/some"),
    ("PATCH", "/timers/some"),
    ("DELETE", "/timers/some"),
    ("POST", "/timers/some/pause"),
    ("POST", "/timers/some/resume"),
    ("POST", "/timers/some/fire"),
    ("POST", "/quick/wait"),
    ("POST", "/account/api-keys"),
    ("GET", "/account/api-keys"),
    ("PUT", "/account/api-keys/some"),
    ("DELETE", "/account/api-keys/some"),
    ("GET", "/account/usage"),
    ("GET", "/account/webhook-secret"),
    ("POST", "/account/webhook-secret/rotate"),
]
EACH_ROUTE = pytest.mark.parametrize(("method", "path"), ROUTES, ids=[f"{method} {path}" for method, path in ROUTES])
PREFIXES = pytest.mark.parametrize("prefix", ["", "/api"], ids=["root", "api"])

SCHEMES = {
    "x-api-key": lambda key: {"x-api-key": key},
    "X-API-Key": lambda key: {"X-API-Key": key},
    "bearer": lambda key: {"Authorization": f"Bearer {key}"},
    "bearer in lower case": lambda key: {"authorization": f"bearer {key}"},
}


@PREFIXES
@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)
def test_the_api_is_served_at_the_root_and_under_api_to_either_header(server, prefix, scheme):
    caller = Api(server.url + prefix, None)
    headers = scheme(server.key)
    timer = succeeded(caller.post("/timers", {"duration": "1h"}, headers=headers), 201)["timer"]
    assert succeeded(caller.get(f"/timers/{timer['id']}", headers=headers))["timer"]["id"] == timer["id"]
    assert timer["id"] in [seen["id"] for seen in succeeded(caller.get("/timers", headers=headers))["timers"]]
    succeeded(caller.get("/account/usage", headers=headers))
    assert succeeded(caller.delete(f"/timers/{timer['id']}", headers=headers))["timer"]["status"] == "cancelled"


@EACH_ROUTE
@PREFIXES
def test_every_route_asks_for_a_key(server, prefix, method, path):
    refused(Api(server.url + prefix, None).call(method, path), 401, "AUTH_REQUIRED")


@EACH_ROUTE
def test_every_route_refuses_a_key_that_nobody_was_given(server, method, path):
    refused(Api(server.url, "mnt_live_nobody-was-given-this-key").call(method, path), 401, "INVALID_API_KEY")


@pytest.mark.parametrize("key", ["nonsense", "mnt_live_", "mnt_test_x", "k" * 4000], ids=lambda key: key[:12])
def test_what_is_no_key_opens_nothing(server, key):
    refused(Api(server.url, key).get("/timers"), 401, "INVALID_API_KEY")
    refused(Api(server.url, None).get("/timers", headers={"Authorization": f"Bearer {key}"}), 401, "INVALID_API_KEY")


def test_neither_a_beginning_of_a_key_nor_another_spelling_opens_anything(server):
    for key in (server.key[:-1], server.key + "A", server.key.swapcase()):
        refused(Api(server.url, key).get("/timers"), 401, "INVALID_API_KEY")


@pytest.mark.parametrize("authorization", ["Basic dXNlcjpwYXNz", "Bearer", "Token abc"])
def test_another_scheme_is_no_key(server, authorization):
    refused(Api(server.url, None).get("/timers", headers={"Authorization": authorization}), 401)


@pytest.mark.parametrize("path", ["/health", "/api/health"])
def test_health_needs_no_key(server, path):
    assert Api(server.url, None).get(path).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/pause"),
        ("POST", "/resume"),
        ("POST", "/fire"),
    ],
)
def test_the_other_modes_timer_is_unknown_and_stays_as_it_was(api, method, path):
    other = api.test_mode()
    for owner, stranger in ((api, other), (other, api)):
        timer = owner.create()
        body = {"name": "taken over"} if method == "PATCH" else {}
        refused(stranger.call(method, f"/timers/{timer['id']}{path}", body), 404, "TIMER_NOT_FOUND")
        seen = owner.timer(timer)
        assert (seen["status"], seen["name"]) == ("running", timer["name"])
        assert timer["id"] not in [listed["id"] for listed in stranger.timers()]


CONTENT_TYPES = [
    None,
    "application/json",
    "text/plain;charset=UTF-8",
    "application/x-www-form-urlencoded",
    "application/octet-stream",
    "multipart/form-data; boundary=x",
    "application/json; charset=latin1",
    "no type at all",
]


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
def test_a_body_is_json_whatever_its_content_type_says(api, content_type):
    headers = {"Content-Type": content_type} if content_type else {}
    body = '{"duration": "1h", "name": "Prüfung"}'
    timer = succeeded(api.post("/timers", body, headers=headers), 201)["timer"]
    assert timer["name"] == "Prüfung"
    changed = succeeded(api.patch(f"/timers/{timer['id']}", '{"name": "Ü"}', headers=headers))["timer"]
    assert changed["name"] == "Ü"
    cancelled = succeeded(api.delete(f"/timers/{timer['id']}", '{"reason": "done"}', headers=headers))["timer"]
    assert cancelled["reason"] == "done"
    quick = succeeded(api.post("/quick/wait", '{"duration": 3600000}', headers=headers))["timer"]
    assert quick["duration"] == 3_600_000


def test_blanks_and_line_breaks_around_a_body_do_no_harm(api):
    assert succeeded(api.post("/timers", b' \r\n\t{\n"duration" : "1h" } \n'), 201)["timer"]["duration"] == 3_600_000


def test_a_body_may_come_in_chunks(api):
    pieces = iter([b'{"dura', b'tion":', b'"1h"}'])
    assert succeeded(api.post("/timers", pieces), 201)["timer"]["duration"] == 3_600_000


def test_a_success_says_so_and_is_json(api):
    timer = api.create()
    for response in (
        api.get("/timers"),
        api.get(f"/timers/{timer['id']}"),
        api.patch(f"/timers/{timer['id']}", {"name": "x"}),
        api.post(f"/timers/{timer['id']}/pause"),
        api.post(f"/timers/{timer['id']}/resume"),
        api.post(f"/timers/{timer['id']}/fire"),
        api.post("/timers/batch", {"timers": [{"duration": 3_600_000}]}),
        api.get("/account/api-keys"),
        api.get("/account/usage"),
        api.get("/account/webhook-secret"),
    ):
        succeeded(response)
