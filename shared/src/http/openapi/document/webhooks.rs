//! The operations on endpoints and their deliveries.

use super::operation::Operation;
use super::requests::{FailedDeliveries, NewWebhook, Rotation, WebhookChanges};
use super::samples::{self, endpoint, later, new_endpoint, retrying, session_started};
use super::schemas::Schemas;
use crate::domain::delivery::DeliveryStatus;
use crate::domain::figures::DeliveryCounts;
use crate::domain::time::Millis;
use crate::http::answer::{Data, DataAndMessage, success_bytes};
use crate::http::deliveries::{
    DeliveryList, DeliveryView, Latency, Pagination, QueueStatistics, Retried, SENT_AGAIN, Statistics,
};
use crate::http::events::{EventType, event_types};
use crate::http::problem::Code;
use crate::http::webhooks::{CHANGED, CREATED, DELETED, DeletedEndpoint, EndpointView, NewSecret, TestAnswer};
use serde_json::json;

pub(super) fn operations(schemas: &Schemas) -> Vec<Operation<'_>> {
    let operation = |at, id, summary| Operation::new(schemas, at, (id, "Webhooks"), summary);
    let change = |method, id, summary| {
        operation((method, "/webhooks/{id}"), id, summary)
            .about("What is not given stays as it is. A change of URL, headers or time limit holds for deliveries that are still open, too.")
            .takes::<WebhookChanges>(&[("pause", "Deactivated for now", json!({"active": false}))])
            .answers::<DataAndMessage<EndpointView<'_>>>(200, "ChangedWebhookAnswer", "The endpoint after the change.", {
                success_bytes(&Data::with_message(EndpointView::of(&endpoint(), None), CHANGED))
            })
            .fails(&[Code::InvalidWebhookUrl, Code::WebhookNotFound, Code::Conflict])
    };
    let mut operations = vec![
        operation(("post", "/webhooks"), "createWebhook", "Creates an endpoint: a URL that subscribes to events.")
            .about("The answer shows the secret that signs its deliveries; no later one does.")
            .takes::<NewWebhook>(&[("endpoint", "Sessions, and all timers' ends", new_endpoint())])
            .creates()
            .answers::<DataAndMessage<EndpointView<'_>>>(201, "CreatedWebhookAnswer", "The endpoint, with its secret.", {
                success_bytes(&Data::with_message(EndpointView::with_secret(&endpoint()), CREATED))
            })
            .fails(&[Code::InvalidWebhookUrl]),
        operation(("get", "/webhooks"), "listWebhooks", "Lists endpoints, newest first.")
            .query("includeInactive", "Inactive ones too.", json!({"type": "boolean", "default": false}))
            .answers::<Data<Vec<EndpointView<'_>>>>(200, "WebhookListAnswer", "The endpoints.", {
                success_bytes(&Data::of([EndpointView::of(&endpoint(), Some(later(1)))]))
            }),
        operation(("get", "/webhooks/events"), "listEventTypes", "Lists the event types that the service knows.")
            .about("Callers may send types of their own beside them.")
            .answers::<Data<Vec<EventType>>>(200, "EventTypeListAnswer", "The catalogue.", success_bytes(&event_types())),
        operation(("get", "/webhooks/{id}"), "getWebhook", "Shows an endpoint.")
            .answers::<Data<EndpointView<'_>>>(200, "WebhookAnswer", "The endpoint.", {
                success_bytes(&Data::of(EndpointView::of(&endpoint(), Some(later(1)))))
            })
            .fails(&[Code::WebhookNotFound]),
        change("patch", "changeWebhook", "Changes an endpoint."),
        change("put", "replaceWebhook", "Changes an endpoint, as `PATCH` does."),
        operation(("delete", "/webhooks/{id}"), "deleteWebhook", "Deletes an endpoint.")
            .about("Its open deliveries end `FAILED`; its history stays readable.")
            .answers::<DataAndMessage<DeletedEndpoint<'_>>>(200, "DeletedWebhookAnswer", "The endpoint is deleted.", {
                success_bytes(&Data::with_message(DeletedEndpoint { id: endpoint().id.as_str() }, DELETED))
            })
            .fails(&[Code::WebhookNotFound]),
        operation(("post", "/webhooks/{id}/regenerate-secret"), "regenerateWebhookSecret", "Puts a new secret in force.")
            .may_take::<Rotation>(&[("overlap", "Both sign for an hour", json!({"overlap": "1h"}))])
            .answers::<Data<NewSecret<'_>>>(200, "RegeneratedSecretAnswer", "The new secret.", {
                let (endpoint, secret) = (endpoint(), samples::secret());
                let previous_expires_at = Some(later(60).to_iso());
                let (webhook_id, secret) = (endpoint.id.as_str(), secret.reveal());
                success_bytes(&Data::of(NewSecret { webhook_id, secret, previous_expires_at }))
            })
            .fails(&[Code::WebhookNotFound, Code::Conflict]),
        operation(("post", "/webhooks/{id}/test"), "testWebhook", "Sends `webhook.test` to an endpoint at once.")
            .about("One attempt of at most 10 seconds, made before this is answered, also when the endpoint is inactive. `success` says \
                    whether it was delivered.")
            .answers_bare::<TestAnswer<'_>>(200, "TestAnswer", "What the receiver made of it.", {
                let delivery = samples::delivered(&samples::event("webhook.test", &json!({})));
                serde_json::to_vec(&TestAnswer::from(&delivery)).unwrap()
            })
            .fails(&[Code::WebhookNotFound]),
        operation(("get", "/webhooks/{id}/deliveries"), "listWebhookDeliveries", "Lists an endpoint's deliveries, newest first.")
            .about("Also those of an endpoint that was deleted.")
            .query("status", "Only deliveries with this status.", schemas.sent::<DeliveryStatus>())
            .in_pages()
            .answers::<DeliveryList<'_>>(200, "DeliveryListAnswer", "A page of deliveries.", page_of_deliveries())
            .fails(&[Code::WebhookNotFound]),
        operation(("get", "/webhooks/{id}/stats"), "getWebhookStatistics", "Shows how an endpoint's deliveries went.")
            .answers::<Data<Statistics<'_>>>(200, "WebhookStatisticsAnswer", "The figures.", {
                let delivery = samples::delivered(&session_started());
                success_bytes(&Data::of(Statistics {
                    total_deliveries: 120,
                    successful_deliveries: 118,
                    failed_deliveries: 1,
                    pending_deliveries: 1,
                    success_rate: 99.16,
                    latency: Latency { p50: Some(Millis(87)), p99: Some(Millis(430)) },
                    recent_deliveries: vec![DeliveryView::from(&delivery)],
                }))
            })
            .fails(&[Code::WebhookNotFound]),
    ];
    operations.extend(deliveries(schemas));
    operations
}

