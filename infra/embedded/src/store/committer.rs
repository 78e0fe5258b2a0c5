//! Commits jobs in groups: those of a group are run one after another, each on what the ones before it wrote, committed
//! together with one sync of the disk, and only then answered.

use super::error::{Result, StoreError};
use super::tables::Tables;
use super::txn::Txn;
use super::write_job::{Durability, WriteJob};
use minoots_shared::failpoint::{self, Failpoint};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// At most this many jobs are committed together, so that the first need not wait for ever.
const MOST_JOBS: usize = 512;
/// From this size on a group takes no more jobs.
const MOST_BYTES: usize = 8 << 20;

/// What has been committed since the store was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Jobs run: steps that wanted to write.
    pub jobs: u64,
    /// Groups of jobs committed.
    pub commits: u64,
    /// Commits that waited for the disk.
    pub syncs: u64,
}

/// Commits one group at a time, whoever calls.
pub(super) struct Committer {
    tables: Arc<Tables>,
    /// Held by who commits. Poisoned by a panic in the midst of it: then nobody knows what has been written.
    turn: Mutex<()>,
    /// Jobs that have been handed in and are not committed yet.
    waiting: AtomicUsize,
    /// Whether the last group was one job alone.
    was_alone: AtomicBool,
    jobs: AtomicU64,
    commits: AtomicU64,
    syncs: AtomicU64,
    /// Counts commits too, for those who wait for the next.
    committed: watch::Sender<u64>,
}

impl Committer {
    pub(super) fn new(tables: Arc<Tables>) -> Self {
        Self {
            tables,
            turn: Mutex::default(),
            waiting: AtomicUsize::new(0),
            was_alone: AtomicBool::new(true),
            jobs: AtomicU64::new(0),
            commits: AtomicU64::new(0),
            syncs: AtomicU64::new(0),
            committed: watch::Sender::default(),
        }
    }

    /// Announces a job that [`Self::commit`] will be given. `true`: no other one waits or is being committed, and the last one
    /// was alone as well, so that there is nobody to share a commit with.
    pub(super) fn announce(&self) -> bool {
        let waiting = self.waiting.fetch_add(1, Ordering::AcqRel);
        waiting == 0 && self.was_alone.load(Ordering::Relaxed)
    }

    /// How many jobs have been announced and are not committed yet.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Acquire)
    }

    /// Runs `first` and, as long as the group is not too large, what there is of `more`; commits and answers them.
    ///
    /// # Errors
    /// A commit before this one ended in a panic. The jobs have not been answered then.
    pub(super) fn commit(&self, first: Box<dyn WriteJob>, more: impl Iterator<Item = Box<dyn WriteJob>>) -> Result<()> {
        let _turn = self.turn.lock().map_err(|_| StoreError::Stopped)?;
        let mut txn = Txn::new(&self.tables);
        let (mut group, mut durable) = (Vec::new(), false);
        for mut job in std::iter::once(first).chain(more).take(MOST_JOBS) {
            txn.begin();
            job.run(&mut txn);
            durable |= txn.wrote() && job.durability() == Durability::Disk;
            group.push(job);
            if txn.bytes() >= MOST_BYTES {
                break;
            }
        }
        failpoint::reached(Failpoint::BeforeCommit);
        let outcome = self.tables.check().and_then(|()| txn.commit(durable));
        failpoint::reached(Failpoint::BeforeAnswers);
        self.was_alone.store(group.len() == 1, Ordering::Relaxed);
        self.waiting.fetch_sub(group.len(), Ordering::AcqRel);
        self.count(group.len(), outcome.as_ref().is_ok_and(|committed| *committed), durable);
        if let Err(error) = &outcome {
            tracing::error!(error = error as &dyn std::error::Error, "the store failed to write");
        }
        // All share the failure: also what wrote nothing may have read what was to be written.
        let outcome = outcome.map(|_| ());
        for job in group {
            job.answer(outcome.clone());
            failpoint::reached(Failpoint::BetweenAnswers);
        }
        self.tables.shorten_journal();
        Ok(())
    }

    fn count(&self, jobs: usize, committed: bool, durable: bool) {
        self.jobs.fetch_add(jobs as u64, Ordering::Relaxed);
        if committed {
            self.commits.fetch_add(1, Ordering::Relaxed);
            self.syncs.fetch_add(u64::from(durable), Ordering::Relaxed);
            self.committed.send_modify(|count| *count += 1);
        }
    }

    /// Changes with every commit.
    pub(super) fn committed(&self) -> watch::Receiver<u64> {
        self.committed.subscribe()
    }

    pub(super) fn figures(&self) -> Figures {
        let [jobs, commits, syncs] =
            [&self.jobs, &self.commits, &self.syncs].map(|counter| counter.load(Ordering::Relaxed));
        Figures { jobs, commits, syncs }
    }

    /// Brings on disk what was left to the operating system.
    pub(super) fn sync(&self) {
        if let Err(error) = self.tables.db.persist(fjall::PersistMode::SyncAll) {
            tracing::error!(error = &error as &dyn std::error::Error, "the store failed to write at its end");
        }
    }
}
