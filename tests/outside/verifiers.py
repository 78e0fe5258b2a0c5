"""The published libraries with which receivers verify deliveries."""

import json
import subprocess
from base64 import b64encode
from dataclasses import dataclass, replace

from requests.structures import CaseInsensitiveDict
from standardwebhooks import Webhook

from stage import NODE

STANDARD_PYTHON = "standardwebhooks of Python"
STANDARD_NPM = "standardwebhooks of npm"
GITHUB = "@octokit/webhooks-methods"
STANDARD = (STANDARD_PYTHON, STANDARD_NPM)
ALL = (*STANDARD, GITHUB)


@dataclass(frozen=True)
class Received:
    """A delivery as its receiver holds it, to be verified or tampered with."""

    headers: CaseInsensitiveDict
    body: bytes

    @classmethod
    def of(cls, hit):
        return cls(hit.headers, hit.body)

    def with_header(self, name, value):
        headers = self.headers.copy()
        headers[name] = value
        return replace(self, headers=headers)

    def with_headers(self, changes):
        headers = self.headers.copy()
        headers.update(changes)
        return replace(self, headers=headers)

    def is_accepted(self, library, secret):
        """Whether the library takes the delivery for one that was signed with the secret."""
        return self.answer(library, secret) is True

    def answer(self, library, secret):
        """True, or why the library refuses."""
        if library == STANDARD_PYTHON:
            return self._ask_python(Webhook, secret)
        return self._ask_node("github" if library == GITHUB else "standard", secret)

    def answer_for_text(self, library, text):
        """The same for a secret that is not base64: how the libraries are told that its text is the key."""
        if library == STANDARD_PYTHON:
            return self._ask_python(Webhook, b64encode(text.encode()).decode())
        return self._ask_node("github" if library == GITHUB else "standard, raw key", text)

    def _ask_python(self, webhook, secret):
        try:
            return webhook(secret).verify(self.body, dict(self.headers)) == json.loads(self.body)
        except Exception as refusal:
            return str(refusal)

    def _ask_node(self, verifier, secret):
        headers = {name.lower(): value for name, value in self.headers.items()}
        question = {"verifier": verifier, "secret": secret, "headers": headers, "body": self.body.decode()}
        asked = subprocess.run(
            ["node", NODE / "verify.mjs"], input=json.dumps([question]), capture_output=True, text=True, timeout=30
        )
        assert asked.returncode == 0, asked.stderr
        [answer] = json.loads(asked.stdout)
        return answer


def fired(server, receiver, **fields):
    """What arrives when a timer of these fields is fired."""
    arrived = len(receiver.hits)
    server.api.fire(server.api.create(webhook=receiver.url, **fields))
    return Received.of(receiver.wait(arrived + 1)[arrived])
