use super::*;
use crate::store::tables::Table;
use crate::store::writer::Durability;
use crate::store::{DEFAULT_RETENTION, idempotency::forget_expired, retention::delete_timer};
use minoots_shared::ports::TimerQuery;
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
