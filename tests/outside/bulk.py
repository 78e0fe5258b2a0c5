"""Asks the receiver of seed 003 in Python and the Python client about many deliveries in one process: a list of
questions comes in, a list of answers goes out. The receiver's code is the document's, with a secret of its own for each
endpoint."""

import json
import sys
from functools import cache
from pathlib import Path

from minoots import WebhookVerificationError, verify_webhook

sample = Path(sys.argv[1]).read_text(encoding="utf-8")


@cache
def receiver(secret):
    names = {"__name__": "receiver"}
    exec(sample.replace("your_webhook_secret_here", secret), names)
    return names["verify_webhook"]


def as_printed(secret, headers, body):
    """As the document's route calls it, with the body that Flask parses."""
    try:
        payload = json.loads(body)
        return receiver(secret)(payload, headers["x-webhook-signature"], int(headers["x-webhook-timestamp"]))
    except (ValueError, TypeError):
        return False


def by_client(scheme, secret, headers, body):
    try:
        verify_webhook(body, headers, secret, scheme=scheme)
    except WebhookVerificationError:
        return False
    return True


answers = []
for question in json.load(sys.stdin):
    asked = (question["secret"], question["headers"], question["body"].encode())
    answer = {"printed": as_printed(*asked)}
    answer |= {scheme: by_client(scheme, *asked) for scheme in ("standard", "x-webhook", "x-minoots")}
    answers.append(answer)
json.dump(answers, sys.stdout)
