//! The month's bill, of the steps in `minoots_shared::cost`.

use super::prices::{self, ASSUMED, Assumptions};
use minoots_shared::cost::{self, Asked};
use serde::Serialize;

/// How many messages Lambda hands to one invocation.
const LARGEST_BATCH: f64 = 10.0;
const MILLION: f64 = 1e6;
/// Bytes in a gigabyte, as AWS bills it.
const BYTES_IN_GB: f64 = 1_073_741_824.0;

/// What is billed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order {
    /// Timers in the month.
    pub(super) timers: f64,
    /// Milestones of each.
    pub(super) milestones: f64,
    /// Whether each event has a webhook.
    pub(super) webhook: bool,
    /// Whether they are due so late that a schedule wakes them.
    pub(super) scheduled: bool,
}

/// A line of the bill, at both ends: with the queues' batches full, and with one message in each.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    pub(super) service: &'static str,
    pub(super) what: &'static str,
    /// How much of it.
    pub(super) quantity: Ends,
    /// Dollars for so much.
    pub(super) price: f64,
    /// For how much that price is.
    pub(super) per: &'static str,
    pub(super) dollars: Ends,
}

/// Under load, where batches are full, and when timers come one by one.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ends {
    pub(super) batches_of_10: f64,
    pub(super) batches_of_1: f64,
}

impl Ends {
    fn map(self, with: impl Fn(f64) -> f64) -> Self {
        Self { batches_of_10: with(self.batches_of_10), batches_of_1: with(self.batches_of_1) }
    }

    fn of(with: impl Fn(f64) -> f64) -> Self {
        Self { batches_of_10: with(LARGEST_BATCH), batches_of_1: with(1.0) }
    }

    pub(super) fn sum<'a>(lines: impl IntoIterator<Item = &'a Line>) -> Self {
        lines.into_iter().fold(Self { batches_of_10: 0.0, batches_of_1: 0.0 }, |sum, line| Self {
            batches_of_10: sum.batches_of_10 + line.dollars.batches_of_10,
            batches_of_1: sum.batches_of_1 + line.dollars.batches_of_1,
        })
    }
}

/// A step of a timer's life, and how often it is taken.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Step {
    pub(super) name: &'static str,
    /// For each timer.
    pub(super) times: f64,
    #[serde(flatten)]
    pub(super) asked: Units,
    /// What it asks for in a full batch.
    #[serde(rename = "inBatchesOf10")]
    pub(super) shared: Units,
    /// Messages of the due queue that it takes in.
    #[serde(skip)]
    due: f64,
    /// Messages of the delivery queue that it takes in.
    #[serde(skip)]
    deliveries: f64,
}

/// `Asked`, as it is shown.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Units {
    pub(super) write_units: f64,
    pub(super) read_units: f64,
    pub(super) queue_requests: f64,
    pub(super) schedules: f64,
}

impl Units {
    fn of(asked: Asked) -> Self {
        let Asked { write_units, read_units, queue_requests, schedules } = asked;
        Self { write_units, read_units, queue_requests, schedules }
    }
}

impl Step {
    fn asked_in(&self, batch: f64) -> &Units {
        if batch < LARGEST_BATCH { &self.asked } else { &self.shared }
    }
}

