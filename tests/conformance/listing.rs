//! Listing timers: newest first, filtered, page by page, while others write.

use crate::samples::{NOW, Sketch, cancel, change, fall_due, later, numbered, pause, resume, sketch};
use crate::world::{Sure as _, World, at_once, create, pages};
use minoots_shared::domain::ids::TimerId;
use minoots_shared::domain::time::Timestamp;
use minoots_shared::domain::timer::{Labels, Status, Timer};
use minoots_shared::ports::{ListPosition, TimerQuery};
use std::collections::BTreeMap;
use std::sync::Arc;

fn query(limit: usize) -> TimerQuery {
    TimerQuery { limit, ..TimerQuery::default() }
}

async fn list(world: &World<'_>, query: TimerQuery) -> Vec<Timer> {
    pages(&*world.store(), &world.mine, query).await.into_iter().flat_map(|page| page.timers).collect()
}

async fn ids(world: &World<'_>, query: TimerQuery) -> Vec<String> {
    list(world, query).await.into_iter().map(|timer| timer.id.as_str().to_owned()).collect()
}

fn newest_first(mut timers: Vec<Timer>) -> Vec<Timer> {
    timers.sort_by(|one, other| (other.created_at, &other.id).cmp(&(one.created_at, &one.id)));
    timers
}

pub(crate) async fn an_empty_scope_lists_nothing(world: &mut World<'_>) {
    world.surround(&[sketch("everybody-elses").text("team", "red").timer(&world.mine)]).await;
    let labels = Labels { team: Some("red".to_owned()), ..Labels::default() };
    for query in
        [query(50), TimerQuery { labels, ..query(50) }, TimerQuery { status: Some(Status::Running), ..query(50) }]
    {
        assert_eq!(list(world, query).await, []);
    }
}

pub(crate) async fn timers_are_listed_newest_first_and_within_a_millisecond_by_id_backwards(world: &mut World<'_>) {
    let created = [("b", 5), ("A", 5), ("a", 5), ("_", 5), ("-", 5), ("aa", 5), ("old", 0), ("new", 9), ("0", 5)];
    world.create(&created.map(|(id, at)| sketch(id).at(later(at)))).await;
    assert_eq!(ids(world, query(50)).await, ["new", "b", "aa", "a", "_", "A", "0", "-", "old"]);
}

pub(crate) async fn instants_are_ordered_as_numbers(world: &mut World<'_>) {
    let instants = [9_999_999_999_999, 10_000_000_000_000, 1_000, 99_999, 256, 65_536];
    world.create(&instants.map(|at| sketch(&format!("at-{at}")).at(Timestamp(at)))).await;
    let expected =
        ["at-10000000000000", "at-9999999999999", "at-99999", "at-65536", "at-1000", "at-256"].map(str::to_owned);
    assert_eq!(ids(world, query(2)).await, expected);
}

pub(crate) async fn pages_of_any_size_follow_each_other_without_gap_or_repetition(world: &mut World<'_>) {
    // Three to a millisecond, so that pages end within one.
    let created =
        world.create(&numbered(26, |number| sketch(&format!("t{number:02}")).at(later(number as u64 / 3)))).await;
    let expected = newest_first(created);
    for limit in [1, 2, 7, 25, 26, 27, 100] {
        assert_eq!(list(world, query(limit)).await, expected, "pages of {limit}");
    }
}

pub(crate) async fn a_page_begins_behind_its_position_even_if_no_timer_is_there(world: &mut World<'_>) {
    world.create(&numbered(6, |number| sketch(&format!("t{number}")).at(later(number as u64)))).await;
    let behind = |at: u64, id: &str| TimerQuery {
        after: Some(ListPosition { created_at: later(at), id: TimerId::new(id) }),
        ..query(2)
    };
    assert_eq!(ids(world, behind(3, "t3")).await, ["t2", "t1", "t0"]);
    assert_eq!(ids(world, behind(3, "z")).await, ["t3", "t2", "t1", "t0"]);
    assert_eq!(ids(world, behind(3, "a")).await, ["t2", "t1", "t0"]);
    assert_eq!(ids(world, behind(99, "t3")).await.len(), 6);
    assert_eq!(ids(world, behind(0, "t0")).await, [""; 0]);
}

