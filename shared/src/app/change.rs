//! What callers do to a timer on its way.

use super::{App, Error};
use crate::domain::account::Scope;
use crate::domain::ids::TimerId;
use crate::domain::json::Json;
use crate::domain::timer::Timer;
use crate::domain::timer_change;
use crate::domain::transition::Refused;
use crate::webhook::payload;

impl App {
    /// Ends a timer before its time. A timer that is cancelled already is returned as it is.
    ///
    /// Once this returns, no attempt of the timer's expired or progress events begins any more.
    ///
    /// # Errors
    /// There is no such timer, or it has expired.
    pub async fn cancel(&self, scope: &Scope, id: &TimerId, reason: Option<String>) -> Result<Timer, Error> {
        self.step(scope, id, |timer, now| timer.cancel(now, reason.clone())).await
    }

    /// Freezes what remains. A timer that is paused already is returned as it is.
    ///
    /// # Errors
    /// There is no such timer, or it has ended.
    pub async fn pause(&self, scope: &Scope, id: &TimerId) -> Result<Timer, Error> {
        self.step(scope, id, |timer, now| timer.pause(now)).await
    }

    /// Continues what remains. A timer that runs already is returned as it is.
    ///
    /// # Errors
    /// There is no such timer, or it has ended.
    pub async fn resume(&self, scope: &Scope, id: &TimerId) -> Result<Timer, Error> {
        self.step(scope, id, |timer, now| timer.resume(now)).await
    }

    /// Expires a timer now.
    ///
    /// # Errors
    /// There is no such timer, or it has ended.
    pub async fn fire(&self, scope: &Scope, id: &TimerId) -> Result<Timer, Error> {
        self.step(scope, id, |timer, now| timer.fire(now).map(Some)).await
    }

    /// Changes a timer's name, metadata, events or end as `body` says; a change of nothing returns it as it is.
    ///
    /// # Errors
    /// There is no such timer, it has ended, or the change is wrong in itself or for this timer.
    pub async fn change(&self, scope: &Scope, id: &TimerId, body: &Json) -> Result<Timer, Error> {
        let change = timer_change::parse(body, self.webhooks.policy()).map_err(Error::Faulty)?;
        self.step(scope, id, |timer, now| {
            let transition = timer.change(&change, now)?;
            if let Some(transition) = &transition {
                payload::check_size(&transition.timer).map_err(Refused::Faulty)?;
            }
            Ok(transition)
        })
        .await
    }
}
