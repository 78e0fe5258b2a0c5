//! The HTTP API behind API Gateway or a function URL.

use minoots_aws::alarms::AwsAlarms;
use minoots_aws::clients::Clients;
use minoots_aws::config::{ApiConfig, environment};
use minoots_aws::handlers::api::Api;
use minoots_aws::logs;
use minoots_aws::queue::DeliveryQueue;
use minoots_aws::store::DynamoStore;
use minoots_shared::app::App;
use minoots_shared::app::clock::Clock;
use minoots_shared::http::router;
use minoots_shared::webhook::client::{DEFAULT_TIMEOUT, WebhookClient};
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    logs::init();
    let ApiConfig { common, alarms } = logs::or_exit(environment().api());
    let clients = logs::or_exit(Clients::new(&common.connection));
    let (table, due_queue) = (common.table.clone(), alarms.queue_url.clone());
    tokio::join!(clients.warm_table(&table), clients.warm_sending(&due_queue), clients.warm_scheduler(&alarms));
    let store = DynamoStore::new(clients.dynamodb, common.table, common.retention, Clock::system());
    let app = App::new(
        Arc::new(store),
        Arc::new(AwsAlarms::new(clients.sqs.clone(), clients.scheduler, alarms, Clock::system())),
        Arc::new(DeliveryQueue::new(clients.sqs, common.delivery_queue, Some(due_queue))),
        logs::or_exit(WebhookClient::new(common.policy, DEFAULT_TIMEOUT)),
        Clock::system(),
    );
    // The gateway limits how often one may call.
    lambda_http::run(Api::new(router(Arc::new(app), None))).await
}
