"""Every example of seed 001: payloads as shown, receivers that verify and answer, and what Slack and Discord get."""

import re

import requests

from seeds import Seed, same_shape
from stage import CLIENT, listener

SEED = Seed("001")
MINUTE = 60_000

EXPRESS = "const express = require('express');\nconst app = express();\n"
READS_JSON = EXPRESS + "app.use(express.json());\n"


def hears(port):
    return f"app.listen({port}, '127.0.0.1');"


@SEED.sample("Basic Webhook Setup")
def test_basic_setup_takes_the_client_for_granted_and_makes_its_timer_with_it(stage, sample):
    assert "minoots is not defined" in stage.fails(sample)
    stage.run(sample, before=CLIENT)
    timer = stage.only_timer()
    assert (timer["name"], timer["duration"]) == ("Build Process", 15 * MINUTE)
    assert stage.expired(timer).path == "/your-app.com/timer-complete"


@SEED.sample("Webhook Payload")
def test_payload_is_as_shown_for_the_timer_of_the_basic_setup(stage, sample):
    promised = stage.value(sample)
    stage.run(SEED.samples["Basic Webhook Setup"], before=CLIENT)
    hit = stage.expired(stage.only_timer())
    assert hit.method == "POST"
    assert hit.headers["Content-Type"] == "application/json"
    same_shape(promised, hit.json)
    for field in ("event", "message", "data"):
        assert hit.json[field] == promised[field]
    for field in ("name", "status", "duration"):
        assert hit.json["timer"][field] == promised["timer"][field]


@SEED.sample("Timer Expiration")
def test_expiry_brings_its_message_and_data(stage, sample):
    timer = stage.api.create(**stage.value(sample))
    hit = stage.expired(timer)
    assert (hit.path, hit.event) == ("/your-app.com/timer-done", "timer_expired")
    assert (hit.json["message"], hit.json["data"]) == ("Timer completed!", {"customField": "value"})


@SEED.sample("Progress Milestones")
def test_milestones_are_told_at_each_quarter(stage, sample):
    timer = stage.api.create("2s", **stage.value(sample))
    hits = stage.awaited(timer, "timer_progress", 3)
    assert [hit.json["milestone"] for hit in hits] == ["25%", "50%", "75%"]
    for hit, part in zip(hits, (0.25, 0.5, 0.75), strict=True):
        assert hit.path == "/your-app.com/progress"
        assert (hit.json["timer"]["progress"], hit.json["timer"]["status"]) == (part, "running")
        assert 0 <= hit.at * 1000 - (timer["startTime"] + part * timer["duration"]) < 250


@SEED.sample("Timer Cancellation")
def test_cancellation_is_told_with_its_reason_to_the_webhook_of_the_expiry(stage, sample):
    promised = stage.value(sample)
    timer = stage.api.create(events={"on_expire": {"webhook": f"{stage.receiver.url}/only-one"}})
    stage.api.cancel(timer, reason="Build completed early")
    [hit] = stage.awaited(timer, "timer_cancelled")
    assert hit.path == "/only-one"
    same_shape(promised, hit.json)
    assert hit.json["event"] == promised["event"]
    assert hit.json["timer"] == hit.json["timer"] | promised["timer"] | {"id": timer["id"]}


@SEED.sample("Signature Verification")
def test_express_receiver_lacks_its_app_and_then_takes_what_is_signed_with_its_secret_only(stage, sample):
    assert "app is not defined" in stage.fails(sample)
    port, address = listener()
    before = EXPRESS + "const { WEBHOOK_SECRET } = process.env;\n"
    before += "const handleTimerEvent = (event) => console.log(`handled ${event.timer.id}`);"
    events = {"on_expire": {"webhook": f"{address}/minoots-webhook", "message": "Grüße 🚀", "data": {"ratio": 1.0}}}
    for secret, status in ((stage.api.webhook_secret(), 200), ("another", 401)):
        stage.environment["WEBHOOK_SECRET"] = secret
        with stage.serving(sample, port, before=before, after=hears(port)) as read:
            timer = stage.api.fire(stage.api.create(events=events))
            assert stage.verdict(timer) == status
            assert (f"handled {timer['id']}" in read()) == (status == 200)


