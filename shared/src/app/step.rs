//! Taking a timer's step: the write that decides, and what follows from it.

use super::{App, Error};
use crate::domain::account::Scope;
use crate::domain::delivery::Delivery;
use crate::domain::event::Event;
use crate::domain::ids::TimerId;
use crate::domain::time::Timestamp;
use crate::domain::timer::Timer;
use crate::domain::transition::{Refused, Transition};
use crate::failpoint::{self, Failpoint};
use crate::ports::{Alarm, TimerStep, Unavailable};
use crate::webhook::payload;
use std::sync::Arc;

/// How often a step is decided anew because the timer changed meanwhile.
pub(super) const MOST_TRIES: usize = 100;

/// A step that was written, with what follows from it and is not done yet.
pub(super) struct Taken {
    /// The timer after it.
    pub(super) timer: Timer,
    /// To be sent.
    pub(super) deliveries: Vec<Arc<Delivery>>,
    /// To be fanned out.
    pub(super) events: Vec<Event>,
}

impl App {
    /// Changes a timer as `decide` says. What is due by now happens first: a timer whose time is up has expired, even
    /// if nobody has told yet. `decide` answers `None` to leave the timer as it is.
    pub(super) async fn step(
        &self,
        scope: &Scope,
        id: &TimerId,
        decide: impl Fn(&Timer, Timestamp) -> Result<Option<Transition>, Refused> + Send,
    ) -> Result<Timer, Error> {
        for _ in 0..MOST_TRIES {
            let Some(timer) = self.store.timer(scope, id).await? else { return Err(Error::TimerNotFound(id.clone())) };
            let now = self.clock.now();
            if let Some(overdue) = timer.fall_due(now) {
                self.take(&timer, overdue).await?;
                continue;
            }
            let Some(transition) = decide(&timer, now)? else { return Ok(timer) };
            if let Some(after) = self.take(&timer, transition).await? {
                return Ok(after);
            }
        }
        Err(Error::Contended)
    }

    /// Writes a transition and, once it is written, sends its deliveries, tells its events and sets its alarms. `None`: the
    /// timer has changed since `before` was read, and nothing was written.
    pub(super) async fn take(&self, before: &Timer, transition: Transition) -> Result<Option<Timer>, Unavailable> {
        let Some(Taken { timer, deliveries, events }) = self.commit(before, transition).await? else { return Ok(None) };
        failpoint::reached(Failpoint::BeforeQueueing);
        if let Err(error) = self.send(deliveries).await {
            tracing::warn!(timer = %timer.id, error = %cause(&error), "deliveries not queued: the sweep will find them");
        }
        failpoint::reached(Failpoint::BeforeTelling);
        self.tell(&events).await;
        if timer.epoch != before.epoch {
            self.set_alarms(&alarms(&timer)).await;
            self.unset_alarms(&alarms(before)).await;
        }
        Ok(Some(timer))
    }

    /// Writes a transition. `None`: the timer has changed since `before` was read, and nothing was written.
    pub(super) async fn commit(&self, before: &Timer, transition: Transition) -> Result<Option<Taken>, Unavailable> {
        let deliveries: Vec<_> = transition.happened.iter().filter_map(payload::delivery).map(Arc::new).collect();
        let mut events = Vec::new();
        for happening in &transition.happened {
            let targets = self.store.subscribers(&before.scope, happening.event_type()).await?;
            if !targets.is_empty() {
                events.push(happening.told_to(targets));
            }
        }
        let mut timer = transition.timer;
        timer.deliveries.extend(deliveries.iter().map(|delivery| delivery.id.clone()));
        let step = TimerStep {
            before: transition.before,
            timer: timer.clone(),
            deliveries: deliveries.clone(),
            withdraw: transition.withdraw,
            happened: transition.happened.len(),
            events: events.clone(),
        };
        Ok(self.store.commit_step(step).await?.then_some(Taken { timer, deliveries, events }))
    }

    /// Hands deliveries over to be sent.
    pub(super) async fn send(&self, deliveries: Vec<Arc<Delivery>>) -> Result<(), Unavailable> {
        if deliveries.is_empty() { Ok(()) } else { self.queue.send(deliveries).await }
    }

    /// Sets alarms; what fails is left to the sweep, since the timers themselves are safe.
    pub(super) async fn set_alarms(&self, alarms: &[Alarm]) {
        if !alarms.is_empty()
            && let Err(error) = self.alarms.set(alarms).await
        {
            tracing::warn!(alarms = alarms.len(), error = %cause(&error), "alarms not set: the sweep will find what is due");
        }
    }

    /// Takes back alarms of an old epoch; those that stay do no harm.
    async fn unset_alarms(&self, alarms: &[Alarm]) {
        if !alarms.is_empty()
            && let Err(error) = self.alarms.unset(alarms).await
        {
            tracing::info!(alarms = alarms.len(), error = %cause(&error), "alarms not taken back: they go off in vain");
        }
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Ended(status) => Self::Ended(status),
            Refused::Faulty(faults) => Self::Faulty(faults),
        }
    }
}

/// One alarm for everything that is still to happen on a timer's way.
pub(super) fn alarms(timer: &Timer) -> Vec<Alarm> {
    let alarm = |at| Alarm { scope: timer.scope.clone(), timer: timer.id.clone(), epoch: timer.epoch, at };
    timer.pending().into_iter().map(|due| alarm(due.at)).collect()
}

/// An error with its causes on one line.
pub fn cause(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}
