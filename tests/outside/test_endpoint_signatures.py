"""Contract sections 3 and 4: how deliveries to endpoints are signed, and who takes them."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from api import refused, succeeded
from endpoints import Endpoints
from instants import now
from minoots import ROOT
from payloads import ALL as SCHEMES
from payloads import Mutations, Payloads
from receiver import Receiver
from seeds import Seed
from signatures import endpoint, minoots, standard
from stage import NODE, listener
from test_seed_003 import at
from verifiers import ALL, Received
from waiting import until

SEED = Seed("003")
PRINTED = {"javascript": "Node.js Example", "python": "Python Example"}
SEED_OF_RANDOMNESS = 20261124


def heard(endpoints, receiver, family, data=None, **fields):
    """An endpoint, and what it gets of one event."""
    webhook = endpoints.create(receiver.url, [f"{family}.*"], **fields)
    sent = endpoints.send(f"{family}.a", data)
    return webhook, sent, receiver.one()


# Headers


def test_a_delivery_carries_all_headers_of_the_table(endpoints, family, receiver):
    webhook, sent, hit = heard(endpoints, receiver, family, headers={"X-Own": "own"})
    headers = hit.headers
    assert (hit.method, headers["Content-Type"]) == ("POST", "application/json")
    assert headers["Content-Length"] == str(len(hit.body))
    assert "Transfer-Encoding" not in headers
    assert headers["webhook-id"] == headers["X-MINOOTS-Delivery"] == endpoints.delivered(webhook)["id"]
    assert headers["X-Webhook-ID"] == sent["eventId"] == hit.json["id"]
    assert headers["X-Webhook-Event"] == headers["X-MINOOTS-Event"] == f"{family}.a"
    assert headers["X-MINOOTS-Attempt"] == "1"
    assert headers["webhook-timestamp"] == headers["X-Webhook-Timestamp"]
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 5
    assert headers["X-Own"] == "own"


def test_a_delivery_is_signed_in_all_three_ways_with_the_endpoints_own_secret(api, endpoints, family, receiver):
    webhook, _, hit = heard(endpoints, receiver, family, {"text": "Grüße 🚀"})
    assert webhook["secret"] != api.webhook_secret()
    assert hit.headers["webhook-signature"] == standard(webhook["secret"], hit)
    assert hit.headers["X-MINOOTS-Signature"] == minoots(webhook["secret"], hit)
    assert hit.headers["X-Webhook-Signature"] == endpoint(webhook["secret"], hit)


@pytest.mark.parametrize("library", ALL)
def test_published_libraries_take_it_and_refuse_it_changed_or_of_another_endpoint(endpoints, family, receiver, library):
    webhook, _, hit = heard(endpoints, receiver, family, {"text": "Grüße 🚀"})
    delivery = Received.of(hit)
    assert delivery.is_accepted(library, webhook["secret"])
    assert not delivery.is_accepted(library, endpoints.create(receiver.url)["secret"])
    changed = Received(hit.headers, hit.body.replace(b"Gr", b"gr"))
    assert not changed.is_accepted(library, webhook["secret"])


def test_a_retry_is_signed_for_its_own_time(endpoints, family, start_receiver):
    receiver = start_receiver(500, 200)
    webhook = endpoints.create(receiver.url, [f"{family}.*"], retryDelay=1)
    endpoints.send(f"{family}.a")
    first, second = receiver.wait(2)
    assert int(second.headers["X-Webhook-Timestamp"]) > int(first.headers["X-Webhook-Timestamp"])
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    for hit in (first, second):
        assert hit.headers["X-Webhook-Signature"] == endpoint(webhook["secret"], hit)
        assert hit.headers["webhook-signature"] == standard(webhook["secret"], hit)


def test_a_test_send_is_signed_too(endpoints, receiver):
    webhook = endpoints.create(receiver.url)
    endpoints.test(webhook)
    hit = receiver.one()
    assert hit.headers["X-Webhook-Signature"] == endpoint(webhook["secret"], hit)
    assert hit.headers["webhook-signature"] == standard(webhook["secret"], hit)


# Rotation


def test_during_a_rotation_both_secrets_sign_and_the_new_one_alone_where_only_one_can(endpoints, family, receiver):
    webhook = endpoints.create(receiver.url, [f"{family}.*"])
    answer = succeeded(endpoints.api.post(f"/webhooks/{webhook['id']}/regenerate-secret"))
    rotated = answer["data"]
    assert (rotated["webhookId"], rotated["secret"] != webhook["secret"]) == (webhook["id"], True)
    assert rotated["secret"].startswith("whsec_")
    endpoints.send(f"{family}.a")
    hit = receiver.one()
    both = [standard(rotated["secret"], hit), standard(webhook["secret"], hit)]
    assert sorted(hit.headers["webhook-signature"].split(" ")) == sorted(both)
    assert hit.headers["X-MINOOTS-Signature"] == minoots(rotated["secret"], hit)
    assert hit.headers["X-Webhook-Signature"] == endpoint(rotated["secret"], hit)
    assert endpoints.get(webhook)["secretPreview"] != webhook["secretPreview"]


def test_an_overlap_ends_when_it_says(endpoints, family, receiver):
    webhook = endpoints.create(receiver.url, [f"{family}.*"])
    rotated = endpoints.rotate(webhook, overlap="300ms")
    over = now() + 301
    until(lambda: now() > over, promise="the overlap ends")
    endpoints.send(f"{family}.a")
    hit = receiver.one()
    assert hit.headers["webhook-signature"] == standard(rotated["secret"], hit)


@pytest.mark.parametrize("overlap", ["1h", "7d", 60_000, "PT2H"])
def test_an_overlap_may_be_up_to_7_days(endpoints, receiver, overlap):
    webhook = endpoints.create(receiver.url)
    endpoints.rotate(webhook, overlap=overlap)
    endpoints.test(webhook)
    assert len(receiver.one().headers["webhook-signature"].split(" ")) == 2


@pytest.mark.parametrize("overlap", ["soon", "8d", "-1h", [], 7 * 86_400_000 + 1, True], ids=repr)
def test_another_overlap_is_refused_and_the_secret_stays(api, endpoints, overlap):
    webhook = endpoints.create("https://hooks.example.com/")
    refused(api.post(f"/webhooks/{webhook['id']}/regenerate-secret", {"overlap": overlap}), 400)
    assert endpoints.get(webhook)["secretPreview"] == webhook["secretPreview"]


def test_an_open_delivery_is_signed_with_the_secrets_of_the_moment(endpoints, family, start_receiver):
    receiver = start_receiver(500, 200)
    webhook = endpoints.create(receiver.url, [f"{family}.*"], retryDelay=1)
    endpoints.send(f"{family}.a")
    endpoints.delivery(webhook, "RETRYING")
    rotated = endpoints.rotate(webhook, overlap="1ms")
    second = receiver.wait(2)[1]
    assert second.headers["X-Webhook-Signature"] == endpoint(rotated["secret"], second)


# The bytes

UNTIDY = (
    '{ "z":1.0, "a":[1e2,-0,-0.0,0.10,1e21,1e-7,5e-324,9007199254740993,123456789012345678901234567890], "10":1, "9":2,'
    '"__proto__":{"b":1,"a":2}, "dup":1, "dup":2, "text":"\\u00e9 \\ud83d\\udca5 \\/ \\u0000\\u007f\\u2028", "é":null }'
)


def test_a_body_is_compact_in_javascripts_form_unless_that_loses_digits(api, endpoints, family, receiver):
    endpoints.create(receiver.url, [f"{family}.*"])
    succeeded(api.post("/events", f'{{"type":"{family}.a","data":{UNTIDY}}}'), 202)
    body = receiver.one().body.decode()
    expected = (
        '"data":{"9":2,"10":1,"z":1,"a":[100,0,0,0.1,1e+21,1e-7,5e-324,9007199254740993,123456789012345678901234567890],'
        '"__proto__":{"b":1,"a":2},"dup":2,"text":"é 💥 / \\u0000\u007f\u2028","é":null}}'
    )
    assert body.endswith(expected), body


def test_python_can_parse_a_body_in_its_form_and_write_it_again_without_changing_a_byte(
    api, endpoints, family, receiver
):
    endpoints.create(receiver.url, [f"{family}.*"], payloadFormat="python")
    succeeded(api.post("/events", f'{{"type":"{family}.a","data":{UNTIDY}}}'), 202)
    body = receiver.one().body.decode()
    assert json.dumps(json.loads(body)) == body
    assert json.loads(body)["data"] == json.loads(UNTIDY)
    assert list(json.loads(body)["data"]) == list(json.loads(UNTIDY))
    assert '"z": 1.0' in body


@pytest.mark.parametrize("form", PRINTED)
def test_a_few_hundred_random_payloads_are_taken_by_the_seeds_receivers_as_they_are_served(stage, form):
    endpoints, payloads = Endpoints(stage.api), Payloads(SEED_OF_RANDOMNESS)
    port, address = listener()
    webhook = endpoints.create(f"{address}/webhooks/remotedevai", maxRetries=0, payloadFormat=form)
    receiver = at(port, SEED.samples[PRINTED[form]], webhook["secret"])
    with stage.serving(receiver, port):
        for _ in range(200):
            succeeded(stage.api.post("/events", f'{{"type":"a.b","data":{payloads.data()}}}'), 202)
        until(lambda: endpoints.stats(webhook)["pendingDeliveries"] == 0, within=20, promise="all are delivered")
        assert endpoints.stats(webhook)["successfulDeliveries"] == 200
        assert endpoints.deliveries(webhook, status="FAILED") == []


# Ten thousand

COUNT = 10_000
# Each takes a hundred a second.
ENDPOINTS = 25


class Crowd:
    """Endpoints of both forms, and all that they got of ten thousand random events."""

    def __init__(self, server, receiver):
        self.secrets = {}
        endpoints = Endpoints(server.api)
        for n in range(ENDPOINTS):
            for form in PRINTED:
                webhook = endpoints.create(f"{receiver.url}/{form}/{n}", [f"crowd.n{n}"], payloadFormat=form)
                self.secrets[f"/{form}/{n}"] = webhook["secret"]
        payloads = Payloads(SEED_OF_RANDOMNESS)
        bodies = [f'{{"type":"crowd.n{n % ENDPOINTS}","data":{payloads.data()}}}' for n in range(COUNT)]
        with ThreadPoolExecutor(8) as pool:
            for answer in pool.map(lambda body: server.api.post("/events", body), bodies):
                assert succeeded(answer, 202)["data"]["triggered"] == 2
        self.hits = receiver.wait(2 * COUNT, within=120)

    def of(self, form):
        return [hit for hit in self.hits if hit.path.startswith(f"/{form}/")]


@pytest.fixture(scope="module")
def crowd(server):
    receiver = Receiver(200)
    yield Crowd(server, receiver)
    receiver.close()


def asked(tmp_path, form, questions):
    """What the document's receiver and the client of this language say to each (secret, request)."""
    sample = tmp_path / "sample"
    sample.write_text(SEED.samples[PRINTED[form]].text, encoding="utf-8")
    command = ["node", NODE / "bulk.mjs"] if form == "javascript" else [sys.executable, ROOT / "tests/outside/bulk.py"]
    listed = [
        {
            "secret": secret,
            "headers": {name.lower(): value for name, value in request.headers.items()},
            "body": request.body.decode(),
        }
        for secret, request in questions
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "clients/python/src"), "PYTHONSAFEPATH": "1"}
    done = subprocess.run(
        [*command, sample], input=json.dumps(listed), env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answers = json.loads(done.stdout)
    assert len(answers) == len(listed)
    return answers


@pytest.mark.parametrize("form", PRINTED)
def test_ten_thousand_random_payloads_verify_in_the_seeds_receiver_and_in_the_client(crowd, tmp_path, form):
    hits = crowd.of(form)
    assert len(hits) == COUNT
    answers = asked(tmp_path, form, [(crowd.secrets[hit.path], hit) for hit in hits])
    verified = dict.fromkeys(["printed", *SCHEMES], True)
    refused = [(hit.body, answer) for hit, answer in zip(hits, answers, strict=True) if answer != verified]
    assert not refused, f"{len(refused)} are refused, such as {refused[0]}"


@pytest.mark.parametrize("form", PRINTED)
def test_ten_thousand_mutated_requests_verify_nowhere(crowd, tmp_path, form):
    hits, mutations = [Received.of(hit) for hit in crowd.of(form)], Mutations(SEED_OF_RANDOMNESS)
    secrets = [crowd.secrets[hit.path] for hit in crowd.of(form)]
    changed = [mutations.of(hit, hits) for hit in hits]
    answers = asked(tmp_path, form, [(secret, request) for secret, (request, _) in zip(secrets, changed, strict=True)])
    for (request, schemes), answer in zip(changed, answers, strict=True):
        taken = [name for name in ("printed", *schemes) if answer[name] is not False]
        assert taken == [], f"{request} is taken by {taken}"


def test_mutated_requests_are_refused_by_the_seeds_receivers_as_they_are_served(crowd, stage):
    for form in PRINTED:
        hits, mutations = [hit for hit in crowd.of(form) if hit.path == f"/{form}/0"], Mutations(SEED_OF_RANDOMNESS)
        requests_ = [Received.of(hit) for hit in hits]
        port, address = listener()
        url = f"{address}/webhooks/remotedevai"
        with stage.serving(at(port, SEED.samples[PRINTED[form]], crowd.secrets[f"/{form}/0"]), port):
            whole = requests_[0]
            assert requests.post(url, whole.body, headers=whole.headers, timeout=5).status_code == 200
            for request in requests_[:150]:
                changed, _ = mutations.of(request, requests_)
                headers = {**changed.headers, "Content-Length": str(len(changed.body))}
                answer = requests.post(url, changed.body, headers=headers, timeout=5)
                assert answer.status_code in (400, 401, 500), changed
