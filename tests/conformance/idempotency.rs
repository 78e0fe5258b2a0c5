//! Idempotency keys: a creation that is repeated happens once, and is answered as the first time.

use crate::samples::{FAR, NOW, api_key, later, numbered, sketch};
use crate::world::{Sure as _, World, at_once, creation, idempotency};
use minoots_shared::domain::account::{Mode, Scope};
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::domain::timer::Timer;
use minoots_shared::ports::Placement::{IdTaken, OverLimit, Stored};
use minoots_shared::ports::{Created, Idempotency, IdempotencyKey, Placement, Remembered};
use std::sync::Arc;

const TIMERS: &str = "POST /timers";
const BATCH: &str = "POST /timers/batch";
const KEYS: &str = "POST /account/api-keys";

fn placed(count: usize) -> Created {
    Created::Placed(vec![Stored; count])
}

fn remembered(idempotency: &Idempotency, answer: &str) -> Remembered {
    let (fingerprint, expires_at) = (idempotency.fingerprint, idempotency.expires_at);
    Remembered { fingerprint, answer: answer.as_bytes().to_vec(), expires_at }
}

/// A creation of mine; the neighbours have timers with the same ids.
async fn create(world: &mut World<'_>, timers: Vec<Timer>, idempotency: Idempotency) -> Created {
    world.surround(&timers).await;
    world.store().create_timers(creation(&world.mine, timers, None, Some(idempotency))).await.sure()
}

pub(crate) async fn a_known_key_stores_nothing_and_gives_the_first_answer(world: &mut World<'_>) {
    let first = world.idempotency(TIMERS, "key-1", "first").await;
    let timer = sketch("first").timer(&world.mine);
    assert_eq!(create(world, vec![timer.clone()], first.clone()).await, placed(1));
    let expected = remembered(&first, "first");
    for answer in ["first", "another body"] {
        let again = idempotency(&world.mine, TIMERS, "key-1", answer, later(5));
        let others = vec![sketch("second").timer(&world.mine), timer.clone()];
        assert_eq!(create(world, others, again.clone()).await, Created::Known(expected.clone()));
        assert_eq!(world.store().remembered(&again.key, later(5)).await.sure(), Some(expected.clone()));
    }
    let due: Vec<_> = world.due_timers(FAR).await.into_iter().map(|due| due.id).collect();
    assert_eq!(due, [timer.id]);
}

pub(crate) async fn a_key_that_was_never_used_is_unknown(world: &mut World<'_>) {
    let unused = world.idempotency(TIMERS, "key-1", "unused").await;
    assert_eq!(world.store().remembered(&unused.key, NOW).await.sure(), None);
}

pub(crate) async fn the_answer_is_worked_out_from_what_became_of_the_timers(world: &mut World<'_>) {
    world.create(&[sketch("taken")]).await;
    let plain = world.idempotency(BATCH, "key-1", "").await;
    let describe = |placements: &[Placement]| Some(format!("{placements:?}").into_bytes());
    let idempotency = Idempotency { answer: Arc::new(describe), ..plain };
    let timers = ["taken", "a", "b", "c"].map(|id| sketch(id).timer(&world.mine)).to_vec();
    let creation = creation(&world.mine, timers, Some(3), Some(idempotency.clone()));
    let became = vec![IdTaken, Stored, Stored, OverLimit];
    let expected = format!("{became:?}");
    assert_eq!(world.store().create_timers(creation).await.sure(), Created::Placed(became));
    let known = world.store().remembered(&idempotency.key, NOW).await.sure();
    assert_eq!(known, Some(remembered(&idempotency, &expected)));
}

pub(crate) async fn an_answer_that_is_not_to_be_remembered_is_not(world: &mut World<'_>) {
    world.create(&[sketch("taken")]).await;
    let plain = world.idempotency(TIMERS, "key-1", "").await;
    let only_if_stored = |placements: &[Placement]| placements.contains(&Stored).then(|| b"stored".to_vec());
    let idempotency = Idempotency { answer: Arc::new(only_if_stored), ..plain };
    let mine = world.mine.clone();
    let one = |id: &str| vec![sketch(id).timer(&mine)];
    assert_eq!(create(world, one("taken"), idempotency.clone()).await, Created::Placed(vec![IdTaken]));
    assert_eq!(world.store().remembered(&idempotency.key, NOW).await.sure(), None);
    assert_eq!(create(world, one("free"), idempotency.clone()).await, placed(1));
    let known = Created::Known(remembered(&idempotency, "stored"));
    assert_eq!(create(world, one("another"), idempotency).await, known);
}