/// Every status and every set of labels, so that each filter has much to leave out.
async fn variety(world: &mut World<'_>) -> Vec<Timer> {
    let labelled = |number: usize| {
        let mut timer = sketch(&format!("t{number:02}")).at(later(number as u64 / 2));
        for (bit, field) in ["agent_id", "team", "scenario", "organizationId", "projectId"].into_iter().enumerate() {
            match number >> bit & 1 {
                0 => {}
                _ => timer = timer.text(field, if number.is_multiple_of(3) { "x" } else { "y" }),
            }
        }
        timer
    };
    let mut timers = world.create(&numbered(64, labelled)).await;
    for (number, timer) in timers.iter_mut().enumerate() {
        match number % 4 {
            0 => {}
            1 => *timer = world.take(pause(timer, later(100))).await,
            2 => *timer = world.take(fall_due(timer, later(9_000_000))).await,
            _ => *timer = world.take(cancel(timer, later(100))).await,
        }
    }
    newest_first(timers)
}

pub(crate) async fn each_filter_lists_exactly_what_it_matches_alone_and_with_others(world: &mut World<'_>) {
    let timers = variety(world).await;
    let values = [None, Some("x"), Some("y"), Some("z")];
    let label = |given: bool, value: Option<&str>| value.filter(|_| given).map(str::to_owned);
    for status in Status::ALL.into_iter().map(Some).chain([None]) {
        for value in values {
            for set in 0..32 {
                let labels = Labels {
                    agent_id: label(set & 1 != 0, value),
                    team: label(set & 2 != 0, value),
                    scenario: label(set & 4 != 0, value),
                    organization_id: label(set & 8 != 0, value),
                    project_id: label(set & 16 != 0, value),
                };
                let matching = |timer: &&Timer| {
                    status.is_none_or(|status| timer.status() == status) && timer.labels.matches(&labels)
                };
                let expected: Vec<_> = timers.iter().filter(matching).cloned().collect();
                let query = TimerQuery { status, labels: labels.clone(), ..query(5) };
                assert_eq!(list(world, query).await, expected, "{status:?} {labels:?}");
            }
        }
    }
}

pub(crate) async fn labels_are_compared_whole_whatever_characters_they_have(world: &mut World<'_>) {
    let long = "é".repeat(256);
    let texts = ["a", "a\u{0}", "a\u{0}b", "a/b", "a#b", "A", "", "\u{0}", "\u{10ffff}", "aa", "é", "e\u{301}", &long];
    let labelled = |number: usize| sketch(&format!("t{number:02}")).text("team", texts[number]);
    world.create(&numbered(texts.len(), labelled)).await;
    for (number, text) in texts.iter().enumerate() {
        let in_team = Labels { team: Some((*text).to_owned()), ..Labels::default() };
        let found = ids(world, TimerQuery { labels: in_team, ..query(5) }).await;
        assert_eq!(found, [format!("t{number:02}")], "{text:?}");
        let of_agent = Labels { agent_id: Some((*text).to_owned()), ..Labels::default() };
        assert_eq!(ids(world, TimerQuery { labels: of_agent, ..query(5) }).await, [""; 0], "{text:?}");
    }
}

