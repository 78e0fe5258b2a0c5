"""The seed documents and the code samples in them, read when the tests run."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "seeds"


@dataclass(frozen=True)
class Sample:
    """A fenced block as printed, under the last heading before it."""

    seed: str
    heading: str
    language: str
    text: str


class Seed:
    """One document. Each sample in it is claimed by the tests that run it, so that none is forgotten."""

    def __init__(self, number):
        [path] = FOLDER.glob(f"{number}_*.txt")
        self.text = path.read_text(encoding="utf-8")
        samples = list(_samples(number, self.text))
        assert 2 * len(samples) == len(re.findall("^```", self.text, re.MULTILINE)), (
            f"{path} has a block that is not read"
        )
        self.samples = {sample.heading: sample for sample in samples}
        assert len(self.samples) == len(samples), f"{path} has two blocks under one heading"
        self.claimed = set()

    def sample(self, *headings):
        """Hands the sample under this heading (one by one, if there are several) to a test as its argument `sample`."""
        self.claimed.update(headings)
        return pytest.mark.parametrize("sample", [self.samples[heading] for heading in headings], ids=headings)

    def unclaimed(self):
        """The samples that no test has been handed."""
        return [heading for heading in self.samples if heading not in self.claimed]


def same_shape(promised, delivered, at="the body"):
    """Checks that all that a document shows is there, under the same name and of the same kind."""
    if isinstance(promised, dict):
        assert isinstance(delivered, dict), f"{at} is promised to be an object, is {delivered!r}"
        for name, value in promised.items():
            assert name in delivered, f"{at} is promised a {name}; is {delivered}"
            same_shape(value, delivered[name], f"{at}'s {name}")
    elif isinstance(promised, str) and _is_time(promised):
        assert _is_time(delivered), f"{at} is promised to be a time in UTC, is {delivered!r}"
    else:
        assert type(delivered) is type(promised), f"{at} is promised to be like {promised!r}, is {delivered!r}"


def _is_time(text):
    return isinstance(text, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text) is not None


def _samples(seed, text):
    heading, language, lines = None, None, []
    for line in text.splitlines():
        if language is None and (fence := re.fullmatch(r"```(\w+)", line)):
            language, lines = fence[1], []
        elif language is not None and line == "```":
            yield Sample(seed, heading, language, "\n".join(lines) + "\n")
            language = None
        elif language is not None:
            lines.append(line)
        elif line.startswith("#"):
            heading = line.lstrip("# ")
