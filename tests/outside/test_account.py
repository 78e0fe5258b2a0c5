"""Contract section 7: API keys, the webhook secret, usage and health."""

import base64
import re
import time

import pytest

from api import Api, refused, succeeded
from instants import millis, now
from signatures import minoots, standard
from waiting import until

DAY = 86_400_000


def new_key(api, **fields):
    answer = succeeded(api.post("/account/api-keys", fields), 201)
    assert set(answer) - {"name", "mode"} == {"success", "apiKey", "id", "keyPreview", "createdAt"}
    return answer


def listed(api):
    return succeeded(api.get("/account/api-keys"))["apiKeys"]


# API keys


@pytest.mark.parametrize(
    ("fields", "mode"), [({}, "live"), ({"mode": "live"}, "live"), ({"mode": "test"}, "test")], ids=str
)
def test_a_new_key_opens_its_modes_data(api, fields, mode):
    made = new_key(api, **fields)
    assert re.fullmatch(rf"mnt_{mode}_[\w-]{{32,}}", made["apiKey"])
    assert abs(millis(made["createdAt"]) - now()) < 5000
    caller = api.with_key(made["apiKey"])
    timer = caller.create()
    same = Api(api.url, api.key).get(f"/timers/{timer['id']}").status_code == 200
    assert same == (mode == "live")
    assert mode in [key["mode"] for key in listed(api) if key["id"] == made["id"]]


def test_a_test_key_makes_test_keys_only(api):
    test = api.test_mode()
    assert new_key(test)["apiKey"].startswith("mnt_test_")
    assert new_key(test, mode="test")["apiKey"].startswith("mnt_test_")
    refused(test.post("/account/api-keys", {"mode": "live"}), 403, "INSUFFICIENT_PERMISSIONS")


@pytest.mark.parametrize(
    "fields", [{"mode": "Live"}, {"mode": 5}, {"name": 5}, {"name": "n" * 257}, {"name": []}], ids=str
)
def test_a_faulty_key_is_refused(api, fields):
    refused(api.post("/account/api-keys", fields), 400, "INVALID_REQUEST")


def test_keys_are_listed_newest_first_and_never_shown_again(api):
    made = [new_key(api, name=f"key {n}") for n in range(3)]
    response = api.get("/account/api-keys")
    keys = succeeded(response)["apiKeys"]
    assert [key["id"] for key in keys][:3] == [key["id"] for key in made[::-1]]
    for key in keys:
        assert set(key) - {"name"} == {"id", "mode", "keyPreview", "createdAt"}
    for key in made:
        assert key["apiKey"] not in response.text
        [own] = [listed for listed in keys if listed["id"] == key["id"]]
        assert (own["name"], own["keyPreview"], own["createdAt"]) == (key["name"], key["keyPreview"], key["createdAt"])
    assert api.key not in response.text


def test_a_preview_tells_keys_apart_and_gives_none_away(api):
    made = new_key(api)
    assert made["keyPreview"] != made["apiKey"]
    shown = sum(len(part) for part in re.findall(r"[\w-]+", made["keyPreview"].removeprefix("mnt_live_")))
    assert shown <= 8
    assert new_key(api)["keyPreview"] != made["keyPreview"]


def test_a_key_is_renamed(api):
    made = new_key(api, name="old")
    answer = api.put(f"/account/api-keys/{made['id']}", {"name": "new"})
    succeeded(answer)
    assert made["apiKey"] not in answer.text
    assert [key["name"] for key in listed(api) if key["id"] == made["id"]] == ["new"]
    for name in (5, "n" * 257, []):
        refused(api.put(f"/account/api-keys/{made['id']}", {"name": name}), 400, "INVALID_REQUEST")


