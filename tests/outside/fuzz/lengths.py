"""Lengths of time as callers write them, read a second time: `90000`, `"6h30m"`, `"PT15M"`."""

import re

UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
TERM = re.compile(r"\s*([0-9.]+)\s*(ms|[smhdw])\s*", re.IGNORECASE)
ISO = re.compile(r"P([0-9.]+W)?([0-9.]+D)?(?:T([0-9.]+H)?([0-9.]+M)?([0-9.]+S)?)?", re.IGNORECASE)


def millis(value):
    """How many milliseconds; negative for a time back; None for what is no length."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if not isinstance(value, str):
        return value
    text = value.strip()
    sign, text = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    size = _size(text.strip())
    return None if size is None else sign * size


def _size(text):
    try:
        if text.isascii() and text.isdigit():
            return int(text)
        if iso := ISO.fullmatch(text):
            units = zip(iso.groups(), "wdhms", strict=True)
            return sum(float(amount[:-1]) * UNITS[unit] for amount, unit in units if amount) or None
        terms = TERM.findall(text)
        whole = terms and TERM.sub("", text) == ""
        return sum(float(amount) * UNITS[unit.lower()] for amount, unit in terms) if whole else None
    except ValueError:
        return None
