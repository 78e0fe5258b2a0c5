//! The functions' handlers in this process, composed as their `main.rs` compose them: where a test must hold the clock, or end
//! the function in the middle.

use crate::stack::{Stack, batch};
use aws_sdk_sqs::types::Message;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use lambda_runtime::{Context, LambdaEvent};
use minoots_aws::alarms::{AlarmSettings, AwsAlarms, DueQueue, NoAlarms};
use minoots_aws::clients::Clients;
use minoots_aws::config::MetricsConfig;
use minoots_aws::handlers::delivery::DeliveryHandler;
use minoots_aws::handlers::expiry::ExpiryHandler;
use minoots_aws::metrics::Metrics;
use minoots_aws::queue::DeliveryQueue;
use minoots_aws::store::DynamoStore;
use minoots_shared::app::App;
use minoots_shared::app::clock::Clock;
use minoots_shared::domain::time::Millis;
use minoots_shared::http::router;
use minoots_shared::ports::Alarms;
use minoots_shared::webhook::client::{DEFAULT_TIMEOUT, WebhookClient};
use minoots_shared::webhook::guard::UrlPolicy;
use serde_json::{Value, json};
use std::sync::Arc;
use tower::ServiceExt as _;

/// A function's process on a stack: how it reaches AWS, and what time it is there.
pub struct Process<'a> {
    /// The stack.
    pub stack: &'a Stack,
    /// Its way to AWS.
    pub clients: Clients,
    /// Its time.
    pub clock: Clock,
}

impl Process<'_> {
    /// A store of its own: what another process has under way is unknown to it.
    pub fn store(&self) -> Arc<DynamoStore> {
        let table = self.stack.table.clone();
        Arc::new(DynamoStore::new(self.clients.dynamodb.clone(), table, Millis::days(30), self.clock.clone()))
    }

    /// The delivery queue, and the due queue for events.
    pub fn queue(&self) -> DeliveryQueue {
        let due_queue = Some(self.stack.due_queue.clone());
        DeliveryQueue::new(self.clients.sqs.clone(), self.stack.delivery_queue.clone(), due_queue)
    }

    /// The API's alarms.
    pub fn alarms(&self) -> AwsAlarms {
        let variable = |name| self.stack.variable(name);
        let settings = AlarmSettings {
            queue_url: self.stack.due_queue.clone(),
            queue_arn: variable("DUE_QUEUE_ARN"),
            group: self.stack.group.clone(),
            role_arn: variable("SCHEDULER_ROLE_ARN"),
            dead_letters_arn: variable("SCHEDULE_DLQ_ARN"),
            direct: Millis::seconds(120),
        };
        AwsAlarms::new(self.clients.sqs.clone(), self.clients.scheduler.clone(), settings, self.clock.clone())
    }

    /// The API.
    pub fn api(&self) -> Router {
        router(Arc::new(self.app(self.store(), Arc::new(self.alarms()))), None)
    }

    /// The expiry handler.
    pub fn expiry(&self) -> ExpiryHandler {
        let due = Arc::new(DueQueue::new(self.clients.sqs.clone(), self.stack.due_queue.clone(), self.clock.clone()));
        ExpiryHandler::new(Arc::new(self.app(self.store(), due.clone())), due, metrics())
    }

    /// The delivery function.
    pub fn delivery(&self) -> DeliveryHandler {
        let store = self.store();
        let app = Arc::new(self.app(store.clone(), Arc::new(NoAlarms)));
        DeliveryHandler::new(app, store, self.clients.sqs.clone(), self.stack.delivery_queue.clone(), metrics())
    }

    fn app(&self, store: Arc<DynamoStore>, alarms: Arc<dyn Alarms>) -> App {
        let webhooks = WebhookClient::new(UrlPolicy::local(), DEFAULT_TIMEOUT).expect("TLS can be set up");
        App::new(store, alarms, Arc::new(self.queue()), webhooks, self.clock.clone())
    }
}

fn metrics() -> Metrics {
    Metrics::new(MetricsConfig { namespace: "Minoots".to_owned(), stage: "test".to_owned() })
}

/// One request to the API with these headers; its status and what it says.
pub async fn call(api: Router, method: &str, path: &str, headers: &[(&str, &str)], body: String) -> (u16, Value) {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body));
    let answer = api.oneshot(request.expect("it is a request")).await.unwrap_or_else(|never| match never {});
    let status = answer.status().as_u16();
    let bytes = to_bytes(answer.into_body(), usize::MAX).await.expect("an answer has an end");
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

/// An invocation that has a minute by this clock.
pub fn invocation(payload: Value, clock: &Clock) -> LambdaEvent<Value> {
    let mut context = Context::default();
    context.deadline = clock.now().plus(Millis::MINUTE).0;
    LambdaEvent { payload, context }
}

/// The sweep's invocation.
pub fn sweep(clock: &Clock) -> LambdaEvent<Value> {
    invocation(json!({"source": "aws.events"}), clock)
}

/// Which of these messages a function says are done, by its answer to their batch; none if it failed.
pub fn done<'a>(messages: &'a [Message], answer: Option<&Value>) -> Vec<&'a Message> {
    let Some(answer) = answer else { return Vec::new() };
    let again = answer["batchItemFailures"].to_string();
    let named = |message: &Message| message.message_id().is_some_and(|id| again.contains(id));
    messages.iter().filter(|message| !named(message)).collect()
}

/// The invocation with a batch of messages.
pub fn batch_of(messages: &[Message], clock: &Clock) -> LambdaEvent<Value> {
    invocation(batch(messages), clock)
}
