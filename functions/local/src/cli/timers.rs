//! `minoots timers`.

use super::body::{Body, header, headers, object};
use super::client::{path, with_query};
use super::output::{answer, field, line, pairs, print, span, status, table};
use super::watch::{self, Watch};
use super::{Client, Connection, Failure};
use clap::{Args, Subcommand};
use minoots_shared::domain::json::{Json, Object};
use reqwest::Method;
use serde_json::Value;

/// Create, read, change and end timers.
#[derive(Args)]
pub(crate) struct Timers {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Subcommand)]
enum Action {
    /// Start a timer, and print its id.
    Create(Box<Create>),
    /// List timers, newest first.
    List(List),
    /// Show one timer, and what became of its webhooks.
    Get(One),
    /// Follow timers until they end: bars in a terminal, lines in a pipe. Without ids, all that run now.
    Watch(Watch),
    /// End timers before their time.
    Cancel(Cancel),
    /// Freeze what remains of timers.
    Pause(Many),
    /// Let paused timers go on.
    Resume(Many),
    /// Move a timer's end: 15m later, or -5m earlier.
    Extend(Extend),
    /// Let timers expire now.
    Fire(Many),
}

#[derive(Args)]
struct Create {
    /// How long it runs: 6h30m, 1.5h, PT15M, or milliseconds.
    #[arg(required_unless_present_any = ["until", "body"], conflicts_with = "until")]
    duration: Option<String>,
    /// The instant at which it ends, as 2030-01-01T00:00:00Z, instead of a duration.
    #[arg(long)]
    until: Option<String>,
    /// The whole request as JSON from a file, or from standard input if it is -.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["duration", "until", "name", "id", "webhook", "message", "data", "header",
        "progress", "agent_id", "team", "scenario", "organization_id", "project_id", "metadata"])]
    body: Option<String>,
    /// What people call it.
    #[arg(long)]
    name: Option<String>,
    /// Its id, if you want to choose it: 1 to 48 of A-Z a-z 0-9 _ -.
    #[arg(long)]
    id: Option<String>,
    /// Where its webhooks go.
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// A message for the webhook at its end.
    #[arg(long)]
    message: Option<String>,
    /// A JSON object for the webhook at its end.
    #[arg(long, value_name = "JSON", value_parser = object)]
    data: Option<Json>,
    /// A header of the webhooks, as "Name: value". May be repeated.
    #[arg(long, value_name = "HEADER", value_parser = header)]
    header: Vec<(String, String)>,
    /// When to tell of its progress: 25%, or -30m before the end. May be repeated, or a list with commas.
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true)]
    progress: Vec<String>,
    #[command(flatten)]
    labels: Labels,
    /// A JSON object that it carries.
    #[arg(long, value_name = "JSON", value_parser = object)]
    metadata: Option<Json>,
    /// Follow it until it ends.
    #[arg(long)]
    watch: bool,
}

/// What timers are found by.
#[derive(Args)]
struct Labels {
    /// The agent that it belongs to.
    #[arg(long)]
    agent_id: Option<String>,
    /// The team that it belongs to.
    #[arg(long)]
    team: Option<String>,
    /// The scenario that it belongs to.
    #[arg(long)]
    scenario: Option<String>,
    /// The organisation that it belongs to.
    #[arg(long)]
    organization_id: Option<String>,
    /// The project that it belongs to.
    #[arg(long)]
    project_id: Option<String>,
}

#[derive(Args)]
struct List {
    /// running, paused, expired or cancelled.
    #[arg(long)]
    status: Option<String>,
    #[command(flatten)]
    labels: Labels,
    /// How many at most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,
    /// Where the page before ended: its nextCursor.
    #[arg(long)]
    cursor: Option<String>,
}

#[derive(Args)]
struct One {
    /// The timer's id.
    id: String,
}

#[derive(Args)]
struct Many {
    /// The timers' ids.
    #[arg(required = true)]
    ids: Vec<String>,
}

#[derive(Args)]
struct Cancel {
    #[command(flatten)]
    timers: Many,
    /// Why: it is told with timer_cancelled.
    #[arg(long)]
    reason: Option<String>,
}

#[derive(Args)]
struct Extend {
    /// The timer's id.
    id: String,
    /// By how much: 15m, or -5m for an earlier end.
    #[arg(allow_hyphen_values = true)]
    by: String,
}

pub(crate) async fn run(timers: &Timers) -> Result<(), Failure> {
    let client = timers.connection.client()?;
    let json = timers.connection.json;
    match &timers.action {
        Action::Create(create) => create.run(&client, json).await,
        Action::List(list) => list.run(&client, json).await,
        Action::Get(one) => answer(json, &client.get(&path("/timers/", &one.id, "")).await?, shown),
        Action::Watch(watch) => watch::run(watch, &client, json).await,
        Action::Cancel(Cancel { timers, reason }) => {
            let body = Body::default().text("reason", reason.as_ref()).done();
            each(&client, json, timers, "", Method::DELETE, body).await
        }
        Action::Pause(timers) => each(&client, json, timers, "/pause", Method::POST, Object::new()).await,
        Action::Resume(timers) => each(&client, json, timers, "/resume", Method::POST, Object::new()).await,
        Action::Fire(timers) => each(&client, json, timers, "/fire", Method::POST, Object::new()).await,
        Action::Extend(Extend { id, by }) => {
            let body = Body::default().text("extend", Some(by)).done();
            let timers = Many { ids: vec![id.clone()] };
            each(&client, json, &timers, "", Method::PATCH, body).await
        }
    }
}

