//! `minoots events` and `minoots trigger`.

use super::body::{Body, from_file, object};
use super::client::path;
use super::output::{answer, field, line};
use super::{Client, Connection, Exit, Failure};
use clap::{Args, Subcommand};
use minoots_shared::domain::catalogue::{self, CATALOGUE, is_the_services_own};
use minoots_shared::domain::json::{Json, Object};
use reqwest::Method;

/// Tell endpoints of events.
#[derive(Args)]
pub(crate) struct Events {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Subcommand)]
enum Action {
    /// Tell every endpoint that is subscribed; prints the event's id.
    Send {
        /// Its type, as session.started.
        event: String,
        /// What it carries: a JSON object.
        #[arg(long, value_name = "JSON", value_parser = object)]
        data: Option<Json>,
        /// The same from a file, or from standard input if it is -.
        #[arg(long, value_name = "FILE", conflicts_with = "data")]
        data_file: Option<String>,
        /// Its id: the same again tells nobody twice.
        #[arg(long)]
        id: Option<String>,
    },
}

pub(crate) async fn run(events: &Events) -> Result<(), Failure> {
    let client = events.connection.client()?;
    let Action::Send { event, data, data_file, id } = &events.action;
    let data = match (data, data_file) {
        (Some(data), _) => data.clone(),
        (None, Some(file)) => Json::Object(from_file(file)?),
        (None, None) => Json::Object(Object::new()),
    };
    send(&client, events.connection.json, event, data, id.as_ref()).await
}

async fn send(client: &Client, json: bool, event: &str, data: Json, id: Option<&String>) -> Result<(), Failure> {
    let body = Body::default().text("type", Some(&event.to_owned())).json("data", Some(data)).text("id", id);
    let sent = client.post("/events", body.done()).await?;
    answer(json, &sent, |value| field(&value["data"], "eventId") + "\n")?;
    if !json {
        match sent.value["data"]["triggered"].as_u64() {
            Some(0) => eprintln!("no endpoint is subscribed to it: minoots webhooks create URL --events {event}"),
            triggered => eprintln!("told to {} endpoints", triggered.unwrap_or_default()),
        }
    }
    Ok(())
}

/// Make something happen that sends a webhook, to try out a receiver.
#[derive(Args)]
pub(crate) struct Trigger {
    /// A type of `minoots webhooks events`, or one of your own. timer.expired, timer.progress and timer.cancelled come from a real
    /// timer, which is made for it and ends at once.
    event: String,
    /// Of a timer's: where the timer's own webhook goes, beside the endpoints.
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

pub(crate) async fn trigger(trigger: &Trigger) -> Result<(), Failure> {
    let client = trigger.connection.client()?;
    let json = trigger.connection.json;
    // Timers' own webhooks have the same names with a line under them.
    let event = trigger.event.replace("timer_", "timer.");
    if event.starts_with("timer.") {
        return timer(trigger, &client, &event).await;
    }
    if trigger.webhook.is_some() {
        return Err(Failure::new(Exit::Usage, "--webhook is for timers' events: others go to endpoints")
            .next("Make an endpoint: minoots webhooks create URL --events TYPE"));
    }
    if is_the_services_own(&event) {
        return Err(Failure::new(Exit::Usage, format!("{event} can't be triggered: only the service itself sends it"))
            .next("To send a test to an endpoint: minoots webhooks test ID"));
    }
    let known = CATALOGUE.iter().find(|(known, _)| *known == event);
    let noun = event.split('.').next().unwrap_or_default();
    let said = known.map_or("A sample event", |(_, said)| said);
    let sample = Body::default()
        .text("id", Some(&format!("{noun}_sample")))
        .text("description", Some(&said.to_owned()))
        .json("sample", Some(Json::Bool(true)));
    send(&client, json, &event, Json::Object(sample.done()), None).await
}

/// Makes a timer and lets happen to it what is asked for.
async fn timer(trigger: &Trigger, client: &Client, event: &str) -> Result<(), Failure> {
    let target = || Body::default().text("webhook", trigger.webhook.as_ref());
    let (duration, progress) = match event {
        catalogue::TIMER_PROGRESS => ("2s", target().texts("intervals", &["50%".to_owned()])),
        catalogue::TIMER_CREATED | catalogue::TIMER_EXPIRED | catalogue::TIMER_CANCELLED => ("1h", Body::default()),
        other => return Err(Failure::new(Exit::Usage, format!("timers know no event {other}"))),
    };
    let sample = "A sample, made by minoots trigger.".to_owned();
    let events =
        Body::default().object("on_progress", progress).object("on_expire", target().text("message", Some(&sample)));
    let body = Body::default().text("duration", Some(&duration.to_owned())).text("name", Some(&"sample".to_owned()));
    let created = client.post("/timers", body.object("events", events).done()).await?;
    let id = created.value["timer"]["id"].as_str().unwrap_or_default().to_owned();
    let done = match event {
        catalogue::TIMER_EXPIRED => client.post(&path("/timers/", &id, "/fire"), Object::new()).await?,
        catalogue::TIMER_CANCELLED | catalogue::TIMER_CREATED => {
            client.call(Method::DELETE, &path("/timers/", &id, ""), None).await?
        }
        _ => created,
    };
    if trigger.connection.json { line(done.text.trim_end()) } else { line(&id) }
}
