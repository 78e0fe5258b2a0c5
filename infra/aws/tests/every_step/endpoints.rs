//! Events on their way to many endpoints, and where deliveries end that nobody takes.

use crate::receiver::Temper;
use crate::trouble::{Kind, Trouble};
use crate::world::{Function, World};
use futures::stream::{self, StreamExt as _};
use minoots_shared::domain::delivery::{Delivery, DeliveryStatus};
use minoots_shared::domain::ids::EventId;
use minoots_shared::domain::time::Millis;
use minoots_shared::ports::{DeliveryQuery, Store as _};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// An endpoint with these settings of its own; its id.
async fn endpoint(world: &World, temper: Temper, name: &str, settings: Value) -> String {
    let mut body = json!({"name": name, "url": world.receiver.url(temper, name), "events": ["session.*"]});
    body.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    let (status, answer) = world.asks_in_peace("POST", "/webhooks", &body).await;
    assert_eq!(status, 201, "{answer}");
    answer["data"]["id"].as_str().unwrap().to_owned()
}

async fn deliveries(world: &World) -> Vec<Delivery> {
    let mut query = DeliveryQuery { limit: 100, ..DeliveryQuery::default() };
    let mut listed = Vec::new();
    loop {
        let page = world.stack.store.delivery_page(&world.stack.scope(), &query).await.unwrap();
        listed.extend(page.deliveries);
        query.after = page.next;
        if query.after.is_none() {
            return listed;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_reaches_a_thousand_endpoints_once_though_each_function_is_gone_in_the_middle() {
    let world = World::begin().await;
    let names: Vec<_> = (0..1_000).map(|number| format!("e{number}")).collect();
    stream::iter(&names)
        .for_each_concurrent(32, |name| async { drop(endpoint(&world, Temper::Takes, name, json!({})).await) })
        .await;
    let event = json!({"id": "one", "type": "session.started", "data": {}});
    // The API is gone a call later each time, at last when it has accepted the event and told nobody of it yet.
    let (scope, id) = (world.stack.scope(), EventId::new("one"));
    for call in 0.. {
        let trouble = Trouble { kind: Kind::Killed, call };
        let (answered, _) = world.asks(trouble, "POST", "/events", None, &event).await;
        assert!(answered.is_none(), "the API was done before it was gone");
        if world.stack.store.event(&scope, &id).await.unwrap().is_some() {
            break;
        }
    }
    let again = world.asks_in_peace("POST", "/events", &event).await;
    assert_eq!((again.0, &again.1["data"]["triggered"]), (200, &json!(0)), "it is accepted: {}", again.1);
    // The expiry handler is gone again and again, each time farther on; and of the delivery function every third invocation.
    let (mut expiry, mut delivery) = (0, 0);
    *world.otherwise.lock().unwrap() = Box::new(move |function| {
        let call = match function {
            Function::Expiry => {
                expiry += 1;
                (expiry <= 8).then_some(40 * expiry)
            }
            Function::Delivery => {
                delivery += 1;
                (delivery % 3 == 0 && delivery < 1_500).then_some(delivery / 3 % 4)
            }
        };
        call.map(|call| Trouble { kind: Kind::Killed, call })
    });
    world.passes(1_500).await;
    let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let hits = world.receiver.all();
    for hit in &hits {
        told.entry(hit.of.clone()).or_default().insert(hit.id.clone());
    }
    assert_eq!(told.keys().collect::<BTreeSet<_>>(), names.iter().collect(), "an endpoint was not told");
    assert!(told.values().all(|ids| ids.len() == 1), "an endpoint was told under two ids");
    let repeated = hits.len() - told.len();
    println!(
        "{} attempts, {repeated} of them repeated by functions that were gone before they recorded them",
        hits.len()
    );
    assert!(repeated < 250, "only those that were gone after the attempt repeat it: {repeated}");
    let recorded = deliveries(&world).await;
    assert_eq!(recorded.len(), 1_000);
    for delivery in recorded {
        assert_eq!((delivery.status, delivery.attempts.len()), (DeliveryStatus::Success, 1), "{}", delivery.id);
    }
    assert_eq!(world.stack.store.unexpanded_events(10).await.unwrap(), []);
    assert_eq!(world.stack.counts(&world.stack.delivery_dead_letters).await, [0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_used_up_its_attempts_rests_among_the_dead_letters() {
    let world = World::begin().await;
    let once = json!({"maxRetries": 0});
    let refusing = endpoint(&world, Temper::Refuses, "refusing", once.clone()).await;
    endpoint(&world, Temper::Takes, "taking", json!({})).await;
    endpoint(&world, Temper::Gone, "gone", json!({})).await;
    let unheard = endpoint(&world, Temper::Takes, "unheard", once).await;
    let impatient = endpoint(&world, Temper::Refuses, "impatient", json!({"maxRetries": 3, "retryDelay": 20})).await;
    let event = json!({"type": "session.started", "data": {}});
    assert_eq!(world.asks_in_peace("POST", "/events", &event).await.1["data"]["triggered"], 5);
    // Deleted when its delivery is on the queue, and when its second attempt is to come.
    let fan_out_alone = |function, messages| if function == Function::Expiry { messages } else { Vec::new() };
    world.handle_all(&fan_out_alone).await;
    assert_eq!(world.asks_in_peace("DELETE", &format!("/webhooks/{unheard}"), &Value::Null).await.0, 200);
    world.passes_idle(Millis::seconds(270)).await;
    world.handle_all(&|_, messages| messages).await;
    assert_eq!(world.receiver.of("impatient", "session.started").len(), 1);
    assert_eq!(world.asks_in_peace("DELETE", &format!("/webhooks/{impatient}"), &Value::Null).await.0, 200);
    world.passes(600).await;
    let mut ended: Vec<_> = deliveries(&world).await;
    ended.sort_by_key(|delivery| delivery.url.clone());
    let dead: Vec<_> = ended.iter().filter(|delivery| delivery.used_up_its_attempts()).collect();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].source.endpoint().unwrap().as_str(), refusing);
    assert_eq!(ended.iter().filter(|delivery| delivery.status == DeliveryStatus::Failed).count(), 4);
    let letters = world.stack.receive_now(&world.stack.delivery_dead_letters).await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert!(letters[0].body().unwrap().contains(dead[0].id.as_str()), "{letters:?}");
    assert_eq!(world.stack.counts(&world.stack.delivery_queue).await, [0, 0, 0], "the others' messages are gone");
}
