"""Contract section 4: webhook endpoints, from their making to their end."""

import base64
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from api import Api, faults, refused, succeeded
from endpoints import Endpoints
from instants import millis, now
from misbehaving import closes_after_the_request, hangs
from shapes import check_endpoint
from signatures import endpoint
from waiting import stays, until

HOOK = "https://hooks.example.com/in"
LEAST = {"name": "Billing", "url": HOOK, "events": ["invoice.paid"]}


# Making


def test_a_new_endpoint_is_whole_and_has_the_promised_defaults(api):
    answer = succeeded(api.post("/webhooks", LEAST), 201)
    assert set(answer) == {"success", "data", "message"}
    assert isinstance(answer["message"], str)
    webhook = check_endpoint(answer["data"], secret=True)
    assert LEAST.items() <= webhook.items()
    assert (webhook["active"], webhook["maxRetries"], webhook["retryDelay"], webhook["timeout"]) == (True, 4, 5, 30)
    assert (webhook["description"], webhook["headers"], webhook["format"]) == (None, {}, None)
    assert (webhook["payloadFormat"], webhook["lastTriggeredAt"]) == ("javascript", None)
    assert abs(millis(webhook["createdAt"]) - now()) < 5000
    assert webhook["updatedAt"] == webhook["createdAt"]


def test_every_setting_comes_back_as_given(api, endpoints):
    given = {
        "name": "Rechnungen 🧾",
        "url": "https://hooks.example.com/in?token=t",
        "events": ["invoice.paid", "session.*", "*"],
        "description": "d" * 500,
        "headers": {"Authorization": "Bearer b", "X-Own": "1"},
        "maxRetries": 0,
        "retryDelay": 3600,
        "timeout": 1,
        "payloadFormat": "python",
        "format": "slack",
        "active": False,
    }
    webhook = check_endpoint(succeeded(api.post("/webhooks", given), 201)["data"], secret=True)
    assert given.items() <= webhook.items()
    assert given.items() <= check_endpoint(endpoints.get(webhook)).items()


def test_a_secret_is_32_random_bytes_shown_once_and_previewed_without_giving_it_away(api, endpoints):
    webhook, other = endpoints.create(HOOK), endpoints.create(HOOK)
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", webhook["secret"])
    assert len(base64.b64decode(webhook["secret"].removeprefix("whsec_"))) == 32
    assert webhook["secret"] != other["secret"]
    preview = webhook["secretPreview"]
    shown = sum(len(part) for part in re.findall(r"[\w+/=-]+", preview.removeprefix("whsec_")))
    assert shown <= 8, preview
    assert webhook["secretPreview"] != other["secretPreview"]
    path = f"/webhooks/{webhook['id']}"
    answers = [api.get("/webhooks?includeInactive=true"), api.get(path), api.put(path, {"name": "renamed"})]
    answers += [api.patch(path, {"active": False}), api.get(f"{path}/stats"), api.get(f"{path}/deliveries")]
    for answer in [*answers, api.delete(path)]:
        succeeded(answer)
        assert webhook["secret"] not in answer.text
        assert '"secret"' not in answer.text


@pytest.mark.parametrize("name", ["n", "n" * 100, "🧾" * 100, "a\nb", "<b>"], ids=ascii)
def test_a_name_has_1_to_100_characters(endpoints, name):
    assert endpoints.create(HOOK, name=name)["name"] == name


