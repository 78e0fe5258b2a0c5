//! The largest records that callers can make.

use crate::calls::{Sure as _, creation, pages};
use crate::samples::{FAR, NOW, Sketch, answered, cancel, later, numbered, sketch};
use crate::world::World;
use minoots_shared::domain::attempt::Answer;
use minoots_shared::domain::new_timer::MOST_DATA;
use minoots_shared::ports::{Created, Placement, TimerQuery};
use minoots_shared::webhook::payload::LARGEST_BODY;

/// A timer with as much data as a caller may give.
fn full(id: &str) -> Sketch {
    let metadata = format!(r#"{{"é":"{}"}}"#, "x".repeat(MOST_DATA - 9));
    sketch(id).text("name", &"\u{1f600}".repeat(256)).with("metadata", &metadata)
}

/// A timer with twenty milestones, whose bodies are nearly as large as any may be: a short number there becomes a long one.
fn talkative(id: &str) -> Sketch {
    let numbers = "1e20,".repeat(2_217);
    let intervals: Vec<_> = (1..=20).map(|number| format!("\"{number}%\"")).collect();
    let events = format!(
        r#"{{"on_progress": {{"webhook": "https://progress.example.com/x", "data": {{"n": [{numbers}1]}},
             "intervals": [{}]}}}}"#,
        intervals.join(",")
    );
    sketch(id).with("events", &events)
}

pub(crate) async fn a_timer_with_32_kib_of_data_is_kept_whole(world: &mut World<'_>) {
    let timer = world.create_one(full("full")).await;
    assert_eq!(timer.metadata.as_str().len(), MOST_DATA);
    assert_eq!(world.timer(&timer.id).await, timer);
    let ended = world.take(cancel(&timer, later(1))).await;
    assert_eq!(world.timer(&timer.id).await, ended);
}

pub(crate) async fn a_hundred_timers_with_32_kib_of_data_each_are_one_creation(world: &mut World<'_>) {
    let timers: Vec<_> = (0..100).map(|number| full(&format!("full-{number}")).timer(&world.mine)).collect();
    world.surround(&timers[..10]).await;
    let own = world.idempotency("POST /timers/batch", "key-1", "stored").await;
    let creation = || creation(&world.mine, timers.clone(), Some(100), Some(own.clone()));
    let store = world.store();
    let created = store.create_timers(creation()).await.sure();
    assert_eq!(created, Created::Placed(vec![Placement::Stored; 100]));
    assert!(matches!(store.create_timers(creation()).await.sure(), Created::Known(_)));
    let query = TimerQuery { limit: 100, ..TimerQuery::default() };
    let listed: Vec<_> = pages(&*store, &world.mine, query).await.into_iter().flat_map(|page| page.timers).collect();
    assert_eq!(listed.len(), 100);
    for timer in &timers {
        assert!(listed.contains(timer), "{} is not listed as it was made", timer.id);
    }
}

pub(crate) async fn twenty_deliveries_of_96_kib_each_are_one_step(world: &mut World<'_>) {
    let timer = world.create_one(talkative("talkative")).await;
    let (timer, deliveries) = world.fall_due(&timer, later(3_000_000)).await;
    assert_eq!(deliveries.len(), 20);
    let sizes: Vec<_> = deliveries.iter().map(|delivery| delivery.body.len()).collect();
    assert!(sizes.iter().all(|size| (LARGEST_BODY - 1_024..=LARGEST_BODY).contains(size)), "{sizes:?}");
    for delivery in &deliveries {
        assert_eq!(world.delivery(&delivery.id).await, *delivery);
    }
    assert_eq!(world.store().deliveries(&world.mine, &timer.deliveries).await.sure().len(), 20);
    world.take(cancel(&timer, later(3_000_001))).await;
    for delivery in &deliveries {
        assert!(!world.delivery(&delivery.id).await.status.is_open());
    }
    assert_eq!(world.due_deliveries(FAR).await, []);
}

pub(crate) async fn a_delivery_keeps_its_receivers_longest_answers_over_all_attempts(world: &mut World<'_>) {
    let timer = world.create_one(talkative("talkative")).await;
    let (_, deliveries) = world.fall_due(&timer, later(36_000)).await;
    let id = &deliveries[0].id;
    let store = world.store();
    for number in 0..5 {
        let begun = store.begin_attempt(&world.mine, id).await.sure().expect("it is open");
        let mut result = answered(&begun, later(100_000 + number * 1_000_000), 500);
        result.answer = Ok(Answer { code: 500, body: "\u{1f600}".repeat(16_000), retry_after: None });
        let expected = begun.after(&result);
        assert_eq!(store.finish_attempt(&world.mine, id, result).await.sure(), expected);
        assert_eq!(Some(world.delivery(id).await), expected);
    }
    let kept = world.delivery(id).await.response_body.expect("the last answer is kept");
    assert_eq!(kept.chars().count(), 10_000);
}

pub(crate) async fn an_answer_of_4_mib_is_remembered_whole(world: &mut World<'_>) {
    // A batch of a hundred full timers is answered with all of them.
    let answer: String = (0..400_000).map(|number| format!("{number:010},")).collect();
    let own = world.idempotency("POST /timers/batch", "key-1", &answer).await;
    let creation = || creation(&world.mine, vec![sketch("t").timer(&world.mine)], None, Some(own.clone()));
    let store = world.store();
    assert_eq!(store.create_timers(creation()).await.sure(), Created::Placed(vec![Placement::Stored]));
    let Created::Known(known) = store.create_timers(creation()).await.sure() else { panic!("the key is known") };
    assert!(known.answer == answer.as_bytes(), "{} bytes of {}", known.answer.len(), answer.len());
    assert_eq!(store.remembered(&own.key, NOW).await.sure(), Some(known));
}

pub(crate) async fn a_page_of_a_hundred_full_timers_is_listed(world: &mut World<'_>) {
    for part in 0..4 {
        world
            .create(&numbered(25, |number| full(&format!("full-{part}-{number}")).at(later(part * 25 + number as u64))))
            .await;
    }
    let query = TimerQuery { limit: 100, ..TimerQuery::default() };
    let listed: Vec<_> =
        pages(&*world.store(), &world.mine, query).await.into_iter().flat_map(|page| page.timers).collect();
    assert_eq!(listed.len(), 100);
    assert!(listed.windows(2).all(|pair| pair[0].created_at > pair[1].created_at));
}
