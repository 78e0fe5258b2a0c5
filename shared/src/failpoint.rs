//! Moments at which the process may be made to die, to show that nothing is lost there.
//!
//! Without the feature `failpoints` [`reached`] is empty, and no build that anybody runs has it. With it, a program says
//! once what is to happen (`install`); tests then end the process at each of [`Failpoint::ALL`] in turn.

/// A moment between two steps that must not depend on each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failpoint {
    /// A new database is complete and has not got its name.
    DatabaseMade,
    /// A new database has got its name, which may not be on disk.
    DatabaseNamed,
    /// A group of steps was worked out, and nothing of it is written.
    BeforeCommit,
    /// A group of steps is on disk, and none of its callers knows.
    BeforeAnswers,
    /// Some callers of a group of steps know, and others don't.
    BetweenAnswers,
    /// A creation is on disk, its alarms and events are not handed over, and it is not answered.
    AfterCreation,
    /// A timer's step is on disk, and its deliveries are not queued.
    BeforeQueueing,
    /// A timer's step is on disk, its deliveries are queued, and its events are not told.
    BeforeTelling,
    /// An event was accepted, and nobody fans it out.
    AfterAccepting,
    /// Some of an event's deliveries are on disk, and not queued.
    DuringFanOut,
    /// An attempt was begun, and nothing is sent.
    BeforeSending,
    /// A receiver has answered, and nothing is known of it.
    BeforeRecording,
    /// A receiver's answer is recorded, and its delivery is still taken for under way.
    AfterRecording,
    /// An endpoint was deactivated because of an answer that is not recorded.
    AfterDeactivation,
    /// A replay is on disk, and not queued.
    AfterReplay,
}

impl Failpoint {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::DatabaseMade,
        Self::DatabaseNamed,
        Self::BeforeCommit,
        Self::BeforeAnswers,
        Self::BetweenAnswers,
        Self::AfterCreation,
        Self::BeforeQueueing,
        Self::BeforeTelling,
        Self::AfterAccepting,
        Self::DuringFanOut,
        Self::BeforeSending,
        Self::BeforeRecording,
        Self::AfterRecording,
        Self::AfterDeactivation,
        Self::AfterReplay,
    ];
}

#[cfg(feature = "failpoints")]
static WHAT_HAPPENS: std::sync::OnceLock<Box<dyn Fn(Failpoint) + Send + Sync>> = std::sync::OnceLock::new();

/// Says what happens whenever a failpoint is reached. Only the first call counts.
#[cfg(feature = "failpoints")]
pub fn install(what_happens: impl Fn(Failpoint) + Send + Sync + 'static) {
    let _ = WHAT_HAPPENS.set(Box::new(what_happens));
}

/// The process has come to `failpoint`.
#[cfg(feature = "failpoints")]
pub fn reached(failpoint: Failpoint) {
    if let Some(happens) = WHAT_HAPPENS.get() {
        happens(failpoint);
    }
}

/// The process has come to `failpoint`, which means nothing in this build.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub fn reached(_: Failpoint) {}
