//! Endpoints: made once, changed one change after the other, and asked who of them is subscribed.

use crate::calls::{Sure as _, at_once, idempotency};
use crate::samples::{account, later};
use crate::subscribed::{changed, endpoint, event};
use crate::world::World;
use minoots_shared::domain::endpoint::Endpoint;
use minoots_shared::domain::ids::{EndpointId, EventId};
use minoots_shared::domain::time::Millis;

async fn stored(world: &World<'_>, id: &EndpointId) -> Option<Endpoint> {
    world.store().endpoint(&world.mine, id).await.sure()
}

pub(crate) async fn an_endpoint_is_read_back_exactly_as_it_was_made(world: &mut World<'_>) {
    let made = world.subscribe(&[("whk_1", &["*"]), ("whk_2", &["session.*", "a.b"])]).await;
    for endpoint in &made {
        assert_eq!(stored(world, &endpoint.id).await.as_ref(), Some(endpoint));
    }
    assert_eq!(stored(world, &EndpointId::new("whk_")).await, None);
    assert_eq!(stored(world, &EndpointId::new("whk_11")).await, None);
}

pub(crate) async fn another_scopes_endpoint_is_neither_read_nor_changed_nor_deleted(world: &mut World<'_>) {
    let [_, foreign, other_mode] = world.scopes();
    let mine = endpoint(&world.mine, "whk_1", &["*"]);
    assert_eq!(world.store().create_endpoint(mine.clone(), None).await.sure(), None);
    for scope in [foreign, other_mode] {
        assert_eq!(world.store().endpoint(&scope, &mine.id).await.sure(), None);
        let theirs = Endpoint { scope: scope.clone(), ..changed(&mine, r#"{"name": "x"}"#) };
        assert!(!world.store().replace_endpoint(theirs, None).await.sure());
        assert!(!world.store().delete_endpoint(&scope, &mine.id).await.sure());
        assert_eq!(world.store().endpoint(&scope, &mine.id).await.sure(), None);
    }
    assert_eq!(stored(world, &mine.id).await, Some(mine));
}

pub(crate) async fn endpoints_are_listed_newest_first_inactive_ones_too(world: &mut World<'_>) {
    let made = world.subscribe(&[("whk_2", &["*"]), ("whk_30", &["*"]), ("whk_1", &["a.b"]), ("whk_1b", &["*"])]).await;
    let inactive = changed(&made[1], r#"{"active": false}"#);
    assert!(world.store().replace_endpoint(inactive.clone(), None).await.sure());
    let expected = [inactive, made[0].clone(), made[3].clone(), made[2].clone()];
    assert_eq!(world.store().endpoints(&world.mine).await.sure(), expected);
}

pub(crate) async fn an_endpoint_is_replaced_by_its_next_revision_only(world: &mut World<'_>) {
    let made = world.subscribe(&[("whk_1", &["*"])]).await.remove(0);
    let next = changed(&made, r#"{"name": "next", "events": ["a.b"], "url": "https://next.example.com/"}"#);
    let after_next = changed(&next, r#"{"name": "after next"}"#);
    for wrong in [&made, &after_next, &Endpoint { revision: 7, ..made.clone() }] {
        assert!(!world.store().replace_endpoint(wrong.clone(), None).await.sure(), "revision {}", wrong.revision);
        assert_eq!(stored(world, &made.id).await.as_ref(), Some(&made));
    }
    assert!(world.store().replace_endpoint(next.clone(), None).await.sure());
    assert_eq!(stored(world, &made.id).await.as_ref(), Some(&next));
    assert!(!world.store().replace_endpoint(next, None).await.sure());
    assert!(world.store().replace_endpoint(after_next.clone(), None).await.sure());
    assert_eq!(stored(world, &made.id).await, Some(after_next));
    let unknown = changed(&endpoint(&world.mine, "whk_9", &["*"]), r#"{"name": "x"}"#);
    assert!(!world.store().replace_endpoint(unknown.clone(), None).await.sure());
    assert_eq!(stored(world, &unknown.id).await, None);
}

pub(crate) async fn of_many_changes_of_an_endpoint_at_once_exactly_one_is_taken(world: &mut World<'_>) {
    let mut made = world.subscribe(&[("whk_1", &["*"])]).await.remove(0);
    for _ in 0..10 {
        let next = |number: usize| changed(&made, &format!(r#"{{"name": "n{number}", "events": ["t{number}.x"]}}"#));
        let taken = at_once(10, |number| {
            let (store, endpoint) = (world.store(), next(number));
            async move { store.replace_endpoint(endpoint, None).await.sure() }
        })
        .await;
        let winners: Vec<_> = taken.iter().enumerate().filter(|(_, taken)| **taken).map(|(number, _)| number).collect();
        assert_eq!(winners.len(), 1);
        made = next(winners[0]);
        assert_eq!(stored(world, &made.id).await.as_ref(), Some(&made));
        for number in 0..10 {
            let subscribed = world.store().subscribers(&world.mine, &format!("t{number}.x")).await.sure();
            assert_eq!(subscribed.len(), usize::from(number == winners[0]));
        }
    }
}

pub(crate) async fn a_known_key_makes_no_second_endpoint(world: &mut World<'_>) {
    let own = world.idempotency("POST /webhooks", "key-1", "first").await;
    let [one, two] = ["whk_1", "whk_2"].map(|id| endpoint(&world.mine, id, &["*"]));
    assert_eq!(world.store().create_endpoint(one.clone(), Some(own.clone())).await.sure(), None);
    let again = idempotency(&world.mine, "POST /webhooks", "key-1", "second", later(5));
    let known = world.store().create_endpoint(two.clone(), Some(again)).await.sure().expect("the key is known");
    assert_eq!((known.answer.as_slice(), known.fingerprint), (b"first".as_slice(), own.fingerprint));
    assert_eq!(world.store().endpoints(&world.mine).await.sure(), [one]);
    assert_eq!(world.store().subscribers(&world.mine, "a.b").await.sure().len(), 1);
    let remembered = world.store().remembered(&own.key, later(5)).await.sure();
    assert_eq!(remembered.map(|remembered| remembered.answer), Some(b"first".into()));
}

pub(crate) async fn a_deleted_endpoint_is_gone_and_its_deliveries_and_figures_stay(world: &mut World<'_>) {
    let made = world.subscribe(&[("whk_1", &["*"]), ("whk_2", &["*"])]).await;
    let told = world.told("evt_1", later(9), &made).await;
    let taken = world.attempted(&told[0].id, later(10), 204).await;
    let figures = world.store().endpoint_figures(&world.mine, &made[0].id).await.sure();
    assert!(world.store().delete_endpoint(&world.mine, &made[0].id).await.sure());
    assert!(!world.store().delete_endpoint(&world.mine, &made[0].id).await.sure());
    assert_eq!(stored(world, &made[0].id).await, None);
    assert_eq!(world.store().endpoints(&world.mine).await.sure(), [made[1].clone()]);
    assert_eq!(world.store().subscribers(&world.mine, "a.b").await.sure(), [made[1].id.clone()]);
    assert_eq!(world.listed(Some(&made[0].id), None).await, [taken]);
    assert_eq!(world.store().endpoint_figures(&world.mine, &made[0].id).await.sure(), figures);
    world.figures_agree(&[&made[0].id, &made[1].id]).await;
}

pub(crate) async fn an_endpoint_changed_while_it_is_deleted_does_not_come_back(world: &mut World<'_>) {
    for number in 0..20 {
        let made = world.subscribe(&[(&format!("whk_{number}"), &["a.b"])]).await.remove(0);
        at_once(2, |part| {
            let (store, scope, endpoint) = (world.store(), world.mine.clone(), changed(&made, r#"{"name": "x"}"#));
            async move {
                match part {
                    0 => assert!(store.delete_endpoint(&scope, &endpoint.id).await.sure()),
                    _ => drop(store.replace_endpoint(endpoint, None).await.sure()),
                }
            }
        })
        .await;
        assert_eq!(stored(world, &made.id).await, None);
        assert_eq!(world.store().subscribers(&world.mine, "a.b").await.sure(), []);
    }
}

pub(crate) async fn subscribers_are_those_that_take_the_type_in_the_order_of_their_ids(world: &mut World<'_>) {
    let made = world
        .subscribe(&[
            ("whk_9", &["*"]),
            ("whk_3", &["session.started", "session.*", "other.x"]),
            ("whk_5", &["session.a.*"]),
            ("whk_4", &["session.started"]),
            ("whk_1", &["sessions.*"]),
            ("whk_6", &["session.starte"]),
            ("whk_2", &["session.a.b"]),
        ])
        .await;
    let mut inactive = changed(&made[3], r#"{"active": false}"#);
    assert!(world.store().replace_endpoint(inactive.clone(), None).await.sure());
    let mut now: Vec<Endpoint> = made;
    now[3] = inactive.clone();
    for round in 0..3 {
        for event_type in ["session.started", "session.a.b", "session.a", "sessions.x", "session.starte", "x.y"] {
            let mut expected: Vec<_> = now.iter().filter(|one| one.takes(event_type)).map(|one| &one.id).collect();
            expected.sort();
            let found = world.store().subscribers(&world.mine, event_type).await.sure();
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{event_type} in round {round}");
        }
        // Active again, then subscribed to something else.
        let change = if round == 0 { r#"{"active": true}"# } else { r#"{"events": ["x.*", "session.a"]}"# };
        inactive = changed(&inactive, change);
        assert!(world.store().replace_endpoint(inactive.clone(), None).await.sure());
        now[3] = inactive.clone();
    }
}

pub(crate) async fn an_account_and_those_that_an_event_reaches_are_found_together_as_they_are_apart(
    world: &mut World<'_>,
) {
    world.subscribe(&[("whk_2", &["*"]), ("whk_1", &["a.b"]), ("whk_3", &["x.*"])]).await;
    let store = world.store();
    for opened in [false, true] {
        if opened {
            store.create_account(account(&world.mine.account, 7)).await.sure();
        }
        for scope in world.scopes() {
            for event_type in ["a.b", "x.y", "c.d"] {
                let account = store.account(&scope.account).await.sure();
                let apart = (account, store.subscribers(&scope, event_type).await.sure());
                let found = store.account_and_subscribers(&scope, event_type).await.sure();
                assert_eq!(found, apart, "{event_type} in {scope:?}");
            }
        }
    }
    let (found, subscribers) = store.account_and_subscribers(&world.mine, "a.b").await.sure();
    assert_eq!(found.map(|found| found.id), Some(world.mine.account.clone()));
    assert_eq!(subscribers, ["whk_1", "whk_2"].map(EndpointId::new));
}

pub(crate) async fn all_of_many_subscribers_are_found(world: &mut World<'_>) {
    let ids: Vec<_> = (0..300).map(|number| format!("whk_{number:03}")).collect();
    let of = |number: usize| -> &[&str] { if number < 150 { &["session.*"] } else { &["*", "a.b"] } };
    let endpoints: Vec<_> = ids.iter().enumerate().map(|(number, id)| (id.as_str(), of(number))).collect();
    let made = world.subscribe(&endpoints).await;
    let found = world.store().subscribers(&world.mine, "session.started").await.sure();
    assert_eq!(found, made.iter().map(|endpoint| endpoint.id.clone()).collect::<Vec<_>>());
    assert_eq!(world.store().subscribers(&world.mine, "a.b").await.sure().len(), 150);
    assert_eq!(world.store().endpoints(&world.mine).await.sure().len(), 300);
}

pub(crate) async fn a_deactivation_and_the_event_that_tells_of_it_are_one_step(world: &mut World<'_>) {
    let made = world.subscribe(&[("whk_1", &["*"]), ("whk_2", &["*"])]).await;
    let disabled = made[0].disabled(later(9), "gone").expect("it is active");
    let tells = event(&world.mine, "evt_1", later(9), std::slice::from_ref(&made[1].id));
    let stale = Endpoint { revision: 5, ..disabled.clone() };
    assert!(!world.store().replace_endpoint(stale, Some(tells.clone())).await.sure());
    assert_eq!(world.store().event(&world.mine, &EventId::new("evt_1")).await.sure(), None);
    assert_eq!(world.unexpanded().await, []);
    assert!(world.store().replace_endpoint(disabled.clone(), Some(tells.clone())).await.sure());
    assert_eq!(stored(world, &made[0].id).await.as_ref(), Some(&disabled));
    assert_eq!(world.event(&tells.id).await, tells);
    assert_eq!(world.unexpanded().await, std::slice::from_ref(&tells.id));
    // Told already, by whoever was cut off before: the event stays as it is.
    let next = changed(&disabled, r#"{"name": "x"}"#);
    let other = event(&world.mine, "evt_1", later(9).plus(Millis(7)), &[]);
    assert!(world.store().replace_endpoint(next, Some(other)).await.sure());
    assert_eq!(world.event(&tells.id).await, tells);
}
