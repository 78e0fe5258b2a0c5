//! The event types that the product knows by name. Callers may use their own types beside them.

/// An endpoint was sent a test: `POST /webhooks/{id}/test`.
pub const TEST: &str = "webhook.test";
/// An endpoint was deactivated by the service.
pub const DISABLED: &str = "webhook.disabled";
/// A project was created: `POST /projects`.
pub const PROJECT_CREATED: &str = "project.created";
/// A timer was created.
pub const TIMER_CREATED: &str = "timer.created";
/// A timer reached a milestone.
pub const TIMER_PROGRESS: &str = "timer.progress";
/// A timer's time is up.
pub const TIMER_EXPIRED: &str = "timer.expired";
/// A timer was cancelled.
pub const TIMER_CANCELLED: &str = "timer.cancelled";

/// Every known type, with what it means.
pub const CATALOGUE: [(&str, &str); 29] = [
    (PROJECT_CREATED, "New project"),
    ("project.updated", "Project modified"),
    ("project.deleted", "Project removed"),
    ("session.started", "Session begins"),
    ("session.ended", "Session ends"),
    ("session.message", "New message"),
    ("session.paused", "Session paused"),
    ("session.resumed", "Session resumed"),
    ("recording.completed", "Recording ready"),
    ("recording.failed", "Recording failed"),
    ("agent.connected", "Agent online"),
    ("agent.disconnected", "Agent offline"),
    ("agent.status_changed", "Status changed"),
    ("subscription.created", "New subscription"),
    ("subscription.updated", "Subscription modified"),
    ("subscription.cancelled", "Subscription ended"),
    ("payment.succeeded", "Payment successful"),
    ("payment.failed", "Payment failed"),
    ("storage.quota_warning", "Approaching limit"),
    ("storage.quota_exceeded", "Over limit"),
    ("user.created", "New user"),
    ("user.updated", "User profile changed"),
    ("user.deleted", "User removed"),
    (TEST, "Test send to one endpoint"),
    (DISABLED, "Another endpoint was deactivated by the service"),
    (TIMER_CREATED, "New timer"),
    (TIMER_PROGRESS, "A timer reached a milestone"),
    (TIMER_EXPIRED, "A timer's time is up"),
    (TIMER_CANCELLED, "A timer was cancelled"),
];

/// Whether only the service itself sends events of this type.
pub fn is_the_services_own(event_type: &str) -> bool {
    event_type.starts_with("timer.") || event_type.starts_with("webhook.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::subscription::is_event_type;

    #[test]
    fn every_type_is_well_formed_and_named_once() {
        for (index, (name, _)) in CATALOGUE.iter().enumerate() {
            assert!(is_event_type(name), "{name}");
            assert!(CATALOGUE[..index].iter().all(|(earlier, _)| earlier != name), "{name}");
        }
    }
}
