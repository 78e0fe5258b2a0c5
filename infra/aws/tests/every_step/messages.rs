//! What queues and schedules may do, and do on rare days: hand a message over twice, late or in another order, or never.

use crate::receiver::Temper::{self, RefusesFirst, Takes};
use crate::trouble::Trouble;
use crate::world::{Function, World};
use aws_sdk_sqs::types::{Message, QueueAttributeName};
use minoots_shared::domain::time::{Millis, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Mutex;

/// What is found by the sweep alone fires at most so late.
const MOST_LATE: Millis = Millis::seconds(120);

/// Creates a timer that is due after so many seconds and has a milestone after two thirds of them.
async fn create(world: &World, id: &str, seconds: u64, temper: Temper) {
    let url = world.receiver.url(temper, id);
    let body = json!({
        "id": id, "expiresAt": world.clock.now().plus(Millis::seconds(seconds)).to_iso(), "webhook": url,
        "events": {
            "on_progress": {"webhook": url, "intervals": [format!("-{}s", seconds / 3)]},
            "on_cancel": {"webhook": url},
        },
    });
    let (status, answer) = world.asks_in_peace("POST", "/timers", &body).await;
    assert_eq!(status, 201, "{answer}");
}

async fn timer(world: &World, id: &str) -> Value {
    world.asks_in_peace("GET", &format!("/timers/{id}"), &Value::Null).await.1
}

/// The timer's event came, under one id, at `due` or at most `late` after it; and each delivery is recorded once.
async fn came_once(world: &World, id: &str, event: &str, due: Timestamp, late: Millis) {
    let hits = world.receiver.of(id, event);
    let ids: BTreeSet<_> = hits.iter().map(|hit| &hit.id).collect();
    assert_eq!(ids.len(), 1, "{event} of {id}: {hits:?}");
    assert!(hits[0].at >= due && hits[0].at <= due.plus(late), "{event} of {id}, due at {due:?}: {hits:?}");
    let found = timer(world, id).await;
    let recorded: Vec<_> =
        found["deliveries"].as_array().unwrap().iter().filter(|delivery| delivery["event"] == event).collect();
    assert_eq!(recorded.len(), 1, "{found}");
    assert_eq!(recorded[0]["status"], "SUCCESS", "{found}");
    assert_eq!(recorded[0]["attempts"], hits.len(), "something was sent that is not recorded: {hits:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_come_twice_late_and_in_another_order_are_told_of_once() {
    let world = World::begin().await;
    for number in 0..12 {
        create(&world, &format!("near-{number}"), 30, Takes).await;
        create(&world, &format!("far-{number}"), 300, if number % 2 == 0 { RefusesFirst } else { Takes }).await;
        create(&world, &format!("moved-{number}"), 30, Takes).await;
        create(&world, &format!("cancelled-{number}"), 45, Takes).await;
    }
    // All that ever was in the queues is put in again, some of it much later; and handed over with the last first.
    let seen: Mutex<Vec<(Function, Message)>> = Mutex::default();
    let handover = |function, mut messages: Vec<Message>| {
        seen.lock().unwrap().extend(messages.iter().map(|message| (function, message.clone())));
        messages.reverse();
        let twice = messages.clone();
        messages.into_iter().chain(twice).collect()
    };
    let again = async |function: Function, message: &Message| {
        let queue = match function {
            Function::Expiry => &world.stack.due_queue,
            Function::Delivery => &world.stack.delivery_queue,
        };
        let sent = world.stack.clients.sqs.send_message().queue_url(queue).message_body(message.body().unwrap());
        sent.send().await.unwrap();
    };
    let mut resent = 0;
    for round in 0..40 {
        if round == 2 {
            for number in 0..12 {
                let moved = json!({"expiresAt": world.at(80).to_iso()});
                assert_eq!(world.asks_in_peace("PATCH", &format!("/timers/moved-{number}"), &moved).await.0, 200);
                let cancelled = format!("/timers/cancelled-{number}");
                assert_eq!(world.asks_in_peace("DELETE", &cancelled, &Value::Null).await.0, 200);
            }
        }
        world.passes_with(10, &handover).await;
        let mut known = seen.lock().unwrap().clone();
        known.dedup_by(|(_, one), (_, other)| one.body() == other.body());
        // Each round some of all that is known, old messages too.
        for (function, message) in known.iter().skip(round % 7).step_by(7).take(40) {
            again(*function, message).await;
            resent += 1;
        }
        let mut seen = seen.lock().unwrap();
        let mut bodies = BTreeSet::new();
        seen.retain(|(_, message)| bodies.insert(message.body().unwrap().to_owned()));
    }
    assert!(resent > 200, "{resent}");
    world.passes(60).await;
    let prompt = Millis::seconds(10);
    for number in 0..12 {
        let (near, far) = (format!("near-{number}"), format!("far-{number}"));
        came_once(&world, &near, "timer_progress", world.at(20), prompt).await;
        came_once(&world, &near, "timer_expired", world.at(30), prompt).await;
        came_once(&world, &far, "timer_progress", world.at(200), prompt).await;
        came_once(&world, &far, "timer_expired", world.at(300), prompt).await;
        let moved = format!("moved-{number}");
        came_once(&world, &moved, "timer_expired", world.at(80), prompt).await;
        let cancelled = format!("cancelled-{number}");
        came_once(&world, &cancelled, "timer_cancelled", world.at(20), prompt).await;
        assert_eq!(world.receiver.of(&cancelled, "timer_expired").len(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timer_whose_schedules_never_go_off_fires_two_minutes_late_at_most() {
    let world = World::begin().await;
    create(&world, "forgotten", 900, Takes).await;
    let (scheduler, group) = (&world.stack.clients.scheduler, &world.stack.group);
    let listed = scheduler.list_schedules().group_name(group).send().await.unwrap();
    assert_eq!(listed.schedules().len(), 2, "the milestone's and the end's");
    for schedule in listed.schedules() {
        let name = schedule.name().unwrap();
        scheduler.delete_schedule().group_name(group).name(name).send().await.unwrap();
    }
    world.passes(1_080).await;
    came_once(&world, "forgotten", "timer_progress", world.at(600), MOST_LATE).await;
    came_once(&world, "forgotten", "timer_expired", world.at(900), MOST_LATE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_queue_forgets_because_it_is_too_old_is_done_two_minutes_late_at_most() {
    let world = World::begin().await;
    // The shortest that SQS takes: what waits for longer is gone before its time comes.
    for queue in [&world.stack.due_queue, &world.stack.delivery_queue] {
        let asked = world.stack.clients.sqs.set_queue_attributes().queue_url(queue);
        asked.attributes(QueueAttributeName::MessageRetentionPeriod, "60").send().await.unwrap();
    }
    create(&world, "expired", 110, Takes).await;
    // Its first attempt is refused; nothing runs while its second one is due, and then its message is too old.
    create(&world, "refused", 30, RefusesFirst).await;
    world.passes(30).await;
    assert_eq!(world.receiver.of("refused", "timer_expired").len(), 1);
    world.passes_idle(Millis::seconds(60)).await;
    world.passes(180).await;
    came_once(&world, "expired", "timer_expired", world.at(110), MOST_LATE).await;
    came_once(&world, "refused", "timer_expired", world.at(30), Millis(0)).await;
    let hits = world.receiver.of("refused", "timer_expired");
    let second = hits[1].at.since(world.at(35));
    assert!(hits.len() == 2 && second.0 <= MOST_LATE.0, "{hits:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_whose_function_never_comes_to_an_end_is_taken_over_within_two_minutes() {
    let world = World::begin().await;
    create(&world, "stuck", 30, Takes).await;
    // Received, and never handled: the message stays invisible for minutes, as after a function that ran out of time.
    let stolen = |function, messages: Vec<Message>| match function {
        Function::Delivery => Vec::new(),
        Function::Expiry => messages,
    };
    world.passes_with(40, &stolen).await;
    assert!(world.receiver.of("stuck", "timer_expired").is_empty());
    world.passes(120).await;
    came_once(&world, "stuck", "timer_progress", world.at(20), MOST_LATE).await;
    came_once(&world, "stuck", "timer_expired", world.at(30), MOST_LATE).await;
    let (answer, _) = world.asks(Trouble::NONE, "GET", "/webhooks/queue/stats", None, &Value::Null).await;
    assert_eq!(answer.unwrap().1["data"]["completed"], 2);
}
