//! What the policies relax, and what they don't.

use super::{judged, locally, strictly};
use crate::webhook::guard::{Ports, UrlPolicy};

#[test]
fn the_strict_policy_allows_https_on_443_and_8443() {
    let ports = Ports::Listed(vec![443, 8443]);
    assert_eq!(UrlPolicy::strict(), UrlPolicy { http: false, loopback: false, ports });
}

#[test]
fn with_http_adds_http_and_ports_80_and_8080_and_nothing_else() {
    let policy = UrlPolicy::strict().with_http();
    assert_eq!(policy, UrlPolicy { http: true, loopback: false, ports: Ports::Listed(vec![443, 8443, 80, 8080]) });
    assert_eq!(policy.clone().with_http(), policy, "asking twice changes nothing");
    for (url, rule) in [
        ("http://example.com/", "ok"),
        ("http://example.com:8080/", "ok"),
        ("https://example.com:8443/", "ok"),
        ("http://example.com:3000/", "port"),
        ("http://localhost/", "local-name"),
        ("http://127.0.0.1/", "loopback"),
    ] {
        assert_eq!(judged(&policy, url), rule, "{url}");
    }
}

#[test]
fn with_http_leaves_the_local_policy_as_it_is() {
    assert_eq!(UrlPolicy::local().with_http(), UrlPolicy::local());
}

#[test]
fn the_local_server_reaches_receivers_on_the_same_machine() {
    for url in [
        "http://localhost:3001/api/webhooks",
        "http://LOCALHOST:8080/",
        "http://localhost.:8080/",
        "https://localhost/",
        "http://127.0.0.1:1/",
        "http://127.255.255.255:65535/",
        "http://2130706433:9/",
        "http://[::1]:9000/hook",
        "http://[0:0:0:0:0:0:0:1]/",
        "http://example.com:5678/",
    ] {
        assert_eq!(locally(url), "ok", "{url}");
    }
}

#[test]
fn the_local_server_relaxes_nothing_but_http_loopback_localhost_and_ports() {
    for (url, rule) in [
        ("http://foo.localhost/", "local-name"),
        ("http://localhost.localdomain/", "local-name"),
        ("http://localhost../", "host-label"),
        ("http://printer.local/", "local-name"),
        ("http://db/", "single-label"),
        ("http://localhos/", "single-label"),
        ("http://u@localhost/", "userinfo"),
        ("http:localhost/", "slashes"),
        ("http://localhost:0/", "port"),
        ("ws://localhost/", "scheme"),
        ("http://0.0.0.0/", "special-purpose"),
        ("http://0/", "special-purpose"),
        ("http://10.0.0.1/", "special-purpose"),
        ("http://192.168.1.1/", "special-purpose"),
        ("http://169.254.169.254/", "cloud-metadata"),
        ("http://[::]/", "special-purpose"),
        ("http://[::ffff:127.0.0.1]/", "embedded-ipv4"),
        ("http://[::127.0.0.1]/", "embedded-ipv4"),
        ("http://[fe80::1]/", "special-purpose"),
    ] {
        assert_eq!(locally(url), rule, "{url}");
    }
}

#[test]
fn a_policy_without_ports_refuses_every_url_and_says_so() {
    let policy = UrlPolicy { http: true, loopback: true, ports: Ports::Listed(Vec::new()) };
    assert_eq!(judged(&policy, "https://example.com/"), "port");
}

#[test]
fn a_deployed_service_does_not_reach_itself() {
    for url in ["https://localhost/", "https://127.0.0.1/", "https://127.1.2.3/", "https://[::1]/", "https://0.0.0.0/"]
    {
        assert_ne!(strictly(url), "ok", "{url}");
    }
}
