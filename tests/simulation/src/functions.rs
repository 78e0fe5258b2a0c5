//! The functions: the real handlers, each in processes of its own, given work as Lambda and SQS do it.

use crate::aws::Aws;
use crate::process::Process;
use crate::queue::{Queue, Received};
use crate::receivers::Network;
use crate::store::ProcessStore;
use crate::world::{State, World};
use lambda_runtime::{Context, LambdaEvent};
use minoots_aws::alarms::{AlarmSettings, AwsAlarms, DueQueue, NoAlarms};
use minoots_aws::handlers::delivery::DeliveryHandler;
use minoots_aws::handlers::expiry::ExpiryHandler;
use minoots_aws::metrics::Metrics;
use minoots_aws::queue::DeliveryQueue;
use minoots_shared::app::App;
use minoots_shared::domain::time::Millis;
use minoots_shared::ports::{Alarms, Store};
use minoots_shared::webhook::client::{DEFAULT_TIMEOUT, WebhookClient};
use minoots_shared::webhook::guard::UrlPolicy;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};

/// The due queue's name.
pub(crate) const DUE: &str = "due";
/// The delivery queue's name.
pub(crate) const DELIVERIES: &str = "deliveries";
/// The most messages of one invocation.
const BATCH: u64 = 10;
/// The functions' time limits, and the alarms' `DirectDelaySeconds`: the template's.
const API_TIMEOUT: Millis = Millis::seconds(10);
const EXPIRY_TIMEOUT: Millis = Millis::seconds(60);
const DELIVERY_TIMEOUT: Millis = Millis::seconds(45);
const DIRECT: Millis = Millis::seconds(120);

/// The queues as the template has them.
pub(crate) fn queues() -> (Queue, Queue) {
    (Queue::new(DUE, Millis::seconds(360), 12), Queue::new(DELIVERIES, Millis::seconds(270), 20))
}

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Api,
    Expiry,
    Delivery,
}

/// A process with the function's code in it.
struct Instance {
    process: Arc<Process>,
    app: Arc<App>,
    handler: Handler,
}

enum Handler {
    Api,
    Expiry(ExpiryHandler),
    Delivery(DeliveryHandler),
}

/// All functions of a world.
#[derive(Clone)]
pub(crate) struct Functions(Arc<Inner>);

struct Inner {
    world: World,
    aws: Aws,
    idle: Mutex<Vec<(Function, Instance)>>,
    busy: Mutex<[usize; 3]>,
}

impl Functions {
    /// The functions, none of which has a process yet.
    pub(crate) fn new(world: World) -> Self {
        Self(Arc::new(Inner { world, aws: Aws::new(), idle: Mutex::default(), busy: Mutex::default() }))
    }

    /// A caller's request. `None`: the process died over it, or ran out of time.
    pub(crate) async fn request<T>(&self, work: impl AsyncFnOnce(&App) -> T) -> Option<T> {
        let instance = self.start(Function::Api);
        let limited = tokio::time::timeout(API_TIMEOUT.to_std(), work(&instance.app));
        let done = instance.process.run(limited).await.and_then(Result::ok);
        self.end(Function::Api, instance, done.is_some());
        done
    }

    /// Feeds the queues' messages to their functions, for ever.
    pub(crate) async fn poll(self) {
        loop {
            let next = self.invoke_once();
            self.0.world.changed(next).await;
        }
    }

    /// A sweep.
    pub(crate) async fn sweep(&self) {
        let instance = self.start(Function::Expiry);
        let swept = self.invoke(&instance, json!({"source": "aws.events"}), EXPIRY_TIMEOUT).await;
        self.end(Function::Expiry, instance, swept.is_some());
    }

    /// Starts invocations for what is visible; when to look again.
    fn invoke_once(&self) -> Option<minoots_shared::domain::time::Timestamp> {
        let mut next = None;
        for (function, timeout) in [(Function::Expiry, EXPIRY_TIMEOUT), (Function::Delivery, DELIVERY_TIMEOUT)] {
            loop {
                let now = self.0.world.now();
                let received = {
                    let state = &mut *self.0.world.state();
                    let room = self.busy()[function as usize] < state.profile.concurrency;
                    let State { random, due, deliveries, .. } = state;
                    let queue = if function == Function::Expiry { due } else { deliveries };
                    let Some(at) = queue.next_visible().filter(|_| room) else { break };
                    if at > now {
                        next = next.min(Some(at)).or(Some(at));
                        break;
                    }
                    queue.receive(random.between(1, BATCH) as usize, now, random)
                };
                if !received.is_empty() {
                    tokio::task::spawn_local(self.clone().batch(function, received, timeout));
                    self.0.world.state().invocations += 1;
                    self.busy()[function as usize] += 1;
                }
            }
        }
        next
    }

