"""What the crates say about themselves: read from their sources, so that the template can be held to them."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache

import botocore.session
from botocore import xform_name

from sam import ROOT

AWS = ROOT / "infra/aws/src"


@dataclass(frozen=True)
class Crate:
    folder: str
    # What of config.rs it reads.
    configuration: str


FUNCTIONS = {
    "ApiFunction": Crate("functions/api", "api"),
    "ExpiryHandlerFunction": Crate("functions/expiry-handler", "expiry"),
    "DeliveryFunction": Crate("functions/delivery", "delivery"),
}


def variables(crate):
    """The variables that a function reads, save for those that Lambda itself sets or that no deployment does."""
    return {name for name in _variables(crate.configuration) if not name.startswith("AWS_")}


@cache
def _variables(method):
    source = (AWS / "config.rs").read_text().split("#[cfg(test)]")[0]
    body = re.search(rf"^    (?:pub )?fn {method}\(&self.*?^    }}$", source, re.MULTILINE | re.DOTALL)
    assert body, f"config.rs has no method {method}"
    found = set(re.findall(r'self\s*\.(?:given|required|seconds|number)\(\s*"([A-Z_]+)"', body[0]))
    called = set(re.findall(r"self\s*\.(\w+)\(\)", body[0]))
    return found.union(*(_variables(other) for other in called))


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
def metrics():
    """The metrics that the functions write, each with its dimensions."""
    source = (AWS / "metrics.rs").read_text().split("#[cfg(test)]")[0]
    names = dict(re.findall(r'const (\w+): Metric = Metric \{ name: "(\w+)"', source))
    [first] = re.findall(r'vec!\["(\w+)"\]', source)
    found = set()
    for path in (AWS / "handlers").glob("*.rs"):
        for constant, more in re.findall(r'\.write\(now, (\w+), (?:None|Some\(\("(\w+)")', path.read_text()):
            found.add((names[constant], first, more) if more else (names[constant], first))
    assert {name for name, *_ in found} == set(names.values()), "each metric is written somewhere"
    return found


@cache
def runbook_sections():
    """The alarms that the runbook explains: its headings of the form ## `name`."""
    return set(re.findall(r"^## `([a-z0-9-]+)`$", (ROOT / "docs/runbook.md").read_text(), re.MULTILINE))


# What is authorised as something else than its own name.
ACTIONS = {
    "ChangeMessageVisibilityBatch": ["ChangeMessageVisibility"],
    "SendMessageBatch": ["SendMessage"],
    # As what is in it.
    "TransactWriteItems": ["PutItem", "DeleteItem"],
}


@cache
def operations():
    """The calls of AWS that the sources make, as the IAM actions that they need."""
    session = botocore.session.get_session()
    found = set()
    sources = [path.read_text().split("#[cfg(test)]")[0] for path in AWS.rglob("*.rs") if path.name != "schema.rs"]
    for service in "dynamodb", "sqs", "scheduler":
        for operation in session.get_service_model(service).operation_names:
            if any(re.search(rf"\.\s*{xform_name(operation)}\(\)", source) for source in sources):
                found |= {f"{service}:{action}" for action in ACTIONS.get(operation, [operation])}
    return found


@cache
def documented_calls():
    """The table of infra/aws/README.md: what each role allows, by resource."""
    text = (ROOT / "infra/aws/README.md").read_text().split("## What each function asks of AWS")[1].split("\n## ")[0]
    header, _, *rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")
    ]
    assert header[1:] == ["api", "expiry-handler", "delivery"], header
    return {
        role: {row[0]: re.findall(r"`([\w:]+)`", row[column]) for row in rows}
        for column, role in enumerate(("ApiRole", "ExpiryHandlerRole", "DeliveryRole"), 1)
    }


def cross_origin():
    """What pages of allowed origins may do with a local server, in API Gateway's words."""
    source = (ROOT / "functions" / "local" / "src" / "visitors.rs").read_text()
    constants = dict(re.findall(r'const (\w+): &str =\s*"([^"]*)"', source))
    names = {"AllowMethods": "METHODS", "AllowHeaders": "SENT_HEADERS", "ExposeHeaders": "READ_HEADERS"}
    return {setting: constants[name].split(", ") for setting, name in names.items()} | {
        "MaxAge": int(constants["MAX_AGE"])
    }
