//! An attempt to deliver, and what it makes of the delivery.

use super::delivery::{Delivery, DeliveryStatus};
use super::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

/// How much of a receiver's answer is kept, in characters.
pub const KEPT_RESPONSE: usize = 10_000;

/// One attempt that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// From 1, without gaps.
    pub attempt: u32,
    /// When it was due.
    pub due_at: Timestamp,
    /// When it began.
    pub sent_at: Timestamp,
    /// How long it took.
    pub duration_ms: Millis,
    /// The answer's status code, if there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_code: Option<u16>,
    /// Why it failed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How one attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptResult {
    /// The attempt's number, from 1.
    pub attempt: u32,
    /// When it began.
    pub sent_at: Timestamp,
    /// How long it took.
    pub duration: Millis,
    /// The answer, or why there was none.
    pub answer: Result<Answer, String>,
}

/// What a receiver answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub code: u16,
    /// The beginning of the body, as text.
    pub body: String,
    /// How long the receiver asks to be left alone; heeded on 429 and 503.
    pub retry_after: Option<Millis>,
}

impl Delivery {
    /// The delivery after one more attempt; `None` if this attempt is recorded already.
    ///
    /// A 2xx is success and 410 the end (Standard Webhooks); anything else, a redirect too, is tried again by the plan. A
    /// delivery that was withdrawn while the attempt ran stays failed, unless the receiver took it.
    #[must_use]
    pub fn after(&self, result: &AttemptResult) -> Option<Self> {
        if result.attempt != self.next_attempt() || self.status == DeliveryStatus::Success {
            return None;
        }
        let ended = result.sent_at.plus(result.duration);
        let code = result.answer.as_ref().ok().map(|answer| answer.code);
        let error = match &result.answer {
            Ok(answer) if (200..300).contains(&answer.code) => None,
            Ok(answer) => Some(format!("the receiver answered {}", answer.code)),
            Err(error) => Some(error.clone()),
        };
        let mut after = self.clone();
        after.attempts.push(Attempt {
            attempt: result.attempt,
            due_at: self.next_attempt_at.unwrap_or(result.sent_at),
            sent_at: result.sent_at,
            duration_ms: result.duration,
            response_code: code,
            error: error.clone(),
        });
        after.response_body =
            result.answer.as_ref().ok().map(|answer| answer.body.chars().take(KEPT_RESPONSE).collect());
        let wait = match (&error, &result.answer) {
            (None, _) => {
                after.status = DeliveryStatus::Success;
                after.error = None;
                None
            }
            _ if !self.status.is_open() => None,
            (Some(_), answer) => {
                after.status = DeliveryStatus::Failed;
                after.error = error;
                let asked =
                    answer.as_ref().ok().filter(|answer| matches!(answer.code, 429 | 503)).and_then(|a| a.retry_after);
                if code == Some(410) {
                    None
                } else {
                    let in_plan = result.attempt.saturating_sub(self.earlier_attempts);
                    self.plan.wait_after(in_plan, asked, self.salt(result.attempt))
                }
            }
        };
        after.next_attempt_at = wait.map(|wait| ended.plus(wait));
        if wait.is_some() {
            after.status = DeliveryStatus::Retrying;
        } else if after.status == DeliveryStatus::Success {
            after.ended_at = Some(ended);
        } else {
            after.ended_at = after.ended_at.or(Some(ended));
        }
        Some(after)
    }

    /// Spreads waits: the same for the same attempt wherever it is worked out (FNV-1a).
    fn salt(&self, attempt: u32) -> u64 {
        let bytes = self.id.as_str().bytes().chain(attempt.to_le_bytes());
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::{Mode, Scope};
    use crate::domain::delivery::{NewDelivery, Source};
    use crate::domain::ids::{AccountId, DeliveryId, TimerId};
    use crate::domain::retry::RetryPlan;

    #[test]
    fn what_a_receiver_took_after_its_withdrawal_was_delivered_when_the_receiver_took_it() {
        let at = Timestamp(1_000);
        let delivery = Delivery::from(NewDelivery {
            scope: Scope { account: AccountId::new("acct"), mode: Mode::Live },
            id: DeliveryId::derive(at, &[7; 32]),
            source: Source::Timer(TimerId::new("t")),
            event: "timer_expired".to_owned(),
            url: "https://a.example/".to_owned(),
            headers: Vec::new(),
            body: "{}".into(),
            plan: RetryPlan::TIMER,
            at,
        });
        let withdrawn = delivery.withdrawn(Timestamp(1_100), "timer cancelled").unwrap();
        let answer = Answer { code: 204, body: String::new(), retry_after: None };
        let result = AttemptResult { attempt: 1, sent_at: at, duration: Millis(250), answer: Ok(answer) };
        let taken = withdrawn.after(&result).unwrap();
        assert_eq!(
            (taken.status, taken.error, taken.ended_at),
            (DeliveryStatus::Success, None, Some(Timestamp(1_250)))
        );
    }
}
