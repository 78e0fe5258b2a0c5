//! Creating timers: one, or many in one step.

use super::step::alarms;
use super::{App, Caller, Error};
use crate::domain::catalogue::TIMER_CREATED;
use crate::domain::fault::Faults;
use crate::domain::json::Json;
use crate::domain::new_timer;
use crate::domain::time::{Millis, Timestamp};
use crate::domain::timer::Timer;
use crate::domain::timer_events;
use crate::failpoint::{self, Failpoint};
use crate::ports::{Created, Creation, Idempotency, IdempotencyKey, Placement, Remembered};
use crate::webhook::payload;
use std::sync::Arc;

/// How long an idempotency key counts.
const REMEMBERED_FOR: Millis = Millis::DAY;

/// What became of one timer's creation.
pub type Outcome = Result<Arc<Timer>, Arc<Error>>;

/// Writes the answer to a creation; `None` for one that is not to be remembered.
pub type Render = Arc<dyn Fn(&[Outcome], Usage) -> Option<Vec<u8>> + Send + Sync>;

/// How many timers the account runs, after a creation; without a limit nothing is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// The account may run any number.
    Unlimited,
    /// It may run `limit`, and runs `current`.
    Limited {
        /// The most that may run or be paused at once.
        limit: u32,
        /// How many do.
        current: u64,
    },
}

/// A request that is to be carried out only once, however often it comes.
#[derive(Clone)]
pub struct Once {
    /// What names it.
    pub key: IdempotencyKey,
    /// Digest of its body.
    pub fingerprint: [u8; 32],
}

/// The answer to a request that is carried out only once.
pub enum Answered<T> {
    /// It was carried out now.
    Now(T),
    /// It had been carried out before; these bytes were the answer.
    Before(Vec<u8>),
}

impl App {
    /// Creates a timer from each body; the others are created even if some can't be. `render` writes the answer that is
    /// remembered under the idempotency key. Ask [`Self::answered_before`] first: a repeated request need not be valid any
    /// more, for an `expiresAt` passes.
    ///
    /// # Errors
    /// The key was used with another body. What is wrong with a single timer is in its [`Outcome`].
    pub async fn create(
        &self,
        caller: &Caller,
        bodies: &[&Json],
        once: Option<Once>,
        render: Render,
    ) -> Result<Answered<(Vec<Outcome>, Usage)>, Error> {
        let scope = caller.scope();
        let (account, targets) = self.account_and_subscribers(caller, TIMER_CREATED).await?;
        let limit = account.concurrent_timers;
        let before = if limit.is_some() { self.store.concurrent_timers(scope).await? } else { 0 };
        let now = self.clock.now();
        let read = Arc::new(Read {
            outcomes: bodies.iter().map(|body| self.read(body, caller, now)).collect(),
            limit,
            before,
        });
        let timers: Vec<_> = read.outcomes.iter().filter_map(|outcome| outcome.clone().ok()).collect();
        if timers.is_empty() && once.is_none() {
            return Ok(Answered::Now(read.outcomes(&[])));
        }
        let told = timers.iter().filter(|_| !targets.is_empty());
        let events: Vec<_> = told.map(|timer| Some(timer_events::created(timer, targets.clone()))).collect();
        let idempotency = once.clone().map(|once| {
            let read = Arc::clone(&read);
            once.remembering(now, move |placements| {
                let (outcomes, usage) = read.outcomes(placements);
                render(&outcomes, usage)
            })
        });
        let creation =
            Creation { scope: scope.clone(), timers: timers.clone(), limit, events: events.clone(), idempotency };
        let placements = match self.store.create_timers(creation).await? {
            Created::Placed(placements) => placements,
            Created::Known(known) => return Once::answer(once.as_ref(), known).map(Answered::Before),
        };
        failpoint::reached(Failpoint::AfterCreation);
        let told = events.into_iter().zip(&placements).filter(|(_, placement)| **placement == Placement::Stored);
        self.tell(&told.filter_map(|(event, _)| event).collect::<Vec<_>>()).await;
        let stored = timers.iter().zip(&placements).filter(|(_, placement)| **placement == Placement::Stored);
        self.set_alarms(&stored.flat_map(|(timer, _)| alarms(timer)).collect::<Vec<_>>()).await;
        Ok(Answered::Now(read.outcomes(&placements)))
    }

    /// The answer that was given before to the same request.
    ///
    /// # Errors
    /// The key stands for another request.
    pub async fn answered_before(&self, once: Option<&Once>) -> Result<Option<Vec<u8>>, Error> {
        let Some(asked) = once else { return Ok(None) };
        let known = self.store.remembered(&asked.key, self.clock.now()).await?;
        known.map(|known| Once::answer(once, known)).transpose()
    }

    fn read(&self, body: &Json, caller: &Caller, now: Timestamp) -> Outcome {
        let id = self.fresh.timer_id(now);
        let read = || -> Result<Timer, Faults> {
            let timer = new_timer::parse(body, caller.scope(), id, now, self.webhooks.policy())?;
            payload::check_size(&timer)?;
            Ok(timer)
        };
        read().map(Arc::new).map_err(|faults| Arc::new(Error::Faulty(faults)))
    }
}

impl Once {
    /// What to hand to the store, so that it remembers what `answer` writes.
    pub fn remembering(
        self,
        now: Timestamp,
        answer: impl Fn(&[Placement]) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> Idempotency {
        let (at, expires_at) = (now, now.plus(REMEMBERED_FOR));
        Idempotency { key: self.key, fingerprint: self.fingerprint, at, expires_at, answer: Arc::new(answer) }
    }

    /// The remembered answer, if it was to the same request.
    pub(super) fn answer(asked: Option<&Self>, known: Remembered) -> Result<Vec<u8>, Error> {
        match asked {
            Some(asked) if asked.fingerprint == known.fingerprint => Ok(known.answer),
            _ => Err(Error::KeyReused),
        }
    }
}

/// The bodies of one creation, read.
struct Read {
    outcomes: Vec<Outcome>,
    limit: Option<u32>,
    before: u64,
}

impl Read {
    /// What became of each body, given what became of those that could be read.
    fn outcomes(&self, placements: &[Placement]) -> (Vec<Outcome>, Usage) {
        let mut placed = placements.iter();
        let outcomes = self.outcomes.iter().map(|outcome| {
            let timer = outcome.clone()?;
            match placed.next() {
                Some(Placement::Stored) => Ok(timer),
                Some(Placement::IdTaken) => Err(Arc::new(Error::IdTaken(timer.id.clone()))),
                Some(Placement::OverLimit) | None => Err(Arc::new(Error::OverLimit(self.limit.unwrap_or(0)))),
            }
        });
        let outcomes: Vec<Outcome> = outcomes.collect();
        let stored = outcomes.iter().filter(|outcome| outcome.is_ok()).count() as u64;
        let usage = match self.limit {
            None => Usage::Unlimited,
            Some(limit) => Usage::Limited { limit, current: self.before + stored },
        };
        (outcomes, usage)
    }
}
