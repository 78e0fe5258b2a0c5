//! Lets happen what is due: on the due queue, and once a minute as the sweep.

use lambda_runtime::{LambdaEvent, service_fn};
use minoots_aws::alarms::DueQueue;
use minoots_aws::clients::Clients;
use minoots_aws::config::{ExpiryConfig, environment};
use minoots_aws::handlers::expiry::ExpiryHandler;
use minoots_aws::logs;
use minoots_aws::metrics::Metrics;
use minoots_aws::queue::DeliveryQueue;
use minoots_aws::store::DynamoStore;
use minoots_shared::app::App;
use minoots_shared::app::clock::Clock;
use minoots_shared::webhook::client::{DEFAULT_TIMEOUT, WebhookClient};
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    logs::init();
    let ExpiryConfig { common, due_queue, metrics } = logs::or_exit(environment().expiry());
    let clients = logs::or_exit(Clients::new(&common.connection));
    tokio::join!(clients.warm_table(&common.table), clients.warm_sending(&due_queue));
    let due_alarms = Arc::new(DueQueue::new(clients.sqs.clone(), due_queue.clone(), Clock::system()));
    let app = App::new(
        Arc::new(DynamoStore::new(clients.dynamodb, common.table, common.retention, Clock::system())),
        due_alarms.clone(),
        Arc::new(DeliveryQueue::new(clients.sqs, common.delivery_queue, Some(due_queue))),
        logs::or_exit(WebhookClient::new(common.policy, DEFAULT_TIMEOUT)),
        Clock::system(),
    );
    let handler = ExpiryHandler::new(Arc::new(app), due_alarms, Metrics::new(metrics));
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| handler.handle(event))).await
}