FAULTY = [
    *(("name", value) for value in ("", "n" * 101, "🧾" * 101, 5, [])),
    *(("events", value) for value in ([], "invoice.paid", ["invoice"], ["Invoice.paid"], [5], {}, ["a.b", "**"])),
    *(("events", [value]) for value in ("", "a..b", ".a", "a.", "*.paid", "a.*.b", "a-b.c", "a b.c", "ä.b")),
    *(("description", value) for value in ("d" * 501, 5, {})),
    *(("headers", value) for value in ([], "x", {"X-A": 5}, {"Host": "h"}, {"Content-Length": "1"}, {"X\nA": "1"})),
    *(("headers", {name: "1"}) for name in ("webhook-id", "x-webhook-id", "X-Webhook-Event", "X-MINOOTS-Signature")),
    *(("headers", value) for value in ({f"X-{n}": "1" for n in range(21)}, {"X-A": "b" * 4096}, {"X-A": "a\r\nb"})),
    *(("maxRetries", value) for value in (-1, 11, 1.5, "4", True, [])),
    *(("retryDelay", value) for value in (0, 3601, -5, 0.5, "5s", False)),
    *(("timeout", value) for value in (0, 31, 1.5, "30", {})),
    *(("payloadFormat", value) for value in ("ruby", "Python", "", 5)),
    *(("format", value) for value in ("xml", "Slack", 5)),
    *(("active", value) for value in ("true", 1, [])),
]


@pytest.mark.parametrize(("field", "value"), FAULTY, ids=lambda value: repr(value)[:24])
def test_a_faulty_setting_is_refused_and_named_in_making_and_in_changing(api, endpoints, field, value):
    problem = refused(api.post("/webhooks", {**LEAST, field: value}), 400, "INVALID_REQUEST")
    assert [re.split(r"[.\[]", path)[0] for path in faults(problem)] == [field]
    webhook = endpoints.create(HOOK)
    for method in (api.put, api.patch):
        refused(method(f"/webhooks/{webhook['id']}", {field: value}), 400, "INVALID_REQUEST")
    assert endpoints.get(webhook)["updatedAt"] == webhook["updatedAt"]


def test_all_faults_are_named_at_once(api):
    body = {"name": "", "url": "nonsense", "events": [], "maxRetries": 11, "timeout": 0, "description": 7}
    assert set(faults(refused(api.post("/webhooks", body), 400))) == set(body)


@pytest.mark.parametrize("body", [{}, [], "text", 5, None], ids=repr)
def test_name_url_and_events_are_required(api, body):
    problem = refused(api.post("/webhooks", body), 400)
    if body == {}:
        assert faults(problem) == ["name", "url", "events"]


@pytest.mark.parametrize(
    "url", ["nonsense", "ftp://example.com", "", 5, "https://a b.example.com/", "https:///x"], ids=repr
)
def test_a_bad_url_is_refused(api, endpoints, url):
    refused(api.post("/webhooks", {**LEAST, "url": url}), 400, "INVALID_WEBHOOK_URL")
    webhook = endpoints.create(HOOK)
    refused(api.patch(f"/webhooks/{webhook['id']}", {"url": url}), 400, "INVALID_WEBHOOK_URL")


def test_a_strict_server_takes_endpoints_at_public_https_addresses_only(start_server):
    api = start_server("--strict-webhooks").api
    succeeded(api.post("/webhooks", LEAST), 201)
    for url in (
        "http://example.com/",
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
    ):
        refused(api.post("/webhooks", {**LEAST, "url": url}), 400, "INVALID_WEBHOOK_URL")