/// Does the same with one timer after another, and stops at the first that it can't be done with.
async fn each(
    client: &Client,
    json: bool,
    timers: &Many,
    after: &str,
    method: Method,
    body: Object,
) -> Result<(), Failure> {
    for id in &timers.ids {
        let body = (!body.is_empty()).then(|| Json::Object(body.clone()));
        let changed = client.call(method.clone(), &path("/timers/", id, after), body).await?;
        answer(json, &changed, |value| {
            let timer = &value["timer"];
            let end = field(timer, "expiresAt");
            let (now, when) = (field(timer, "status"), if end.is_empty() { end } else { format!("  {end}") });
            format!("{}  {}{when}\n", field(timer, "id"), status(&now))
        })?;
    }
    Ok(())
}

impl Create {
    async fn run(&self, client: &Client, json: bool) -> Result<(), Failure> {
        let body = match &self.body {
            Some(file) => super::body::from_file(file)?,
            None => self.written(),
        };
        let created = client.post("/timers", body).await?;
        answer(json, &created, |value| field(&value["timer"], "id") + "\n")?;
        let timer = &created.value["timer"];
        if self.watch {
            let watch = Watch::of(timer["id"].as_str().unwrap_or_default());
            return watch::run(&watch, client, json).await;
        }
        if !json {
            eprintln!("{} ends at {}", field(timer, "name"), field(timer, "expiresAt"));
        }
        Ok(())
    }

    fn written(&self) -> Object {
        let target = || Body::default().text("webhook", self.webhook.as_ref()).object("headers", headers(&self.header));
        let expire = target().text("message", self.message.as_ref()).json("data", self.data.clone());
        let progress = match self.progress.as_slice() {
            [] => Body::default(),
            intervals => target().texts("intervals", intervals),
        };
        let events = Body::default().object("on_progress", progress).object("on_expire", expire);
        let Labels { agent_id, team, scenario, organization_id, project_id } = &self.labels;
        Body::default()
            .text("duration", self.duration.as_ref())
            .text("expiresAt", self.until.as_ref())
            .text("name", self.name.as_ref())
            .text("id", self.id.as_ref())
            .text("agent_id", agent_id.as_ref())
            .text("team", team.as_ref())
            .text("scenario", scenario.as_ref())
            .text("organizationId", organization_id.as_ref())
            .text("projectId", project_id.as_ref())
            .json("metadata", self.metadata.clone())
            .object("events", events)
            .done()
    }
}

impl List {
    async fn run(&self, client: &Client, json: bool) -> Result<(), Failure> {
        let Labels { agent_id, team, scenario, organization_id, project_id } = &self.labels;
        let wanted = [
            ("status", self.status.clone()),
            ("agent_id", agent_id.clone()),
            ("team", team.clone()),
            ("scenario", scenario.clone()),
            ("organizationId", organization_id.clone()),
            ("projectId", project_id.clone()),
            ("limit", Some(self.limit.to_string())),
            ("cursor", self.cursor.clone()),
        ];
        let page = client.get(&with_query("/timers", &wanted)).await?;
        answer(json, &page, |value| {
            let rows: Vec<Vec<String>> =
                value["timers"].as_array().map(|timers| timers.iter().map(row).collect()).unwrap_or_default();
            table(&["ID", "STATUS", "REMAINING", "ENDS", "NAME"], &rows)
        })?;
        if let (false, Some(cursor)) = (json, page.value["nextCursor"].as_str()) {
            eprintln!("There are more: --cursor {cursor}");
        }
        Ok(())
    }
}

fn row(timer: &Value) -> Vec<String> {
    vec![
        field(timer, "id"),
        status(&field(timer, "status")),
        remaining(timer),
        field(timer, "expiresAt"),
        field(timer, "name"),
    ]
}

/// How much of a timer remains, in words.
pub(crate) fn remaining(timer: &Value) -> String {
    timer["timeRemaining"].as_u64().filter(|left| *left > 0).map(span).unwrap_or_default()
}

fn shown(value: &Value) -> String {
    let timer = &value["timer"];
    let mut text = pairs(&[
        ("Id", field(timer, "id")),
        ("Name", field(timer, "name")),
        ("Status", status(&field(timer, "status"))),
        ("Created", field(timer, "createdAt")),
        ("Ends", field(timer, "expiresAt")),
        ("Remaining", remaining(timer)),
        ("Progress", timer["percentComplete"].as_f64().map(|part| format!("{part:.0}%")).unwrap_or_default()),
        ("Expired", field(timer, "expiredAt")),
        ("Cancelled", field(timer, "cancelledAt")),
        ("Reason", field(timer, "reason")),
        ("Agent", field(timer, "agentId")),
        ("Team", field(timer, "team")),
        ("Scenario", field(timer, "scenario")),
    ]);
    let deliveries = value["deliveries"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !deliveries.is_empty() {
        let rows: Vec<Vec<String>> = deliveries.iter().map(delivery).collect();
        text += "\n";
        text += &table(&["DELIVERY", "EVENT", "STATUS", "ATTEMPTS", "ANSWER", "NEXT"], &rows);
    }
    text
}

/// A row of a delivery's summary.
fn delivery(delivery: &Value) -> Vec<String> {
    let mut row: Vec<String> = ["id", "event"].iter().map(|name| field(delivery, name)).collect();
    row.push(status(&field(delivery, "status")));
    row.extend(["attempts", "responseCode", "nextRetryAt"].iter().map(|name| field(delivery, name)));
    row
}

/// Prints one timer as JSON or as a line; for `watch`.
pub(crate) fn print_ended(timer: &Value, json: bool) -> Result<(), Failure> {
    if json {
        return line(&timer.to_string());
    }
    print(&format!("{}  {}  {}\n", field(timer, "id"), status(&field(timer, "status")), field(timer, "name")))
}