def test_a_revoked_key_opens_nothing_from_the_next_request_on(start_server):
    server = start_server()
    made = new_key(server.api)
    caller = server.api.with_key(made["apiKey"])
    succeeded(caller.get("/timers"))
    answer = server.api.delete(f"/account/api-keys/{made['id']}")
    succeeded(answer)
    assert made["apiKey"] not in answer.text
    refused(caller.get("/timers"), 401, "INVALID_API_KEY")
    assert made["id"] not in [key["id"] for key in listed(server.api)]
    refused(server.api.delete(f"/account/api-keys/{made['id']}"), 404, "NOT_FOUND")
    server.kill()
    server.start()
    refused(server.api.with_key(made["apiKey"]).get("/timers"), 401, "INVALID_API_KEY")


def test_a_key_may_revoke_itself(api):
    made = new_key(api)
    caller = api.with_key(made["apiKey"])
    succeeded(caller.delete(f"/account/api-keys/{made['id']}"))
    refused(caller.get("/timers"), 401, "INVALID_API_KEY")


def test_a_key_made_before_a_crash_works_after_it(start_server):
    server = start_server()
    made = new_key(server.api)
    server.kill()
    server.start()
    succeeded(server.api.with_key(made["apiKey"]).get("/timers"))


def test_keys_are_stored_as_digests_only_and_never_logged(start_server):
    server = start_server()
    keys = [new_key(server.api, name="ci", mode=mode)["apiKey"] for mode in ("live", "test")]
    for key in keys:
        succeeded(server.api.with_key(key).post("/timers", {"duration": "1h"}), 201)
    server.stop()
    files = [path for path in (server.folder / "data").rglob("*") if path.is_file()]
    assert files
    for path in [*files, server.log]:
        content = path.read_bytes()
        for key in keys:
            secret = key.split("_", 2)[2].encode()
            assert secret not in content, f"{path} holds a key's text"
            assert base64.b64encode(key.encode()) not in content, f"{path} holds a key's text in base64"


# The webhook secret


def rotate(api, **fields):
    return succeeded(api.post("/account/webhook-secret/rotate", fields))["data"]


def test_a_secret_is_32_random_bytes_and_the_same_in_both_modes(api):
    answer = succeeded(api.get("/account/webhook-secret"))
    assert set(answer["data"]) == {"secret"}
    secret = answer["data"]["secret"]
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secret)
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert api.test_mode().webhook_secret() == secret


def test_two_servers_have_two_secrets(api, start_server):
    assert start_server().api.webhook_secret() != api.webhook_secret()


def test_both_modes_webhooks_are_signed_with_it(api, receiver):
    for caller in (api, api.test_mode()):
        caller.fire(caller.create(webhook=receiver.url))
    for hit in receiver.wait(2):
        assert hit.headers["X-MINOOTS-Signature"] == minoots(api.webhook_secret(), hit)


def test_during_a_rotation_both_secrets_sign_and_the_new_one_alone_where_only_one_can(start_server, receiver):
    api = start_server().api
    old = api.webhook_secret()
    rotated = rotate(api)
    assert set(rotated) == {"secret", "previousExpiresAt"}
    assert rotated["secret"] != old
    assert abs(millis(rotated["previousExpiresAt"]) - now() - DAY) < 5000
    assert succeeded(api.get("/account/webhook-secret"))["data"] == rotated
    api.fire(api.create(webhook=receiver.url))
    hit = receiver.one()
    signatures = hit.headers["webhook-signature"].split(" ")
    assert sorted(signatures) == sorted([standard(rotated["secret"], hit), standard(old, hit)])
    assert hit.headers["X-MINOOTS-Signature"] == minoots(rotated["secret"], hit)


def test_an_overlap_ends_when_it_says(start_server, receiver):
    api = start_server().api
    until_ = millis(rotate(api, overlap="300ms")["previousExpiresAt"])
    until(lambda: now() > until_, promise="the overlap ends")
    assert set(succeeded(api.get("/account/webhook-secret"))["data"]) == {"secret"}
    api.fire(api.create(webhook=receiver.url))
    hit = receiver.one()
    assert hit.headers["webhook-signature"] == standard(api.webhook_secret(), hit)


