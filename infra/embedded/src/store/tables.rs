//! The database's tables, and a consistent view of them.

use super::cache::Cache;
use super::error::{Result, StoreError};
use super::floor::Floor;
use super::folder::Folder;
use super::new_deliveries::NewDeliveries;
use super::record;
use super::wake::Wake;
use fjall::{Database, Guard, Keyspace, KeyspaceCreateOptions, Readable as _, Snapshot, UserKey, UserValue};
use minoots_shared::domain::account::Account;
use minoots_shared::domain::api_key::ApiKey;
use serde::de::DeserializeOwned;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What is kept where. Keys: ‖ joins the parts that [`super::keys::Key`] writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    /// scope ‖ id → timer.
    Timers,
    /// scope ‖ what is listed ‖ created_at, descending ‖ id, descending → nothing. See [`super::listing`].
    Listing,
    /// at ‖ scope ‖ timer → nothing: running timers by what is due next.
    Due,
    /// scope ‖ id → delivery.
    Deliveries,
    /// at ‖ scope ‖ delivery → whom it is sent to: open deliveries by their next attempt. See [`super::sending`].
    Sending,
    /// scope ‖ what is listed ‖ created_at, descending ‖ id, descending → nothing. See [`super::delivery_lists`].
    DeliveryLists,
    /// at ‖ scope ‖ delivery → nothing: endpoints' deliveries that have ended, by when.
    EndedDeliveries,
    /// scope → how many deliveries stand where. See [`super::figures`].
    DeliveryCounts,
    /// scope ‖ endpoint → figures of its deliveries.
    EndpointFigures,
    /// scope ‖ id → endpoint.
    Endpoints,
    /// scope ‖ what is subscribed to ‖ endpoint → nothing: active endpoints. See [`super::subscribers`].
    Subscriptions,
    /// scope ‖ id → event, as it was accepted. See [`super::events`].
    Events,
    /// at ‖ scope ‖ event → how many targets have their delivery: events that are to be fanned out, by when they happened.
    Unexpanded,
    /// at ‖ scope ‖ event → nothing: events that have been fanned out, by when they happened.
    Expanded,
    /// at ‖ scope ‖ timer → nothing: timers that have ended, by when.
    Ended,
    /// scope → how many timers run or are paused.
    Running,
    /// digest → what is remembered. See [`super::idempotency`].
    Idempotency,
    /// at ‖ digest → nothing: what is remembered, by when it expires.
    Expiring,
    /// id → account.
    Accounts,
    /// digest → API key.
    ApiKeys,
    /// account ‖ key's id → digest.
    AccountKeys,
    /// scope ‖ day → what happened. See [`super::usage`].
    Usage,
    /// at ‖ scope → nothing: days with usage.
    UsageDays,
}

impl Table {
    pub(super) const ALL: [Self; 23] = [
        Self::Timers,
        Self::Listing,
        Self::Due,
        Self::Deliveries,
        Self::Sending,
        Self::DeliveryLists,
        Self::EndedDeliveries,
        Self::DeliveryCounts,
        Self::EndpointFigures,
        Self::Endpoints,
        Self::Subscriptions,
        Self::Events,
        Self::Unexpanded,
        Self::Expanded,
        Self::Ended,
        Self::Running,
        Self::Idempotency,
        Self::Expiring,
        Self::Accounts,
        Self::ApiKeys,
        Self::AccountKeys,
        Self::Usage,
        Self::UsageDays,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Timers => "timers",
            Self::Listing => "listing",
            Self::Due => "due",
            Self::Deliveries => "deliveries",
            Self::Sending => "sending",
            Self::DeliveryLists => "delivery_lists",
            Self::EndedDeliveries => "ended_deliveries",
            Self::DeliveryCounts => "delivery_counts",
            Self::EndpointFigures => "endpoint_figures",
            Self::Endpoints => "endpoints",
            Self::Subscriptions => "subscriptions",
            Self::Events => "events",
            Self::Unexpanded => "unexpanded",
            Self::Expanded => "expanded",
            Self::Ended => "ended",
            Self::Running => "running",
            Self::Idempotency => "idempotency",
            Self::Expiring => "expiring",
            Self::Accounts => "accounts",
            Self::ApiKeys => "api_keys",
            Self::AccountKeys => "account_keys",
            Self::Usage => "usage",
            Self::UsageDays => "usage_days",
        }
    }

    /// Whether its keys begin with an instant and its entries go away at the front: see [`super::timeline`].
    pub(super) fn is_line_of_time(self) -> bool {
        let of_timers = matches!(self, Self::Due | Self::Sending | Self::Ended | Self::Expiring | Self::UsageDays);
        of_timers || matches!(self, Self::EndedDeliveries | Self::Unexpanded | Self::Expanded)
    }

    /// Sizes by measurement: see the store benchmark.
    pub(super) fn options(self) -> KeyspaceCreateOptions {
        let memtable = if matches!(self, Self::Timers | Self::Deliveries) { 16 << 20 } else { 4 << 20 };
        KeyspaceCreateOptions::default().max_memtable_size(memtable).expect_point_read_hits(true)
    }
}

