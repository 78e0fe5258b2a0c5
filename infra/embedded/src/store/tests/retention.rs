use super::*;
use crate::store::tables::Table;
use crate::store::write_job::Durability;
use crate::store::{DEFAULT_RETENTION, deliveries::delete_ended, idempotency::forget_expired, retention::delete_timer};
use minoots_shared::domain::event::Event;
use minoots_shared::domain::figures::Latencies;
use minoots_shared::domain::ids::{EndpointId, EventId};
use minoots_shared::ports::{DeliveryQuery, TimerQuery};
use std::ops::Bound;

/// How many entries each table has that has any.
fn entries(store: &EmbeddedStore) -> Vec<(&'static str, usize)> {
    let view = store.tables.view();
    let count = |table: Table| view.range(table, Bound::Unbounded, None).count();
    Table::ALL.map(|table| (table.name(), count(table))).into_iter().filter(|(_, count)| *count > 0).collect()
}

#[tokio::test]
async fn a_timer_is_deleted_with_all_that_belongs_to_it_30_days_after_its_end() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let with_key = Creation { idempotency: Some(idempotency("k", NOW)), ..creation(vec![timer("a")]) };
    store.create_timers(with_key).await.unwrap();
    let ended = expire(&store, &timer("a"), "del_a").await.ended_at().unwrap();
    let last = ended.plus(DEFAULT_RETENTION);

    assert_eq!(store.purge(NOW.plus(Millis::DAY).minus(Millis(1)), 100).await.unwrap(), 0);
    assert_eq!(store.purge(last.minus(Millis(1)), 100).await.unwrap(), 1, "the idempotency key alone");
    assert_eq!(
        store.create_timers(creation(vec![timer("a")])).await.unwrap(),
        Created::Placed(vec![Placement::IdTaken])
    );
    assert_eq!(store.purge(last, 100).await.unwrap(), 1);
    assert_eq!(entries(&store), [("usage", 1), ("usage_days", 1)]);
    assert_eq!(store.purge(NOW.plus(Millis::days(401)), 100).await.unwrap(), 1);
    assert_eq!(entries(&store), []);

    create(&store, timer("a")).await;
}

#[tokio::test]
async fn what_runs_is_never_deleted() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    create(&store, timer("a")).await;
    store.purge(NOW.plus(Millis::days(10_000)), 100).await.unwrap();
    assert_eq!(store.due_timers(NOW.plus(Millis::SECOND), 1).await.unwrap().len(), 1);
    let query = TimerQuery { limit: 1, ..TimerQuery::default() };
    assert_eq!(store.timers(&scope(), &query).await.unwrap().timers, [timer("a")]);
}

#[tokio::test]
async fn a_purge_deletes_no_more_than_it_may_and_the_next_one_goes_on() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    for n in 0..150 {
        let timer = timer(&format!("t{n:03}"));
        create(&store, timer.clone()).await;
        expire(&store, &timer, &format!("del_{n}")).await;
    }
    let later = NOW.plus(Millis::days(31));
    assert_eq!(store.purge(later, 100).await.unwrap(), 100);
    assert_eq!(store.purge(later, 100).await.unwrap(), 50);
    assert_eq!(store.purge(later, 100).await.unwrap(), 0);
    create(&store, timer("late")).await;
    expire(&store, &timer("late"), "del_late").await;
    assert_eq!(store.purge(later, 100).await.unwrap(), 1, "what ended before what purges have looked at");
    assert_eq!(entries(&store), [("usage", 1), ("usage_days", 1)]);
}

#[tokio::test]
async fn a_key_used_anew_after_it_expired_is_kept_until_it_expires_again() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let create = |id, at| Creation { idempotency: Some(idempotency("k", at)), ..creation(vec![timer(id)]) };
    let later = NOW.plus(Millis::DAY);
    store.create_timers(create("a", NOW)).await.unwrap();
    assert!(matches!(store.create_timers(create("b", later.minus(Millis(1)))).await.unwrap(), Created::Known(_)));
    assert!(matches!(store.create_timers(create("b", later)).await.unwrap(), Created::Placed(_)));
    assert_eq!(store.purge(later, 100).await.unwrap(), 0);
    let key = idempotency("k", NOW).key;
    assert!(store.remembered(&key, later).await.unwrap().is_some());
    assert_eq!(store.purge(later.plus(Millis::DAY), 100).await.unwrap(), 1);
    assert!(store.remembered(&key, later).await.unwrap().is_none());
}

