"""Every example of seed 003: its calls, its receivers and its integrations, against one server that needs no other."""

import json
import re
import subprocess
import threading
from dataclasses import replace

import pytest
import requests

from api import Api, succeeded
from endpoints import Endpoints
from instants import millis
from minoots import BINARY, ROOT, free_port
from misbehaving import answers_when
from seeds import Seed
from stage import NODE, Stage, listener
from waiting import stays, until

SEED = Seed("003")

READS_JSON = "const express = require('express');\nconst app = express();\napp.use(express.json());\n"


def hears(port):
    return f"app.listen({port}, '127.0.0.1');"


def answers(output):
    """The JSON answers that the sample's calls printed, one after another."""
    decoder, found = json.JSONDecoder(), []
    while output := output.strip():
        answer, end = decoder.raw_decode(output)
        found.append(answer)
        output = output[end:]
    return found


def naming(sample, webhook):
    """The sample, with the endpoint's id in place of its placeholders."""
    return replace(sample, text=re.sub(r"\{webhook_id\}|\{id\}|webhook_id_here", webhook["id"], sample.text))


@pytest.fixture
def stage(server, receiver, tmp_path):
    """The samples share a server, from which each test's endpoints are gone when it ends."""
    stage = Stage(tmp_path, server, receiver)
    yield stage
    endpoints = Endpoints(stage.api)
    for webhook in endpoints.all(includeInactive="true"):
        endpoints.delete(webhook)


@pytest.fixture
def alone(start_server, receiver, tmp_path):
    """A stage with a server of its own, where all is counted."""
    return Stage(tmp_path, start_server(), receiver)


@pytest.fixture
def endpoints(stage):
    return Endpoints(stage.api)


# Setting it up


@SEED.sample("1. Install Redis", "3. Run Database Migration", "Redis Connection Issues")
def test_commands_of_what_the_original_needed_may_be_typed_and_change_nothing(stage, sample):
    (stage.folder / "apps/cloud").mkdir(parents=True)
    for command in ("docker", "brew", "sudo", "npm", "npx", "redis-cli"):
        stage.stand_in(command, f"echo {command} $@ >> {stage.folder}/called")
    stage.run(sample)
    commands = [line for line in sample.text.splitlines() if line and not line.startswith(("#", "cd "))]
    called = (stage.folder / "called").read_text().splitlines()
    assert called == [re.sub(r"\s*#.*", "", command) for command in commands]
    assert stage.server.is_healthy()


@SEED.sample("2. Update Environment Variables")
def test_settings_of_the_original_are_what_holds_without_them(stage, sample, start_server, misbehaving):
    names = re.findall(r"^(\w+)=", sample.text, re.MULTILINE)
    printed = "".join(f'echo "{name}=${name}"\n' for name in names)
    settings = dict(line.split("=", 1) for line in stage.run(sample, after=printed).splitlines())
    assert len(settings) == 5
    at_once, per_second = int(settings["WEBHOOK_WORKER_CONCURRENCY"]), int(settings["WEBHOOK_RATE_LIMIT"])

    for api in (stage.api, start_server(environment=settings).api):
        sends_at_most_at_once(at_once, Endpoints(api), misbehaving)

    endpoints = Endpoints(stage.api)
    endpoints.create(stage.receiver.url, events=["rate.*"])
    for _ in range(3 * per_second):
        endpoints.send("rate.measured")
    times = [hit.at for hit in stage.receiver.wait(3 * per_second, within=10)]
    assert times[-1] - times[0] >= 1.9, f"{per_second} a second, after a burst of as many"


