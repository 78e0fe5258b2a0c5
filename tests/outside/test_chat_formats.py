"""Contract section 3: the forms that chat services take."""

import pytest

SLACK_FIELDS = {
    "channel": "#dev-team",
    "username": "MINOOTS Bot",
    "icon_emoji": ":tomato:",
    "icon_url": "https://example.com/i.png",
    "attachments": [{"text": "a"}],
    "blocks": [{"type": "divider"}],
    "thread_ts": "1.2",
}
DISCORD_FIELDS = {
    "embeds": [{"title": "Alert", "color": 16738101}],
    "username": "MINOOTS",
    "avatar_url": "https://example.com/a.png",
    "tts": True,
}
NOBODY = {"parse": []}


@pytest.fixture
def told(api, receiver):
    """What a receiver is told in this format by an expiry."""

    def tell(format, name="Sprint", **action):
        timer = api.create(name=name, events={"on_expire": {"webhook": receiver.url, "format": format, **action}})
        api.fire(timer)
        return receiver.one()

    return tell


def test_slack_gets_the_message_and_what_data_holds_for_slack(told):
    hit = told("slack", message="done", data={**SLACK_FIELDS, "build": 5, "text": "not from here"})
    assert hit.json == {"text": "done", **SLACK_FIELDS}
    assert hit.headers["Content-Type"] == "application/json"


def test_discord_gets_the_message_and_what_data_holds_for_discord(told):
    hit = told("discord", message="done", data={**DISCORD_FIELDS, "build": 5, "content": "not from here"})
    assert hit.json == {"content": "done", "allowed_mentions": NOBODY, **DISCORD_FIELDS}


def test_discord_mentions_nobody_unless_data_says_so(told):
    assert told("discord", message="@everyone").json["allowed_mentions"] == NOBODY


def test_discord_mentions_whom_data_says(told):
    hit = told("discord", message="@here", data={"allowed_mentions": {"parse": ["everyone"]}})
    assert hit.json["allowed_mentions"] == {"parse": ["everyone"]}


@pytest.mark.parametrize(("format", "field"), [("slack", "text"), ("discord", "content")])
def test_without_a_message_a_sentence_names_the_timer(told, format, field):
    hit = told(format)
    assert "Sprint" in hit.json[field]
    assert "expired" in hit.json[field]


@pytest.mark.parametrize(("format", "field"), [("slack", "text"), ("discord", "content")])
def test_progress_and_cancellation_are_told_in_the_format_too(api, receiver, format, field):
    chat = {"webhook": receiver.url, "format": format}
    api.create("200ms", name="Sprint", events={"on_progress": {**chat, "intervals": ["50%"]}})
    assert "50%" in receiver.wait(1)[0].json[field]
    api.cancel(api.create(name="Other", events={"on_cancel": chat}), reason="rained off")
    text = receiver.wait(2)[1].json[field]
    assert "Other" in text
    assert "rained off" in text


@pytest.mark.parametrize(("format", "field"), [("slack", "text"), ("discord", "content")])
def test_a_cancellation_that_falls_back_keeps_the_format(api, receiver, format, field):
    expire = {"webhook": receiver.url, "format": format, "message": "Deploy now!", "data": {"username": "x"}}
    api.cancel(api.create(name="Deploy", events={"on_expire": expire}))
    told = receiver.one().json
    assert set(told) <= {field, "allowed_mentions"}
    assert "cancelled" in told[field]
    assert "Deploy now!" not in told[field]


def test_chat_deliveries_carry_the_same_headers(told):
    hit = told("slack", headers={"X-Own": "1"})
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature", "X-MINOOTS-Signature", "X-Own"):
        assert name in hit.headers
    assert hit.headers["X-MINOOTS-Event"] == "timer_expired"
    assert hit.headers["Content-Length"] == str(len(hit.body))


def test_json_may_be_asked_for_where_a_host_would_say_otherwise(told):
    assert told("json").json["event"] == "timer_expired"


HOSTS = [
    ("hooks.slack.com", "/services/T/B/x", "text"),
    ("discord.com", "/api/webhooks/1/x", "content"),
    ("discordapp.com", "/api/webhooks/1/x", "content"),
    ("discord.com", "/elsewhere", "event"),
    ("slack.com", "/services/T/B/x", "event"),
    ("hooks.slack.com.example.org", "/services/T/B/x", "event"),
]


@pytest.mark.parametrize(("host", "path", "field"), HOSTS, ids=[host + path for host, path, _ in HOSTS])
def test_the_host_decides_the_format(start_server, false_names, receiver, host, path, field):
    api = start_server(environment=false_names({host: "127.0.0.1"})).api
    port = receiver.url.rsplit(":", 1)[1]
    api.fire(api.create(webhook=f"http://{host}:{port}{path}", message="done"))
    assert field in receiver.one().json
    overridden = api.create(events={"on_expire": {"webhook": f"http://{host}:{port}{path}", "format": "json"}})
    api.fire(overridden)
    assert receiver.wait(2)[1].json["event"] == "timer_expired"