#[tokio::test]
async fn what_takes_a_deleted_things_place_while_a_purge_is_under_way_stays() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let with_key = |id, at| Creation { idempotency: Some(idempotency("k", at)), ..creation(vec![timer(id)]) };
    store.create_timers(with_key("a", NOW)).await.unwrap();
    expire(&store, &timer("a"), "del_a").await;
    let later = NOW.plus(Millis::days(31));
    // One purge has read what it is going to delete; another is done with it before, and its places are taken again.
    let ended = store.tables.scan(Table::Ended, None, Some(later), 1).unwrap().remove(0);
    let expired = store.tables.scan(Table::Expiring, None, Some(later), 1).unwrap().remove(0);
    assert_eq!(store.purge(later, 100).await.unwrap(), 2);
    store.create_timers(with_key("a", later)).await.unwrap();
    let delete = move |txn: &mut crate::store::txn::Txn<'_>| {
        delete_timer(txn, &ended)?;
        forget_expired(txn, &expired, later)
    };
    store.writer.run(Durability::System, delete).await.unwrap();
    assert_eq!(store.timer(&scope(), &TimerId::new("a")).await.unwrap(), Some(timer("a")));
    assert!(store.remembered(&idempotency("k", NOW).key, later).await.unwrap().is_some());
}

fn endpoint_event(id: &str, targets: usize) -> Event {
    let targets = (0..targets).map(|number| EndpointId::new(format!("whk_{number}"))).collect();
    Event {
        scope: scope(),
        id: EventId::new(id),
        event_type: "a.b".to_owned(),
        created_at: NOW,
        data: JsonText::empty_object(),
        targets,
        expanded: 0,
    }
}

/// An endpoint's delivery of that event, taken at once.
async fn taken(store: &EmbeddedStore, event: &Event, id: &str) -> DeliveryId {
    let source = Source::Endpoint { endpoint: event.targets[0].clone(), event: event.id.clone(), test: false };
    let new = Delivery { source, ..Delivery::clone(&delivery(&timer("a"), id, NOW)) };
    assert!(store.expand_event(&scope(), &event.id, 0, 1, vec![Arc::new(new)]).await.unwrap());
    let id = DeliveryId::new(id);
    store.begin_attempt(&scope(), &id).await.unwrap().unwrap();
    store.finish_attempt(&scope(), &id, attempt(1, NOW, 200)).await.unwrap().unwrap();
    id
}

#[tokio::test]
async fn an_endpoints_delivery_is_deleted_30_days_after_its_end_and_its_event_30_days_after_it_happened() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let event = endpoint_event("evt_1", 1);
    store.accept_event(event.clone(), None).await.unwrap();
    let id = taken(&store, &event, "del_1").await;
    let ended = store.deliveries(&scope(), std::slice::from_ref(&id)).await.unwrap()[0].ended_at.unwrap();
    assert!(ended > NOW);

    let kept = |at: Timestamp| at.plus(DEFAULT_RETENTION);
    assert_eq!(store.purge(kept(NOW).minus(Millis(1)), 100).await.unwrap(), 0);
    assert_eq!(store.purge(kept(NOW), 100).await.unwrap(), 1);
    assert_eq!(store.event(&scope(), &event.id).await.unwrap(), None);
    assert_eq!(store.delivery_counts(&scope()).await.unwrap().succeeded, 1);
    assert_eq!(store.purge(kept(ended).minus(Millis(1)), 100).await.unwrap(), 0);
    assert_eq!(store.purge(kept(ended), 100).await.unwrap(), 1);
    assert_eq!(store.delivery_counts(&scope()).await.unwrap().total(), 0);
    assert_eq!(entries(&store), [("usage", 1), ("usage_days", 1)], "the figures of no endpoint go with it");
}