/// The open database. Dropping the last reference releases the data folder.
pub(super) struct Tables {
    pub(super) db: Database,
    keyspaces: Vec<Keyspace>,
    /// What belongs to no table.
    pub(super) meta: Keyspace,
    floors: [Floor; Table::ALL.len()],
    /// For the loop that lets timers fall due.
    pub(super) timers_wake: Wake,
    /// For the loop that sends deliveries.
    pub(super) deliveries_wake: Wake,
    /// For whoever sends deliveries.
    pub(super) new_deliveries: NewDeliveries,
    pub(super) accounts: Cache<Account>,
    pub(super) api_keys: Cache<ApiKey>,
    broken: AtomicBool,
    /// There may be subscriptions: without any, nobody is told of a timer's step, and most stores have none.
    has_subscriptions: AtomicBool,
    /// How many journals there were when it was last seen to that the old ones can go.
    journals: AtomicUsize,
    /// Dropped last: while the database closes, the folder is in use.
    _folder: Folder,
}

impl Tables {
    pub(super) fn open(db: Database, meta: Keyspace, folder: Folder) -> fjall::Result<Self> {
        let keyspaces = Table::ALL.map(|table| db.keyspace(table.name(), || table.options()));
        let keyspaces: Vec<_> = keyspaces.into_iter().collect::<fjall::Result<_>>()?;
        let has_subscriptions = !keyspaces[Table::Subscriptions as usize].is_empty()?;
        Ok(Self {
            keyspaces,
            meta,
            db,
            floors: Default::default(),
            timers_wake: Wake::default(),
            deliveries_wake: Wake::default(),
            new_deliveries: NewDeliveries::default(),
            accounts: Cache::default(),
            api_keys: Cache::default(),
            broken: AtomicBool::new(false),
            has_subscriptions: AtomicBool::new(has_subscriptions),
            journals: AtomicUsize::new(1),
            _folder: folder,
        })
    }

    pub(super) fn keyspace(&self, table: Table) -> &Keyspace {
        &self.keyspaces[table as usize]
    }

    /// Where scans of a line of time begin.
    pub(super) fn floor(&self, table: Table) -> &Floor {
        &self.floors[table as usize]
    }

    /// The committed state of now.
    pub(super) fn view(&self) -> View<'_> {
        View { tables: self, snapshot: self.db.snapshot() }
    }

    /// Subscriptions are about to be committed.
    pub(super) fn note_subscriptions(&self) {
        self.has_subscriptions.store(true, Ordering::Release);
    }

    /// Whether there may be any subscription.
    pub(super) fn may_have_subscriptions(&self) -> bool {
        self.has_subscriptions.load(Ordering::Acquire)
    }

    /// Has a journal that is full written to tables, all of it, whereupon it goes. By itself fjall would keep it for tables in
    /// which little is written, until there is a second one, and read both at the next start.
    pub(super) fn shorten_journal(&self) {
        let journals = self.db.journal_count();
        if journals <= self.journals.swap(journals, Ordering::Relaxed) {
            return;
        }
        for keyspace in self.keyspaces.iter().chain([&self.meta]) {
            if let Err(error) = keyspace.rotate_memtable() {
                tracing::warn!(error = &error as &dyn std::error::Error, "the store's journal can't be shortened");
                return;
            }
        }
    }

    /// A write failed: what is in memory and on disk may differ from here on, and nothing more is written.
    pub(super) fn break_down(&self) {
        self.broken.store(true, Ordering::Release);
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.broken.load(Ordering::Acquire) { Err(StoreError::Broken) } else { Ok(()) }
    }
}

/// Reads records: from the committed state, or from a transaction.
pub(super) trait Read {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<UserValue>>;

    fn record<T: DeserializeOwned>(&self, table: Table, key: &[u8]) -> Result<Option<T>> {
        self.get(table, key)?.map(|bytes| record::decode(table, &bytes)).transpose()
    }
}

/// A consistent view of all tables.
pub(super) struct View<'a> {
    tables: &'a Tables,
    snapshot: Snapshot,
}

impl View<'_> {
    /// The entries from `from` up to `to`, which is left out; to the end without one.
    pub(super) fn range<'k>(
        &self,
        table: Table,
        from: Bound<&'k [u8]>,
        to: Option<&'k [u8]>,
    ) -> impl Iterator<Item = Result<(UserKey, UserValue)>> + use<> {
        let to = to.map_or(Bound::Unbounded, Bound::Excluded);
        let keyspace = self.tables.keyspace(table);
        self.snapshot.range::<&[u8], _>(keyspace, (from, to)).map(|guard| Guard::into_inner(guard).map_err(Into::into))
    }
}

impl Read for View<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<UserValue>> {
        Ok(self.snapshot.get(self.tables.keyspace(table), key)?)
    }
}
