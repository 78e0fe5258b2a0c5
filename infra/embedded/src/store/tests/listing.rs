use super::*;
use crate::store::listing::MOST_READ;
use minoots_shared::ports::{ListPosition, TimerQuery};

/// Follows a list's positions; gives the ids, and how many pages there were.
async fn follow(store: &EmbeddedStore, mut query: TimerQuery) -> (Vec<String>, usize) {
    let mut ids = Vec::new();
    for pages in 1..100 {
        let page = store.timers(&scope(), &query).await.unwrap();
        assert!(page.timers.len() <= query.limit);
        ids.extend(page.timers.iter().map(|timer| timer.id.as_str().to_owned()));
        query.after = page.next;
        if query.after.is_none() {
            return (ids, pages);
        }
    }
    panic!("the list has no end");
}

#[tokio::test]
async fn what_hardly_matches_is_searched_for_in_bounded_steps() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let oldest = Timer { created_at: NOW.minus(Millis(1)), ..timer("oldest") };
    let paused = State::Paused { start: NOW, since: NOW, remaining: Millis::SECOND };
    create(&store, Timer { state: paused, ..oldest }).await;
    let others = (0..MOST_READ + 100).map(|n| timer(&format!("t{n:04}"))).collect();
    store.create_timers(creation(others)).await.unwrap();

    let team = Labels { team: Some("red".to_owned()), ..Labels::default() };
    let status = Some(minoots_shared::domain::timer::Status::Paused);
    let both = TimerQuery { status, labels: team.clone(), limit: 10, after: None };
    let first = store.timers(&scope(), &both).await.unwrap();
    assert!(first.timers.is_empty());
    assert_eq!(first.next, Some(ListPosition { created_at: NOW, id: TimerId::new("t0100") }));
    assert_eq!(follow(&store, both).await, (vec!["oldest".to_owned()], 2));
    let by_status = TimerQuery { status, limit: 10, ..TimerQuery::default() };
    assert_eq!(follow(&store, by_status).await, (vec!["oldest".to_owned()], 1), "its own list holds nothing else");
    assert_eq!(follow(&store, TimerQuery { labels: team, limit: 500, ..TimerQuery::default() }).await.1, 3);
}

#[tokio::test]
async fn a_list_ends_with_the_page_that_takes_its_last_timer() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    store.create_timers(creation(["a", "b", "c", "d"].map(timer).to_vec())).await.unwrap();
    let query = TimerQuery { limit: 2, ..TimerQuery::default() };
    assert_eq!(follow(&store, query).await, (["d", "c", "b", "a"].map(str::to_owned).to_vec(), 2));
}
