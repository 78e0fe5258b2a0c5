//! Which browsers' requests a local server takes.
//!
//! A site that the user has open can make the browser call this machine. It does so in the site's name (`Origin`), or, once the
//! site's own name was made to lead here (DNS rebinding), under that name (`Host`). Both are refused, for every route: the inbox
//! needs no key. Addresses and names without a dot can't be an attacker's, since nobody else can own one.

use crate::serve::Answer;
use axum::extract::Request;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HOST, ORIGIN, VARY,
};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use minoots_shared::http::problem::{Code, Problem};
use std::net::IpAddr;

/// What pages of an allowed origin may send; the same stands in template.yaml.
const SENT_HEADERS: &str = "authorization, content-type, idempotency-key, x-api-key";
/// And what they may do.
const METHODS: &str = "DELETE, GET, PATCH, POST, PUT";
/// What they may read of an answer, beside its body.
const READ_HEADERS: &str = "idempotent-replayed, ratelimit-limit, ratelimit-remaining, ratelimit-reset, retry-after";
/// How long a browser may remember that, in seconds.
const MAX_AGE: &str = "600";

/// The names under which this server may be called, and the sites whose pages may call it.
pub(crate) struct Visitors {
    hosts: Vec<String>,
    origins: Vec<String>,
}

impl Visitors {
    /// Takes also requests to these names, and from pages of these origins.
    pub(crate) fn new(hosts: &[String], origins: &[String]) -> Self {
        let origin = |origin: &String| origin.trim_end_matches('/').to_ascii_lowercase();
        Self { hosts: hosts.iter().map(|name| plain(name)).collect(), origins: origins.iter().map(origin).collect() }
    }

    /// `inner`, for requests that may come.
    pub(crate) fn guard<A: Answer>(self, inner: A) -> impl Answer {
        Guarded { visitors: self, inner }
    }

    fn is_allowed(&self, origin: &HeaderValue) -> bool {
        let origin = origin.to_str().unwrap_or_default();
        self.origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
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
        let allowed = headers.get(ORIGIN).is_some_and(|origin| self.is_allowed(origin));
        if !allowed && text(ORIGIN).is_some_and(|origin| !from_here(origin)) {
            return Some(
                "another site's pages may not call this server, unless it is started with --allow-origin".into(),
            );
        }
        // Links from other sites may lead here; their pages may not load anything from here.
        let (site, mode) = ("sec-fetch-site", "sec-fetch-mode");
        let says = |name, value| text(HeaderName::from_static(name)) == Some(value);
        (!allowed && says(site, "cross-site") && !says(mode, "navigate"))
            .then(|| "another site's pages may not load anything from this server".into())
    }

    fn knows(&self, host: &str) -> bool {
        let host = plain(host);
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
        address || !host.contains('.') || host.ends_with(".localhost") || self.hosts.contains(&host)
    }
}

struct Guarded<A> {
    visitors: Visitors,
    inner: A,
}

impl<A: Answer> Answer for Guarded<A> {
    async fn answer(&self, request: Request) -> Response {
        let origin = request.headers().get(ORIGIN).filter(|origin| self.visitors.is_allowed(origin)).cloned();
        match (self.visitors.refusal(request.uri(), request.headers()), origin) {
            (Some(why), _) => Problem::new(Code::InsufficientPermissions, why).into_response(),
            (None, Some(origin)) if asks_first(&request) => readable(preflight(), origin),
            (None, Some(origin)) => readable(self.inner.answer(request).await, origin),
            (None, None) => self.inner.answer(request).await,
        }
    }
}

/// Whether a browser asks before it sends the request itself (CORS, fetch standard §3.2.3).
fn asks_first(request: &Request) -> bool {
    request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

fn preflight() -> Response {
    let may = [
        (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (ACCESS_CONTROL_ALLOW_HEADERS, SENT_HEADERS),
        (ACCESS_CONTROL_MAX_AGE, MAX_AGE),
    ];
    (StatusCode::NO_CONTENT, may).into_response()
}

/// The answer, which pages of `origin` may read.
fn readable(mut answer: Response, origin: HeaderValue) -> Response {
    let headers = answer.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(READ_HEADERS));
    headers.append(VARY, HeaderValue::from_static("origin"));
    answer
}

/// A name without its last dot, in lower case.
fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn visitors() -> Visitors {
        Visitors::new(&["Minoots.Example.com".to_owned()], &["https://App.example.com/".to_owned()])
    }

    fn refuses(headers: &[(&'static str, &'static str)]) -> bool {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        visitors().refusal(&Uri::from_static("/inbox"), &headers).is_some()
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
        let absolute = visitors().refusal(&Uri::from_static("http://evil.example/inbox"), &HeaderMap::new());
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
        assert!(!refuses(&[host, cross, ("sec-fetch-mode", "cors"), ("origin", "https://app.example.com")]));
        assert!(refuses(&[host, cross, ("sec-fetch-mode", "cors"), ("origin", "http://app.example.com")]));
        assert!(!refuses(&[host, cross, ("sec-fetch-mode", "navigate")]));
        assert!(refuses(&[host, cross, ("sec-fetch-mode", "no-cors")]));
        assert!(!refuses(&[host, ("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")]));
    }
}
