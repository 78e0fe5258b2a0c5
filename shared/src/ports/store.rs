//! Where timers, endpoints, events, deliveries, accounts and keys are kept.

use super::{
    Accepted, Created, Creation, DayUsage, DeliveryPage, DeliveryQuery, DueDelivery, DueTimer, Idempotency,
    IdempotencyKey, Remembered, TimerPage, TimerQuery, TimerStep, Unavailable,
};
use crate::domain::account::{Account, Scope};
use crate::domain::api_key::{ApiKey, KeyDigest};
use crate::domain::attempt::AttemptResult;
use crate::domain::delivery::{Delivery, NotReplayed};
use crate::domain::endpoint::Endpoint;
use crate::domain::event::Event;
use crate::domain::figures::{DeliveryCounts, EndpointFigures};
use crate::domain::ids::{AccountId, ApiKeyId, DeliveryId, EndpointId, EventId, TimerId};
use crate::domain::time::Timestamp;
use crate::domain::timer::Timer;
use async_trait::async_trait;
use std::sync::Arc;

/// Where timers, deliveries, accounts and keys are kept.
///
/// What a method returned as done is durable, and every later read sees it. A step that was cut off by a crash is taken
/// whole or not at all.
#[async_trait]
pub trait Store: Send + Sync {
    /// Stores new timers and remembers the answer under the caller's idempotency key, in one step.
    ///
    /// A timer whose id is taken in its scope is left out ([`Placement::IdTaken`](super::Placement::IdTaken)), and so is one beyond the account's
    /// limit ([`Placement::OverLimit`](super::Placement::OverLimit)); the others are stored. If the key is known already, nothing is stored.
    async fn create_timers(&self, creation: Creation) -> Result<Created, Unavailable>;

    /// A timer by its id. Another scope's id is unknown.
    async fn timer(&self, scope: &Scope, id: &TimerId) -> Result<Option<Timer>, Unavailable>;

    /// One page of a scope's timers, newest first.
    ///
    /// Following the positions visits every timer that matches throughout exactly once, whatever is written meanwhile.
    /// A page may be shorter than asked, even empty, and still have a `next`: what one call reads is bounded.
    async fn timers(&self, scope: &Scope, query: &TimerQuery) -> Result<TimerPage, Unavailable>;

    /// How many of the scope's timers run or are paused.
    async fn concurrent_timers(&self, scope: &Scope) -> Result<u64, Unavailable>;

    /// Takes a timer's step: the timer after it, its new deliveries, and the end of those that it withdraws, all at once.
    ///
    /// Only if the timer's revision is still `before`; otherwise nothing is written and the answer is `false`. Of two
    /// steps from the same revision exactly one is taken. A delivery that exists already is left as it is.
    async fn commit_step(&self, step: TimerStep) -> Result<bool, Unavailable>;

    /// Running timers with something due by `until`, earliest first, at most `limit`, from all scopes.
    ///
    /// Complete: what is due and not listed here is listed once the ones before it have been dealt with.
    async fn due_timers(&self, until: Timestamp, limit: usize) -> Result<Vec<DueTimer>, Unavailable>;

    /// Deliveries by their ids; unknown ones are left out. Another scope's id is unknown.
    async fn deliveries(&self, scope: &Scope, ids: &[DeliveryId]) -> Result<Vec<Delivery>, Unavailable>;

    /// The delivery, if it is open: its next attempt begins now. `None` if it ended, or if this process is at it already.
    async fn begin_attempt(&self, scope: &Scope, id: &DeliveryId) -> Result<Option<Delivery>, Unavailable>;

    /// The attempt that this process began last ended without a result: it may be begun again.
    fn abandon_attempt(&self, scope: &Scope, id: &DeliveryId);

    /// Records how an attempt ended and returns the delivery after it ([`Delivery::after`]); `None` if it is recorded
    /// already. This write alone need not be durable when it returns: a crash then repeats the attempt under its number.
    async fn finish_attempt(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        result: AttemptResult,
    ) -> Result<Option<Delivery>, Unavailable>;

