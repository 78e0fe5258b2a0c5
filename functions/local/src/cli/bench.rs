//! `minoots bench`: how well a server keeps time, and how fast it takes timers.

use super::body::Body;
use super::output::{line, pairs};
use super::receiver::Receiver;
use super::{Client, Connection, Exit, Failure};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};
use minoots_shared::domain::json::{Json, Object};
use serde_json::Value;
use std::collections::HashSet;
use std::io::IsTerminal as _;
use std::time::Duration;
use tokio::time::Instant;

/// As many as one call takes.
const BATCH: u32 = 100;

/// Put timers on a server, receive their webhooks here, and say how late they came and how many a second.
///
/// Lateness is from a timer's end, by the server's clock, to the arrival of its webhook, by this machine's: both must agree, so
/// it means something on one machine, or on two whose clocks are kept.
#[derive(Args)]
pub(crate) struct Bench {
    /// How many timers.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    timers: u32,
    /// When the first is due, from now.
    #[arg(long, default_value = "2s", value_parser = super::watch::length)]
    duration: Duration,
    /// Over what time they are spread.
    #[arg(long, default_value = "5s", value_parser = super::watch::length)]
    spread: Duration,
    /// How long to wait for the last webhook, once it is due.
    #[arg(long, default_value = "30s", value_parser = super::watch::length)]
    patience: Duration,
    /// Port of the receiver; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Where the server reaches the receiver, if not at http://127.0.0.1.
    #[arg(long, value_name = "URL")]
    receiver: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

/// What was measured.
#[derive(Default)]
struct Measured {
    created: u32,
    creating: Duration,
    /// Milliseconds of each webhook that came, and how many came again or too early.
    late: Vec<i64>,
    again: u32,
    first: Option<Instant>,
    last: Option<Instant>,
}

pub(crate) async fn run(bench: &Bench) -> Result<(), Failure> {
    let client = bench.connection.client()?;
    if !client.is_local() && bench.receiver.is_none() {
        return Err(Failure::new(Exit::Usage, format!("{} does not reach a receiver on this machine", client.base()))
            .next("Say where it is seen from there: --receiver https://… --port PORT"));
    }
    let mut receiver = Receiver::listen(bench.port).await?;
    let url = bench.receiver.clone().unwrap_or_else(|| format!("http://{}", receiver.address));
    let mut measured = Measured::default();
    let begun = Instant::now();
    let creating = create(bench, &client, &url);
    let bar = bar(bench.timers);
    let mut seen = HashSet::new();
    let deadline = begun + bench.duration + bench.spread + bench.patience;
    let mut creating = std::pin::pin!(creating);
    let mut is_creating = true;
    while is_creating || seen.len() < measured.created as usize {
        tokio::select! {
            created = &mut creating, if is_creating => {
                measured.created = created?;
                measured.creating = begun.elapsed();
                is_creating = false;
            }
            hit = receiver.next() => {
                let Some(hit) = hit else { break };
                let body: Value = serde_json::from_slice(&hit.received.body).unwrap_or_default();
                let _ = hit.answer.send(axum::http::StatusCode::OK);
                let timer = &body["timer"];
                let (Some(id), Some(end)) = (timer["id"].as_str(), timer["endTime"].as_i64()) else { continue };
                if seen.insert(id.to_owned()) {
                    measured.late.push(i64::try_from(hit.at.0).unwrap_or(i64::MAX) - end);
                } else {
                    measured.again += 1;
                }
                measured.first.get_or_insert_with(Instant::now);
                measured.last = Some(Instant::now());
                bar.set_position(seen.len() as u64);
            }
            () = tokio::time::sleep_until(deadline) => break,
        }
    }
    bar.finish_and_clear();
    receiver.close().await;
    measured.print(bench.connection.json)?;
    let missing = measured.created as usize - seen.len();
    if missing > 0 {
        return Err(Failure::new(Exit::TimedOut, format!("{missing} webhooks did not come within the patience")));
    }
    Ok(())
}

/// Creates all timers, so many in a call, and says how many there are.
async fn create(bench: &Bench, client: &Client, url: &str) -> Result<u32, Failure> {
    let mut created = 0;
    let first = bench.duration.as_millis() as u64;
    let spread = bench.spread.as_millis() as u64;
    let begun = Instant::now();
    while created < bench.timers {
        let many = BATCH.min(bench.timers - created);
        // Each is due at its own instant, whenever it is created.
        let passed = begun.elapsed().as_millis() as u64;
        let timers = (created..created + many).map(|index| {
            let due = first + spread * u64::from(index) / u64::from(bench.timers);
            let body = Body::default().number("duration", Some(due.saturating_sub(passed).max(1)));
            let name = "bench".to_owned();
            Json::Object(body.text("name", Some(&name)).text("webhook", Some(&url.to_owned())).done())
        });
        let mut batch = Object::new();
        batch.insert("timers".to_owned(), Json::Array(timers.collect()));
        let answer = client.post("/timers/batch", batch).await?.value;
        let results = answer["results"].as_array().map(Vec::as_slice).unwrap_or_default();
        if let Some(refused) = results.iter().find(|result| result["status"] != 201) {
            let message = super::output::printable(refused["error"]["message"].as_str().unwrap_or_default());
            return Err(Failure::new(Exit::Refused, format!("a timer was refused: {message}")));
        }
        created += many;
    }
    Ok(created)
}

fn bar(timers: u32) -> ProgressBar {
    let target =
        if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    ProgressBar::with_draw_target(Some(timers.into()), target)
}

impl Measured {
    fn print(&mut self, json: bool) -> Result<(), Failure> {
        self.late.sort_unstable();
        let late = [0.5, 0.9, 0.99, 1.0].map(|part| percentile(&self.late, part));
        let early = self.late.iter().filter(|late| **late < 0).count();
        let created = rate(self.created as usize, self.creating);
        let receiving = self.last.zip(self.first).map_or(Duration::ZERO, |(last, first)| last - first);
        let delivered = rate(self.late.len(), receiving);
        if json {
            return line(
                &serde_json::json!({
                    "timers": self.created, "delivered": self.late.len(), "duplicates": self.again, "early": early,
                    "latenessMs": {"p50": late[0], "p90": late[1], "p99": late[2], "max": late[3]},
                    "createdPerSecond": created, "deliveredPerSecond": delivered,
                })
                .to_string(),
            );
        }
        let [p50, p90, p99, max] = late.map(|late| late.map_or_else(|| "none".to_owned(), |late| format!("{late} ms")));
        super::output::print(&pairs(&[
            ("Timers", self.created.to_string()),
            ("Delivered", self.late.len().to_string()),
            ("Twice", self.again.to_string()),
            ("Early", early.to_string()),
            ("Late p50", p50),
            ("Late p90", p90),
            ("Late p99", p99),
            ("Late at most", max),
            ("Created a second", format!("{created:.0}")),
            ("Delivered a second", format!("{delivered:.0}")),
        ]))
    }
}

/// The smallest of `sorted` that at least this part of it does not exceed.
fn percentile(sorted: &[i64], part: f64) -> Option<i64> {
    let rank = (part * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}

fn rate(count: usize, span: Duration) -> f64 {
    if span.is_zero() { 0.0 } else { count as f64 / span.as_secs_f64() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let sorted: Vec<i64> = (1..=100).collect();
        assert_eq!([0.5, 0.9, 0.99, 1.0].map(|part| percentile(&sorted, part)), [50, 90, 99, 100].map(Some));
        assert_eq!(percentile(&[7], 0.5), Some(7));
        assert_eq!(percentile(&[], 0.5), None);
    }
}
