//! `GET /dashboard/changes`: tells open dashboards, as server-sent events, that something was written, so that they look again.
//!
//! It says nothing of what was written, so it needs no key.

use axum::Router;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use futures::Stream;
use futures::stream::unfold;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::watch;

/// At most one event in this time: a thousand timers that fall due together are one change to whoever looks.
const PACE: Duration = Duration::from_millis(250);

/// The route. `committed` changes with every write; streams end when `stopped` says so.
pub(crate) fn router(committed: watch::Receiver<u64>, stopped: watch::Receiver<bool>) -> Router {
    let tell = move || async move { Sse::new(changes(committed, stopped)).keep_alive(KeepAlive::default()) };
    Router::new().route("/dashboard/changes", get(tell))
}

fn changes(
    mut committed: watch::Receiver<u64>,
    stopped: watch::Receiver<bool>,
) -> impl Stream<Item = Result<Event, Infallible>> {
    // What was written before the page came, it reads by itself.
    committed.mark_unchanged();
    unfold((committed, stopped), |(mut committed, mut stopped)| async move {
        tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => return None,
            changed = committed.changed() => changed.ok()?,
        }
        tokio::time::sleep(PACE).await;
        let count = *committed.borrow_and_update();
        Some((Ok(Event::default().data(count.to_string())), (committed, stopped)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{FutureExt as _, StreamExt as _};

    #[tokio::test]
    async fn a_burst_of_writes_is_one_event_and_stopping_ends_the_stream() {
        let (commit, committed) = watch::channel(0);
        let (stop, stopped) = watch::channel(false);
        let mut events = Box::pin(changes(committed, stopped));
        assert!(events.next().now_or_never().is_none(), "nothing was written yet");
        for _ in 0..1_000 {
            commit.send_modify(|count| *count += 1);
        }
        assert!(events.next().await.is_some());
        assert!(events.next().now_or_never().is_none(), "the burst was told once");
        commit.send_modify(|count| *count += 1);
        assert!(events.next().await.is_some());
        stop.send_replace(true);
        assert!(events.next().await.is_none());
    }
}
