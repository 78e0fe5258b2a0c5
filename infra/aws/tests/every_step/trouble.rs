//! What goes wrong in one invocation, from which of its calls to AWS on.

use minoots_emulator::{Fault, FaultyWay, Process, Stack};
use minoots_shared::app::clock::Clock;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;

/// How long a call is waited for that is never answered.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Nothing goes wrong.
    None,
    /// The process is gone: after the calls before this one nothing of it happens any more.
    Killed,
    /// The call is throttled, once.
    Throttled,
    /// The call's service answers 500 to it and to all that follow.
    Failing,
    /// The call is done, and its answer is lost, once.
    AnswerLost,
    /// What the call's service is asked from here on is done, and never answered.
    AnswersLost,
    /// The call is neither done nor answered, once: it times out.
    TimedOut,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] =
        [Self::Killed, Self::Throttled, Self::Failing, Self::AnswerLost, Self::AnswersLost, Self::TimedOut];
}

/// Trouble at one of an invocation's calls, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Trouble {
    pub(crate) kind: Kind,
    pub(crate) call: usize,
}

impl Trouble {
    pub(crate) const NONE: Self = Self { kind: Kind::None, call: 0 };

    /// Does `work` in a process of its own that meets this trouble. What came of it, `None` if the process was gone before;
    /// and which calls it made.
    pub(crate) async fn meets<T>(
        self,
        stack: &Stack,
        clock: &Clock,
        work: impl AsyncFnOnce(Process<'_>) -> T,
    ) -> (Option<T>, Vec<String>) {
        let (calls, gone) = (Arc::<Mutex<Vec<String>>>::default(), Arc::new(Notify::new()));
        let (made, end) = (Arc::clone(&calls), Arc::clone(&gone));
        let mut struck = None;
        let way = FaultyWay::open(move |name| {
            let mut made = made.lock().unwrap();
            let number = made.len();
            made.push(name.to_owned());
            if number < self.call {
                return Fault::None;
            }
            let struck = struck.get_or_insert_with(|| service(name));
            let (first, same) = (number == self.call, *struck == service(name));
            match self.kind {
                Kind::Killed => {
                    end.notify_one();
                    Fault::Unanswered
                }
                Kind::Throttled if first => throttled(name),
                Kind::Failing if same => Fault::Refused(500, "InternalServerError"),
                Kind::AnswerLost if first => Fault::AnswerLost,
                Kind::AnswersLost if same => Fault::AnswerLost,
                Kind::TimedOut if first => Fault::Unanswered,
                _ => Fault::None,
            }
        });
        let way = way.await;
        let clients = if self.kind == Kind::TimedOut { way.clients_with(PATIENCE) } else { way.clients() };
        let process = Process { stack, clients, clock: clock.clone() };
        let done = tokio::select! {
            biased;
            () = gone.notified() => None,
            done = work(process) => Some(done),
        };
        (done, std::mem::take(&mut *calls.lock().unwrap()))
    }
}

fn service(call: &str) -> &'static str {
    match call {
        call if call.starts_with("DynamoDB") => "the table",
        call if call.starts_with("AmazonSQS") => "the queues",
        _ => "the Scheduler",
    }
}

fn throttled(call: &str) -> Fault {
    match service(call) {
        "the table" => Fault::Refused(400, "ProvisionedThroughputExceededException"),
        "the queues" => Fault::Refused(400, "ThrottlingException"),
        _ => Fault::Refused(429, "ThrottlingException"),
    }
}
