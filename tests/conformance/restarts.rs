//! Restarts: what was answered is still there, and what was under way is taken up again.

use crate::samples::{FAR, NOW, account, answered, api_key, cancel, later, numbered, pause, rotated, sketch};
use crate::world::{Sure as _, World, creation, pages};
use minoots_shared::domain::account::Mode;
use minoots_shared::ports::{Created, TimerQuery};

pub(crate) async fn what_was_answered_is_there_after_a_restart(world: &mut World<'_>) {
    let timers = world.create(&numbered(5, |number| sketch(&format!("t{number}")).telling().text("team", "red"))).await;
    let (fallen, deliveries) = world.fall_due(&timers[0], later(1_800_000)).await;
    let paused = world.take(pause(&timers[1], later(1))).await;
    let cancelled = world.take(cancel(&timers[2], later(2))).await;
    let own = world.idempotency("POST /timers", "key-1", "answer").await;
    let creation = creation(&world.mine, vec![sketch("once").timer(&world.mine)], None, Some(own.clone()));
    assert!(matches!(world.store().create_timers(creation).await.sure(), Created::Placed(_)));
    let id = world.mine.account.clone();
    let (first, second) = (api_key(&id, Mode::Live, NOW, 1), api_key(&id, Mode::Test, later(1), 2));
    let store = world.store();
    store.create_account(account(&id, 1)).await.sure();
    let replaced = rotated(&account(&id, 1), 2);
    assert!(store.replace_account(replaced.clone()).await.sure());
    store.create_api_key(first.clone(), None).await.sure();
    store.create_api_key(second.clone(), None).await.sure();
    assert!(store.revoke_api_key(&id, &first.id).await.sure());
    let day = NOW.unix_day();
    let usage = store.usage(&world.mine, day..=day).await.sure();
    let query = TimerQuery { limit: 3, ..TimerQuery::default() };
    let listed = pages(&*store, &world.mine, query.clone()).await;
    let (due_timers, due_deliveries) = (world.due_timers(FAR).await, world.due_deliveries(FAR).await);
    drop(store);
    world.restart().await;
    let store = world.store();
    for timer in [&fallen, &paused, &cancelled, &timers[3]] {
        assert_eq!(world.timer(&timer.id).await, *timer);
    }
    for delivery in &deliveries {
        assert_eq!(world.delivery(&delivery.id).await, *delivery);
    }
    assert_eq!(world.due_timers(FAR).await, due_timers);
    assert_eq!(world.due_deliveries(FAR).await, due_deliveries);
    assert_eq!(pages(&*store, &world.mine, query).await, listed);
    assert_eq!(store.concurrent_timers(&world.mine).await.sure(), 5);
    let known = store.remembered(&own.key, NOW).await.sure().map(|known| known.answer);
    assert_eq!(known.as_deref(), Some(b"answer".as_slice()));
    assert_eq!(store.account(&id).await.sure(), Some(replaced));
    assert_eq!(store.api_keys(&id).await.sure(), std::slice::from_ref(&second));
    assert_eq!(
        (store.api_key(&first.digest).await.sure(), store.api_key(&second.digest).await.sure()),
        (None, Some(second))
    );
    assert_eq!(store.usage(&world.mine, day..=day).await.sure(), usage);
}

pub(crate) async fn an_attempt_cut_off_by_a_restart_is_made_again_under_its_number(world: &mut World<'_>) {
    let timer = world.create_one(sketch("deploy").telling()).await;
    let (_, deliveries) = world.fall_due(&timer, later(900_000)).await;
    let id = &deliveries[0].id;
    let store = world.store();
    let first = store.begin_attempt(&world.mine, id).await.sure().expect("it is open");
    store.finish_attempt(&world.mine, id, answered(&first, later(900_000), 500)).await.sure().expect("it is new");
    let second = store.begin_attempt(&world.mine, id).await.sure().expect("it is open");
    drop(store);
    world.restart().await;
    assert_eq!(world.due_deliveries(FAR).await.iter().filter(|due| due.id == *id).count(), 1);
    let again = world.store().begin_attempt(&world.mine, id).await.sure().expect("nobody is at it any more");
    assert_eq!((again.next_attempt(), again), (2, second));
}

pub(crate) async fn a_step_after_a_restart_goes_on_where_the_timer_was(world: &mut World<'_>) {
    let timer = world.create_one(sketch("deploy").telling()).await;
    let (timer, deliveries) = world.fall_due(&timer, later(900_000)).await;
    world.restart().await;
    assert!(!world.store().commit_step(pause(&sketch("deploy").timer(&world.mine), later(5))).await.sure());
    world.take(cancel(&timer, later(900_001))).await;
    assert!(!world.delivery(&deliveries[0].id).await.status.is_open());
    assert_eq!(world.due_timers(FAR).await, []);
    assert_eq!(world.store().concurrent_timers(&world.mine).await.sure(), 0);
}
