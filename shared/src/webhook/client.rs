//! Sending one attempt of a delivery: signed, time-limited, guarded, and never more than that.

use super::guard::{UrlPolicy, check_address, check_url};
use super::signature;
use crate::app::clock::Clock;
use crate::domain::attempt::{Answer, KEPT_RESPONSE};
use crate::domain::delivery::{Delivery, Source};
use crate::domain::endpoint::Endpoint;
use crate::domain::retry::parse_retry_after;
use crate::domain::secret::SigningSecrets;
use crate::domain::time::{Millis, Timestamp};
use async_trait::async_trait;
use reqwest::Method;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long an attempt may take unless configured otherwise.
pub const DEFAULT_TIMEOUT: Millis = Millis::seconds(30);
/// At most this much of an answer is read, in bytes.
const READ_AT_MOST: usize = 64 * 1024;
/// How long an answer's body may take once its status is known: the status alone decides.
const BODY_PATIENCE: Duration = Duration::from_secs(5);

/// Carries an attempt's request to where its URL points: over the network, or in a simulation to receivers that a seed makes
/// up. What is sent, how long it may take and what the answer means is decided on this side of it.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends the request; returns once the answer's head is there.
    ///
    /// # Errors
    /// Why there was no answer, in words that show neither path nor query.
    async fn carry(&self, request: reqwest::Request) -> Result<reqwest::Response, String>;
}

#[async_trait]
impl Transport for reqwest::Client {
    async fn carry(&self, request: reqwest::Request) -> Result<reqwest::Response, String> {
        self.execute(request).await.map_err(|error| describe(&error))
    }
}

/// Sends webhooks over pooled connections.
///
/// No proxy from the environment, no redirect followed, no cookie kept, no retry of its own.
pub struct WebhookClient {
    transport: Arc<dyn Transport>,
    policy: UrlPolicy,
    timeout: Millis,
    /// Stamps what is signed: receivers compare it with their own clocks, whatever time the product goes by.
    stamp: Clock,
}

/// What one attempt sends where.
pub struct Outgoing<'a> {
    /// The delivery.
    pub delivery: &'a Delivery,
    /// Where to: for an endpoint its present URL, which may not be the one of the moment when the event was accepted.
    pub url: &'a str,
    /// The caller's own headers.
    pub headers: &'a [(String, String)],
    /// Sign it.
    pub secrets: &'a SigningSecrets,
    /// How long it may take, if that is less than the client allows.
    pub timeout: Option<Millis>,
}

impl<'a> Outgoing<'a> {
    /// An attempt of a timer's own webhook.
    pub fn from_timer(delivery: &'a Delivery, secrets: &'a SigningSecrets) -> Self {
        Self { delivery, url: &delivery.url, headers: &delivery.headers, secrets, timeout: None }
    }

    /// An attempt to reach an endpoint as it is now.
    pub fn to_endpoint(delivery: &'a Delivery, endpoint: &'a Endpoint) -> Self {
        let Endpoint { url, headers, secrets, timeout, .. } = endpoint;
        Self { delivery, url, headers, secrets, timeout: Some(*timeout) }
    }
}

/// The client could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("the webhook client can't be set up")]
pub struct ClientError(#[from] Box<dyn std::error::Error + Send + Sync>);

impl WebhookClient {
    /// A client whose attempts go only where `policy` allows and take at most `timeout`.
    ///
    /// # Errors
    /// TLS can't be set up.
    pub fn new(policy: UrlPolicy, timeout: Millis) -> Result<Self, ClientError> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls_config()?)
            .dns_resolver(GuardedResolver { policy: policy.clone() })
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .http1_only()
            .tcp_nodelay(true)
            .pool_max_idle_per_host(64)
            .pool_idle_timeout(Duration::from_secs(20))
            .user_agent(concat!("Minoots/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ClientError(error.into()))?;
        Ok(Self::over(Arc::new(http), policy, timeout, Clock::system()))
    }

    /// The same over another transport, which has to keep to the policy's addresses itself; what is signed bears `stamp`'s time.
    pub fn over(transport: Arc<dyn Transport>, policy: UrlPolicy, timeout: Millis, stamp: Clock) -> Self {
        Self { transport, policy, timeout, stamp }
    }

    /// Where this client may go.
    pub fn policy(&self) -> &UrlPolicy {
        &self.policy
    }

    /// How long an attempt may take.
    pub fn timeout(&self) -> Millis {
        self.timeout
    }

    /// Makes the next attempt at `now`: the answer and how long it took. It is signed with the secrets that are in force at
    /// `now`, under the machine's own time, and its time limit is one of that as well.
    ///
    /// # Errors
    /// Why there was no answer, in words that show neither path nor query.
    pub async fn send(&self, outgoing: &Outgoing<'_>, now: Timestamp) -> (Result<Answer, String>, Millis) {
        let begun = Instant::now();
        let limit = self.timeout.min(outgoing.timeout.unwrap_or(self.timeout)).to_std();
        let answer = match tokio::time::timeout(limit, self.attempt(outgoing, now, begun + limit)).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("no answer within {} s", limit.as_secs_f64())),
        };
        (answer, Millis(begun.elapsed().as_millis() as u64))
    }

    async fn attempt(&self, outgoing: &Outgoing<'_>, now: Timestamp, deadline: Instant) -> Result<Answer, String> {
        let url = check_url(&self.policy, outgoing.url).map_err(|refusal| format!("the URL is refused: {refusal}"))?;
        let stamped = self.stamp.now();
        let mut request = reqwest::Request::new(Method::POST, url);
        *request.headers_mut() = headers(outgoing, now, stamped)?;
        *request.body_mut() = Some(String::from(&*outgoing.delivery.body).into());
        let response = self.transport.carry(request).await?;
        let code = response.status().as_u16();
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| parse_retry_after(value, stamped));
        let left = deadline.saturating_duration_since(Instant::now()).min(BODY_PATIENCE);
        Ok(Answer { code, body: read_some(response, left).await, retry_after })
    }
}

