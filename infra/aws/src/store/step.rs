//! A timer's step: one conditional write of its item.

use super::DynamoStore;
use super::condition::{Condition, Write};
use super::error::gave_up;
use super::item::Item;
use super::keys::Key;
use super::record::Record;
use super::table::pause;
use minoots_shared::domain::time::Timestamp;
use minoots_shared::ports::{TimerStep, Unavailable};

/// How often a step is written anew because an attempt's end came in between.
const MOST_TRIES: u32 = 40;

impl DynamoStore {
    pub(super) async fn step(&self, step: TimerStep) -> Result<bool, Unavailable> {
        let nonce = super::nonce()?;
        let taken =
            (step.before == 0 && self.first_step(&step, &nonce).await?) || self.later_step(&step, &nonce).await?;
        if let (true, Some(ended)) = (taken, step.timer.ended_at()) {
            self.let_pointer_go(&step, ended).await;
        }
        Ok(taken)
    }

    /// A timer's first step needs nothing of what is stored but that it is the first: nothing to read. `false`: it is not.
    async fn first_step(&self, step: &TimerStep, nonce: &str) -> Result<bool, Unavailable> {
        let mut before = Record::new(&step.timer);
        before.timer.revision = step.before;
        let Some(mut after) = before.after_step(step) else { return Ok(false) };
        self.move_texts_out(&mut after).await?;
        let item = after.item(1, nonce, self.retention)?;
        self.write(Write { item, condition: Condition::Version(0) }).await
    }

    async fn later_step(&self, step: &TimerStep, nonce: &str) -> Result<bool, Unavailable> {
        for attempt in 0..MOST_TRIES {
            let Some((item, record)) = self.record(&step.timer.scope, &step.timer.id).await? else { return Ok(false) };
            // The answer to our own write was lost, and the SDK tried again.
            if item.is_by(nonce) {
                return Ok(true);
            }
            let Some(mut after) = record.after_step(step) else { return Ok(false) };
            self.move_texts_out(&mut after).await?;
            let version = item.get_version();
            let item = after.item(version + 1, nonce, self.retention)?;
            if self.write(Write { item, condition: Condition::Version(version) }).await? {
                return Ok(true);
            }
            pause(attempt).await;
        }
        Err(gave_up("changing a timer", "its deliveries' attempts kept coming in between"))
    }

    /// The pointer under which an ended timer is listed is to go with it. If this fails a pointer stays, to nothing: a
    /// hundred bytes that lists pass over.
    async fn let_pointer_go(&self, step: &TimerStep, ended: Timestamp) {
        let timer = &step.timer;
        let Some(pointer) = Key::pointer(&timer.scope, &timer.id, timer.created_at) else { return };
        let item = Item::new(&pointer).until(ended.plus(self.retention));
        if let Err(error) = self.write(Write { item, condition: Condition::Always }).await {
            tracing::warn!(timer = %timer.id, error = %error.0, "a list's pointer stays when its timer is deleted");
        }
    }
}