pub(crate) async fn an_answer_without_any_timer_is_remembered_too(world: &mut World<'_>) {
    let nothing = world.idempotency(BATCH, "key-1", "all were wrong").await;
    assert_eq!(create(world, Vec::new(), nothing.clone()).await, placed(0));
    let known = Created::Known(remembered(&nothing, "all were wrong"));
    assert_eq!(create(world, vec![sketch("t").timer(&world.mine)], nothing).await, known);
}

pub(crate) async fn a_key_counts_until_it_expires_and_is_free_then(world: &mut World<'_>) {
    let first = world.idempotency(TIMERS, "key-1", "first").await;
    assert_eq!(create(world, vec![sketch("a").timer(&world.mine)], first.clone()).await, placed(1));
    let expires = first.expires_at;
    let store = world.store();
    let just_before = expires.minus(Millis(1));
    assert_eq!(store.remembered(&first.key, just_before).await.sure(), Some(remembered(&first, "first")));
    assert_eq!(store.remembered(&first.key, expires.plus(Millis(1))).await.sure(), None);
    let mine = world.mine.clone();
    let again = |at: Timestamp| idempotency(&mine, TIMERS, "key-1", "second", at);
    let second = vec![sketch("b").timer(&mine)];
    assert_eq!(create(world, second.clone(), again(just_before)).await, Created::Known(remembered(&first, "first")));
    let anew = again(expires.plus(Millis(1)));
    assert_eq!(create(world, second, anew.clone()).await, placed(1));
    let known = Some(remembered(&anew, "second"));
    assert_eq!(store.remembered(&anew.key, anew.at).await.sure(), known);
    assert_eq!(store.remembered(&anew.key, anew.at.plus(Millis::MINUTE)).await.sure(), known);
}

pub(crate) async fn the_same_key_on_another_route_or_in_another_scope_is_another_key(world: &mut World<'_>) {
    // The last two would be one text with the route before them.
    let keys = [
        (TIMERS, "key-1"),
        (BATCH, "key-1"),
        ("POST /quick/wait", "key-1"),
        (KEYS, "key-1"),
        (TIMERS, "/batch1"),
        (BATCH, "1"),
    ];
    let mut used = Vec::new();
    for (number, (route, key)) in keys.into_iter().enumerate() {
        let answer = number.to_string();
        let own = world.idempotency(route, key, &answer).await;
        let timer = sketch(&format!("t{number}")).timer(&world.mine);
        assert_eq!(create(world, vec![timer], own.clone()).await, placed(1), "{route} {key}");
        used.push((own, answer));
    }
    for (own, answer) in used {
        assert_eq!(world.store().remembered(&own.key, NOW).await.sure(), Some(remembered(&own, &answer)));
    }
}

pub(crate) async fn keys_are_compared_whole_whatever_characters_they_have(world: &mut World<'_>) {
    let longest = "k".repeat(255);
    let texts = [
        "a",
        "A",
        "aa",
        "/batch",
        "/batch/a",
        "a#b",
        "a:b",
        "!",
        "~",
        "a b",
        "%00",
        "0",
        "00",
        &longest,
        &longest[1..],
    ];
    for (number, text) in texts.into_iter().enumerate() {
        let own = world.idempotency(TIMERS, text, text).await;
        let timer = sketch(&format!("t{number}")).timer(&world.mine);
        assert_eq!(create(world, vec![timer], own).await, placed(1), "{text}");
    }
    for text in texts {
        let key = IdempotencyKey { scope: world.mine.clone(), route: TIMERS, key: text.to_owned() };
        let known = world.store().remembered(&key, NOW).await.sure();
        assert_eq!(known.map(|known| known.answer), Some(text.as_bytes().to_vec()), "{text}");
    }
}

pub(crate) async fn a_hundred_creations_at_once_with_one_key_make_one_set_of_timers(world: &mut World<'_>) {
    world.idempotency(BATCH, "key-1", "").await;
    world.surround(&[sketch("set-0-0").timer(&world.mine)]).await;
    let sets = at_once(100, |number| {
        let (store, scope) = (world.store(), world.mine.clone());
        let timers = numbered(3, |timer| sketch(&format!("set-{number}-{timer}")));
        let timers = timers.iter().map(|sketch| sketch.timer(&scope)).collect();
        let own = idempotency(&scope, BATCH, "key-1", &format!("set-{number}"), NOW);
        async move { store.create_timers(creation(&scope, timers, Some(50), Some(own))).await.sure() }
    })
    .await;
    let winners: Vec<_> = (0..100).filter(|number| sets[*number] == placed(3)).collect();
    assert_eq!(winners.len(), 1, "{} sets of timers", winners.len());
    let set = format!("set-{}", winners[0]);
    let own = idempotency(&world.mine, BATCH, "key-1", &set, NOW);
    let known = Created::Known(remembered(&own, &set));
    assert_eq!(sets.iter().filter(|created| **created == known).count(), 99);
    let mut due: Vec<_> = world.due_timers(FAR).await.into_iter().map(|due| due.id.to_string()).collect();
    due.sort();
    assert_eq!(due, [0, 1, 2].map(|timer| format!("{set}-{timer}")));
    assert_eq!(world.store().concurrent_timers(&world.mine).await.sure(), 3);
}

