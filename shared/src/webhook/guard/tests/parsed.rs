//! Rules on the parsed URL.

use super::{judged, strictly};
use crate::webhook::guard::{Ports, UrlPolicy, check_url};

#[test]
fn ordinary_receivers_are_accepted_and_come_back_parsed() {
    for url in [
        "https://your-app.com/timer-done",
        "https://hooks.slack.com/services/T0/B0/XXXX",
        "https://discord.com/api/webhooks/1/abc",
        "https://webhook.site/6f1c",
        "https://api.example.com:8443/webhook/SECRET?token=a@b&next=http://c/#fragment",
        "https://8.8.8.8/hook",
        "https://[2606:4700::1111]/hook",
    ] {
        assert_eq!(check_url(&UrlPolicy::strict(), url).unwrap().as_str(), url);
    }
}

#[test]
fn names_with_underscores_hyphens_digits_and_other_scripts_are_accepted() {
    for (url, host) in [
        ("https://my_app.example.com/", "my_app.example.com"),
        ("https://_x.example.com/", "_x.example.com"),
        ("https://a--b.example.com/", "a--b.example.com"),
        ("https://3com.example.com/", "3com.example.com"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("https://例え.テスト/", "xn--r8jz45g.xn--zckzah"),
        ("https://نامه\u{200C}ای.com/", "xn--mgba3gch31f060k.com"),
        ("https://Example.COM./", "example.com."),
    ] {
        assert_eq!(check_url(&UrlPolicy::strict(), url).unwrap().host_str(), Some(host));
    }
}

#[test]
fn a_name_is_judged_by_its_text_and_its_address_only_when_connecting() {
    assert_eq!(strictly("https://127.0.0.1.nip.io/"), "ok");
    assert_eq!(strictly("https://localtest.me/"), "ok");
}

#[test]
fn only_https_is_accepted_and_http_only_where_the_policy_says_so() {
    assert_eq!(strictly("http://example.com/"), "scheme");
    assert_eq!(judged(&UrlPolicy::strict().with_http(), "http://example.com/"), "ok");
    assert_eq!(strictly("HTTPS://example.com/"), "ok");
    for scheme in ["ftp", "ws", "wss", "gopher", "ldap", "dict", "httpss", "h"] {
        let url = format!("{scheme}://example.com/");
        assert_eq!(judged(&UrlPolicy::local(), &url), "scheme", "{scheme}");
    }
    for url in ["file:///etc/passwd", "data:text/plain,x", "javascript:alert(1)", "mailto:a@example.com", "about:blank"]
    {
        assert_eq!(judged(&UrlPolicy::local(), url), "scheme", "{url}");
    }
}

#[test]
fn a_host_and_port_without_a_scheme_is_refused() {
    assert_eq!(strictly("example.com:443/hook"), "scheme");
    assert_eq!(strictly("example.com/hook"), "not-a-url");
    assert_eq!(strictly("//example.com/hook"), "not-a-url");
}

#[test]
fn more_or_fewer_slashes_than_two_are_refused_although_the_parser_forgives_them() {
    for url in ["https:example.com", "https:/example.com", "https:///example.com", "https:////example.com/://x"] {
        assert_eq!(strictly(url), "slashes", "{url}");
    }
}

#[test]
fn userinfo_is_refused_in_every_form_even_an_empty_one() {
    for authority in ["u@", "u:p@", ":p@", "@", ":@", "u%40@", "a@b@", "u:p@x:y@", "@@"] {
        let url = format!("https://{authority}example.com/");
        assert_eq!(strictly(&url), "userinfo", "{url}");
    }
    assert_eq!(strictly("https://example.com@?"), "no-host");
}

#[test]
fn an_at_sign_behind_the_host_is_no_userinfo() {
    for url in ["https://example.com/@me", "https://example.com?to=a@b.c", "https://example.com#@127.0.0.1"] {
        assert_eq!(check_url(&UrlPolicy::strict(), url).unwrap().host_str(), Some("example.com"), "{url}");
    }
}

#[test]
fn a_url_without_a_host_is_refused() {
    for url in ["https://", "https:", "https:///", "https://?q", "https://#f", "https://:443/"] {
        assert_eq!(strictly(url), "no-host", "{url}");
    }
}

#[test]
fn only_listed_ports_are_accepted() {
    for (url, rule) in [
        ("https://example.com:443/", "ok"),
        ("https://example.com:8443/", "ok"),
        ("https://example.com:00443/", "ok"),
        ("https://example.com:/", "ok"),
        ("https://example.com:80/", "port"),
        ("https://example.com:8080/", "port"),
        ("https://example.com:22/", "port"),
        ("https://example.com:0/", "port"),
        ("https://example.com:65535/", "port"),
        ("https://example.com:65536/", "not-a-url"),
        ("https://example.com:-1/", "not-a-url"),
        ("https://example.com:４４３/", "not-a-url"),
    ] {
        assert_eq!(strictly(url), rule, "{url}");
    }
}

#[test]
fn the_port_that_a_scheme_implies_must_be_listed_too() {
    let policy = UrlPolicy { http: true, loopback: false, ports: Ports::Listed(vec![443]) };
    assert_eq!(judged(&policy, "http://example.com/"), "port");
    assert_eq!(judged(&policy, "http://example.com:443/"), "ok");
}

#[test]
fn a_name_without_a_dot_is_refused() {
    for host in ["intern", "db", "x.", "xn--bcher-kva", "metadata"] {
        assert_eq!(strictly(&format!("https://{host}/")), "single-label", "{host}");
    }
}

#[test]
fn every_private_suffix_is_refused_alone_and_under_any_name_and_in_any_case() {
    for suffix in
        "localhost local localdomain internal intranet lan home corp private home.arpa onion".split_ascii_whitespace()
    {
        for host in [suffix.to_owned(), format!("a.{suffix}"), format!("A.B.{}.", suffix.to_uppercase())] {
            assert_eq!(strictly(&format!("https://{host}/")), "local-name", "{host}");
        }
        for host in [format!("not{suffix}.com"), format!("{suffix}.example.com"), format!("a.x{suffix}")] {
            assert_eq!(strictly(&format!("https://{host}/")), "ok", "{host}");
        }
    }
    assert_eq!(strictly("https://metadata.google.internal/"), "local-name");
}

#[test]
fn a_name_may_have_253_bytes_in_labels_of_63() {
    let label = "a".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}", "b".repeat(61));
    assert_eq!(longest.len(), 253);
    assert_eq!(strictly(&format!("https://{longest}/")), "ok");
    assert_eq!(strictly(&format!("https://{longest}./")), "ok");
    assert_eq!(strictly(&format!("https://{longest}b/")), "host-too-long");
    assert_eq!(strictly(&format!("https://{label}a.example.com/")), "host-label");
}

