"""Secrets, each at one place: what answers and webhooks show of them is what they are for, and nothing else does."""

import re

import pytest

import secrecy
from api import Api, succeeded
from endpoints import Endpoints
from misbehaving import Misbehaving, answers
from receiver import Receiver
from waiting import until

# What may show what: patterns of "METHOD path" of the API's answers, and paths of the receiver for webhooks.
CREATION = r"POST /timers"
TIMER = rf"{CREATION}|GET /timers.*|(POST|PATCH|DELETE) /timers/.*"
ENDPOINT = r"(GET|POST) /webhooks(\?.*)?|(GET|PATCH) /webhooks/whk_\w+"
DELIVERY = r"(GET|POST) /deliveries/.*|GET /webhooks/whk_\w+/(deliveries|stats)(\?.*)?"
NOWHERE = "-"
SEEN_IN = {
    "path-of-expire": rf"{TIMER}|{DELIVERY}|/path-of-expire",
    "query-of-expire": rf"{TIMER}|/path-of-expire",
    "header-of-expire": rf"{TIMER}|/path-of-expire",
    "message-of-expire": rf"{TIMER}|/path-of-expire",
    "data-of-expire": rf"{TIMER}|/path-of-expire",
    "path-of-progress": TIMER,
    "query-of-progress": TIMER,
    "header-of-progress": TIMER,
    "path-of-cancel": TIMER,
    "query-of-cancel": TIMER,
    "header-of-cancel": TIMER,
    "data-of-cancel": TIMER,
    "metadata-of-timer": rf"{TIMER}|/path-of-(expire|endpoint)|/listener",
    "path-of-endpoint": rf"{ENDPOINT}|{DELIVERY}|/path-of-endpoint",
    "query-of-endpoint": rf"{ENDPOINT}|/path-of-endpoint",
    "header-of-endpoint": rf"{ENDPOINT}|/path-of-endpoint",
    "data-of-event": r"/path-of-endpoint",
    "answer-of-receiver": DELIVERY,
    "userinfo-refused": NOWHERE,
    "path-refused": NOWHERE,
    "key-refused": NOWHERE,
}


def event(kind, url, **fields):
    return {
        "webhook": f"{url}/path-of-{kind}?token=query-of-{kind}",
        "headers": {"X-Own": f"header-of-{kind}"},
        "data": {"text": f"data-of-{kind}"},
        **fields,
    }


class Listening(Api):
    """A caller that keeps every answer."""

    def __init__(self, url, key):
        super().__init__(url, key)
        self.answers = []

    def call(self, method, path, *arguments, **options):
        response = super().call(method, path, *arguments, **options)
        self.answers.append((f"{method} {path}", response.text + str(response.headers)))
        return response


