//! The operations on timers.

use super::operation::Operation;
use super::samples::{NOW, cancelled, expiry, later, new_timer, progress, retrying, timer};
use super::schemas::Schemas;
use super::timer_requests::{Cancellation, NewTimer, NewTimers, TimerChanges};
use crate::app::Usage;
use crate::domain::fault::{FaultCode, Faults};
use crate::domain::timer::Timer;
use crate::domain::timer_change;
use crate::domain::timer_view::TimerView;
use crate::http::answer::success_bytes;
use crate::http::creating::{BatchAnswer, CreatedTimer, batch_answer};
use crate::http::problem::Code;
use crate::http::timers::{CANCELLED, CancelledTimer, DeliverySummary, OneTimer, TimerList, TimerWithDeliveries};
use crate::webhook::guard::UrlPolicy;
use serde_json::json;
use std::sync::Arc;

const INVALID: [Code; 3] = [Code::InvalidRequest, Code::InvalidDuration, Code::InvalidWebhookUrl];

pub(super) fn operations(schemas: &Schemas) -> Vec<Operation<'_>> {
    let operation = |at, id, summary| Operation::new(schemas, at, (id, "Timers"), summary);
    let one = |timer: &Timer, now| success_bytes(&OneTimer { timer: TimerView::at(timer, now) });
    let changed = "The timer after the change.";
    vec![
        operation(("post", "/timers"), "createTimer", "Creates a timer.")
            .about("Once this is answered, the timer fires, whatever breaks. Its webhooks are signed and retried until they are taken.")
            .takes::<NewTimer>(&[
                ("timer", "With milestones", new_timer()),
                ("short", "The shorthand for one webhook", json!({"duration": "6h30m", "webhook": "https://ci.example.com/hooks/timer"})),
                ("instant", "Until an instant", json!({"expiresAt": "2027-01-15T10:30:00Z", "name": "Trial ends"})),
            ])
            .creates()
            .answers::<CreatedTimer<'_>>(201, "CreatedTimerAnswer", "The timer runs.", {
                success_bytes(&CreatedTimer { timer: TimerView::at(&timer(), NOW), usage: Usage::Unlimited.into() })
            })
            .fails(&INVALID)
            .fails(&[Code::Conflict, Code::QuotaExceeded]),
        operation(("get", "/timers"), "listTimers", "Lists timers, newest first.")
            .about("Filters can be combined.")
            .query("status", "Only timers with this status.", schemas.sent::<crate::domain::timer::Status>())
            .label("agentId", "of this agent")
            .label("agent_id", "of this agent: the same as `agentId`")
            .label("team", "of this team")
            .label("scenario", "of this scenario")
            .label("organizationId", "of this organisation")
            .label("projectId", "of this project")
            .in_pages()
            .answers::<TimerList<'_>>(200, "TimerListAnswer", "A page of timers.", {
                let timer = timer();
                let timers = vec![TimerView::at(&timer, later(6))];
                success_bytes(&TimerList { count: timers.len(), timers, next_cursor: None })
            }),
        operation(("post", "/timers/batch"), "createTimers", "Creates up to 100 timers in one step.")
            .about("Each is created or refused on its own. An `Idempotency-Key` covers the whole call.")
            .takes::<NewTimers>(&[("two", "One of two is refused", json!({"timers": [new_timer(), {"duration": "0s"}]}))])
            .creates()
            .answers::<BatchAnswer<'_>>(200, "BatchAnswer", "What became of each, in the order given.", {
                let fault = Faults::one(FaultCode::InvalidDuration, "duration", "must be at least 1 ms");
                success_bytes(&batch_answer(&[Ok(Arc::new(timer())), Err(Arc::new(crate::app::Error::Faulty(fault)))]))
            }),
        operation(("post", "/quick/wait"), "quickWait", "Creates a timer in the shortest way.")
            .about("It takes what `POST /timers` takes, and answers 200 with the timer alone.")
            .takes::<NewTimer>(&[("wait", "A reminder", json!({"duration": "2h", "name": "Look again", "callback": "https://agent.example.com/wake"}))])
            .creates()
            .answers::<OneTimer<'_>>(200, "TimerAnswer", "The timer runs.", one(&timer(), NOW))
            .fails(&INVALID)
            .fails(&[Code::Conflict, Code::QuotaExceeded]),
        operation(("get", "/timers/{id}"), "getTimer", "Shows a timer, and what became of its webhooks.")
            .answers::<TimerWithDeliveries<'_>>(200, "TimerWithDeliveriesAnswer", "The timer and its deliveries.", {
                let (happened, deliveries) = (progress(), [retrying(&progress())]);
                let deliveries = deliveries.iter().map(DeliverySummary::from).collect();
                success_bytes(&TimerWithDeliveries { timer: TimerView::at(&happened.timer, later(8)), deliveries })
            })
            .fails(&[Code::TimerNotFound]),
        operation(("patch", "/timers/{id}"), "changeTimer", "Changes a timer: its name, metadata, events or end.")
            .about("With `duration` it starts anew; `expiresAt` and `extend` move its end and leave its start. Percentages then refer to \
                    the new start and end; milestones that have fired stay fired, and those that would already be past are skipped. \
                    Once this is answered, no event of the old plan is delivered.")
            .takes::<TimerChanges>(&[
                ("extend", "15 minutes more", json!({"extend": "15m"})),
                ("rename", "Another name", json!({"name": "Nightly build"})),
            ])
            .answers::<OneTimer<'_>>(200, "TimerAnswer", changed, {
                let change = timer_change::parse(&super::requests::parsed(&json!({"extend": "15m"})), &UrlPolicy::strict());
                let after = timer().change(&change.unwrap(), later(6)).unwrap().unwrap();
                one(&after.timer, later(6))
            })
            .fails(&INVALID)
            .fails(&[Code::TimerNotFound, Code::InvalidTimerStatus, Code::Conflict]),
        operation(("delete", "/timers/{id}"), "cancelTimer", "Cancels a timer.")
            .about("It stays readable. Cancelling twice answers the same; a timer that has expired can't be cancelled. A body that can't \
                    be read is no reason, and no ground to let the timer run on.")
            .may_take::<Cancellation>(&[("reason", "With a reason", json!({"reason": "done early"}))])
            .answers::<CancelledTimer<'_>>(200, "CancelledTimerAnswer", "The timer is cancelled.", {
                success_bytes(&CancelledTimer { timer: TimerView::at(&cancelled(), later(3)), message: CANCELLED })
            })
            .fails(&[Code::TimerNotFound, Code::InvalidTimerStatus, Code::Conflict]),
        operation(("post", "/timers/{id}/pause"), "pauseTimer", "Freezes the time that a timer has left.")
            .about("A timer that is paused already stays as it is.")
            .answers::<OneTimer<'_>>(200, "TimerAnswer", changed, {
                one(&timer().pause(later(6)).unwrap().unwrap().timer, later(6))
            })
            .fails(&[Code::TimerNotFound, Code::InvalidTimerStatus, Code::Conflict]),
        operation(("post", "/timers/{id}/resume"), "resumeTimer", "Lets a paused timer run on.")
            .about("Its start moves on by the pause. A timer that runs already stays as it is.")
            .answers::<OneTimer<'_>>(200, "TimerAnswer", changed, one(&timer(), later(6)))
            .fails(&[Code::TimerNotFound, Code::InvalidTimerStatus, Code::Conflict]),
        operation(("post", "/timers/{id}/fire"), "fireTimer", "Expires a timer now.")
            .about("Also when it is paused. Milestones that have not fired are skipped.")
            .answers::<OneTimer<'_>>(200, "TimerAnswer", changed, one(&expiry().timer, later(15)))
            .fails(&[Code::TimerNotFound, Code::InvalidTimerStatus, Code::Conflict]),
    ]
}

impl Operation<'_> {
    /// A filter by label.
    fn label(self, name: &str, whose: &str) -> Self {
        self.query(name, &format!("Only timers {whose}."), json!({"type": "string"}))
    }
}
