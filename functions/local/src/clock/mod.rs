//! Time under control: the clock of `minoots dev`, which can be moved on and made faster, so that callers' tests let six hours
//! pass in a second.
//!
//! It is a reckoning: what it showed at some instant of the machine's clock, and how fast it has gone since. It never goes
//! back, over restarts neither: the data folder's records would lie in its future.

mod kept;
pub(crate) mod route;

pub(crate) use kept::Error as KeptError;
use kept::Kept;
use minoots_embedded::Standstill;
use minoots_shared::app::clock::Clock;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::ports::Unavailable;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The fastest that the clock goes: a year in about five minutes.
pub(crate) const FASTEST: f64 = 100_000.0;
/// The clock shows nothing beyond the year 9000: instants are written with four digits for the year.
pub(crate) const LAST: Timestamp = Timestamp(221_845_392_000_000);
/// While the clock is faster than the machine's, what it shows is kept this often, for as long ahead.
const RESERVED: Millis = Millis(1_000);

/// What the clock showed at an instant of the machine's, and how fast it goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reckoning {
    /// The instant of the machine's clock.
    real: Timestamp,
    /// What this clock showed then.
    shown: Timestamp,
    /// How many of its milliseconds pass in one of the machine's.
    speed: f64,
}

impl Reckoning {
    /// The machine's own time.
    pub(crate) const MACHINE: Self = Self { real: Timestamp(0), shown: Timestamp(0), speed: 1.0 };

    fn at(&self, real: Timestamp) -> Timestamp {
        let passed = real.since(self.real);
        let shown = if self.speed == 1.0 { passed } else { Millis((passed.0 as f64 * self.speed) as u64) };
        self.shown.plus(shown).min(LAST)
    }
}

/// The clock, and whoever moves it.
pub(crate) struct DevClock {
    machine: Clock,
    reckoning: Mutex<Reckoning>,
    speed: watch::Sender<f64>,
    kept: Kept,
    /// Held by whoever sets the clock or keeps what it shows: one at a time, so that what is kept is what was set last.
    setting: tokio::sync::Mutex<()>,
}

impl DevClock {
    /// The clock of a data folder, going at `speed`: it goes on from what it showed last, and else is the machine's.
    ///
    /// # Errors
    /// What was kept in the folder can't be read or written.
    pub(crate) fn open(folder: &Path, speed: f64) -> Result<Arc<Self>, kept::Error> {
        let machine = Clock::system();
        let kept = Kept::new(folder);
        let now = machine.now();
        let before = kept.read()?.unwrap_or(Reckoning::MACHINE);
        // While nobody served, time went on as it did before, but no faster than the machine's.
        let shown = Reckoning { speed: before.speed.min(1.0), ..before }.at(now);
        let reckoning =
            if shown == now && speed == 1.0 { Reckoning::MACHINE } else { Reckoning { real: now, shown, speed } };
        let clock = Self {
            machine,
            reckoning: Mutex::new(reckoning),
            speed: watch::Sender::new(speed),
            kept,
            setting: tokio::sync::Mutex::default(),
        };
        clock.keep()?;
        Ok(Arc::new(clock))
    }

    /// The clock for all that goes by it.
    pub(crate) fn clock(self: &Arc<Self>) -> Clock {
        let clock = Arc::clone(self);
        Clock::controlled(move || clock.now(), self.speed.subscribe())
    }

    /// What it shows.
    pub(crate) fn now(&self) -> Timestamp {
        self.reckoning().at(self.machine.now())
    }

    /// What it shows and how fast it goes, unless it is the machine's own time.
    pub(crate) fn differs(&self) -> Option<(Timestamp, f64)> {
        let reckoning = *self.reckoning();
        (reckoning != Reckoning::MACHINE).then(|| (self.now(), reckoning.speed))
    }

    /// Lets it go at another speed from now on; 0 stops it.
    ///
    /// # Errors
    /// It can't be kept in the data folder, and goes as before.
    pub(crate) async fn set_speed(&self, speed: f64) -> Result<(), kept::Error> {
        let _setting = self.setting.lock().await;
        let (before, real) = (*self.reckoning(), self.machine.now());
        let after = Reckoning { real, shown: before.at(real), speed };
        self.reckon(if after.shown == real && speed == 1.0 { Reckoning::MACHINE } else { after });
        self.keep().inspect_err(|_| self.reckon(before))
    }