/// The steps of each timer's life.
pub(super) fn steps(order: &Order) -> Vec<Step> {
    let step = |name, times, asked: Asked, due, deliveries| {
        let asked = Units::of(asked);
        Step { name, times, asked, shared: asked, due, deliveries }
    };
    // In a full batch some requests and readings serve several.
    let sharing = |step: Step, ten: Asked| {
        let queue_requests = step.asked.queue_requests.min(ten.queue_requests / LARGEST_BATCH);
        let shared = Units { read_units: ten.read_units / LARGEST_BATCH, queue_requests, ..step.asked };
        Step { shared, ..step }
    };
    let (milestones, webhook) = (order.milestones, order.webhook);
    let expiry = if webhook { cost::EXPIRY } else { cost::SILENT_EXPIRY };
    let milestone = if webhook { cost::MILESTONE } else { cost::SILENT_MILESTONE };
    let delivered = f64::from(u8::from(webhook));
    let mut steps = Vec::new();
    if order.scheduled {
        steps.push(step("creation", 1.0, cost::CREATION_SCHEDULED, 0.0, 0.0));
        steps.push(step("milestone's schedule", milestones, cost::MILESTONE_SCHEDULED, 0.0, 0.0));
        steps.push(step("sent on to its second", 1.0 + milestones, cost::SENT_ON, 1.0, 0.0));
    } else {
        steps.push(step("creation", 1.0, cost::CREATION_DIRECT, 0.0, 0.0));
    }
    steps.push(sharing(step("milestone", milestones, milestone, 1.0, 0.0), cost::TEN_EXPIRIES));
    let its_webhook = step("milestone's webhook", milestones * delivered, cost::MILESTONE_DELIVERY, 0.0, 1.0);
    steps.push(sharing(its_webhook, cost::TEN_DELIVERIES));
    steps.push(step("what later steps read", milestones, cost::LATER_STEP, 0.0, 0.0));
    steps.push(sharing(step("expiry", 1.0, expiry, 1.0, 0.0), cost::TEN_EXPIRIES));
    steps.push(sharing(step("webhook", delivered, cost::DELIVERY, 0.0, 1.0), cost::TEN_DELIVERIES));
    steps.retain(|step| step.times > 0.0);
    steps
}

/// What the timers cost.
pub(super) fn timers(order: &Order) -> Vec<Line> {
    let Assumptions { api_ms, expiry_ms, delivery_ms, receiver_ms, slept_ms, .. } = ASSUMED;
    let steps = steps(order);
    let each = |of: fn(&Step) -> f64| order.timers * steps.iter().map(|step| step.times * of(step)).sum::<f64>();
    let (due, deliveries) = (each(|step| step.due), each(|step| step.deliveries));
    let wakes = if order.scheduled { order.timers * (1.0 + order.milestones) } else { 0.0 };
    let schedules = each(|step| step.asked.schedules);
    let writes = each(|step| step.asked.write_units);
    let of_all = |batch: f64, of: fn(&Units) -> f64| {
        order.timers * steps.iter().map(|step| step.times * of(step.asked_in(batch))).sum::<f64>()
    };
    // A wake-up that is sent on early does not sleep.
    let due_seconds = move |batch: f64| due * expiry_ms + (due - wakes) / batch * slept_ms;
    let delivery_seconds = move |batch: f64| deliveries * delivery_ms + deliveries / batch * receiver_ms;
    // Those sent on leave ten at a time in a full batch; a schedule's message is a request too; and each batch is received
    // and deleted.
    let queue = |batch: f64| {
        let sent = of_all(batch, |asked| asked.queue_requests);
        sent - wakes + wakes / batch + schedules + 2.0 * (due + deliveries) / batch
    };
    let requests = order.timers;
    let logged = |batch: f64| {
        let place = usize::from(batch < LARGEST_BATCH);
        let (expiry, delivery) = (cost::LOGGED.expiry[place], cost::LOGGED.delivery[place]);
        requests * ASSUMED.log_bytes_request + (due - wakes) * expiry + deliveries * delivery
    };
    vec![
        million("API Gateway", "HTTP API requests", |_| requests, prices::HTTP_API),
        million("Lambda", "api: invocations", |_| requests, prices::INVOCATIONS),
        million("Lambda", "api: GB-seconds", |_| gb_seconds(requests * api_ms), prices::GB_SECONDS),
        million("Lambda", "expiry-handler: invocations", |batch| due / batch, prices::INVOCATIONS),
        million("Lambda", "expiry-handler: GB-seconds", |batch| gb_seconds(due_seconds(batch)), prices::GB_SECONDS),
        million("Lambda", "delivery: invocations", |batch| deliveries / batch, prices::INVOCATIONS),
        million("Lambda", "delivery: GB-seconds", |batch| gb_seconds(delivery_seconds(batch)), prices::GB_SECONDS),
        million("DynamoDB", "write request units", |_| writes, prices::WRITE_UNITS),
        million("DynamoDB", "read request units", |batch| of_all(batch, |asked| asked.read_units), prices::READ_UNITS),
        line(
            "DynamoDB",
            "GB-months stored and recoverable",
            Ends::of(|_| order.timers * cost::STORED * ASSUMED.stored_months / BYTES_IN_GB),
            prices::STORAGE,
            "GB-month",
        ),
        million("SQS", "requests", queue, prices::QUEUE_REQUESTS),
        million("Scheduler", "invocations", |_| schedules, prices::SCHEDULES),
        line("CloudWatch", "GB of logs", Ends::of(|batch| logged(batch) / BYTES_IN_GB), prices::LOGS, "GB"),
    ]
}

