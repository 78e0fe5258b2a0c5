//! Calls of the store that cases of every topic make.

use minoots_shared::domain::account::Scope;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::domain::timer::Timer;
use minoots_shared::ports::{
    Created, Creation, Idempotency, IdempotencyKey, Placement, Store, TimerPage, TimerQuery, Unavailable,
};
use std::sync::Arc;

/// More than any case stores.
pub(crate) const ALL: usize = 10_000;

/// An infrastructure under test is expected to work.
pub(crate) trait Sure<T> {
    /// What a step returned.
    fn sure(self) -> T;
}

impl<T> Sure<T> for Result<T, Unavailable> {
    #[track_caller]
    fn sure(self) -> T {
        self.unwrap_or_else(|error| panic!("{error}: {}", error.0))
    }
}

/// A creation.
pub(crate) fn creation(
    scope: &Scope,
    timers: Vec<Timer>,
    limit: Option<u32>,
    idempotency: Option<Idempotency>,
) -> Creation {
    let timers = timers.into_iter().map(Arc::new).collect();
    Creation { scope: scope.clone(), timers, limit, events: Vec::new(), idempotency }
}

/// Stores timers that nothing stands in the way of.
pub(crate) async fn create(store: &dyn Store, scope: &Scope, timers: &[Timer]) {
    let created = store.create_timers(creation(scope, timers.to_vec(), None, None)).await.sure();
    assert_eq!(created, Created::Placed(vec![Placement::Stored; timers.len()]));
}

/// An answer to remember for an hour from `at` on.
pub(crate) fn idempotency(scope: &Scope, route: &'static str, key: &str, answer: &str, at: Timestamp) -> Idempotency {
    let mut fingerprint = [0; 32];
    for (place, byte) in fingerprint.iter_mut().zip(answer.bytes()) {
        *place = byte;
    }
    let key = IdempotencyKey { scope: scope.clone(), route, key: key.to_owned() };
    let answer = answer.as_bytes().to_vec();
    let expires_at = at.plus(Millis::HOUR);
    Idempotency { key, fingerprint, at, expires_at, answer: Arc::new(move |_| Some(answer.clone())) }
}

/// All pages of a list, from the query's position on.
pub(crate) async fn pages(store: &dyn Store, scope: &Scope, mut query: TimerQuery) -> Vec<TimerPage> {
    let mut pages = Vec::new();
    while pages.len() < ALL {
        let page = store.timers(scope, &query).await.sure();
        assert!(page.timers.len() <= query.limit, "{} timers on a page of {}", page.timers.len(), query.limit);
        let next = page.next.clone();
        pages.push(page);
        match next {
            Some(next) => query.after = Some(next),
            None => return pages,
        }
    }
    panic!("the list has no end");
}

/// Runs `count` tasks that begin together, and gives what they returned, in order.
pub(crate) async fn at_once<T, F>(count: usize, task: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(tokio::sync::Barrier::new(count));
    let tasks: Vec<_> = (0..count)
        .map(|index| {
            let (start, work) = (Arc::clone(&start), task(index));
            tokio::spawn(async move {
                start.wait().await;
                work.await
            })
        })
        .collect();
    let mut results = Vec::with_capacity(count);
    for task in tasks {
        results.push(task.await.expect("a task panicked"));
    }
    results
}
