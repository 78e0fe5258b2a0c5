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
        self.samples = {sample.heading: sample for sample in _samples(number, self.text)}
        self.claimed = set()

    def sample(self, heading):
        """Hands the sample under this heading to a test as its argument `sample`."""
        self.claimed.add(heading)
        return pytest.mark.parametrize("sample", [self.samples[heading]], ids=[heading])


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