@pytest.fixture(scope="module")
def heard(start_servers):
    """Every answer and every webhook of a server that was told a secret at each place; credentials; and the server."""
    body = b"answer-of-receiver"
    failing = Misbehaving(answers(b"HTTP/1.1 500 No\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)))
    receiver = Receiver()
    server = start_servers(environment={"RUST_LOG": "trace"})
    api = Listening(server.url, server.key)
    endpoints = Endpoints(api)
    webhook = endpoints.create(
        f"{receiver.url}/path-of-endpoint?token=query-of-endpoint",
        ["*"],
        headers={"X-Own": "header-of-endpoint"},
    )
    refusing = endpoints.create(f"{failing.url}/", ["a.b"], maxRetries=0)
    sent = endpoints.send("a.b", {"text": "data-of-event"})
    events = {
        "on_expire": event("expire", receiver.url, message="message-of-expire"),
        "on_progress": event("progress", receiver.url, intervals=["50%"]),
        "on_cancel": event("cancel", receiver.url),
    }
    timer = api.fire(api.create(events=events, metadata={"text": "metadata-of-timer"}))
    failed = endpoints.delivery(refusing, "FAILED", event=sent)
    delivery = api.delivery(timer)
    for id in (failed["id"], delivery["id"]):
        api.get(f"/deliveries/{id}")
        api.post(f"/deliveries/{id}/retry")
    endpoints.test(webhook)
    endpoints.rotate(webhook)
    secret = api.webhook_secret()
    api.post("/account/webhook-secret/rotate")
    made = succeeded(api.post("/account/api-keys", {"name": "another"}), 201)
    id = timer["id"]
    for path in [
        *("/health", "/timers", "/timers?status=expired", f"/timers/{id}", "/account/api-keys", "/account/usage"),
        *("/webhooks", "/webhooks?includeInactive=true", f"/webhooks/{webhook['id']}", "/webhooks/events"),
        *(f"/webhooks/{refusing['id']}/deliveries", f"/webhooks/{refusing['id']}/stats", "/webhooks/queue/stats"),
    ]:
        assert api.get(path).status_code == 200
    api.post("/timers", {"duration": "1h", "webhook": "https://userinfo-refused@example.com/path-refused"})
    api.post("/timers", {"duration": "1h", "webhook": "https://10.0.0.1/path-refused?path-refused"})
    api.post("/webhooks", {"name": "x", "url": "https://10.0.0.1/path-refused", "events": ["a.b"]})
    api.get("/timers", headers={"x-api-key": "key-refused"})
    api.get("/key-refused?a=key-refused")
    until(lambda: len(receiver.hits) >= 3, promise="webhooks arrive")
    server.stop()
    failing.close()
    receiver.close()
    webhooks = [(hit.path.split("?")[0], f"{hit.path} {hit.headers} {hit.body.decode()}") for hit in receiver.hits]
    credentials = {
        "the webhook secret": (secret, r"GET /account/webhook-secret"),
        "a new API key": (made["apiKey"], r"POST /account/api-keys"),
        "the server's API key": (server.key, NOWHERE),
        "an endpoint's secret": (webhook["secret"], r"POST /webhooks"),
    }
    return [*api.answers, *webhooks], credentials, server


@pytest.mark.parametrize("word", SEEN_IN)
def test_it_is_shown_only_where_it_belongs(heard, word):
    answers, _, _ = heard
    shown = {where for where, said in answers if word in said}
    # An unknown path is named to whoever asked for it.
    shown -= {where for where in shown if where.startswith("GET /key-refused")}
    assert {where for where in shown if not re.fullmatch(SEEN_IN[word], where)} == set()
    assert shown or SEEN_IN[word] == NOWHERE, "it is shown nowhere: this test would not notice"


@pytest.mark.parametrize(
    "name", ["the webhook secret", "a new API key", "the server's API key", "an endpoint's secret"]
)
def test_a_credential_is_shown_once(heard, name):
    answers, credentials, _ = heard
    secret, place = credentials[name]
    shown = [where for where, said in answers if secret.removeprefix("whsec_") in said]
    assert [where for where in shown if not re.fullmatch(place, where)] == []


def test_the_log_shows_none_of_them_however_much_is_logged(heard):
    _, credentials, server = heard
    said = secrecy.BANNER.sub("", server.said())
    assert "TRACE" in said, "this log tells too little to show anything"
    words = [*SEEN_IN, *(secret.removeprefix("whsec_") for secret, _ in credentials.values())]
    assert [word for word in words if word in said] == []


def test_the_data_folder_is_its_owners_alone(heard):
    _, _, server = heard
    folder = server.folder / "data"
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "api-key").stat().st_mode & 0o077 == 0


def test_the_data_folder_holds_no_key_but_the_servers_own(heard):
    _, credentials, server = heard
    made, _ = credentials["a new API key"]
    files = [path for path in (server.folder / "data").rglob("*") if path.is_file()]
    holders = [path for path in files if made.encode() in path.read_bytes()]
    assert holders == [], "only digests of keys are stored"


def test_a_log_that_shows_a_secret_is_noticed():
    """Without this, the look through all logs at the end of the test run might see nothing."""
    secrecy.note_request({"webhook": "https://example.com/planted-path", "headers": {"x": "planted-header"}})
    log = "  API key         mnt_live_0123456789abcdefghij\n"
    assert secrecy.leaks(log) == set()
    for planted in (
        "/planted-path",
        "planted-header",
        "whsec_MDEyMzQ1Njc4OWFiY2RlZg==",
        "mnt_test_0123456789abcdefghij",
    ):
        assert secrecy.leaks(f'{log}{{"message":"sent {planted}"}}') != set(), planted
