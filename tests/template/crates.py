"""What the crates say about themselves: read from their sources, so that the template can be held to them."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache

from sam import ROOT

AWS = ROOT / "infra/aws/src"


@dataclass(frozen=True)
class Crate:
    folder: str
    binary: str


FUNCTIONS = {
    "ApiFunction": Crate("functions/api", "minoots-api"),
    "ExpiryHandlerFunction": Crate("functions/expiry-handler", "minoots-expiry-handler"),
    "DeliveryFunction": Crate("functions/delivery", "minoots-delivery"),
}


@cache
def version():
    return tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]


@dataclass(frozen=True)
class Keys:
    primary: tuple
    indexes: dict
    ttl: str


@cache
def table_keys():
    item, due = (AWS / "store/item.rs").read_text(), (AWS / "store/due.rs").read_text()
    names = dict(re.findall(r'const (\w+): &str = "(\w+)";', item))
    indexes = re.findall(r'Index \{ name: "(\w+)", pk: (\w+), sk: (\w+) \}', due)
    assert indexes, "store/due.rs names no index"
    by_name = {name: (names[pk], names[sk]) for name, pk, sk in indexes}
    return Keys((names["PK"], names["SK"]), by_name, names["TTL"])


@cache
def runbook_sections():
    """The alarms that the runbook explains: its headings of the form ## `name`."""
    return set(re.findall(r"^## `([a-z0-9-]+)`$", (ROOT / "docs/runbook.md").read_text(), re.MULTILINE))