def test_the_same_idempotency_key_makes_one_endpoint_and_shows_its_secret_once(api, endpoints):
    before = len(endpoints.all())
    first = api.post("/webhooks", LEAST, headers={"Idempotency-Key": "endpoint"})
    again = api.post("/webhooks", LEAST, headers={"Idempotency-Key": "endpoint"})
    made, replayed = succeeded(first, 201)["data"], succeeded(again, 201)["data"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "secret" not in replayed
    assert {field: value for field, value in made.items() if field != "secret"} == replayed
    assert len(endpoints.all()) == before + 1
    refused(api.post("/webhooks", {**LEAST, "name": "x"}, headers={"Idempotency-Key": "endpoint"}), 422)


# Reading


def test_the_list_is_newest_first_and_shows_inactive_ones_only_when_asked(start_server):
    endpoints = Endpoints(start_server().api)
    made = [endpoints.create(HOOK, name=str(n)) for n in range(5)]
    endpoints.change(made[2], active=False)
    names = [webhook["name"] for webhook in endpoints.all()]
    assert names == ["4", "3", "1", "0"]
    assert [check_endpoint(webhook)["name"] for webhook in endpoints.all(includeInactive="true")] == list("43210")
    assert len(endpoints.all(includeInactive="false")) == 4


def test_another_scopes_endpoint_is_unknown(api, endpoints):
    webhook = endpoints.create(HOOK)
    stranger = api.test_mode()
    path = f"/webhooks/{webhook['id']}"
    calls = [stranger.get(path), stranger.put(path, {"name": "x"}), stranger.patch(path, {"name": "x"})]
    calls += [stranger.delete(path), stranger.post(f"{path}/test"), stranger.post(f"{path}/regenerate-secret")]
    calls += [stranger.get(f"{path}/stats"), stranger.get(f"{path}/deliveries")]
    calls += [stranger.post("/webhooks/queue/retry-failed", {"webhookId": webhook["id"]})]
    for answer in calls:
        refused(answer, 404, "WEBHOOK_NOT_FOUND")
    assert Endpoints(stranger).all() == []
    assert endpoints.get(webhook)["name"] == webhook["name"]


@pytest.mark.parametrize("webhook_id", ["whk_none", "x", "%2e%2e", "ü", "whk_" + "0" * 300])
def test_an_unknown_endpoint_is_not_found(api, webhook_id):
    for method in (api.get, api.delete):
        refused(method(f"/webhooks/{webhook_id}"), 404, "WEBHOOK_NOT_FOUND")


@pytest.mark.parametrize(
    "path", ["/webhooks", "/webhooks/whk_1", "/webhooks/events", "/webhooks/queue/stats", "/deliveries/x"]
)
def test_a_key_is_needed(server, path):
    refused(Api(server.url, None).get(path), 401, "AUTH_REQUIRED")


@pytest.mark.parametrize(
    "call",
    ["PUT /webhooks", "DELETE /webhooks/events", "POST /webhooks/queue/stats", "GET /webhooks/queue/retry-failed"]
    + [
        "GET /events",
        "PUT /projects",
        "DELETE /deliveries/del_1",
        "GET /deliveries/del_1/retry",
        "GET /webhooks/x/test",
    ],
)
def test_another_method_is_refused_and_the_right_ones_are_named(api, call):
    method, path = call.split()
    answer = api.call(method, path)
    refused(answer, 405, "METHOD_NOT_ALLOWED")
    assert method not in answer.headers["Allow"]


def test_all_of_it_is_served_under_api_too(start_server, receiver):
    server = start_server()
    endpoints = Endpoints(Api(server.url + "/api", server.key))
    webhook = endpoints.create(receiver.url)
    endpoints.send("a.b")
    delivery = endpoints.delivered(webhook)
    assert endpoints.one(delivery)["id"] == delivery["id"]
    assert endpoints.get(webhook)["id"] == webhook["id"]
    assert endpoints.stats(webhook)["totalDeliveries"] == 1
    assert endpoints.queue()["completed"] == 1
    assert endpoints.test(webhook)["success"] is True
    assert endpoints.retry_failed() == 0
    endpoints.rotate(webhook)
    endpoints.delete(webhook)


# Changing


@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_change_is_partial(api, endpoints, method):
    fields = {"description": "first", "headers": {"X-A": "1"}, "retryDelay": 60, "payloadFormat": "python"}
    webhook = endpoints.create(HOOK, ["a.b"], **fields)
    change = getattr(api, method)
    answer = succeeded(change(f"/webhooks/{webhook['id']}", {"name": "renamed", "timeout": 3}))
    changed = check_endpoint(answer["data"])
    same = set(webhook) - {"name", "timeout", "updatedAt", "secret"}
    assert {field: changed[field] for field in same} == {field: webhook[field] for field in same}
    assert (changed["name"], changed["timeout"]) == ("renamed", 3)
    assert millis(changed["updatedAt"]) >= millis(webhook["updatedAt"])
    assert endpoints.get(webhook) == changed
    for field, value in (
        ("url", "https://other.example.com/"),
        ("events", ["c.*"]),
        ("headers", {}),
        ("maxRetries", 9),
    ):
        changed = succeeded(change(f"/webhooks/{webhook['id']}", {field: value}))["data"]
        assert changed[field] == value
    assert (changed["events"], changed["headers"], changed["description"]) == (["c.*"], {}, "first")


def test_what_only_the_service_sets_is_not_changed_by_a_caller(api, endpoints):
    webhook = endpoints.create(HOOK)
    own = {"id": "whk_other", "secret": "whsec_chosen", "secretPreview": "x", "createdAt": "2020-01-01T00:00:00.000Z"}
    answer = api.patch(f"/webhooks/{webhook['id']}", {**own, "disabledReason": "x", "lastTriggeredAt": "x"})
    assert answer.status_code in (200, 400)
    after = endpoints.get(webhook)
    same = ("id", "secretPreview", "createdAt", "lastTriggeredAt")
    assert [after[field] for field in same] == [webhook[field] for field in same]
    assert "disabledReason" not in after or after["disabledReason"] is None


def test_changes_at_once_are_all_made(endpoints):
    webhook = endpoints.create(HOOK)
    changes = [{"name": "n"}, {"description": "d"}, {"timeout": 7}, {"maxRetries": 7}]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda change: endpoints.change(webhook, **change), changes))
    after = endpoints.get(webhook)
    assert all(change.items() <= after.items() for change in changes)


