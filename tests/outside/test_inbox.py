"""The receiver that is built into `minoots dev`."""

import pytest

from api import Api, refused, succeeded
from instants import millis, now
from signatures import standard
from waiting import until


@pytest.fixture
def anyone(server):
    """A caller without a key, on an emptied inbox that answers 200."""
    caller = Api(server.url, None)
    succeeded(caller.put("/inbox", {"answer": 200}))
    succeeded(caller.delete("/inbox"))
    yield caller
    succeeded(caller.put("/inbox", {"answer": 200}))


def requests(anyone):
    return succeeded(anyone.get("/inbox"))["requests"]


def test_the_inbox_shows_what_was_sent_to_it(anyone):
    assert requests(anyone) == []
    body = '{"a":1.0, "text":"é💥"}'
    for path in ("/inbox", "/inbox/a/b%20c?d=e&f"):
        assert anyone.post(path, body, headers={"X-Own": "1", "Content-Type": "application/json"}).status_code == 200
    second, first = requests(anyone)
    assert (first["method"], first["path"]) == ("POST", "/inbox")
    assert second["path"].startswith("/inbox/a/b")
    assert {name.lower(): value for name, value in second["headers"].items()}["x-own"] == "1"
    assert "é💥" in str(second["body"])
    assert abs(millis(second["receivedAt"]) - now()) < 5000
    assert millis(second["receivedAt"]) >= millis(first["receivedAt"])


def test_the_first_delivery_is_seen_and_its_signature_can_be_checked(api, anyone):
    timer = api.create("100ms", webhook=f"{api.url}/inbox", message="hello")
    [seen] = until(lambda: requests(anyone), promise="the webhook is in the inbox")
    assert seen["method"] == "POST"
    headers = {name.lower(): value for name, value in seen["headers"].items()}
    assert headers["x-minoots-event"] == "timer_expired"
    assert timer["id"] in str(seen["body"])
    delivery = api.delivery(timer)
    assert headers["webhook-id"] == delivery["id"]
    if isinstance(seen["body"], str):
        hit = type("Seen", (), {"headers": headers, "body": seen["body"].encode()})
        assert headers["webhook-signature"] == standard(api.webhook_secret(), hit)


@pytest.mark.parametrize(("answer", "status"), [("500", "RETRYING"), ("410", "FAILED"), ("204", "SUCCESS")])
def test_a_url_may_tell_the_inbox_what_to_answer(api, anyone, answer, status):
    timer = api.fire(api.create(webhook=f"{api.url}/inbox?answer={answer}"))
    delivery = api.delivery(timer, "SUCCESS", "RETRYING", "FAILED")
    assert (delivery["status"], delivery["responseCode"]) == (status, int(answer))
    assert len(requests(anyone)) == 1


@pytest.mark.parametrize(("answer", "status"), [(500, "RETRYING"), (410, "FAILED")])
def test_the_inbox_may_be_told_what_to_answer_to_all(api, anyone, answer, status):
    succeeded(anyone.put("/inbox", {"answer": answer}))
    timer = api.fire(api.create(webhook=f"{api.url}/inbox/any"))
    assert api.delivery(timer, "SUCCESS", "RETRYING", "FAILED")["status"] == status
    succeeded(anyone.put("/inbox", {"answer": 200}))
    assert api.delivery(api.fire(api.create(webhook=f"{api.url}/inbox")))["status"] == "SUCCESS"


@pytest.mark.parametrize("how", ["url", "all"])
def test_the_inbox_may_be_told_to_hang(start_server, how):
    server = start_server("--webhook-timeout", "1")
    anyone = Api(server.url, None)
    if how == "all":
        succeeded(anyone.put("/inbox", {"answer": "hang"}))
    url = f"{server.url}/inbox" + ("?answer=hang" if how == "url" else "")
    timer = server.api.fire(server.api.create(webhook=url))
    assert server.api.delivery(timer, "SENDING")["attempts"] == 0
    assert server.api.delivery(timer, "RETRYING")["attempts"] == 1
    assert len(requests(anyone)) == 1
    assert server.is_healthy()


@pytest.mark.parametrize(
    "body", [{"answer": "sometimes"}, {"answer": 99}, {"answer": 1000}, {}, {"answer": None}, []], ids=str
)
def test_an_answer_that_is_none_is_refused(anyone, body):
    refused(anyone.put("/inbox", body), 400, "INVALID_REQUEST")


def test_the_inbox_keeps_the_last_100_newest_first(anyone):
    for number in range(130):
        anyone.post("/inbox", str(number))
    assert [int(request["body"]) for request in requests(anyone)] == list(range(129, 29, -1))


def test_the_inbox_can_be_emptied(anyone):
    anyone.post("/inbox", "{}")
    assert len(requests(anyone)) == 1
    succeeded(anyone.delete("/inbox"))
    assert requests(anyone) == []


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\0", b"x" * 1_000_000], ids=["nothing", "no text", "1 MB"])
def test_any_body_may_come(server, anyone, body):
    assert anyone.post("/inbox", body).status_code in (200, 413)
    assert len(requests(anyone)) <= 1
    assert server.is_healthy()
