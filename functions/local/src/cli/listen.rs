//! `minoots listen`: a receiver that verifies webhooks, prints them, and hands them on if asked.

use super::body::Body;
use super::client::path;
use super::output::{field, is_coloured, line, printable};
use super::received::{Received, TOLERANCE};
use super::receiver::{Hit, Receiver};
use super::{Client, Connection, Exit, Failure};
use axum::http::StatusCode;
use clap::Args;
use minoots_shared::domain::secret::WebhookSecret;
use reqwest::Method;
use serde_json::Value;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Names that belong to one connection, or that the next request sets itself.
const NOT_HANDED_ON: [&str; 6] = ["host", "content-length", "connection", "transfer-encoding", "keep-alive", "accept"];
/// How long the local URL may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Receive webhooks on this machine: verify them, print each as a line, hand them on to your own server if asked.
#[derive(Args)]
pub(crate) struct Listen {
    /// Port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 3002)]
    port: u16,
    /// Make an endpoint for these event types, for as long as this listens. May be a list with commas: session.*,timer.expired
    #[arg(long, value_delimiter = ',', value_name = "TYPES")]
    events: Vec<String>,
    /// Where to hand on what was verified; its answer is what the sender gets.
    #[arg(long, value_name = "URL")]
    forward: Option<String>,
    /// The secret to verify with. Without it, the server is asked for that of the account, which signs timers' webhooks.
    #[arg(long, env = "MINOOTS_WEBHOOK_SECRET", hide_env_values = true)]
    secret: Option<String>,
    /// The status to answer with, where nothing is handed on.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(200..600))]
    answer: u16,
    /// Stop after so many webhooks.
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    #[command(flatten)]
    connection: Connection,
}

/// What it takes to judge and hand on one webhook.
struct Judge {
    secrets: Vec<WebhookSecret>,
    forward: Option<reqwest::Url>,
    http: reqwest::Client,
    answer: StatusCode,
}

pub(crate) async fn run(listen: &Listen) -> Result<(), Failure> {
    let judge_of = |secrets| listen.judge(secrets);
    let mut receiver = Receiver::listen(listen.port).await?;
    let url = format!("http://{}", receiver.address);
    let (secret, endpoint) = match (&listen.secret, listen.events.is_empty()) {
        (Some(secret), true) => (secret.clone(), None),
        (_, true) => (account_secret(&listen.connection.client()?).await?, None),
        (_, false) => {
            let client = listen.connection.client()?;
            let made = make_endpoint(&client, &url, &listen.events).await?;
            (made.secret.clone(), Some((client, made)))
        }
    };
    let mut secrets = vec![chosen(&secret)?];
    if let (Some((client, _)), None) = (&endpoint, &listen.secret) {
        // Timers' own webhooks may be sent here as well.
        secrets.push(chosen(&account_secret(client).await?)?);
    }
    eprintln!("URL     {url}");
    eprintln!("Secret  {secret}");
    if let Some((_, made)) = &endpoint {
        eprintln!("Events  {} to the endpoint {}, deleted at the end", listen.events.join(", "), made.id);
    } else {
        eprintln!("\nTry it: minoots trigger timer.expired --webhook {url}");
    }
    let judge = judge_of(secrets)?;
    let done = receive(listen, &judge, &mut receiver).await;
    receiver.close().await;
    if let Some((client, made)) = endpoint {
        client.call(Method::DELETE, &path("/webhooks/", &made.id, ""), None).await?;
    }
    done
}

/// Until it is told to stop, or enough has come.
async fn receive(listen: &Listen, judge: &Judge, receiver: &mut Receiver) -> Result<(), Failure> {
    let stop = |kind| signal(kind).map_err(|error| Failure::new(Exit::Failed, error.to_string()));
    let (mut terminate, mut interrupt) = (stop(SignalKind::terminate())?, stop(SignalKind::interrupt())?);
    let mut left = listen.count.unwrap_or(u64::MAX);
    while left > 0 {
        let hit = tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            hit = receiver.next() => hit,
        };
        let Some(Hit { path, received, answer, .. }) = hit else { return Ok(()) };
        let (verified, status) = judge.judge(&path, &received).await;
        say(listen.connection.json, &path, &received, verified.as_ref(), status)?;
        let _ = answer.send(status);
        left -= 1;
    }
    Ok(())
}

impl Listen {
    fn judge(&self, secrets: Vec<WebhookSecret>) -> Result<Judge, Failure> {
        let forward = self.forward.as_deref().map(|url| {
            let parsed = reqwest::Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
            parsed.ok_or_else(|| Failure::new(Exit::Usage, format!("--forward {url:?} is no http URL")))
        });
        let tls = minoots_shared::webhook::client::tls_config();
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls.map_err(|error| Failure::new(Exit::Failed, error.to_string()))?)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .no_proxy();
        let http = http.build().map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
        let answer = StatusCode::from_u16(self.answer).unwrap_or(StatusCode::OK);
        Ok(Judge { secrets, forward: forward.transpose()?, http, answer })
    }
}

