"""Every example of seed 002. Where it promises less than the other documents (no retries, no signatures), they hold."""

from dataclasses import replace

import pytest
import requests

from seeds import Seed, same_shape
from stage import listener
from waiting import until

SEED = Seed("002")

EXPRESS = "const express = require('express');\nconst app = express();\napp.use(express.json());\n"


@SEED.sample("Webhook Configuration")
def test_configuration_is_taken_as_it_is_printed(stage, sample):
    configuration = stage.value(sample)
    timer = stage.api.create(**configuration)
    assert (timer["name"], timer["duration"]) == ("deployment_timer", 600_000)
    assert timer["events"] == configuration["events"]
    hit = stage.expired(timer)
    assert hit.path == "/your-app.com/webhook"
    assert hit.json["message"] == "Deployment timer expired"
    assert hit.json["data"] == {"deploymentId": "dep_123", "environment": "production"}


@SEED.sample("Webhook Payload")
def test_payload_is_as_shown_for_the_timer_of_the_configuration(stage, sample):
    promised = stage.value(sample)
    configuration = stage.value(SEED.samples["Webhook Configuration"])
    timer = stage.api.create(**configuration, agent_id="agent_123", metadata={"ticket": 7})
    hit = stage.expired(timer)
    same_shape(promised, hit.json)
    for field in ("event", "message", "data"):
        assert hit.json[field] == promised[field]
    for field in ("name", "status", "agentId", "duration"):
        assert hit.json["timer"][field] == promised["timer"][field]
    assert hit.json["timer"]["events"] == configuration["events"]
    assert hit.json["timer"]["metadata"] == {"ticket": 7}
    assert hit.json["timer"]["startTime"] == timer["startTime"]


@SEED.sample("Example Webhook Receiver")
def test_receiver_lacks_its_app_and_then_takes_an_expiry_with_or_without_data(stage, sample):
    assert "app is not defined" in stage.fails(sample)
    port, stage.hosts["your-app.com"] = listener()
    address = stage.hosts["your-app.com"]
    with stage.serving(sample, port, before=EXPRESS, after=f"app.listen({port}, '127.0.0.1');") as read:
        given = stage.api.create(**stage.value(SEED.samples["Webhook Configuration"]))
        bare = stage.api.create(name="bare", webhook=f"{address}/webhook")
        for timer in (given, bare):
            assert stage.verdict(stage.api.fire(timer)) == 200
        assert read() == "Timer deployment_timer expired\nTimer bare expired\n"


KNOWS = "const db = { get: async (key) => (key === 'timer:known' ? {} : undefined) };\n"


@SEED.sample("Recommended Security Measures")
def test_secret_address_lacks_its_app_its_database_and_an_answer(stage, sample):
    stage.environment["WEBHOOK_SECRET"] = "sesame"
    assert "app is not defined" in stage.fails(sample)
    port, stage.hosts["api.example.com"] = listener()
    address = stage.hosts["api.example.com"] + "/webhook/sesame"
    after = f"app.listen({port}, '127.0.0.1', () => console.log(webhookUrl));"
    with stage.serving(sample, port, before=EXPRESS + KNOWS, after=after) as read:
        until(lambda: read() == address + "\n", promise=f"the sample's own address is {address}")
        with pytest.raises(requests.ReadTimeout):
            requests.post(address, json={"timer": {"id": "known"}}, timeout=1)


@SEED.sample("Recommended Security Measures")
def test_secret_address_tells_the_service_from_strangers_and_known_timers_from_unknown_ones(stage, sample):
    stage.environment["WEBHOOK_SECRET"] = "sesame"
    port, stage.hosts["api.example.com"] = listener()
    address = stage.hosts["api.example.com"] + "/webhook/"
    answering = replace(sample, text=sample.text.replace("// Process webhook...", "res.sendStatus(200);"))
    with stage.serving(answering, port, before=EXPRESS + KNOWS, after=f"app.listen({port}, '127.0.0.1');"):
        known = stage.api.create(id="known", webhook=address + "sesame")
        unknown = stage.api.create(id="unknown", webhook=address + "sesame")
        strange = stage.api.create(id="strange", webhook=address + "open")
        verdicts = [stage.verdict(stage.api.fire(timer)) for timer in (known, unknown, strange)]
        assert verdicts == [200, 404, 401]


@SEED.sample("Deployment Completion", "Rate Limit Reset", "Scheduled Tasks")
def test_pattern_brings_its_message_and_data_to_its_address(stage, sample):
    fields = stage.value(sample)
    hit = stage.expired(stage.api.create(**fields))
    promised = fields["events"]["on_expire"]
    assert stage.receiver.url + hit.path == promised["webhook"]
    assert (hit.json["message"], hit.json["data"]) == (promised["message"], promised["data"])
    assert hit.json["data"] != {}


@SEED.sample("Testing Webhooks")
def test_example_test_arrives_ten_seconds_later(stage, sample):
    stage.run(sample)
    timer = stage.only_timer()
    assert (timer["name"], timer["duration"]) == ("webhook_test", 10_000)
    hit = stage.receiver.one(within=12)
    assert (hit.path, hit.event) == ("/webhook.site/YOUR_UNIQUE_URL", "timer_expired")
    assert hit.json["timer"]["id"] == timer["id"]
    assert 0 <= hit.late(timer) < 1


def test_no_example_of_the_document_is_left_out():
    assert SEED.unclaimed() == []
