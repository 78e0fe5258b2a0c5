//! Receivers: they take webhooks, or fail in every way that there is.

use crate::arrivals::{Arrival, Ended};
use crate::process::Process;
use crate::random::Random;
use crate::world::{BEGIN, State};
use async_trait::async_trait;
use minoots_shared::domain::ids::DeliveryId;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::webhook::client::Transport;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How a receiver behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Takes everything at once.
    Takes,
    /// Fails in some way or other, so many times in ten thousand.
    Fails(u64),
    /// Answers this status always.
    Always(u16),
    /// Answers 429 or 503, and when to come again.
    Limits,
    /// Takes everything, after so long.
    Slow(Millis),
    /// Never answers.
    Silent,
    /// Fails every other time until so long after the beginning, and is gone then: 410.
    Leaves(Millis),
    /// Fails, save between these two times after the beginning: then it takes everything.
    Ails(Millis, Millis),
}

/// How each host behaves.
#[derive(Debug, Default)]
pub(crate) struct Receivers(BTreeMap<String, Manner>);

impl Receivers {
    /// A host behaves so from now on.
    pub(crate) fn set(&mut self, host: &str, manner: Manner) {
        self.0.insert(host.to_owned(), manner);
    }

    /// How a host behaves.
    pub(crate) fn manner(&self, host: &str) -> Manner {
        self.0.get(host).copied().unwrap_or(Manner::Takes)
    }
}

impl Manner {
    /// Some manner. `patient`: none that takes longer than a few seconds.
    pub(crate) fn draw(random: &mut Random, patient: bool) -> Self {
        match random.below(if patient { 8 } else { 11 }) {
            0..=2 => Self::Takes,
            3 | 4 => Self::Fails(random.between(1_000, 9_000)),
            5 => Self::Always(*random.pick(&[500, 404, 301, 410, 204, 100])),
            6 => Self::Limits,
            7 => Self::Slow(Millis(random.between(100, 4_000))),
            8 => Self::Slow(Millis(random.between(4_000, 40_000))),
            9 => Self::Fails(10_000),
            _ => Self::Silent,
        }
    }
}

/// What a receiver does with one request.
#[derive(Clone, Copy, Debug)]
struct Answer {
    after: Millis,
    code: Option<u16>,
    retry_after: Option<Millis>,
    in_words: bool,
}

impl Answer {
    /// `age`: since the run began.
    fn draw(manner: Manner, random: &mut Random, patient: bool, age: Millis) -> Self {
        let plain = |code| Self { after: Millis(0), code: Some(code), retry_after: None, in_words: false };
        let after = Millis(random.between(1, 60));
        let answer = match manner {
            Manner::Takes => plain(200),
            Manner::Always(code) => plain(code),
            Manner::Slow(after) => return Self { after, ..plain(200) },
            Manner::Silent => return Self { after: Millis::HOUR, ..plain(200) },
            Manner::Limits if random.chance(5_000) => plain(202),
            Manner::Limits => Self {
                retry_after: Some(Millis::seconds(random.below(90))),
                in_words: random.chance(5_000),
                ..plain(*random.pick(&[429, 503]))
            },
            Manner::Leaves(at) if age >= at => plain(410),
            Manner::Leaves(_) => plain(*random.pick(&[200, 500])),
            Manner::Ails(from, to) if (from..to).contains(&age) => plain(200),
            // Some take their time over it.
            Manner::Ails(..) if !patient && random.chance(1_500) => {
                return Self { after: Millis(random.below(25_000)), ..plain(500) };
            }
            Manner::Ails(..) => plain(*random.pick(&[500, 500, 404, 301, 503])),
            Manner::Fails(rate) if random.chance(rate) => match random.below(if patient { 4 } else { 5 }) {
                0 => plain(*random.pick(&[500, 502, 404, 400, 302])),
                1 => Self { retry_after: Some(Millis::seconds(random.below(60))), ..plain(503) },
                2 | 3 => Self { code: None, ..plain(0) },
                _ => return Self { after: Millis::HOUR, ..plain(200) },
            },
            Manner::Fails(_) => plain(201),
        };
        Self { after, ..answer }
    }
}

/// The way from a process to the receivers.
pub(crate) struct Network(pub Arc<Process>);

#[async_trait]
impl Transport for Network {
    async fn carry(&self, request: reqwest::Request) -> Result<reqwest::Response, String> {
        let world = self.0.world().clone();
        let header = |name: &str| {
            let value = request.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let host = request.url().host_str().unwrap_or_default().to_owned();
        let url = format!("{host}{}", request.url().path());
        let (id, attempt) = (DeliveryId::new(header("webhook-id")), header("x-minoots-attempt").parse().unwrap_or(0));
        let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
        let body = String::from_utf8_lossy(body).into_owned();
        let (place, answer) = {
            let now = world.now();
            let state = &mut *world.state();
            let begun = state.begun.get(&(self.0.number, id.clone())).copied().unwrap_or(now);
            let (manner, patient) = (state.receivers.manner(&host), state.profile.calm);
            let answer = Answer::draw(manner, &mut state.random, patient, now.since(BEGIN));
            let event = header("x-minoots-event");
            state.arrivals.push(Arrival { at: now, begun, url: url.clone(), id, attempt, event, body, ended: None });
            (state.arrivals.len() - 1, answer)
        };
        world.note(self.0.name(), &format!("sent attempt {attempt} to {url}, which answers {answer:?}"));
        tokio::time::sleep(answer.after.to_std()).await;
        let now = world.now();
        let ended = Ended { at: now, code: answer.code, retry_after: answer.retry_after };
        record(&mut world.state(), place, ended);
        answered(answer, self.0.now())
    }
}

fn record(state: &mut State, place: usize, ended: Ended) {
    state.arrivals[place].ended = Some(ended);
}

/// The answer as it comes back; `now` is the time of who asked.
fn answered(answer: Answer, now: Timestamp) -> Result<reqwest::Response, String> {
    let Some(code) = answer.code else { return Err("no answer: connection reset by peer".to_owned()) };
    let mut response = http::Response::builder().status(code);
    if let Some(after) = answer.retry_after {
        let value = match answer.in_words {
            // Rounded up to the whole second, which is all that a date says.
            true => imf_date(now.plus(after).plus(Millis(999))),
            false => (after.0 / 1_000).to_string(),
        };
        response = response.header("retry-after", value);
    }
    response.body("answer".to_owned()).map(Into::into).map_err(|error| error.to_string())
}

fn imf_date(at: Timestamp) -> String {
    httpdate::fmt_http_date(std::time::UNIX_EPOCH + std::time::Duration::from_secs(at.unix_seconds()))
}
