"""The functions of docs/verifying.md trust genuine deliveries and nothing else, each in its own language."""

import hmac
import json
import os
import shutil
import subprocess
import time
from base64 import b64decode, b64encode
from dataclasses import replace
from pathlib import Path

import pytest
from requests.structures import CaseInsensitiveDict

from api import succeeded
from documents import blocks
from minoots import ROOT
from verifiers import Received, fired

DRIVERS = Path(__file__).parent / "verifying"
TEXT = "a secret that an operator chose"
COMMANDS = {
    "js": ("mjs", ["node", "driver.mjs"]),
    "python": ("py", ["python3", "driver.py"]),
    "rust": ("rs", ["cargo", "run", "--quiet", "--locked"]),
    "go": ("go", ["go", "run", "driver.go", "snippet.go"]),
    "ruby": ("rb", ["ruby", "driver.rb"]),
    "php": ("php", ["php", "driver.php"]),
}
SNIPPETS = {block.language: block.text for block in blocks() if block.path.name == "verifying.md"}


def test_guide_shows_each_language_that_is_tested_here_and_no_other():
    assert set(SNIPPETS) - {"bash"} == set(COMMANDS)


@pytest.mark.parametrize("language", COMMANDS)
def test_snippet_trusts_genuine_deliveries_and_nothing_else(start_server, receiver, language, tmp_path):
    server = start_server()
    old = server.api.webhook_secret()
    new = succeeded(server.api.post("/account/webhook-secret/rotate", {"overlap": "1h"}))["data"]["secret"]
    genuine = fired(server, receiver)
    now = int(genuine.headers["webhook-timestamp"])
    questions = {
        "the secret in force": (genuine, new, True),
        "the secret before it, during the overlap": (genuine, old, True),
        "a secret that is text": (fired(start_server("--webhook-secret", TEXT), receiver), TEXT, True),
        "signed again just now": (signed(genuine, new, int(time.time())), new, True),
        "another's secret": (genuine, "whsec_" + b64encode(bytes(32)).decode(), False),
        "the secret's text as the key": (genuine, new.removeprefix("whsec_"), False),
        "another body": (replace(genuine, body=genuine.body + b" "), new, False),
        "another id": (genuine.with_header("webhook-id", "del_0"), new, False),
        "another time": (genuine.with_header("webhook-timestamp", str(now - 1)), new, False),
        "a time that is no number": (genuine.with_header("webhook-timestamp", "soon"), new, False),
        "a captured request": (signed(genuine, new, int(time.time()) - 302), new, False),
        "a request from the future": (signed(genuine, new, int(time.time()) + 330), new, False),
        "no signature": (genuine.with_header("webhook-signature", ""), new, False),
        "a signature of another version": (signed(genuine, new, now, version="v1a"), new, False),
        "a signature that is no base64": (genuine.with_header("webhook-signature", "v1,%%% v1,"), new, False),
        "no headers": (Received(CaseInsensitiveDict(), genuine.body), new, False),
    }
    answers = ask(language, tmp_path, [question[:2] for question in questions.values()])
    expected = {name: trusted for name, (_, _, trusted) in questions.items()}
    assert dict(zip(questions, answers, strict=True)) == expected


def signed(delivery, secret, timestamp, version="v1"):
    """The delivery as if it had been sent at another time."""
    text = f"{delivery.headers['webhook-id']}.{timestamp}.".encode() + delivery.body
    signature = b64encode(hmac.digest(b64decode(secret.removeprefix("whsec_")), text, "sha256")).decode()
    return delivery.with_headers({"webhook-timestamp": str(timestamp), "webhook-signature": f"{version},{signature}"})


def ask(language, folder, questions):
    """What the snippet says of each delivery under each secret."""
    ending, command = COMMANDS[language]
    for file in DRIVERS.glob("*"):
        shutil.copy(file, folder)
    (folder / f"snippet.{ending}").write_text(SNIPPETS[language])
    lines = [
        {
            "headers": {name.lower(): value for name, value in delivery.headers.items()},
            "body": b64encode(delivery.body).decode(),
            "secret": secret,
        }
        for delivery, secret in questions
    ]
    environment = os.environ | {"CARGO_TARGET_DIR": str(ROOT / "target" / "verifying")}
    text = "\n".join(map(json.dumps, lines))
    asked = subprocess.run(
        command, cwd=folder, env=environment, input=text, capture_output=True, text=True, timeout=600
    )
    assert asked.returncode == 0, f"{command} in {folder}:\n{asked.stderr}"
    return [json.loads(line) for line in asked.stdout.split()]