@SEED.sample("Webhook Response Requirements")
def test_a_receiver_that_answers_500_is_asked_again_five_seconds_later_until_it_answers_200(stage, sample):
    assert "app is not defined" in stage.fails(sample)
    port, address = listener()
    before = (
        READS_JSON
        + """
let attempts = 0;
const processTimerEvent = (event) => {
  console.log(`attempt ${++attempts} ${event.timer.id} ${Date.now()}`);
  if (attempts === 1) throw new Error('not yet');
};
"""
    )
    with stage.serving(sample, port, before=before, after=hears(port)) as read:
        timer = stage.api.fire(stage.api.create(webhook=f"{address}/webhook"))
        assert stage.verdict(timer) == 500
        [delivery] = stage.api.deliveries(timer)
        assert (delivery["status"], delivery["attempts"]) == ("RETRYING", 1)

        delivery = stage.delivered(timer, within=7)
        assert (delivery["attempts"], delivery["responseCode"]) == (2, 200)
        assert "Webhook processing failed: Error: not yet" in read()
        first, second = (int(at) for at in re.findall(rf"attempt \d {timer['id']} (\d+)", read()))
        assert 5_000 <= second - first < 6_000


@SEED.sample("Slack Integration")
def test_slack_gets_text_channel_and_username(stage, sample):
    stage.run(sample, before=CLIENT)
    timer = stage.only_timer()
    assert (timer["name"], timer["duration"]) == ("Sprint Planning", 120 * MINUTE)
    hit = stage.posted(timer)
    assert hit.path == "/hooks.slack.com/services/YOUR/SLACK/WEBHOOK"
    text = "Sprint planning session completed!"
    assert hit.json == {"text": text, "channel": "#dev-team", "username": "MINOOTS Bot"}


@SEED.sample("Discord Integration")
def test_discord_gets_content_and_embeds_and_mentions_nobody(stage, sample):
    timer = stage.api.create(events={"on_expire": stage.value(sample, "discordWebhook")})
    hit = stage.posted(timer)
    assert hit.path == "/discord.com/api/webhooks/YOUR/DISCORD/WEBHOOK"
    embed = {"title": "MINOOTS Timer Alert", "color": 0xFF6B35, "description": "Deployment window closing soon"}
    assert hit.json == {
        "content": "Deployment window closing in 10 minutes",
        "embeds": [embed],
        "allowed_mentions": {"parse": []},
    }


@SEED.sample("Email Notifications (via Webhook Service)")
def test_a_mail_service_gets_its_fields_as_data(stage, sample):
    notification = stage.value(sample, "emailNotification")
    timer = stage.api.create(events={"on_expire": notification})
    hit = stage.expired(timer)
    assert (hit.path, hit.json["message"]) == ("/your-email-service.com/send", None)
    assert hit.json["data"] == notification["data"]
    assert hit.json["data"]["variables"]["timerName"] == "Build Process"


@SEED.sample("Using webhook.site")
def test_a_timer_of_thirty_seconds_reaches_webhook_site(stage, sample):
    stage.run(sample, before=CLIENT)
    timer = stage.only_timer()
    assert (timer["name"], timer["duration"]) == ("Webhook Test", 30_000)
    hit = stage.expired(timer)
    assert (hit.path, hit.json["message"], hit.json["data"]) == ("/webhook.site/your-unique-url", None, {})


@SEED.sample("Local Testing with ngrok")
def test_a_tunnels_address_can_be_used_as_a_webhook(stage, sample):
    for command in ("npm", "ngrok"):
        stage.stand_in(command, f"echo {command} $@ >> called")
    stage.run(sample)
    assert (stage.folder / "called").read_text() == "npm install -g ngrok\nngrok http 3000\n"
    [tunnel] = re.findall(r"# (https://\S+)", sample.text)
    hit = stage.expired(stage.api.create(webhook=stage.put_on(tunnel)))
    assert hit.path == "/abc123.ngrok.io/webhook"