impl Judge {
    /// Whether a webhook is genuine, and the status to answer with. What is not genuine is handed on to nobody.
    async fn judge(&self, path: &str, received: &Received) -> (Result<(), String>, StatusCode) {
        let verified = self.verified(received);
        if verified.is_err() {
            return (verified, StatusCode::UNAUTHORIZED);
        }
        let Some(to) = &self.forward else { return (verified, self.answer) };
        let mut request = self.http.post(forwarded(to, path)).body(received.body.clone());
        for (name, value) in received.headers.iter().filter(|(name, _)| !NOT_HANDED_ON.contains(&name.as_str())) {
            request = request.header(name, value);
        }
        match request.send().await {
            Ok(response) => (verified, response.status()),
            Err(error) => {
                eprintln!("{to} does not answer: {}", error.without_url());
                (verified, StatusCode::BAD_GATEWAY)
            }
        }
    }

    fn verified(&self, received: &Received) -> Result<(), String> {
        let now = minoots_shared::app::clock::Clock::system().now();
        let mut wrong = "it carries no signature".to_owned();
        for secret in &self.secrets {
            let checks = received.checks(secret, now, Some(TOLERANCE));
            match checks.iter().find_map(|(header, check)| check.as_ref().err().map(|why| format!("{header} {why}"))) {
                None if !checks.is_empty() => return Ok(()),
                None => {}
                Some(why) => wrong = why,
            }
        }
        Err(wrong)
    }
}

/// The URL to hand on to: as it was given, or below it if the webhook came to a path of its own.
fn forwarded(to: &reqwest::Url, path: &str) -> reqwest::Url {
    let mut url = to.clone();
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    if path != "/" {
        url.set_path(&format!("{}{path}", to.path().trim_end_matches('/')));
    }
    if query.is_some() {
        url.set_query(query);
    }
    url
}

fn say(
    json: bool,
    path: &str,
    received: &Received,
    verified: Result<&(), &String>,
    status: StatusCode,
) -> Result<(), Failure> {
    let body: Value = serde_json::from_slice(&received.body).unwrap_or_default();
    if json {
        let headers: serde_json::Map<String, Value> =
            received.headers.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        let said = serde_json::json!({
            "verified": verified.is_ok(), "error": verified.err(), "path": path, "headers": headers,
            "body": String::from_utf8_lossy(&received.body), "answered": status.as_u16(),
        });
        return line(&said.to_string());
    }
    let event = match received.header("x-webhook-event").or(received.header("x-minoots-event")) {
        Some(event) => printable(event),
        None => "?".to_owned(),
    };
    let what = if body["timer"].is_object() { &body["timer"] } else { &body["data"]["timer"] };
    let mut words =
        vec![event, field(what, "id"), field(what, "name"), field(&body, "milestone"), field(&body, "message")];
    if what.is_null() {
        words.push(printable(&body["data"].to_string()));
    }
    words.retain(|word| !word.is_empty() && word != "null");
    let mark = match (verified.is_ok(), is_coloured()) {
        (true, true) => "\x1b[32mverified\x1b[0m",
        (true, false) => "verified",
        (false, true) => "\x1b[31mREFUSED\x1b[0m",
        (false, false) => "REFUSED",
    };
    let why = verified.err().map(|why| format!("  ({})", printable(why))).unwrap_or_default();
    line(&format!("{mark}  {}  -> {}{why}", words.join("  "), status.as_u16()))
}

struct Endpoint {
    id: String,
    secret: String,
}

async fn make_endpoint(client: &Client, url: &str, events: &[String]) -> Result<Endpoint, Failure> {
    let name = "minoots listen".to_owned();
    let body = Body::default().text("name", Some(&name)).text("url", Some(&url.to_owned())).texts("events", events);
    let made = client.post("/webhooks", body.done()).await?.value;
    let text = |name: &str| made["data"][name].as_str().unwrap_or_default().to_owned();
    Ok(Endpoint { id: text("id"), secret: text("secret") })
}

async fn account_secret(client: &Client) -> Result<String, Failure> {
    let answer = client.get("/account/webhook-secret").await?.value;
    Ok(answer["data"]["secret"].as_str().unwrap_or_default().to_owned())
}

fn chosen(secret: &str) -> Result<WebhookSecret, Failure> {
    WebhookSecret::chosen(secret).ok_or_else(|| Failure::new(Exit::Usage, "the secret must be 1 to 512 bytes long"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_to_a_path_is_handed_on_to_the_same_path_below_the_url() {
        let to = |url: &str, path: &str| forwarded(&reqwest::Url::parse(url).unwrap(), path).to_string();
        assert_eq!(to("http://127.0.0.1:3000/hooks", "/"), "http://127.0.0.1:3000/hooks");
        assert_eq!(to("http://127.0.0.1:3000/hooks/", "/a?b=c"), "http://127.0.0.1:3000/hooks/a?b=c");
        assert_eq!(to("http://127.0.0.1:3000", "/a"), "http://127.0.0.1:3000/a");
    }
}
