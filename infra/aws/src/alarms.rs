//! The alarms port: what is near waits in the due queue, what is farther away in a one-shot schedule.

use crate::messages::{DueMessage, Path};
use crate::schedule::{Arming, arming, is_pending, schedule_name};
use crate::sending::{Outgoing, Sender};
use crate::store::error::{failed, gave_up};
use async_trait::async_trait;
use aws_sdk_scheduler::types::{
    ActionAfterCompletion, DeadLetterConfig, FlexibleTimeWindow, FlexibleTimeWindowMode, Target,
};
use futures::stream::{self, StreamExt as _};
use minoots_shared::app::clock::Clock;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::ports::{Alarm, Alarms, Unavailable};

/// How many schedules are made or deleted at once: each is a request of its own.
const AT_ONCE: usize = 8;

/// How alarms are set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmSettings {
    /// The due queue.
    pub queue_url: String,
    /// The same queue, for schedules.
    pub queue_arn: String,
    /// The schedules' group.
    pub group: String,
    /// The role under which schedules send.
    pub role_arn: String,
    /// Where what a schedule could not send goes.
    pub dead_letters_arn: String,
    /// What is nearer than this goes straight to the queue; at most 900 seconds.
    pub direct: Millis,
}

/// Alarms on the due queue and EventBridge Scheduler.
pub struct AwsAlarms {
    due_queue: Sender,
    scheduler: aws_sdk_scheduler::Client,
    settings: AlarmSettings,
    clock: Clock,
}

impl AwsAlarms {
    /// Alarms as `settings` say.
    pub fn new(
        sqs: aws_sdk_sqs::Client,
        scheduler: aws_sdk_scheduler::Client,
        settings: AlarmSettings,
        clock: Clock,
    ) -> Self {
        Self { due_queue: Sender::new(sqs, settings.queue_url.clone()), scheduler, settings, clock }
    }

    async fn schedule(&self, alarm: &Alarm, at: Timestamp) -> Result<(), Unavailable> {
        let wrong = |error: aws_sdk_scheduler::error::BuildError| Unavailable(error.into());
        let input = serde_json::to_string(&DueMessage::new(alarm, Path::Scheduled));
        let target = Target::builder()
            .arn(&self.settings.queue_arn)
            .role_arn(&self.settings.role_arn)
            .input(input.map_err(|error| Unavailable(error.into()))?)
            .dead_letter_config(DeadLetterConfig::builder().arn(&self.settings.dead_letters_arn).build())
            .build()
            .map_err(wrong)?;
        let created = self
            .scheduler
            .create_schedule()
            .group_name(&self.settings.group)
            .name(schedule_name(alarm))
            .schedule_expression(expression(at))
            .schedule_expression_timezone("UTC")
            .flexible_time_window(
                FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build().map_err(wrong)?,
            )
            .action_after_completion(ActionAfterCompletion::Delete)
            .target(target)
            .send()
            .await;
        match created {
            Ok(_) => Ok(()),
            // The name says what it is for: it is there already.
            Err(error) if error.as_service_error().is_some_and(|refused| refused.is_conflict_exception()) => Ok(()),
            Err(error) => Err(failed("creating a schedule")(error)),
        }
    }

    async fn unschedule(&self, alarm: &Alarm) -> Result<(), Unavailable> {
        let deleted =
            self.scheduler.delete_schedule().group_name(&self.settings.group).name(schedule_name(alarm)).send().await;
        match deleted {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(|refused| refused.is_resource_not_found_exception()) => {
                Ok(())
            }
            Err(error) => Err(failed("deleting a schedule")(error)),
        }
    }
}

#[async_trait]
impl Alarms for AwsAlarms {
    async fn set(&self, alarms: &[Alarm]) -> Result<(), Unavailable> {
        let now = self.clock.now();
        let (mut near, mut far) = (Vec::new(), Vec::new());
        for alarm in alarms {
            match arming(alarm, now, self.settings.direct) {
                Arming::Delay(delay) => near.push(due(alarm, Path::Direct, delay)),
                Arming::Schedule(at) => far.push((alarm.clone(), at)),
            }
        }
        let schedules = far.into_iter().map(|(alarm, at)| async move { self.schedule(&alarm, at).await });
        let schedules = stream::iter(schedules).buffer_unordered(AT_ONCE).collect::<Vec<_>>();
        let (sent, scheduled) = futures::join!(self.due_queue.send(near), schedules);
        // All were tried, whatever failed.
        sent.and(scheduled.into_iter().collect())
    }

    async fn unset(&self, alarms: &[Alarm]) -> Result<(), Unavailable> {
        let now = self.clock.now();
        // A message in the queue can't be taken back, and a schedule that has gone off has deleted itself.
        let mut pending = alarms.to_vec();
        pending.retain(|alarm| is_pending(alarm, now, self.settings.direct));
        let deleted = pending.into_iter().map(|alarm| async move { self.unschedule(&alarm).await });
        stream::iter(deleted).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await.into_iter().collect()
    }
}

/// The alarms of a function that never makes a schedule: what it sets is overdue, or near.
pub struct DueQueue {
    queue: Sender,
    clock: Clock,
}

impl DueQueue {
    /// The due queue under `url`.
    pub fn new(sqs: aws_sdk_sqs::Client, url: String, clock: Clock) -> Self {
        Self { queue: Sender::new(sqs, url), clock }
    }

    /// Sends messages that came too early on, each with what is left of its way as its delay: rounded down, and at most what
    /// SQS takes.
    pub(crate) async fn send_on(&self, messages: Vec<DueMessage>) -> Result<(), Unavailable> {
        let now = self.clock.now();
        let outgoing = messages.into_iter().map(|message| Outgoing {
            group: message.account.as_str().to_owned(),
            delay: message.at.since(now).0 / 1_000,
            message,
        });
        self.queue.send(outgoing.collect()).await
    }
}

#[async_trait]
impl Alarms for DueQueue {
    async fn set(&self, alarms: &[Alarm]) -> Result<(), Unavailable> {
        self.send_on(alarms.iter().map(|alarm| DueMessage::new(alarm, Path::Swept)).collect()).await
    }

    async fn unset(&self, _: &[Alarm]) -> Result<(), Unavailable> {
        Ok(())
    }
}

/// The alarms of a function that sets none.
pub struct NoAlarms;

#[async_trait]
impl Alarms for NoAlarms {
    async fn set(&self, _: &[Alarm]) -> Result<(), Unavailable> {
        Err(gave_up("setting alarms", "this function has no permission to"))
    }

    async fn unset(&self, _: &[Alarm]) -> Result<(), Unavailable> {
        Err(gave_up("taking back alarms", "this function has no permission to"))
    }
}

fn due(alarm: &Alarm, path: Path, delay: u64) -> Outgoing<DueMessage> {
    Outgoing { message: DueMessage::new(alarm, path), group: alarm.scope.account.as_str().to_owned(), delay }
}

/// `at(…)` takes no zone and no fraction.
fn expression(at: Timestamp) -> String {
    let iso = at.to_iso();
    format!("at({})", iso.split('.').next().unwrap_or(&iso))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_as_the_scheduler_reads_it() {
        assert_eq!(expression(Timestamp(1_795_500_000_000)), "at(2026-11-24T06:00:00)");
    }
}