def test_a_change_counts_from_the_next_attempt_on(endpoints, family, start_receiver):
    old, new = start_receiver(500), start_receiver(200)
    webhook = endpoints.create(old.url, [f"{family}.*"], retryDelay=1, headers={"X-Own": "old"})
    endpoints.send(f"{family}.a")
    endpoints.delivery(webhook, "RETRYING")
    endpoints.change(webhook, url=f"{new.url}/new", headers={"X-Own": "new"})
    hit = new.one()
    assert (hit.path, hit.headers["X-Own"], hit.headers["X-MINOOTS-Attempt"]) == ("/new", "new", "2")
    assert hit.body == old.one().body


def test_an_endpoints_own_headers_plan_and_time_limit_are_kept(endpoints, family, start_receiver, misbehaving):
    failing = start_receiver(500)
    webhook = endpoints.create(failing.url, [f"{family}.plan"], retryDelay=1, maxRetries=1, headers={"X-Own": "own"})
    endpoints.send(f"{family}.plan")
    first, second = failing.wait(2)
    assert 1 <= second.at - first.at <= 1.1 + 0.5
    assert first.headers["X-Own"] == second.headers["X-Own"] == "own"
    delivery = endpoints.delivery(webhook, "FAILED")
    assert (delivery["attempts"], delivery["maxAttempts"]) == (2, 2)
    stays(lambda: len(failing.hits) == 2, throughout=0.3, promise="no attempt beyond maxRetries")

    silent = misbehaving(hangs)
    slow = endpoints.create(silent.url, [f"{family}.slow"], timeout=1, maxRetries=0)
    endpoints.send(f"{family}.slow")
    endpoints.delivery(slow, "FAILED", within=3)
    [connection] = silent.connections
    assert 0.9 <= connection.ended - connection.began <= 1.6


def test_retries_wait_the_delay_times_five_to_the_power_of_the_retry(endpoints, family, start_receiver):
    receiver = start_receiver(500)
    webhook = endpoints.create(receiver.url, [f"{family}.*"], retryDelay=1, maxRetries=10)
    endpoints.send(f"{family}.a")
    for attempts, wait in ((1, 1), (2, 5)):
        receiver.wait(attempts, within=3)
        delivery = until(
            lambda: [each for each in endpoints.deliveries(webhook) if each["attempts"] == attempts],  # noqa: B023
            promise=f"attempt {attempts} is recorded",
        )[0]
        assert wait <= millis(delivery["nextRetryAt"]) / 1000 - receiver.hits[-1].at <= wait * 1.1 + 0.5
    assert delivery["maxAttempts"] == 11


