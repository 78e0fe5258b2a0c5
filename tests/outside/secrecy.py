"""What callers entrusted to servers in this test run, and a look through all that the servers said: none of it."""

import json
import re
from urllib.parse import urlsplit

# An API key or a webhook secret. Previews, which show a few characters and an ellipsis, are shorter.
CREDENTIAL = re.compile(r"whsec_[A-Za-z0-9+/]{20,}=*|mnt_(?:live|test)_[A-Za-z0-9_-]{20,}")
# The banner shows key and secret to whoever starts the server; all else is the log, a JSON object a line.
BANNER = re.compile(r"^  (?:Dashboard|API key|Webhook secret|curl -s) .*", re.MULTILINE)
# Shorter texts are ordinary words, which a log may well have.
SHORTEST = 12
URLS = ("webhook", "callback", "url")
# What a timer or an event says, and the credentials by which it is said.
CONFIDENTIAL = ("message", "data", "headers", "metadata", "reason")

entrusted = set()


def note_request(body):
    """Remembers what a request entrusts to the server."""
    try:
        _walk(json.loads(body) if isinstance(body, (bytes, str)) else body, confidential=False)
    except (ValueError, RecursionError):
        return


def note_answer(text):
    """Remembers the credentials that an answer gives its caller."""
    entrusted.update(CREDENTIAL.findall(text))


def _walk(value, confidential):
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in URLS and isinstance(inner, str):
                _note_url(inner)
            else:
                _walk(inner, confidential or name in CONFIDENTIAL)
    elif isinstance(value, list):
        for inner in value:
            _walk(inner, confidential)
    elif confidential and isinstance(value, str):
        _note(value)


def _note_url(url):
    try:
        parts = urlsplit(url)
        for secret in (parts.path, parts.query, parts.password, parts.username):
            _note(secret or "")
    except ValueError:
        return


def _note(text):
    if SHORTEST <= len(text) <= 1000:
        entrusted.add(text)


def leaks(said):
    """What a server said that it must not say: a credential, a path with a host before it, or something entrusted."""
    log = BANNER.sub("", said)
    found = set(CREDENTIAL.findall(log))
    # JSON escapes what is not plain; so would the log.
    return found | {text for text in entrusted if text in log or json.dumps(text)[1:-1] in log}
