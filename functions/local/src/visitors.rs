//! Which browsers' requests a local server takes.
//!
//! A site that the user has open can make the browser call this machine. It does so in the site's name (`Origin`), or, once the
//! site's own name was made to lead here (DNS rebinding), under that name (`Host`). Both are refused, for every route: the inbox
//! needs no key. Addresses and names without a dot can't be an attacker's, since nobody else can own one.

use axum::Router;
use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use minoots_shared::http::problem::{Code, Problem};
use std::net::IpAddr;
use std::sync::Arc;

/// The names under which this server may be called.
#[derive(Clone)]
pub(crate) struct Visitors {
    allowed: Arc<[String]>,
}

impl Visitors {
    /// Takes also requests to these names.
    pub(crate) fn new(allowed: &[String]) -> Self {
        Self { allowed: allowed.iter().map(|name| plain(name)).collect() }
    }

    /// `router`, for requests that may come.
    pub(crate) fn guard(self, router: Router) -> Router {
        router.layer(middleware::from_fn(move |request: Request, next: Next| {
            let refused = self.refusal(request.uri(), request.headers());
            async move {
                match refused {
                    Some(why) => Problem::new(Code::InsufficientPermissions, why).into_response() as Response,
                    None => next.run(request).await,
                }
            }
        }))
    }

    fn refusal(&self, uri: &Uri, headers: &HeaderMap) -> Option<String> {
        let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let host = text(HOST);
        for called in host.into_iter().chain(uri.authority().map(Authority::as_str)) {
            if !called.parse().is_ok_and(|authority: Authority| self.knows(authority.host())) {
                return Some(
                    "this server is not called by that name: use localhost, or start it with --allow-host".into(),
                );
            }
        }
        let from_here = |origin: &str| {
            let rest = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
            rest.zip(host).is_some_and(|(origin, host)| origin.eq_ignore_ascii_case(host))
        };
        if text(ORIGIN).is_some_and(|origin| !from_here(origin)) {
            return Some("another site's pages may not call this server".into());
        }
        // Links from other sites may lead here; their pages may not load anything from here.
        let (site, mode) = ("sec-fetch-site", "sec-fetch-mode");
        let says = |name, value| text(HeaderName::from_static(name)) == Some(value);
        (says(site, "cross-site") && !says(mode, "navigate"))
            .then(|| "another site's pages may not load anything from this server".into())
    }

    fn knows(&self, host: &str) -> bool {
        let host = plain(host);
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
        address || !host.contains('.') || host.ends_with(".localhost") || self.allowed.contains(&host)
    }
}

/// A name without its last dot, in lower case.
fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn refuses(headers: &[(&'static str, &'static str)]) -> bool {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        Visitors::new(&["Minoots.Example.com".to_owned()]).refusal(&Uri::from_static("/inbox"), &headers).is_some()
    }

    #[test]
    fn names_that_anybody_may_own_are_refused_and_this_machines_are_not() {
        for host in [
            "localhost:3001",
            "127.0.0.1:3001",
            "[::1]:3001",
            "LOCALHOST.",
            "app.localhost",
            "minoots",
            "192.168.1.9",
            "minoots.example.com:80",
            "minoots.example.com.",
        ] {
            assert!(!refuses(&[("host", host)]), "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:3001", "example.com", "a b"] {
            assert!(refuses(&[("host", host)]), "{host}");
        }
        assert!(!refuses(&[]), "every browser names the host");
        let absolute = Visitors::new(&[]).refusal(&Uri::from_static("http://evil.example/inbox"), &HeaderMap::new());
        assert!(absolute.is_some());
    }

    #[test]
    fn other_sites_pages_are_refused_and_links_from_them_are_not() {
        let host = ("host", "localhost:3001");
        for origin in ["http://localhost:3001", "https://localhost:3001"] {
            assert!(!refuses(&[host, ("origin", origin)]), "{origin}");
        }
        for origin in
            ["https://evil.example", "null", "http://localhost:3002", "http://localhost", "localhost:3001", ""]
        {
            assert!(refuses(&[host, ("origin", origin)]), "{origin}");
        }
        let cross = ("sec-fetch-site", "cross-site");
        assert!(!refuses(&[host, cross, ("sec-fetch-mode", "navigate")]));
        assert!(refuses(&[host, cross, ("sec-fetch-mode", "no-cors")]));
        assert!(!refuses(&[host, ("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")]));
    }
}
