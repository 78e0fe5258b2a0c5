//! Jobs: steps that want to write, each with the caller that waits for it.

use super::error::{Result, StoreError};
use super::txn::Txn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::sync::oneshot;

/// What a job's writes need before it is answered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// On disk: they survive a power cut.
    Disk,
    /// With the operating system: they survive the end of the process.
    System,
}

/// A step that waits to be written.
pub(super) trait WriteJob: Send {
    /// Runs it; its writes are in the transaction afterwards if it succeeded, and otherwise none of them.
    fn run(&mut self, txn: &mut Txn<'_>);
    fn durability(&self) -> Durability;
    /// Tells its caller.
    fn answer(self: Box<Self>, outcome: Result<()>);
}

/// A job, and what is called on its result before its caller is told: once, even if the caller has gone away.
pub(super) fn write_job<T, F, G>(
    durability: Durability,
    job: F,
    then: G,
) -> (Box<dyn WriteJob>, oneshot::Receiver<Result<T>>)
where
    T: Send + 'static,
    F: FnOnce(&mut Txn<'_>) -> Result<T> + Send + 'static,
    G: FnOnce(&Result<T>) + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    (Box::new(Task { job: Some(job), result: Err(StoreError::Stopped), durability, then, reply }), answer)
}

struct Task<T, F, G> {
    job: Option<F>,
    result: Result<T>,
    durability: Durability,
    then: G,
    reply: oneshot::Sender<Result<T>>,
}

impl<T, F, G> WriteJob for Task<T, F, G>
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
