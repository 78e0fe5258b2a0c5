//! `minoots webhooks`: endpoints.

use super::body::{Body, header, headers};
use super::client::{path, with_query};
use super::deliveries;
use super::output::{answer, field, line, pairs, status, table};
use super::{Connection, Exit, Failure};
use clap::{Args, Subcommand};
use minoots_shared::domain::json::{Json, Object};
use reqwest::Method;
use serde_json::Value;

/// Endpoints that subscribe to events, and the secrets that sign.
#[derive(Args)]
pub(crate) struct Webhooks {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Subcommand)]
enum Action {
    /// List endpoints.
    List {
        /// Those that are deactivated too.
        #[arg(long)]
        all: bool,
    },
    /// Make an endpoint; prints its id, and its secret, which is shown only now.
    Create(Create),
    /// Show one endpoint.
    Get { id: String },
    /// Change an endpoint: what is not given stays.
    Update(Update),
    /// Delete endpoints; deliveries still open end.
    Delete {
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Send a test event at once, and say how it went; ends with code 1 if it was not taken.
    Test { id: String },
    /// Figures of an endpoint: how many were taken, how fast.
    Stats { id: String },
    /// Put a new secret in force, and print it; the old one goes on signing for a while. Without an id, the account's, which
    /// signs timers' webhooks.
    Rotate {
        id: Option<String>,
        /// How long the old secret goes on signing: 0 to 7d.
        #[arg(long, value_name = "DURATION")]
        overlap: Option<String>,
    },
    /// Print the secret that signs timers' webhooks.
    Secret,
    /// List the event types that there are.
    Events,
    /// How many deliveries wait, run, succeeded and failed.
    Queue,
    /// Send everything again that failed, or all of one endpoint.
    RetryFailed {
        /// The endpoint.
        id: Option<String>,
    },
}

#[derive(Args)]
struct Create {
    /// Where its events go.
    url: String,
    /// Event types: session.started, session.*, or *. May be repeated, or a list with commas.
    #[arg(long, required = true, value_delimiter = ',')]
    events: Vec<String>,
    /// What people call it; without it, the URL's host.
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Args)]
struct Update {
    id: String,
    #[arg(long)]
    url: Option<String>,
    /// Event types, in place of those that it has.
    #[arg(long, value_delimiter = ',')]
    events: Vec<String>,
    #[arg(long)]
    name: Option<String>,
    /// Whether it is sent anything.
    #[arg(long)]
    active: Option<bool>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Args)]
struct Settings {
    /// What it is for.
    #[arg(long)]
    description: Option<String>,
    /// A header of its own, as "Name: value". May be repeated.
    #[arg(long, value_name = "HEADER", value_parser = header)]
    header: Vec<(String, String)>,
    /// How often to try again: 0 to 10.
    #[arg(long)]
    max_retries: Option<u64>,
    /// Seconds before the first retry: 1 to 3600.
    #[arg(long)]
    retry_delay: Option<u64>,
    /// Seconds that it has to answer: 1 to 30.
    #[arg(long)]
    timeout: Option<u64>,
}

impl Settings {
    fn add(&self, body: Body) -> Body {
        body.text("description", self.description.as_ref())
            .object("headers", headers(&self.header))
            .number("maxRetries", self.max_retries)
            .number("retryDelay", self.retry_delay)
            .number("timeout", self.timeout)
    }
}