    /// Moves it on to `to`, from one due instant to the next: at each it stands still until all has happened that is due
    /// then. If it shows a later time already, nothing happens.
    ///
    /// # Errors
    /// The store failed, or the data folder can't be written: the clock stays where it has come to, and goes on from there.
    pub(crate) async fn advance(&self, to: To, standstill: &Standstill) -> Result<(), Error> {
        let _setting = self.setting.lock().await;
        let held = Held::new(self);
        let mut now = held.shown;
        let to = match to {
            To::Instant(instant) => instant,
            To::Later(span) => now.plus(span),
        };
        // Kept first: after a crash on the way nothing may lie in the clock's future.
        let begun = *self.reckoning();
        self.kept.write(&Reckoning { shown: to.max(now), ..begun })?;
        standstill.settled(now).await?;
        while let Some(next) = standstill.next_due()?.filter(|next| *next <= to) {
            now = now.max(next);
            self.show(now);
            standstill.settled(now).await?;
        }
        self.show(now.max(to));
        drop(held);
        Ok(self.keep()?)
    }

    /// While it is faster than the machine's clock, keeps what it shows a little ahead of it, so that after a crash nothing
    /// lies in its future. Never returns.
    pub(crate) async fn keep_up(&self) {
        let mut speed = self.speed.subscribe();
        loop {
            if speed.wait_for(|speed| *speed > 1.0).await.is_err() {
                return;
            }
            {
                let _setting = self.setting.lock().await;
                self.keep().unwrap_or_else(|error| tracing::error!(%error, "the clock can't be kept"));
            }
            tokio::time::sleep(RESERVED.to_std()).await;
        }
    }

    /// Keeps what it shows at the end of the process.
    pub(crate) fn close(&self) {
        let now = self.machine.now();
        let reckoning = *self.reckoning();
        let exact = Reckoning { real: now, shown: reckoning.at(now), speed: reckoning.speed };
        let exact = if reckoning == Reckoning::MACHINE { reckoning } else { exact };
        self.kept.write(&exact).unwrap_or_else(|error| tracing::error!(%error, "the clock can't be kept"));
    }

    fn keep(&self) -> Result<(), kept::Error> {
        let reckoning = *self.reckoning();
        if reckoning.speed <= 1.0 {
            return self.kept.write(&reckoning);
        }
        let real = self.machine.now();
        let ahead = Reckoning { real, shown: reckoning.at(real.plus(RESERVED).plus(RESERVED)), ..reckoning };
        self.kept.write(&ahead)
    }

    /// Sets it, and wakes whoever waits for what it shows.
    fn reckon(&self, reckoning: Reckoning) {
        *self.reckoning() = reckoning;
        self.speed.send_replace(reckoning.speed);
    }

    /// Lets it show another instant.
    fn show(&self, shown: Timestamp) {
        let before = *self.reckoning();
        self.reckon(Reckoning { shown, ..before });
    }

    /// Held for one statement: setting the clock takes it as well.
    fn reckoning(&self) -> MutexGuard<'_, Reckoning> {
        self.reckoning.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far to move the clock on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// To an instant.
    Instant(Timestamp),
    /// By a length of time.
    Later(Millis),
}

/// Why the clock was not moved on, or not all the way.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Kept(#[from] kept::Error),
    #[error(transparent)]
    Store(#[from] Unavailable),
}

/// The clock stands still; when this is dropped it goes on, at the speed that it had, from what it shows then.
struct Held<'a> {
    clock: &'a DevClock,
    before: Reckoning,
    shown: Timestamp,
}

impl<'a> Held<'a> {
    fn new(clock: &'a DevClock) -> Self {
        let (before, real) = (*clock.reckoning(), clock.machine.now());
        let shown = before.at(real);
        clock.reckon(Reckoning { real, shown, speed: 0.0 });
        Self { clock, before, shown }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let reached = *self.clock.reckoning();
        self.clock.reckon(Reckoning { real: self.clock.machine.now(), speed: self.before.speed, ..reached });
    }
}

#[cfg(test)]
mod tests;