pub(crate) async fn creations_at_once_with_different_keys_are_all_done(world: &mut World<'_>) {
    world.idempotency(TIMERS, "key-1", "").await;
    let created = at_once(30, |number| {
        let (store, scope) = (world.store(), world.mine.clone());
        let own = idempotency(&scope, TIMERS, &format!("key-{number}"), "done", NOW);
        let timer = sketch(&format!("t{number}")).timer(&scope);
        async move { store.create_timers(creation(&scope, vec![timer], None, Some(own))).await.sure() }
    })
    .await;
    assert!(created.iter().all(|created| *created == placed(1)), "{created:?}");
    assert_eq!(world.due_timers(FAR).await.len(), 30);
}

pub(crate) async fn a_known_key_makes_no_second_api_key(world: &mut World<'_>) {
    let own = world.idempotency(KEYS, "key-1", "first").await;
    let account = world.mine.account.clone();
    let first = api_key(&account, Mode::Live, NOW, 1);
    let second = api_key(&account, Mode::Live, later(1), 2);
    let store = world.store();
    assert_eq!(store.create_api_key(first.clone(), Some(own.clone())).await.sure(), None);
    let known = Some(remembered(&own, "first"));
    let again = idempotency(&world.mine, KEYS, "key-1", "second", later(1));
    assert_eq!(store.create_api_key(second.clone(), Some(again)).await.sure(), known);
    assert_eq!(store.remembered(&own.key, NOW).await.sure(), known);
    assert_eq!(store.api_key(&second.digest).await.sure(), None);
    assert_eq!(store.api_keys(&account).await.sure(), [first]);
    let anew = idempotency(&world.mine, KEYS, "key-1", "second", own.expires_at.plus(Millis(1)));
    assert_eq!(store.create_api_key(second.clone(), Some(anew)).await.sure(), None);
    assert_eq!(store.api_key(&second.digest).await.sure(), Some(second));
}

pub(crate) async fn api_keys_made_at_once_with_one_idempotency_key_are_one(world: &mut World<'_>) {
    world.idempotency(KEYS, "key-1", "").await;
    let made = at_once(30, |number| {
        let (store, scope) = (world.store(), world.mine.clone());
        let own = idempotency(&scope, KEYS, "key-1", &format!("key {number}"), NOW);
        let key = api_key(&scope.account, Mode::Live, NOW, number as u8);
        async move { store.create_api_key(key, Some(own)).await.sure() }
    })
    .await;
    let keys = world.store().api_keys(&world.mine.account).await.sure();
    assert_eq!(keys.len(), 1);
    let winner = made.iter().position(Option::is_none).expect("one was made");
    let own = idempotency(&world.mine, KEYS, "key-1", &format!("key {winner}"), NOW);
    let known = Some(remembered(&own, &format!("key {winner}")));
    assert_eq!(made.iter().filter(|made| **made == known).count(), 29);
    assert_eq!(keys[0], api_key(&world.mine.account, Mode::Live, NOW, winner as u8));
}

pub(crate) async fn an_idempotency_key_of_a_longer_account_name_is_another(world: &mut World<'_>) {
    // Text put together from account, mode, route and key must not read the same for two of them.
    let own = world.idempotency(TIMERS, "key-1", "mine").await;
    assert_eq!(create(world, vec![sketch("a").timer(&world.mine)], own).await, placed(1));
    for (account, mode) in [("acc", Mode::Live), ("acctlive", Mode::Live), ("acct#live", Mode::Test)] {
        let account = minoots_shared::domain::ids::AccountId::new(account);
        let key = IdempotencyKey { scope: Scope { account, mode }, route: TIMERS, key: "key-1".to_owned() };
        assert_eq!(world.store().remembered(&key, NOW).await.sure(), None, "{key:?}");
    }
}
