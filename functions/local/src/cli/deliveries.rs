//! `minoots deliveries`.

use super::client::{path, with_query};
use super::output::{answer, field, pairs, status, table};
use super::{Connection, Failure};
use clap::{Args, Subcommand};
use minoots_shared::domain::json::Object;
use serde_json::Value;

/// Webhooks on their way, with every attempt.
#[derive(Args)]
pub(crate) struct Deliveries {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Subcommand)]
enum Action {
    /// List deliveries, newest first: all, or those of an endpoint or a timer.
    List {
        /// Only this endpoint's.
        #[arg(long, value_name = "ID")]
        webhook: Option<String>,
        /// Only this timer's.
        #[arg(long, value_name = "ID", conflicts_with = "webhook")]
        timer: Option<String>,
        /// PENDING, SENDING, RETRYING, SUCCESS or FAILED.
        #[arg(long, conflicts_with = "timer")]
        status: Option<String>,
        /// How many at most; a timer's are few.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
        /// Where the page before ended.
        #[arg(long, conflicts_with = "timer")]
        cursor: Option<String>,
    },
    /// Show one delivery, with every attempt and the last answer.
    Get { id: String },
    /// Send deliveries again, with a whole new plan of attempts.
    Retry {
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

pub(crate) async fn run(deliveries: &Deliveries) -> Result<(), Failure> {
    let client = deliveries.connection.client()?;
    let json = deliveries.connection.json;
    match &deliveries.action {
        Action::List { webhook, timer: None, status, limit, cursor } => {
            let of = |webhook: &String| path("/webhooks/", webhook, "/deliveries");
            let at = webhook.as_ref().map_or_else(|| "/deliveries".to_owned(), of);
            let wanted = [("status", status.clone()), ("limit", Some(limit.to_string())), ("cursor", cursor.clone())];
            let page = client.get(&with_query(&at, &wanted)).await?;
            answer(json, &page, |value| listed(value["data"].as_array().map(Vec::as_slice).unwrap_or_default()))?;
            if let (false, Some(cursor)) = (json, page.value["nextCursor"].as_str()) {
                eprintln!("There are more: --cursor {cursor}");
            }
            Ok(())
        }
        Action::List { timer: Some(timer), .. } => {
            let timer = client.get(&path("/timers/", timer, "")).await?;
            let of = |value: &Value| value["deliveries"].as_array().cloned().unwrap_or_default();
            if json {
                return super::output::line(&Value::Array(of(&timer.value)).to_string());
            }
            super::output::print(&listed(&of(&timer.value)))
        }
        Action::Get { id } => {
            answer(json, &client.get(&path("/deliveries/", id, "")).await?, |value| shown(&value["data"]))
        }
        Action::Retry { ids } => {
            for id in ids {
                let retried = client.post(&path("/deliveries/", id, "/retry"), Object::new()).await?;
                answer(json, &retried, |value| {
                    format!("{}  {}\n", field(&value["data"], "id"), status(&field(&value["data"], "status")))
                })?;
            }
            Ok(())
        }
    }
}

/// A table of deliveries; a timer's summaries have fewer fields.
pub(crate) fn listed(deliveries: &[Value]) -> String {
    let row = |delivery: &Value| {
        let event = field(delivery, if delivery["eventType"].is_string() { "eventType" } else { "event" });
        let mut row = vec![field(delivery, "id"), event, status(&field(delivery, "status"))];
        row.extend(["attempts", "responseCode", "nextRetryAt"].map(|name| field(delivery, name)));
        row
    };
    let rows: Vec<_> = deliveries.iter().map(row).collect();
    table(&["ID", "EVENT", "STATUS", "ATTEMPTS", "ANSWER", "NEXT"], &rows)
}

fn shown(data: &Value) -> String {
    let mut text = pairs(&[
        ("Id", field(data, "id")),
        ("Event", field(data, "eventType")),
        ("Webhook", field(data, "webhookId")),
        ("Timer", field(data, "timerId")),
        ("URL", field(data, "url")),
        ("Status", status(&field(data, "status"))),
        ("Attempts", format!("{} of {}", field(data, "attempts"), field(data, "maxAttempts"))),
        ("Next", field(data, "nextRetryAt")),
        ("Delivered", field(data, "deliveredAt")),
        ("Error", field(data, "errorMessage")),
        ("Answer", field(data, "responseBody")),
    ]);
    let attempts = data["attemptLog"].as_array().map(Vec::as_slice).unwrap_or_default();
    let names = ["attempt", "dueAt", "sentAt", "durationMs", "responseCode", "error"];
    let rows: Vec<Vec<String>> =
        attempts.iter().map(|attempt| names.map(|name| field(attempt, name)).to_vec()).collect();
    if !rows.is_empty() {
        text += "\n";
        text += &table(&["ATTEMPT", "DUE", "SENT", "MS", "ANSWER", "ERROR"], &rows);
    }
    text
}
