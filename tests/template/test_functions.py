"""What the functions are built of: each crate more makes every cold start longer."""

import subprocess
from collections import defaultdict

import pytest

from crates import FUNCTIONS
from sam import ROOT

# What each would bring is there already, or not needed in a function.
UNWANTED = {
    "aws-config": "a chain of credential providers: a function's are in its environment",
    "aws-smithy-http-client": "a second HTTP client: the AWS clients use the one that sends webhooks",
    "h2": "HTTP/2: neither AWS's endpoints nor webhooks need it",
    "aws-lc-rs": "a second library of ciphers",
    "openssl": "a second TLS stack, and one that the system would have to have",
    "native-tls": "a second TLS stack",
    "regex": "filters of logs that a function has not",
    "clap": "options that a function has not",
}
# Two versions would be two stacks.
ONCE = ["http", "hyper", "hyper-util", "reqwest", "ring", "rustls", "tokio", "aws-smithy-runtime", "serde_json"]


def crates(folder):
    """The crates in a function's binary on Linux, each with its versions."""
    # A function's features, not those that other packages of the workspace would add.
    command = ["cargo", "tree", "--locked", "--edges=normal", "--prefix=none", "--format={p}", "--no-dedupe"]
    tree = subprocess.run(command, cwd=ROOT / folder, check=True, capture_output=True, text=True).stdout
    found = defaultdict(set)
    for line in filter(None, tree.splitlines()):
        name, version, *_ = line.split()
        found[name].add(version)
    assert "tokio" in found, tree
    return found


@pytest.mark.parametrize("crate", FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_function_is_built_of_one_http_stack_and_one_tls_stack_and_nothing_that_it_does_not_need(crate):
    found = crates(crate.folder)
    assert {name: why for name, why in UNWANTED.items() if name in found} == {}
    assert {name: found[name] for name in ONCE if len(found[name]) != 1} == {}
    assert all(version.startswith("v1.") for version in found["hyper"])
