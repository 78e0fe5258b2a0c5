//! Who writes: one thread, or the caller itself while it is the only one. Jobs that wait are committed together: many callers
//! share one sync of the disk, and since every job sees those before it, their order is the order of all changes.

use super::committer::{Committer, Figures};
use super::error::{Result, StoreError};
use super::tables::Tables;
use super::txn::Txn;
use super::write_job::{Durability, WriteJob, write_job};
use std::iter::empty;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::watch;
use tokio::task::block_in_place;

/// The writer's handle. Dropping it lets the thread finish what waits, and waits for it.
pub(super) struct Writer {
    committer: Arc<Committer>,
    jobs: Option<Sender<Box<dyn WriteJob>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(tables: Arc<Tables>) -> std::io::Result<Self> {
        let (sender, receiver) = channel();
        let committer = Arc::new(Committer::new(tables));
        let of_thread = Arc::clone(&committer);
        let thread = Builder::new().name("minoots-writer".to_owned()).spawn(move || work(&of_thread, &receiver))?;
        Ok(Self { committer, jobs: Some(sender), thread: Some(thread) })
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
    pub(super) async fn run_then<T, F, G>(&self, durability: Durability, run: F, then: G) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Txn<'_>) -> Result<T> + Send + 'static,
        G: FnOnce(&Result<T>) + Send + 'static,
    {
        let (job, answer) = write_job(durability, run, then);
        self.committer.announce();
        self.hand_over(job)?;
        answer.await.unwrap_or(Err(StoreError::Stopped))
    }

    /// [`Self::run`] with a sync, for a task that has nothing else to do meanwhile. If callers come one at a time, it is
    /// committed here and now, which spares its caller two threads that have to wake up: the writer's, and its own.
    ///
    /// Where many come at once the writer is faster, for it keeps no other task from its thread. A task that runs several such
    /// futures by turns would sync the disk for each of them.
    pub(super) async fn run_here<T, F>(&self, run: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Txn<'_>) -> Result<T> + Send + 'static,
    {
        let (job, answer) = write_job(Durability::Disk, run, |_| ());
        // Jobs keep their order: none waits that was handed in before this one.
        if self.committer.announce() && others_go_on() {
            block_in_place(|| self.committer.commit(job, empty()))?;
        } else {
            self.hand_over(job)?;
        }
        answer.await.unwrap_or(Err(StoreError::Stopped))
    }

    fn hand_over(&self, job: Box<dyn WriteJob>) -> Result<()> {
        self.jobs.as_ref().and_then(|jobs| jobs.send(job).ok()).ok_or(StoreError::Stopped)
    }

    /// How many jobs wait or are being committed.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.committer.waiting()
    }

    /// Changes with every commit.
    pub(super) fn committed(&self) -> watch::Receiver<u64> {
        self.committer.committed()
    }

    pub(super) fn figures(&self) -> Figures {
        self.committer.figures()
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

fn work(committer: &Committer, jobs: &Receiver<Box<dyn WriteJob>>) {
    while let Ok(first) = jobs.recv() {
        if committer.commit(first, jobs.try_iter()).is_err() {
            tracing::error!("the store's writer ends: a commit ended in a panic");
            return;
        }
    }
    committer.sync();
}

/// Whether other tasks go on while this thread waits for the disk.
fn others_go_on() -> bool {
    Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
}