def test_retry_after_lengthens_the_wait(endpoints, family, start_receiver):
    receiver = start_receiver((503, {"Retry-After": "60"}))
    webhook = endpoints.create(receiver.url, [f"{family}.*"], retryDelay=1)
    endpoints.send(f"{family}.a")
    delivery = endpoints.delivery(webhook, "RETRYING")
    assert 59 <= millis(delivery["nextRetryAt"]) / 1000 - receiver.one().at <= 67


@pytest.mark.parametrize(
    ("url", "format", "field"),
    [("{}/x", "slack", "text"), ("{}/x", "discord", "content"), ("{}/x", None, "type"), ("{}/x", "json", "type")],
    ids=str,
)
def test_a_format_says_whose_form_the_body_has(endpoints, family, receiver, url, format, field):
    fields = {} if format is None else {"format": format}
    endpoints.create(url.format(receiver.url), [f"{family}.*"], **fields)
    endpoints.send(f"{family}.made", {"name": "Apollo"})
    body = receiver.one().json
    assert field in body
    if format in ("slack", "discord"):
        assert f"{family}.made" in body[field]
        assert "data" not in body


# Test sends


def test_a_test_send_is_made_at_once_and_tells_how_it_went(endpoints, receiver):
    webhook = endpoints.create(receiver.url, ["a.b"], headers={"X-Own": "own"})
    told = endpoints.test(webhook)
    hit = receiver.one()
    assert (hit.json["type"], hit.headers["X-Own"], hit.headers["X-Webhook-Event"]) == (
        "webhook.test",
        "own",
        "webhook.test",
    )
    assert hit.headers["webhook-id"] == told["deliveryId"]
    assert (told["success"], told["responseCode"]) == (True, 200)
    assert 0 <= told["durationMs"] < 5000
    assert isinstance(told["message"], str)
    assert not told.get("error")
    delivery = endpoints.one({"id": told["deliveryId"]})
    assert (delivery["eventType"], delivery["status"], delivery["attempts"]) == ("webhook.test", "SUCCESS", 1)


def test_a_test_send_that_is_not_taken_is_a_success_of_the_call_and_says_so(endpoints, start_receiver, misbehaving):
    receiver = start_receiver(500)
    webhook = endpoints.create(receiver.url, retryDelay=1)
    told = endpoints.test(webhook)
    assert (told["success"], told["responseCode"]) == (False, 500)
    assert told["error"]
    assert told["message"]
    stays(lambda: len(receiver.hits) == 1, throughout=1.3, promise="one attempt, no retry")
    assert endpoints.one({"id": told["deliveryId"]})["status"] == "FAILED"

    told = endpoints.test(endpoints.create(misbehaving(closes_after_the_request).url))
    assert (told["success"], told.get("responseCode")) == (False, None)
    assert told["error"]


def test_a_test_send_goes_to_an_inactive_endpoint_too_whatever_it_subscribes_to(endpoints, receiver):
    webhook = endpoints.create(receiver.url, ["a.b"], active=False)
    assert endpoints.test(webhook)["success"] is True
    assert receiver.one().json["type"] == "webhook.test"


@pytest.mark.parametrize("body", ["", "{}", "[]", "nonsense", '{"a":1}'], ids=repr)
def test_a_test_send_needs_no_body(api, endpoints, receiver, body):
    webhook = endpoints.create(receiver.url)
    assert succeeded(api.post(f"/webhooks/{webhook['id']}/test", body))["data"]["success"] is True