pub(crate) async fn a_timer_is_listed_under_the_status_that_it_has_now(world: &mut World<'_>) {
    let mut timer = world.create_one(sketch("moving").text("team", "red")).await;
    let labels = Labels { team: Some("red".to_owned()), ..Labels::default() };
    let steps: [fn(&Timer) -> _; 6] = [
        |timer| change(timer, r#"{"name": "renamed"}"#, later(1)),
        |timer| pause(timer, later(2)),
        |timer| change(timer, r#"{"extend": "5m"}"#, later(3)),
        |timer| resume(timer, later(4)),
        |timer| change(timer, r#"{"duration": "5m"}"#, later(5)),
        |timer| cancel(timer, later(6)),
    ];
    for step in steps {
        timer = world.take(step(&timer)).await;
        for status in Status::ALL {
            let expected: Vec<_> = (status == timer.status()).then(|| timer.clone()).into_iter().collect();
            let by_status = TimerQuery { status: Some(status), ..query(5) };
            assert_eq!(list(world, by_status.clone()).await, expected);
            assert_eq!(list(world, TimerQuery { labels: labels.clone(), ..by_status }).await, expected);
        }
    }
}

pub(crate) async fn what_matches_is_found_among_many_that_do_not(world: &mut World<'_>) {
    for hundred in 0..12 {
        let timer = |number: usize| {
            let timer = sketch(&format!("t{hundred}-{number:02}")).at(later(hundred * 100 + number as u64));
            let rare = number == 50 && hundred % 11 == 0;
            timer
                .text("team", "common")
                .text("scenario", if rare { "rare" } else { "common" })
                .text("projectId", "common")
        };
        world.create(&numbered(100, timer)).await;
    }
    let label = |text: &str| Some(text.to_owned());
    let first = Labels { team: label("common"), scenario: label("rare"), ..Labels::default() };
    let last = Labels { scenario: label("rare"), project_id: label("common"), ..Labels::default() };
    for labels in [first, last] {
        assert_eq!(ids(world, TimerQuery { labels, ..query(10) }).await, ["t11-50", "t0-50"]);
    }
    let oldest = world.timer(&TimerId::new("t0-00")).await;
    world.take(pause(&oldest, later(5_000))).await;
    let labels = Labels { team: label("common"), ..Labels::default() };
    let paused = TimerQuery { status: Some(Status::Paused), labels, ..query(10) };
    assert_eq!(ids(world, paused).await, ["t0-00"]);
}

pub(crate) async fn a_page_goes_on_when_the_timer_at_its_position_matches_no_more(world: &mut World<'_>) {
    let timers = world.create(&numbered(9, |number| sketch(&format!("t{number}")).at(later(number as u64)))).await;
    let running = TimerQuery { status: Some(Status::Running), ..query(3) };
    let first = world.store().timers(&world.mine, &running).await.sure();
    let next = first.next.expect("there are more");
    world.take(cancel(&timers[6], later(20))).await;
    world.take(cancel(&timers[4], later(20))).await;
    let newer: Vec<_> = ["later", "zzz"].map(|id| sketch(id).at(later(30)).timer(&world.mine)).into();
    create(&*world.store(), &world.mine, &newer).await;
    let rest = ids(world, TimerQuery { after: Some(next), ..running }).await;
    assert_eq!(rest, ["t5", "t3", "t2", "t1", "t0"]);
}

pub(crate) async fn paging_under_writes_visits_each_timer_that_matches_throughout_exactly_once(world: &mut World<'_>) {
    let labelled = |number: usize| -> Sketch {
        sketch(&format!("t{number:03}")).at(later(1_000 + number as u64 / 2)).text("team", "red")
    };
    let timers = Arc::new(world.create(&numbered(90, labelled)).await);
    let labels = Labels { team: Some("red".to_owned()), ..Labels::default() };
    let running = TimerQuery { status: Some(Status::Running), labels, ..query(7) };
    let seen = at_once(8, |task| {
        let (store, scope, timers, running) = (world.store(), world.mine.clone(), Arc::clone(&timers), running.clone());
        async move {
            if task >= 4 {
                return pages(&*store, &scope, running).await;
            }
            for (number, timer) in timers.iter().enumerate().filter(|(number, _)| number % 4 == task) {
                match number % 3 {
                    0 => assert!(store.commit_step(cancel(timer, later(2_000))).await.sure()),
                    1 => assert!(store.commit_step(change(timer, r#"{"name": "n"}"#, later(2_000))).await.sure()),
                    _ => {
                        let at = if number % 2 == 0 { NOW } else { later(5_000) };
                        let fresh = sketch(&format!("fresh-{number:03}")).at(at).text("team", "red");
                        create(&*store, &scope, &[fresh.timer(&scope)]).await;
                    }
                }
            }
            Vec::new()
        }
    })
    .await;
    for pages in &seen[4..] {
        let mut visits: BTreeMap<&str, usize> = BTreeMap::new();
        let visited: Vec<_> = pages.iter().flat_map(|page| &page.timers).collect();
        for timer in &visited {
            *visits.entry(timer.id.as_str()).or_default() += 1;
        }
        assert!(visits.values().all(|count| *count == 1), "visited more than once: {visits:?}");
        // Every third was cancelled meanwhile, another third renamed, and newer and older ones came on top.
        for (_, timer) in timers.iter().enumerate().filter(|(number, _)| number % 3 != 0) {
            assert!(visits.contains_key(timer.id.as_str()), "{} was not visited", timer.id);
        }
        let places: Vec<_> = visited.iter().map(|timer| (timer.created_at, timer.id.clone())).collect();
        assert!(places.windows(2).all(|pair| pair[0] > pair[1]), "out of order: {places:?}");
    }
}
