//! The AWS infrastructure keeps what is promised of a product at work: its functions' handlers on the emulator's queues and
//! schedules, with the sweep once a minute.

#![allow(clippy::unwrap_used, reason = "a test that panics says where")]

use async_trait::async_trait;
use futures::future::BoxFuture;
use lambda_runtime::LambdaEvent;
use minoots_emulator::{Process, Stack, batch_of, done, emulator, sweep};
use minoots_shared::app::clock::Clock;
use minoots_shared::domain::time::Millis;
use minoots_tests::{Parts, WorkingInfrastructure};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{OnceCell, watch};
use tokio::task::JoinSet;

/// How many batches of one queue are handled at once.
const CONCURRENCY: usize = 8;

/// A deployment of its own for each case.
#[derive(Default)]
struct Deployment {
    stack: OnceCell<Arc<Stack>>,
    at_work: Mutex<Option<(watch::Sender<bool>, JoinSet<()>)>>,
}

type Handler = Arc<dyn Fn(LambdaEvent<Value>) -> BoxFuture<'static, Option<Value>> + Send + Sync>;

#[async_trait]
impl WorkingInfrastructure for Deployment {
    async fn start(&self) -> Parts {
        let stack = self.stack.get_or_init(async || Arc::new(Stack::deploy().await)).await;
        let process = || Process { stack, clients: emulator().clients(), clock: Clock::system() };
        let (expiry, delivery) = (Arc::new(process().expiry()), Arc::new(process().delivery()));
        let swept = Arc::clone(&expiry);
        let due: Handler = Arc::new(move |event| {
            let expiry = Arc::clone(&expiry);
            Box::pin(async move { expiry.handle(event).await.ok() })
        });
        let deliver: Handler = Arc::new(move |event| {
            let delivery = Arc::clone(&delivery);
            Box::pin(
                async move { delivery.handle(event).await.ok().map(|answer| serde_json::to_value(answer).unwrap()) },
            )
        });
        let (stop, stopped) = watch::channel(false);
        let mut at_work = JoinSet::new();
        at_work.spawn(trigger(Arc::clone(stack), stack.due_queue.clone(), due, stopped.clone()));
        at_work.spawn(trigger(Arc::clone(stack), stack.delivery_queue.clone(), deliver, stopped.clone()));
        let mut stopped = stopped;
        at_work.spawn(async move {
            let mut minutes = tokio::time::interval(Duration::from_secs(60));
            loop {
                tokio::select! {
                    _ = stopped.changed() => return,
                    _ = minutes.tick() => drop(swept.handle(sweep(&Clock::system())).await.unwrap()),
                }
            }
        });
        let before = self.at_work.lock().unwrap().replace((stop, at_work));
        assert!(before.is_none(), "it was at work already");
        let api = process();
        Parts { store: api.store(), alarms: Arc::new(api.alarms()), queue: Arc::new(api.queue()) }
    }

    async fn stop(&self) {
        let (stop, mut at_work) = self.at_work.lock().unwrap().take().expect("it was started");
        stop.send_replace(true);
        while let Some(ended) = at_work.join_next().await {
            ended.expect("no trigger panics");
        }
    }

    fn prompt(&self) -> Millis {
        // The emulator does some hundred requests a second, and all cases share it. What only the sweep finds is later.
        Millis::seconds(40)
    }
}

/// A queue's event source mapping: hands batches to a function, several at once, and deletes what it does not report.
async fn trigger(stack: Arc<Stack>, queue: String, handler: Handler, stopped: watch::Receiver<bool>) {
    let mut invocations = JoinSet::new();
    while !*stopped.borrow() {
        let messages = stack.receive_within(&queue, 1).await;
        if !messages.is_empty() {
            if invocations.len() >= CONCURRENCY {
                invocations.join_next().await.unwrap().unwrap();
            }
            let (stack, queue, handler) = (Arc::clone(&stack), queue.clone(), Arc::clone(&handler));
            invocations.spawn(async move {
                let answer = handler(batch_of(&messages, &Clock::system())).await;
                for message in done(&messages, answer.as_ref()) {
                    stack.delete(&queue, message).await;
                }
            });
        }
        while let Some(ended) = invocations.try_join_next() {
            ended.unwrap();
        }
    }
    while let Some(ended) = invocations.join_next().await {
        ended.unwrap();
    }
}

minoots_tests::clockwork_cases!(Deployment::default());