/// What there is to pay whether timers come or not.
pub(super) fn at_rest(order: &Order) -> Vec<Line> {
    let sweeps = ASSUMED.sweeps_a_month;
    let metrics = ASSUMED.metrics_at_rest + if order.timers > 0.0 { ASSUMED.metrics_in_use } else { 0.0 };
    vec![
        million("SQS", "polls of empty queues", |_| ASSUMED.polls_a_month, prices::QUEUE_REQUESTS),
        million("Lambda", "sweeps: invocations", |_| sweeps, prices::INVOCATIONS),
        million("Lambda", "sweeps: GB-seconds", |_| gb_seconds(sweeps * ASSUMED.sweep_ms), prices::GB_SECONDS),
        million("DynamoDB", "sweeps: read request units", |_| sweeps * cost::SWEEP.read_units, prices::READ_UNITS),
        line("CloudWatch", "alarms", Ends::of(|_| ASSUMED.alarms), prices::ALARM, "alarm"),
        line("CloudWatch", "metrics", Ends::of(|_| metrics), prices::METRIC, "metric"),
    ]
}

fn gb_seconds(ms: f64) -> f64 {
    ms / 1_000.0 * ASSUMED.memory_gb
}

fn million(service: &'static str, what: &'static str, quantity: impl Fn(f64) -> f64, price: f64) -> Line {
    let quantity = Ends::of(quantity);
    Line { dollars: quantity.map(|many| many / MILLION * price), ..line(service, what, quantity, price, "million") }
}

fn line(service: &'static str, what: &'static str, quantity: Ends, price: f64, per: &'static str) -> Line {
    Line { service, what, quantity, price, per, dollars: quantity.map(|many| many * price) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Order = Order { timers: 1e6, milestones: 0.0, webhook: true, scheduled: false };

    fn total(order: &Order) -> Ends {
        Ends::sum(&timers(order))
    }

    fn quantity(order: &Order, what: &str) -> Ends {
        timers(order).into_iter().find(|line| line.what == what).unwrap().quantity
    }

    #[test]
    fn a_near_timers_message_is_sent_received_and_deleted_in_each_of_two_queues() {
        let requests = quantity(&ONE, "requests");
        assert_eq!((requests.batches_of_1, requests.batches_of_10), (6e6, 1.9e6));
    }

    #[test]
    fn a_far_timers_message_is_sent_by_its_schedule_and_sent_on_once() {
        let far = Order { scheduled: true, ..ONE };
        let requests = quantity(&far, "requests");
        assert_eq!((requests.batches_of_1, requests.batches_of_10), (9e6, 2.2e6));
        assert_eq!(quantity(&far, "invocations").batches_of_10, 1e6);
    }

    #[test]
    fn the_bill_grows_with_timers_milestones_and_webhooks_and_shrinks_with_full_batches() {
        let one = total(&ONE);
        let twice = total(&Order { timers: 2e6, ..ONE });
        assert!((twice.batches_of_10 - 2.0 * one.batches_of_10).abs() < 1e-9);
        assert!(one.batches_of_10 < one.batches_of_1);
        assert!(total(&Order { milestones: 1.0, ..ONE }).batches_of_10 > one.batches_of_10);
        assert!(total(&Order { webhook: false, ..ONE }).batches_of_10 < one.batches_of_10);
        assert!(total(&Order { scheduled: true, ..ONE }).batches_of_10 > one.batches_of_10);
    }

    #[test]
    fn at_rest_there_is_to_pay_without_timers_too() {
        let none = Order { timers: 0.0, ..ONE };
        assert_eq!(total(&none).batches_of_1, 0.0);
        let rest = Ends::sum(&at_rest(&none)).batches_of_1;
        assert!(rest > 0.0 && rest < 5.0, "{rest}");
    }
}