@SEED.sample("Testing Framework")
def test_test_framework_lacks_its_app_and_its_runner_and_passes_on_the_documents_own_receiver(stage, sample):
    assert "Cannot find module './app'" in stage.fails(sample)
    handler = SEED.samples["Webhook Response Requirements"].text
    process = "const processTimerEvent = (event) => console.log(`processed ${event.timer.name}`);\n"
    (stage.folder / "app.js").write_text(f"{READS_JSON}{process}{handler}module.exports = app;\n")
    assert "describe is not defined" in stage.fails(sample)

    output = stage.run(sample, before="import { describe, test } from 'node:test';")
    assert "processed Test Timer" in output
    assert re.search(r"^[#ℹ] pass 1$", output, re.MULTILINE)
    assert re.search(r"^[#ℹ] fail 0$", output, re.MULTILINE)


@SEED.sample("Conditional Webhooks")
def test_conditions_arrive_as_given_for_the_receiver_to_decide(stage, sample):
    stage.run(sample, before=CLIENT)
    timer = stage.only_timer()
    assert (timer["name"], timer["duration"]) == ("Build with Conditions", 10 * MINUTE)
    hit = stage.expired(timer)
    assert hit.path == "/your-app.com/conditional-webhook"
    conditions = {
        "if_tests_pass": f"{stage.receiver.url}/deploy.com/production",
        "if_tests_fail": f"{stage.receiver.url}/notify.com/build-failed",
    }
    assert hit.json["data"] == {"conditions": conditions}


@SEED.sample("Webhook Chaining")
def test_chain_goes_on_from_one_webhook_to_the_next_timer(stage, sample):
    assert "app is not defined" in stage.fails(sample)
    port, stage.hosts["your-app.com"] = listener()
    before = CLIENT + READS_JSON
    before += "app.post('/start-deploy', (req, res) => { console.log(req.body.data.nextStep); res.sendStatus(200); });"
    with stage.serving(sample, port, before=before, after=hears(port) + "\nawait startWorkflow();") as read:
        build = stage.created("Build Step")
        assert build["duration"] == 5 * MINUTE
        assert build["events"]["on_expire"]["data"] == {"nextStep": "testing"}
        stage.api.fire(build)
        assert stage.verdict(build) == 200

        test = stage.created("Test Step")
        assert test["duration"] == 10 * MINUTE
        stage.api.fire(test)
        assert stage.verdict(test) == 200
        assert read() == "deployment\n"
    assert len(stage.timers()) == 2


@SEED.sample("Tracking Webhook Delivery")
def test_monitor_logs_event_timer_and_attempt(stage, sample):
    assert "app is not defined" in stage.fails(sample)
    port, address = listener()
    with stage.serving(sample, port, before=READS_JSON, after=hears(port)) as read:
        timer = stage.api.fire(stage.api.create(webhook=f"{address}/webhook-stats"))
        assert stage.verdict(timer) == 200
        logged = read()
    assert "event: 'timer_expired'" in logged
    assert f"timerId: '{timer['id']}'" in logged
    assert "attempt: '1'" in logged


@SEED.sample("Health Check Endpoint")
def test_health_check_tells_when_the_last_webhook_came(stage, sample):
    assert "app is not defined" in stage.fails(sample)
    port, address = listener()
    before = (
        READS_JSON
        + """
let last = null;
const getLastWebhookTime = () => last;
app.post('/webhook', (req, res) => { last = req.body.timestamp; res.sendStatus(200); });
"""
    )
    with stage.serving(sample, port, before=before, after=hears(port)):
        timer = stage.api.fire(stage.api.create(webhook=f"{address}/webhook"))
        assert stage.verdict(timer) == 200
        health = requests.get(f"{address}/webhook-health", timeout=5).json()
    assert health == {
        "status": "healthy",
        "timestamp": health["timestamp"],
        "lastWebhookReceived": stage.api.timer(timer)["expiredAt"],
    }


def test_no_example_of_the_document_is_left_out():
    assert SEED.unclaimed() == []