/// The headers of the contract's table; the caller's own come first and can't replace them.
fn headers(outgoing: &Outgoing<'_>, now: Timestamp, stamped: Timestamp) -> Result<HeaderMap, String> {
    let Outgoing { delivery, secrets, .. } = outgoing;
    let secrets = &secrets.in_force_at(now);
    let mut headers = HeaderMap::with_capacity(outgoing.headers.len() + 12);
    for (name, value) in outgoing.headers {
        let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::from_str(value)) else {
            return Err("one of the webhook's own headers can't be sent".to_owned());
        };
        headers.insert(name, value);
    }
    let (id, seconds) = (delivery.id.as_str(), stamped.unix_seconds().to_string());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut own = vec![
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", seconds.clone()),
        ("webhook-signature", signature::standard(secrets, id, stamped, &delivery.body)),
        ("x-minoots-signature", signature::minoots(secrets, &delivery.body)),
        ("x-minoots-attempt", delivery.next_attempt().to_string()),
        ("x-minoots-event", delivery.event.clone()),
        ("x-minoots-delivery", id.to_owned()),
    ];
    if let Source::Endpoint { event, .. } = &delivery.source {
        own.extend([
            ("x-webhook-signature", signature::timestamped(secrets, stamped, &delivery.body)),
            ("x-webhook-timestamp", seconds),
            ("x-webhook-id", event.as_str().to_owned()),
            ("x-webhook-event", delivery.event.clone()),
        ]);
    }
    for (name, value) in own {
        let value = HeaderValue::try_from(value).map_err(|_| format!("{name} can't be sent"))?;
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(headers)
}

/// The beginning of the body as text; what comes late or breaks off is left out.
async fn read_some(mut response: reqwest::Response, patience: Duration) -> String {
    let mut body = Vec::new();
    let reading = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            let room = READ_AT_MOST - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if body.len() == READ_AT_MOST {
                break;
            }
        }
    };
    // Too slow is as good as no body.
    let _ = tokio::time::timeout(patience, reading).await;
    String::from_utf8_lossy(&body).chars().take(KEPT_RESPONSE).collect()
}

/// What went wrong, from the innermost cause, without the URL.
fn describe(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let stage = if error.is_connect() { "no connection" } else { "no answer" };
    if cause.is::<reqwest::Error>() { stage.to_owned() } else { format!("{stage}: {cause}") }
}

/// How this product speaks TLS: with ring, and certificates that are compiled in.
///
/// # Errors
/// TLS can't be set up.
pub fn tls_config() -> Result<rustls::ClientConfig, ClientError> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ClientError(error.into()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// Resolves names and lets only permitted addresses through: the client connects to nothing else. Literal addresses never
/// get here; [`check_url`] judges those.
struct GuardedResolver {
    policy: UrlPolicy,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.policy.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let mut refusal = None;
            let permitted: Vec<_> = found
                .filter(|address| match check_address(&policy, address.ip()) {
                    Ok(()) => true,
                    Err(refused) => {
                        refusal = Some(refused);
                        false
                    }
                })
                .collect();
            match refusal {
                Some(refusal) if permitted.is_empty() => {
                    Err(format!("the host's address is refused: {refusal}").into())
                }
                _ => Ok(Box::new(permitted.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests;
