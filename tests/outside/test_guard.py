"""Contract section 6: where webhooks may go.

Each range has its test beside the guard itself; here is tested that the guard stands where it should.
"""

import pytest

from api import faults, refused, succeeded
from instants import now
from misbehaving import hangs
from waiting import stays, until

NEVER = {
    "another scheme": "ftp://example.com/",
    "a file": "file:///etc/passwd",
    "no scheme": "example.com/hook",
    "nothing": "",
    "userinfo": "https://user:hidden-word@example.com/",
    "an empty userinfo": "https://@example.com/",
    "a blank": "https://example.com/a b",
    "a blank in front": " https://example.com/",
    "a line break": "https://example.com/\r\nHost: x",
    "NUL": "https://example.com/\0",
    "a backslash": "https:\\\\example.com\\",
    "too long": "https://example.com/" + "x" * 2_048,
    "three slashes": "https:///example.com/",
    "no host": "https://",
    "a single label": "https://intranet/",
    "a local name": "https://printer.local/",
    "an internal name": "https://metadata.google.internal/",
    "a private address": "https://10.0.0.1/",
    "another private address": "https://192.168.1.1/",
    "shared space": "https://100.64.0.1/",
    "link-local": "https://169.254.1.1/",
    "cloud metadata": "https://169.254.169.254/latest/meta-data/",
    "cloud metadata in one number": "https://2852039166/",
    "cloud metadata in octal": "https://0251.0376.0251.0376/",
    "this host": "https://0.0.0.0/",
    "multicast": "https://224.0.0.1/",
    "broadcast": "https://255.255.255.255/",
    "documentation": "https://192.0.2.1/",
    "private in full width": "https://１０.0.0.1/",
    "private with a trailing dot": "https://10.0.0.1./",
    "IPv6 link-local": "https://[fe80::1]/",
    "IPv6 private": "https://[fd00::1]/",
    "IPv4-mapped": "https://[::ffff:10.0.0.1]/",
    "IPv4-mapped loopback": "https://[::ffff:127.0.0.1]/",
    "6to4": "https://[2002:a00:1::]/",
    "NAT64": "https://[64:ff9b::a00:1]/",
    "the unspecified IPv6 address": "https://[::]/",
}
STRICTLY_NEVER = {
    "http": "http://example.com/",
    "loopback": "https://127.0.0.1/",
    "loopback in hex": "https://0x7f000001/",
    "loopback shortened": "https://127.1/",
    "IPv6 loopback": "https://[::1]/",
    "localhost": "https://localhost/",
    "a name under localhost": "https://app.localhost/",
    "another port": "https://example.com:8080/",
    "the port of ssh": "https://example.com:22/",
}
STRICTLY_FINE = [
    "https://example.com/",
    "https://example.com:443/a?b=c",
    "https://example.com:8443/",
    # No URI by RFC 3986; a URL as browsers read them.
    "https://example.com/a?b=c{",
    "https://8.8.8.8/",
    "https://[2606:4700::1111]/",
    "https://bücher.example.com/",
    "https://under_score.example.com/",
    "HTTPS://EXAMPLE.COM/",
]
LOCALLY_FINE = [
    *STRICTLY_FINE,
    *("http://127.0.0.1:3000/hook", "http://localhost:3000/hook", "https://localhost/", "http://[::1]:3000/"),
    *("http://127.0.0.1/", "http://example.com:9999/", "https://example.com:22/"),
]


@pytest.fixture(scope="module")
def strict(start_servers):
    return start_servers("--strict-webhooks").api


def check_refusal(response, url):
    problem = refused(response, 400, "INVALID_WEBHOOK_URL")
    [detail] = problem["error"]["details"]
    assert detail["path"] == "webhook"
    assert len(detail["message"].split()) >= 4, f"the message says which rule refused: {detail}"
    assert "hidden-word" not in response.text, "the message repeats no secret"
    return detail["message"]


@pytest.mark.parametrize("url", NEVER.values(), ids=NEVER)
def test_no_server_takes_it(api, strict, url):
    for caller in (api, strict):
        check_refusal(caller.post("/timers", {"duration": "1h", "webhook": url}), url)


@pytest.mark.parametrize("url", STRICTLY_NEVER.values(), ids=STRICTLY_NEVER)
def test_a_strict_server_does_not_take_it(strict, url):
    check_refusal(strict.post("/timers", {"duration": "1h", "webhook": url}), url)


@pytest.mark.parametrize("url", STRICTLY_FINE)
def test_a_strict_server_takes_it(strict, url):
    assert strict.create(webhook=url)["events"]["on_expire"]["webhook"] == url


@pytest.mark.parametrize("url", LOCALLY_FINE)
def test_the_local_server_takes_it(api, url):
    assert api.create(webhook=url)["events"]["on_expire"]["webhook"] == url


@pytest.mark.parametrize("url", [5, [], {}, True, ["https://example.com/"]], ids=str)
def test_what_is_no_text_is_no_url(api, url):
    check_refusal(api.post("/timers", {"duration": "1h", "webhook": url}), url)


def test_each_refusal_says_which_rule(strict):
    rules = {"http", "userinfo", "a blank", "a backslash", "too long", "a single label", "a local name", "another port"}
    urls = [url for name, url in (NEVER | STRICTLY_NEVER).items() if name in rules | {"loopback", "cloud metadata"}]
    said = {check_refusal(strict.post("/timers", {"duration": "1h", "webhook": url}), url) for url in urls}
    assert len(said) == len(rules) + 2


