//! A deployment whose time is handed in, to the functions as to the queues and schedules; its triggers are played here.

use crate::receiver::Receiver;
use crate::trouble::Trouble;
use aws_sdk_sqs::types::Message;
use futures::stream::{self, StreamExt as _};
use minoots_aws::handlers::delivery::DeliveryHandler;
use minoots_aws::handlers::expiry::ExpiryHandler;
use minoots_emulator::{KEY, Process, Stack, batch_of, call, done, emulator, sweep};
use minoots_shared::app::clock::Clock;
use minoots_shared::domain::ids::DeliveryId;
use minoots_shared::domain::time::{Millis, Timestamp};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::{Mutex as Turn, MutexGuard};

/// The emulator has one time, so that one world at a time is in it.
static TURN: Turn<()> = Turn::const_new(());
/// How many invocations run at once.
const AT_ONCE: usize = 96;
/// The world's time moves by this at each step.
pub(crate) const STEP: Millis = Millis::seconds(5);

/// Which function a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Function {
    Expiry,
    Delivery,
}

/// What a test does with messages before a function gets them.
pub(crate) type Handover<'a> = &'a (dyn Fn(Function, Vec<Message>) -> Vec<Message> + Sync);

/// Which trouble a message's invocation meets.
pub(crate) type Chooser = Box<dyn FnMut(Function) -> Option<Trouble> + Send>;

pub(crate) struct World {
    pub(crate) stack: Stack,
    pub(crate) receiver: Receiver,
    pub(crate) clock: Clock,
    now: Arc<AtomicU64>,
    begun: Timestamp,
    expiry: ExpiryHandler,
    delivery: DeliveryHandler,
    /// What the next invocation that a timer's message leads to will meet, by its position among those of this function.
    pub(crate) ahead: Mutex<HashMap<(Function, String), (usize, Trouble)>>,
    /// What invocations meet of which that says nothing.
    pub(crate) otherwise: Mutex<Chooser>,
    /// How many calls such an invocation made.
    pub(crate) made: Mutex<HashMap<String, usize>>,
    _turn: MutexGuard<'static, ()>,
}

impl World {
    pub(crate) async fn begin() -> Self {
        let turn = TURN.lock().await;
        // Schedules of another world must not be ahead of time: each begins where the system's time is by now, or later.
        static LAST: AtomicU64 = AtomicU64::new(0);
        let begun = LAST.load(Ordering::Relaxed).max(Clock::system().now().0 / 60_000 * 60_000) + 3_600_000;
        LAST.store(begun, Ordering::Relaxed);
        let now = Arc::new(AtomicU64::new(begun));
        let told = Arc::clone(&now);
        let clock = Clock::new(move || Timestamp(told.load(Ordering::Relaxed)));
        emulator().set_clock(Timestamp(begun)).await;
        let stack = Stack::deploy().await;
        let process = Process { stack: &stack, clients: emulator().clients(), clock: clock.clone() };
        let (expiry, delivery) = (process.expiry(), process.delivery());
        let receiver = Receiver::listen(clock.clone()).await;
        Self {
            stack,
            receiver,
            clock,
            now,
            begun: Timestamp(begun),
            expiry,
            delivery,
            ahead: Mutex::default(),
            otherwise: Mutex::new(Box::new(|_| None)),
            made: Mutex::default(),
            _turn: turn,
        }
    }

    /// How long the world has been.
    pub(crate) fn age(&self) -> Millis {
        self.clock.now().since(self.begun)
    }

    /// So many seconds after the world's beginning.
    pub(crate) fn at(&self, seconds: u64) -> Timestamp {
        self.begun.plus(Millis::seconds(seconds))
    }

    /// Lets time pass: queues' messages are handled as they come, and each minute there is a sweep.
    pub(crate) async fn passes(&self, seconds: u64) {
        self.passes_with(seconds, &|_, messages| messages).await;
    }

    pub(crate) async fn passes_with(&self, seconds: u64, handover: Handover<'_>) {
        let until = self.age().0 + seconds * 1_000;
        while self.age().0 < until {
            self.passes_idle(STEP).await;
            if self.age().0.is_multiple_of(Millis::MINUTE.0) {
                self.expiry.handle(sweep(&self.clock)).await.unwrap();
            }
            self.handle_all(handover).await;
        }
    }