def test_a_test_send_takes_ten_seconds_at_most(endpoints, misbehaving):
    receiver = misbehaving(hangs)
    told = endpoints.test(endpoints.create(receiver.url))
    assert told["success"] is False
    [connection] = receiver.connections
    until(lambda: connection.ended, promise="the connection is given up")
    assert 9.5 <= connection.ended - connection.began <= 11


def test_a_test_send_obeys_the_rules_on_where_webhooks_may_go(start_server, false_names):
    api = start_server("--strict-webhooks", environment=false_names({"hooks.example.com": "127.0.0.1"})).api
    told = Endpoints(api).test(Endpoints(api).create(HOOK))
    assert told["success"] is False
    assert told["error"]


# Going


def test_a_deleted_endpoint_is_gone_and_its_open_deliveries_end_and_its_history_stays(
    api, endpoints, family, start_receiver
):
    receiver = start_receiver(200, 500)
    webhook = endpoints.create(receiver.url, [f"{family}.*"], retryDelay=1)
    done = endpoints.send(f"{family}.done")
    endpoints.delivered(webhook)
    open_ = endpoints.send(f"{family}.open")
    waiting = endpoints.delivery(webhook, "RETRYING", event=open_)
    answer = endpoints.delete(webhook)
    assert answer["data"]["id"] == webhook["id"]
    refused(api.get(f"/webhooks/{webhook['id']}"), 404, "WEBHOOK_NOT_FOUND")
    refused(api.delete(f"/webhooks/{webhook['id']}"), 404, "WEBHOOK_NOT_FOUND")
    assert webhook["id"] not in [each["id"] for each in endpoints.all(includeInactive="true")]

    ended = until(
        lambda: (found := endpoints.one(waiting))["status"] == "FAILED" and found, promise="open deliveries end FAILED"
    )
    assert (ended["nextRetryAt"], ended["attempts"]) == (None, 1)
    assert ended["errorMessage"]
    history = {each["eventId"]: each["status"] for each in endpoints.deliveries(webhook)}
    assert history == {done["eventId"]: "SUCCESS", open_["eventId"]: "FAILED"}
    assert endpoints.send(f"{family}.later")["triggered"] == 0
    stays(lambda: len(receiver.hits) == 2, throughout=1.3, promise="nothing goes to a deleted endpoint")


def test_an_endpoint_that_goes_in_the_middle_of_its_events_leaves_nothing_open(api, endpoints, family, start_receiver):
    receiver = start_receiver(500)
    webhook = endpoints.create(receiver.url, [f"{family}.*"], retryDelay=1)
    with ThreadPoolExecutor(8) as pool:
        sends = [pool.submit(endpoints.send, f"{family}.a") for _ in range(100)]
        receiver.one()
        endpoints.delete(webhook)
        triggered = sum(send.result()["triggered"] for send in sends)

    def history():
        return [each["status"] for each in endpoints.deliveries(webhook)]

    until(lambda: set(history()) == {"FAILED"}, within=10, promise="none is left open")
    # An event that was accepted and not yet fanned out makes no delivery to who is gone.
    assert len(history()) <= triggered
    stays(lambda: set(history()) == {"FAILED"}, throughout=0.3, promise="none is opened")


def test_what_was_accepted_before_its_owner_deactivated_it_is_still_sent(endpoints, family, start_receiver):
    receiver = start_receiver(500, 200)
    webhook = endpoints.create(receiver.url, [f"{family}.*"], retryDelay=1)
    endpoints.send(f"{family}.a")
    endpoints.delivery(webhook, "RETRYING")
    endpoints.change(webhook, active=False)
    assert endpoints.delivered(webhook)["attempts"] == 2
    assert endpoints.get(webhook).get("disabledReason") is None