def sends_at_most_at_once(count, endpoints, misbehaving):
    """Checks it with a receiver that answers none before it is told to."""
    released = threading.Event()
    receiver = misbehaving(answers_when(released, b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"))
    endpoints.create(receiver.url, events=["load.*"])
    for _ in range(3 * count):
        endpoints.send("load.at_once")
    until(lambda: receiver.count == count, promise=f"{count} at once")
    stays(lambda: receiver.count == count, throughout=0.3, promise=f"no more than {count} at once")
    released.set()
    until(lambda: receiver.count == 3 * count, promise="the others follow")


@SEED.sample("4. Start the Server")
def test_server_starts_with_all_that_it_needs_where_npm_is_minoots(stage, sample):
    port = free_port()
    stage.stand_in("npm", f"exec {BINARY} dev --port {port} --data-dir {stage.folder}/data # $@")
    del stage.environment["MINOOTS_API_KEY"]
    with stage.serving(sample, port) as read:
        url = f"http://127.0.0.1:{port}"
        key = until(lambda: re.search(r"API key\s+(\S+)", read()), promise="it says its key")[1]
        own = Endpoints(Api(url, key))
        own.create(stage.receiver.url, events=["project.created"])
        own.send("project.created")
        assert stage.receiver.one().json["type"] == "project.created"


# Testing the webhook system, from one endpoint to its statistics


@SEED.sample("1. Create a Test Webhook")
def test_a_test_webhook_is_made_with_its_id_and_secret(stage, sample, endpoints):
    [answer] = answers(stage.run(sample))
    assert answer["success"] is True
    webhook = answer["data"]
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", webhook["secret"])
    assert webhook["name"] == "Test Webhook"
    assert webhook["events"] == ["project.created", "session.started"]
    assert webhook["description"] == "Testing webhook delivery"
    assert webhook["url"] == f"{stage.receiver.url}/webhook.site/your-unique-id"
    assert [each["id"] for each in endpoints.all()] == [webhook["id"]]


def made_as_shown(stage):
    """The endpoint that the sample above makes."""
    [answer] = answers(stage.run(SEED.samples["1. Create a Test Webhook"]))
    return answer["data"]


@SEED.sample("2. Test Webhook Delivery")
def test_a_test_delivery_is_seen_at_webhook_site(stage, sample):
    webhook = made_as_shown(stage)
    [answer] = answers(stage.run(naming(sample, webhook)))
    hit = stage.receiver.one()
    assert answer["success"] is True
    assert (answer["data"]["success"], answer["data"]["responseCode"]) == (True, 200)
    assert (hit.path, hit.json["type"]) == ("/webhook.site/your-unique-id", "webhook.test")


@SEED.sample("3. Trigger Real Events")
def test_a_project_triggers_the_webhook(stage, sample):
    made_as_shown(stage)
    [answer] = answers(stage.run(sample))
    assert answer["success"] is True
    hit = stage.receiver.one()
    assert hit.json["type"] == "project.created"
    for told in (answer["data"], hit.json["data"]):
        assert (told["name"], told["description"]) == ("Test Project", "This will trigger a webhook")
    assert hit.json["data"]["id"] == answer["data"]["id"]


@SEED.sample("4. View Delivery History", "Webhook Not Receiving Events (2)")
def test_history_shows_the_delivery(stage, sample, endpoints):
    webhook = made_as_shown(stage)
    endpoints.send("session.started", {"title": "Standup"})
    endpoints.delivered(webhook)
    [answer] = answers(stage.run(naming(sample, webhook)))
    [delivery] = answer["data"]
    assert (delivery["eventType"], delivery["status"], delivery["responseCode"]) == ("session.started", "SUCCESS", 200)
    assert answer["pagination"]["limit"] == 50


@SEED.sample("5. Get Statistics")
def test_statistics_count_the_delivery(stage, sample, endpoints):
    webhook = made_as_shown(stage)
    endpoints.send("session.started")
    endpoints.delivered(webhook)
    [answer] = answers(stage.run(naming(sample, webhook)))
    figures = answer["data"]
    assert (figures["totalDeliveries"], figures["successfulDeliveries"], figures["successRate"]) == (1, 1, 100)


# Integrating it in a service


def compiled(stage, text):
    """Checks and compiles TypeScript as a service of its own would; gives what the compiler complained of."""
    (stage.folder / "node_modules").mkdir(exist_ok=True)
    client = stage.folder / "node_modules/minoots"
    if not client.exists():
        client.symlink_to(ROOT / "clients/js")
    (stage.folder / "service.ts").write_text(text)
    command = [NODE / "node_modules/.bin/tsc", "--strict", "--module", "nodenext", "--target", "es2022", "service.ts"]
    done = subprocess.run(command, cwd=stage.folder, capture_output=True, text=True, timeout=60)
    return done.stdout


def mapped(stage):
    """`./services/WebhookService` is the client's."""
    (stage.folder / "services").mkdir()
    (stage.folder / "services/WebhookService.ts").write_text(
        "export { WebhookService, WEBHOOK_EVENTS } from 'minoots';\n"
    )


def served(stage):
    """What the compiled service printed."""
    command = ["node", "--no-warnings", "service.js"]
    done = subprocess.run(command, cwd=stage.folder, env=stage.environment, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


IMPORT = "Step 1: Import WebhookService"


@SEED.sample(IMPORT)
def test_import_lacks_its_module_and_then_has_the_service_and_its_event_types(stage, sample):
    assert "Cannot find module './services/WebhookService'" in compiled(stage, sample.text)
    mapped(stage)
    shows = "console.log(JSON.stringify([typeof WebhookService.triggerEvent, WEBHOOK_EVENTS]));"
    assert compiled(stage, sample.text + shows) == ""
    kind, types = json.loads(served(stage))
    assert kind == "function"
    assert set(types.values()) >= set(documented())
    assert types["PROJECT_CREATED"] == "project.created"


# Prisma's client is generated for a database; this stands in for it.
PRISMA = """
const prisma = { project: { create: async ({ data }: { data: { name: string } }) => ({
  id: 'prj_1', createdAt: new Date('2026-11-24T10:00:00Z'), secret: 'kept', ...data }) } };
"""


@SEED.sample("Step 2: Trigger Events")
def test_an_event_is_triggered_after_a_project_was_made_and_a_failure_is_logged(stage, sample, endpoints):
    mapped(stage)
    webhook = endpoints.create(stage.receiver.url, events=["project.created"])
    create = f"async function create(userId: string, data: {{ name: string }}) {{\n{sample.text}}}\n"
    service = SEED.samples[IMPORT].text + PRISMA + create + "create('user_1', { name: 'Apollo' });\n"
    assert "Cannot find name 'prisma'" in compiled(stage, SEED.samples[IMPORT].text + create)
    assert compiled(stage, service) == ""
    assert served(stage) == ""
    hit = stage.receiver.one()
    assert hit.json["type"] == "project.created"
    assert hit.json["data"] == {"id": "prj_1", "name": "Apollo", "createdAt": "2026-11-24T10:00:00.000Z"}
    # The document's third step: the delivery is in the history.
    assert endpoints.delivered(webhook)["eventId"] == hit.json["id"]

    stage.environment["MINOOTS_API_KEY"] = "mnt_live_nobody"
    assert "Webhook failed: AuthenticationError" in served(stage)


# Receiving

PAYLOADS = [
    {"name": "Grüße 🚀", "ratio": 1.0, "big": 1e21, "small": 1e-7, "none": None},
    {"10": "ten", "9": "nine", "z": {"2": 1, "b": [0.1, -0.0, 100.0]}, "a": "\u2028 </script> \u007f"},
    {"deep": [[[[[[{"a": []}]]]]]], "__proto__": {"x": 1}, "": '\\ " / \t'},
    {},
]


def at(port, sample, secret):
    """The receiver, on another port than 3000 and with the endpoint's secret."""
    text = sample.text.replace("your_webhook_secret_here", secret)
    text = text.replace("app.listen(3000)", f"app.listen({port}, '127.0.0.1')")
    return replace(sample, text=text.replace("app.run(port=3000)", f"app.run(port={port})"))


@SEED.sample("Node.js Example", "Python Example")
def test_receiver_takes_what_is_signed_with_its_secret_and_nothing_else(stage, sample, endpoints):
    port, address = listener()
    form = {"payloadFormat": "python"} if sample.language == "python" else {}
    webhook = endpoints.create(f"{address}/webhooks/remotedevai", events=["session.*"], maxRetries=0, **form)
    with stage.serving(at(port, sample, webhook["secret"]), port) as read:
        for payload in PAYLOADS:
            assert endpoints.verdict(webhook, endpoints.send("session.started", payload)) == 200
        assert read().count("Event: session.started") == len(PAYLOADS)
        assert read().count("Data: ") == len(PAYLOADS)

        stranger = endpoints.create(f"{address}/webhooks/remotedevai", events=["user.*"], maxRetries=0, **form)
        assert endpoints.verdict(stranger, endpoints.send("user.created", PAYLOADS[0])) == 401

        rotated = endpoints.rotate(webhook)
        assert endpoints.verdict(webhook, endpoints.send("session.ended")) == 401
    with stage.serving(at(port, sample, rotated["secret"]), port):
        assert endpoints.verdict(webhook, endpoints.send("session.ended")) == 200


# Integrations


def text_in(sample, key):
    """The message template of a sample, without its placeholder."""
    return re.search(rf"{key}: `(.*)\$\{{", sample.text)[1]


@SEED.sample("Slack Notification", "Discord Notification")
def test_a_notification_is_passed_on_by_axios_for_its_event_only(stage, sample, endpoints):
    slack = sample.heading.startswith("Slack")
    variable, key = ("SLACK_WEBHOOK_URL", "text") if slack else ("DISCORD_WEBHOOK_URL", "content")
    stage.environment[variable] = f"{stage.receiver.url}/chat"
    assert "app is not defined" in stage.fails(sample)
    port, address = listener()
    before = READS_JSON if slack else READS_JSON + "const axios = require('axios');\n"
    webhook = endpoints.create(f"{address}/webhooks/remotedevai", events=["*"])
    with stage.serving(sample, port, before=before, after=hears(port)):
        event, data = ("project.created", {"name": "Apollo"}) if slack else ("session.started", {"title": "Apollo"})
        assert endpoints.verdict(webhook, endpoints.send("user.created", data)) == 200
        assert endpoints.verdict(webhook, endpoints.send(event, data)) == 200
        hit = stage.receiver.one()
    assert (hit.path, hit.json) == ("/chat", {key: text_in(sample, key) + "Apollo"})
    assert len(stage.receiver.hits) == 1


@SEED.sample("Database Logging")
def test_events_are_logged_through_prisma(stage, sample, endpoints):
    assert "Cannot find module '@prisma/client'" in stage.fails(sample, before=READS_JSON)
    # Prisma's client is generated for a database; this module stands in for it.
    module = stage.folder / "node_modules/@prisma/client"
    module.mkdir(parents=True)
    create = "create: async ({ data }) => console.log(JSON.stringify(data))"
    (module / "index.js").write_text(f"exports.PrismaClient = class {{ eventLog = {{ {create} }}; }};\n")
    port, address = listener()
    webhook = endpoints.create(f"{address}/webhooks/remotedevai", events=["*"])
    with stage.serving(sample, port, before=READS_JSON, after=hears(port)) as read:
        sent = endpoints.send("payment.succeeded", {"amount": 12.5})
        assert endpoints.verdict(webhook, sent) == 200
        row = json.loads(until(read, promise="a row is logged"))
    assert (row["eventType"], row["eventId"]) == ("payment.succeeded", sent["eventId"])
    assert (row["payload"]["id"], row["payload"]["data"]) == (sent["eventId"], {"amount": 12.5})
    assert millis(row["receivedAt"]) >= millis(row["payload"]["created"])


# Watching over it


@SEED.sample("Check Queue Status")
def test_queue_status_counts_what_was_delivered_and_what_failed(alone, sample, start_receiver):
    endpoints = Endpoints(alone.api)
    good = endpoints.create(alone.receiver.url, events=["a.good"])
    bad = endpoints.create(start_receiver(500).url, events=["a.bad"], maxRetries=0)
    slow = endpoints.create(start_receiver(500).url, events=["a.slow"], retryDelay=3600)
    for event in ("a.good", "a.good", "a.bad", "a.slow"):
        endpoints.send(event)
    endpoints.delivered(good, count=2)
    endpoints.delivery(bad, "FAILED")
    endpoints.delivery(slow, "RETRYING")
    [answer] = answers(alone.run(sample))
    assert answer["success"] is True
    assert answer["data"] == {"waiting": 0, "active": 0, "delayed": 1, "completed": 2, "failed": 1, "total": 4}


@SEED.sample("Retry Failed Deliveries")
def test_failed_deliveries_are_retried_all_at_once_and_then_those_of_one_webhook(alone, sample, start_receiver):
    endpoints = Endpoints(alone.api)
    first = start_receiver(500, 200)
    second = start_receiver(500, 500, 200)
    one = endpoints.create(first.url, events=["a.one"], maxRetries=0)
    other = endpoints.create(second.url, events=["a.other"], maxRetries=0)
    for event, webhook in (("a.one", one), ("a.other", other)):
        endpoints.send(event)
        endpoints.delivery(webhook, "FAILED")
    # The two calls are made one after the other, and between them the retries are over.
    calls = [part + "\n" for part in re.split(r"\n(?=# Retry for)", naming(sample, other).text)]
    [everything] = answers(alone.run(replace(sample, text=calls[0])))
    assert (everything["success"], everything["data"]["retried"]) == (True, 2)
    endpoints.delivered(one)
    until(lambda: endpoints.delivery(other, "FAILED")["attempts"] == 2, promise="the other one fails again")
    [specific] = answers(alone.run(replace(sample, text=calls[1])))
    assert specific["data"]["retried"] == 1
    assert endpoints.delivered(other)["attempts"] == 3


@SEED.sample("Webhook Not Receiving Events")
def test_one_sees_whether_a_webhook_is_active_and_what_it_subscribes_to(stage, sample, endpoints):
    webhook = made_as_shown(stage)
    succeeded(stage.api.patch(f"/webhooks/{webhook['id']}", {"active": False}))
    [answer] = answers(stage.run(naming(sample, webhook)))
    assert (answer["data"]["active"], answer["data"]["events"]) == (False, ["project.created", "session.started"])
    endpoints.send("project.created")
    stays(lambda: stage.receiver.hits == [], throughout=0.3, promise="an inactive webhook gets nothing")


def documented():
    """The event types of the document's reference, with what it says about each."""
    return dict(re.findall(r"^- `([a-z_.]+)` - (.*)$", SEED.text, re.MULTILINE))


def test_catalogue_has_every_event_of_the_reference(stage):
    assert len(documented()) == 23
    catalogue = {each["event"]: each["description"] for each in succeeded(stage.api.get("/webhooks/events"))["data"]}
    assert set(documented()) <= set(catalogue)
    assert all(catalogue.values())


def test_a_receiver_is_given_thirty_seconds(stage, endpoints):
    assert "(< 30s)" in SEED.text
    assert endpoints.create(stage.receiver.url)["timeout"] == 30


def test_no_example_of_the_document_is_left_out():
    assert SEED.unclaimed() == []


def test_addresses_of_the_document_are_served(stage):
    """Under /api, where the document has them, and with its `Authorization`."""
    headers = {"Authorization": f"Bearer {stage.server.key}"}
    for path in sorted(
        set(re.findall(r"http://localhost:3001(/api/webhooks[\w/-]*)(?=[ \\]|$)", SEED.text, re.MULTILINE))
    ):
        answer = requests.get(stage.server.url + path, headers=headers, timeout=5)
        assert answer.status_code in (200, 405), path