pub(crate) async fn run(webhooks: &Webhooks) -> Result<(), Failure> {
    let client = webhooks.connection.client()?;
    let json = webhooks.connection.json;
    match &webhooks.action {
        Action::List { all } => {
            let wanted = [("includeInactive", all.then(|| "true".to_owned()))];
            answer(json, &client.get(&with_query("/webhooks", &wanted)).await?, listed)
        }
        Action::Create(create) => {
            let host = || reqwest::Url::parse(&create.url).ok()?.host_str().map(str::to_owned);
            let name = create.name.clone().or_else(host).unwrap_or_else(|| "endpoint".to_owned());
            let body = Body::default().text("name", Some(&name)).text("url", Some(&create.url));
            let body = create.settings.add(body.texts("events", &create.events));
            let created = client.post("/webhooks", body.done()).await?;
            answer(json, &created, |value| {
                let data = &value["data"];
                pairs(&[("Id", field(data, "id")), ("Secret", field(data, "secret"))])
            })?;
            if !json {
                eprintln!("Keep the secret: it is shown only now.");
            }
            Ok(())
        }
        Action::Get { id } => answer(json, &client.get(&path("/webhooks/", id, "")).await?, shown),
        Action::Update(update) => {
            let body = Body::default().text("name", update.name.as_ref()).text("url", update.url.as_ref());
            let body = body.texts("events", &update.events).json("active", update.active.map(Json::Bool));
            let body = update.settings.add(body).done();
            if body.is_empty() {
                return Err(Failure::new(Exit::Usage, "there is nothing to change")
                    .next("Say what: minoots webhooks update --help"));
            }
            let changed =
                client.call(Method::PATCH, &path("/webhooks/", &update.id, ""), Some(Json::Object(body))).await?;
            answer(json, &changed, shown)
        }
        Action::Delete { ids } => {
            for id in ids {
                let deleted = client.call(Method::DELETE, &path("/webhooks/", id, ""), None).await?;
                answer(json, &deleted, |_| format!("{}  deleted\n", super::output::printable(id)))?;
            }
            Ok(())
        }
        Action::Test { id } => {
            let sent = client.post(&path("/webhooks/", id, "/test"), Object::new()).await?;
            answer(json, &sent, |value| tested(&value["data"]))?;
            if sent.value["data"]["success"] == true {
                return Ok(());
            }
            let delivery = field(&sent.value["data"], "deliveryId");
            Err(Failure::new(Exit::Failed, "the test was not taken")
                .next(format!("What was answered: minoots deliveries get {delivery}")))
        }
        Action::Stats { id } => {
            answer(json, &client.get(&path("/webhooks/", id, "/stats")).await?, |value| figures(&value["data"]))
        }
        Action::Rotate { id, overlap } => {
            let body = Body::default().text("overlap", overlap.as_ref()).done();
            let at = match id {
                Some(id) => path("/webhooks/", id, "/regenerate-secret"),
                None => "/account/webhook-secret/rotate".to_owned(),
            };
            answer(json, &client.post(&at, body).await?, |value| field(&value["data"], "secret") + "\n")
        }
        Action::Secret => {
            let secret = client.get("/account/webhook-secret").await?;
            answer(json, &secret, |value| field(&value["data"], "secret") + "\n")
        }
        Action::Events => answer(json, &client.get("/webhooks/events").await?, |value| {
            let rows = rows(value, &["event", "description"]);
            table(&["EVENT", "WHEN"], &rows)
        }),
        Action::Queue => answer(json, &client.get("/webhooks/queue/stats").await?, |value| {
            let names = ["waiting", "active", "delayed", "completed", "failed", "total"];
            pairs(&names.map(|name| (name, field(&value["data"], name))))
        }),
        Action::RetryFailed { id } => {
            let body = Body::default().text("webhookId", id.as_ref()).done();
            let mut retried = 0;
            // One call works off what it can in some seconds.
            loop {
                let some = client.post("/webhooks/queue/retry-failed", body.clone()).await?;
                if json {
                    line(some.text.trim_end())?;
                }
                retried += some.value["data"]["retried"].as_u64().unwrap_or_default();
                if some.value["data"]["more"] != true {
                    break;
                }
            }
            if json { Ok(()) } else { line(&format!("{retried} sent again")) }
        }
    }
}

/// The rows of an answer's `data`, with the fields that are named.
pub(crate) fn rows(value: &Value, names: &[&str]) -> Vec<Vec<String>> {
    let data = value["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    data.iter().map(|row| names.iter().map(|name| field(row, name)).collect()).collect()
}

fn active(webhook: &Value) -> String {
    status(if webhook["active"] == true { "active" } else { "inactive" })
}

fn events(webhook: &Value) -> String {
    let events = webhook["events"].as_array().map(Vec::as_slice).unwrap_or_default();
    super::output::printable(&events.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","))
}

fn listed(value: &Value) -> String {
    let data = value["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    let row = |webhook: &Value| {
        vec![field(webhook, "id"), active(webhook), field(webhook, "url"), events(webhook), field(webhook, "name")]
    };
    table(&["ID", "STATUS", "URL", "EVENTS", "NAME"], &data.iter().map(row).collect::<Vec<_>>())
}

fn shown(value: &Value) -> String {
    let data = &value["data"];
    pairs(&[
        ("Id", field(data, "id")),
        ("Name", field(data, "name")),
        ("Status", active(data)),
        ("Why", field(data, "disabledReason")),
        ("URL", field(data, "url")),
        ("Events", events(data)),
        ("Description", field(data, "description")),
        ("Retries", field(data, "maxRetries")),
        ("First wait", field(data, "retryDelay") + " s"),
        ("Time limit", field(data, "timeout") + " s"),
        ("Secret", field(data, "secretPreview")),
        ("Last sent", field(data, "lastTriggeredAt")),
        ("Created", field(data, "createdAt")),
    ])
}

fn tested(data: &Value) -> String {
    let took = field(data, "durationMs");
    pairs(&[
        ("Delivery", field(data, "deliveryId")),
        ("Taken", if data["success"] == true { "yes" } else { "no" }.to_owned()),
        ("Answer", field(data, "responseCode")),
        ("Took", if took.is_empty() { took } else { took + " ms" }),
        ("Error", field(data, "error")),
    ])
}

fn figures(data: &Value) -> String {
    let latency = &data["latency"];
    let mut text = pairs(&[
        ("Deliveries", field(data, "totalDeliveries")),
        ("Taken", field(data, "successfulDeliveries")),
        ("Failed", field(data, "failedDeliveries")),
        ("Open", field(data, "pendingDeliveries")),
        ("Taken in percent", field(data, "successRate")),
        ("Latency p50 in ms", field(latency, "p50")),
        ("Latency p99 in ms", field(latency, "p99")),
    ]);
    let recent = data["recentDeliveries"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !recent.is_empty() {
        text += "\n";
        text += &deliveries::listed(recent);
    }
    text
}