def test_a_410_deactivates_the_endpoint_and_ends_its_other_deliveries(endpoints, family, start_receiver):
    receiver = start_receiver(500, 500, 410)
    webhook = endpoints.create(receiver.url, [f"{family}.*"], retryDelay=3600)
    for _ in range(2):
        endpoints.send(f"{family}.a")
    until(lambda: len(endpoints.deliveries(webhook, status="RETRYING")) == 2, promise="two wait for their retry")
    gone = endpoints.send(f"{family}.gone")
    delivery = endpoints.delivery(webhook, "FAILED", event=gone)
    assert (delivery["attempts"], delivery["responseCode"], delivery["nextRetryAt"]) == (1, 410, None)
    after = until(lambda: not (found := endpoints.get(webhook))["active"] and found, promise="it is deactivated")
    assert "410" in after["disabledReason"]
    until(lambda: len(endpoints.deliveries(webhook, status="FAILED")) == 3, promise="the others end FAILED too")
    assert endpoints.send(f"{family}.later")["triggered"] == 0
    assert webhook["id"] not in [each["id"] for each in endpoints.all()]

    again = endpoints.change(webhook, active=True)
    assert again["active"] is True
    assert again.get("disabledReason") is None
    assert endpoints.send(f"{family}.again")["triggered"] == 1


def test_a_deactivation_is_told_to_the_accounts_other_endpoints(start_server, start_receiver):
    endpoints = Endpoints(start_server().api)
    told, gone = start_receiver(200), start_receiver(410)
    endpoints.create(told.url, ["webhook.disabled"])
    webhook = endpoints.create(gone.url, ["webhook.*", "a.b"])
    endpoints.send("a.b")
    payload = told.one().json
    assert payload["type"] == "webhook.disabled"
    assert webhook["id"] in str(payload["data"])
    assert "410" in str(payload["data"])
    assert webhook["secret"] not in str(payload)
    stays(lambda: len(gone.hits) == 1, throughout=0.3, promise="the one that is gone is not told")


def test_an_inactive_endpoint_gets_no_new_events_and_is_told_again_when_active(endpoints, family, receiver):
    webhook = endpoints.create(receiver.url, [f"{family}.*"])
    endpoints.change(webhook, active=False)
    assert endpoints.send(f"{family}.missed")["triggered"] == 0
    endpoints.change(webhook, active=True)
    assert endpoints.send(f"{family}.heard")["triggered"] == 1
    assert receiver.one().json["type"] == f"{family}.heard"
    stays(lambda: len(receiver.hits) == 1, throughout=0.3, promise="what was missed stays missed")


def test_the_last_trigger_is_told(endpoints, family, receiver):
    webhook = endpoints.create(receiver.url, [f"{family}.*"])
    endpoints.send(f"{family}.a")
    endpoints.delivered(webhook)
    last = endpoints.get(webhook)["lastTriggeredAt"]
    assert abs(millis(last) - now()) < 5000


def test_endpoints_survive_kill_9_with_their_secrets(start_server, receiver):
    server = start_server()
    endpoints = Endpoints(server.api)
    webhook = endpoints.create(receiver.url, ["a.b"])
    rotated = endpoints.rotate(webhook)
    server.kill()
    server.start()
    assert endpoints.get(webhook)["id"] == webhook["id"]
    endpoints.send("a.b")
    hit = receiver.one()
    assert hit.headers["X-Webhook-Signature"] == endpoint(rotated["secret"], hit)


def test_secrets_are_never_logged(start_server, start_receiver):
    server = start_server(environment={"RUST_LOG": "trace"})
    endpoints = Endpoints(server.api)
    receiver = start_receiver(500)
    webhook = endpoints.create(
        receiver.url + "/path-secret?token=query-secret", headers={"Authorization": "Bearer header-secret"}
    )
    rotated = endpoints.rotate(webhook)
    sent = endpoints.send("a.b", {"text": "data-secret"})
    endpoints.test(webhook)
    endpoints.delivery(webhook, "RETRYING", event=sent)
    server.stop()
    said = server.said()
    secrets = [webhook["secret"], rotated["secret"], "path-secret", "query-secret", "header-secret", "data-secret"]
    assert [secret for secret in secrets if secret.removeprefix("whsec_") in said] == []
