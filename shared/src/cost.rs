//! What each step of a timer's life asks of the deployed infrastructure, in the units that are billed.
//!
//! `minoots cost` makes its bill of this table, and `infra/aws/tests/bill.rs` holds the table to what the code really asks:
//! whoever changes a step's writes, reads or messages sees that test fail, and corrects the table.

use std::ops::Add;

/// What a step asks for. What Lambda asks for by itself, receiving and deleting a queue's messages, is not in it: that goes
/// by the batch, not by the message.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Asked {
    /// Write request units of the table and its index.
    pub write_units: f64,
    /// Read request units.
    pub read_units: f64,
    /// Requests to a queue.
    pub queue_requests: f64,
    /// One-shot schedules made; each is billed when it goes off.
    pub schedules: f64,
}

impl Add for Asked {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self {
            write_units: self.write_units + more.write_units,
            read_units: self.read_units + more.read_units,
            queue_requests: self.queue_requests + more.queue_requests,
            schedules: self.schedules + more.schedules,
        }
    }
}

const fn asked(write_units: f64, read_units: f64, queue_requests: f64, schedules: f64) -> Asked {
    Asked { write_units, read_units, queue_requests, schedules }
}

/// Creating a timer that is due so soon that it waits in the due queue.
pub const CREATION_DIRECT: Asked = asked(2.0, 2.0, 1.0, 0.0);
/// Creating a timer that is due later.
pub const CREATION_SCHEDULED: Asked = asked(2.0, 2.0, 0.0, 1.0);
/// Each milestone of a timer that is due later.
pub const MILESTONE_SCHEDULED: Asked = asked(0.0, 0.0, 0.0, 1.0);
/// A schedule's message comes early, and is sent on with the rest of its way as its delay.
pub const SENT_ON: Asked = asked(0.0, 0.0, 1.0, 0.0);
/// A timer with a webhook expires.
pub const EXPIRY: Asked = asked(1.0, 2.0, 1.0, 0.0);
/// A timer without a webhook expires: it leaves the due index.
pub const SILENT_EXPIRY: Asked = asked(2.0, 2.0, 0.0, 0.0);
/// A milestone with a webhook is reached.
pub const MILESTONE: Asked = asked(1.0, 2.0, 1.0, 0.0);
/// A milestone without a webhook is reached: the timer moves on in the due index.
pub const SILENT_MILESTONE: Asked = asked(3.0, 2.0, 0.0, 0.0);
/// What each step after a timer's first asks for besides: it reads what the attempts before it have written.
pub const LATER_STEP: Asked = asked(0.0, 1.0, 0.0, 0.0);
/// A webhook is taken at the first attempt, the last that the timer has to send.
pub const DELIVERY: Asked = asked(2.0, 2.0, 0.0, 0.0);
/// A milestone's webhook is taken at the first attempt: the timer moves on in the due index.
pub const MILESTONE_DELIVERY: Asked = asked(3.0, 2.0, 0.0, 0.0);
/// Ten timers of one account with a webhook each expire at one instant, in one batch: at most this. No webhook waits for
/// another; those that are ready while a request is under way share the next one, and so do readings.
pub const TEN_EXPIRIES: Asked = asked(10.0, 14.0, 5.0, 0.0);
/// Ten webhooks of one account in one batch, each as in [`DELIVERY`]: at most this.
pub const TEN_DELIVERIES: Asked = asked(20.0, 14.0, 0.0, 0.0);
/// Bytes that the functions log at INFO, in batches of ten and of one, for each message: what CloudWatch adds to each line is
/// in it. Held by the same test, within a tenth.
pub const LOGGED: Logged = Logged { expiry: [28.0, 250.0], delivery: [450.0, 900.0] };

/// Bytes in batches of ten, and of one.
#[derive(Clone, Copy, Debug)]
pub struct Logged {
    /// Of a timer that falls due: a metric of the batch.
    pub expiry: [f64; 2],
    /// Of a webhook: a line for each attempt, two metrics of the batch.
    pub delivery: [f64; 2],
}

/// What CloudWatch adds to each line, in bytes.
pub const LOGGED_BESIDES: f64 = 26.0;

/// Bytes that an ended timer with one delivered webhook takes up in the table, what DynamoDB adds to each item among them.
/// Held by the same test, within a tenth.
pub const STORED: f64 = 800.0;

/// One sweep that finds nothing overdue.
pub const SWEEP: Asked = asked(0.0, 64.0, 0.0, 0.0);
