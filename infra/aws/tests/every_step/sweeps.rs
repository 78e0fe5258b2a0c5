//! The sweep that meets trouble itself: what it does not come to, the next one does.

use crate::receiver::Temper;
use crate::trouble::{Kind, Trouble};
use crate::world::World;
use minoots_emulator::{Process, sweep};
use minoots_shared::domain::time::Millis;
use serde_json::{Value, json};

/// A sweep each minute, for what is overdue by 45 seconds: two minutes at most; and another one if the first was cut off.
const MOST_LATE: Millis = Millis::seconds(180);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_sweep_does_not_come_to_the_next_one_repairs() {
    let world = World::begin().await;
    let calls = repaired(&world, "measured", Trouble::NONE).await;
    // The queries of the due index are many and alike: the first and the last stand for them.
    let is_query = |call: &usize| calls[*call].ends_with("Query") && *call > 0 && *call < calls.len() - 1;
    let mut troubles = 0;
    for call in (0..calls.len()).filter(|call| !is_query(call)) {
        for kind in [Kind::Killed, Kind::Failing, Kind::AnswersLost] {
            troubles += 1;
            repaired(&world, &format!("{kind:?}-{call}"), Trouble { kind, call }).await;
        }
    }
    println!("{troubles} troubles in a sweep of {} calls", calls.len());
    assert!(troubles >= 15, "the sweep repaired less than it should: {calls:?}");
}

/// A timer that nothing wakes, one whose webhook nobody was told to send, and a sweep with trouble: the calls that it made.
async fn repaired(world: &World, id: &str, trouble: Trouble) -> Vec<String> {
    let begun = world.clock.now();
    let (due, fired) = (format!("due-{id}"), format!("fired-{id}"));
    for timer in [&due, &fired] {
        let end = begun.plus(Millis::seconds(15)).to_iso();
        let body = json!({"id": timer, "expiresAt": end, "webhook": world.receiver.url(Temper::Takes, timer)});
        assert_eq!(world.asks_in_peace("POST", "/timers", &body).await.0, 201);
    }
    assert_eq!(world.asks_in_peace("POST", &format!("/timers/{fired}/fire"), &Value::Null).await.0, 200);
    for queue in [&world.stack.due_queue, &world.stack.delivery_queue] {
        world.stack.clients.sqs.purge_queue().queue_url(queue).send().await.unwrap();
    }
    world.passes_idle(Millis::seconds(60)).await;
    let work = async |process: Process<'_>| process.expiry().handle(sweep(&world.clock)).await.is_ok();
    let (_, calls) = trouble.meets(&world.stack, &world.clock, work).await;
    world.handle_all(&|_, messages| messages).await;
    // The next sweep, and whatever it leads to.
    world.passes(60).await;
    for timer in [&due, &fired] {
        let hits = world.receiver.of(timer, "timer_expired");
        assert_eq!(hits.len(), 1, "{timer}: {hits:?}");
        assert!(hits[0].at.since(begun).0 <= MOST_LATE.0, "{timer}: {hits:?}");
    }
    calls
}
