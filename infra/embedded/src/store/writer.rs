//! The one thread that writes. Jobs that wait are run one after another and committed together: many callers share one sync
//! of the disk, and since every job sees those before it, their order is the order of all changes.

use super::error::{Result, StoreError};
use super::tables::Tables;
use super::txn::Txn;
use minoots_shared::failpoint::{self, Failpoint};
use std::iter::once;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};
use tokio::sync::{oneshot, watch};

/// At most this many jobs are committed together, so that the first need not wait for ever.
const MOST_JOBS: usize = 512;
/// From this size on a group takes no more jobs.
const MOST_BYTES: usize = 8 << 20;

/// What a job's writes need before it is answered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// On disk: they survive a power cut.
    Disk,
    /// With the operating system: they survive the end of the process.
    System,
}

/// What the writer has done since it was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Jobs run: steps that wanted to write.
    pub jobs: u64,
    /// Groups of jobs committed.
    pub commits: u64,
    /// Commits that waited for the disk.
    pub syncs: u64,
}

#[derive(Default)]
struct Counters {
    jobs: AtomicU64,
    commits: AtomicU64,
    syncs: AtomicU64,
    /// Counts commits too, for those who wait for the next.
    committed: watch::Sender<u64>,
}

/// The writer's handle. Dropping it lets the thread finish what waits, and waits for it.
pub(super) struct Writer {
    jobs: Option<Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
    counters: Arc<Counters>,
}

impl Writer {
    pub(super) fn start(tables: Arc<Tables>) -> std::io::Result<Self> {
        let (sender, receiver) = channel();
        let counters = Arc::<Counters>::default();
        let counted = Arc::clone(&counters);
        let thread =
            Builder::new().name("minoots-writer".to_owned()).spawn(move || work(&tables, &receiver, &counted))?;
        Ok(Self { jobs: Some(sender), thread: Some(thread), counters })
    }

    /// Runs a job in its turn and returns what it returned, once its writes are committed.
    ///
    /// # Errors
    /// The job's own: then it wrote nothing. Or the commit failed. If the caller goes away, the job is run all the same.
    pub(super) async fn run<T, F>(&self, durability: Durability, job: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Txn<'_>) -> Result<T> + Send + 'static,
    {
        self.run_then(durability, job, |_| ()).await
    }

    /// [`Self::run`], and calls `then` on what is returned: once, after the commit, even if the caller has gone away.
    pub(super) async fn run_then<T, F, G>(&self, durability: Durability, job: F, then: G) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Txn<'_>) -> Result<T> + Send + 'static,
        G: FnOnce(&Result<T>) + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Task { job: Some(job), result: Err(StoreError::Stopped), durability, then, reply });
        self.jobs.as_ref().and_then(|jobs| jobs.send(job).ok()).ok_or(StoreError::Stopped)?;
        answer.await.unwrap_or(Err(StoreError::Stopped))
    }

    /// Changes with every commit.
    pub(super) fn committed(&self) -> watch::Receiver<u64> {
        self.counters.committed.subscribe()
    }

    pub(super) fn figures(&self) -> Figures {
        let Counters { jobs, commits, syncs, .. } = &*self.counters;
        Figures { jobs: jobs.load(Relaxed), commits: commits.load(Relaxed), syncs: syncs.load(Relaxed) }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's writer ended by a panic");
        }
    }
}

fn work(tables: &Tables, jobs: &Receiver<Box<dyn Job>>, counters: &Counters) {
    while let Ok(first) = jobs.recv() {
        let mut txn = Txn::new(tables);
        let (mut group, mut durable) = (Vec::new(), false);
        for mut job in once(first).chain(jobs.try_iter()).take(MOST_JOBS) {
            txn.begin();
            job.run(&mut txn);
            durable |= txn.wrote() && job.durability() == Durability::Disk;
            group.push(job);
            if txn.bytes() >= MOST_BYTES {
                break;
            }
        }
        failpoint::reached(Failpoint::BeforeCommit);
        let outcome = tables.check().and_then(|()| txn.commit(durable));
        failpoint::reached(Failpoint::BeforeAnswers);
        counters.jobs.fetch_add(group.len() as u64, Relaxed);
        if let Ok(true) = outcome {
            counters.commits.fetch_add(1, Relaxed);
            counters.syncs.fetch_add(u64::from(durable), Relaxed);
            counters.committed.send_modify(|count| *count += 1);
        }
        if let Err(error) = &outcome {
            tracing::error!(error = error as &dyn std::error::Error, "the store failed to write");
        }
        // All share the failure: also what wrote nothing may have read what was to be written.
        let outcome = outcome.map(|_| ());
        for job in group {
            job.answer(outcome.clone());
            failpoint::reached(Failpoint::BetweenAnswers);
        }
    }
    if let Err(error) = tables.db.persist(fjall::PersistMode::SyncAll) {
        tracing::error!(error = &error as &dyn std::error::Error, "the store failed to write at its end");
    }
}

/// A step that waits to be written.
trait Job: Send {
    /// Runs it; its writes are in the transaction afterwards if it succeeded, and otherwise none of them.
    fn run(&mut self, txn: &mut Txn<'_>);
    fn durability(&self) -> Durability;
    /// Tells its caller.
    fn answer(self: Box<Self>, outcome: Result<()>);
}

struct Task<T, F, G> {
    job: Option<F>,
    result: Result<T>,
    durability: Durability,
    then: G,
    reply: oneshot::Sender<Result<T>>,
}

impl<T, F, G> Job for Task<T, F, G>
where
    T: Send,
    F: FnOnce(&mut Txn<'_>) -> Result<T> + Send,
    G: FnOnce(&Result<T>) + Send,
{
    fn run(&mut self, txn: &mut Txn<'_>) {
        let Some(job) = self.job.take() else { return };
        self.result = catch_unwind(AssertUnwindSafe(|| job(txn))).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message");
            Err(StoreError::Panicked(text.to_owned()))
        });
        if self.result.is_err() {
            txn.roll_back();
        }
    }

    fn durability(&self) -> Durability {
        self.durability
    }

    fn answer(self: Box<Self>, outcome: Result<()>) {
        let result = outcome.and(self.result);
        (self.then)(&result);
        // A caller that has gone away doesn't want to know.
        let _ = self.reply.send(result);
    }
}
