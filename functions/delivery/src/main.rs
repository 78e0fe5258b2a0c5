//! Sends webhooks: on the delivery queue.

use lambda_runtime::{LambdaEvent, service_fn};
use minoots_aws::alarms::NoAlarms;
use minoots_aws::clients::Clients;
use minoots_aws::config::{DeliveryConfig, environment};
use minoots_aws::handlers::delivery::DeliveryHandler;
use minoots_aws::logs;
use minoots_aws::metrics::Metrics;
use minoots_aws::queue::DeliveryQueue;
use minoots_aws::store::DynamoStore;
use minoots_shared::app::App;
use minoots_shared::app::clock::Clock;
use minoots_shared::webhook::client::WebhookClient;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    logs::init();
    let DeliveryConfig { common, due_queue, timeout, metrics } = logs::or_exit(environment().delivery());
    let clients = logs::or_exit(Clients::new(&common.connection));
    tokio::join!(clients.warm_table(&common.table), clients.warm_hiding(&common.delivery_queue));
    let store = Arc::new(DynamoStore::new(clients.dynamodb, common.table, common.retention, Clock::system()));
    let queue = common.delivery_queue;
    let app = App::new(
        store.clone(),
        Arc::new(NoAlarms),
        Arc::new(DeliveryQueue::new(clients.sqs.clone(), queue.clone(), due_queue)),
        logs::or_exit(WebhookClient::new(common.policy, timeout)),
        Clock::system(),
    );
    let handler = DeliveryHandler::new(Arc::new(app), store, clients.sqs, queue, Metrics::new(metrics));
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| handler.handle(event))).await
}
