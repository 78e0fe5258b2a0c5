"""The options of `minoots dev`, each also from the environment."""

import os
import re
import subprocess

import pytest

from api import Api, refused, succeeded
from minoots import BINARY, free_port, listens, refuses_to_start
from misbehaving import hangs
from signatures import minoots, standard
from waiting import until

KEY = "mnt_live_" + "chosen-by-the-operator-and-long"
TEST_KEY = "mnt_test_" + "chosen-by-the-operator-and-long"

BOTH_WAYS = pytest.mark.parametrize("way", ["option", "environment"])


@pytest.fixture
def configured(start_server):
    """Starts a server with one setting, given either way."""

    def start(way, option, value):
        if way == "option":
            return start_server(option, value) if value is not True else start_server(option)
        name = "MINOOTS_" + option.removeprefix("--").upper().replace("-", "_")
        return start_server(environment={name: "true" if value is True else value})

    return start


@BOTH_WAYS
@pytest.mark.parametrize(("key", "mode"), [(KEY, "live"), (TEST_KEY, "test")])
def test_an_operator_may_choose_the_key(configured, way, key, mode):
    server = configured(way, "--api-key", key)
    succeeded(server.api.with_key(key).get("/timers"))
    made = succeeded(server.api.with_key(key).post("/account/api-keys", {}), 201)["apiKey"]
    assert made.startswith(f"mnt_{mode}_")


@BOTH_WAYS
def test_an_operator_may_choose_the_secret_and_its_text_signs(configured, receiver, way):
    secret = "your_webhook_verification_secret"
    api = configured(way, "--webhook-secret", secret).api
    assert api.webhook_secret() == secret
    api.fire(api.create(webhook=receiver.url))
    hit = receiver.one()
    assert hit.headers["X-MINOOTS-Signature"] == minoots(secret, hit)
    assert hit.headers["webhook-signature"] == standard(secret, hit)


@BOTH_WAYS
def test_webhooks_may_be_strict(configured, way):
    api = configured(way, "--strict-webhooks", True).api
    refused(api.post("/timers", {"duration": "1h", "webhook": "http://127.0.0.1/"}), 400, "INVALID_WEBHOOK_URL")


@BOTH_WAYS
def test_timers_may_be_limited(configured, way):
    api = configured(way, "--max-timers", "1").api
    api.create()
    refused(api.post("/timers", {"duration": "1h"}), 429, "QUOTA_EXCEEDED")


@BOTH_WAYS
def test_a_webhooks_time_may_be_limited(configured, misbehaving, way):
    api = configured(way, "--webhook-timeout", "1").api
    timer = api.fire(api.create(webhook=misbehaving(hangs).url))
    assert api.delivery(timer, "RETRYING", within=3)["attempts"] == 1


def test_an_option_wins_over_the_environment(start_server):
    api = start_server("--max-timers", "2", environment={"MINOOTS_MAX_TIMERS": "1"}).api
    api.create()
    api.create()
    refused(api.post("/timers", {"duration": "1h"}), 429, "QUOTA_EXCEEDED")


def test_port_host_and_data_folder_may_come_from_the_environment(tmp_path):
    port = free_port()
    settings = {
        "MINOOTS_PORT": str(port),
        "MINOOTS_HOST": "127.0.0.1",
        "MINOOTS_DATA_DIR": str(tmp_path / "elsewhere"),
        "MINOOTS_API_KEY": KEY,
    }
    process = subprocess.Popen(
        [BINARY, "dev"], cwd=tmp_path, env=os.environ | settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: listens(port), within=20, promise=f"it serves on port {port}")
        succeeded(Api(f"http://127.0.0.1:{port}", KEY).get("/timers"))
        assert any((tmp_path / "elsewhere").iterdir())
    finally:
        process.terminate()
        assert process.wait(20) == 0


def test_only_loopback_is_served_unless_told_otherwise(start_server):
    server = start_server()
    listening = subprocess.run(
        ["cat", f"/proc/{server.process.pid}/net/tcp"], capture_output=True, text=True, timeout=5
    )
    addresses = re.findall(rf" ([0-9A-F]+):{server.port:04X} 00000000:0000 0A ", listening.stdout)
    assert addresses == ["0100007F"]


@pytest.mark.parametrize(
    "options",
    [
        ("--port", "many"),
        ("--port", "70000"),
        ("--host", "no host at all"),
        ("--rate-limit", "0"),
        ("--rate-limit=-1",),
        ("--max-timers", "many"),
        ("--webhook-timeout", "soon"),
        ("--webhook-timeout", "0"),
        ("--webhook-secret", ""),
        ("--api-key", ""),
        ("--nonsense",),
        ("stray",),
    ],
    ids=" ".join,
)
def test_a_bad_option_is_refused_and_named(tmp_path, options):
    code, said = refuses_to_start("--data-dir", str(tmp_path / "data"), *options)
    assert code not in (0, 101), "an error, no panic"
    assert options[0].split("=")[0] in said
    assert "panicked" not in said


@pytest.mark.parametrize(
    ("name", "value"), [("MINOOTS_PORT", "many"), ("MINOOTS_RATE_LIMIT", "-1"), ("MINOOTS_STRICT_WEBHOOKS", "perhaps")]
)
def test_a_bad_setting_in_the_environment_is_refused_and_named(tmp_path, name, value):
    code, said = refuses_to_start("--data-dir", str(tmp_path / "data"), environment={name: value})
    assert code not in (0, 101)
    assert name in said or "--" + name.removeprefix("MINOOTS_").lower().replace("_", "-") in said


@pytest.mark.parametrize("arguments", [["--help"], ["dev", "--help"]], ids=" ".join)
def test_help_is_there(arguments):
    done = subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=10)
    assert done.returncode == 0
    assert "dev" in done.stdout
    if "dev" in arguments:
        for option in ("--port", "--host", "--data-dir", "--api-key", "--webhook-secret", "--strict-webhooks"):
            assert option in done.stdout


def test_the_version_is_told():
    done = subprocess.run([BINARY, "--version"], capture_output=True, text=True, timeout=10)
    assert done.returncode == 0
    assert re.search(r"\d+\.\d+\.\d+", done.stdout)
