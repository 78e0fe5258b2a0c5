//! Calling the API: one request and its answer, tried again where that is safe.

use super::{Exit, Failure};
use minoots_shared::domain::json::{Json, Object};
use minoots_shared::webhook::client::tls_config;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use serde_json::Value;
use std::time::Duration;

/// How long an answer may take. Moving a clock on takes longer; that is no call of the API.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a call is made at most.
const TRIES: u32 = 4;
/// The longest wait before the next try, whatever the server asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// A caller of one server.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    key: HeaderValue,
    is_local: bool,
}

/// A successful answer: what the server said, byte for byte, and what that means.
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) value: Value,
}

impl Client {
    pub(crate) fn new(base: &str, key: String, is_local: bool) -> Result<Self, Failure> {
        let broken =
            |error: &dyn std::fmt::Display| Failure::new(Exit::Failed, format!("HTTP can't be set up: {error}"));
        let tls = tls_config().map_err(|error| broken(&error))?;
        let mut http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .timeout(PATIENCE)
            .user_agent(concat!("minoots-cli/", env!("CARGO_PKG_VERSION")));
        if is_local {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|error| broken(&error))?;
        let mut key = HeaderValue::try_from(key)
            .map_err(|_| Failure::new(Exit::Unauthorised, "the API key has characters that no key has"))?;
        key.set_sensitive(true);
        Ok(Self { http, base: base.to_owned(), key, is_local })
    }

    /// Where the server is.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Whether the server is this machine.
    pub(crate) fn is_local(&self) -> bool {
        self.is_local
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer, Failure> {
        self.call(Method::GET, path, None).await
    }

    /// Each creation has an idempotency key of its own, so that trying again never makes a second thing.
    pub(crate) async fn post(&self, path: &str, body: Object) -> Result<Answer, Failure> {
        self.call(Method::POST, path, Some(Json::Object(body))).await
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Json>) -> Result<Answer, Failure> {
        let once = random_name();
        let mut wait = Duration::from_millis(250);
        for tries in 1.. {
            match self.attempt(&method, path, body.as_ref(), &once).await {
                Err((failure, Some(asked))) if tries < TRIES => {
                    tokio::time::sleep(asked.max(wait).min(LONGEST_WAIT)).await;
                    wait *= 2;
                    drop(failure);
                }
                Err((failure, _)) => return Err(failure),
                Ok(answer) => return Ok(answer),
            }
        }
        unreachable!("the last try's outcome is returned")
    }

    /// With a failure: after what wait trying again may help, if it may.
    async fn attempt(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Json>,
        once: &str,
    ) -> Result<Answer, (Failure, Option<Duration>)> {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.base));
        request = request.header("x-api-key", self.key.clone());
        if *method == Method::POST {
            request = request.header("idempotency-key", once);
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_compact());
        }
        let lost = |error: reqwest::Error| self.unreachable(&error);
        let response = request.send().await.map_err(lost)?;
        let status = response.status().as_u16();
        let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let text = response.text().await.map_err(lost)?;
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        if (200..300).contains(&status) && !value.is_null() {
            return Ok(Answer { text, value });
        }
        let again = matches!(status, 429 | 502 | 503 | 504).then(|| Duration::from_secs(asked.unwrap_or(0)));
        Err((self.refused(status, &value), again))
    }

    fn unreachable(&self, error: &reqwest::Error) -> (Failure, Option<Duration>) {
        let mut cause: &dyn std::error::Error = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        let failure = Failure::new(Exit::Unavailable, format!("{} does not answer: {cause}", self.base));
        if error.is_connect() && self.is_local {
            // Nothing serves there: that does not pass by itself.
            return (failure.next("Start the server: minoots dev; or say where it is: --base-url."), None);
        }
        (failure.next("Is --base-url right, and the network there?"), Some(Duration::ZERO))
    }

    fn refused(&self, status: u16, problem: &Value) -> Failure {
        let error = &problem["error"];
        let message = error["message"].as_str().unwrap_or("the answer is none of this API's");
        let code = error["code"].as_str().unwrap_or("");
        let details = error["details"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut text = format!("{message} ({status}{}{code})", if code.is_empty() { "" } else { " " });
        if details.len() > 1 {
            for detail in details {
                let part = |name: &str| super::output::printable(detail[name].as_str().unwrap_or_default());
                text += &format!("\n  {}: {}", part("path"), part("message"));
            }
        }
        let failure = |exit| Failure::new(exit, super::output::printable_lines(&text));
        match (status, code) {
            (401, _) => failure(Exit::Unauthorised)
                .next("Check --api-key, MINOOTS_API_KEY or the configuration file; minoots dev prints its key."),
            (403, _) => failure(Exit::Unauthorised),
            (404, "TIMER_NOT_FOUND") => failure(Exit::NotFound).next("See which there are: minoots timers list"),
            (404, "WEBHOOK_NOT_FOUND") => failure(Exit::NotFound).next("See which there are: minoots webhooks list"),
            (404, "") => failure(Exit::NotFound).next(format!("Is {} a Minoots server?", self.base)),
            (404, _) => failure(Exit::NotFound),
            (429 | 500.., _) => failure(Exit::Unavailable).next("Try again later."),
            (400..500, _) => failure(Exit::Refused),
            _ => failure(Exit::Failed).next(format!("Is {} a Minoots server?", self.base)),
        }
    }
}

/// A random name for one creation.
fn random_name() -> String {
    let mut random = [0; 16];
    // Without randomness an answer could be another call's: then the process had better end.
    assert!(getrandom::fill(&mut random).is_ok(), "the system has no randomness");
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A path of the API with an id in it, whatever characters a caller gives as one.
pub(crate) fn path(before: &str, id: &str, after: &str) -> String {
    let mut path = before.to_owned();
    for byte in id.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => path.push(byte.into()),
            other => path += &format!("%{other:02X}"),
        }
    }
    path + after
}

/// A path of the API with parameters, those left out that have no value.
pub(crate) fn with_query(path: &str, parameters: &[(&str, Option<String>)]) -> String {
    let mut query = reqwest::Url::parse("http://x/").map(|mut url| {
        for (name, value) in parameters {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        url.query().map(|query| format!("?{query}")).unwrap_or_default()
    });
    path.to_owned() + query.as_mut().map_or("", |query| query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stays_one_segment_of_the_path() {
        assert_eq!(path("/timers/", "a/../b?c", "/fire"), "/timers/a%2F%2E%2E%2Fb%3Fc/fire");
        assert_eq!(path("/timers/", "timer_0-A", ""), "/timers/timer_0-A");
    }

    #[test]
    fn parameters_without_a_value_are_left_out() {
        let wanted = [("status", Some("running".to_owned())), ("team", None), ("limit", Some("5".to_owned()))];
        assert_eq!(with_query("/timers", &wanted), "/timers?status=running&limit=5");
        assert_eq!(with_query("/timers", &[("team", None)]), "/timers");
    }
}
