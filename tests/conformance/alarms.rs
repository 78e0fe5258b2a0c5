//! Alarms: each timer is looked at when it is due and never before, whatever becomes of its alarms.

use crate::calls::{Sure as _, create};
use crate::samples::{change, pause};
use crate::stage::{Stage, alarms, path};
use minoots_shared::domain::delivery::DeliveryStatus;
use minoots_shared::domain::time::Timestamp;
use minoots_shared::domain::timer::{Status, Timer};
use std::collections::BTreeMap;

/// Waits until each of these timers has been told of once: when it was due, and promptly.
async fn told_of_once(stage: &mut Stage<'_>, timers: &[Timer]) {
    let mut due: BTreeMap<String, Timestamp> = timers
        .iter()
        .map(|timer| (path(&timer.scope, timer.id.as_str()), timer.next_due().expect("it runs")))
        .collect();
    while !due.is_empty() {
        let arrival = stage.arrival().await;
        let due = due.remove(&arrival.path).unwrap_or_else(|| panic!("{} arrives twice or for nothing", arrival.path));
        assert!(arrival.at >= due, "{} arrives {:?} early", arrival.path, due.since(arrival.at));
        assert!(arrival.at <= due.plus(stage.prompt()), "{} arrives {:?} late", arrival.path, arrival.at.since(due));
    }
}

pub(crate) async fn each_timer_is_told_of_when_it_is_due_and_never_before(stage: &mut Stage<'_>) {
    let mut all = Vec::new();
    for (place, scope) in Stage::scopes().iter().enumerate() {
        let length = |number: usize| 100 + (number * 7 % 10 * 60 + place * 20) as u64;
        let timers: Vec<_> =
            (0..10).map(|number| stage.telling(scope, &format!("t{number}"), length(number))).collect();
        stage.create(scope, &timers).await;
        all.extend(timers);
    }
    told_of_once(stage, &all).await;
    for timer in &all {
        let stored = stage.parts().store.timer(&timer.scope, &timer.id).await.sure().expect("it is stored");
        assert_eq!((stored.status(), stored.ended_at()), (Status::Expired, timer.next_due()));
    }
}

pub(crate) async fn a_timer_created_after_a_later_one_is_told_of_before_it(stage: &mut Stage<'_>) {
    let scope = &Stage::scopes()[0];
    let (far, late) = (stage.telling(scope, "far", 3_600_000), stage.telling(scope, "late", 900));
    stage.create(scope, &[far, late.clone()]).await;
    let early = stage.telling(scope, "early", 300);
    stage.create(scope, std::slice::from_ref(&early)).await;
    let overdue = stage.telling(scope, "at-once", 1);
    stage.create(scope, std::slice::from_ref(&overdue)).await;
    told_of_once(stage, &[overdue, early, late]).await;
}

pub(crate) async fn many_timers_due_at_one_instant_are_each_told_of_once(stage: &mut Stage<'_>) {
    let at = Stage::now();
    let mut all = Vec::new();
    for scope in &Stage::scopes() {
        let timer = |number: usize| {
            let id = format!("t{number}");
            stage.sketch(scope, &id, &path(scope, &id)).at(at).lasting(1_500).timer(scope)
        };
        let timers: Vec<_> = (0..200).map(timer).collect();
        for part in timers.chunks(100) {
            stage.create(scope, part).await;
        }
        all.extend(timers);
    }
    told_of_once(stage, &all).await;
}

pub(crate) async fn an_alarm_set_again_does_no_harm(stage: &mut Stage<'_>) {
    let scope = &Stage::scopes()[0];
    let timer = stage.telling(scope, "often", 200);
    stage.create(scope, std::slice::from_ref(&timer)).await;
    let alarms = [alarms(&timer), alarms(&timer), alarms(&timer)].concat();
    stage.parts().alarms.set(&alarms).await.sure();
    told_of_once(stage, std::slice::from_ref(&timer)).await;
    stage.parts().alarms.set(&alarms).await.sure();
    let more = stage.arrivals_within(400).await;
    assert!(more.is_empty(), "told of again: {more:?}");
    let stored = stage.parts().store.timer(scope, &timer.id).await.sure().expect("it is stored");
    let deliveries = stage.parts().store.deliveries(scope, &stored.deliveries).await.sure();
    let attempts: Vec<_> = deliveries.iter().map(|delivery| (delivery.status, delivery.attempts.len())).collect();
    assert_eq!(attempts, [(DeliveryStatus::Success, 1)]);
}

pub(crate) async fn an_alarm_taken_back_or_left_over_from_an_earlier_plan_does_no_harm(stage: &mut Stage<'_>) {
    let scope = &Stage::scopes()[0];
    let paused = stage.telling(scope, "paused", 2_000);
    let moved = stage.telling(scope, "moved", 2_000);
    stage.create(scope, &[paused.clone(), moved.clone()]).await;
    let after = stage.take(pause(&paused, Stage::now())).await;
    stage.parts().alarms.unset(&alarms(&paused)).await.sure();
    let moved = stage.take(change(&moved, r#"{"extend": "1h"}"#, Stage::now())).await;
    stage.parts().alarms.set(&alarms(&moved)).await.sure();
    let told_of = stage.arrivals_within(2_500).await;
    assert!(told_of.is_empty(), "told of: {told_of:?}");
    for timer in [after, moved] {
        assert_eq!(stage.parts().store.timer(scope, &timer.id).await.sure(), Some(timer));
    }
}

pub(crate) async fn a_timer_that_fell_due_while_nothing_was_at_work_is_told_of_at_the_start(stage: &mut Stage<'_>) {
    let mut timers = Vec::new();
    for scope in &Stage::scopes() {
        let timer = stage.telling(scope, "overnight", 1_000);
        stage.create(scope, std::slice::from_ref(&timer)).await;
        timers.push(timer);
    }
    stage.stop().await;
    let last = timers.iter().filter_map(Timer::next_due).max().expect("they run");
    tokio::time::sleep(last.since(Stage::now()).to_std()).await;
    stage.start().await;
    told_of_once(stage, &timers).await;
}

pub(crate) async fn a_timer_whose_alarm_was_never_set_is_told_of_all_the_same(stage: &mut Stage<'_>) {
    let scope = &Stage::scopes()[0];
    let timer = stage.telling(scope, "forgotten", 100);
    create(&*stage.parts().store, scope, std::slice::from_ref(&timer)).await;
    let arrival = stage.arrival().await;
    assert_eq!(arrival.path, path(scope, "forgotten"));
    assert!(Some(arrival.at) >= timer.next_due(), "it arrives early");
}
