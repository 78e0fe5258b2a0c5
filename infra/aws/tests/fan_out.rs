//! An event to many endpoints, fanned out by processes that are gone after any of their calls.

#![allow(clippy::unwrap_used, reason = "a test that panics says where")]

use minoots_aws::alarms::NoAlarms;
use minoots_aws::queue::DeliveryQueue;
use minoots_aws::store::DynamoStore;
use minoots_emulator::{Fault, FaultyWay, Stack};
use minoots_shared::app::App;
use minoots_shared::app::clock::Clock;
use minoots_shared::domain::delivery::{Delivery, DeliveryStatus};
use minoots_shared::domain::endpoint_settings;
use minoots_shared::domain::event::Event;
use minoots_shared::domain::ids::{EndpointId, EventId};
use minoots_shared::domain::json::{Json, JsonText};
use minoots_shared::domain::secret::WebhookSecret;
use minoots_shared::domain::time::Millis;
use minoots_shared::ports::{Accepted, DeliveryQuery, Store as _};
use minoots_shared::webhook::client::{DEFAULT_TIMEOUT, WebhookClient};
use minoots_shared::webhook::guard::UrlPolicy;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The product in a new process, which goes this way to its table and queues.
fn process(stack: &Stack, way: &FaultyWay) -> App {
    let clients = way.clients();
    let table = stack.environment().into_iter().find(|(name, _)| *name == "TABLE_NAME").unwrap().1;
    let due_queue = Some(stack.due_queue.clone());
    App::new(
        Arc::new(DynamoStore::new(clients.dynamodb, table, Millis::days(30), Clock::system())),
        Arc::new(NoAlarms),
        Arc::new(DeliveryQueue::new(clients.sqs, stack.delivery_queue.clone(), due_queue)),
        WebhookClient::new(UrlPolicy::local(), DEFAULT_TIMEOUT).unwrap(),
        Clock::system(),
    )
}

/// An event to `count` endpoints that was accepted and told to nobody.
async fn accepted(stack: &Stack, count: usize) -> Event {
    let mut targets = Vec::new();
    let now = Clock::system().now();
    for number in 0..count {
        let id = EndpointId::new(format!("whk_{number:04}"));
        let body = br#"{"name": "n", "url": "https://a.example/in", "events": ["session.*"]}"#;
        let (body, secret) = (Json::parse(body).unwrap(), WebhookSecret::generate(&[7; 32]));
        let endpoint =
            endpoint_settings::parse_new(&body, &stack.scope(), id.clone(), secret, now, &UrlPolicy::strict());
        stack.store.create_endpoint(endpoint.unwrap(), None).await.unwrap();
        targets.push(id);
    }
    let event = Event {
        scope: stack.scope(),
        id: EventId::new("evt_1"),
        event_type: "session.started".to_owned(),
        created_at: now,
        data: JsonText::empty_object(),
        targets,
        expanded: 0,
    };
    assert_eq!(stack.store.subscribers(&event.scope, &event.event_type).await.unwrap(), event.targets);
    assert_eq!(stack.store.accept_event(event.clone(), None).await.unwrap(), Accepted::New);
    event
}

/// Lets one process after another fan the event out, each gone after so many calls; how many it took.
async fn fanned_out(stack: &Stack, event: &Event, mut calls: impl FnMut(usize) -> usize) -> usize {
    let way = FaultyWay::open(|_| Fault::None).await;
    for number in 0..1_000 {
        let (made, most) = (AtomicUsize::new(0), calls(number));
        way.set(move |_| match made.fetch_add(1, Ordering::Relaxed) < most {
            true => Fault::None,
            false => Fault::Refused(400, "AccessDeniedException"),
        });
        let done = process(stack, &way).fan_out(&event.scope, &event.id).await.is_ok();
        let waiting = stack.store.unexpanded_events(10).await.unwrap();
        if waiting.is_empty() {
            return number + 1;
        }
        assert!(!done, "an event that is not done was reported as done");
        assert_eq!(waiting, [(event.scope.clone(), event.id.clone())]);
    }
    panic!("the event is never fanned out");
}

/// Each target has one delivery, listed, counted and due: what no process came to sending, the sweep sends.
async fn is_told_to_each_target_once(stack: &Stack, event: &Event) {
    let mut query = DeliveryQuery { limit: 100, ..DeliveryQuery::default() };
    let mut listed: Vec<Delivery> = Vec::new();
    for _ in 0..100 {
        let page = stack.store.delivery_page(&event.scope, &query).await.unwrap();
        listed.extend(page.deliveries);
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    let mut told: BTreeMap<&EndpointId, usize> = BTreeMap::new();
    for delivery in &listed {
        assert_eq!((delivery.status, delivery.attempts.len()), (DeliveryStatus::Pending, 0));
        *told.entry(delivery.source.endpoint().unwrap()).or_default() += 1;
    }
    assert_eq!(told, event.targets.iter().map(|target| (target, 1)).collect());
    let counts = stack.store.delivery_counts(&event.scope).await.unwrap();
    assert_eq!((counts.pending, counts.total()), (event.targets.len() as u64, event.targets.len() as u64));
    let due = stack.store.due_deliveries(None, Clock::system().now(), 5_000).await.unwrap();
    let mut due: Vec<_> = due.into_iter().map(|due| due.id).collect();
    let mut ids: Vec<_> = listed.into_iter().map(|delivery| delivery.id).collect();
    due.sort();
    ids.sort();
    assert_eq!(due, ids);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_to_a_thousand_endpoints_reaches_each_once_though_every_process_at_it_is_gone_after_some_calls() {
    let stack = Stack::deploy().await;
    let event = accepted(&stack, 1_000).await;
    // From less than one step takes to several, and nowhere in the step twice.
    let processes = fanned_out(&stack, &event, |number| 23 + number * 37 % 331).await;
    assert!(processes > 10, "{processes}");
    is_told_to_each_target_once(&stack, &event).await;
    let healthy = FaultyWay::open(|_| Fault::None).await;
    let before: u64 = stack.counts(&stack.delivery_queue).await.iter().sum();
    let swept = process(&stack, &healthy).sweep(Millis(0), 5_000).await.unwrap();
    assert_eq!((swept.missed, swept.repaired), (1_000, 1_000));
    let after: u64 = stack.counts(&stack.delivery_queue).await.iter().sum();
    assert_eq!(after - before, 1_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_reaches_each_endpoint_once_whichever_call_of_its_first_process_is_the_last() {
    for first in (0..120).step_by(9) {
        let stack = Stack::deploy().await;
        let event = accepted(&stack, 36).await;
        fanned_out(&stack, &event, |number| if number == 0 { first } else { usize::MAX }).await;
        is_told_to_each_target_once(&stack, &event).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_several_processes_fan_out_at_once_reaches_each_endpoint_once() {
    let stack = Stack::deploy().await;
    let event = accepted(&stack, 100).await;
    let way = FaultyWay::open(|_| Fault::None).await;
    let [one, two, three] = [(); 3].map(|()| process(&stack, &way));
    let (scope, id) = (&event.scope, &event.id);
    let (one, two, three) = tokio::join!(one.fan_out(scope, id), two.fan_out(scope, id), three.fan_out(scope, id));
    one.and(two).and(three).unwrap();
    assert_eq!(stack.store.unexpanded_events(10).await.unwrap(), []);
    is_told_to_each_target_once(&stack, &event).await;
}