    /// Open deliveries whose next attempt is due by `until` and, if given, after `after`; earliest first, at most `limit`.
    async fn due_deliveries(
        &self,
        after: Option<&DueDelivery>,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueDelivery>, Unavailable>;

    /// One page of a scope's deliveries, newest first, under the same promises as [`Self::timers`].
    async fn delivery_page(&self, scope: &Scope, query: &DeliveryQuery) -> Result<DeliveryPage, Unavailable>;

    /// Gives a delivery a whole new plan of attempts from `now` on ([`Delivery::replayed`]). `None`: the scope has no such
    /// delivery.
    async fn replay(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        now: Timestamp,
    ) -> Result<Option<Result<Delivery, NotReplayed>>, Unavailable>;

    /// Gives up open deliveries of an endpoint for `reason` ([`Delivery::given_up`]), at most `limit`; how many they were.
    /// Zero: none is left.
    async fn give_up_deliveries(
        &self,
        scope: &Scope,
        endpoint: &EndpointId,
        reason: &str,
        now: Timestamp,
        limit: usize,
    ) -> Result<usize, Unavailable>;

    /// Gives up one delivery for `reason`, whose attempt began and is not made: from here on nobody is at it. One that has
    /// ended stays as it is.
    async fn give_up_delivery(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), Unavailable>;

    /// Stores a delivery that has ended already: a test send, which no event led to.
    async fn record_delivery(&self, delivery: Delivery) -> Result<(), Unavailable>;

    /// How many of a scope's deliveries stand where, tests left out.
    async fn delivery_counts(&self, scope: &Scope) -> Result<DeliveryCounts, Unavailable>;

    /// Figures of an endpoint's deliveries; of an unknown one, figures of nothing. They agree with the deliveries: a replay
    /// moves a delivery from one count to another, and a deleted record is counted no more.
    async fn endpoint_figures(&self, scope: &Scope, endpoint: &EndpointId) -> Result<EndpointFigures, Unavailable>;

    /// Stores a new endpoint, and remembers the answer under the caller's idempotency key in one step. If the key is known,
    /// what it stands for, and nothing is stored.
    async fn create_endpoint(
        &self,
        endpoint: Endpoint,
        idempotency: Option<Idempotency>,
    ) -> Result<Option<Remembered>, Unavailable>;

    /// An endpoint by its id. Another scope's id is unknown.
    async fn endpoint(&self, scope: &Scope, id: &EndpointId) -> Result<Option<Endpoint>, Unavailable>;

    /// All of a scope's endpoints, newest first.
    async fn endpoints(&self, scope: &Scope) -> Result<Vec<Endpoint>, Unavailable>;

    /// Those of a scope's endpoints that an event of this type reaches if it is accepted now ([`Endpoint::takes`]), in the
    /// order of their ids. Asked for at each step of each timer: it must cost little where there are none, or many.
    async fn subscribers(&self, scope: &Scope, event_type: &str) -> Result<Vec<EndpointId>, Unavailable>;

    /// A scope's account, and whom an event reaches there: what [`Self::account`] and [`Self::subscribers`] find. Each creation
    /// asks for both, and where reading is billed one reading can do.
    async fn account_and_subscribers(
        &self,
        scope: &Scope,
        event_type: &str,
    ) -> Result<(Option<Account>, Vec<EndpointId>), Unavailable> {
        Ok((self.account(&scope.account).await?, self.subscribers(scope, event_type).await?))
    }

    /// Replaces an endpoint whose stored revision is one below the given one's, and accepts the event that tells others of
    /// it, in one step; otherwise `false` and nothing is written.
    async fn replace_endpoint(&self, endpoint: Endpoint, event: Option<Event>) -> Result<bool, Unavailable>;

    /// Deletes an endpoint; its deliveries and figures stay. `false`: the scope has no such endpoint.
    async fn delete_endpoint(&self, scope: &Scope, id: &EndpointId) -> Result<bool, Unavailable>;

    /// Accepts an event. If it is new, the answer is remembered under the caller's idempotency key in the same step; if not,
    /// nothing is written.
    async fn accept_event(&self, event: Event, idempotency: Option<Idempotency>) -> Result<Accepted, Unavailable>;

    /// An event by its id. Another scope's id is unknown.
    async fn event(&self, scope: &Scope, id: &EventId) -> Result<Option<Event>, Unavailable>;

    /// Stores deliveries of an event and moves its `expanded` from `from` to `to`, all at once. Only if it still is `from`;
    /// otherwise nothing is written and the answer is `false`. A delivery that exists already is left as it is.
    async fn expand_event(
        &self,
        scope: &Scope,
        id: &EventId,
        from: usize,
        to: usize,
        deliveries: Vec<Arc<Delivery>>,
    ) -> Result<bool, Unavailable>;

    /// Events that have targets without a delivery, oldest first, at most `limit`, from all scopes; complete as
    /// [`Self::due_timers`] is.
    async fn unexpanded_events(&self, limit: usize) -> Result<Vec<(Scope, EventId)>, Unavailable>;

    /// What was remembered under an idempotency key, as long as it counts at `now`.
    async fn remembered(&self, key: &IdempotencyKey, now: Timestamp) -> Result<Option<Remembered>, Unavailable>;

    /// Creates an account unless there is one with its id. `false`: there is, and it is unchanged.
    async fn create_account(&self, account: Account) -> Result<bool, Unavailable>;

    /// An account by its id.
    async fn account(&self, id: &AccountId) -> Result<Option<Account>, Unavailable>;

    /// Replaces an account whose stored revision is one below the given one's; otherwise `false` and nothing is written.
    async fn replace_account(&self, account: Account) -> Result<bool, Unavailable>;

    /// Stores a key (again, if its id is known), and remembers the answer under the caller's idempotency key in one step.
    async fn create_api_key(
        &self,
        key: ApiKey,
        idempotency: Option<Idempotency>,
    ) -> Result<Option<Remembered>, Unavailable>;

    /// The key with this digest, if it has not been revoked.
    async fn api_key(&self, digest: &KeyDigest) -> Result<Option<ApiKey>, Unavailable>;

    /// An account's keys, newest first.
    async fn api_keys(&self, account: &AccountId) -> Result<Vec<ApiKey>, Unavailable>;

    /// Names a key. `None`: the account has no such key.
    async fn rename_api_key(
        &self,
        account: &AccountId,
        id: &ApiKeyId,
        name: Option<String>,
    ) -> Result<Option<ApiKey>, Unavailable>;

    /// Revokes a key: once this returns, no request is served under it. `false`: the account has no such key.
    async fn revoke_api_key(&self, account: &AccountId, id: &ApiKeyId) -> Result<bool, Unavailable>;

    /// What a scope did on each of these days (since the Unix epoch, UTC); days without anything may be left out.
    async fn usage(&self, scope: &Scope, days: std::ops::RangeInclusive<u64>) -> Result<Vec<DayUsage>, Unavailable>;
}
