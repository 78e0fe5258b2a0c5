//! Host and port of a URL: looked at several times for each delivery, and parsed only if that is necessary.

use std::net::Ipv4Addr;

/// Host and port, if the URL is written just as the URL standard would write it: most are. `None`: parse it to know.
pub(crate) fn plain(url: &str) -> Option<(&str, u16)> {
    let (rest, default_port) = match url.strip_prefix("https://") {
        Some(rest) => (rest, 443),
        None => (url.strip_prefix("http://")?, 80),
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port.parse().ok()?),
        Some(_) => return None,
        None => (authority, default_port),
    };
    (is_plain_name(host) || host.parse::<Ipv4Addr>().is_ok()).then_some((host, port))
}

/// A last label that begins with a digit may be a number, and so the host an address; `xn--` may be no valid name.
fn is_plain_name(host: &str) -> bool {
    host.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'))
        && !host.contains("xn--")
        && host.rsplit('.').next().is_some_and(|label| label.starts_with(|first: char| first.is_ascii_lowercase()))
}

/// Host and port, however it is written. `None`: it is no URL with a host.
pub(crate) fn of(url: &str) -> Option<(String, u16)> {
    if let Some((host, port)) = plain(url) {
        return Some((host.to_owned(), port));
    }
    let url = url::Url::parse(url).ok()?;
    let (host, port) = url.host_str().zip(url.port_or_known_default())?;
    Some((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_taken_for_plain_is_what_parsing_finds(
            url in r"https?://[a-zA-Z0-9.:@%-]{0,12}(\.(com|a|1|0x1|127\.0\.0\.1|xn--a))?(:[0-9+]{0,6})?([/?#\\][a-z:@]{0,3})?"
        ) {
            if let Some((host, port)) = plain(&url) {
                let parsed = url::Url::parse(&url).ok();
                let found = parsed.as_ref().and_then(|url| url.host_str().zip(url.port_or_known_default()));
                prop_assert_eq!(found, Some((host, port)));
            }
        }
    }

    #[test]
    fn ordinary_urls_are_plain_and_odd_ones_are_parsed() {
        assert_eq!(plain("https://hooks.example.com/T0/x?y#z"), Some(("hooks.example.com", 443)));
        assert_eq!(plain("http://127.0.0.1:3001/inbox"), Some(("127.0.0.1", 3001)));
        for odd in
            ["https://0x7f.1/", "http://EXAMPLE.com/", "https://a@b.example/", "https://[::1]/", "https://a.example:/"]
        {
            assert_eq!(plain(odd), None, "{odd}");
        }
        assert_eq!(of("https://0x7f.1/"), Some(("127.0.0.1".to_owned(), 443)));
    }
}