    async fn batch(self, function: Function, received: Vec<Received>, timeout: Millis) {
        let (is_throttled, is_lost, pause) = {
            let State { random, profile, .. } = &mut *self.0.world.state();
            (random.chance(profile.throttled), random.chance(profile.ack_lost), random.between(1, 15))
        };
        tokio::time::sleep(Millis(pause).to_std()).await;
        if is_throttled {
            self.0.world.note("lambda", &format!("{function:?} is throttled: {received:?}"));
        } else {
            let instance = self.start(function);
            self.0.world.note(instance.process.name(), &format!("is given {received:?}"));
            let answer = self.invoke(&instance, event(function, &received), timeout).await;
            let is_alive = answer.is_some();
            if let Some(answer) = answer.filter(|_| !is_lost) {
                let State { due, deliveries, .. } = &mut *self.0.world.state();
                let queue = if function == Function::Expiry { due } else { deliveries };
                let again = failures(&answer);
                received.iter().filter(|message| !again.contains(&message.id)).for_each(|done| queue.delete(done.id));
            }
            self.end(function, instance, is_alive);
        }
        self.0.world.state().invocations -= 1;
        self.busy()[function as usize] -= 1;
        self.0.world.wake();
    }

    /// What a handler answers; `None`: it died, failed or ran out of time.
    async fn invoke(&self, instance: &Instance, payload: Value, timeout: Millis) -> Option<Value> {
        let mut context = Context::default();
        context.deadline = instance.process.now().plus(timeout).0;
        let event = LambdaEvent::new(payload, context);
        let handling = async {
            match &instance.handler {
                Handler::Api => Ok(Value::Null),
                Handler::Expiry(handler) => handler.handle(event).await,
                Handler::Delivery(handler) => handler.handle(event).await.map(|answer| json!(answer)),
            }
        };
        let limited = tokio::time::timeout(timeout.to_std(), handling);
        instance.process.run(limited).await.and_then(Result::ok).and_then(Result::ok)
    }

    fn start(&self, function: Function) -> Instance {
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        match idle.iter().position(|(of, _)| *of == function) {
            Some(place) => idle.remove(place).1,
            None => self.instance(function),
        }
    }

    /// What died takes its memory with it.
    fn end(&self, function: Function, instance: Instance, is_alive: bool) {
        if is_alive {
            self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).push((function, instance));
        }
    }

    fn busy(&self) -> std::sync::MutexGuard<'_, [usize; 3]> {
        self.0.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new process, put together as the function's `main` does.
    fn instance(&self, function: Function) -> Instance {
        let (world, aws) = (&self.0.world, &self.0.aws);
        let name = match function {
            Function::Api => "api",
            Function::Expiry => "expiry",
            Function::Delivery => "delivery",
        };
        let process = Process::new(world, name);
        aws.connect(&process);
        let store: Arc<dyn Store> = Arc::new(ProcessStore::new(Arc::clone(&process)));
        let due_url = Aws::queue_url(&process, DUE);
        let delivery_url = Aws::queue_url(&process, DELIVERIES);
        let due_queue = Arc::new(DueQueue::new(aws.sqs.clone(), due_url.clone(), process.clock()));
        let alarms: Arc<dyn Alarms> = match function {
            Function::Api => Arc::new(AwsAlarms::new(
                aws.sqs.clone(),
                aws.scheduler.clone(),
                AlarmSettings {
                    queue_url: due_url.clone(),
                    queue_arn: "arn:due".to_owned(),
                    group: Aws::group(&process),
                    role_arn: "arn:role".to_owned(),
                    dead_letters_arn: "arn:dead".to_owned(),
                    direct: DIRECT,
                },
                process.clock(),
            )),
            Function::Expiry => due_queue.clone(),
            Function::Delivery => Arc::new(NoAlarms),
        };
        let app = App::new(
            Arc::clone(&store),
            alarms,
            Arc::new(DeliveryQueue::new(aws.sqs.clone(), delivery_url.clone(), Some(due_url))),
            WebhookClient::over(
                Arc::new(Network(Arc::clone(&process))),
                UrlPolicy::strict(),
                DEFAULT_TIMEOUT,
                process.clock(),
            ),
            process.clock(),
        );
        let app = Arc::new(app.with_randomness(process.randomness()));
        let handler = match function {
            Function::Api => Handler::Api,
            Function::Expiry => Handler::Expiry(ExpiryHandler::new(Arc::clone(&app), due_queue, Metrics::none())),
            Function::Delivery => Handler::Delivery(DeliveryHandler::new(
                Arc::clone(&app),
                store,
                aws.sqs.clone(),
                delivery_url,
                Metrics::none(),
            )),
        };
        Instance { process, app, handler }
    }
}

/// A batch as Lambda hands it to a function.
fn event(function: Function, received: &[Received]) -> Value {
    let record = |message: &Received| {
        json!({
            "messageId": message.id.to_string(),
            "receiptHandle": message.id.to_string(),
            "body": message.body,
            "attributes": {"ApproximateReceiveCount": message.receives.to_string()},
            "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:eu-west-1:123456789012:{function:?}"),
        })
    };
    json!({"Records": received.iter().map(record).collect::<Vec<_>>()})
}

fn failures(answer: &Value) -> Vec<u64> {
    let failures = answer["batchItemFailures"].as_array().cloned().unwrap_or_default();
    failures.iter().filter_map(|failure| failure["itemIdentifier"].as_str()?.parse().ok()).collect()
}
