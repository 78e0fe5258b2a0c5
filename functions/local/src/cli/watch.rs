//! `minoots timers watch`: follows timers until they end.

use super::client::{path, with_query};
use super::output::{field, printable};
use super::timers::{print_ended, remaining};
use super::{Client, Exit, Failure};
use clap::Args;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::time::Duration;
use tokio::time::Instant;

/// A timer is asked for again after this at least, and at most.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(1);
/// In a pipe, a line is written for a timer whenever so many percent have passed.
const STEP: u64 = 10;
/// A bar has so many steps.
const LENGTH: u64 = 1_000;

#[derive(Args)]
pub(crate) struct Watch {
    /// The timers' ids; without any, all that run or are paused now.
    ids: Vec<String>,
    /// Give up after so long, as 90s or 5m; ends with code 8 then.
    #[arg(long, value_parser = length)]
    timeout: Option<Duration>,
}

impl Watch {
    /// Follows one timer.
    pub(crate) fn of(id: &str) -> Self {
        Self { ids: vec![id.to_owned()], timeout: None }
    }
}

/// A length of time, for clap.
pub(crate) fn length(text: &str) -> Result<Duration, String> {
    use minoots_shared::domain::{duration, json::Json};
    duration::parse(&Json::String(text.to_owned())).map(|length| length.to_std())
}

/// What was last said of each timer.
trait Shown {
    fn show(&mut self, timer: &Value);
    fn end(&mut self, timer: &Value) -> Result<(), Failure>;
}

/// Prints each timer to standard output once it has ended; what it is like on the way goes to standard error.
pub(crate) async fn run(watch: &Watch, client: &Client, json: bool) -> Result<(), Failure> {
    let deadline = watch.timeout.map(|timeout| Instant::now() + timeout);
    let mut waiting = watch.ids.clone();
    if waiting.is_empty() {
        waiting = open(client).await?;
        if waiting.is_empty() {
            eprintln!("no timer runs or is paused");
            return Ok(());
        }
    }
    let mut shown: Box<dyn Shown> =
        if std::io::stderr().is_terminal() { Box::new(Bars::new(json)) } else { Box::new(Lines::new(json)) };
    let mut cancelled = None;
    loop {
        let mut left = Vec::new();
        let mut soonest = LONGEST;
        for id in waiting {
            let timer = client.get(&path("/timers/", &id, "")).await?.value["timer"].take();
            match timer["status"].as_str() {
                Some("expired") => shown.end(&timer)?,
                Some("cancelled") => {
                    shown.end(&timer)?;
                    cancelled = Some(id);
                }
                _ => {
                    shown.show(&timer);
                    let ends_in = timer["timeRemaining"].as_u64().unwrap_or(u64::MAX);
                    soonest = soonest.min(Duration::from_millis(ends_in));
                    left.push(id);
                }
            }
        }
        waiting = left;
        if waiting.is_empty() {
            break;
        }
        let wait = soonest.max(SHORTEST);
        if deadline.is_some_and(|deadline| deadline < Instant::now() + wait) {
            let what = if waiting.len() == 1 { "it has".to_owned() } else { format!("{} have", waiting.len()) };
            return Err(Failure::new(
                Exit::TimedOut,
                format!("the time is up and {what} not ended: {}", waiting.join(" ")),
            ));
        }
        tokio::time::sleep(wait).await;
    }
    match cancelled {
        Some(id) => Err(Failure::new(Exit::Cancelled, format!("{} was cancelled", printable(&id)))),
        None => Ok(()),
    }
}

/// The ids of all timers that have not ended.
async fn open(client: &Client) -> Result<Vec<String>, Failure> {
    let mut ids = Vec::new();
    for status in ["running", "paused"] {
        let wanted = [("status", Some(status.to_owned())), ("limit", Some("100".to_owned()))];
        let page = client.get(&with_query("/timers", &wanted)).await?.value;
        if page["nextCursor"].is_string() {
            eprintln!("more than 100 are {status}: following the newest 100");
        }
        let timers = page["timers"].as_array().map(Vec::as_slice).unwrap_or_default();
        ids.extend(timers.iter().filter_map(|timer| timer["id"].as_str()).map(str::to_owned));
    }
    Ok(ids)
}

/// One bar for each timer, on standard error.
struct Bars {
    json: bool,
    all: MultiProgress,
    bars: BTreeMap<String, ProgressBar>,
}

impl Bars {
    fn new(json: bool) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        Self { json, all, bars: BTreeMap::new() }
    }

    fn bar(&mut self, timer: &Value) -> &ProgressBar {
        let all = &self.all;
        self.bars.entry(field(timer, "id")).or_insert_with(|| {
            let template = "{prefix:24!} {wide_bar} {percent:>3}% {msg}";
            let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = all.add(ProgressBar::new(LENGTH).with_style(style.progress_chars("█▉▊▋▌▍▎▏ ")));
            bar.with_prefix(field(timer, "name"))
        })
    }
}

impl Shown for Bars {
    fn show(&mut self, timer: &Value) {
        let paused = timer["status"] == "paused";
        let bar = self.bar(timer);
        bar.set_position((timer["progress"].as_f64().unwrap_or(0.0) * LENGTH as f64) as u64);
        bar.set_message(format!("{}{}", remaining(timer), if paused { " paused" } else { "" }));
    }

    fn end(&mut self, timer: &Value) -> Result<(), Failure> {
        let bar = self.bar(timer);
        if timer["status"] == "expired" {
            bar.set_position(LENGTH);
        }
        bar.finish_with_message(field(timer, "status"));
        let json = self.json;
        self.all.suspend(|| print_ended(timer, json))
    }
}

/// A line for each step of a timer, on standard error.
struct Lines {
    json: bool,
    said: BTreeMap<String, (u64, String)>,
}

impl Lines {
    fn new(json: bool) -> Self {
        Self { json, said: BTreeMap::new() }
    }
}

impl Shown for Lines {
    fn show(&mut self, timer: &Value) {
        let percent = timer["percentComplete"].as_f64().unwrap_or(0.0) as u64;
        let now = (percent / STEP * STEP, field(timer, "status"));
        let id = field(timer, "id");
        if self.said.get(&id) != Some(&now) {
            let left = Some(remaining(timer)).filter(|left| !left.is_empty()).unwrap_or_else(|| "nothing".to_owned());
            eprintln!("{id}  {}  {percent}%  {left} left  {}", now.1, field(timer, "name"));
            self.said.insert(id, now);
        }
    }

    fn end(&mut self, timer: &Value) -> Result<(), Failure> {
        print_ended(timer, self.json)
    }
}