#[test]
fn a_name_with_characters_that_no_host_has_is_refused() {
    for c in "!$&'()*+,;=`{}\"~".chars() {
        assert_eq!(strictly(&format!("https://a{c}b.example.com/")), "host-label", "{c}");
    }
}

#[test]
fn a_name_with_an_empty_label_is_refused() {
    for host in [".example.com", "a..example.com", "example.com..", ".", "..", "localhost..", "127.0.0.1.."] {
        assert_eq!(strictly(&format!("https://{host}/")), "host-label", "{host}");
    }
}

#[test]
fn a_name_that_ends_in_a_number_is_refused_unless_it_is_an_address() {
    for host in ["example.1", "1.2.3.4.5", "256.1.1.1", "1.2.3.08", "a.0x", "a.0xff", "4294967296", "1..2", "a.1."] {
        assert_eq!(strictly(&format!("https://{host}/")), "numeric-host", "{host}");
    }
}

#[test]
fn the_first_rule_in_the_documented_order_is_the_one_reported() {
    assert_eq!(strictly("https:\\\\u:p@localhost:1 "), "backslash");
    assert_eq!(strictly("ftp:u:p@localhost:1"), "scheme");
    assert_eq!(strictly("https:u:p@localhost:1"), "slashes");
    assert_eq!(strictly("https://u:p@localhost:1"), "userinfo");
    assert_eq!(strictly("https://localhost:1"), "local-name");
    assert_eq!(strictly("https://example.com:1"), "port");
}