    /// Lets time pass in which no function runs.
    pub(crate) async fn passes_idle(&self, time: Millis) {
        self.now.fetch_add(time.0, Ordering::Relaxed);
        emulator().set_clock(self.clock.now()).await;
    }

    /// Hands all messages that are visible to their functions, until there are none.
    pub(crate) async fn handle_all(&self, handover: Handover<'_>) {
        for _ in 0..100 {
            let mut invocations = Vec::new();
            for (function, queue) in
                [(Function::Expiry, &self.stack.due_queue), (Function::Delivery, &self.stack.delivery_queue)]
            {
                let mut visible = Vec::new();
                loop {
                    match self.stack.receive_now(queue).await {
                        messages if messages.is_empty() => break,
                        messages => visible.extend(messages),
                    }
                }
                let mut healthy = Vec::new();
                for message in handover(function, visible) {
                    match self.trouble_of(function, &message) {
                        Some(trouble) => invocations.push((function, Some(trouble), vec![message])),
                        None => healthy.push(message),
                    }
                }
                invocations.extend(healthy.chunks(10).map(|batch| (function, None, batch.to_vec())));
            }
            if invocations.is_empty() {
                return;
            }
            stream::iter(invocations)
                .for_each_concurrent(AT_ONCE, |(function, trouble, messages)| async move {
                    self.invoke(function, trouble, &messages).await;
                })
                .await;
        }
        panic!("messages come again and again");
    }

    async fn invoke(&self, function: Function, trouble: Option<Trouble>, messages: &[Message]) {
        let event = batch_of(messages, &self.clock);
        let answer = match (trouble, function) {
            (None, Function::Expiry) => self.expiry.handle(event).await.ok(),
            (None, Function::Delivery) => self.delivery.handle(event).await.ok().map(|answer| json(&answer)),
            (Some(trouble), _) => {
                let work = async |process: Process<'_>| match function {
                    Function::Expiry => process.expiry().handle(event).await.ok(),
                    Function::Delivery => process.delivery().handle(event).await.ok().map(|answer| json(&answer)),
                };
                let (answer, calls) = trouble.meets(&self.stack, &self.clock, work).await;
                self.made.lock().unwrap().insert(timer_of(&messages[0]), calls.len());
                answer.flatten()
            }
        };
        let queue = match function {
            Function::Expiry => &self.stack.due_queue,
            Function::Delivery => &self.stack.delivery_queue,
        };
        for message in done(messages, answer.as_ref()) {
            // Handed over twice it may be gone by now.
            let deleted = self.stack.clients.sqs.delete_message().queue_url(queue);
            let _ = deleted.set_receipt_handle(message.receipt_handle.clone()).send().await;
        }
    }

    fn trouble_of(&self, function: Function, message: &Message) -> Option<Trouble> {
        let mut ahead = self.ahead.lock().unwrap();
        let key = (function, timer_of(message));
        let Some((before, trouble)) = ahead.get_mut(&key) else {
            return (self.otherwise.lock().unwrap())(function);
        };
        if *before > 0 {
            *before -= 1;
            return None;
        }
        let trouble = *trouble;
        ahead.remove(&key);
        Some(trouble)
    }

    /// A request to the API in a process of its own that meets `trouble`: its answer, if there was one, and its calls.
    pub(crate) async fn asks(
        &self,
        trouble: Trouble,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> (Option<(u16, Value)>, usize) {
        let mut headers = vec![("x-api-key", KEY)];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        let body = body.to_string();
        let work = async |process: Process<'_>| call(process.api(), method, path, &headers, body).await;
        let (answer, calls) = trouble.meets(&self.stack, &self.clock, work).await;
        (answer, calls.len())
    }

    /// The same where nothing goes wrong.
    pub(crate) async fn asks_in_peace(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        self.asks(Trouble::NONE, method, path, None, body).await.0.unwrap()
    }
}

fn json(answer: &impl serde::Serialize) -> Value {
    serde_json::to_value(answer).unwrap()
}

/// Whose timer's message it is; empty if it is an event's, or an endpoint's delivery.
fn timer_of(message: &Message) -> String {
    let body: Value = serde_json::from_str(message.body().unwrap()).unwrap();
    let of_delivery = || DeliveryId::new(body["delivery"].as_str()?).timer().map(|timer| timer.to_string());
    body["timer"].as_str().map(str::to_owned).or_else(of_delivery).unwrap_or_default()
}
