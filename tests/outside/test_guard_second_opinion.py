"""Where webhooks may go, against Python's notion of addresses: generated URLs under --strict-webhooks, and names that
lead elsewhere than they promised."""

import ipaddress
import os
import random
import socket

import pytest

from api import succeeded
from instants import now
from misbehaving import hangs
from waiting import stays, until

# Batches of a hundred URLs.
BATCHES = int(os.environ.get("MINOOTS_GUARD_BATCHES", "20"))
# Refused though they are global to Python: multicast, relays of 6to4, Azure's metadata, and all IPv6 that is not
# unicast of the internet or embeds an IPv4 address.
STRICTER = [
    ipaddress.ip_network(net)
    for net in (
        "224.0.0.0/4",
        "192.88.99.0/24",
        "168.63.129.16/32",
        "192.0.0.0/24",
        "2002::/16",
        "2001::/23",
        "3fff::/20",
    )
]
UNICAST = ipaddress.ip_network("2000::/3")


@pytest.fixture(scope="module")
def strict(start_servers):
    return start_servers("--strict-webhooks").api


def may_be_sent_to(address):
    if any(address in net for net in STRICTER if net.version == address.version):
        return False
    if address.version == 6:
        isatap = int(address) >> 32 & 0xFDFFFFFF == 0x5EFE
        return address.is_global and address in UNICAST and not isatap
    return address.is_global


def an_address(dice):
    if dice.random() < 0.3:
        top = dice.choice(
            [0x2000, 0x2001, 0x2002, 0x2606, 0x3FFF, 0xFC00, 0xFE80, 0xFF02, 0x64, 0, dice.getrandbits(16)]
        )
        low = dice.choice([dice.getrandbits(112), dice.getrandbits(32), 0xFFFF << 32 | dice.getrandbits(32)])
        return ipaddress.IPv6Address(top << 112 | low)
    near = dice.choice(
        ["0.0.0.0", "10.0.0.0", "100.64.0.0", "127.0.0.0", "169.254.0.0", "172.16.0.0", "192.0.0.0", "192.0.2.0"]
        + [
            "192.88.99.0",
            "192.168.0.0",
            "198.18.0.0",
            "198.51.100.0",
            "203.0.113.0",
            "224.0.0.0",
            "240.0.0.0",
            "8.8.8.8",
        ]
    )
    bits = int(ipaddress.IPv4Address(near)) + dice.choice([-1, 0, 1, 254, 65_536, dice.getrandbits(24)])
    return ipaddress.IPv4Address(bits & 0xFFFFFFFF if dice.random() < 0.7 else dice.getrandbits(32))


def spelled(address, dice):
    """The address in one of the spellings that a URL's host may have."""
    if address.version == 6:
        return f"[{dice.choice([str, lambda a: a.exploded, lambda a: str(a).upper()])(address)}]"
    parts = list(address.packed)
    number = dice.choice([str, hex, lambda part: f"0{part:o}"])
    text = dice.choice(
        [
            str(address),
            number(int(address)),
            ".".join(map(number, parts)),
            f"{number(parts[0])}.{number(int(address) & 0xFFFFFF)}",
            f"{number(parts[0])}.{number(parts[1])}.{number(int(address) & 0xFFFF)}",
        ]
    )
    if dice.random() < 0.2:
        text = "".join(chr(ord(letter) + 0xFEE0) if letter.isalnum() else letter for letter in text)
    elif dice.random() < 0.2:
        text = "".join(f"%{ord(letter):02x}" for letter in text)
    return text + dice.choice(["", "", "", "."])


def test_a_generated_url_is_taken_exactly_if_its_address_is_a_public_one(strict):
    seed = int(os.environ.get("MINOOTS_TEST_SEED", random.randrange(10**9)))
    print(f"MINOOTS_TEST_SEED={seed}")
    dice = random.Random(seed)
    taken = 0
    for _ in range(BATCHES):
        addresses = [an_address(dice) for _ in range(100)]
        urls = [f"https://{spelled(address, dice)}{dice.choice(['', ':443', ':8443'])}/x" for address in addresses]
        timers = [{"duration": "1h", "webhook": url} for url in urls]
        results = succeeded(strict.post("/timers/batch", {"timers": timers}))["results"]
        for address, url, result in zip(addresses, urls, results, strict=True):
            expected = "timer" if may_be_sent_to(address) else "INVALID_WEBHOOK_URL"
            assert ("timer" if "timer" in result else result["error"]["code"]) == expected, f"{url} is {address}"
            taken += "timer" in result
    assert 5 * BATCHES < taken < 95 * BATCHES, "both are tried"


NOWHERE = {
    "loopback": "127.0.0.1",
    "another loopback": "127.8.8.8",
    "this host": "0.0.0.0",
    "IPv6 loopback": "::1",
    "unspecified": "::",
    "mapped": "::ffff:127.0.0.1",
}


# Public, and a sink for what was sent astray (RFC 7534): whoever runs this test calls no stranger.
PUBLIC = "192.175.48.1"


def binds(host):
    """A machine may have no IPv6; then nothing can be called there either."""
    try:
        socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("address", NOWHERE.values(), ids=NOWHERE)
def test_a_name_that_leads_to_this_machine_gets_nobody_called(start_server, false_names, misbehaving, address):
    canaries = [misbehaving(hangs, host=host, port=8443) for host in ("127.0.0.1", "::1") if binds(host)]
    server = start_server("--strict-webhooks", environment=false_names({"hooks.example.com": address}))
    timer = server.api.fire(server.api.create(webhook="https://hooks.example.com:8443/"))
    assert server.api.delivery(timer, "RETRYING")["attempts"] == 1
    stays(lambda: not any(canary.count for canary in canaries), throughout=0.2, promise="nothing is called")


def test_of_a_names_addresses_only_public_ones_are_called(start_server, false_names, misbehaving):
    """The public one does not answer; a client that goes on to the next address would call this machine."""
    canary = misbehaving(hangs, port=8443)
    environment = false_names({"hooks.example.com": f"{PUBLIC}+127.0.0.1"})
    api = start_server("--strict-webhooks", "--webhook-timeout", "2", environment=environment).api
    timer = api.fire(api.create(webhook="https://hooks.example.com:8443/"))
    assert api.delivery(timer, "RETRYING")["attempts"] == 1
    assert canary.count == 0


def test_a_name_that_changes_after_it_was_judged_gets_nobody_called(start_server, false_names, misbehaving):
    canary = misbehaving(hangs, port=8443)
    environment = false_names({"hooks.example.com": f"{PUBLIC}|127.0.0.1"})
    api = start_server("--strict-webhooks", "--webhook-timeout", "1", environment=environment).api
    begun = now()
    timer = api.fire(api.create(webhook="https://hooks.example.com:8443/"))
    api.delivery(timer, "RETRYING")

    def second():
        [delivery] = api.deliveries(timer)
        return delivery["attempts"] == 2

    until(second, within=15, promise="a second attempt is made, by a second answer of the DNS")
    assert now() - begun > 5000
    assert canary.count == 0