BAD = "https://10.0.0.1/"
PLACES = [
    ("POST", "/timers", {"duration": "1h", "webhook": BAD}, "webhook"),
    ("POST", "/timers", {"duration": "1h", "callback": BAD}, "callback"),
    ("POST", "/timers", {"duration": "1h", "events": {"on_expire": {"webhook": BAD}}}, "events.on_expire.webhook"),
    ("POST", "/timers", {"duration": "1h", "events": {"on_cancel": {"webhook": BAD}}}, "events.on_cancel.webhook"),
    (
        "POST",
        "/timers",
        {"duration": "1h", "events": {"on_progress": {"webhook": BAD, "intervals": ["50%"]}}},
        "events.on_progress.webhook",
    ),
    ("POST", "/quick/wait", {"duration": "1h", "callback": BAD}, "callback"),
    ("PATCH", "/timers/{id}", {"events": {"on_expire": {"webhook": BAD}}}, "events.on_expire.webhook"),
    ("PATCH", "/timers/{id}", {"events": {"on_cancel": {"webhook": BAD}}}, "events.on_cancel.webhook"),
]


@pytest.mark.parametrize(("method", "path", "body", "fault"), PLACES, ids=[f"{m} {p} {f}" for m, p, _, f in PLACES])
def test_the_guard_stands_wherever_a_url_comes_in(api, method, path, body, fault):
    timer = api.create()
    problem = refused(api.call(method, path.format(id=timer["id"]), body), 400, "INVALID_WEBHOOK_URL")
    assert faults(problem) == [fault]


def test_the_guard_stands_in_a_batch(api):
    answer = succeeded(api.post("/timers/batch", {"timers": [{"duration": "1h", "webhook": BAD}]}))
    assert answer["results"][0]["error"]["code"] == "INVALID_WEBHOOK_URL"


# At connect time: names may lead elsewhere than they promise.


def test_false_names_do_lead_astray(start_server, false_names, receiver):
    """Without this, the next tests would pass on a machine where names can't be falsified."""
    api = start_server(environment=false_names({"hooks.example.com": "127.0.0.1"})).api
    api.fire(api.create(webhook=f"http://hooks.example.com:{receiver.url.rsplit(':', 1)[1]}/"))
    assert receiver.one().headers["Host"].startswith("hooks.example.com")


def test_a_name_that_leads_to_loopback_is_refused_when_connecting(start_server, false_names, misbehaving):
    canary = misbehaving(hangs, port=8443)
    environment = false_names({"hooks.example.com": "127.0.0.1"})
    api = start_server("--strict-webhooks", environment=environment).api
    begun = now()
    timer = api.fire(api.create(webhook="https://hooks.example.com:8443/"))
    delivery = api.delivery(timer, "RETRYING", "FAILED")
    assert delivery["attempts"] == 1
    assert delivery.get("responseCode") is None
    assert now() - begun < 3000, "refused, not timed out"
    stays(lambda: canary.count == 0, throughout=0.2, promise="nothing connects to loopback under --strict-webhooks")


@pytest.mark.parametrize("address", ["10.255.255.1", "169.254.169.254", "192.168.0.1", "0.0.0.0", "::ffff:127.0.0.1"])
def test_the_local_server_too_refuses_private_addresses_when_connecting(
    start_server, false_names, address, misbehaving
):
    canary = misbehaving(hangs)
    api = start_server(environment=false_names({"hooks.example.com": address})).api
    begun = now()
    timer = api.fire(api.create(webhook=f"http://hooks.example.com:{canary.port}/"))
    assert api.delivery(timer, "RETRYING", "FAILED")["attempts"] == 1
    assert now() - begun < 3000, "refused, not timed out"
    assert canary.count == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_never_followed(api, start_receiver, status):
    canary = start_receiver()
    receiver = start_receiver((status, {"Location": canary.url + "/canary"}))
    timer = api.fire(api.create(webhook=receiver.url))
    delivery = api.delivery(timer, "RETRYING", "SUCCESS")
    assert (delivery["status"], delivery["responseCode"]) == ("RETRYING", status)
    stays(lambda: canary.hits == [], throughout=0.2, promise="a redirect is never followed")


def test_no_proxy_is_taken_from_the_environment(start_server, misbehaving, receiver):
    canary = misbehaving(hangs)
    names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    api = start_server(environment={**dict.fromkeys(names, canary.url), "no_proxy": "", "NO_PROXY": ""}).api
    timer = api.fire(api.create(webhook=receiver.url))
    assert receiver.one().json["timer"]["id"] == timer["id"]
    assert canary.count == 0


def test_the_log_shows_a_webhooks_host_and_never_its_path_or_query(start_server, start_receiver, misbehaving):
    server = start_server()
    away = misbehaving(hangs)
    away.close()
    receivers = [
        start_receiver().url,
        start_receiver(500).url,
        start_receiver((302, {"Location": "/secret-there"})).url,
    ]
    for url in [*receivers, away.url]:
        timer = server.api.create(webhook=f"{url}/secret-path?token=secret-query", message="secret-message")
        server.api.fire(timer)
        server.api.delivery(timer, "SUCCESS", "RETRYING")
    refused(server.api.post("/timers", {"duration": "1h", "webhook": "http://10.0.0.1/secret-path"}), 400)
    until(lambda: "127.0.0.1" in server.said(), promise="a delivery attempt is logged with its host")
    server.stop()
    assert "secret-" not in server.said()