#[tokio::test]
async fn a_deleted_delivery_is_in_no_figure_of_its_endpoint_and_the_others_stay() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    for (event, at) in [("evt_1", NOW), ("evt_2", NOW.plus(Millis::DAY))] {
        let event = Event { created_at: at, ..endpoint_event(event, 1) };
        store.accept_event(event.clone(), None).await.unwrap();
        let source = Source::Endpoint { endpoint: event.targets[0].clone(), event: event.id.clone(), test: false };
        let new = Delivery { source, ..Delivery::clone(&delivery(&timer("a"), event.id.as_str(), at)) };
        let id = new.id.clone();
        assert!(store.expand_event(&scope(), &event.id, 0, 1, vec![Arc::new(new)]).await.unwrap());
        store.begin_attempt(&scope(), &id).await.unwrap().unwrap();
        let duration = if at == NOW { Millis(9_000) } else { Millis(7) };
        let result = AttemptResult { duration, ..attempt(1, at, 200) };
        store.finish_attempt(&scope(), &id, result).await.unwrap().unwrap();
    }
    store.purge(NOW.plus(Millis::days(30)).plus(Millis(9_000)), 100).await.unwrap();
    let figures = store.endpoint_figures(&scope(), &EndpointId::new("whk_0")).await.unwrap();
    assert_eq!(figures.counts.succeeded, 1);
    let mut expected = Latencies::default();
    expected.count(Millis(7));
    assert_eq!(figures.latencies, expected);
}

#[tokio::test]
async fn a_delivery_that_is_sent_again_is_kept_until_it_has_ended_again() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let event = endpoint_event("evt_1", 1);
    store.accept_event(event.clone(), None).await.unwrap();
    let id = taken(&store, &event, "del_1").await;
    let later = NOW.plus(Millis::days(31));
    let entry = store.tables.scan(Table::EndedDeliveries, None, Some(later), 1).unwrap().remove(0);
    store.replay(&scope(), &id, NOW.plus(Millis::days(29))).await.unwrap().unwrap().unwrap();
    // One purge had read what it was going to delete before.
    store.writer.run(Durability::System, move |txn| delete_ended(txn, &entry)).await.unwrap();
    assert_eq!(store.purge(later, 100).await.unwrap(), 1, "the event alone");
    store.begin_attempt(&scope(), &id).await.unwrap().unwrap();
    store.finish_attempt(&scope(), &id, attempt(2, NOW.plus(Millis::days(29)), 200)).await.unwrap().unwrap();
    assert_eq!(store.purge(later, 100).await.unwrap(), 0);
    assert_eq!(store.purge(later.plus(Millis::days(30)), 100).await.unwrap(), 1);
    assert_eq!(store.deliveries(&scope(), &[id]).await.unwrap(), []);
}

#[tokio::test]
async fn an_event_that_is_not_fanned_out_yet_and_a_delivery_that_is_open_are_kept_for_any_time() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let event = endpoint_event("evt_1", 2);
    store.accept_event(event.clone(), None).await.unwrap();
    let source = Source::Endpoint { endpoint: event.targets[0].clone(), event: event.id.clone(), test: false };
    let new = Delivery { source, ..Delivery::clone(&delivery(&timer("a"), "del_1", NOW)) };
    assert!(store.expand_event(&scope(), &event.id, 0, 1, vec![Arc::new(new)]).await.unwrap());
    store.purge(NOW.plus(Millis::days(399)), 100).await.unwrap();
    assert_eq!(store.event(&scope(), &event.id).await.unwrap(), Some(Event { expanded: 1, ..event }));
    assert_eq!(store.due_deliveries(None, NOW, 10).await.unwrap().len(), 1);
    assert_eq!(store.delivery_counts(&scope()).await.unwrap().pending, 1);
}

#[tokio::test]
async fn a_deleted_timers_deliveries_are_counted_and_listed_no_more() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    create(&store, timer("a")).await;
    expire(&store, &timer("a"), "del_a").await;
    assert_eq!(store.delivery_counts(&scope()).await.unwrap().pending, 1);
    store.purge(NOW.plus(Millis::days(31)), 100).await.unwrap();
    assert_eq!(store.delivery_counts(&scope()).await.unwrap().total(), 0);
    let all = DeliveryQuery { limit: 10, ..DeliveryQuery::default() };
    assert_eq!(store.delivery_page(&scope(), &all).await.unwrap().deliveries, []);
}
