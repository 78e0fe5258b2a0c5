"""Random events' data as JSON text, spelled in all the ways that JSON allows, and requests changed at random."""

import json
import math
import random
import re
from dataclasses import replace

WORDS = [
    "",
    "a",
    "Grüße",
    "日本語",
    "🚀",
    "👩‍👩‍👧‍👦",
    "\u2028",
    "\u202e",
    "</script>",
    '"',
    "\\",
    "/",
    "'",
    "<&>",
    "\u00a0",
]
CONTROLS = [*map(chr, range(32)), "\u007f", "\u0080", "\u009f", "\ufeff", "\ufffe", "\uffff", "\U0010ffff"]
KEYS = ["0", "7", "10", "01", "-1", "1.5", "4294967294", "4294967295", "__proto__", "constructor", "toString", "length"]
NUMBERS = [
    *("0", "-0", "-0.0", "1.0", "1e2", "1E+2", "100.00", "0.10", "1e21", "1e-7", "123456789.000", "1e300", "-1E-300"),
    *(
        "5e-324",
        "1.7976931348623157e308",
        "9007199254740991",
        "-9007199254740991",
        "0.1000000000000000055511151231257827",
    ),
]
# Doubles have no more room than this: JavaScript would lose digits of a larger one.
LARGEST_INTEGER = 2**53 - 1


class Payloads:
    """Grows objects from a seed, so that a failure can be repeated."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def data(self):
        """The text of one event's data."""
        if self.random.random() < 0.05:
            return self._deep(self.random.randint(10, 28))
        return self._object(self.random.randint(1, 4))

    def _deep(self, levels):
        text = self._scalar()
        for _ in range(levels):
            text = f"[{text}]" if self.random.random() < 0.5 else f"{{{self._string()}:{text}}}"
        return f'{{"deep":{text}}}'

    def _object(self, levels):
        members = [f"{self._key()}{self._blank()}:{self._value(levels)}" for _ in range(self.random.randint(0, 6))]
        return "{" + (self._blank() + ",").join(members) + self._blank() + "}"

    def _value(self, levels):
        kind = self.random.random()
        if levels > 1 and kind < 0.25:
            return self._object(levels - 1)
        if levels > 1 and kind < 0.4:
            return "[" + ",".join(self._value(levels - 1) for _ in range(self.random.randint(0, 4))) + "]"
        return self._blank() + self._scalar()

    def _scalar(self):
        kind = self.random.random()
        if kind < 0.45:
            return self._string()
        if kind < 0.85:
            return self._number()
        return self.random.choice(["true", "false", "null"])

    def _number(self):
        kind = self.random.random()
        if kind < 0.3:
            return self.random.choice(NUMBERS)
        if kind < 0.5:
            return str(self.random.randint(-LARGEST_INTEGER, LARGEST_INTEGER))
        if kind < 0.7:
            return repr(self.random.uniform(-1000, 1000))
        number = math.ldexp(self.random.uniform(-1, 1), self.random.randint(-1000, 1000))
        text = self.random.choice([repr, "{:.25g}".format, "{:E}".format])(number)
        # Of a whole number every digit counts, and JavaScript would lose them: not what these are for.
        return repr(number) if re.fullmatch(r"-?\d{16,}", text) else text

    def _key(self):
        return json.dumps(self.random.choice(KEYS)) if self.random.random() < 0.3 else self._string()

    def _string(self):
        parts = self.random.choices([*WORDS, *CONTROLS], k=self.random.randint(0, 5))
        # Escaped or as it is, as the caller's library would have it.
        return json.dumps("".join(parts), ensure_ascii=self.random.random() < 0.5)

    def _blank(self):
        return self.random.choice(["", "", "", " ", "\n", "\t "])


def meaning(body):
    """What any receiver sees in a body, whatever it takes numbers for: two bodies of one meaning may verify alike."""

    def plain(value):
        if isinstance(value, dict):
            return [[name, plain(each)] for name, each in value.items()]
        if isinstance(value, list):
            return [plain(each) for each in value]
        return value + 0.0 if isinstance(value, float) else value

    return json.dumps(plain(json.loads(body, parse_int=float)))


class Mutations:
    """Changes requests so that nobody may take them any more."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def of(self, request, others):
        """The request, changed; and which of the schemes that sign it can tell."""
        change = self.random.choice([self._body, self._body, self._body, self._time, self._signature, self._stranger])
        return change(request, others)

    def _body(self, request, _others):
        text = request.body.decode()
        while True:
            at = self.random.randrange(len(text))
            other = self.random.choice('0123456789abc{}[]",: -.e🚀')
            changed = self.random.choice(
                [text[:at] + text[at + 1 :], text[:at] + other + text[at:], text[:at] + other + text[at + 1 :]]
            )
            if changed != text and not _alike(changed, text):
                return replace(request, body=changed.encode()), ALL

    def _time(self, request, _others):
        seconds = int(request.headers["webhook-timestamp"]) + self.random.choice([-200, -2, -1, 1, 2, 200])
        times = {"webhook-timestamp": str(seconds), "X-Webhook-Timestamp": str(seconds)}
        return request.with_headers(times), TIMED

    def _signature(self, request, _others):
        def flipped(text, alphabet):
            at = self.random.randrange(len(text))
            return text[:at] + self.random.choice([each for each in alphabet if each != text[at]]) + text[at + 1 :]

        forged = {}
        for name in SIGNATURES:
            lead, value = re.fullmatch(r"(v1,|sha256=|)(.*)", request.headers[name]).groups()
            tail = value[-2:] if lead == "v1," else ""
            alphabet = "0123456789abcdef" if lead != "v1," else "ABCDEFGHabcdefgh0123+/"
            forged[name] = lead + flipped(value.removesuffix(tail), alphabet) + tail
        return request.with_headers(forged), ALL

    def _stranger(self, request, others):
        """The signatures of another request."""
        other = request
        while other.body == request.body:
            other = self.random.choice(others)
        return request.with_headers({name: other.headers[name] for name in SIGNATURES}), ALL


SIGNATURES = ("webhook-signature", "X-Webhook-Signature", "X-MINOOTS-Signature")
TIMED = ("standard", "x-webhook")
ALL = (*TIMED, "x-minoots")


def _alike(changed, text):
    try:
        return meaning(changed) == meaning(text)
    except (ValueError, RecursionError):
        return False
