//! What AWS asks for, and what we take as given about what can't be counted in a test.

use serde::Serialize;

/// Where and when the prices are those of AWS's public lists.
pub(super) const PRICES_OF: &str = "list prices of us-east-1, March 2026; free tiers and discounts are not counted";

/// Dollars for a million HTTP API requests of up to 512 KB.
pub(super) const HTTP_API: f64 = 1.00;
/// Dollars for a million invocations.
pub(super) const INVOCATIONS: f64 = 0.20;
/// Dollars for a million gigabyte-seconds on arm64.
pub(super) const GB_SECONDS: f64 = 13.3334;
/// Dollars for a million write request units, on demand.
pub(super) const WRITE_UNITS: f64 = 0.625;
/// Dollars for a million read request units, on demand.
pub(super) const READ_UNITS: f64 = 0.125;
/// Dollars for a gigabyte in the table for a month, with the point-in-time recovery's copy.
pub(super) const STORAGE: f64 = 0.25 + 0.20;
/// Dollars for a million requests to a standard queue, with the surcharge for fair queues: messages name a group.
pub(super) const QUEUE_REQUESTS: f64 = 0.40 + 0.10;
/// Dollars for a million of EventBridge Scheduler's invocations.
pub(super) const SCHEDULES: f64 = 1.00;
/// Dollars for a gigabyte of logs taken in.
pub(super) const LOGS: f64 = 0.50;
/// Dollars for an alarm for a month.
pub(super) const ALARM: f64 = 0.10;
/// Dollars for a metric of one's own for a month.
pub(super) const METRIC: f64 = 0.30;

/// What is not counted but assumed. Printed with every bill.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Assumptions {
    /// Each function's memory, the template's default.
    pub(super) memory_gb: f64,
    /// Milliseconds of work that an HTTP request takes, at this memory's share of a processor.
    pub(super) api_ms: f64,
    /// The same for a message of the due queue.
    pub(super) expiry_ms: f64,
    /// The same for a webhook.
    pub(super) delivery_ms: f64,
    /// Milliseconds that a receiver takes to answer; a batch waits for its receivers together.
    pub(super) receiver_ms: f64,
    /// Milliseconds that the last fraction of a second is slept through, in the worst case; a batch sleeps together.
    pub(super) slept_ms: f64,
    /// Months that it stays: the template's 30 days.
    pub(super) stored_months: f64,
    /// Bytes of logs of an HTTP request: its access log, and what CloudWatch adds to a line.
    pub(super) log_bytes_request: f64,
    /// Requests to an empty queue: Lambda asks with five pollers, each waiting 20 seconds.
    pub(super) polls_a_month: f64,
    /// Sweeps: one a minute.
    pub(super) sweeps_a_month: f64,
    /// Milliseconds of a sweep.
    pub(super) sweep_ms: f64,
    /// The template's alarms.
    pub(super) alarms: f64,
    /// Metrics of our own that have values every hour even at rest: the sweep's two.
    pub(super) metrics_at_rest: f64,
    /// And under load: latenesses of the path, first attempts, and outcomes.
    pub(super) metrics_in_use: f64,
}

/// A month of 30 days.
const SECONDS: f64 = 30.0 * 86_400.0;

pub(super) const ASSUMED: Assumptions = Assumptions {
    memory_gb: 0.125,
    api_ms: 30.0,
    expiry_ms: 15.0,
    delivery_ms: 25.0,
    receiver_ms: 200.0,
    slept_ms: 1_000.0,
    stored_months: 1.0,
    log_bytes_request: 200.0,
    polls_a_month: 2.0 * 5.0 * SECONDS / 20.0,
    sweeps_a_month: SECONDS / 60.0,
    sweep_ms: 100.0,
    alarms: 17.0,
    metrics_at_rest: 2.0,
    metrics_in_use: 3.0,
};

#[cfg(test)]
mod tests {
    use super::*;
    use minoots_shared::cost::LOGGED_BESIDES;

    #[test]
    fn an_access_log_takes_what_is_assumed() {
        let template = include_str!("../../../../template.yaml");
        let format = template.lines().find(|line| line.contains("$context.requestId")).unwrap().trim();
        let values = [
            ("$context.requestId", "JKJaXmPLvHcESHA="),
            ("$context.requestTime", "24/Nov/2026:06:00:00 +0000"),
            ("$context.httpMethod", "POST"),
            ("$context.path", "/timers"),
            ("$context.status", "201"),
            ("$context.responseLatency", "34"),
            ("$context.identity.sourceIp", "203.0.113.178"),
            ("$context.integrationErrorMessage", "-"),
        ];
        // The longest names first: one is the beginning of another.
        let line = values.iter().rev().fold(format.to_owned(), |line, (name, value)| line.replace(name, value));
        assert!(!line.contains("$context"), "{line}");
        let bytes = line.len() as f64 + LOGGED_BESIDES;
        let assumed = ASSUMED.log_bytes_request;
        assert!(bytes <= assumed && bytes >= 0.9 * assumed, "{bytes} bytes: {line}");
    }
}