fn page_of_deliveries() -> Vec<u8> {
    let delivery = samples::delivered(&session_started());
    let pagination = Pagination { limit: 50, next_cursor: None };
    let data = vec![DeliveryView::from(&delivery)];
    success_bytes(&DeliveryList { count: data.len(), data, next_cursor: None, pagination })
}

fn deliveries(schemas: &Schemas) -> Vec<Operation<'_>> {
    let operation = |at, id, summary| Operation::new(schemas, at, (id, "Deliveries"), summary);
    vec![
        operation(("get", "/deliveries"), "listDeliveries", "Lists all deliveries, newest first.")
            .about("Those of timers' own webhooks and those of endpoints, deleted ones' too.")
            .query("status", "Only deliveries with this status.", schemas.sent::<DeliveryStatus>())
            .in_pages()
            .answers::<DeliveryList<'_>>(200, "DeliveryListAnswer", "A page of deliveries.", page_of_deliveries()),
        operation(("get", "/deliveries/{id}"), "getDelivery", "Shows a delivery with every attempt.")
            .answers::<Data<DeliveryView<'_>>>(200, "DeliveryAnswer", "The delivery.", {
                success_bytes(&Data::of(DeliveryView::from(&retrying(&samples::expiry()))))
            })
            .fails(&[Code::DeliveryNotFound]),
        operation(
            ("post", "/deliveries/{id}/retry"),
            "retryDelivery",
            "Sends a delivery again, with a whole new plan of attempts.",
        )
        .about(
            "Whatever became of it, unless an attempt is still to come. The body and the `webhook-id` stay the same.",
        )
        .answers::<DataAndMessage<DeliveryView<'_>>>(200, "RetriedDeliveryAnswer", "The delivery, pending.", {
            let delivered = samples::delivered(&session_started());
            let again = delivered.replayed(later(30)).unwrap();
            success_bytes(&Data::with_message(DeliveryView::from(&again), SENT_AGAIN))
        })
        .fails(&[Code::DeliveryNotFound, Code::Conflict]),
        operation(
            ("get", "/webhooks/queue/stats"),
            "getQueueStatistics",
            "Counts the caller's deliveries by where they stand.",
        )
        .answers::<Data<QueueStatistics>>(200, "QueueStatisticsAnswer", "The counts, tests left out.", {
            let counts = DeliveryCounts { pending: 2, sending: 1, retrying: 3, succeeded: 118, failed: 1 };
            success_bytes(&Data::of(QueueStatistics::from(counts)))
        }),
        operation(
            ("post", "/webhooks/queue/retry-failed"),
            "retryFailedDeliveries",
            "Sends all failed deliveries again.",
        )
        .about("For 15 seconds at most; if failed deliveries may be left then, `more` is true, and the same call goes on with them.")
        .may_take::<FailedDeliveries>(&[("one", "Those of one endpoint", json!({"webhookId": endpoint().id.as_str()}))])
        .answers::<DataAndMessage<Retried>>(200, "RetriedDeliveriesAnswer", "How many are sent again.", {
            let retried = Retried { retried: 3, more: false };
            success_bytes(&Data::with_message(retried, "3 failed deliveries are sent again"))
        })
        .fails(&[Code::WebhookNotFound]),
    ]
}
