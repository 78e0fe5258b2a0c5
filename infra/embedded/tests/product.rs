//! The product at work on this infrastructure, with real receivers: nothing is lost and nothing told twice, whatever is cut
//! off in the middle.

#![allow(clippy::unwrap_used, reason = "where the machine or the receiver can't be had, the test fails")]

mod machine;
mod receiver;

use machine::{Machine, SECOND};
use minoots_embedded::Limits;
use minoots_shared::domain::delivery::DeliveryStatus;
use minoots_shared::domain::ids::TimerId;
use minoots_shared::domain::time::Millis;
use minoots_shared::ports::{DeliveryQuery, Store as _};
use receiver::Receiver;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

#[test]
fn a_timers_webhook_is_retried_on_time_across_restarts_until_it_is_taken() {
    let receiver = Receiver::answering(|arrival| if arrival.path == "/t" && arrival.attempt < 3 { 500 } else { 204 });
    let mut machine = Machine::new();
    machine.start();
    let body =
        format!(r#"{{"id": "deploy", "duration": 300, "webhook": "{}", "data": {{"n": 1.0}}}}"#, receiver.url("/t"));
    machine.create_timer(&body);
    let first = receiver.next();
    for (wait, attempt) in [(5, 2), (25, 3)] {
        machine.settled();
        machine.kill();
        machine.start();
        // Not before its time: what falls due in between is told of first.
        machine.advance(Millis(SECOND.0 * wait - 2_000));
        machine.create_timer(&format!(r#"{{"duration": 1, "webhook": "{}"}}"#, receiver.url("/between")));
        assert_eq!(receiver.next().path, "/between");
        machine.advance(Millis(2_000 + SECOND.0 * wait / 10));
        let again = receiver.next();
        assert_eq!((again.path.as_str(), again.attempt), ("/t", attempt));
        assert_eq!((&again.id, &again.body), (&first.id, &first.body));
    }
    machine.settled();
    let timer = machine.run(|app| async move { app.timer(&machine::scope(), &TimerId::new("deploy")).await });
    let delivery = timer.unwrap().deliveries.remove(0);
    assert_eq!((delivery.status, delivery.attempts.len()), (DeliveryStatus::Success, 3));
    for (attempt, wait) in delivery.attempts.windows(2).zip([5, 25]) {
        let ended = attempt[0].sent_at.plus(attempt[0].duration_ms);
        assert!(attempt[1].sent_at.since(ended) >= Millis::seconds(wait), "{:?}", delivery.attempts);
    }
}

#[test]
fn an_event_to_a_thousand_endpoints_reaches_each_once_through_a_crash_in_the_middle_of_its_fan_out() {
    const ENDPOINTS: usize = 1_000;
    let receiver = Receiver::answering(|_| 204);
    let mut machine = Machine::new();
    machine.start();
    machine.create_endpoints((0..ENDPOINTS).map(|number| receiver.url(&format!("/e/{number}"))).collect());
    // The first process dies between two steps of the fan-out: nothing of it runs any further than that.
    let id = machine.send_event_and_die_when(|expanded| (300..ENDPOINTS).contains(&expanded));
    machine.start();
    let mut arrived: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut total = 0;
    while arrived.len() < ENDPOINTS {
        let arrival = receiver.next();
        assert_eq!(arrival.attempt, 1, "what was cut off is attempted again under its number");
        arrived.entry(arrival.path).or_default().insert(arrival.id);
        total += 1;
    }
    machine.settled();
    assert_eq!(receiver.rest(Duration::from_millis(200)), 0, "more than one for each");
    assert!(arrived.values().all(|ids| ids.len() == 1), "two deliveries to one endpoint");
    assert_eq!(arrived.values().flatten().collect::<BTreeSet<_>>().len(), ENDPOINTS);
    println!("{} attempts of {ENDPOINTS} deliveries were made twice", total - ENDPOINTS);
    let store = machine.store();
    let counts = machine.run(|_| {
        let store = store.clone();
        async move {
            let event = store.event(&machine::scope(), &id).await.unwrap().unwrap();
            assert_eq!((event.targets.len(), event.expanded), (ENDPOINTS, ENDPOINTS));
            let all = DeliveryQuery { status: Some(DeliveryStatus::Success), limit: 2_000, ..DeliveryQuery::default() };
            let page = store.delivery_page(&machine::scope(), &all).await.unwrap();
            assert_eq!(page.deliveries.len(), ENDPOINTS);
            store.delivery_counts(&machine::scope()).await.unwrap()
        }
    });
    assert_eq!((counts.succeeded, counts.total()), (ENDPOINTS as u64, ENDPOINTS as u64));
}

#[test]
fn an_endpoint_that_answers_nothing_delays_no_other_even_on_its_host() {
    let receiver = Receiver::answering(|arrival| if arrival.path == "/dead" { receiver::NEVER } else { 204 });
    let mut machine = Machine::new();
    machine.start();
    machine.create_endpoints(vec![receiver.url("/dead"), receiver.url("/well")]);
    for number in 0..40 {
        machine.send_event(&format!(r#"{{"type": "a.b", "data": {{}}, "id": "evt-{number}"}}"#));
    }
    let (mut dead, mut well) = (0, BTreeSet::new());
    while well.len() < 40 {
        let arrival = receiver.next();
        match arrival.path.as_str() {
            "/dead" => dead += 1,
            _ => assert!(well.insert(arrival.id), "told twice"),
        }
    }
    assert!(dead <= 10, "{dead} at once");
}

#[test]
fn an_endpoint_is_sent_a_hundred_a_second_at_most() {
    let receiver = Receiver::answering(|_| 204);
    let mut machine = Machine::new();
    machine.start();
    machine.create_endpoints(vec![receiver.url("/e")]);
    for number in 0..200 {
        machine.send_event(&format!(r#"{{"type": "a.b", "data": {{}}, "id": "evt-{number}"}}"#));
    }
    let at: Vec<_> = (0..200).map(|_| receiver.next().at).collect();
    // A tenth of a second's may come at once in the beginning; a token more or less, as the receiver's thread has its turn.
    let whole = at[199] - at[0];
    assert!(whole >= Duration::from_millis(1_850), "200 within {whole:?}");
    let second = at.iter().filter(|one| **one - at[0] < Duration::from_secs(1)).count();
    assert!(second <= 115, "{second} within a second");
}

#[test]
fn a_delivery_that_is_handed_over_too_late_is_not_attempted_before_its_time() {
    let receiver = Receiver::answering(|arrival| if arrival.attempt == 1 { 500 } else { 204 });
    let mut machine = Machine::new();
    machine.start();
    machine.create_timer(&format!(r#"{{"id": "t", "duration": 1, "webhook": "{}"}}"#, receiver.url("/t")));
    receiver.next();
    machine.settled();
    // Whoever recorded it hands it over only now, when its first attempt has failed and the next one is 5 s away.
    for _ in 0..10 {
        machine.hand_over(&TimerId::new("t"));
        machine.settled();
    }
    assert_eq!(receiver.rest(Duration::from_millis(100)), 0);
    machine.advance(Millis::seconds(6));
    assert_eq!(receiver.next().attempt, 2);
    assert_eq!(receiver.rest(Duration::from_millis(100)), 0);
}

#[test]
fn what_finds_no_room_in_memory_waits_on_disk_and_is_sent_as_soon_as_there_is_room() {
    let receiver = Receiver::answering(|_| 204);
    let limits = Limits { waiting_per_lane: 4, waiting_events: 2, ..Limits::default() };
    let mut machine = Machine::with(limits);
    machine.start();
    machine.create_endpoints(["/a", "/b", "/c"].map(|path| receiver.url(path)).into());
    let begin = std::time::Instant::now();
    machine.send_events(150);
    let arrived: BTreeSet<_> = (0..450).map(|_| receiver.next().id).collect();
    assert_eq!(arrived.len(), 450, "each once");
    assert!(begin.elapsed() < Duration::from_secs(30), "left to the sweep: {:?}", begin.elapsed());
}