@pytest.mark.parametrize(
    ("overlap", "length"), [("1h", 3_600_000), ("7d", 7 * DAY), (60_000, 60_000), ("PT2H", 7_200_000)]
)
def test_an_overlap_may_be_up_to_7_days(start_server, overlap, length):
    until_ = millis(rotate(start_server().api, overlap=overlap)["previousExpiresAt"])
    assert abs(until_ - now() - length) < 5000


@pytest.mark.parametrize("overlap", ["soon", "8d", "-1h", [], 7 * DAY + 1, True])
def test_another_overlap_is_refused_and_the_secret_stays(api, overlap):
    before = api.webhook_secret()
    refused(api.post("/account/webhook-secret/rotate", {"overlap": overlap}), 400)
    assert api.webhook_secret() == before


def test_a_rotation_needs_no_body(start_server):
    api = start_server().api
    before = api.webhook_secret()
    assert succeeded(api.post("/account/webhook-secret/rotate"))["data"]["secret"] != before


def test_a_rotation_survives_kill_9(start_server):
    server = start_server()
    rotated = rotate(server.api)
    server.kill()
    server.start()
    assert succeeded(server.api.get("/account/webhook-secret"))["data"] == rotated


# Usage


def usage(api, path="/account/usage"):
    return succeeded(api.get(path))["usage"]["days"]


def total(days, what):
    return sum(day[what] for day in days)


def test_usage_counts_timers_events_deliveries_and_failures(start_server, start_receiver):
    api = start_server().api
    good, gone = start_receiver(200), start_receiver(410)
    succeeded(api.post("/timers/batch", {"timers": [{"duration": "1h"}] * 3}))
    api.fire(api.create())
    api.fire(api.create(webhook=good.url))
    failing = api.create(webhook=gone.url)
    api.fire(failing)
    api.delivery(failing, "FAILED")
    api.cancel(api.create())
    days = usage(api)
    for day in days:
        assert set(day) == {"date", "timers", "events", "deliveries", "failures"}
    # A day may end while this runs.
    assert [total(days, what) for what in ("timers", "events", "deliveries", "failures")] == [7, 4, 2, 1]
    assert time.strftime("%Y-%m-%d", time.gmtime()) in [day["date"] for day in days]
    assert total(usage(api.test_mode()), "timers") == 0


@pytest.mark.parametrize(("asked", "most"), [("", 7), ("?days=1", 1), ("?days=30", 30)])
def test_usage_goes_back_as_many_days_as_asked(api, asked, most):
    api.create()
    dates = [day["date"] for day in usage(api, f"/account/usage{asked}")]
    assert 1 <= len(dates) <= most
    assert len(set(dates)) == len(dates)
    oldest = time.strftime("%Y-%m-%d", time.gmtime(time.time() - most * 86_400))
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", date) and date > oldest for date in dates)


@pytest.mark.parametrize("days", ["0", "-1", "many", "1.5", ""])
def test_bad_days_are_refused(api, days):
    refused(api.get(f"/account/usage?days={days}"), 400, "INVALID_REQUEST")


# Health


@pytest.mark.parametrize("path", ["/health", "/api/health"])
def test_health_is_bare(api, path):
    response = Api(api.url, None).get(path)
    assert response.status_code == 200
    assert response.headers["Content-Type"].split(";")[0] == "application/json"
    health = response.json()
    assert set(health) == {"status", "timestamp", "service", "version"}
    assert health["status"] == "healthy"
    assert abs(millis(health["timestamp"]) - now()) < 2000
    assert re.match(r"\d+\.\d+\.\d+", health["version"])


def test_health_with_a_key_also_tells_the_account_and_its_limits(start_server):
    server = start_server("--max-timers", "17")
    bare = set(Api(server.url, None).get("/health").json())
    response = server.api.get("/health")
    assert set(response.json()) > bare
    assert "17" in response.text
    assert server.key not in response.text
