//! Records, as they were written by earlier versions and as they are now.

use super::super::deliveries;
use super::super::error::StoreError;
use super::super::keys::Key;
use super::super::record;
use super::super::tables::Table;
use super::super::timers::Head;
use super::super::txn::Txn;
use super::super::write_job::Durability;
use super::*;
use minoots_shared::domain::timer::Status;
use minoots_shared::ports::TimerQuery;

/// Writes the timer's record as versions without heads did.
async fn write_without_head(store: &EmbeddedStore, timer: &Timer) {
    let key = Key::scoped(&timer.scope, timer.id.as_str());
    let value = record::encode(Table::Timers, timer).unwrap();
    let job = move |txn: &mut Txn<'_>| {
        txn.put(Table::Timers, key, value);
        Ok(())
    };
    store.writer.run(Durability::Disk, job).await.unwrap();
}

#[tokio::test]
async fn a_timer_written_before_records_had_heads_goes_on_as_any_other() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    create(&store, timer("a")).await;
    write_without_head(&store, &timer("a")).await;
    assert_eq!(store.timer(&scope(), &TimerId::new("a")).await.unwrap(), Some(timer("a")));
    let stale = Timer { revision: 3, ..timer("a") };
    let (deliveries, events) = (Vec::new(), Vec::new());
    let step = TimerStep { before: 2, timer: stale, deliveries, withdraw: None, happened: 0, events };
    assert!(!store.commit_step(step).await.unwrap());
    let after = expire(&store, &timer("a"), "del_a").await;
    assert_eq!(store.timer(&scope(), &TimerId::new("a")).await.unwrap(), Some(after));
    let listed = async |status| {
        let query = TimerQuery { status: Some(status), limit: 10, ..TimerQuery::default() };
        store.timers(&scope(), &query).await.unwrap().timers.len()
    };
    assert_eq!((listed(Status::Running).await, listed(Status::Expired).await), (0, 1));
    assert_eq!(store.next_due_timer().unwrap(), None);
}

#[tokio::test]
async fn the_head_of_a_record_says_of_a_timer_in_any_state_what_the_record_says() {
    let running = timer("a");
    let expired = running.fall_due(Timestamp(u64::MAX)).unwrap().timer;
    let paused = running.pause(NOW).unwrap().unwrap().timer;
    let cancelled = running.cancel(NOW, None).unwrap().unwrap().timer;
    for timer in [running, expired, paused, cancelled] {
        let with_head = record::encode_headed(Table::Timers, &Head::of(&timer).to_bytes(), &timer).unwrap();
        let without = record::encode(Table::Timers, &timer).unwrap();
        let head = Head::of_record(&with_head).unwrap();
        assert_eq!((head.revision, head.status), (timer.revision, timer.status()));
        assert_eq!(head, Head::of_record(&without).unwrap());
        assert_eq!(record::decode::<Timer>(Table::Timers, &with_head).unwrap(), timer);
    }
}

#[test]
fn what_is_no_record_is_refused_and_said_to_be_none() {
    for (bytes, problem) in [
        (b"".as_slice(), "it is empty"),
        (b"\x07{}", "it has form 7"),
        (b"\x02\0\0", "it is cut off"),
        (b"\x02\0\0\0\x04abc", "it is cut off"),
        (b"\x02\0\0\0\x01a{", "EOF"),
    ] {
        let error = record::decode::<Timer>(Table::Timers, bytes).unwrap_err();
        assert!(matches!(&error, StoreError::Record { problem: said, .. } if said.contains(problem)), "{error}");
        assert!(Head::of_record(bytes).is_err());
    }
}

#[test]
fn a_delivery_is_read_as_it_was_written_with_its_body_inside_the_json_or_in_front_of_it() {
    let mut delivery = Delivery::clone(&delivery(&timer("a"), "del_a", NOW));
    for body in ["", "{}", "{\"a\": \"\\u0000 \u{e9}\u{1f600}\"}"] {
        delivery.body = body.into();
        let before = record::encode(Table::Deliveries, &delivery).unwrap();
        assert_eq!(deliveries::decode(&before).unwrap(), delivery);
        let now = deliveries::encode(&delivery).unwrap();
        assert_eq!(deliveries::decode(&now).unwrap(), delivery);
        assert!(now.windows(body.len().max(1)).any(|part| part == body.as_bytes()) || body.is_empty());
    }
    let error = deliveries::decode(b"\x02\0\0\0\x01\xff{}").unwrap_err();
    assert!(matches!(error, StoreError::Record { table: "deliveries", .. }));
}

#[tokio::test]
async fn more_new_deliveries_than_are_kept_are_begun_all_the_same() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    create(&store, timer("a")).await;
    let (count, timer) = (20_000, timer("a"));
    let after = timer.fall_due(timer.next_due().unwrap()).unwrap().timer;
    let deliveries = (0..count).map(|number| delivery(&timer, &format!("del_{number}"), NOW)).collect();
    let step = TimerStep { before: 0, timer: after, deliveries, withdraw: None, happened: 1, events: Vec::new() };
    assert!(store.commit_step(step).await.unwrap());
    for number in 0..count {
        let id = DeliveryId::new(format!("del_{number}"));
        assert!(store.begin_attempt(&scope(), &id).await.unwrap().is_some(), "{id}");
    }
}
